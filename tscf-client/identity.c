/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/identity.h"

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/crypto/random.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/** Hexadecimal digits and a newline. */
#define TEXT_SIZE (2 * CLIENT_ID_SIZE + 1)

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse(const char *text, ssize_t length, uint8_t id[CLIENT_ID_SIZE])
{
	if (length != TEXT_SIZE || text[TEXT_SIZE - 1] != '\n')
		return -EINVAL;
	for (unsigned i = 0; i < CLIENT_ID_SIZE; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		id[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int store(int fd, const uint8_t id[CLIENT_ID_SIZE])
{
	char text[TEXT_SIZE + 1];

	for (unsigned i = 0; i < CLIENT_ID_SIZE; i++)
		snprintf(text + 2 * (size_t)i, 3, "%02x", id[i]);
	text[TEXT_SIZE - 1] = '\n';
	if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return tscf_file_write_all(fd, text, TEXT_SIZE);
}

/** Take the identifier from the locked file, or put @p id into it.  @return 0 or -errno. */
static int load(int fd, const char *file, uint8_t id[CLIENT_ID_SIZE])
{
	char text[TEXT_SIZE + 1];
	ssize_t length = read(fd, text, sizeof(text));

	if (length < 0)
		return -errno;
	if (parse(text, length, id) == 0)
		return 0;
	if (length > 0)
		tscf_warning(
		    "%s: expected 32 hexadecimal digits and a newline: it is written anew, and servers will not "
		    "know this client again",
		    file);
	return store(fd, id);
}

/** @return the locked descriptor, or -errno. */
static int open_locked(const char *file)
{
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

static int use_file(struct client_identity *identity, const char *state_dir, char file[PATH_MAX])
{
	int err;

	if (snprintf(file, PATH_MAX, "%s/client-id", state_dir) >= PATH_MAX)
		return -ENAMETOOLONG;
	err = tscf_directory_make(state_dir);
	if (err < 0)
		return err;
	identity->lock = open_locked(file);
	if (identity->lock < 0)
		return identity->lock;
	err = load(identity->lock, file, identity->id);
	if (err < 0)
		client_identity_close(identity);
	return err;
}

void client_identity_open(struct client_identity *identity, const char *state_dir)
{
	char file[PATH_MAX];
	int err;

	identity->lock = -1;
	tscf_random(identity->id, sizeof(identity->id));
	err = use_file(identity, state_dir, file);
	if (err == 0)
		return;
	identity->lock = -1;
	tscf_warning("%s: %s: servers will not know this client again after this run", file,
		     err == -EWOULDBLOCK ? "another client uses it (--state-dir chooses another directory)"
					 : strerror(-err));
}

void client_identity_close(struct client_identity *identity)
{
	if (identity->lock >= 0)
		close(identity->lock);
	identity->lock = -1;
}

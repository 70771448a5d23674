/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/identity.h"

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/crypto/hash.h"
#include "common/crypto/random.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define MACHINE_SIZE 16
/** Our own salt: the machine's identifier cannot be learned from the file (machine-id(5)). */
#define SALT "tscf-client of this machine"

/** Hexadecimal digits and a newline. */
#define LINE_SIZE (2 * CLIENT_ID_SIZE + 1)
_Static_assert(CLIENT_ID_SIZE == MACHINE_SIZE, "both lines are of one size");

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse(const char line[LINE_SIZE], uint8_t id[CLIENT_ID_SIZE])
{
	for (unsigned i = 0; i < CLIENT_ID_SIZE; i++) {
		int high = digit(line[2 * i]), low = digit(line[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		id[i] = (uint8_t)(high << 4 | low);
	}
	return line[LINE_SIZE - 1] == '\n';
}

static void format(const uint8_t id[CLIENT_ID_SIZE], char line[LINE_SIZE + 1])
{
	for (unsigned i = 0; i < CLIENT_ID_SIZE; i++)
		snprintf(line + 2 * (size_t)i, 3, "%02x", id[i]);
	line[LINE_SIZE - 1] = '\n';
	line[LINE_SIZE] = '\0';
}

/** Compute the mark which shows that @p id was made on this machine.  @return false: the machine has no identifier. */
static bool machine_mark(const char *machine_file, const uint8_t id[CLIENT_ID_SIZE], uint8_t mark[MACHINE_SIZE])
{
	/* Our identifier, then the digits of the machine's. */
	uint8_t subject[CLIENT_ID_SIZE + LINE_SIZE + 1], mac[32];
	int length = tscf_file_read(machine_file, subject + CLIENT_ID_SIZE, LINE_SIZE + 1);

	if (length < 2 * MACHINE_SIZE)
		return false;
	memcpy(subject, id, CLIENT_ID_SIZE);
	tscf_mac(SALT, sizeof(SALT) - 1, subject, CLIENT_ID_SIZE + 2 * MACHINE_SIZE, mac);
	memcpy(mark, mac, MACHINE_SIZE);
	return true;
}

static int store(int fd, const char *machine_file, const uint8_t id[CLIENT_ID_SIZE])
{
	char text[2 * LINE_SIZE + 1];
	uint8_t mark[MACHINE_SIZE];
	size_t length = LINE_SIZE;

	format(id, text);
	if (machine_mark(machine_file, id, mark)) {
		format(mark, text + LINE_SIZE);
		length += LINE_SIZE;
	}
	if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return tscf_file_write_all(fd, text, length);
}

/** @return whether the file, with this identifier, was written on another machine. */
static bool is_foreign(const char *mark_line, const char *machine_file, const uint8_t id[CLIENT_ID_SIZE])
{
	uint8_t mark[MACHINE_SIZE], ours[MACHINE_SIZE];

	return parse(mark_line, mark) && machine_mark(machine_file, id, ours) && memcmp(mark, ours, MACHINE_SIZE) != 0;
}

/** Take the identifier from the locked file, or put @p id into it.  @return 0 or -errno. */
static int load(int fd, const char *file, const char *machine_file, uint8_t id[CLIENT_ID_SIZE])
{
	char text[2 * LINE_SIZE + 1];
	ssize_t length = read(fd, text, sizeof(text));
	uint8_t found[CLIENT_ID_SIZE];

	if (length < 0)
		return -errno;
	if ((length == LINE_SIZE || length == 2 * LINE_SIZE) && parse(text, found)) {
		if (length == 2 * LINE_SIZE && is_foreign(text + LINE_SIZE, machine_file, found)) {
			tscf_info("%s was copied from another machine: this one gets an identifier of its own", file);
			return store(fd, machine_file, id);
		}
		memcpy(id, found, CLIENT_ID_SIZE);
		/* Earlier versions did not write the machine's line. */
		return length == LINE_SIZE ? store(fd, machine_file, id) : 0;
	}
	if (length > 0)
		tscf_warning(
		    "%s: expected 32 hexadecimal digits and a newline: it is written again, and servers will not "
		    "know this client again",
		    file);
	return store(fd, machine_file, id);
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

static int use_file(struct client_identity *identity, const char *state_dir, const char *machine_file,
		    char file[PATH_MAX])
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
	err = load(identity->lock, file, machine_file, identity->id);
	if (err < 0)
		client_identity_close(identity);
	return err;
}

void client_identity_open(struct client_identity *identity, const char *state_dir, const char *machine_file)
{
	char file[PATH_MAX];
	int err;

	identity->lock = -1;
	identity->shared = false;
	tscf_random(&identity->run, sizeof(identity->run));
	tscf_random(identity->id, sizeof(identity->id));
	err = use_file(identity, state_dir, machine_file, file);
	if (err == 0)
		return;
	identity->lock = -1;
	tscf_warning("%s: %s: servers will not know this client again after this run", file,
		     err == -EWOULDBLOCK ? "another client uses it (--state-dir chooses another directory)"
					 : strerror(-err));
}

void client_identity_shared(struct client_identity *identity)
{
	if (!identity->shared)
		tscf_warning(
		    "another client has the same identifier: was this machine cloned?  Its machine-id(5), or the "
		    "file client-id in one of the state directories, should be made again");
	identity->shared = true;
}

void client_identity_close(struct client_identity *identity)
{
	if (identity->lock >= 0)
		close(identity->lock);
	identity->lock = -1;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <wolfssl/options.h>

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/tls/key_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wolfssl/ssl.h>

#define RANDOM_SIZE 32
#define MASTER_SIZE 48

static int check_file(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 077) != 0)
		return -EPERM;
	return 0;
}

int tscf_key_log_open(const char *path)
{
	/* Not blocking: a pipe could hold the daemon up before it is refused. */
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	int err = fd < 0 ? -errno : check_file(fd);

	if (err == 0) {
		tscf_warning("key log: the keys of all encrypted tunnels are written to %s: %s", path,
			     "whoever has that file can read and forge what they carry");
		return fd;
	}
	if (err == -EPERM)
		tscf_error("key log %s: expected an ordinary file of this user, with mode 0600", path);
	else
		tscf_error("key log %s: %s", path, strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

void tscf_key_log_prepare(int fd, WOLFSSL *ssl)
{
	if (fd >= 0)
		wolfSSL_KeepArrays(ssl);
}

void tscf_key_log_write(int fd, WOLFSSL *ssl)
{
	char line[sizeof("CLIENT_RANDOM  \n") + 2 * (RANDOM_SIZE + MASTER_SIZE)], *end;
	unsigned char *master, *server, *client;
	unsigned master_size, server_size, client_size;

	if (fd < 0)
		return;
	if (wolfSSL_get_keys(ssl, &master, &master_size, &server, &server_size, &client, &client_size) !=
		WOLFSSL_SUCCESS ||
	    master_size != MASTER_SIZE || client_size != RANDOM_SIZE) {
		tscf_warning("key log: the keys of a connection cannot be read: what it carries cannot be decrypted");
		return;
	}
	end = tscf_hex_put(line + sprintf(line, "CLIENT_RANDOM "), client, RANDOM_SIZE);
	*end++ = ' ';
	end = tscf_hex_put(end, master, MASTER_SIZE);
	*end++ = '\n';
	if (write(fd, line, (size_t)(end - line)) < 0)
		tscf_warning("key log: %s", strerror(errno));
	explicit_bzero(line, sizeof(line));
}

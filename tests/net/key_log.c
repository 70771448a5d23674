/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * key_log.c - a library that tests preload into tscf-client or tscf-server: it writes the keys of every DTLS 1.2 and
 * TLS 1.2 connection to the file that SSLKEYLOGFILE names, in the format of that name (a line CLIENT_RANDOM, the
 * client's random value, the master secret), which tests/net/dtls.py and Wireshark read.
 *
 * It sees the daemons' calls of wolfSSL.  So what is tested is what is installed, and no build of the product has code
 * that gives its keys away.
 */
#include <wolfssl/options.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <wolfssl/ssl.h>

#define RANDOM_SIZE 32
#define MASTER_SIZE 48

/* The function of that name that the program would have had. */
static void *next(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		abort();
	return function;
}

static char *put_hex(char *to, const unsigned char *bytes, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		to += sprintf(to, "%02x", bytes[i]);
	return to;
}

/* One write: lines of several threads do not mix. */
static void write_line(const unsigned char *random, const unsigned char *master)
{
	char line[sizeof("CLIENT_RANDOM  \n") + 2 * (RANDOM_SIZE + MASTER_SIZE)], *end;
	const char *path = getenv("SSLKEYLOGFILE");
	int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (fd < 0)
		return;
	end = put_hex(line + sprintf(line, "CLIENT_RANDOM "), random, RANDOM_SIZE);
	*end++ = ' ';
	end = put_hex(end, master, MASTER_SIZE);
	*end++ = '\n';
	if (write(fd, line, (size_t)(end - line)) < 0)
		perror(path);
	close(fd);
}

WOLFSSL *wolfSSL_new(WOLFSSL_CTX *ctx)
{
	WOLFSSL *(*real)(WOLFSSL_CTX *) = (WOLFSSL * (*)(WOLFSSL_CTX *)) next("wolfSSL_new");
	WOLFSSL *ssl = real(ctx);

	/* The secrets stay in it until it is freed. */
	if (ssl)
		wolfSSL_KeepArrays(ssl);
	return ssl;
}

void wolfSSL_free(WOLFSSL *ssl)
{
	void (*real)(WOLFSSL *) = (void (*)(WOLFSSL *))next("wolfSSL_free");
	unsigned char *master, *server, *client;
	unsigned master_size, server_size, client_size;

	if (ssl && wolfSSL_is_init_finished(ssl) &&
	    wolfSSL_get_keys(ssl, &master, &master_size, &server, &server_size, &client, &client_size) ==
		WOLFSSL_SUCCESS &&
	    master_size == MASTER_SIZE && client_size == RANDOM_SIZE)
		write_line(client, master);
	real(ssl);
}

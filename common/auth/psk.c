/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/auth/psk.h"

#include "common/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** Enough for all tunnels of the largest server, each with the longest line. */
#define FILE_MAX (64U << 20)

bool tscf_psk_identity_valid(const char *text, size_t length)
{
	if (length == 0 || length > TSCF_PSK_IDENTITY_MAX || text[0] == '#')
		return false;
	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] >= 0x7f || text[i] == ':')
			return false;
	return true;
}

size_t tscf_psk_format(const struct tscf_psk *psk, char *line)
{
	static const char digits[] = "0123456789abcdef";
	char *at = stpcpy(line, psk->identity);

	*at++ = ':';
	for (unsigned i = 0; i < psk->key_length; i++) {
		*at++ = digits[psk->key[i] >> 4];
		*at++ = digits[psk->key[i] & 15];
	}
	*at = '\0';
	return (size_t)(at - line);
}

static bool parse_identity(const char *text, size_t length, char *identity)
{
	if (!tscf_psk_identity_valid(text, length))
		return false;
	memcpy(identity, text, length);
	identity[length] = '\0';
	return true;
}

static bool parse_key(const char *text, size_t length, struct tscf_psk *out)
{
	if (length % 2 != 0 || length < (size_t)2 * TSCF_PSK_KEY_MIN || length > (size_t)2 * TSCF_PSK_KEY_MAX)
		return false;
	for (size_t i = 0; i < length; i += 2) {
		int high = tscf_hex_digit(text[i]), low = tscf_hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			return false;
		out->key[i / 2] = (uint8_t)(high << 4 | low);
	}
	out->key_length = (uint8_t)(length / 2);
	return true;
}

int tscf_psk_parse(const char *line, size_t length, struct tscf_psk *out, const char **expected)
{
	const char *colon = memchr(line, ':', length);

	if (length == 0 || line[0] == '#')
		return 0;
	memset(out, 0, sizeof(*out));
	if (!colon || !parse_identity(line, (size_t)(colon - line), out->identity)) {
		*expected = "expected IDENTITY:KEY with an identity of 1 to 64 printable characters";
		return -EINVAL;
	}
	if (!parse_key(colon + 1, length - (size_t)(colon + 1 - line), out)) {
		*expected = "expected a key of 32 to 128 hexadecimal digits";
		return -EINVAL;
	}
	return 1;
}

static int by_identity(const void *a, const void *b)
{
	return strcmp(((const struct tscf_psk *)a)->identity, ((const struct tscf_psk *)b)->identity);
}

static int add(struct tscf_psks *psks, const struct tscf_psk *psk)
{
	/* When the number is a power of two, double the room. */
	if ((psks->count & (psks->count - 1)) == 0) {
		const size_t room = psks->count == 0 ? 1 : 2 * psks->count;
		struct tscf_psk *list = calloc(room, sizeof(*list));

		if (!list)
			return -ENOMEM;
		if (psks->count > 0)
			memcpy(list, psks->list, psks->count * sizeof(*list));
		/* realloc would leave copies of keys in memory. */
		if (psks->count > 0)
			explicit_bzero(psks->list, psks->count * sizeof(*list));
		free(psks->list);
		psks->list = list;
	}
	psks->list[psks->count++] = *psk;
	return 0;
}

/** Parse all lines of @p text, which is NUL-terminated. */
static int parse_all(const char *file, const char *text, struct tscf_psks *out, char *error, size_t size)
{
	unsigned number = 1;
	int err = 0;

	for (const char *line = text; *line != '\0' && err == 0; number++) {
		const size_t length = strcspn(line, "\r\n");
		const char *expected = NULL;
		struct tscf_psk psk;
		const int found = tscf_psk_parse(line, length, &psk, &expected);

		if (found == 1)
			err = add(out, &psk);
		else if (found < 0)
			err = found;
		explicit_bzero(&psk, sizeof(psk));
		if (err < 0)
			snprintf(error, size, "%s:%u: %s", file, number, expected ? expected : strerror(-err));
		line += length;
		line += *line == '\r';
		line += *line == '\n';
	}
	return err;
}

static int sort_all(const char *file, struct tscf_psks *psks, char *error, size_t size)
{
	if (psks->count > 0)
		qsort(psks->list, psks->count, sizeof(*psks->list), by_identity);
	for (size_t i = 1; i < psks->count; i++) {
		if (by_identity(&psks->list[i - 1], &psks->list[i]) != 0)
			continue;
		snprintf(error, size, "%s: the identity %s is there twice", file, psks->list[i].identity);
		return -EINVAL;
	}
	return 0;
}

/** @return the content with a NUL after it, which the caller frees, or NULL with errno. */
static char *read_file(int fd, size_t *length)
{
	struct stat st;
	char *text;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (!S_ISREG(st.st_mode) || st.st_mode & 077 || st.st_size > FILE_MAX) {
		errno = S_ISREG(st.st_mode) && st.st_mode & 077 ? EPERM : EFBIG;
		return NULL;
	}
	*length = (size_t)st.st_size;
	text = calloc(1, *length + 1);
	if (!text)
		return NULL;
	for (size_t at = 0; at < *length;) {
		ssize_t got = read(fd, text + at, *length - at);

		if (got <= 0)
			break;
		at += (size_t)got;
	}
	return text;
}

int tscf_psks_read(const char *file, struct tscf_psks *out, char *error, size_t size)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), err;
	size_t length = 0;
	char *text;

	*out = (struct tscf_psks){0};
	text = fd < 0 ? NULL : read_file(fd, &length);
	err = text ? 0 : -errno;
	if (fd >= 0)
		close(fd);
	if (err < 0) {
		snprintf(error, size, "%s: %s", file,
			 err == -EPERM ? "others may read it: its mode must be 0600" : strerror(-err));
		return err;
	}
	err = parse_all(file, text, out, error, size);
	if (err == 0)
		err = sort_all(file, out, error, size);
	explicit_bzero(text, length);
	free(text);
	if (err < 0)
		tscf_psks_free(out);
	return err;
}

void tscf_psks_free(struct tscf_psks *psks)
{
	if (psks->list)
		explicit_bzero(psks->list, psks->count * sizeof(*psks->list));
	free(psks->list);
	*psks = (struct tscf_psks){0};
}

const struct tscf_psk *tscf_psks_find(const struct tscf_psks *psks, const void *identity, size_t length)
{
	struct tscf_psk key = {.identity = ""};

	if (length == 0 || length > TSCF_PSK_IDENTITY_MAX || memchr(identity, 0, length) || psks->count == 0)
		return NULL;
	memcpy(key.identity, identity, length);
	return bsearch(&key, psks->list, psks->count, sizeof(key), by_identity);
}

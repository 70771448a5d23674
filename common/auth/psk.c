/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/auth/psk.h"

#include "common/base/file.h"
#include "common/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** Enough for all tunnels of the largest server, each with the longest line. */
#define FILE_MAX (64U << 20)
/** Digits of the largest time. */
#define NUMBER_DIGITS 18

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
	char *at = stpcpy(line, psk->identity);

	*at++ = ':';
	at = tscf_hex_put(at, psk->key, psk->key_length);
	if (psk->kind == TSCF_PSK_INVITED) {
		at += sprintf(at, ":until=%" PRId64 ",record=", psk->until);
		at = tscf_hex_put(at, psk->record, sizeof(psk->record));
	} else if (psk->kind == TSCF_PSK_JOINING) {
		at = stpcpy(at, ":share=");
		at = tscf_hex_put(at, psk->share, sizeof(psk->share));
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
	if (length < (size_t)2 * TSCF_PSK_KEY_MIN || length > (size_t)2 * TSCF_PSK_KEY_MAX ||
	    !tscf_hex_get(text, length, out->key, length / 2))
		return false;
	out->key_length = (uint8_t)(length / 2);
	return true;
}

/** Take @p name from the front of the text.  @return whether it is there. */
static bool skip(const char **text, size_t *length, const char *name)
{
	const size_t size = strlen(name);

	if (*length < size || memcmp(*text, name, size) != 0)
		return false;
	*text += size;
	*length -= size;
	return true;
}

/** Take a decimal number without leading zeros. */
static bool take_number(const char **text, size_t *length, int64_t *out)
{
	size_t digits = 0;

	for (*out = 0; digits < *length && (*text)[digits] >= '0' && (*text)[digits] <= '9'; digits++) {
		if (digits == NUMBER_DIGITS)
			return false;
		*out = *out * 10 + ((*text)[digits] - '0');
	}
	if (digits == 0 || (digits > 1 && **text == '0'))
		return false;
	*text += digits;
	*length -= digits;
	return true;
}

/** What follows the key of a one-time invitation. */
static bool parse_kind(const char *text, size_t length, struct tscf_psk *out)
{
	if (skip(&text, &length, "share=")) {
		out->kind = TSCF_PSK_JOINING;
		return tscf_hex_get(text, length, out->share, sizeof(out->share));
	}
	out->kind = TSCF_PSK_INVITED;
	return skip(&text, &length, "until=") && take_number(&text, &length, &out->until) &&
	       skip(&text, &length, ",record=") && tscf_hex_get(text, length, out->record, sizeof(out->record));
}

int tscf_psk_parse(const char *line, size_t length, struct tscf_psk *out, const char **expected)
{
	const char *colon = memchr(line, ':', length), *text;

	if (length == 0 || line[0] == '#')
		return 0;
	memset(out, 0, sizeof(*out));
	if (!colon || !parse_identity(line, (size_t)(colon - line), out->identity)) {
		*expected = "expected IDENTITY:KEY with an identity of 1 to 64 printable characters";
		return -EINVAL;
	}
	text = colon + 1;
	length -= (size_t)(text - line);
	colon = memchr(text, ':', length);
	if (!parse_key(text, colon ? (size_t)(colon - text) : length, out)) {
		*expected = "expected a key of 32 to 128 hexadecimal digits";
		return -EINVAL;
	}
	if (colon && !parse_kind(colon + 1, length - (size_t)(colon + 1 - text), out)) {
		*expected = "expected until=SECONDS,record=ID or share=SECRET after the key, or nothing";
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

/** @return 0 or -errno: -EPERM when others may read the file, -EFBIG. */
static int judge(int fd, size_t *length)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_mode & 077)
		return -EPERM;
	*length = (size_t)st.st_size;
	return st.st_size > FILE_MAX ? -EFBIG : 0;
}

/** Set *text to the content with a NUL after it, which the caller frees.  @return 0 or -errno. */
static int read_file(const char *file, char **text, size_t *length)
{
	int fd = tscf_file_open(file), err = fd < 0 ? fd : judge(fd, length);

	*text = err < 0 ? NULL : calloc(1, *length + 1);
	if (err == 0 && !*text)
		err = -ENOMEM;
	for (size_t at = 0; err == 0 && at < *length;) {
		ssize_t got = read(fd, *text + at, *length - at);

		if (got <= 0)
			break;
		at += (size_t)got;
	}
	if (fd >= 0)
		close(fd);
	return err;
}

int tscf_psks_read(const char *file, struct tscf_psks *out, char *error, size_t size)
{
	size_t length = 0;
	char *text = NULL;
	int err = read_file(file, &text, &length);

	*out = (struct tscf_psks){0};
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

/** Write @p text to @p out, the line of the identity of @p psk replaced.  @return its length; 0: there is none. */
static size_t replace_line(const char *text, const struct tscf_psk *psk, char *out)
{
	const char *at = out;
	bool found = false;

	while (*text != '\0') {
		const size_t whole = strcspn(text, "\n"), length = strcspn(text, "\r\n");
		const char *expected;
		struct tscf_psk old;
		const bool is_its =
		    tscf_psk_parse(text, length, &old, &expected) == 1 && strcmp(old.identity, psk->identity) == 0;

		explicit_bzero(&old, sizeof(old));
		out = is_its ? out + tscf_psk_format(psk, out) : mempcpy(out, text, whole);
		found |= is_its;
		text += whole;
		if (*text == '\n')
			*out++ = *text++;
	}
	return found ? (size_t)(out - at) : 0;
}

int tscf_psks_replace(const char *file, const struct tscf_psk *psk)
{
	size_t length = 0, size;
	char *text = NULL, *changed;
	int err = read_file(file, &text, &length);

	if (err < 0)
		return err;
	size = length + TSCF_PSK_LINE;
	changed = malloc(size);
	if (changed) {
		const size_t written = replace_line(text, psk, changed);

		err = written > 0 ? tscf_file_replace(file, 0600, changed, written) : -ENOENT;
		explicit_bzero(changed, size);
	} else {
		err = -ENOMEM;
	}
	explicit_bzero(text, length);
	free(text);
	free(changed);
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

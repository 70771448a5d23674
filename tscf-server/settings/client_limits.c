/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/settings/client_limits.h"

#include "common/base/file.h"
#include "common/base/text.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS   " \t\r\n"
#define EXPECTED "expected IDENTITY KEY=NUMBER ..., with KEY one of "
#define TUNNELS  200000
#define BINDINGS 20000
#define RATE     1000000000000

enum key { KEY_TUNNELS, KEY_ENCRYPTED_TUNNELS, KEY_BINDINGS, KEY_PACKETS, KEY_BYTES, KEYS };

static const struct {
	const char *name;
	uint64_t most;
} keys[KEYS] = {
    [KEY_TUNNELS] = {"tunnels", TUNNELS},     [KEY_ENCRYPTED_TUNNELS] = {"encrypted-tunnels", TUNNELS},
    [KEY_BINDINGS] = {"bindings", BINDINGS},  [KEY_PACKETS] = {"packets-per-second", RATE},
    [KEY_BYTES] = {"bytes-per-second", RATE},
};

/** One line. */
struct line {
	char *identity;
	bool given[KEYS];
	uint64_t value[KEYS];
};

struct server_client_limits {
	atomic_uint holders;
	struct line *list; /**< sorted by identity */
	size_t count;
};

/** @return the key that @p word, "KEY=NUMBER", names, or KEYS. */
static enum key key_of(const char *word)
{
	size_t length = strcspn(word, "=");
	unsigned k = 0;

	while (k < KEYS &&
	       (word[length] != '=' || strlen(keys[k].name) != length || strncmp(keys[k].name, word, length) != 0))
		k++;
	return (enum key)k;
}

/** Parse digits, perhaps followed by k, M or G.  @return whether that is a number of at most @p most. */
static bool parse_number(const char *text, uint64_t most, uint64_t *out)
{
	uint64_t factor = 1, n = 0;

	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		n = 10 * n + (uint64_t)(*text - '0');
		if (n > most)
			return false;
	}
	if (*text != '\0')
		factor = *text == 'k' ? 1000 : *text == 'M' ? 1000000 : *text == 'G' ? 1000000000 : 0;
	if (factor == 0 || (*text != '\0' && text[1] != '\0') || n > most / factor)
		return false;
	*out = n * factor;
	return true;
}

static int refuse(char *error, size_t size, const char *word)
{
	size_t used = (size_t)snprintf(error, size, "\"%s\": " EXPECTED, word);

	for (unsigned k = 0; k < KEYS && used < size; k++)
		used += (size_t)snprintf(error + used, size - used, "%s%s", k > 0 ? ", " : "", keys[k].name);
	return -EINVAL;
}

static int take_word(struct line *line, char *word, char *error, size_t size)
{
	enum key k = key_of(word);

	if (k == KEYS)
		return refuse(error, size, word);
	if (!parse_number(strchr(word, '=') + 1, keys[k].most, &line->value[k])) {
		snprintf(error, size, "\"%s\": expected a number from 0 (no limit) to %llu, perhaps with k, M or G",
			 word, (unsigned long long)keys[k].most);
		return -EINVAL;
	}
	line->given[k] = true;
	return 0;
}

/** @return the first word of @p text with an equals sign, or its end. */
static char *first_value(char *text)
{
	while (*text != '\0' && !memchr(text, '=', strcspn(text, BLANKS))) {
		text += strcspn(text, BLANKS);
		text += strspn(text, BLANKS);
	}
	return text;
}

/** Parse a line that is not empty and has no blanks around it, in place.  @return 0 or -errno with an error. */
static int parse_line(char *text, struct line *out, char *error, size_t size)
{
	char *value = first_value(text), *end = value, *rest;
	int err = 0;

	if (value == text || *value == '\0')
		return refuse(error, size, text);
	while (end > text && strchr(BLANKS, end[-1]))
		end--;
	for (char *word = strtok_r(value, BLANKS, &rest); word && err == 0; word = strtok_r(NULL, BLANKS, &rest))
		err = take_word(out, word, error, size);
	*end = '\0';
	out->identity = err == 0 ? strdup(text) : NULL;
	if (err == 0 && !out->identity)
		err = -ENOMEM;
	return err;
}

static int append(struct server_client_limits *l, const struct line *line)
{
	/* When the number is a power of two, double the room. */
	if ((l->count & (l->count - 1)) == 0) {
		struct line *grown = realloc(l->list, (l->count == 0 ? 1 : 2 * l->count) * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		l->list = grown;
	}
	l->list[l->count++] = *line;
	return 0;
}

static int read_line(struct server_client_limits *l, char *text, char *error, size_t size)
{
	struct line line = {.identity = NULL};
	size_t length = strlen(text);
	int err;

	text += tscf_text_strip(text, &length) - text;
	text[length] = '\0';
	if (length == 0 || text[0] == '#')
		return 0;
	err = parse_line(text, &line, error, size);
	if (err == 0)
		err = append(l, &line);
	if (err < 0)
		free(line.identity);
	return err;
}

static int by_identity(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->identity, ((const struct line *)b)->identity);
}

static int sort(struct server_client_limits *l, const char *file, char *error, size_t size)
{
	if (l->count > 0)
		qsort(l->list, l->count, sizeof(*l->list), by_identity);
	for (size_t i = 1; i < l->count; i++) {
		if (by_identity(&l->list[i - 1], &l->list[i]) != 0)
			continue;
		snprintf(error, size, "%s: the identity %s is there twice", file, l->list[i].identity);
		return -EINVAL;
	}
	return 0;
}

/** @return 0 or -errno with an error. */
static int read_lines(struct server_client_limits *l, FILE *f, const char *file, char *error, size_t size)
{
	char *text = NULL, why[256] = "";
	unsigned number = 0;
	size_t room = 0;
	int err = 0;

	while (err == 0 && getline(&text, &room, f) > 0) {
		number++;
		err = read_line(l, text, why, sizeof(why));
	}
	if (err < 0)
		snprintf(error, size, "%s:%u: %s", file, number, why[0] ? why : strerror(-err));
	else if (ferror(f))
		err = -EIO;
	if (err == -EIO)
		snprintf(error, size, "%s: %s", file, strerror(EIO));
	free(text);
	return err;
}

struct server_client_limits *server_client_limits_parse(FILE *f, const char *name, char *error, size_t size)
{
	struct server_client_limits *l = calloc(1, sizeof(*l));

	if (!l) {
		snprintf(error, size, "%s: %s", name, strerror(ENOMEM));
		return NULL;
	}
	l->holders = 1;
	if (read_lines(l, f, name, error, size) == 0 && sort(l, name, error, size) == 0)
		return l;
	server_client_limits_drop(l);
	return NULL;
}

struct server_client_limits *server_client_limits_read(const char *file, char *error, size_t size)
{
	struct server_client_limits *l;
	FILE *f = tscf_file_stream(file);

	if (!f) {
		snprintf(error, size, "%s: %s", file, strerror(errno));
		return NULL;
	}
	l = server_client_limits_parse(f, file, error, size);
	fclose(f);
	return l;
}

struct server_client_limits *server_client_limits_hold(struct server_client_limits *l)
{
	if (l)
		atomic_fetch_add_explicit(&l->holders, 1, memory_order_relaxed);
	return l;
}

void server_client_limits_drop(struct server_client_limits *l)
{
	if (!l || atomic_fetch_sub_explicit(&l->holders, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < l->count; i++)
		free(l->list[i].identity);
	free(l->list);
	free(l);
}

static const struct line *find(const struct server_client_limits *l, const char *identity)
{
	const struct line wanted = {.identity = (char *)identity};

	return l->count > 0 ? bsearch(&wanted, l->list, l->count, sizeof(*l->list), by_identity) : NULL;
}

/** @return the line of the client, whose identity the file has with its kind or without, or NULL. */
static const struct line *line_of(const struct server_client_limits *l, const char *name)
{
	const struct line *line = find(l, name);
	const char *blank = strchr(name, ' ');

	return line || !blank ? line : find(l, blank + 1);
}

struct server_limits server_client_limits_of(const struct server_client_limits *l, const char *name)
{
	const struct line *all = l ? find(l, "*") : NULL, *own = l && name ? line_of(l, name) : NULL;
	uint64_t value[KEYS];
	struct server_rate rate;

	for (unsigned k = 0; k < KEYS; k++)
		value[k] = own && own->given[k] ? own->value[k] : all ? all->value[k] : 0;
	rate = (struct server_rate){.packets = value[KEY_PACKETS], .bytes = value[KEY_BYTES]};
	return (struct server_limits){.tunnels = (unsigned)value[KEY_TUNNELS],
				      .encrypted_tunnels = (unsigned)value[KEY_ENCRYPTED_TUNNELS],
				      .bindings = (unsigned)value[KEY_BINDINGS],
				      .up = rate,
				      .down = rate};
}

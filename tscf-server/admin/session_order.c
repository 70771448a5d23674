/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/admin/session_order.h"

#include "common/base/text.h"
#include "tscf-server/admin/sessions.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct session_key {
	const char *name, *member;
	enum { TEXT, SMALLEST_FIRST, LARGEST_FIRST } kind;
};

/* The age of a session changes all the time, and its beginning does not. */
static const struct session_key keys[] = {
    {"identity", "identity", TEXT},
    {"internal", "internal", TEXT},
    {"outer", "outer", TEXT},
    {"age", "since", SMALLEST_FIRST},
    {"idle", "idle", LARGEST_FIRST},
    {"received", "received_bytes", LARGEST_FIRST},
    {"sent", "sent_bytes", LARGEST_FIRST},
};

const struct session_key *session_key_find(const char *name)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

/* --- order --- */

static json_int_t number_of(const json_t *session, const struct session_key *key)
{
	return json_integer_value(json_object_get(session, key->member));
}

/** Of several addresses the first counts. */
static const char *text_of(const json_t *session, const struct session_key *key)
{
	const json_t *value = json_object_get(session, key->member);
	const char *text = json_string_value(json_is_array(value) ? json_array_get(value, 0) : value);

	return text ? text : "";
}

static const char *place_of(const json_t *session)
{
	const char *place = json_string_value(json_object_get(session, "place"));

	return place ? place : "";
}

static int compare_values(const json_t *one, const json_t *other, const struct session_key *key)
{
	json_int_t x, y;

	if (key->kind == TEXT)
		return strcmp(text_of(one, key), text_of(other, key));
	x = number_of(key->kind == SMALLEST_FIRST ? one : other, key);
	y = number_of(key->kind == SMALLEST_FIRST ? other : one, key);
	return (x > y) - (x < y);
}

int session_compare(const json_t *one, const json_t *other, const struct session_key *key)
{
	const int order = compare_values(one, other, key);

	return order != 0 ? order : strcmp(place_of(one), place_of(other));
}

/* --- places as text: PLACE, or KEY:VALUE:PLACE with a number, or a text in hexadecimal digits --- */

static char *join_number(const json_t *session, const struct session_key *key)
{
	char *out;

	if (asprintf(&out, "%s:%" JSON_INTEGER_FORMAT ":%s", key->name, number_of(session, key), place_of(session)) < 0)
		return NULL;
	return out;
}

static char *join_text(const json_t *session, const struct session_key *key)
{
	const char *value = text_of(session, key);
	const size_t length = strlen(value), room = strlen(key->name) + 2 * length + strlen(place_of(session)) + 3;
	char *out = malloc(room), *end;

	if (!out)
		return NULL;
	end = stpcpy(stpcpy(out, key->name), ":");
	end = tscf_hex_put(end, (const uint8_t *)value, length);
	stpcpy(stpcpy(end, ":"), place_of(session));
	return out;
}

char *session_place_format(const json_t *session, const struct session_key *key)
{
	if (place_of(session)[0] == '\0')
		return NULL;
	if (!key)
		return strdup(place_of(session));
	return key->kind == TEXT ? join_text(session, key) : join_number(session, key);
}

static json_t *parse_number(const char *text, size_t length)
{
	char *end;
	long long value;

	if (length == 0 || text[0] < '0' || text[0] > '9')
		return NULL;
	errno = 0;
	value = strtoll(text, &end, 10);
	return errno == 0 && end == text + length ? json_integer(value) : NULL;
}

static json_t *parse_text(const char *text, size_t length)
{
	char *value = malloc(length / 2 + 1);
	json_t *out = NULL;

	if (value && tscf_hex_get(text, length, (uint8_t *)value, length / 2))
		out = json_stringn(value, length / 2);
	free(value);
	return out;
}

static bool is_place(const char *text)
{
	struct server_after after;

	return server_after_parse(text, &after) == 0;
}

json_t *session_place_parse(const char *text, const struct session_key *key)
{
	const size_t name = key ? strlen(key->name) : 0;
	const char *value = text + name + 1, *colon;
	json_t *parsed;

	if (!key)
		return is_place(text) ? json_pack("{s:s}", "place", text) : NULL;
	if (strncmp(text, key->name, name) != 0 || text[name] != ':')
		return NULL;
	colon = strchr(value, ':');
	if (!colon || !is_place(colon + 1))
		return NULL;
	parsed = key->kind == TEXT ? parse_text(value, (size_t)(colon - value))
				   : parse_number(value, (size_t)(colon - value));
	/* The value is taken, or the whole is NULL. */
	return json_pack("{s:o,s:s}", key->member, parsed, "place", colon + 1);
}

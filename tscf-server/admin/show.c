/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/admin/show.h"

#include "common/daemon/show.h"
#include "common/daemon/table.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/** A certificate that expires sooner is worth a line. */
#define NEAR_SECONDS (14 * 86400)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void cell(struct tscf_table *table, const json_t *object, const char *key)
{
	char text[TSCF_SHOW_TEXT];

	tscf_table_cell(table, tscf_show_value(json_object_get(object, key), text));
}

/** "3 of 253": present and possible tunnels. */
static void cell_tunnels(struct tscf_table *table, const json_t *side)
{
	char count[TSCF_SHOW_TEXT], most[TSCF_SHOW_TEXT], text[TSCF_SHOW_TEXT];

	snprintf(text, sizeof(text), "%.20s of %.20s", tscf_show_value(json_object_get(side, "tunnels"), count),
		 tscf_show_value(json_object_get(side, "max"), most));
	tscf_table_cell(table, text);
}

/** The values of @p key in the objects of the list, separated by commas; a value equal to the previous one is shown
 * once. */
static void cell_each(struct tscf_table *table, const json_t *list, const char *key)
{
	char text[TSCF_SHOW_TEXT];
	json_t *values = json_array(), *object, *last = NULL;
	size_t i;

	json_array_foreach(list, i, object)
	{
		json_t *value = json_object_get(object, key);

		if (!last || !json_equal(value, last))
			json_array_append(values, value);
		last = value;
	}
	tscf_table_cell(table, tscf_show_value(values, text));
	json_decref(values);
}

static void add_side(struct tscf_table *table, const json_t *interface, const char *kind)
{
	const json_t *side = json_object_get(interface, kind), *state = json_object_get(interface, "state");
	const bool disabled = strcmp(json_string_value(state) ? json_string_value(state) : "", "disabled") == 0;
	char name[2 * TSCF_SHOW_TEXT], text[TSCF_SHOW_TEXT];

	snprintf(name, sizeof(name), "%s%s", tscf_show_value(json_object_get(interface, "name"), text),
		 disabled ? " (disabled)" : "");
	tscf_table_cell(table, name);
	tscf_table_cell(table, kind);
	cell_each(table, json_object_get(side, "transports"), "transport");
	cell_each(table, json_object_get(side, "transports"), "listen");
	cell_tunnels(table, side);
	cell_each(table, json_object_get(side, "pools"), "range");
	cell(table, interface, "services");
}

static void show_interfaces(const json_t *interfaces, FILE *out)
{
	static const char *const heads[] = {"INTERFACE", "TUNNELS", "TRANSPORT", "LISTEN", "COUNT", "POOL", "SERVICES"};
	struct tscf_table *table = tscf_table_new(COUNT(heads), heads);

	if (!table)
		return;
	for (size_t i = 0; i < json_array_size(interfaces); i++) {
		add_side(table, json_array_get(interfaces, i), "plain");
		add_side(table, json_array_get(interfaces, i), "encrypted");
	}
	tscf_table_print(table, out);
}

/** Show only problems. */
static void show_reverse_path(json_t *families, FILE *out)
{
	const char *family;
	json_t *finding;

	json_object_foreach(families, family,
			    finding) if (json_is_string(finding) && json_string_value(finding)[0] == 'd')
	    fprintf(out,
		    "firewall: what clients send encrypted is dropped by a strict check of the reverse path (%s)\n",
		    family);
}

/** When the certificate expires, if that is near. */
static void show_expiry(const json_t *until, time_t now, FILE *out)
{
	json_int_t left = json_integer_value(until) - (json_int_t)now;
	char text[TSCF_SHOW_TEXT];

	if (json_integer_value(until) <= 0 || left > NEAR_SECONDS)
		return;
	if (left < 0)
		fputs("certificate: has expired\n", out);
	else
		fprintf(out, "certificate: expires in %s\n", tscf_show_duration(left, text));
}

static void show_store(const json_t *error, FILE *out)
{
	char text[TSCF_SHOW_TEXT];

	if (json_is_string(error))
		fprintf(out, "store: none, and nothing is kept over a restart (%s)\n", tscf_show_value(error, text));
}

void show_status(json_t *status, time_t now, FILE *out)
{
	char state[TSCF_SHOW_TEXT], since[TSCF_SHOW_TEXT], pin[TSCF_SHOW_TEXT];

	fprintf(out, "%s since %s\n", tscf_show_value(json_object_get(status, "state"), state),
		tscf_show_since(json_object_get(status, "since"), now, since));
	fprintf(out, "pin %s\n", tscf_show_value(json_object_get(status, "pin"), pin));
	tscf_show_key_log(status, out);
	show_expiry(json_object_get(json_object_get(status, "certificate"), "until"), now, out);
	show_store(json_object_get(status, "store_error"), out);
	show_interfaces(json_object_get(status, "interfaces"), out);
	show_reverse_path(json_object_get(status, "reverse_path"), out);
	tscf_show_counters(json_object_get(status, "binding_states"), "bindings: ", out);
	tscf_show_counters(json_object_get(status, "counters"), "counters: ", out);
}

static void cell_duration(struct tscf_table *table, const json_t *object, const char *key)
{
	char text[TSCF_SHOW_TEXT];

	tscf_table_cell(table, tscf_show_duration(json_integer_value(json_object_get(object, key)), text));
}

static void cell_bytes(struct tscf_table *table, const json_t *object, const char *key)
{
	char text[TSCF_SHOW_TEXT];

	tscf_table_cell(table, tscf_show_bytes(json_integer_value(json_object_get(object, key)), text));
}

/** "3 encrypted-only, 1 unencrypted": entries of each level that has some. */
static void cell_levels(struct tscf_table *table, json_t *levels)
{
	char text[TSCF_SHOW_TEXT] = "";
	const char *level;
	json_t *count;

	json_object_foreach(levels, level, count)
	{
		size_t used = strlen(text);

		if (json_integer_value(count) > 0)
			snprintf(text + used, sizeof(text) - used, "%s%lld %.32s", used > 0 ? ", " : "",
				 (long long)json_integer_value(count), level);
	}
	tscf_table_cell(table, text[0] ? text : "-");
}

/** "2 tcp + udp": the transport of a tunnel, with its copy ways, and that of its media way if there is one. */
static void cell_transport(struct tscf_table *table, const json_t *s)
{
	const json_t *media = json_object_get(json_object_get(s, "media"), "transport");
	char one[TSCF_SHOW_TEXT], other[TSCF_SHOW_TEXT], count[16] = "", text[2 * TSCF_SHOW_TEXT + 16];
	size_t copy_ways = json_array_size(json_object_get(s, "copy_ways"));

	if (copy_ways > 0)
		snprintf(count, sizeof(count), "%u ", (unsigned)copy_ways + 1);
	snprintf(text, sizeof(text), "%s%s%s%s", count, tscf_show_value(json_object_get(s, "transport"), one),
		 media ? " + " : "", media ? tscf_show_value(media, other) : "");
	tscf_table_cell(table, text);
}

static void add_session(struct tscf_table *table, const json_t *s)
{
	cell(table, s, "identity");
	cell(table, s, "internal");
	cell_transport(table, s);
	cell(table, s, "outer");
	cell(table, s, "state");
	cell_duration(table, s, "age");
	cell_duration(table, s, "idle");
	cell_bytes(table, s, "received_bytes");
	cell_bytes(table, s, "sent_bytes");
	cell(table, s, "lost_packets");
	cell_levels(table, json_object_get(s, "levels"));
}

void show_sessions(const json_t *sessions, uint64_t more, const char *next, FILE *out)
{
	static const char *const heads[] = {"IDENTITY", "INTERNAL", "TRANSPORT", "OUTER", "STATE", "AGE",
					    "IDLE",     "RECEIVED", "SENT",      "LOST",  "LEVELS"};
	struct tscf_table *table = json_array_size(sessions) > 0 ? tscf_table_new(COUNT(heads), heads) : NULL;

	for (size_t i = 0; table && i < json_array_size(sessions); i++)
		add_session(table, json_array_get(sessions, i));
	if (table)
		tscf_table_print(table, out);
	if (more > 0)
		fprintf(out, "... and %llu sessions more%s%s\n", (unsigned long long)more, next ? ": --after " : "",
			next ? next : "");
	else if (json_array_size(sessions) == 0)
		fputs("No sessions.\n", out);
}

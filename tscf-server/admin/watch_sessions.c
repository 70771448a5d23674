/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/admin/watch_sessions.h"

#include "common/daemon/query.h"
#include "common/daemon/show.h"
#include "common/daemon/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "tscf-server"

/** As wide as a screen of 80 columns, with IPv4 addresses; what follows shows on a wider one. */
static const struct tscf_watch_column columns[] = {
    {"IDENTITY", "identity", TSCF_WATCH_TEXT, 'n'},   {"INTERNAL", "internal", TSCF_WATCH_TEXT, 'a'},
    {"VIA", "transport", TSCF_WATCH_TEXT, 't'},       {"TUNNEL", "kind", TSCF_WATCH_TEXT, 'k'},
    {"PKT/S", "packets", TSCF_WATCH_PACKETS, 'p'},    {"BYTE/S", "bytes", TSCF_WATCH_BYTES, 'b'},
    {"AGE", "age", TSCF_WATCH_DURATION, 's'},         {"IDLE", "idle", TSCF_WATCH_DURATION, 'i'},
    {"LEVELS", "bound", TSCF_WATCH_TEXT, 'l'},        {"OUTER", "outer", TSCF_WATCH_TEXT, 'o'},
    {"LOST", "lost_packets", TSCF_WATCH_NUMBER, 'm'}, {"STATE", "state", TSCF_WATCH_TEXT, '\0'},
};

#define BY_PACKETS 4

struct source {
	const struct tscf_cli *cli;
	const struct server_config *config;
};

static json_int_t number(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

/** "only 2, preferred 1": bound sockets by their level. */
static json_t *levels_text(json_t *levels)
{
	char text[128] = "";
	const char *level;
	json_t *count;

	json_object_foreach(levels, level, count)
	{
		size_t used = strlen(text);

		if (json_integer_value(count) > 0)
			snprintf(text + used, sizeof(text) - used, "%s%.20s %lld", used > 0 ? ", " : "",
				 tscf_show_short_level(level), (long long)json_integer_value(count));
	}
	return json_string(text[0] ? text : "-");
}

/** Give a session the members that the columns show, and take those away that need much memory. */
static void add_members(json_t *session)
{
	json_object_del(session, "bindings");
	json_object_set(session, "id", json_object_get(session, "tsid"));
	json_object_set_new(session, "packets",
			    json_integer(number(session, "received_packets") + number(session, "sent_packets")));
	json_object_set_new(session, "bytes",
			    json_integer(number(session, "received_bytes") + number(session, "sent_bytes")));
	json_object_set_new(session, "bound", levels_text(json_object_get(session, "levels")));
}

static int ask_page(const struct source *s, bool first, const json_t *question, json_t **page)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = TSCF_CONTROL_SESSIONS};
	char *text = json_dumps(question, JSON_COMPACT);
	int err = -ENOMEM;

	if (text && first)
		err = tscf_query_ask(PROGRAM, s->config->control, &request, text, TSCF_QUERY_MS, page);
	else if (text)
		err = tscf_query_quietly(s->config->control, &request, text, TSCF_QUERY_MS, page);
	free(text);
	return err;
}

/** Append every page to @p rows. */
static int read_pages(const struct source *s, bool first, json_t *question, json_t *rows)
{
	json_t *page, *session;
	bool more = true;
	int err = 0;
	size_t i;

	while (more && (err = ask_page(s, first, question, &page)) == 0) {
		json_array_foreach(json_object_get(page, "sessions"), i, session)
		{
			add_members(session);
			json_array_append(rows, session);
		}
		more = json_is_string(json_object_get(page, "next"));
		json_object_set(question, "after", json_object_get(page, "next"));
		json_decref(page);
	}
	return err;
}

static void summarize(const json_t *rows, char *buf)
{
	unsigned long plain = 0, encrypted = 0;
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const char *kind = json_string_value(json_object_get(row, "kind"));

		if (kind && strcmp(kind, "plain") == 0)
			plain++;
		else
			encrypted++;
	}
	snprintf(buf, TSCF_WATCH_SUMMARY, "%lu plain, %lu encrypted", plain, encrypted);
}

static int read_all(void *context, bool first, struct tscf_watch_reading *out)
{
	const struct source *s = context;
	json_t *question = json_pack("{s:s*,s:s*,s:s*}", "client", tscf_cli_value(s->cli, "client"), "identity",
				     tscf_cli_value(s->cli, "identity"), "outer", tscf_cli_value(s->cli, "outer"));
	int err = -ENOMEM;

	out->rows = json_array();
	if (question && out->rows)
		err = read_pages(s, first, question, out->rows);
	json_decref(question);
	if (err != 0)
		json_decref(out->rows);
	else
		summarize(out->rows, out->summary);
	return err;
}

int watch_sessions(const struct tscf_cli *cli, const struct server_config *config)
{
	struct source source = {.cli = cli, .config = config};
	struct tscf_watch watch = {
	    .title = "tscf-server sessions",
	    .nouns = "tunnels",
	    .view = {.columns = columns, .count = sizeof(columns) / sizeof(columns[0]), .sort = BY_PACKETS},
	    .read = read_all,
	    .context = &source};

	return tscf_watch_run(&watch);
}

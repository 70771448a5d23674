/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/admin/watch_sockets.h"

#include "common/daemon/query.h"
#include "common/daemon/show.h"
#include "common/daemon/watch.h"

#define PROGRAM "tscf-client"

/** As wide as a screen of 80 columns, with IPv4 addresses; what follows shows on a wider one. */
static const struct tscf_watch_column columns[] = {
    {"PID", "pid", TSCF_WATCH_NUMBER, 'i'},       {"PROGRAM", "program", TSCF_WATCH_TEXT, 'n'},
    {"LOCAL", "local", TSCF_WATCH_TEXT, 'a'},     {"LEVEL", "short_level", TSCF_WATCH_TEXT, 'l'},
    {"TUNNEL", "tunnel", TSCF_WATCH_TEXT, 't'},   {"PKT/S", "packets", TSCF_WATCH_PACKETS, 'p'},
    {"BYTE/S", "bytes", TSCF_WATCH_BYTES, 'b'},   {"SINCE", "since", TSCF_WATCH_SINCE, 's'},
    {"MOVED", "moved", TSCF_WATCH_SINCE, 'm'},    {"REMOTE", "remote", TSCF_WATCH_TEXT, 'r'},
    {"PROTO", "protocol", TSCF_WATCH_TEXT, '\0'}, {"POLICY", "policy", TSCF_WATCH_TEXT, '\0'},
};

#define BY_PACKETS 5

struct source {
	const struct client_config *config;
};

static json_int_t sum(const json_t *traffic, const char *sent, const char *received)
{
	return json_integer_value(json_object_get(traffic, sent)) +
	       json_integer_value(json_object_get(traffic, received));
}

/** Give a socket the members that the columns show. */
static void add_members(json_t *socket)
{
	const json_t *traffic = json_object_get(socket, "traffic");
	const char *level = json_string_value(json_object_get(socket, "level"));

	json_object_set(socket, "id", json_object_get(socket, "cookie"));
	json_object_set_new(socket, "short_level", json_string(level ? tscf_show_short_level(level) : "-"));
	if (!json_is_object(traffic))
		return;
	json_object_set_new(socket, "packets", json_integer(sum(traffic, "sent_packets", "received_packets")));
	json_object_set_new(socket, "bytes", json_integer(sum(traffic, "sent_bytes", "received_bytes")));
}

/** "plain up, 12 ms; encrypted idle" */
static void summarize(const json_t *status, char *buf)
{
	static const char *const kinds[] = {"plain", "encrypted"};
	size_t used = 0;

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const json_t *tunnel = json_object_get(status, kinds[i]);
		json_int_t ms = json_integer_value(json_object_get(tunnel, "round_trip_ms"));
		char state[TSCF_SHOW_TEXT];

		used += (size_t)snprintf(buf + used, TSCF_WATCH_SUMMARY - used, "%s%s tunnel: %.20s", i > 0 ? "; " : "",
					 kinds[i], tscf_show_value(json_object_get(tunnel, "state"), state));
		if (ms > 0)
			used += (size_t)snprintf(buf + used, TSCF_WATCH_SUMMARY - used, ", %lld ms", (long long)ms);
	}
}

static int ask(const struct source *s, enum tscf_control_op op, bool first, json_t **reply)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = op};

	return first ? tscf_query(PROGRAM, s->config->control, &request, TSCF_QUERY_MS, reply)
		     : tscf_query_quietly(s->config->control, &request, NULL, TSCF_QUERY_MS, reply);
}

static int read_all(void *context, bool first, struct tscf_watch_reading *out)
{
	json_t *status, *socket;
	size_t i;
	int err = ask(context, TSCF_CONTROL_SOCKETS, first, &out->rows);

	if (err != 0)
		return err;
	err = ask(context, TSCF_CONTROL_STATUS, first, &status);
	if (err != 0) {
		json_decref(out->rows);
		return err;
	}
	json_array_foreach(out->rows, i, socket) add_members(socket);
	summarize(status, out->summary);
	json_decref(status);
	return 0;
}

int watch_sockets(const struct client_config *config)
{
	struct source source = {.config = config};
	struct tscf_watch watch = {
	    .title = "tscf-client sockets",
	    .nouns = "sockets",
	    .view = {.columns = columns, .count = sizeof(columns) / sizeof(columns[0]), .sort = BY_PACKETS},
	    .read = read_all,
	    .context = &source};

	return tscf_watch_run(&watch);
}

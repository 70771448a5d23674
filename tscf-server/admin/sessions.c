/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/admin/sessions.h"

#include "tscf-server/admin/json.h"

#include "common/base/clock.h"
#include "common/base/level.h"
#include "common/base/text.h"
#include "common/tls/cert.h"
#include "common/tls/tls.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TSID_TEXT 17
/** Room for the text of a place: three numbers. */
#define AFTER_TEXT 64
/** How wrong the wall clock's difference to the monotonic clock may get, ms. */
#define ZERO_TOLERANCE 500

/** What is asked for. */
struct question {
	struct server_after after;
	const char *identity; /**< NULL: any */
	bool by_outer, by_client;
	struct server_outer outer;
	struct server_who client;
};

/* --- the question --- */

int server_outer_parse(const char *text, struct server_outer *out)
{
	union tscf_endpoint e;

	memset(out, 0, sizeof(*out));
	if (strchr(text, '/'))
		return tscf_prefix_parse(text, &out->prefix) == 0 ? 0 : -EINVAL;
	if (tscf_endpoint_parse(text, 0, &e) < 0)
		return -EINVAL;
	out->prefix.addr = tscf_endpoint_addr(&e);
	out->prefix.length = (uint8_t)(8 * tscf_addr_size(out->prefix.addr.family));
	out->port = tscf_endpoint_port(&e);
	return 0;
}

bool server_outer_matches(const struct server_outer *outer, const union tscf_endpoint *e)
{
	const struct tscf_addr a = tscf_endpoint_addr(e);

	return tscf_prefix_contains(&outer->prefix, &a) && (outer->port == 0 || outer->port == tscf_endpoint_port(e));
}

int server_after_parse(const char *text, struct server_after *out)
{
	int end = 0;

	if (sscanf(text, "%u:%" SCNu64 ":%" SCNx64 "%n", &out->worker, &out->place.order, &out->place.tsid, &end) != 3)
		return -EINVAL;
	return text[end] == '\0' ? 0 : -EINVAL;
}

static char *write_after(unsigned worker, const struct server_roster_place *place, char out[AFTER_TEXT])
{
	snprintf(out, AFTER_TEXT, "%u:%" PRIu64 ":%" PRIx64, worker, place->order, place->tsid);
	return out;
}

/** @param json keeps the texts of *q. */
static int read_question(const json_t *json, struct question *q)
{
	const char *after = json_string_value(json_object_get(json, "after"));
	const char *outer = json_string_value(json_object_get(json, "outer"));
	const char *client = json_string_value(json_object_get(json, "client"));

	memset(q, 0, sizeof(*q));
	q->identity = json_string_value(json_object_get(json, "identity"));
	q->by_outer = outer != NULL;
	q->by_client = client != NULL;
	if (client)
		server_who_read(client, &q->client);
	if (outer && server_outer_parse(outer, &q->outer) < 0)
		return -EINVAL;
	return after ? server_after_parse(after, &q->after) : 0;
}

/** The identity is asked for with its kind or without. */
static bool has_identity(const struct server_roster_entry *e, const char *pattern)
{
	const char *name = strchr(e->identity, ' ');

	return name && (fnmatch(pattern, name + 1, 0) == 0 || fnmatch(pattern, e->identity, 0) == 0);
}

static bool is_asked_for(const struct server_roster_entry *e, const struct question *q)
{
	return e->meant && (!q->identity || has_identity(e, q->identity)) &&
	       (!q->by_outer || server_outer_matches(&q->outer, &e->outer));
}

/* --- one session --- */

static void set_protocol(json_t *o, uint8_t protocol)
{
	switch (protocol) {
	case 0:
		server_json_set(o, "protocol", json_string("any"));
		break;
	case IPPROTO_TCP:
		server_json_set(o, "protocol", json_string("tcp"));
		break;
	case IPPROTO_UDP:
		server_json_set(o, "protocol", json_string("udp"));
		break;
	case IPPROTO_ICMP:
		server_json_set(o, "protocol", json_string("icmp"));
		break;
	default:
		server_json_number(o, "protocol", protocol);
	}
}

static void set_side(json_t *o, const char *key, const struct tscf_addr *a, uint16_t port)
{
	union tscf_endpoint e;

	if (a->family == 0) {
		server_json_set(o, key, json_null());
	} else if (port == 0) {
		server_json_set(o, key, server_json_address(a));
	} else {
		tscf_endpoint_make(a, port, &e);
		server_json_set(o, key, server_json_endpoint(&e));
	}
}

static json_t *bindings_list(const struct server_roster_entry *e, const struct server_roster_page *page)
{
	json_t *list = json_array();

	for (unsigned n = 0; n < e->bindings; n++) {
		const struct server_roster_binding *b = &page->binding[e->first + n];
		json_t *o = json_object();

		set_protocol(o, b->key.protocol);
		set_side(o, "local", &b->key.local, b->key.local_port);
		set_side(o, "remote", &b->key.remote, b->key.remote_port);
		server_json_set(o, "level", json_string(tscf_level_name(b->level)));
		server_json_set(o, "state", json_string(server_binding_state_name(b->state)));
		server_json_set(o, "implicit", json_boolean(b->implicit));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *tsid_text(uint64_t tsid)
{
	char text[TSID_TEXT];

	if (tsid == TSCF_TSID_NONE)
		return json_null();
	snprintf(text, sizeof(text), "%016" PRIx64, tsid);
	return json_string(text);
}

static json_t *internal_list(const struct server_roster_entry *e)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		if (e->internal[i].family)
			json_array_append_new(list, server_json_address(&e->internal[i]));
	return list;
}

static json_t *levels_object(const struct server_roster_entry *e)
{
	json_t *o = json_object();

	for (unsigned n = TSCF_LEVEL_UNENCRYPTED; n < SERVER_ROSTER_LEVELS; n++)
		server_json_number(o, tscf_level_name((enum tscf_level)n), e->levels[n]);
	return o;
}

/** JSON has only UTF-8, which the name in a certificate need not be, and a long one is cut anywhere. */
static json_t *identity_text(const char *identity)
{
	char text[TSCF_PROOF_NAME];

	tscf_text_copy(identity, strlen(identity), text, sizeof(text));
	return json_string(text);
}

static void set_identity(json_t *o, const struct server_roster_entry *e)
{
	char pin[TSCF_PIN_TEXT];

	server_json_set(o, "identity", e->identity[0] ? identity_text(e->identity) : json_null());
	if (e->identity[0] == 'c')
		server_json_set(o, "identity_pin", json_string(tscf_pin_format(e->key, pin)));
}

static json_t *side_way_object(const struct server_roster_side_way *way)
{
	json_t *o;

	if (!way->transport)
		return json_null();
	o = json_object();
	server_json_set(o, "transport", json_string(way->transport));
	server_json_set(o, "outer", server_json_endpoint(&way->outer));
	server_json_number(o, "age", way->age / 1000);
	server_json_number(o, "received_packets", way->received_packets);
	server_json_number(o, "sent_packets", way->sent_packets);
	return o;
}

static json_t *copy_ways(const struct server_roster_entry *e)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < e->copy_ways; i++)
		json_array_append_new(list, side_way_object(&e->copy_way[i]));
	return list;
}

static json_t *need(const struct server_roster_entry *e)
{
	if (!e->encrypted)
		return json_null();
	return json_string(tscf_level_name(e->preferred ? TSCF_LEVEL_ENCRYPTED_PREFERRED : TSCF_LEVEL_ENCRYPTED_ONLY));
}

/** @param zero milliseconds since 1970 at which the monotonic clock was 0. */
static json_t *session(const struct server_roster_entry *e, unsigned worker, const struct server_roster_page *page,
		       uint64_t zero)
{
	json_t *o = json_object();
	char place[AFTER_TEXT];

	server_json_set(o, "tsid", tsid_text(e->tsid));
	server_json_set(o, "place", json_string(write_after(worker, &e->place, place)));
	server_json_set(o, "kind", json_string(e->encrypted ? "encrypted" : "plain"));
	server_json_set(o, "state", json_string(!e->confirmed ? "unconfirmed" : e->connected ? "up" : "lost"));
	set_identity(o, e);
	server_json_set(o, "interface", json_string(e->interface));
	server_json_number(o, "worker", worker);
	server_json_set(o, "outer", server_json_endpoint(&e->outer));
	server_json_set(o, "internal", internal_list(e));
	server_json_set(o, "transport", json_string(e->transport));
	server_json_set(o, "media", side_way_object(&e->media));
	server_json_set(o, "copy_ways", copy_ways(e));
	server_json_set(o, "services", server_json_services(e->services));
	server_json_set(o, "partner", tsid_text(e->partner));
	server_json_number(o, "since", (zero + page->now - e->age) / 1000);
	server_json_number(o, "age", e->age / 1000);
	server_json_number(o, "idle", e->idle / 1000);
	server_json_number(o, "received_packets", e->received_packets);
	server_json_number(o, "received_bytes", e->received_bytes);
	server_json_number(o, "sent_packets", e->sent_packets);
	server_json_number(o, "sent_bytes", e->sent_bytes);
	server_json_set(o, "lost_packets", e->lost_packets < 0 ? json_null() : json_integer(e->lost_packets));
	server_json_number(o, "over_rate", e->over_rate);
	server_json_number(o, "inter_client", e->inter_client);
	server_json_set(o, "levels", levels_object(e));
	server_json_set(o, "need", need(e));
	server_json_number(o, "redundancy_sockets", e->redundancy);
	server_json_number(o, "repaired", e->repaired);
	server_json_number(o, "repairs_sent", e->repairs_sent);
	server_json_set(o, "bindings", bindings_list(e, page));
	if (e->omitted > 0)
		server_json_number(o, "bindings_omitted", e->omitted);
	return o;
}

/* --- one page --- */

struct errand {
	const struct server_who *who; /**< NULL: all */
	struct server_roster_place place;
	struct server_roster_page *page;
	bool more;
};

static void read_page(void *worker, void *data)
{
	const struct server_worker *w = worker;
	struct errand *errand = data;

	errand->more = server_roster_read(w->state, errand->who, tscf_clock_now(), &errand->place, errand->page);
}

/** @return milliseconds since 1970. */
static uint64_t wall_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/** The two clocks differ by a millisecond or more from page to page.  A session's beginning must not, as lists are
 * sorted by it and go on behind it: the difference is kept until it is clearly another one, as when the clock has been
 * set. */
static uint64_t zero_of(struct server *server)
{
	const uint64_t zero = wall_now() - tscf_clock_now();
	const uint64_t off = zero > server->zero ? zero - server->zero : server->zero - zero;

	if (off > ZERO_TOLERANCE)
		server->zero = zero;
	return server->zero;
}

static char *page_text(struct server *server, const struct question *q, const struct errand *errand)
{
	json_t *o = json_object(), *list = json_array();
	const uint64_t zero = zero_of(server);
	char after[AFTER_TEXT];

	for (unsigned n = 0; n < errand->page->count; n++)
		if (is_asked_for(&errand->page->entry[n], q))
			json_array_append_new(list,
					      session(&errand->page->entry[n], q->after.worker, errand->page, zero));
	server_json_set(o, "sessions", list);
	if (errand->more)
		server_json_set(o, "next", json_string(write_after(q->after.worker, &errand->place, after)));
	else if (q->after.worker + 1 < server->worker_count)
		server_json_set(o, "next",
				json_string(write_after(q->after.worker + 1, &(struct server_roster_place){0}, after)));
	return server_json_text(o);
}

static int make_page(struct server *server, const struct question *q, char **text)
{
	struct errand errand = {.who = q->by_client ? &q->client : NULL, .place = q->after.place};

	if (q->after.worker >= server->worker_count)
		return -EINVAL;
	errand.page = malloc(sizeof(*errand.page));
	if (!errand.page)
		return -ENOMEM;
	server_mailbox_call(&server->workers[q->after.worker].mailbox, read_page, &errand);
	*text = page_text(server, q, &errand);
	free(errand.page);
	return *text ? 0 : -ENOMEM;
}

int server_sessions_page(struct server *server, const char *question, char **text)
{
	json_t *json = json_loads(question ? question : "{}", 0, NULL);
	struct question q;
	int err = json_is_object(json) ? read_question(json, &q) : -EINVAL;

	if (err == 0)
		err = make_page(server, &q, text);
	json_decref(json);
	return err;
}

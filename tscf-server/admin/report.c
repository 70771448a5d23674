/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/admin/report.h"

#include "tscf-server/session/refusals.h"
#include "tscf-server/workers_each.h"

#include <inttypes.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/packet/message.h"

#define TSID_TEXT 17
/** Most sessions and bindings in one list: the packets of all clients wait while the list is made, about 15 us for each
 * entry. */
#define LISTED_MAX 1000

static void set(json_t *object, const char *key, json_t *value)
{
	/* Without memory the member is missing. */
	json_object_set_new(object, key, value);
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
	set(object, key, json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value));
}

static json_t *endpoint_text(const union tscf_endpoint *e)
{
	char text[TSCF_ADDR_TEXT];

	return json_string(tscf_endpoint_format(e, text));
}

static json_t *address_text(const struct tscf_addr *a)
{
	char text[TSCF_ADDR_TEXT];

	return json_string(tscf_addr_format(a, text));
}

static char *to_text(json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT);

	json_decref(value);
	return text;
}

/* --- status --- */

static json_t *services_list(uint32_t services)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} known[] = {
	    {SERVER_SERVICE_SIP, "SIP"},
	    {SERVER_SERVICE_REDUNDANCY, "redundancy"},
	    {SERVER_SERVICE_DDT, "DDT"},
	    {SERVER_SERVICE_DTTE, "DTTE"},
	};
	json_t *list = json_array();

	for (unsigned n = 0; n < sizeof(known) / sizeof(known[0]); n++)
		if (services & known[n].bit)
			json_array_append_new(list, json_string(known[n].name));
	return list;
}

static json_t *transport(const struct tscf_transport *t)
{
	json_t *object = json_object();

	set(object, "transport", json_string(t->ops->name));
	set(object, "listen", endpoint_text(&t->local));
	set_number(object, "received_packets", t->counters.received_packets);
	set_number(object, "received_bytes", t->counters.received_bytes);
	set_number(object, "sent_packets", t->counters.sent_packets);
	set_number(object, "sent_bytes", t->counters.sent_bytes);
	set_number(object, "send_drops", t->counters.send_drops);
	set_number(object, "receive_drops", t->counters.receive_drops);
	set_number(object, "queue_drops", t->counters.queue_drops);
	set_number(object, "invalid", t->counters.invalid);
	if (t->ops->encrypted) {
		set_number(object, "handshakes", t->counters.handshakes);
		set_number(object, "handshakes_failed", t->counters.handshakes_failed);
	}
	if (t->ops->stream)
		set_number(object, "refused", t->counters.refused);
	return object;
}

/** List those of @p protocols that the interface serves. */
static json_t *transports_list(const struct server_interface *i, unsigned protocols)
{
	json_t *list = json_array();

	for (unsigned n = 0; n < SERVER_LISTENERS; n++)
		if ((protocols & SERVER_BIT(n % SERVER_PROTOCOLS)) && i->listener[n].transport)
			json_array_append_new(list, transport(i->listener[n].transport));
	return list;
}

static json_t *pools_list(const struct server_pools *pools)
{
	const struct server_pool *pool = NULL;
	json_t *list = json_array();

	while ((pool = server_pools_next(pools, pool))) {
		struct tscf_prefix prefix = server_pool_prefix(pool);
		char text[TSCF_ADDR_TEXT];
		json_t *o = json_object();

		set(o, "range", json_string(tscf_prefix_format(&prefix, text)));
		set_number(o, "used", server_pool_used(pool));
		set_number(o, "size", server_pool_capacity(pool));
		if (server_pool_retired(pool))
			set(o, "retired", json_true());
		json_array_append_new(list, o);
	}
	return list;
}

/** @param shared whether to add the members that are the same in every worker. */
static json_t *tunnels(unsigned count, unsigned max, const struct server_pools *pools, json_t *transports, bool shared)
{
	json_t *o = json_object();
	uint64_t capacity = server_pools_most(pools);

	set_number(o, "tunnels", count);
	if (shared) {
		set_number(o, "max", max != 0 && max < capacity ? max : capacity);
		set(o, "pools", pools_list(pools));
	}
	set(o, "transports", transports);
	return o;
}

static json_t *places_list(const struct server_places *places)
{
	json_t *list = json_array();

	for (unsigned n = 0; n < places->count; n++)
		json_array_append_new(list, endpoint_text(&places->at[n]));
	return list;
}

static json_t *interfaces_list(const struct server_state *state, bool shared)
{
	json_t *list = json_array();

	for (const struct server_interface *i = state->interfaces; i; i = i->next) {
		json_t *o = json_object();

		set(o, "name", json_string(i->name));
		set(o, "state", json_string(i->enabled ? "enabled" : "disabled"));
		set(o, "listen", places_list(&i->listen));
		set(o, "services", services_list(i->services));
		set_number(o, "unconfirmed", i->unconfirmed_count);
		set(o, "plain",
		    tunnels(i->plain_count, i->max_plain, &i->allocator->plain_pools,
			    transports_list(i, SERVER_PLAIN_PROTOCOLS), shared));
		set(o, "encrypted",
		    tunnels(i->encrypted_count, i->max_encrypted, &i->allocator->encrypted_pools,
			    transports_list(i, SERVER_ENCRYPTED_PROTOCOLS), shared));
		json_array_append_new(list, o);
	}
	return list;
}

static const char *const state_names[TSCF_BINDING_STATES] = {
    [TSCF_BINDING_ACTIVE] = "active",
    [TSCF_BINDING_RELEASED] = "released",
    [TSCF_BINDING_SHIELD] = "shield",
    [TSCF_BINDING_TOMBSTONE] = "tombstone",
};

static void set_bindings(json_t *status, const struct server_state *state)
{
	json_t *o = json_object();

	set_number(status, "bindings", tscf_bindings_in_state(state->bindings, TSCF_BINDING_ACTIVE));
	for (unsigned n = 0; n < TSCF_BINDING_STATES; n++)
		set_number(o, state_names[n], tscf_bindings_in_state(state->bindings, (enum tscf_binding_state)n));
	set(status, "binding_states", o);
}

static json_t *device(const struct tscf_tun *tun)
{
	json_t *o = json_object();

	set(o, "name", json_string(tun->name));
	set_number(o, "read_packets", tun->read_packets);
	set_number(o, "read_bytes", tun->read_bytes);
	set_number(o, "written_packets", tun->written_packets);
	set_number(o, "written_bytes", tun->written_bytes);
	set_number(o, "write_errors", tun->write_errors);
	return o;
}

static json_t *counters(const struct server_counters *c)
{
	json_t *o = json_object();

	for (unsigned n = 0; n < SERVER_COUNT_NUMBER; n++)
		set_number(o, server_counter_name((enum server_counter)n), c->value[n]);
	return o;
}

/** Add the members of @p more to @p sum: numbers are summed, texts are equal in both. */
static void add_object(json_t *sum, json_t *more);

static void add_value(json_t *sum, json_t *more)
{
	if (json_is_integer(sum))
		json_integer_set(sum, json_integer_value(sum) + json_integer_value(more));
	else if (json_is_object(sum))
		add_object(sum, more);
	else if (json_is_array(sum))
		for (size_t n = 0; n < json_array_size(sum); n++)
			add_value(json_array_get(sum, n), json_array_get(more, n));
}

static void add_object(json_t *sum, json_t *more)
{
	const char *key;
	json_t *value;

	json_object_foreach(more, key, value)
	{
		if (json_object_get(sum, key))
			add_value(json_object_get(sum, key), value);
		else
			json_object_set(sum, key, value);
	}
}

/** Add a worker's part of the status to the object @p data; the first part has the members that are the same in all. */
static void add_part(struct server_worker *worker, void *data)
{
	json_t *o = json_object(), *devices = json_array();

	set_bindings(o, worker->state);
	set(o, "interfaces", interfaces_list(worker->state, worker->index == 0));
	json_array_append_new(devices, device(&worker->plain.tun));
	json_array_append_new(devices, device(&worker->encrypted.tun));
	set(o, "devices", devices);
	set(o, "counters", counters(&worker->state->counters));
	add_object(data, o);
	json_decref(o);
}

static json_t *reverse_path(struct server_reverse_path *r)
{
	static const char *const families[TSCF_FAMILIES] = {"ipv4", "ipv6"};
	json_t *o = json_object();

	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		const char *name = server_reverse_path_name(atomic_load(&r->finding[i]));

		set(o, families[i], name ? json_string(name) : json_null());
	}
	return o;
}

char *server_report_status(struct server *server)
{
	json_t *o = json_object();

	set(o, "state", json_string("running"));
	set_number(o, "since", (uint64_t)server->since);
	set_number(o, "uptime", (tscf_clock_now() - server->started) / 1000);
	set_number(o, "workers", server->worker_count);
	set(o, "pin", json_string(server->pin));
	set(o, "reverse_path", reverse_path(&server->reverse_path));
	server_workers_each(server, add_part, o);
	set_number(json_object_get(o, "counters"), "store_lost", server->store ? server_store_lost(server->store) : 0);
	return to_text(o);
}

/* --- sessions --- */

static void set_protocol(json_t *o, uint8_t protocol)
{
	switch (protocol) {
	case 0:
		set(o, "protocol", json_string("any"));
		break;
	case IPPROTO_TCP:
		set(o, "protocol", json_string("tcp"));
		break;
	case IPPROTO_UDP:
		set(o, "protocol", json_string("udp"));
		break;
	case IPPROTO_ICMP:
		set(o, "protocol", json_string("icmp"));
		break;
	default:
		set_number(o, "protocol", protocol);
	}
}

static void set_side(json_t *o, const char *key, const struct tscf_addr *a, uint16_t port)
{
	union tscf_endpoint e;

	if (a->family == 0) {
		set(o, key, json_null());
	} else if (port == 0) {
		set(o, key, address_text(a));
	} else {
		tscf_endpoint_make(a, port, &e);
		set(o, key, endpoint_text(&e));
	}
}

/** A list of sessions under construction. */
struct listing {
	json_t *list;
	uint64_t now;
	unsigned left;     /**< of LISTED_MAX */
	uint64_t sessions; /**< listed */
	uint64_t known;    /**< with a TSID */
	uint64_t bindings_omitted;
};

static json_t *bindings_list(const struct server_session *s, struct listing *l)
{
	json_t *list = json_array();
	unsigned seen = 0;

	for (const struct tscf_binding *b = s->bindings.first; b; b = b->owner_next) {
		json_t *o;

		if (l->left == 0) {
			l->bindings_omitted += s->bindings.count - seen;
			break;
		}
		seen++;
		if (l->now >= b->expires)
			continue;
		l->left--;
		o = json_object();
		set_protocol(o, b->key.protocol);
		set_side(o, "local", &b->key.local, b->key.local_port);
		set_side(o, "remote", &b->key.remote, b->key.remote_port);
		set(o, "level", json_string(tscf_level_name(b->level)));
		set(o, "state", json_string(state_names[b->state]));
		set(o, "implicit", json_boolean(b->implicit));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *tsid_text(const struct server_session *s)
{
	char text[TSID_TEXT];

	if (!s || s->tsid == TSCF_TSID_NONE)
		return json_null();
	snprintf(text, sizeof(text), "%016" PRIx64, s->tsid);
	return json_string(text);
}

static const struct server_session *partner_of(const struct server_session *s)
{
	if (s->encrypted)
		return s->partner ? s->partner->plain : NULL;
	return s->lease->encrypted_session;
}

static json_t *session(const struct server_session *s, struct listing *l)
{
	json_t *o = json_object(), *internal = json_array();

	set(o, "tsid", tsid_text(s));
	set(o, "kind", json_string(s->encrypted ? "encrypted" : "plain"));
	set(o, "state", json_string(!s->confirmed ? "unconfirmed" : s->peer ? "up" : "lost"));
	set(o, "interface", json_string(s->interface->name));
	set_number(o, "worker", s->interface->worker->index);
	set(o, "outer", endpoint_text(&s->outer));
	for (unsigned i = 0; s->lease && i < TSCF_FAMILIES; i++)
		if (s->lease->address[i].addr.family)
			json_array_append_new(internal, address_text(&s->lease->address[i].addr));
	set(o, "internal", internal);
	set(o, "transport", json_string(s->listener->transport->ops->name));
	set(o, "services", services_list(s->services));
	set(o, "partner", tsid_text(partner_of(s)));
	set_number(o, "age", (l->now - s->created) / 1000);
	set_number(o, "idle", (l->now - s->heard) / 1000);
	set_number(o, "received_packets", s->received_packets);
	set_number(o, "received_bytes", s->received_bytes);
	set_number(o, "sent_packets", s->sent_packets);
	set_number(o, "sent_bytes", s->sent_bytes);
	set_number(o, "inter_client", server_refused(s));
	set(o, "bindings", bindings_list(s, l));
	return o;
}

static void list_sessions(struct listing *l, const struct server_session *s)
{
	for (; s && l->left > 0; s = s->next) {
		l->left--;
		l->sessions++;
		json_array_append_new(l->list, session(s, l));
	}
}

/** Report what is left out in a last element, which is no session. */
static void list_omitted(struct listing *l)
{
	uint64_t left_out = l->known > l->sessions ? l->known - l->sessions : 0;
	json_t *o, *omitted;

	if (l->left > 0 || left_out + l->bindings_omitted == 0)
		return;
	o = json_object();
	omitted = json_object();
	set_number(omitted, "sessions", left_out);
	set_number(omitted, "bindings", l->bindings_omitted);
	set(o, "omitted", omitted);
	json_array_append_new(l->list, o);
}

static void list_worker(struct server_worker *worker, void *data)
{
	struct listing *l = data;

	l->now = tscf_clock_now();
	l->known += HASH_COUNT(worker->state->sessions.by_tsid);
	list_sessions(l, worker->state->sessions.confirmed);
	list_sessions(l, worker->state->sessions.unconfirmed);
}

char *server_report_sessions(struct server *server)
{
	struct listing l = {.list = json_array(), .left = LISTED_MAX};

	server_workers_each(server, list_worker, &l);
	list_omitted(&l);
	return to_text(l.list);
}

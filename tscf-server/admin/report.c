/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/admin/report.h"

#include "tscf-server/accounting/accounts.h"
#include "tscf-server/admin/json.h"
#include "tscf-server/workers_each.h"

#include "common/base/clock.h"

#include <jansson.h>

static json_t *transport(const struct tscf_transport *t)
{
	json_t *object = json_object();

	server_json_set(object, "transport", json_string(t->ops->name));
	server_json_set(object, "listen", server_json_endpoint(&t->local));
	server_json_number(object, "received_packets", t->counters.received_packets);
	server_json_number(object, "received_bytes", t->counters.received_bytes);
	server_json_number(object, "sent_packets", t->counters.sent_packets);
	server_json_number(object, "sent_bytes", t->counters.sent_bytes);
	server_json_number(object, "send_drops", t->counters.send_drops);
	server_json_number(object, "receive_drops", t->counters.receive_drops);
	server_json_number(object, "queue_drops", t->counters.queue_drops);
	server_json_number(object, "invalid", t->counters.invalid);
	if (t->ops->encrypted) {
		server_json_number(object, "handshakes", t->counters.handshakes);
		server_json_number(object, "handshakes_failed", t->counters.handshakes_failed);
	}
	if (t->ops->stream)
		server_json_number(object, "refused", t->counters.refused);
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

		server_json_set(o, "range", json_string(tscf_prefix_format(&prefix, text)));
		server_json_number(o, "used", server_pool_used(pool));
		server_json_number(o, "size", server_pool_capacity(pool));
		if (server_pool_retired(pool))
			server_json_set(o, "retired", json_true());
		json_array_append_new(list, o);
	}
	return list;
}

/** @param shared whether to add the members that are the same in every worker. */
static json_t *tunnels(unsigned count, unsigned max, const struct server_pools *pools, json_t *transports, bool shared)
{
	json_t *o = json_object();
	uint64_t capacity = server_pools_most(pools);

	server_json_number(o, "tunnels", count);
	if (shared) {
		server_json_number(o, "max", max != 0 && max < capacity ? max : capacity);
		server_json_set(o, "pools", pools_list(pools));
	}
	server_json_set(o, "transports", transports);
	return o;
}

static json_t *places_list(const struct server_places *places)
{
	json_t *list = json_array();

	for (unsigned n = 0; n < places->count; n++)
		json_array_append_new(list, server_json_endpoint(&places->at[n]));
	return list;
}

static json_t *interfaces_list(const struct server_state *state, bool shared)
{
	json_t *list = json_array();

	for (const struct server_interface *i = state->interfaces; i; i = i->next) {
		json_t *o = json_object();

		server_json_set(o, "name", json_string(i->name));
		server_json_set(o, "state", json_string(i->enabled ? "enabled" : "disabled"));
		server_json_set(o, "listen", places_list(&i->listen));
		server_json_set(o, "services", server_json_services(i->services));
		server_json_number(o, "unconfirmed", i->unconfirmed_count);
		server_json_set(o, "plain",
				tunnels(i->plain_count, i->max_plain, &i->allocator->plain_pools,
					transports_list(i, SERVER_PLAIN_PROTOCOLS), shared));
		server_json_set(o, "encrypted",
				tunnels(i->encrypted_count, i->max_encrypted, &i->allocator->encrypted_pools,
					transports_list(i, SERVER_ENCRYPTED_PROTOCOLS), shared));
		json_array_append_new(list, o);
	}
	return list;
}

static void set_bindings(json_t *status, const struct server_state *state)
{
	json_t *o = json_object();

	server_json_number(status, "bindings", tscf_bindings_in_state(state->bindings, TSCF_BINDING_ACTIVE));
	for (unsigned n = 0; n < TSCF_BINDING_STATES; n++)
		server_json_number(o, server_binding_state_name((enum tscf_binding_state)n),
				   tscf_bindings_in_state(state->bindings, (enum tscf_binding_state)n));
	server_json_set(status, "binding_states", o);
}

static json_t *redundancy(const struct server_state *state)
{
	json_t *o = json_object();

	server_json_number(o, "flows", state->redundancy.shared.flows);
	server_json_number(o, "flows_max", state->redundancy.shared.flows_max);
	return o;
}

/** @param put_back  the same in all workers, whose parts are added: 0 in all but one of them. */
static json_t *device(const struct tscf_tun *tun, uint64_t put_back)
{
	json_t *o = json_object();

	server_json_set(o, "name", json_string(tun->name));
	server_json_number(o, "read_packets", tun->read_packets);
	server_json_number(o, "read_bytes", tun->read_bytes);
	server_json_number(o, "written_packets", tun->written_packets);
	server_json_number(o, "written_bytes", tun->written_bytes);
	server_json_number(o, "write_errors", tun->write_errors);
	server_json_number(o, "put_back", put_back);
	return o;
}

static json_t *counters(const struct server_state *state)
{
	const struct tscf_redundancy_counters *redundancy = &state->redundancy.shared.counters;
	json_t *o = json_object();

	for (unsigned n = 0; n < SERVER_COUNT_NUMBER; n++)
		server_json_number(o, server_counter_name((enum server_counter)n), state->counters.value[n]);
#define X(name) server_json_number(o, #name, redundancy->name);
	TSCF_REDUNDANCY_COUNTERS(X)
#undef X
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
	const struct server_watched_device *watched = worker->server->device_watch.device;
	const bool first = worker->index == 0;
	json_t *o = json_object(), *devices = json_array();

	set_bindings(o, worker->state);
	server_json_set(o, "redundancy", redundancy(worker->state));
	server_json_set(o, "interfaces", interfaces_list(worker->state, first));
	json_array_append_new(devices, device(&worker->plain.tun, first ? watched[0].put_back : 0));
	json_array_append_new(devices, device(&worker->encrypted.tun, first ? watched[1].put_back : 0));
	server_json_set(o, "devices", devices);
	server_json_set(o, "counters", counters(worker->state));
	add_object(data, o);
	json_decref(o);
}

static json_t *reverse_path(struct server_reverse_path *r)
{
	static const char *const families[TSCF_FAMILIES] = {"ipv4", "ipv6"};
	json_t *o = json_object();

	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		const char *name = server_reverse_path_name(atomic_load(&r->finding[i]));

		server_json_set(o, families[i], name ? json_string(name) : json_null());
	}
	return o;
}

char *server_report_status(struct server *server)
{
	json_t *o = json_object();

	server_json_set(o, "state", json_string("running"));
	server_json_number(o, "since", (uint64_t)server->since);
	server_json_number(o, "uptime", (tscf_clock_now() - server->started) / 1000);
	server_json_number(o, "workers", server->worker_count);
	server_json_set(o, "pin", json_string(server->pin));
	server_json_set(o, "certificate",
			json_pack("{s:I, s:I}", "from", (json_int_t)server->certificate_from, "until",
				  (json_int_t)server->certificate_until));
	server_json_set(o, "key_log", server->config->key_log ? json_string(server->config->key_log) : json_null());
	server_json_set(o, "store_error", server->store_error[0] ? json_string(server->store_error) : json_null());
	server_json_set(o, "reverse_path", reverse_path(&server->reverse_path));
	server_workers_each(server, add_part, o);
	server_json_number(json_object_get(o, "counters"), "store_lost",
			   server->store ? server_store_lost(server->store) : 0);
	server_json_number(json_object_get(o, "counters"), "accounting_lost", server_accounts_lost(server->accounts));
	server_json_number(o, "accounting_waiting", server_accounts_waiting(server->accounts));
	return server_json_text(o);
}

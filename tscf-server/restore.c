/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/restore.h"

#include "tscf-server/session/bind.h"
#include "tscf-server/session/sockets.h"
#include "tscf-server/store/journal.h"
#include "tscf-server/store_later.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/transport/reuseport.h"

#include <string.h>

struct restoring {
	struct server *server;
	bool suspicious; /**< the store may be out of date: every restored session is quiet */
	bool clean;
	uint32_t run;
	uint64_t now;
	unsigned sessions, refused, bindings;
};

static struct server_worker *worker_of(const struct server *server, const union tscf_endpoint *outer)
{
	struct tscf_addr source = tscf_endpoint_addr(outer);

	return &server->workers[server->worker_count > 1 ? tscf_reuseport_index(&source, server->worker_count) : 0];
}

static void forget(const struct restoring *r, struct server_change *change)
{
	if (change->kind == SERVER_CHANGE_SESSION)
		change->session.length = 0;
	else
		change->binding.as = SERVER_STORED_NONE;
	server_store_put(r->server->store, change);
}

static void restore_lease(struct restoring *r, const struct server_change *change)
{
	/* The workers share the allocators of the interfaces. */
	for (struct server_interface *i = r->server->workers[0].state->interfaces; i; i = i->next) {
		server_pools_remember(&i->allocator->plain_pools, &change->lease.addr, change->lease.client_id);
		server_pools_remember(&i->allocator->encrypted_pools, &change->lease.addr, change->lease.client_id);
	}
}

static bool restore_record(struct restoring *r, const struct server_change *change)
{
	struct server_record record;
	struct server_state *state;
	struct server_session *s;

	if (server_record_read(change->session.record, change->session.length, &record) < 0 ||
	    record.tsid != change->session.tsid)
		return false;
	state = worker_of(r->server, &record.outer)->state;
	tscf_seal_restart(&record.seal, r->run);
	s = server_session_import(state, server_interface_find(state, record.interface), &record, r->now);
	if (!s)
		return false;
	s->ticket = SERVER_TICKET_BEFORE;
	/* Entries that forbid clear packets may not have been written. */
	s->quiet = record.quiet || r->suspicious || (record.guarded && !r->clean);
	s->shields_due = s->quiet;
	server_sockets_restored(s);
	return true;
}

/** The tunnel that @p change describes has ended. */
static void account_for(const struct restoring *r, const struct server_change *change, const char *why)
{
	struct server_record record;

	if (server_record_read(change->session.record, change->session.length, &record) == 0)
		server_accounting_gone(r->server->workers[0].state, &record, why);
}

static void restore_session(struct restoring *r, const struct server_change *change)
{
	struct server_change gone = *change;

	if (restore_record(r, change)) {
		r->sessions++;
		return;
	}
	account_for(r, change, "it was not possible any more after a restart of the server");
	r->refused++;
	forget(r, &gone);
}

/** Restore a binding in every worker if its address has no session, since a later session may be in any worker. */
static bool restore_binding_in(struct server_state *state, const struct server_change *change, uint64_t now)
{
	struct server_lease *lease = server_lease_find(&state->leases, &change->binding.key.local);
	struct server_session *plain = lease && !lease->encrypted ? lease->plain : NULL;
	struct tscf_binding *b = NULL;

	if (plain && change->binding.as == SERVER_STORED_SHIELD)
		b = tscf_bindings_shield(state->bindings, &change->binding.key, plain, &plain->bindings);
	else if (plain && change->binding.as == SERVER_STORED_EXCEPTION)
		b = tscf_bindings_bind(state->bindings, &change->binding.key, TSCF_LEVEL_UNENCRYPTED, plain,
				       &plain->bindings);
	else if (change->binding.as != SERVER_STORED_EXCEPTION)
		b = tscf_bindings_shield(state->bindings, &change->binding.key, NULL, NULL);
	if (!b)
		return false;
	if (!plain || change->binding.as == SERVER_STORED_TOMBSTONE)
		tscf_binding_bury(b, now);
	b->stored = (uint8_t)change->binding.as;
	return true;
}

static void restore_binding(struct restoring *r, const struct server_change *change)
{
	struct server_change gone = *change;
	bool restored = false;

	if (server_binding_key_valid(&change->binding.key))
		for (unsigned n = 0; n < r->server->worker_count; n++)
			restored |= restore_binding_in(r->server->workers[n].state, change, r->now);
	r->bindings += restored;
	if (!restored)
		forget(r, &gone);
}

static void restore_change(void *context, const struct server_change *change)
{
	struct restoring *r = context;

	switch (change->kind) {
	case SERVER_CHANGE_LEASE:
		restore_lease(r, change);
		break;
	case SERVER_CHANGE_SESSION:
		restore_session(r, change);
		break;
	case SERVER_CHANGE_BINDING:
		restore_binding(r, change);
		break;
	}
}

static void forget_sessions(void *context, const struct server_change *change)
{
	struct restoring *r = context;
	struct server_change gone = *change;

	if (change->kind == SERVER_CHANGE_SESSION)
		account_for(r, change, "the server was away for longer than the persistence time");
	if (change->kind == SERVER_CHANGE_LEASE)
		restore_lease(r, change);
	else
		forget(r, &gone);
}

static void report(const struct restoring *r, const struct server_store_past *past)
{
	if (r->sessions + r->refused > 0)
		tscf_info("%u sessions and %u bindings go on, %u sessions do not; the server %s %llu s ago",
			  r->sessions, r->bindings, r->refused, past->clean ? "was stopped" : "ran for the last time",
			  (unsigned long long)past->seconds);
}

static void tell_worker(void *context)
{
	struct server_worker *worker = context;

	ev_async_send(worker->loop, &worker->written);
}

void server_restore_begin(struct server_worker *worker, struct server_store *store)
{
	server_journal_begin(worker->state, store);
	worker->watcher = (struct server_store_watcher){.written = tell_worker, .context = worker};
	server_store_watch(store, &worker->watcher);
}

void server_restore(struct server *server)
{
	uint64_t persistence = server->config->persistence;
	struct server_store_past past;
	struct restoring r = {.server = server, .now = tscf_clock_now()};
	struct server_store_reader reader = {.change = restore_change, .context = &r};

	if (server_store_open(server->config->state_dir, &server->store, &past, server->store_error) < 0) {
		tscf_error(
		    "%s: sessions and addresses are not kept over a restart; the store is tried again every %d s",
		    server->store_error, SERVER_STORE_LATER_S);
		return;
	}
	r.clean = past.clean;
	r.run = past.run;
	r.suspicious = past.incomplete || (!past.clean && past.seconds > SERVER_STORE_STALE_S);
	/* The clients of all sessions have given up. */
	if (persistence != 0 && past.seconds > persistence)
		reader.change = forget_sessions;
	server_store_read(server->store, &reader);
	report(&r, &past);
	if (server_store_start(server->store) < 0) {
		server_store_close(server->store);
		server->store = NULL;
		strcpy(server->store_error, "the store cannot be written");
		return;
	}
	for (unsigned n = 0; n < server->worker_count; n++) {
		server_restore_begin(&server->workers[n], server->store);
		server_sessions_request_shields(server->workers[n].state);
	}
}

void server_restore_end(struct server *server)
{
	for (unsigned n = 0; n < server->worker_count; n++) {
		server_accounting_leave(server->workers[n].state);
		server_journal_end(server->workers[n].state);
	}
	server_store_close(server->store);
	server->store = NULL;
}

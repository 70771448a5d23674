/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/worker.h"

#include "tscf-server/control/authorised.h"
#include "tscf-server/control/dispatch.h"
#include "tscf-server/interface.h"
#include "tscf-server/path.h"
#include "tscf-server/pmtu_routes.h"
#include "tscf-server/settings/host_check.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/thread.h"
#include "common/transport/udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS 1000
/** How often clients whose sessions are quiet after a restart are notified; later only the answers to their keepalives
 * say it.
 */
#define SHIELD_REQUESTS 10

static bool has_clients(const struct server_state *state, int family)
{
	for (const struct server_interface *i = state->interfaces; i; i = i->next) {
		const struct server_pool *p = NULL;

		while ((p = server_pools_next(&i->allocator->plain_pools, p)))
			if (server_pool_prefix(p).addr.family == family)
				return true;
	}
	return false;
}

/** @return the setting by which this host does not forward its clients' packets, or NULL. */
static const char *keeping(const struct server_state *state)
{
	const char *setting = NULL;

	for (unsigned i = 0; i < TSCF_FAMILIES && !setting; i++)
		if (has_clients(state, tscf_family(i)))
			setting = server_host_keeps(i);
	return setting;
}

static void watch_return_route(struct server_worker *worker)
{
	const struct tscf_tun *plain = &worker->plain.tun, *encrypted = &worker->encrypted.tun;
	const char *setting;

	if (!server_return_route_missing(&worker->return_route, plain->written_packets + encrypted->written_packets,
					 plain->read_packets + encrypted->read_packets, tscf_clock_now()))
		return;
	/* It may have been switched off since the start. */
	setting = keeping(worker->state);
	if (setting)
		tscf_warning("packets of clients go nowhere: %s is 0 now", setting);
	else
		tscf_warning(
		    "packets of clients go to the service network, and nothing comes back: it needs a route to "
		    "the clients' addresses by this host, or this host must replace them (masquerade), or a "
		    "firewall here does not forward them");
}

static uint64_t tick_next(const void *owner)
{
	return ((const struct server_worker *)owner)->tick_at;
}

static void tick(void *owner)
{
	struct server_worker *worker = owner;
	const uint64_t now = tscf_clock_now();

	worker->tick_at = now + TICK_MS;
	server_state_expire(worker->state, now);
	server_authorised_tick(worker, now);
	server_reverse_path_tick(worker, now);
	watch_return_route(worker);
	if (worker->shield_requests < SHIELD_REQUESTS) {
		worker->shield_requests++;
		server_sessions_request_shields(worker->state);
	}
}

static uint64_t liveness_next(const void *owner)
{
	return ((const struct server_worker *)owner)->liveness_at;
}

static void liveness(void *owner)
{
	struct server_worker *worker = owner;
	const uint64_t now = tscf_clock_now();

	worker->liveness_at = UINT64_MAX;
	server_liveness_tick(worker->state, now);
	server_yield_tick(worker->state, now);
}

/* Sessions are watched while one is suspected, or is to yield.  The first look is not at once: a session may be
 * suspected by a request that also ends it. */
static void watch_sessions(struct server_worker *worker)
{
	const struct server_state *state = worker->state;

	if (!server_liveness_busy(state) && !server_yield_busy(state))
		worker->liveness_at = UINT64_MAX;
	else if (worker->liveness_at == UINT64_MAX)
		worker->liveness_at = worker->now + SERVER_LIVENESS_TICK_MS;
}

static void on_clock(struct ev_loop *loop, struct ev_check *clock, int events)
{
	struct server_worker *worker = ev_userdata(loop);

	(void)clock;
	(void)events;
	worker->now = tscf_clock_now();
}

static void on_turn(struct ev_loop *loop, struct ev_prepare *turn, int events)
{
	struct server_worker *worker = ev_userdata(loop);

	(void)turn;
	(void)events;
	watch_sessions(worker);
	tscf_timers_sleep(&worker->timers);
}

/* --- making --- */

/** Give the worker its part of everything that the workers divide. */
static void take_part(struct server_worker *worker, unsigned count)
{
	worker->state->workers = count;
	worker->state->redundancy.shared.flows_max = SERVER_REDUNDANT_FLOWS / count;
	worker->state->leases.part = worker->index;
	worker->state->leases.parts = count;
	worker->state->leases.steering = count > 1 ? &worker->server->steering : NULL;
}

static void start_timers(struct server_worker *worker)
{
	worker->now = tscf_clock_now();
	worker->tick_at = worker->now + TICK_MS;
	worker->liveness_at = UINT64_MAX;
	tscf_timers_init(&worker->timers, worker->loop, &worker->now);
	tscf_timers_add(&worker->timers, &worker->liveness, liveness_next, liveness, worker);
	tscf_timers_add(&worker->timers, &worker->tick, tick_next, tick, worker);
	ev_check_init(&worker->clock, on_clock);
	ev_set_priority(&worker->clock, EV_MAXPRI);
	ev_check_start(worker->loop, &worker->clock);
	ev_prepare_init(&worker->turn, on_turn);
	ev_prepare_start(worker->loop, &worker->turn);
}

static int open_worker(struct server *server, unsigned index, unsigned count)
{
	struct server_worker *worker = &server->workers[index];
	int err;

	worker->server = server;
	worker->index = index;
	worker->redispatch = server_control;
	worker->plain.tun = (struct tscf_tun){.fd = -1, .urgent_fd = -1};
	worker->encrypted.tun = worker->plain.tun;
	worker->loop = ev_loop_new(EVFLAG_AUTO);
	worker->state = server_state_new(tscf_udp_peer_add);
	if (!worker->loop || !worker->state) {
		tscf_error("cannot make a worker: %s", strerror(ENOMEM));
		return -ENOMEM;
	}
	ev_set_userdata(worker->loop, worker);
	start_timers(worker);
	take_part(worker, count);
	server_deferred_replies_init(&worker->deferred);
	ev_async_init(&worker->written, server_path_written);
	ev_async_start(worker->loop, &worker->written);
	err = server_mailbox_open(&worker->mailbox, worker->loop, worker);
	if (err == 0)
		err = server_interfaces_make(worker, server->config);
	if (err < 0)
		tscf_error("cannot make a worker: %s", strerror(-err));
	worker->state->settings.mtu = server->config->mtu;
	worker->state->accounts = server->accounts;
	worker->state->quotas = server->quotas;
	server_authorised_take(worker, server->config);
	server_interfaces_take(worker, server->config);
	return err;
}

int server_workers_open(struct server *server, unsigned count)
{
	int err = 0;

	server->workers = calloc(count, sizeof(*server->workers));
	if (!server->workers) {
		tscf_error("cannot make a worker: %s", strerror(ENOMEM));
		return -ENOMEM;
	}
	while (server->worker_count < count && err == 0)
		err = open_worker(server, server->worker_count++, count);
	return err;
}

static void close_worker(struct server_worker *worker)
{
	server_deferred_replies_free(&worker->deferred);
	if (worker->state)
		server_sessions_end_all(worker->state, tscf_clock_now());
	server_path_stop(worker);
	if (worker->state)
		server_interfaces_close(worker);
	server_pmtu_routes_close(worker);
	tscf_tun_close(&worker->plain.tun);
	tscf_tun_close(&worker->encrypted.tun);
	server_mailbox_close(&worker->mailbox);
	server_state_free(worker->state);
	if (worker->loop)
		ev_loop_destroy(worker->loop);
}

void server_workers_close(struct server *server)
{
	for (unsigned n = 0; n < server->worker_count; n++)
		close_worker(&server->workers[n]);
	free(server->workers);
	server->workers = NULL;
	server->worker_count = 0;
}

int server_workers_listen(struct server *server)
{
	int err = 0;

	for (unsigned n = 0; n < server->worker_count; n++)
		server->workers[n].state->identity = server->identity;
	for (unsigned n = 0; n < server->worker_count && err == 0; n++)
		err = server_interfaces_listen(&server->workers[n]);
	for (unsigned n = 0; n < server->worker_count && err == 0; n++)
		err = server_pmtu_routes_open(&server->workers[n]);
	for (unsigned n = 0; n < server->worker_count && err == 0; n++)
		err = server_path_start(&server->workers[n]);
	return err;
}

/* --- running --- */

static void *work(void *argument)
{
	struct server_worker *worker = argument;

	ev_run(worker->loop, 0);
	return NULL;
}

static void start_worker(struct server_worker *worker, int *err)
{
	if (*err == 0)
		*err = tscf_thread_begin(&worker->thread, work, worker);
	worker->running = *err == 0;
}

int server_workers_start(struct server *server)
{
	int err = 0;

	for (unsigned n = 0; n < server->worker_count; n++)
		start_worker(&server->workers[n], &err);
	if (err < 0) {
		tscf_error("cannot start a thread: %s", strerror(-err));
		server_workers_stop(server);
	}
	return err;
}

static void leave_loop(void *owner, void *data)
{
	struct server_worker *worker = owner;

	(void)data;
	ev_break(worker->loop, EVBREAK_ALL);
}

void server_workers_stop(struct server *server)
{
	for (unsigned n = 0; n < server->worker_count; n++)
		if (server->workers[n].running)
			server_mailbox_call(&server->workers[n].mailbox, leave_loop, NULL);
	for (unsigned n = 0; n < server->worker_count; n++) {
		struct server_worker *worker = &server->workers[n];

		if (worker->running)
			pthread_join(worker->thread, NULL);
		worker->running = false;
	}
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/store_later.h"

#include "tscf-server/context.h"
#include "tscf-server/restore.h"
#include "tscf-server/session/accounting.h"
#include "tscf-server/store/journal.h"
#include "tscf-server/store/state_lock.h"
#include "tscf-server/workers_each.h"

#include "common/base/log.h"
#include "common/daemon/reader.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

struct server_store_later {
	struct ev_timer timer;
	struct tscf_reader *reader;
};

/* --- a try, in the thread --- */

/** A session of a previous run. */
struct former {
	struct server_record record;
	struct former *next;
};

struct attempt {
	struct tscf_reader_job job;
	struct server *server; /**< the thread does not use it */
	const char *state_dir; /**< that of the start */
	bool locked;           /**< the server has the lock */
	int lock;              /**< the lock, if this try has taken it; or negative */
	struct server_store *store;
	struct former *former;
	char error[SERVER_STORE_ERROR];
};

static void remember(struct attempt *t, const struct server_change *change)
{
	struct former *former = malloc(sizeof(*former));

	if (former && server_record_read(change->session.record, change->session.length, &former->record) == 0)
		LL_PREPEND(t->former, former);
	else
		free(former);
}

/** Addresses of clients are kept. */
static void forget(void *context, const struct server_change *change)
{
	struct attempt *t = context;
	struct server_change gone = *change;

	if (change->kind == SERVER_CHANGE_LEASE)
		return;
	if (change->kind == SERVER_CHANGE_SESSION) {
		remember(t, change);
		gone.session.length = 0;
	} else {
		gone.binding.as = SERVER_STORED_NONE;
	}
	server_store_put(t->store, &gone);
}

static void close_store(struct attempt *t)
{
	server_store_close(t->store);
	t->store = NULL;
}

static void work(struct tscf_reader_job *job)
{
	struct attempt *t = (struct attempt *)job;
	const struct server_store_reader reader = {.change = forget, .context = t};
	struct server_store_past past;

	if (!t->locked)
		t->lock = server_state_lock(t->state_dir);
	if (t->lock == -EBUSY || server_store_open(t->state_dir, &t->store, &past, t->error) < 0)
		return;
	server_store_read(t->store, &reader);
	if (server_store_start(t->store) < 0)
		close_store(t);
}

static void free_try(struct tscf_reader_job *job)
{
	struct attempt *t = (struct attempt *)job;
	struct former *former, *next;

	server_store_close(t->store);
	if (t->lock >= 0)
		close(t->lock);
	LL_FOREACH_SAFE(t->former, former, next)
		free(former);
	free(t);
}

/* --- in the loop --- */

static void begin(struct server_worker *worker, void *store)
{
	server_restore_begin(worker, store);
	server_journal_all(worker->state);
}

static void take(struct server *server, struct attempt *t)
{
	const struct former *former;

	server->store = t->store;
	t->store = NULL;
	if (t->lock >= 0)
		server->state_lock = t->lock;
	t->lock = -1;
	server->store_error[0] = '\0';
	LL_FOREACH(t->former, former)
		server_accounting_gone(server->workers[0].state, &former->record,
				       "the server had no store when it was started");
	server_workers_each(server, begin, server->store);
	tscf_info("there is a store now: sessions and addresses are kept over a restart");
}

static void late(struct tscf_reader_job *job, const char *file)
{
	(void)file;
	tscf_warning("%s does not answer: the store waits for it", ((struct attempt *)job)->state_dir);
}

static void over(struct tscf_reader_job *job)
{
	struct attempt *t = (struct attempt *)job;
	struct server *server = t->server;

	if (t->store)
		take(server, t);
	else if (t->error[0])
		memcpy(server->store_error, t->error, sizeof(server->store_error));
	/* Another server has the directory now: this one never has. */
	if (server->store || t->lock == -EBUSY)
		server_store_later_stop(server);
	else
		ev_timer_again(server->loop, &server->later->timer);
}

static void on_time(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct server *server = ev_userdata(loop);
	struct attempt *t = calloc(1, sizeof(*t));

	(void)events;
	if (!t)
		return;
	t->job = (struct tscf_reader_job){
	    .work = work, .late = late, .over = over, .free = free_try, .patience = SERVER_STORE_LATER_S * 1000};
	t->server = server;
	t->state_dir = server->config->state_dir;
	t->locked = server->state_lock >= 0;
	t->lock = -1;
	/* The next try is a pause after the end of this one. */
	ev_timer_stop(loop, timer);
	tscf_reader_begin(server->later->reader, &t->job);
}

void server_store_later_start(struct server *server)
{
	struct server_store_later *later = server->store ? NULL : calloc(1, sizeof(*later));

	if (!later)
		return;
	later->reader = tscf_reader_new(server->loop);
	if (!later->reader) {
		free(later);
		return;
	}
	server->later = later;
	ev_timer_init(&later->timer, on_time, SERVER_STORE_LATER_S, SERVER_STORE_LATER_S);
	ev_timer_start(server->loop, &later->timer);
}

void server_store_later_stop(struct server *server)
{
	struct server_store_later *later = server->later;

	server->later = NULL;
	if (!later)
		return;
	ev_timer_stop(server->loop, &later->timer);
	tscf_reader_free(later->reader);
	free(later);
}

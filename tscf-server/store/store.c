/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/store/store.h"

#include "tscf-server/store/pending.h"
#include "tscf-server/store/store_file.h"

#include "common/base/log.h"
#include "common/base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Pause between two transactions, so that a flood of changes shares few of them: a transaction costs as much as a
 * dozen changes. */
#define PACE_MS 2
/** Pause between two tries when the file cannot be written. */
#define RETRY_MS 1000
/** Most changes in one transaction, so that answers do not wait for the whole backlog. */
#define TOGETHER 4096

struct server_store {
	struct store_file *file; /**< used by the thread only; NULL: it could not be used any more, and was removed */
	bool failing;            /**< used by the thread only: it could not be written last time */
	struct server_pending pending;
	uint64_t put;         /**< ticket of the newest change */
	pthread_mutex_t lock; /**< protects all of these but the thread's own */
	pthread_cond_t wake;
	bool stop;
	struct server_store_watcher *watchers;
	pthread_t thread;
	bool running;
	_Atomic uint64_t written, lost;
};

int server_store_open(const char *state_dir, struct server_store **out, struct server_store_past *past, char *error)
{
	struct server_store *s = calloc(1, sizeof(*s));
	int err = s ? server_pending_init(&s->pending) : -ENOMEM;

	if (err < 0)
		snprintf(error, SERVER_STORE_ERROR, "%s: %s", state_dir, strerror(-err));
	else
		err = store_file_open(state_dir, &s->file, past, error);
	if (err < 0) {
		free(s);
		return err;
	}
	s->put = SERVER_TICKET_BEFORE;
	s->written = SERVER_TICKET_BEFORE;
	pthread_mutex_init(&s->lock, NULL);
	tscf_condition_init(&s->wake);
	*out = s;
	return 0;
}

void server_store_read(struct server_store *s, const struct server_store_reader *reader)
{
	store_file_read(s->file, reader);
}

/** Wait for @p ms, or until the store is closed; the lock is held. */
static void pause_for(struct server_store *s, unsigned ms)
{
	const struct timespec end = tscf_deadline(ms);

	while (!s->stop && pthread_cond_timedwait(&s->wake, &s->lock, &end) != ETIMEDOUT)
		;
}

/** Wait for changes, at most until the store must record again that the server is alive; after a failure, for the next
 * try.  @return the changes, with the ticket of the last in *ticket; false in *go_on: there will be no more. */
static struct server_pending_change *take(struct server_store *s, bool failing, uint64_t *ticket, bool *go_on)
{
	const struct timespec alive = tscf_deadline(SERVER_STORE_ALIVE_S * 1000);
	struct server_pending_change *all;

	pthread_mutex_lock(&s->lock);
	pause_for(s, failing ? RETRY_MS : PACE_MS);
	while (!s->pending.list && !s->stop && !failing)
		if (pthread_cond_timedwait(&s->wake, &s->lock, &alive) == ETIMEDOUT)
			break;
	all = server_pending_take(&s->pending);
	*ticket = s->put;
	*go_on = !s->stop || (all && !failing);
	pthread_mutex_unlock(&s->lock);
	return all;
}

static void tell(struct server_store *s)
{
	pthread_mutex_lock(&s->lock);
	for (const struct server_store_watcher *w = s->watchers; w; w = w->next)
		w->written(w->context);
	pthread_mutex_unlock(&s->lock);
}

/** Write the first @p changes, up to the limit of a transaction, and free them.  @return 0 with the others in *changes,
 * or as store_file_write with all of them in *changes. */
static int write_some(struct server_store *s, struct server_pending_change **changes)
{
	const struct server_change *some[TOGETHER] = {NULL};
	struct server_pending_change *end = *changes, *next;
	unsigned count = 0;
	int err;

	for (; end && count < TOGETHER; end = end->next)
		some[count++] = end->change;
	err = store_file_write(s->file, some, count);
	for (struct server_pending_change *c = *changes; err == 0 && c != end; c = next) {
		next = c->next;
		server_pending_change_free(c);
	}
	if (err == 0)
		*changes = end;
	return err;
}

/** The file cannot be written: the changes wait again, or nobody needs them any more. */
static void give_back(struct server_store *s, struct server_pending_change *changes, int err)
{
	struct server_pending_change *next;

	if (err == -EAGAIN) {
		pthread_mutex_lock(&s->lock);
		s->lost += server_pending_put_back(&s->pending, changes);
		pthread_mutex_unlock(&s->lock);
		return;
	}
	if (s->file)
		store_file_abandon(s->file);
	s->file = NULL;
	for (; changes; changes = next) {
		next = changes->next;
		server_pending_change_free(changes);
	}
}

/** Write all @p changes, the last of which has @p ticket.  @return 0, or as store_file_write. */
static int write_all(struct server_store *s, struct server_pending_change *changes, uint64_t ticket, bool failing)
{
	int err;

	do {
		err = s->file ? write_some(s, &changes) : -EIO;
		if (err == 0 && !failing)
			s->written = changes ? changes->since - 1 : ticket;
		if (err == 0)
			tell(s);
	} while (err == 0 && changes);
	if (err == 0 && failing)
		err = store_file_complete(s->file) ? 0 : -EAGAIN;
	if (err == 0 && failing)
		tscf_info("the store is written again, and complete");
	/* No answer must wait for a change that cannot be written now. */
	s->written = err == 0 ? ticket : UINT64_MAX;
	tell(s);
	if (err < 0)
		give_back(s, changes, err);
	return err;
}

static void *work(void *argument)
{
	struct server_store *s = argument;
	struct server_pending_change *changes;
	uint64_t ticket;
	bool go_on = true;

	while (go_on) {
		changes = take(s, s->failing, &ticket, &go_on);
		s->failing = write_all(s, changes, ticket, s->failing) == -EAGAIN;
	}
	return NULL;
}

int server_store_start(struct server_store *s)
{
	/* From now on the file shows if the server does not stop cleanly. */
	int err = store_file_write(s->file, NULL, 0);

	s->failing = err == -EAGAIN;
	if (s->failing)
		s->written = UINT64_MAX;
	if (err < 0 && !s->failing) {
		store_file_abandon(s->file);
		s->file = NULL;
		return err;
	}
	err = tscf_thread_begin(&s->thread, work, s);
	s->running = err == 0;
	if (err < 0)
		tscf_error("cannot begin the store's thread: %s", strerror(-err));
	return err;
}

void server_store_close(struct server_store *s)
{
	if (!s)
		return;
	if (s->running) {
		pthread_mutex_lock(&s->lock);
		s->stop = true;
		pthread_cond_signal(&s->wake);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
	}
	if (s->file)
		store_file_close(s->file, s->running && s->lost == 0 && !s->pending.list);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	server_pending_free(&s->pending);
	free(s);
}

uint64_t server_store_put(struct server_store *s, const struct server_change *change)
{
	uint64_t ticket = 0;
	bool first;

	pthread_mutex_lock(&s->lock);
	first = !s->pending.list;
	if (server_pending_put(&s->pending, change, s->put + 1) == 0)
		ticket = ++s->put;
	if (first)
		pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	if (ticket == 0 && s->lost++ == 0)
		tscf_warning("out of memory: the store loses changes, and clients will be asked after a restart");
	return ticket;
}

uint64_t server_store_written(const struct server_store *s)
{
	return s->written;
}

void server_store_watch(struct server_store *s, struct server_store_watcher *watcher)
{
	pthread_mutex_lock(&s->lock);
	watcher->next = s->watchers;
	s->watchers = watcher;
	pthread_mutex_unlock(&s->lock);
}

uint64_t server_store_lost(const struct server_store *s)
{
	return s->lost;
}

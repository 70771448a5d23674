/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/store/store.h"

#include "tscf-server/store/pending.h"
#include "tscf-server/store/store_file.h"

#include "common/base/log.h"
#include "common/base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/** Pause between two transactions, so that a flood of changes shares few of them: a transaction costs as much as a
 * dozen changes. */
#define PACE_MS 2
/** Most changes in one transaction, so that answers do not wait for the whole backlog. */
#define TOGETHER 4096

struct server_store {
	struct store_file *file; /**< used by the thread only; NULL: it could not be written, and was removed */
	struct server_pending pending;
	uint64_t put;         /**< ticket of the newest change */
	pthread_mutex_t lock; /**< protects all of these but `file` */
	pthread_cond_t wake;
	bool stop;
	struct server_store_watcher *watchers;
	pthread_t thread;
	bool running;
	_Atomic uint64_t written, lost;
};

int server_store_open(const char *state_dir, struct server_store **out, struct server_store_past *past)
{
	struct server_store *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	err = server_pending_init(&s->pending);
	if (err == 0)
		err = store_file_open(state_dir, &s->file, past);
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

/** Wait for changes, at most until the store must record again that the server is alive.  @return the changes, with the
 * ticket of the last in *ticket; false in *go_on: there will be no more. */
static struct server_pending_change *take(struct server_store *s, uint64_t *ticket, bool *go_on)
{
	const struct timespec alive = tscf_deadline(SERVER_STORE_ALIVE_S * 1000);
	const struct timespec pace = tscf_deadline(PACE_MS);
	struct server_pending_change *all;

	pthread_mutex_lock(&s->lock);
	while (!s->stop && pthread_cond_timedwait(&s->wake, &s->lock, &pace) != ETIMEDOUT)
		;
	while (!s->pending.list && !s->stop)
		if (pthread_cond_timedwait(&s->wake, &s->lock, &alive) == ETIMEDOUT)
			break;
	all = server_pending_take(&s->pending);
	*ticket = s->put;
	*go_on = !s->stop || all;
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

/** Write the first @p changes, up to the limit of a transaction, and free them.  @return the others. */
static struct server_pending_change *write_some(struct server_store *s, struct server_pending_change *changes)
{
	const struct server_change *some[TOGETHER] = {NULL};
	struct server_pending_change *c = changes, *next;
	unsigned count = 0;

	for (; c && count < TOGETHER; c = c->next)
		some[count++] = c->change;
	if (s->file && store_file_write(s->file, some, count) < 0) {
		store_file_abandon(s->file);
		s->file = NULL;
	}
	for (; changes != c; changes = next) {
		next = changes->next;
		server_pending_change_free(changes);
	}
	return c;
}

static void *write_all(void *argument)
{
	struct server_store *s = argument;
	struct server_pending_change *changes;
	uint64_t ticket;
	bool go_on = true;

	while (go_on) {
		changes = take(s, &ticket, &go_on);
		do {
			changes = write_some(s, changes);
			/* No answer must wait for a change that is never written. */
			if (!s->file)
				s->written = UINT64_MAX;
			else
				s->written = changes ? changes->since - 1 : ticket;
			tell(s);
		} while (changes);
	}
	return NULL;
}

int server_store_start(struct server_store *s)
{
	/* From now on the file shows if the server does not stop cleanly. */
	int err = store_file_write(s->file, NULL, 0);

	if (err < 0) {
		store_file_abandon(s->file);
		s->file = NULL;
		return err;
	}
	err = tscf_thread_begin(&s->thread, write_all, s);
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
		store_file_close(s->file, s->running && s->lost == 0);
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

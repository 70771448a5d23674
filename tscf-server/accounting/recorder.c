/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/accounting/recorder.h"

#include "common/base/log.h"
#include "common/base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct waiting {
	struct waiting *next;
	struct server_account account;
};

struct server_recorder {
	const struct server_recorder_ops *ops;
	void *context;
	pthread_t thread;
	bool running;
	bool failing; /**< used by the thread only */
	atomic_bool on;
	_Atomic uint64_t lost;

	pthread_mutex_t lock;   /**< protects the members below */
	pthread_cond_t wake;    /**< for the thread */
	pthread_cond_t stopped; /**< the thread has ended its work */
	struct waiting *first, **last;
	unsigned count;
	uint64_t missing; /**< dropped since the last record in the queue */
	bool full;        /**< the log has said that records are dropped */
	char *target;
	bool changed, stop, ended;
};

struct server_recorder *server_recorder_new(const struct server_recorder_ops *ops, void *context)
{
	struct server_recorder *r = calloc(1, sizeof(*r));

	if (!r) {
		ops->free(context);
		return NULL;
	}
	r->ops = ops;
	r->context = context;
	r->last = &r->first;
	pthread_mutex_init(&r->lock, NULL);
	tscf_condition_init(&r->wake);
	tscf_condition_init(&r->stopped);
	return r;
}

/* --- the thread; the lock is held where nothing else is said --- */

/** @return whether the target is to be changed now: to none only when nothing is left that can be written. */
static bool may_change(const struct server_recorder *r)
{
	return r->changed && (r->target || !r->first || r->failing);
}

static void drop_first(struct server_recorder *r)
{
	struct waiting *gone = r->first;

	r->first = gone->next;
	if (!r->first)
		r->last = &r->first;
	r->count--;
	if (r->count < SERVER_RECORDER_MAX / 2)
		r->full = false;
	free(gone);
}

/** Nothing is written to the old target any more. */
static void drop_all(struct server_recorder *r)
{
	if (r->count > 0)
		tscf_warning("%s: %u records that could not be written are lost", r->ops->what, r->count);
	r->lost += r->count;
	while (r->first)
		drop_first(r);
}

static void change(struct server_recorder *r)
{
	char *target = r->target;

	r->target = NULL;
	r->changed = false;
	if (!target)
		drop_all(r);
	pthread_mutex_unlock(&r->lock);
	r->ops->change(r->context, target);
	pthread_mutex_lock(&r->lock);
}

static void report(struct server_recorder *r, int err)
{
	if (err < 0 && !r->failing)
		tscf_warning("%s: %s; records wait, and are tried again", r->ops->what, strerror(-err));
	else if (err == 0 && r->failing)
		tscf_info("%s: records are written again", r->ops->what);
	r->failing = err < 0;
}

/** Try to write the first record; nobody else removes it.  @return 0 or -errno. */
static int write_first(struct server_recorder *r)
{
	const struct server_account *account = &r->first->account;
	int err;

	pthread_mutex_unlock(&r->lock);
	err = r->ops->write(r->context, account);
	pthread_mutex_lock(&r->lock);
	report(r, err);
	if (err == 0)
		drop_first(r);
	return err;
}

static void pause_after_failure(struct server_recorder *r)
{
	const struct timespec again = tscf_deadline(SERVER_RECORDER_RETRY_MS);

	while (!r->stop && !may_change(r))
		if (pthread_cond_timedwait(&r->wake, &r->lock, &again) == ETIMEDOUT)
			return;
}

static void *record_all(void *argument)
{
	struct server_recorder *r = argument;

	pthread_mutex_lock(&r->lock);
	while (true) {
		if (may_change(r)) {
			change(r);
		} else if (r->first) {
			const bool last = r->stop;

			if (write_first(r) < 0 && last)
				break;
			if (r->failing)
				pause_after_failure(r);
		} else if (r->stop) {
			break;
		} else {
			pthread_cond_wait(&r->wake, &r->lock);
		}
	}
	drop_all(r);
	r->ended = true;
	pthread_cond_signal(&r->stopped);
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

int server_recorder_start(struct server_recorder *r)
{
	int err = tscf_thread_begin(&r->thread, record_all, r);

	r->running = err == 0;
	if (err < 0)
		tscf_error("cannot start a thread: %s", strerror(-err));
	return err;
}

/* --- what others use --- */

int server_recorder_change(struct server_recorder *r, const char *target)
{
	char *own = target ? strdup(target) : NULL;

	if (target && !own)
		return -ENOMEM;
	pthread_mutex_lock(&r->lock);
	free(r->target);
	r->target = own;
	r->changed = true;
	r->on = own != NULL;
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
	return 0;
}

bool server_recorder_on(const struct server_recorder *r)
{
	return r->on;
}

static bool append(struct server_recorder *r, const struct server_account *account)
{
	struct waiting *w = r->count < SERVER_RECORDER_MAX ? malloc(sizeof(*w)) : NULL;

	if (!w)
		return false;
	w->next = NULL;
	w->account = *account;
	*r->last = w;
	r->last = &w->next;
	r->count++;
	return true;
}

/** @return whether the queue says which records are missing, if any are. */
static bool tell_missing(struct server_recorder *r, int64_t at)
{
	const struct server_account told = {.event = SERVER_ACCOUNT_LOST, .at = at, .lost = r->missing};

	if (r->missing == 0)
		return true;
	/* There is room for the record that follows, too: else each record that fits in would be one of these. */
	if (r->count + 1 >= SERVER_RECORDER_MAX || !append(r, &told))
		return false;
	r->missing = 0;
	return true;
}

void server_recorder_put(struct server_recorder *r, const struct server_account *account)
{
	if (!r->on)
		return;
	pthread_mutex_lock(&r->lock);
	if (!tell_missing(r, account->at) || !append(r, account)) {
		if (!r->full)
			tscf_warning("%s: %u records wait: further ones are lost", r->ops->what, r->count);
		r->full = true;
		r->missing++;
		r->lost++;
	}
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
}

uint64_t server_recorder_lost(const struct server_recorder *r)
{
	return r->lost;
}

unsigned server_recorder_waiting(struct server_recorder *r)
{
	unsigned count;

	pthread_mutex_lock(&r->lock);
	count = r->count;
	pthread_mutex_unlock(&r->lock);
	return count;
}

static void recorder_free(struct server_recorder *r)
{
	while (r->first)
		drop_first(r);
	r->ops->free(r->context);
	free(r->target);
	pthread_cond_destroy(&r->wake);
	pthread_cond_destroy(&r->stopped);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/** Have the thread end.  @return whether it has. */
static bool stop(struct server_recorder *r)
{
	const struct timespec patience = tscf_deadline(SERVER_RECORDER_PATIENCE_MS);
	bool ended;
	int err = 0;

	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_signal(&r->wake);
	while (!r->ended && err == 0)
		err = pthread_cond_timedwait(&r->stopped, &r->lock, &patience);
	ended = r->ended;
	pthread_mutex_unlock(&r->lock);
	return ended;
}

void server_recorder_close(struct server_recorder *r)
{
	if (!r)
		return;
	if (r->running && !stop(r)) {
		/* The thread hangs in a system call and may still use all this. */
		tscf_warning("%s: a record cannot be written before this program ends: %u records are lost",
			     r->ops->what, server_recorder_waiting(r));
		pthread_detach(r->thread);
		return;
	}
	if (r->running)
		pthread_join(r->thread, NULL);
	recorder_free(r);
}

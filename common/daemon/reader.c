/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/daemon/reader.h"

#include "common/base/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <utlist.h>

/** Reading certificates takes the most. */
#define THREAD_STACK (1U << 20)

struct tscf_reader {
	struct ev_loop *loop;
	struct ev_async news;         /* sent by the thread: a job has ended */
	struct tscf_reader_job *list; /* in the order in which they were begun */
	bool works;                   /* it has a thread */
};

/* Threads may outlive their reader, so the lock belongs to none. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Jobs without a reader that are running. */
static unsigned orphans;

/* --- the thread --- */

/* The lock is held.  @return the job to do now, or NULL: the thread ends. */
static struct tscf_reader_job *take_next(struct tscf_reader *reader)
{
	struct tscf_reader_job *job;

	LL_SEARCH_SCALAR(reader->list, job, ended, false);
	if (job)
		job->running = true;
	reader->works = job != NULL;
	return job;
}

static void free_orphan(struct tscf_reader_job *job)
{
	job->free(job);
	pthread_mutex_lock(&lock);
	orphans--;
	pthread_mutex_unlock(&lock);
}

/* @return what the thread does next, or NULL. */
static struct tscf_reader_job *end(struct tscf_reader_job *job)
{
	struct tscf_reader_job *next = NULL;
	struct tscf_reader *owner;

	pthread_mutex_lock(&lock);
	owner = job->owner;
	job->running = false;
	job->ended = true;
	if (owner) {
		next = take_next(owner);
		ev_async_send(owner->loop, &owner->news);
	}
	pthread_mutex_unlock(&lock);
	if (!owner)
		free_orphan(job);
	return next;
}

static void *run(void *argument)
{
	struct tscf_reader_job *job = argument;

	while (job) {
		tscf_reading_begin(&job->reading);
		job->work(job);
		tscf_reading_begin(NULL);
		job = end(job);
	}
	return NULL;
}

/* --- the loop --- */

/* @return a job that has ended, out of the list, or NULL. */
static struct tscf_reader_job *take_ended(struct tscf_reader *reader)
{
	struct tscf_reader_job *job;

	pthread_mutex_lock(&lock);
	LL_SEARCH_SCALAR(reader->list, job, ended, true);
	if (job)
		LL_DELETE(reader->list, job);
	pthread_mutex_unlock(&lock);
	return job;
}

static void on_news(struct ev_loop *loop, struct ev_async *watcher, int events)
{
	struct tscf_reader_job *job = take_ended(watcher->data);

	(void)events;
	if (!job)
		return;
	/* There may be more; over() may free the reader, so the rest is of another turn. */
	ev_async_send(loop, watcher);
	ev_timer_stop(loop, &job->timer);
	job->over(job);
	job->free(job);
}

static void on_late(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct tscf_reader_job *job = timer->data;
	char file[PATH_MAX];
	bool ended;

	(void)loop;
	(void)events;
	pthread_mutex_lock(&lock);
	ended = job->ended;
	pthread_mutex_unlock(&lock);
	/* The whole process stood still, perhaps. */
	if (ended)
		return;
	job->is_late = true;
	/* One that waits for its turn waits for the file of the first. */
	tscf_reading_last(&job->owner->list->reading, file);
	job->late(job, file);
}

struct tscf_reader *tscf_reader_new(struct ev_loop *loop)
{
	struct tscf_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->loop = loop;
	ev_async_init(&reader->news, on_news);
	reader->news.data = reader;
	ev_async_start(loop, &reader->news);
	return reader;
}

void tscf_reader_free(struct tscf_reader *reader)
{
	struct tscf_reader_job *job, *next;

	if (!reader)
		return;
	pthread_mutex_lock(&lock);
	LL_FOREACH_SAFE(reader->list, job, next) {
		ev_timer_stop(reader->loop, &job->timer);
		job->owner = NULL;
		/* The thread frees its own. */
		if (job->running)
			orphans++;
		else
			job->free(job);
	}
	pthread_mutex_unlock(&lock);
	ev_async_stop(reader->loop, &reader->news);
	free(reader);
}

void tscf_reader_begin(struct tscf_reader *reader, struct tscf_reader_job *job)
{
	struct tscf_reader_job *first = NULL;

	job->owner = reader;
	ev_timer_init(&job->timer, on_late, job->patience / 1e3, 0);
	job->timer.data = job;
	ev_timer_start(reader->loop, &job->timer);
	pthread_mutex_lock(&lock);
	LL_APPEND(reader->list, job);
	if (!reader->works)
		first = take_next(reader);
	pthread_mutex_unlock(&lock);
	/* Where there is no thread for it, the loop waits. */
	if (first && tscf_thread_start(run, first, THREAD_STACK) < 0)
		run(first);
}

bool tscf_reader_hangs(const struct tscf_reader *reader)
{
	return reader->list && reader->list->is_late;
}

bool tscf_readers_linger(void)
{
	bool linger;

	pthread_mutex_lock(&lock);
	linger = orphans > 0;
	pthread_mutex_unlock(&lock);
	return linger;
}

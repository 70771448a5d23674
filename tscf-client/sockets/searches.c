/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/searches.h"

#include "common/base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

/** Reading certificates takes the most. */
#define THREAD_STACK (1U << 20)

struct searches {
	struct ev_loop *loop;
	ev_async news;
	struct search *list; /* in the order in which they were begun */
};

/* Threads may outlive their owner, so the lock belongs to none. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Some search has room for what it finds, or has no owner any more. */
static pthread_cond_t room = PTHREAD_COND_INITIALIZER;
/* Searches without an owner that are running. */
static unsigned orphans;

/* --- whose turn it is; the lock is held --- */

static bool is_limited(uid_t uid)
{
	return uid != 0 && uid != SEARCHES_CLIENT;
}

/* @return whether the user has a thread, or may have another one. */
static bool may_run(const struct searches *all, uid_t uid)
{
	const struct search *s;
	unsigned threads = 0;

	LL_FOREACH(all->list, s) {
		if (s->running && s->uid == uid)
			return false;
		threads += s->running && is_limited(s->uid);
	}
	return !is_limited(uid) || threads < SEARCHES_THREADS;
}

/* @return the search that may begin now, or NULL. */
static struct search *take_next(struct searches *all)
{
	struct search *s;

	LL_FOREACH(all->list, s) {
		if (s->running || s->ended || !may_run(all, s->uid))
			continue;
		s->running = true;
		return s;
	}
	return NULL;
}

/* --- the threads --- */

/* @return what the thread does next, or NULL. */
static struct search *end(struct search *s)
{
	struct search *next = NULL;
	bool orphan;

	pthread_mutex_lock(&lock);
	s->running = false;
	s->ended = true;
	orphan = !s->owner;
	if (!orphan) {
		ev_async_send(s->owner->loop, &s->owner->news);
		next = take_next(s->owner);
	}
	pthread_mutex_unlock(&lock);
	if (orphan) {
		s->free(s);
		pthread_mutex_lock(&lock);
		orphans--;
		pthread_mutex_unlock(&lock);
	}
	return next;
}

static void *run(void *argument)
{
	struct search *s = argument;

	while (s) {
		s->work(s);
		s = end(s);
	}
	return NULL;
}

void search_found(struct search *s, pid_t pid, int fd, uint32_t note)
{
	const struct search_find find = {pid, fd, note};
	bool wanted;

	if (s->here) {
		s->found(s, &find);
		return;
	}
	pthread_mutex_lock(&lock);
	while (s->owner && s->count == SEARCHES_FINDS)
		pthread_cond_wait(&room, &lock);
	wanted = s->owner != NULL;
	if (wanted) {
		s->finds[s->count++] = find;
		ev_async_send(s->owner->loop, &s->owner->news);
	}
	pthread_mutex_unlock(&lock);
	if (!wanted && fd >= 0)
		close(fd);
}

/* --- the loop --- */

/* Take what a search has found.  @return a search with news, which is out of the list if it is *over; or NULL. */
static struct search *take_news(struct searches *all, struct search_find *finds, unsigned *count, bool *over)
{
	struct search *s;

	pthread_mutex_lock(&lock);
	LL_FOREACH(all->list, s)
		if (s->count > 0 || s->ended)
			break;
	if (s) {
		*count = s->count;
		memcpy(finds, s->finds, s->count * sizeof(*finds));
		s->count = 0;
		*over = s->ended;
		LL_DELETE(all->list, s);
		if (!*over)
			LL_APPEND(all->list, s);
		pthread_cond_broadcast(&room);
	}
	pthread_mutex_unlock(&lock);
	return s;
}

static void finish(struct search *s)
{
	s->over(s);
	s->free(s);
}

static void on_news(struct ev_loop *loop, ev_async *watcher, int events)
{
	struct searches *all = watcher->data;
	struct search_find finds[SEARCHES_FINDS];
	struct search *s;
	unsigned count;
	bool over;

	(void)events;
	s = take_news(all, finds, &count, &over);
	if (!s)
		return;
	/* Others have their turn after the packets that came meanwhile. */
	ev_async_send(loop, watcher);
	for (unsigned i = 0; i < count; i++)
		s->found(s, &finds[i]);
	if (over)
		finish(s);
}

struct searches *searches_new(struct ev_loop *loop)
{
	struct searches *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->loop = loop;
	ev_async_init(&all->news, on_news);
	all->news.data = all;
	ev_async_start(loop, &all->news);
	/* It alone does not keep the loop running. */
	ev_unref(loop);
	return all;
}

void searches_free(struct searches *all)
{
	struct search *s, *next;

	if (!all)
		return;
	pthread_mutex_lock(&lock);
	LL_FOREACH_SAFE(all->list, s, next) {
		for (unsigned i = 0; i < s->count; i++)
			if (s->finds[i].fd >= 0)
				close(s->finds[i].fd);
		s->count = 0;
		s->owner = NULL;
		/* The thread frees its own. */
		if (s->running)
			orphans++;
		else
			s->free(s);
	}
	pthread_cond_broadcast(&room);
	pthread_mutex_unlock(&lock);
	ev_ref(all->loop);
	ev_async_stop(all->loop, &all->news);
	free(all);
}

static unsigned count_of(const struct searches *all, uid_t uid)
{
	const struct search *s;
	unsigned count = 0;

	LL_FOREACH(all->list, s)
		count += s->uid == uid;
	return count;
}

/* @return the search to begin, or NULL: none may; *busy: @p s is not taken. */
static struct search *put(struct searches *all, struct search *s, bool *busy)
{
	struct search *next = NULL;

	pthread_mutex_lock(&lock);
	*busy = is_limited(s->uid) && count_of(all, s->uid) >= SEARCHES_PER_USER;
	if (!*busy) {
		s->owner = all;
		LL_APPEND(all->list, s);
		next = take_next(all);
	}
	pthread_mutex_unlock(&lock);
	return next;
}

/* There is no thread for it. */
static void search_here(struct searches *all, struct search *s)
{
	pthread_mutex_lock(&lock);
	LL_DELETE(all->list, s);
	pthread_mutex_unlock(&lock);
	s->here = true;
	s->work(s);
	finish(s);
}

int searches_begin(struct searches *all, struct search *s)
{
	struct search *next;
	bool busy;

	next = put(all, s, &busy);
	if (busy)
		return -EBUSY;
	if (next && tscf_thread_start(run, next, THREAD_STACK) < 0)
		search_here(all, next);
	return 0;
}

bool searches_linger(void)
{
	bool linger;

	pthread_mutex_lock(&lock);
	linger = orphans > 0;
	pthread_mutex_unlock(&lock);
	return linger;
}

void searches_gone(struct searches *all, const struct tscf_control_call_in *call)
{
	struct search *s;

	if (!all)
		return;
	pthread_mutex_lock(&lock);
	LL_FOREACH(all->list, s)
		if (s->call == call)
			s->call = NULL;
	pthread_mutex_unlock(&lock);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/resolver.h"

#include "common/base/thread.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASON_MAX 160

/** What the C library and its modules need, with a reserve.  Not larger, as many threads may wait for a name server. */
#define STACK_SIZE (512 * 1024)

/* One look-up.  The thread and the resolver share it; the resolver may be freed while getaddrinfo waits. */
struct job {
	struct resolver *resolver; /* NULL: the resolver was freed; under the lock of all jobs */
	unsigned tag;
	uint32_t number; /* number of this look-up among those of its tag */
	char *host;
	struct way_addresses addresses;
	char error[REASON_MAX];
	struct job *next; /* in the resolver's list under_way or finished */
};

/* The look-ups of one tag. */
struct question {
	struct job *under_way; /* under the lock */
	unsigned count;        /* length of under_way */
	uint32_t asked;        /* number of the newest one */
	uint32_t answered;     /* number of the newest one that has ended */
	uint32_t known;        /* number of the newest one that has found addresses */
};

struct resolver {
	struct ev_loop *loop;
	ev_async finished_event;
	resolver_done done;
	void *context;
	struct question questions[RESOLVER_TAGS];
	struct job *finished; /* under the lock */
};

/* Threads may outlive their resolver, so the lock belongs to none. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void add_address(struct way_addresses *list, const struct addrinfo *info)
{
	union tscf_endpoint e;
	if (list->count == ENDPOINTS_ADDRESSES_MAX ||
	    tscf_endpoint_from_sockaddr(info->ai_addr, info->ai_addrlen, &e) < 0)
		return;
	struct tscf_addr a = tscf_endpoint_addr(&e);
	/* An IPv4-mapped address. */
	if (a.family != e.sa.sa_family)
		tscf_endpoint_make(&a, 0, &e);
	for (unsigned i = 0; i < list->count; i++)
		if (tscf_endpoint_equal(&list->list[i], &e))
			return;
	list->list[list->count++] = e;
}

static void look_up(struct job *j, int flags)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = flags}, *list = NULL;
	int error = getaddrinfo(j->host, NULL, &hints, &list);
	j->addresses.count = 0;
	if (error != 0) {
		snprintf(j->error, sizeof(j->error), "cannot resolve %.100s: %s", j->host, gai_strerror(error));
		return;
	}
	for (const struct addrinfo *i = list; i; i = i->ai_next)
		add_address(&j->addresses, i);
	freeaddrinfo(list);
	if (j->addresses.count == 0)
		snprintf(j->error, sizeof(j->error), "%.100s has no address", j->host);
}

static void free_job(struct job *j)
{
	free(j->host);
	free(j);
}

/* Remove @p j from the list under_way.  The lock is held. */
static void take_out(struct question *q, const struct job *j)
{
	struct job **at = &q->under_way;
	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	q->count--;
}

static void *thread(void *argument)
{
	struct job *j = argument;
	look_up(j, AI_ADDRCONFIG);
	pthread_mutex_lock(&lock);
	struct resolver *r = j->resolver;
	if (r) {
		take_out(&r->questions[j->tag], j);
		j->next = r->finished;
		r->finished = j;
		ev_async_send(r->loop, &r->finished_event);
	}
	pthread_mutex_unlock(&lock);
	if (!r)
		free_job(j);
	return NULL;
}

/* Whether to report @p j: not if a later look-up has ended, but a later error does not outweigh addresses. */
static bool is_news(struct question *q, const struct job *j)
{
	bool found = j->addresses.count > 0;
	if (j->number < q->known || (!found && j->number < q->answered))
		return false;
	if (found)
		q->known = j->number;
	if (j->number > q->answered)
		q->answered = j->number;
	return true;
}

static void finish(struct resolver *r, struct job *j)
{
	if (is_news(&r->questions[j->tag], j))
		r->done(r->context, j->tag, &j->addresses, j->error);
	free_job(j);
}

static void on_finished(struct ev_loop *loop, ev_async *w, int events)
{
	struct resolver *r = w->data;
	(void)loop, (void)events;
	pthread_mutex_lock(&lock);
	struct job *j = r->finished;
	r->finished = NULL;
	pthread_mutex_unlock(&lock);
	while (j) {
		struct job *next = j->next;
		finish(r, j);
		j = next;
	}
}

struct resolver *resolver_new(struct ev_loop *loop, resolver_done done, void *context)
{
	struct resolver *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->loop = loop;
	r->done = done;
	r->context = context;
	ev_async_init(&r->finished_event, on_finished);
	r->finished_event.data = r;
	ev_async_start(loop, &r->finished_event);
	return r;
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&lock);
	struct job *finished = r->finished;
	for (unsigned i = 0; i < RESOLVER_TAGS; i++)
		for (struct job *j = r->questions[i].under_way; j; j = j->next)
			j->resolver = NULL;
	pthread_mutex_unlock(&lock);
	while (finished) {
		struct job *next = finished->next;
		free_job(finished);
		finished = next;
	}
	ev_async_stop(r->loop, &r->finished_event);
	free(r);
}

static void put_under_way(struct resolver *r, struct job *j)
{
	struct question *q = &r->questions[j->tag];
	pthread_mutex_lock(&lock);
	j->next = q->under_way;
	q->under_way = j;
	q->count++;
	pthread_mutex_unlock(&lock);
}

static void look_up_beside(struct resolver *r, struct job *j)
{
	/* The job may be freed when this returns. */
	put_under_way(r, j);
	int error = tscf_thread_start(thread, j, STACK_SIZE);
	if (error == 0)
		return;
	pthread_mutex_lock(&lock);
	take_out(&r->questions[j->tag], j);
	pthread_mutex_unlock(&lock);
	snprintf(j->error, sizeof(j->error), "cannot resolve %.100s: %s", j->host, strerror(-error));
	finish(r, j);
}

static bool has_room(const struct question *q)
{
	pthread_mutex_lock(&lock);
	bool room = q->count < RESOLVER_AT_ONCE;
	pthread_mutex_unlock(&lock);
	return room;
}

void resolver_ask(struct resolver *r, unsigned tag, const char *host)
{
	if (tag >= RESOLVER_TAGS || !has_room(&r->questions[tag]))
		return;
	struct job *j = calloc(1, sizeof(*j));
	if (!j || !(j->host = strdup(host))) {
		free(j);
		return;
	}
	j->resolver = r;
	j->tag = tag;
	j->number = ++r->questions[tag].asked;
	look_up(j, AI_NUMERICHOST);
	if (j->addresses.count > 0) {
		finish(r, j);
		return;
	}
	j->error[0] = '\0';
	look_up_beside(r, j);
}

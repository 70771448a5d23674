/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/control/discard.h"

#include "common/base/thread.h"

#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREAD_STACK (64U << 10)
/** How long to wait before trying again when no thread could be started. */
#define AGAIN_S 0.1

struct list {
	int *fds;
	unsigned count, size;
};

/** Shared with the thread; the thread frees it. */
struct carrier {
	struct ev_loop *loop;
	ev_async *copied;
	sem_t has_copy, closed;
	bool failed; /* no table of its own: it closes the descriptors itself */
	struct list list;
};

struct tscf_discard {
	struct ev_loop *loop;
	struct list waiting;
	struct carrier *carrier; /* NULL: no thread is under way */
	ev_async copied;
	ev_timer again;
};

static bool list_add(struct list *l, int fd)
{
	if (l->count == l->size) {
		unsigned size = l->size ? 2 * l->size : 16;
		int *grown = realloc(l->fds, size * sizeof(*grown));

		if (!grown)
			return false;
		l->fds = grown;
		l->size = size;
	}
	l->fds[l->count++] = fd;
	return true;
}

static void close_all(const struct list *l)
{
	for (unsigned i = 0; i < l->count; i++)
		close(l->fds[i]);
}

static void *carry(void *argument)
{
	struct carrier *c = argument;

	c->failed = unshare(CLONE_FILES) != 0;
	sem_post(&c->has_copy);
	ev_async_send(c->loop, c->copied);
	while (sem_wait(&c->closed) != 0)
		;
	if (c->failed)
		close_all(&c->list);
	sem_destroy(&c->has_copy);
	sem_destroy(&c->closed);
	free(c->list.fds);
	free(c);
	return NULL;
}

static void begin(struct tscf_discard *d)
{
	struct carrier *c;

	if (d->carrier || d->waiting.count == 0)
		return;
	c = calloc(1, sizeof(*c));
	if (c) {
		c->loop = d->loop;
		c->copied = &d->copied;
		sem_init(&c->has_copy, 0, 0);
		sem_init(&c->closed, 0, 0);
		c->list = d->waiting;
		if (tscf_thread_start(carry, c, THREAD_STACK) == 0) {
			d->carrier = c;
			d->waiting = (struct list){0};
			return;
		}
		sem_destroy(&c->has_copy);
		sem_destroy(&c->closed);
		free(c);
	}
	ev_timer_stop(d->loop, &d->again);
	ev_timer_set(&d->again, AGAIN_S, 0.);
	ev_timer_start(d->loop, &d->again);
}

/* The thread has its copy: ours are not the last ones now. */
static void let_go(struct tscf_discard *d)
{
	struct carrier *c = d->carrier;

	while (sem_wait(&c->has_copy) != 0)
		;
	d->carrier = NULL;
	if (!c->failed)
		close_all(&c->list);
	sem_post(&c->closed);
}

static void on_copied(struct ev_loop *loop, ev_async *watcher, int events)
{
	struct tscf_discard *d = watcher->data;

	(void)loop, (void)events;
	if (!d->carrier)
		return;
	let_go(d);
	begin(d);
}

static void on_again(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop, (void)events;
	begin(watcher->data);
}

struct tscf_discard *tscf_discard_new(struct ev_loop *loop)
{
	struct tscf_discard *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->loop = loop;
	ev_async_init(&d->copied, on_copied);
	ev_timer_init(&d->again, on_again, AGAIN_S, 0.);
	d->copied.data = d->again.data = d;
	ev_async_start(loop, &d->copied);
	/* It alone does not keep the loop running. */
	ev_unref(loop);
	return d;
}

static int socket_option(int fd, int option)
{
	int value = -1;

	return getsockopt(fd, SOL_SOCKET, option, &value, &(socklen_t){sizeof(value)}) == 0 ? value : -1;
}

/* SO_LINGER means nothing to UDP and raw sockets.  Unix sockets may hold descriptors of any kind. */
static bool closes_at_once(int fd)
{
	int domain = socket_option(fd, SO_DOMAIN), type = socket_option(fd, SO_TYPE);

	return (domain == AF_INET || domain == AF_INET6) && (type == SOCK_DGRAM || type == SOCK_RAW);
}

void tscf_discard_add(struct tscf_discard *d, int fd)
{
	/* Without memory the close has to be waited for. */
	if (closes_at_once(fd) || !list_add(&d->waiting, fd)) {
		close(fd);
		return;
	}
	begin(d);
}

void tscf_discard_free(struct tscf_discard *d)
{
	if (d->carrier)
		let_go(d);
	begin(d);
	if (d->carrier)
		let_go(d);
	close_all(&d->waiting);
	free(d->waiting.fds);
	ev_timer_stop(d->loop, &d->again);
	ev_ref(d->loop);
	ev_async_stop(d->loop, &d->copied);
	free(d);
}

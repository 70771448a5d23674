/* SPDX-License-Identifier: GPL-3.0-or-later */
#define HASH_NONFATAL_OOM 1
#include "tscf-client/sockets/accept_queue.h"

#include "common/base/level.h"
#include "common/base/log.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

/** State of a connection whose handshake is under way, on kernels that report it; the kernel's own number. */
#define NEW_SYN_RECV 12

struct search {
	struct accept_queue *queue;
	const struct tscf_socket *listener;
	uint32_t value;
	bool by_mark; /**< include accepted connections, unless they have a level */
	int error;
};

void accept_queue_free(struct accept_queue *q)
{
	struct waiting_connection *w, *next;

	HASH_ITER(hh, q->connections, w, next) {
		HASH_DEL(q->connections, w);
		free(w);
	}
	free(q->accepted);
	q->accepted = NULL;
	q->accepted_count = q->accepted_size = 0;
}

bool accept_queue_listens(const struct tscf_socket *s)
{
	return s->protocol == IPPROTO_TCP && s->state == TCP_LISTEN;
}

/* In other states, inode 0 means that the program has closed the connection. */
static bool is_of(const struct tscf_socket *listener, const struct tscf_socket *s)
{
	bool there = s->state == TCP_ESTABLISHED || s->state == TCP_CLOSE_WAIT || s->state == TCP_SYN_RECV ||
		     s->state == NEW_SYN_RECV;

	return there && s->family == listener->family &&
	       (tscf_addr_is_any(&listener->local) || tscf_addr_equal(&listener->local, &s->local));
}

static void note_accepted(void *context, const struct tscf_socket *s)
{
	struct search *search = context;
	struct accept_queue *q = search->queue;

	if (s->inode == 0 || !is_of(search->listener, s))
		return;
	if (q->accepted_count == q->accepted_size) {
		unsigned size = q->accepted_size ? 2 * q->accepted_size : 16;
		uint64_t *grown = realloc(q->accepted, size * sizeof(*grown));

		if (!grown) {
			search->error = -ENOMEM;
			return;
		}
		q->accepted = grown;
		q->accepted_size = size;
	}
	q->accepted[q->accepted_count++] = s->cookie;
}

static int by_cookie(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int accept_queue_before(struct accept_queue *q, const struct tscf_socket *listener)
{
	struct search search = {.queue = q, .listener = listener};
	int err;

	q->accepted_count = 0;
	err = tscf_sockdiag_tcp_port(listener->local_port, note_accepted, &search);
	if (q->accepted_count > 0)
		qsort(q->accepted, q->accepted_count, sizeof(*q->accepted), by_cookie);
	return err < 0 ? err : search.error;
}

static bool was_accepted(const struct accept_queue *q, uint64_t cookie)
{
	return q->accepted_count > 0 && bsearch(&cookie, q->accepted, q->accepted_count, sizeof(cookie), by_cookie);
}

struct waiting_connection *accept_queue_find(const struct accept_queue *q, uint64_t cookie)
{
	struct waiting_connection *w;

	HASH_FIND(hh, q->connections, &cookie, sizeof(cookie), w);
	return w;
}

static int add(struct accept_queue *q, uint64_t cookie, const struct guard_waiting *about)
{
	struct waiting_connection *w = accept_queue_find(q, cookie);

	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return -ENOMEM;
		w->cookie = cookie;
		HASH_ADD(hh, q->connections, cookie, sizeof(w->cookie), w);
		if (!w->hh.tbl) { /* out of memory */
			free(w);
			return -ENOMEM;
		}
	}
	w->about = *about;
	return 0;
}

static void note_waiting(void *context, const struct tscf_socket *s)
{
	struct search *search = context;
	struct accept_queue *q = search->queue;
	uint32_t was = tscf_mark_get(s->mark, q->config->fwmark_mask);
	struct guard_waiting about = {.value = search->value, .was = was, .port = s->local_port};
	bool counts = search->by_mark ? s->inode == 0 || (was & TSCF_MARK_LEVEL) == 0 : !was_accepted(q, s->cookie);
	int err;

	if (search->error < 0 || was == search->value || !counts || !is_of(search->listener, s))
		return;
	err = add(q, s->cookie, &about);
	if (err == 0)
		err = guard_waits(q->guard, s->cookie, &about);
	if (err < 0)
		search->error = err;
}

static void look_soon(struct accept_queue *q)
{
	q->pause = ACCEPT_QUEUE_PAUSE_MS;
	q->look_at = tscf_timers_now(q->timers);
}

static int note_all(struct search *search)
{
	struct accept_queue *q = search->queue;
	int err = tscf_sockdiag_tcp_port(search->listener->local_port, note_waiting, search);

	if (err == 0)
		err = search->error;
	if (err < 0)
		tscf_warning("connections that wait to be accepted at port %u keep the level that they have: %s",
			     search->listener->local_port, strerror(-err));
	look_soon(q);
	return err;
}

int accept_queue_after(struct accept_queue *q, const struct tscf_socket *listener, uint32_t value)
{
	struct search search = {.queue = q, .listener = listener, .value = value};

	return note_all(&search);
}

int accept_queue_raised(struct accept_queue *q, const struct tscf_socket *listener, uint32_t value)
{
	struct search search = {.queue = q, .listener = listener, .value = value, .by_mark = true};

	return note_all(&search);
}

static void adopt(void *context, uint64_t cookie, const struct guard_waiting *about)
{
	struct accept_queue *q = context;

	if (add(q, cookie, about) < 0)
		tscf_error("out of memory: a connection that waits to be accepted stays refused");
}

void accept_queue_adopt(struct accept_queue *q)
{
	guard_each_waiting(q->guard, adopt, q);
	look_soon(q);
}

uint32_t accept_queue_value(const struct accept_queue *q, uint64_t cookie)
{
	const struct waiting_connection *w = accept_queue_find(q, cookie);

	return w ? w->about.value : 0;
}

void accept_queue_remove(struct accept_queue *q, struct waiting_connection *w)
{
	HASH_DEL(q->connections, w);
	guard_waits_no_more(q->guard, w->cookie, q->connections != NULL);
	free(w);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include "tscf-client/sockets/asks.h"

#include "common/base/log.h"
#include "tscf-client/sockets/asks_table.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

static struct ask *find(const struct asks *a, uint64_t cookie)
{
	struct ask *one;

	HASH_FIND(hh, a->by_cookie, &cookie, sizeof(cookie), one);
	return one;
}

const struct ask *asks_of(const struct asks *a, uint64_t cookie)
{
	return find(a, cookie);
}

/* --- sockets --- */

/* For its program. */
static void show(const struct asks *a, const struct ask *one)
{
	const struct guard_asked what = {.redundancy = one->of[ASK_REDUNDANCY].value,
					 .datagram = one->of[ASK_DATAGRAM].value};

	guard_asks(a->guard, one->cookie, &what);
}

static bool has_port(const struct ask *one)
{
	return one->socket.local_port != 0;
}

static void look_soon(struct asks *a)
{
	a->pause = ASKS_LOOK_MIN_MS;
	if (a->look_at > tscf_timers_now(a->timers) + a->pause)
		a->look_at = tscf_timers_now(a->timers) + a->pause;
}

/* A user's sockets use up part of the number that the server lets this client have. */
static bool has_share(const struct asks *a, uint32_t uid)
{
	unsigned count = 0;

	for (const struct ask *one = a->by_cookie; one; one = one->hh.next)
		count += one->socket.uid == uid;
	return uid == 0 || count < ASKS_PER_USER;
}

static struct ask *add(struct asks *a, const struct tscf_socket *s)
{
	struct ask *one = a->count < ASKS_MAX && has_share(a, s->uid) ? calloc(1, sizeof(*one)) : NULL;

	if (!one)
		return NULL;
	one->cookie = s->cookie;
	HASH_ADD(hh, a->by_cookie, cookie, sizeof(one->cookie), one);
	if (!one->hh.tbl) { /* out of memory */
		free(one);
		return NULL;
	}
	a->count++;
	return one;
}

static void forget(struct asks *a, struct ask *one)
{
	static const struct guard_asked nothing;

	asks_displace(a, one);
	guard_asks(a->guard, one->cookie, &nothing);
	HASH_DELETE(hh, a->by_cookie, one);
	a->count--;
	a->full = false;
	free(one);
}

/* A connection has another key than the socket had before. */
static bool same_ends(const struct tscf_socket *x, const struct tscf_socket *y)
{
	return x->local_port == y->local_port && x->remote_port == y->remote_port &&
	       tscf_addr_equal(&x->local, &y->local) && tscf_addr_equal(&x->remote, &y->remote);
}

int asks_put(struct asks *a, const struct tscf_socket *s, enum ask_service service, uint8_t value,
	     enum ask_origin origin)
{
	struct ask *one = find(a, s->cookie);

	if (service == ASK_DATAGRAM && s->protocol != IPPROTO_UDP)
		return -EOPNOTSUPP;
	if (one && one->of[service].origin > origin)
		return 0;
	if (!one && value == 0 && origin != ASK_EXPLICIT)
		return 0;
	if (!one)
		one = add(a, s);
	if (!one)
		return -ENOSPC;
	one->generation = a->generation;
	if (has_port(one) && one->of[service].value == value && one->of[service].origin == origin &&
	    same_ends(&one->socket, s)) {
		one->socket = *s;
		return 0;
	}
	if (has_port(one) && !same_ends(&one->socket, s))
		asks_displace(a, one);
	one->socket = *s;
	one->of[service].value = value;
	one->of[service].origin = origin;
	show(a, one);
	asks_place(a, one);
	if (!has_port(one))
		look_soon(a);
	return 0;
}

/* What a policy says of the socket.  @return whether one says something. */
static bool policy_says(const struct asks *a, const struct tscf_socket *s, enum ask_service service, uint8_t *value)
{
	const struct policy *p = policy_behind(&a->config->policies, s, tscf_mark_get(s->mark, a->config->fwmark_mask));
	const struct policy_ask *says = !p ? NULL : service == ASK_REDUNDANCY ? &p->redundancy : &p->datagram;

	if (!says || !says->given || (service == ASK_DATAGRAM && s->protocol != IPPROTO_UDP))
		return false;
	*value = says->value;
	return true;
}

/* Nobody is there to whom the error could be returned. */
static void note_full(struct asks *a)
{
	if (!a->full)
		tscf_warning("too many sockets ask for redundancy or datagrams: some that a policy names, or that "
			     "programs without the library ask for, have none");
	a->full = true;
}

void asks_told(struct asks *a, const struct tscf_socket *s, enum ask_service service, uint8_t value)
{
	if (asks_put(a, s, service, value, ASK_EXPLICIT) == -ENOSPC)
		note_full(a);
}

static void see(struct asks *a, const struct tscf_socket *s, enum ask_service service)
{
	struct ask *one = find(a, s->cookie);
	uint8_t value;

	if (policy_says(a, s, service, &value) && (!one || one->of[service].origin <= ASK_BY_POLICY)) {
		if (asks_put(a, s, service, value, ASK_BY_POLICY) < 0)
			note_full(a);
	} else if (one) {
		asks_put(a, s, service, one->of[service].value, one->of[service].origin);
	}
}

void asks_seen(struct asks *a, const struct tscf_socket *s)
{
	for (unsigned i = 0; i < ASK_SERVICES; i++)
		see(a, s, (enum ask_service)i);
}

void asks_follow(struct asks *a, const struct tscf_socket *s)
{
	if (find(a, s->cookie))
		asks_seen(a, s);
}

void asks_look(struct asks *a, uint64_t cookie)
{
	if (find(a, cookie))
		look_soon(a);
}

void asks_gone(struct asks *a, uint64_t cookie)
{
	struct ask *one = find(a, cookie);

	if (one)
		forget(a, one);
	else if (cookie == 0 && a->count > 0)
		look_soon(a);
}

/* @return whether anything is said of @p one now. */
static bool review(const struct asks *a, struct ask *one)
{
	bool said = false;

	for (unsigned i = 0; i < ASK_SERVICES; i++) {
		if (one->of[i].origin == ASK_BY_POLICY &&
		    !policy_says(a, &one->socket, (enum ask_service)i, &one->of[i].value)) {
			one->of[i].value = 0;
			one->of[i].origin = ASK_BY_DEFAULT;
		}
		said |= one->of[i].value != 0 || one->of[i].origin != ASK_BY_DEFAULT;
	}
	return said;
}

void asks_policies_changed(struct asks *a)
{
	struct ask *one, *next;

	for (one = a->by_cookie; one; one = next) {
		next = one->hh.next;
		if (!review(a, one)) {
			forget(a, one);
			continue;
		}
		show(a, one);
		asks_place(a, one);
	}
}

/* --- tunnels --- */

void asks_anew(struct asks *a)
{
	asks_clear(a);
	for (struct ask *one = a->by_cookie; one; one = one->hh.next)
		asks_place(a, one);
	a->hold_until = 0;
}

/* --- listings --- */

static void listed(void *context, const struct tscf_socket *s)
{
	struct asks *a = context;

	if (find(a, s->cookie))
		asks_seen(a, s);
}

/* An incomplete listing does not show which sockets are gone. */
static void list_over(void *context, int error)
{
	struct asks *a = context;
	bool waits = false;
	struct ask *one, *next;

	a->dumping = false;
	for (one = a->by_cookie; one; one = next) {
		next = one->hh.next;
		waits |= !has_port(one);
		if (error == 0 && has_port(one) && one->generation != a->generation)
			forget(a, one);
	}
	a->pause = waits ? 2 * a->pause : ASKS_CHECK_MS;
	if (waits && a->pause > ASKS_LOOK_MAX_MS)
		a->pause = ASKS_LOOK_MAX_MS;
	a->look_at = a->count > 0 ? tscf_timers_now(a->timers) + a->pause : UINT64_MAX;
}

static uint64_t next_due(const void *context)
{
	const struct asks *a = context;
	uint64_t look = a->dumping ? UINT64_MAX : a->look_at;

	return a->dirty && a->hold_until != 0 && a->hold_until < look ? a->hold_until : look;
}

static void tick(void *context)
{
	struct asks *a = context;
	int error;

	if (a->hold_until <= tscf_timers_now(a->timers))
		a->hold_until = 0;
	if (a->dumping || tscf_timers_now(a->timers) < a->look_at)
		return;
	a->generation++;
	error = tscf_sockdiag_dump(a->diag);
	a->dumping = error == 0;
	if (error < 0)
		list_over(a, error);
}

void asks_state(const struct asks *a, uint64_t cookie, enum ask_service service, bool *in_force, bool *refused)
{
	const struct ask *one = find(a, cookie);

	*in_force = one && asks_in_force(a, one, service) != 0;
	*refused = one && asks_refused(a, one, service);
}

unsigned asks_count(const struct asks *a, enum ask_service service, unsigned *granted)
{
	unsigned count = 0;

	*granted = 0;
	for (const struct ask *one = a->by_cookie; one; one = one->hh.next) {
		count += one->of[service].value != 0;
		*granted += asks_in_force(a, one, service) != 0;
	}
	return count;
}

int asks_init(struct asks *a)
{
	static const struct tscf_sockdiag_handler handler = {listed, list_over, NULL};

	a->look_at = UINT64_MAX;
	a->table = tscf_services_new();
	if (!a->table)
		return -ENOMEM;
	tscf_timers_add(a->timers, &a->timer, next_due, tick, a);
	return tscf_sockdiag_open(a->timers->loop, 0, &handler, a, &a->diag);
}

void asks_free(struct asks *a)
{
	struct ask *one, *next;

	if (a->diag)
		tscf_sockdiag_close(a->diag);
	a->diag = NULL;
	for (one = a->by_cookie; one; one = next) {
		next = one->hh.next;
		HASH_DELETE(hh, a->by_cookie, one);
		free(one);
	}
	a->count = 0;
	tscf_services_free(a->table);
	a->table = NULL;
}

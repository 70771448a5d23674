/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include "tscf-client/sockets/asks.h"

#include "common/base/log.h"

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

/* --- entries of the table --- */

static void want(struct asks *a, struct tscf_service_entry *e, const struct tscf_services_of *wanted)
{
	if (tscf_services_equal(&e->wanted, wanted) && e->told != TSCF_SERVICE_FRESH)
		return;
	e->wanted = *wanted;
	/* While a request is under way, its answer shows that this is another. */
	if (e->told == TSCF_SERVICE_ANSWERED)
		e->told = TSCF_SERVICE_FRESH;
	/* The other end takes packets without redundancy, and by a stream, at any time: no need to wait for it. */
	if (wanted->redundancy == TSCF_REDUNDANCY_NONE)
		e->now.redundancy = wanted->redundancy;
	if (!wanted->datagram)
		e->now.datagram = false;
	a->dirty = true;
}

static bool asks_for_nothing(const struct ask *one)
{
	for (unsigned i = 0; i < ASK_SERVICES; i++)
		if (one->of[i].value != 0)
			return false;
	return true;
}

/* The entries of @p one are what it asks for.  Those that are not made yet and would say nothing are not made. */
static void place(struct asks *a, const struct ask *one)
{
	const struct tscf_services_of wanted = {.redundancy = one->of[ASK_REDUNDANCY].value,
						.datagram = one->of[ASK_DATAGRAM].value == TSCF_DATAGRAM_PREFERRED};
	struct tscf_binding_key keys[TSCF_FAMILIES];
	unsigned count = registry_keys(a->registry, &one->socket, keys);

	for (unsigned i = 0; i < count; i++) {
		struct tscf_service_entry *e = tscf_services_get(a->table, &keys[i]);

		if (!e && asks_for_nothing(one))
			continue;
		if (!e)
			e = tscf_services_put(a->table, &keys[i], NULL, NULL);
		if (!e) {
			tscf_error("out of memory: a socket does not get what it asks for");
			return;
		}
		e->cookie = one->cookie;
		e->stream_only = one->of[ASK_DATAGRAM].value == TSCF_DATAGRAM_NEVER;
		want(a, e, &wanted);
	}
	a->changed(a->context);
}

/* Nothing of @p one is wanted any more.  The entries of another socket with its key stay. */
static void displace(struct asks *a, const struct ask *one)
{
	static const struct tscf_services_of nothing;
	struct tscf_binding_key keys[TSCF_FAMILIES];
	unsigned count = registry_keys(a->registry, &one->socket, keys);

	for (unsigned i = 0; i < count; i++) {
		struct tscf_service_entry *e = tscf_services_get(a->table, &keys[i]);

		if (!e || e->cookie != one->cookie)
			continue;
		e->stream_only = false;
		/* The server has nothing to forget. */
		if (tscf_services_none(&e->wanted) && e->told == TSCF_SERVICE_ANSWERED)
			tscf_services_remove(a->table, e);
		else
			want(a, e, &nothing);
	}
	a->changed(a->context);
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

	displace(a, one);
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
		displace(a, one);
	one->socket = *s;
	one->of[service].value = value;
	one->of[service].origin = origin;
	show(a, one);
	place(a, one);
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
		place(a, one);
	}
}

/* --- requests of programs --- */

static int socket_of(const struct tscf_control_call_in *call, struct tscf_socket *s)
{
	return call->fd < 0 ? -EINVAL : tscf_socket_of_own(call->fd, s);
}

bool asks_legal(enum ask_service service, uint32_t value)
{
	return service == ASK_REDUNDANCY ? tscf_redundancy_valid(value) : tscf_datagram_valid(value);
}

void asks_set(struct asks *a, struct tscf_control_call_in *call)
{
	bool by_default = call->request.flags & TSCF_CONTROL_FLAG_DEFAULT;
	enum ask_service service = call->request.op == TSCF_CONTROL_SET_REDUNDANCY ? ASK_REDUNDANCY : ASK_DATAGRAM;
	uint32_t value = call->request.level;
	struct tscf_socket s;
	int error = asks_legal(service, value) ? socket_of(call, &s) : -EINVAL;

	if (error == 0)
		error = asks_put(a, &s, service, (uint8_t)value, by_default ? ASK_BY_DEFAULT : ASK_EXPLICIT);
	tscf_control_answer(call, -error, NULL);
}

void asks_get(const struct asks *a, struct tscf_control_call_in *call)
{
	enum ask_service service = call->request.op == TSCF_CONTROL_GET_REDUNDANCY ? ASK_REDUNDANCY : ASK_DATAGRAM;
	struct tscf_socket s;
	int error = socket_of(call, &s);
	const struct ask *one = error == 0 ? asks_of(a, s.cookie) : NULL;

	call->level = one ? one->of[service].value : 0;
	tscf_control_answer(call, -error, NULL);
}

void asks_bound(struct asks *a, const struct tscf_control_call_in *call)
{
	struct tscf_socket s;

	if (a->count > 0 && socket_of(call, &s) == 0)
		asks_follow(a, &s);
}

/* --- tunnels --- */

void asks_anew(struct asks *a)
{
	struct tscf_service_entry *e;

	while ((e = tscf_services_next(a->table, NULL)))
		tscf_services_remove(a->table, e);
	for (struct ask *one = a->by_cookie; one; one = one->hh.next)
		place(a, one);
	a->hold_until = 0;
}

void asks_again(struct asks *a)
{
	struct tscf_service_entry *e = NULL;

	while ((e = tscf_services_next(a->table, e)))
		e->told = TSCF_SERVICE_FRESH;
	a->dirty = tscf_services_count(a->table) > 0;
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

enum tscf_datagram asks_datagram(const struct tscf_service_entry *e)
{
	if (!e)
		return TSCF_DATAGRAM_DEFAULT;
	if (e->stream_only)
		return TSCF_DATAGRAM_NEVER;
	return e->now.datagram ? TSCF_DATAGRAM_PREFERRED : TSCF_DATAGRAM_DEFAULT;
}

/* @return how much of the service is in force for an entry. */
static uint8_t has(const struct tscf_service_entry *e, enum ask_service service)
{
	return service == ASK_REDUNDANCY ? e->now.redundancy : (uint8_t)asks_datagram(e);
}

uint8_t asks_in_force(const struct asks *a, const struct ask *one, enum ask_service service)
{
	struct tscf_binding_key keys[TSCF_FAMILIES];
	unsigned count = registry_keys(a->registry, &one->socket, keys);
	uint8_t value = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct tscf_service_entry *e = tscf_services_get(a->table, &keys[i]);

		value = e ? has(e, service) : 0;
		if (value == 0)
			return 0;
	}
	return value;
}

void asks_state(const struct asks *a, uint64_t cookie, enum ask_service service, bool *in_force, bool *refused)
{
	struct tscf_binding_key keys[TSCF_FAMILIES];
	const struct ask *one = find(a, cookie);
	unsigned count = one ? registry_keys(a->registry, &one->socket, keys) : 0;

	*in_force = one && asks_in_force(a, one, service) != 0;
	*refused = false;
	for (unsigned i = 0; i < count; i++) {
		const struct tscf_service_entry *e = tscf_services_get(a->table, &keys[i]);
		bool wanted = e && (service == ASK_REDUNDANCY ? e->wanted.redundancy != TSCF_REDUNDANCY_NONE
							      : e->wanted.datagram);

		*refused |= wanted && e->refused && has(e, service) == 0;
	}
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

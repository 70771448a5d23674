/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/subscriptions.h"

#include "common/base/datagram.h"
#include "common/base/log.h"
#include "common/control/control_address.h"
#include "tscf-client/sockets/registry_wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/** A program that has subscribed. */
struct subscriber {
	struct subscriber *next;
	struct tscf_control_call_in *call;
	struct watch *watches;
	unsigned count;
};

/** A socket that has watchers. */
struct watched {
	uint64_t cookie;
	struct tscf_socket socket;
	enum tscf_level level;
	uint32_t generation; /**< of the registry's dump in which it was last seen */
	bool available, enabled;
	struct {
		bool available, enabled;
	} asked[ASK_SERVICES];
	struct watch *watches;
	UT_hash_handle hh;
};

/** One subscriber's watch of one socket. */
struct watch {
	struct subscriber *subscriber;
	struct watched *watched;
	struct watch *of_subscriber, *of_watched; /**< next ones */
};

static struct watched *find(const struct subscriptions *n, uint64_t cookie)
{
	struct watched *w;
	HASH_FIND(hh, n->sockets, &cookie, sizeof(cookie), w);
	return w;
}

/* --- the state of sockets --- */

static bool rules_lead_to_encrypted(const struct subscriptions *n)
{
	return dtte_is_up(n->dtte) && n->dtte->gate == DTTE_GATE_OPEN;
}

/*
 * Once acknowledged, a socket stays enabled as long as its entry does: repeated registrations change nothing for its
 * packets.
 */
static bool is_key_bound(const struct subscriptions *n, const struct watched *w, const struct tscf_binding_key *key)
{
	const struct tscf_binding *b = tscf_bindings_find(n->registry->table, key, tscf_timers_now(n->timers));
	if (!b || b->state != TSCF_BINDING_ACTIVE || !tscf_level_wants_encryption(b->level))
		return false;
	return w->enabled || (b->announced && !registry_under_way(n->registry, &b->key));
}

static bool is_bound(const struct subscriptions *n, const struct watched *w)
{
	struct tscf_binding_key keys[TSCF_FAMILIES];
	unsigned count = registry_keys(n->registry, &w->socket, keys);
	for (unsigned i = 0; i < count; i++)
		if (!is_key_bound(n, w, &keys[i]))
			return false;
	return count > 0;
}

static bool is_enabled(const struct subscriptions *n, const struct watched *w)
{
	if (!rules_lead_to_encrypted(n))
		return false;
	/* Packets of a raw socket bind their flows themselves.  A socket bound to the encrypted address is never
	 * elsewhere. */
	if (w->socket.type == SOCK_RAW || tscf_addrs_have(&n->encrypted->internal, &w->socket.local))
		return true;
	return is_bound(n, w);
}

static void judge(const struct subscriptions *n, const struct watched *w, bool *available, bool *enabled)
{
	bool wants = preferred_wants(n->preferred, registry_effective(n->registry, w->level));
	*available = !wants || n->dtte->failures == 0;
	*enabled = wants && is_enabled(n, w);
}

/* --- sending events --- */

static const char *reason_for(const struct subscriptions *n, enum tscf_level level)
{
	if (preferred_wants(n->preferred, level))
		return n->dtte->reason;
	return tscf_level_wants_encryption(level) ? preferred_why_plain(n->preferred)
						  : "the socket does not ask for encryption";
}

static void tell_socket(struct subscriptions *n, const struct watched *w, struct subscriber *s)
{
	struct tscf_control_event event = {.type = TSCF_CONTROL_EVENT_SOCKET,
					   .cookie = {(uint32_t)w->cookie, (uint32_t)(w->cookie >> 32)},
					   .available = w->available,
					   .enabled = w->enabled};
	snprintf(event.reason, sizeof(event.reason), "%s", reason_for(n, registry_effective(n->registry, w->level)));
	tscf_control_push(s->call, &event, sizeof(event));
}

/* Why a socket has what it asks for, or not. */
static const char *asked_reason(const struct subscriptions *n, const struct watched *w, enum ask_service service)
{
	const struct ask *one = asks_of(n->asks, w->cookie);
	bool granted = one && asks_in_force(n->asks, one, service) != 0;
	if (!one || one->of[service].value == 0)
		return service == ASK_REDUNDANCY ? "the socket does not ask for redundancy"
						 : "the socket does not ask for datagrams";
	if (service == ASK_DATAGRAM && one->of[service].value == TSCF_DATAGRAM_NEVER)
		return "the socket does not want datagrams";
	if (w->asked[service].enabled)
		return service == ASK_REDUNDANCY ? "granted" : "its packets go by datagrams";
	if (!w->asked[service].available)
		return n->asks->reason;
	return granted ? "datagrams do not get through, or there was no packet yet" : "not granted yet";
}

static void tell_asked(const struct subscriptions *n, const struct watched *w, enum ask_service service,
		       struct subscriber *s)
{
	struct tscf_control_event event = {.type = service == ASK_REDUNDANCY ? TSCF_CONTROL_EVENT_REDUNDANCY
									     : TSCF_CONTROL_EVENT_DDT,
					   .cookie = {(uint32_t)w->cookie, (uint32_t)(w->cookie >> 32)},
					   .available = w->asked[service].available,
					   .enabled = w->asked[service].enabled};
	snprintf(event.reason, sizeof(event.reason), "%s", asked_reason(n, w, service));
	tscf_control_push(s->call, &event, sizeof(event));
}

static void tell_tunnel(struct subscriptions *n, bool encrypted, struct subscriber *s)
{
	struct tscf_control_event event = {
	    .type = TSCF_CONTROL_EVENT_TUNNEL, .encrypted = encrypted, .up = encrypted ? n->encrypted_up : n->plain_up};
	snprintf(event.reason, sizeof(event.reason), "%s", encrypted ? n->dtte->reason : n->plain_reason);
	tscf_control_push(s->call, &event, sizeof(event));
}

static void tell_outer(const struct subscriptions *n, struct subscriber *s)
{
	struct tscf_control_event event = {.type = TSCF_CONTROL_EVENT_OUTER, .outer = n->outer};
	tscf_control_push(s->call, &event, sizeof(event));
}

/* The call that sends an event drops a subscriber that is too slow, and removes it from the lists. */
static void tell_all_tunnel(struct subscriptions *n, bool encrypted)
{
	for (struct subscriber *s = n->subscribers, *next; s; s = next) {
		next = s->next;
		tell_tunnel(n, encrypted, s);
	}
}

/* @return whether media leaves by that tunnel as datagrams: by the tunnel itself, or by its media way. */
static bool sends_datagrams(const struct subscriptions *n, bool encrypted)
{
	const struct tunnel *t = encrypted ? n->encrypted : n->plain;
	const struct side_way *media = encrypted ? n->encrypted_media : n->plain_media;
	return t->state == TUNNEL_UP && (!t->transport->ops->stream || media->state == SIDE_WAY_UP);
}

static bool is_in_force(const struct subscriptions *n, const struct watched *w, enum ask_service service, bool *refused)
{
	const struct ask *one = asks_of(n->asks, w->cookie);
	bool in_force;
	asks_state(n->asks, w->cookie, service, &in_force, refused);
	if (service != ASK_DATAGRAM || !in_force)
		return in_force;
	return one->of[service].value == TSCF_DATAGRAM_PREFERRED && sends_datagrams(n, w->enabled);
}

static void look_at_asked(struct subscriptions *n, struct watched *w, enum ask_service service)
{
	bool refused, enabled = is_in_force(n, w, service, &refused);
	if (w->asked[service].available == !refused && w->asked[service].enabled == enabled)
		return;
	w->asked[service].available = !refused;
	w->asked[service].enabled = enabled;
	for (struct watch *at = w->watches, *next; at; at = next) {
		next = at->of_watched;
		tell_asked(n, w, service, at->subscriber);
	}
}

static void look_at_all_asked(struct subscriptions *n, struct watched *w)
{
	for (unsigned i = 0; i < ASK_SERVICES; i++)
		look_at_asked(n, w, (enum ask_service)i);
}

static void look_again(struct subscriptions *n, struct watched *w)
{
	bool available, enabled;
	judge(n, w, &available, &enabled);
	if (available == w->available && enabled == w->enabled)
		return;
	w->available = available;
	w->enabled = enabled;
	for (struct watch *at = w->watches, *next; at; at = next) {
		next = at->of_watched;
		tell_socket(n, w, at->subscriber);
	}
}

static bool tunnels_differ(struct subscriptions *n)
{
	bool open = rules_lead_to_encrypted(n), differs = open != n->open || n->dtte->failures != n->failures;
	bool plain = sends_datagrams(n, false), encrypted = sends_datagrams(n, true);
	differs |= plain != n->plain_datagrams || encrypted != n->encrypted_datagrams;
	n->plain_datagrams = plain;
	n->encrypted_datagrams = encrypted;
	n->open = open;
	n->failures = n->dtte->failures;
	return differs;
}

static void look_at_outer(struct subscriptions *n)
{
	struct tscf_control_outer outer = {.transport = ""};
	if (n->plain_up) {
		outer.local = tscf_control_endpoint(&n->plain->transport->local);
		outer.remote = tscf_control_endpoint(&n->plain->way.remote);
		outer.nat = tscf_control_endpoint(n->observed);
		snprintf(outer.transport, sizeof(outer.transport), "%s", n->plain->transport->ops->name);
	}
	if (memcmp(&outer, &n->outer, sizeof(outer)) == 0)
		return;
	n->outer = outer;
	for (struct subscriber *s = n->subscribers, *next; n->plain_up && s; s = next) {
		next = s->next;
		tell_outer(n, s);
	}
}

static void look_at_tunnels(struct subscriptions *n)
{
	bool plain = n->plain->state == TUNNEL_UP, encrypted = dtte_is_up(n->dtte);
	if (plain != n->plain_up) {
		n->plain_up = plain;
		tell_all_tunnel(n, false);
	}
	if (encrypted != n->encrypted_up) {
		n->encrypted_up = encrypted;
		tell_all_tunnel(n, true);
	}
}

void subscriptions_flush(struct subscriptions *n)
{
	bool differs = tunnels_differ(n);
	look_at_tunnels(n);
	look_at_outer(n);
	if (!n->dirty && !differs)
		return;
	n->dirty = false;
	for (struct watched *w = n->sockets, *next; w; w = next) {
		next = w->hh.next;
		look_again(n, w);
		look_at_all_asked(n, w);
	}
}

/* --- reports from other modules --- */

void subscriptions_changed(struct subscriptions *n)
{
	n->dirty = true;
}

void subscriptions_socket(struct subscriptions *n, const struct tscf_socket *s, enum tscf_level level)
{
	struct watched *w = n->sockets ? find(n, s->cookie) : NULL;
	if (!w)
		return;
	w->socket = *s;
	w->level = level;
	w->generation = n->registry->generation;
	n->dirty = true;
}

void subscriptions_dumped(struct subscriptions *n)
{
	for (struct watched *w = n->sockets; w; w = w->hh.next) {
		/* A datagram socket without a port exists, but is not listed. */
		if (w->level == TSCF_LEVEL_DEFAULT || w->socket.local_port == 0 ||
		    w->generation == n->registry->generation)
			continue;
		w->level = TSCF_LEVEL_DEFAULT;
		n->dirty = true;
	}
}

static void unlink_of_watched(struct subscriptions *n, struct watch *watch)
{
	struct watched *w = watch->watched;
	for (struct watch **at = &w->watches; *at; at = &(*at)->of_watched) {
		if (*at == watch) {
			*at = watch->of_watched;
			break;
		}
	}
	if (!w->watches) {
		HASH_DEL(n->sockets, w);
		free(w);
	}
}

static void watch_free(struct subscriptions *n, struct watch *watch)
{
	struct subscriber *s = watch->subscriber;
	for (struct watch **at = &s->watches; *at; at = &(*at)->of_subscriber) {
		if (*at == watch) {
			*at = watch->of_subscriber;
			break;
		}
	}
	s->count--;
	unlink_of_watched(n, watch);
	free(watch);
}

void subscriptions_destroyed(struct subscriptions *n, uint64_t cookie)
{
	struct watched *w = n->sockets ? find(n, cookie) : NULL;
	unsigned left = 0;
	/* Removing the last watch frees the socket. */
	for (struct watch *at = w ? w->watches : NULL; at; at = at->of_watched)
		left++;
	while (left-- > 0)
		watch_free(n, w->watches);
}

/* --- requests --- */

static struct subscriber *subscriber_of(const struct subscriptions *n, const struct tscf_control_call_in *call)
{
	for (struct subscriber *s = n->subscribers; s; s = s->next)
		if (s->call == call)
			return s;
	return NULL;
}

/* The subscriptions of a user must leave room for other calls of the user's programs. */
static bool may_subscribe(const struct subscriptions *n, uid_t uid)
{
	unsigned count = 0;
	for (const struct subscriber *s = n->subscribers; s; s = s->next)
		count += s->call->uid == uid;
	return uid == 0 || count < SUBSCRIPTIONS_PER_USER;
}

void subscriptions_subscribe(struct subscriptions *n, struct tscf_control_call_in *call)
{
	bool again = subscriber_of(n, call), allowed = may_subscribe(n, call->uid);
	struct subscriber *s = again || !allowed ? NULL : calloc(1, sizeof(*s));
	if (!s) {
		tscf_control_answer(call, again ? EALREADY : allowed ? ENOMEM : EUSERS, NULL);
		return;
	}
	subscriptions_flush(n);
	s->call = call;
	s->next = n->subscribers;
	n->subscribers = s;
	tscf_control_keep(call);
	tell_tunnel(n, false, s);
	tell_tunnel(n, true, s);
	if (n->plain_up)
		tell_outer(n, s);
}

static struct watched *watched_of(struct subscriptions *n, const struct tscf_socket *s)
{
	struct watched *w = find(n, s->cookie);
	if (w)
		return w;
	w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->cookie = s->cookie;
	w->available = true;
	for (unsigned i = 0; i < ASK_SERVICES; i++)
		w->asked[i].available = true;
	HASH_ADD(hh, n->sockets, cookie, sizeof(w->cookie), w);
	return w;
}

static struct watch *watch_new(struct subscriptions *n, struct subscriber *s, const struct tscf_socket *socket)
{
	struct watched *w = watched_of(n, socket);
	for (struct watch *at = w ? w->watches : NULL; at; at = at->of_watched)
		if (at->subscriber == s)
			return at;
	struct watch *watch = w ? calloc(1, sizeof(*watch)) : NULL;
	if (!watch)
		return NULL;
	*watch = (struct watch){.subscriber = s, .watched = w, .of_subscriber = s->watches, .of_watched = w->watches};
	s->watches = w->watches = watch;
	s->count++;
	return watch;
}

static bool may_watch(const struct subscriptions *n, const struct subscriber *s)
{
	const uid_t uid = s->call->uid;
	unsigned count = 0;
	if (s->count >= SUBSCRIPTIONS_WATCHES_MAX)
		return false;
	for (const struct subscriber *other = n->subscribers; uid != 0 && other; other = other->next)
		count += other->call->uid == uid ? other->count : 0;
	return count < SUBSCRIPTIONS_WATCHES_PER_USER;
}

void subscriptions_watch(struct subscriptions *n, struct tscf_control_call_in *call)
{
	struct subscriber *s = subscriber_of(n, call);
	struct tscf_socket socket;
	int error = call->fd < 0 || !s ? -EINVAL : tscf_socket_of_own(call->fd, &socket);
	if (error == 0 && !may_watch(n, s))
		error = -ENOSPC;
	if (error == -EINVAL) {
		tscf_control_answer(call, EINVAL, NULL);
		return;
	}
	struct watch *watch = error == 0 ? watch_new(n, s, &socket) : NULL;
	if (!watch) {
		tscf_debug("a socket is not watched for its program: %s", strerror(error ? -error : ENOMEM));
		return;
	}
	subscriptions_socket(n, &socket, tscf_mark_level(socket.mark, n->config->fwmark_mask));
	look_again(n, watch->watched);
	look_at_all_asked(n, watch->watched);
	/* Earlier watchers have the state already.  A new one assumes "available, not enabled" until it gets an
	 * event. */
	tell_socket(n, watch->watched, s);
	for (unsigned i = 0; i < ASK_SERVICES; i++)
		if (!watch->watched->asked[i].available || watch->watched->asked[i].enabled)
			tell_asked(n, watch->watched, (enum ask_service)i, s);
}

void subscriptions_unwatch(struct subscriptions *n, struct tscf_control_call_in *call)
{
	struct subscriber *s = subscriber_of(n, call);
	uint64_t cookie = call->request.cookie[0] | (uint64_t)call->request.cookie[1] << 32;
	if (!s) {
		tscf_control_answer(call, EINVAL, NULL);
		return;
	}
	for (struct watch *at = s->watches; at; at = at->of_subscriber) {
		if (at->watched->cookie == cookie) {
			watch_free(n, at);
			return;
		}
	}
}

bool subscriptions_gone(struct subscriptions *n, struct tscf_control_call_in *call)
{
	for (struct subscriber **at = &n->subscribers; *at; at = &(*at)->next) {
		struct subscriber *s = *at;
		if (s->call != call)
			continue;
		*at = s->next;
		while (s->watches)
			watch_free(n, s->watches);
		free(s);
		return true;
	}
	return false;
}

void subscriptions_free(struct subscriptions *n)
{
	while (n->subscribers)
		subscriptions_gone(n, n->subscribers->call);
}

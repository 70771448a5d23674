/* SPDX-License-Identifier: GPL-3.0-or-later */
/* registry_see.c - what one socket, as the kernel has it, means for the entries. */
#include "tscf-client/sockets/registry_entry.h"

#include <sys/socket.h>

/* A socket that is moving back keeps its mark until the server has confirmed (moves.h), and the dump may be older than
 * its new mark. */
static bool is_leaving(const struct registry *r, const struct tscf_socket *s, const struct tscf_binding *b)
{
	bool released = b && b->state == TSCF_BINDING_RELEASED && b->expires > tscf_timers_now(r->timers);
	return r->events->is_leaving(r->context, s->cookie) ||
	       (released && b->cookie == s->cookie && b->level == TSCF_LEVEL_UNENCRYPTED);
}

/* An encrypted socket with the same key would decide.  Whether there is one is known only when the dump is complete. */
static void dump_plain_socket(struct registry *r, const struct tscf_socket *s, const struct tscf_binding_key *key,
			      struct tscf_binding *b)
{
	if (b && b->state == TSCF_BINDING_ACTIVE && b->level == TSCF_LEVEL_UNENCRYPTED)
		b->generation = r->generation;
	else if (b && b->state == TSCF_BINDING_ACTIVE)
		b->plain_generation = r->generation;
	else if (registry_wider_entry(r, key))
		registry_bind(r, key, TSCF_LEVEL_UNENCRYPTED, s->cookie, false, 0);
}

/* A socket that has sent packets to a remote for which a policy allows no clear packets: the answers cannot be told
 * from the other packets that it receives. */
static bool sent_to_encrypted_only(const struct registry *r, const struct tscf_socket *s, const struct tscf_binding *b)
{
	uint32_t value = tscf_mark_get(s->mark, r->config->fwmark_mask);
	return b && b->state == TSCF_BINDING_ACTIVE && b->level == TSCF_LEVEL_ENCRYPTED_ONLY &&
	       !(value & TSCF_MARK_EXPLICIT) &&
	       policy_may_need_encryption(&r->config->policies, s, value >> TSCF_MARK_POLICY_SHIFT);
}

/* If a policy had bound the socket, it no longer does. */
static void dump_default_socket(struct registry *r, const struct tscf_socket *s, struct tscf_binding *b)
{
	if (b && b->state == TSCF_BINDING_ACTIVE && b->cookie == s->cookie && s->inode != 0)
		b->plain_generation = r->generation;
}

static void dump_key(struct registry *r, const struct tscf_socket *s, enum tscf_level level,
		     const struct tscf_binding_key *key)
{
	struct tscf_binding *b = tscf_bindings_get(r->table, key);
	/* A preferred socket that has no binding, or is an exception, was plain until now. */
	bool moved = level == TSCF_LEVEL_ENCRYPTED_PREFERRED && (!b || b->level == TSCF_LEVEL_UNENCRYPTED);
	if (sent_to_encrypted_only(r, s, b))
		registry_bind(r, key, TSCF_LEVEL_ENCRYPTED_ONLY, s->cookie, false, 0);
	else if (level == TSCF_LEVEL_DEFAULT)
		dump_default_socket(r, s, b);
	else if (!preferred_wants(r->preferred, level))
		dump_plain_socket(r, s, key, b);
	else if (!is_leaving(r, s, b))
		registry_bind(r, key, level, s->cookie, moved, 0);
	else if (b && b->state == TSCF_BINDING_ACTIVE && b->level == TSCF_LEVEL_UNENCRYPTED)
		b->generation = r->generation;
}

/* Whether an entry is bound by this socket. */
static bool is_of(const struct registry *r, const struct tscf_socket *s, const struct tscf_binding_key *key)
{
	const struct tscf_binding *b = tscf_bindings_get(r->table, key);
	return b && b->state == TSCF_BINDING_ACTIVE && b->cookie == s->cookie;
}

/* A connection that a wider entry covers gets one of its own by the next dump: many connections do not live as long. */
static bool is_covered(struct registry *r, const struct tscf_socket *s, enum tscf_level level,
		       const struct tscf_binding_key *key)
{
	const struct tscf_binding *b = s->type == SOCK_STREAM && s->remote_port != 0
					   ? tscf_bindings_find(r->table, key, tscf_timers_now(r->timers))
					   : NULL;
	return b && b->state == TSCF_BINDING_ACTIVE && b->level == level && b->key.remote_port == 0;
}

/* With a guard: note the socket.  @p bound: an entry is bound by it.  @p told: by an event, not by a dump. */
static void know(struct registry *r, const struct tscf_socket *s, enum tscf_level level, bool bound, bool told)
{
	struct known_socket *one = known_get(&r->known, s->cookie);
	bool wants = tscf_level_wants_encryption(level), before = one && tscf_level_wants_encryption(one->level);
	bool unexpected = !one && !told && r->reconciling && s->inode != 0 && !known_is_silent(s);

	if (level == TSCF_LEVEL_DEFAULT && !bound) {
		if (one)
			known_forget(&r->known, one);
		return;
	}
	if (wants && (!one || one->generation != r->generation))
		shares_seen(&r->shares, s->uid);
	if (wants && told && !before)
		shares_more(&r->shares, s->uid);
	one = known_put(&r->known, s, level);
	if (!one) {
		/* It would be forgotten at its end, so go on listing. */
		registry_lost(r);
		return;
	}
	one->generation = r->generation;
	one->unexpected = unexpected || (one->unexpected && !told);
}

void registry_see(struct registry *r, const struct tscf_socket *s, bool told)
{
	struct tscf_binding_key keys[TSCF_FAMILIES];
	enum tscf_level level = registry_level(r, s);
	bool bound = false;
	if (level != TSCF_LEVEL_DEFAULT)
		r->events->seen(r->context, s, level);
	unsigned count = registry_keys(r, s, keys);
	device_bound_seen(&r->device_bound, s, keys, count, r->generation);
	for (unsigned i = 0; i < count; i++) {
		if (!told || !is_covered(r, s, level, &keys[i]))
			dump_key(r, s, level, &keys[i]);
		bound |= is_of(r, s, &keys[i]);
	}
	if (r->exact)
		know(r, s, level, bound, told);
}

void registry_end_entry(struct registry *r, struct tscf_binding *b)
{
	if (b->level == TSCF_LEVEL_ENCRYPTED_PREFERRED) {
		if (b->plain_generation == r->generation)
			registry_keep_plain(r, b, b->cookie);
		else
			registry_close_preferred(r, b);
		return;
	}
	if (b->level == TSCF_LEVEL_UNENCRYPTED) {
		registry_end_exception(r, &b->key, 0);
		return;
	}
	if (b->plain_generation == r->generation && b->announced) {
		/* Not a move: a policy may claim the socket again at once (is_leaving). */
		b->cookie = 0;
		registry_release_entry(r, b, TSCF_LEVEL_UNENCRYPTED, 0);
		return;
	}
	tscf_binding_bury(b, tscf_timers_now(r->timers));
	if (dtte_is_up(r->dtte) && (b->announced || r->covered))
		registry_queue(r, &b->key, TSCF_BIND_ACTION_CLOSE, b->level, false, 0);
}

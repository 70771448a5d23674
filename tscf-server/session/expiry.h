/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * expiry.h - when each session is looked at again (sweep.h).
 *
 * A session whose interface has the service server-keepalive is also asked after a shorter silence, so that address
 * translators and firewalls on the way to a client that is asleep remember its tunnel (tscf-server.conf(5)).
 *
 * Each list has one pause for all its sessions, so it is in the order of time without being sorted.
 */
#ifndef TSCF_SERVER_EXPIRY_H
#define TSCF_SERVER_EXPIRY_H

#include <stdint.h>

struct server_session;
struct server_state;

/** @p s is new, and to be confirmed within SERVER_CONFIRM_MS. */
void server_expiry_begin(struct server_state *state, struct server_session *s, uint64_t now);
/** @p s is confirmed; its services are known. */
void server_expiry_confirm(struct server_state *state, struct server_session *s, uint64_t now);
/** @p s ends. */
void server_expiry_leave(struct server_state *state, struct server_session *s);

/** A session with keepalives is looked at so often in their time: one comes at most this part of it too early. */
#define SERVER_LOOKS_PER_KEEPALIVE 5

/** @return ms between two looks at a session whose client may be silent. */
uint64_t server_check_pause(const struct server_state *state);
/** @return ms between two looks at a session with keepalives. */
uint64_t server_look_pause(const struct server_state *state);

#endif

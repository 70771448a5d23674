/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session_order.h - the order in which `tscf-server sessions` lists sessions, and the places in it at which a list goes
 * on.
 *
 * Sessions begin and end between two lists, so a place is not a number of sessions that were listed.  It is what the
 * order knows of one session: its member `place`, and the value by which the list is sorted.  A list that goes on
 * behind a place repeats none and leaves out none, as long as these two stay as they are; the session itself may have
 * ended.
 */
#ifndef TSCF_SERVER_SESSION_ORDER_H
#define TSCF_SERVER_SESSION_ORDER_H

#include <jansson.h>

/** What a list is sorted by. */
struct session_key;

/** The names of all keys, for an error message. */
#define SESSION_KEYS "identity, internal, outer, age, idle, received or sent"

/** @return the key of this name, or NULL. */
const struct session_key *session_key_find(const char *name);

/**
 * Compare two sessions.  Numbers, ages too, begin with the largest; sessions with the same value have the order of
 * their places.
 *
 * @return less than, equal to or greater than 0.  Two sessions are never equal.
 */
int session_compare(const json_t *one, const json_t *other, const struct session_key *key);

/**
 * @param key NULL: the list has the order of the daemon.
 *
 * @return the text of a session's place, which needs no quotes in a shell (malloc'ed, the caller frees), or NULL: there
 *	   is no memory, or the daemon is an older one that tells no places.
 */
char *session_place_format(const json_t *session, const struct session_key *key);

/**
 * Read what session_place_format wrote with the same key.
 *
 * @return what session_compare needs of that session (json_decref), or NULL: it is no such text, or there is no memory.
 */
json_t *session_place_parse(const char *text, const struct session_key *key);

#endif

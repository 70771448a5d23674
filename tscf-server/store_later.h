/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store_later.h - a server that could not open its store at the start, as on a full disk, has one when it can.
 *
 * A thread tries again, with pauses.  What the store has of a previous run is forgotten then, since the clients have
 * other sessions now; all that is there goes to it.
 */
#ifndef TSCF_SERVER_STORE_LATER_H
#define TSCF_SERVER_STORE_LATER_H

/** Pause between two tries, in seconds. */
#define SERVER_STORE_LATER_S 10

struct server;

/** Begin to try, if there is no store; the workers run. */
void server_store_later_start(struct server *server);
/** Try no more; before the workers stop. */
void server_store_later_stop(struct server *server);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * disconnect.h - the daemon's half of `tscf-server disconnect`: ends the tunnels of clients, and tells them.
 *
 * The packets of a worker's clients wait only while a few of its sessions are looked at or ended.
 */
#ifndef TSCF_SERVER_DISCONNECT_H
#define TSCF_SERVER_DISCONNECT_H

#include "tscf-server/admin/roster.h"
#include "tscf-server/context.h"
#include "tscf-server/session/who.h"

/** Most sessions that are looked at, and clients whose tunnels are ended, at a time. */
#define SERVER_DISCONNECT_LOOK 512
#define SERVER_DISCONNECT_END  32

/** Tunnels that have ended. */
struct server_disconnected {
	unsigned plain, encrypted;
};

/**
 * End some tunnels of the clients that are meant: of one that is meant by one tunnel, the other ends too.
 *
 * @param place where to go on; all zero at first
 * @return whether there may be more.
 */
bool server_disconnect_some(struct server_state *state, const struct server_who *who, uint64_t now,
			    struct server_roster_place *place, struct server_disconnected *ended);

/**
 * End all tunnels of the clients that @p text names.
 *
 * @return 0 with an object of the numbers `plain` and `encrypted` as JSON text in *json (malloc'ed, the caller frees);
 * -ENOENT: there are none; -EINVAL: there is no text; or -ENOMEM.
 */
int server_disconnect(struct server *server, const char *text, char **json);

#endif

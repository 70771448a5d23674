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

/** Most sessions that are looked at, and clients whose tunnels are ended, at a time. */
#define SERVER_DISCONNECT_LOOK 512
#define SERVER_DISCONNECT_END  32

/** The clients that are meant: those of whom one of these is true. */
struct server_who {
	const char *identity;     /**< as in struct tscf_client_name, with or without the kind; borrowed */
	uint64_t tsid;            /**< TSCF_TSID_NONE: not meant by a TSID */
	struct tscf_addr address; /**< outer or internal; family 0: not meant by an address */
	uint16_t port;            /**< of the outer address; 0: any */
};

/** Tunnels that have ended. */
struct server_disconnected {
	unsigned plain, encrypted;
};

/** Read an identity, a TSID of 16 hexadecimal digits, or an address, perhaps with a port. */
void server_who_read(const char *text, struct server_who *out);

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

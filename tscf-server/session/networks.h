/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * networks.h - what clients reach through the server: routes, DNS and SIP servers; tscf(7), "CHANGES OF NETWORKS".
 *
 * A client gets them when its plain tunnel is configured.  When a reload changes them, each connected client is told by
 * a keepalive request, which it answers.  One that has not answered is told again whenever it sends a keepalive itself,
 * and so is one whose session was restored: what it was told in the former run is not known.
 */
#ifndef TSCF_SERVER_NETWORKS_H
#define TSCF_SERVER_NETWORKS_H

#include <stdint.h>

struct server_session;
struct server_settings;
struct server_state;
struct tscf_writer;

/** Part of a plain session.  Numbers are those of settings.networks_number; 0: none that is known. */
struct server_told_networks {
	uint32_t known;    /**< the client has these */
	uint32_t sent;     /**< these were sent last, */
	uint32_t sequence; /**< by the keepalive request of this number */
};

/** Write the routes of @p settings. */
void server_networks_write_routes(const struct server_settings *settings, struct tscf_writer *w);
/** Write the DNS servers, and SIP servers where @p services have SIP. */
void server_networks_write_servers(const struct server_settings *settings, uint32_t services, struct tscf_writer *w);

/** Tell the client of @p s, a confirmed plain session, unless it has the networks of now. */
void server_networks_tell(struct server_state *state, struct server_session *s);
/** The same for all clients. */
void server_networks_tell_all(struct server_state *state);
/** The client of @p s has answered the server's keepalive request number @p sequence. */
void server_networks_answered(struct server_session *s, uint32_t sequence);

#endif

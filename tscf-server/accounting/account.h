/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * account.h - one record of a tunnel, or of the server, for those who keep accounts.
 *
 * A tunnel has a record when it begins, at intervals while it lasts, and when it ends.  Its numbers count from its
 * beginning.  A tunnel that is resumed, that moves to another worker or that survives a restart of the server is the
 * same tunnel.
 */
#ifndef TSCF_SERVER_ACCOUNT_H
#define TSCF_SERVER_ACCOUNT_H

#include "tscf-server/store/record.h"

#include "common/auth/proof.h"
#include "common/base/addr.h"

#include <stdbool.h>
#include <stdint.h>

/** Levels of sockets, enum tscf_level. */
#define SERVER_ACCOUNT_LEVELS 4
/** Room for the reason of an end; a longer one is cut. */
#define SERVER_ACCOUNT_WHY 96

enum server_account_event {
	SERVER_ACCOUNT_SERVER_START, /**< encrypted tunnels without an end have ended */
	SERVER_ACCOUNT_START,
	SERVER_ACCOUNT_INTERIM,
	SERVER_ACCOUNT_STOP,
	SERVER_ACCOUNT_SERVER_STOP,
	SERVER_ACCOUNT_LOST, /**< records that followed here are missing */
};

/** Records of the server and LOST use no members but the first three. */
struct server_account {
	enum server_account_event event;
	int64_t at;    /**< Unix time, seconds */
	uint64_t lost; /**< LOST: how many */

	uint64_t tsid;
	uint64_t plain; /**< TSID of the client's plain tunnel, which may be this one */
	bool encrypted;
	char identity[TSCF_PROOF_NAME]; /**< struct tscf_client_name; "": nothing was proved */
	char interface[SERVER_RECORD_NAME];
	const char *transport; /**< a constant; NULL: not known any more */
	union tscf_endpoint outer;
	struct tscf_addr internal[TSCF_FAMILIES]; /**< family 0: none */
	int64_t since;                            /**< Unix time, seconds */
	struct server_traffic traffic;
	int64_t packets_lost; /**< tscf_peer_lost; -1: not known */
	bool levels_known;
	unsigned levels[SERVER_ACCOUNT_LEVELS]; /**< entries that are bound or shielded, by level */
	uint8_t class_length;
	uint8_t class[SERVER_RADIUS_VALUE]; /**< which the RADIUS server has granted; not in accounting-log */
	char why[SERVER_ACCOUNT_WHY];       /**< STOP: the reason, for people */
};

#endif

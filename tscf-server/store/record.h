/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * record.h - a plain session as bytes: for the store, from which it is restored after a restart, and for another
 * worker.
 *
 * The bytes are a control message that is never sent: header with the TSID, then TLVs, those of the protocol where
 * there is one, and others of type 0x8000 and above.  An earlier version skips TLVs that a later one adds.  Reading is
 * a pure function of untrusted bytes.
 *
 * A record holds no bindings: these are found by their address (binding.h).
 */
#ifndef TSCF_SERVER_RECORD_H
#define TSCF_SERVER_RECORD_H

#include "tscf-server/address/lease.h"
#include "tscf-server/radius/radius.h"

#include "common/auth/proof.h"
#include "common/auth/seal.h"
#include "common/base/addr.h"

#include <stdbool.h>
#include <stdint.h>

/** Longest name of an interface that can be restored, with its NUL. */
#define SERVER_RECORD_NAME 64
/** Bytes of the key that resumes a session, and of its lock, SHA-256 of it. */
#define SERVER_RESUME_LOCK_SIZE 32
/** Most bytes of a record. */
#define SERVER_RECORD_SIZE 1056

/** Inner packets of a tunnel that were forwarded, and their bytes. */
struct server_traffic {
	uint64_t received_packets, received_bytes, sent_packets, sent_bytes;
};

struct server_record {
	uint64_t tsid;
	char interface[SERVER_RECORD_NAME];
	union tscf_endpoint outer;
	struct tscf_addr local;                  /**< the server's address that the client uses; family 0: not known */
	struct tscf_addr address[TSCF_FAMILIES]; /**< family 0: none of this family */
	uint8_t client_id[SERVER_CLIENT_ID_SIZE];
	uint32_t services;
	bool quiet, guarded;
	unsigned place; /**< index among the addresses that the interface listens on */
	bool stream;    /**< its transport is a connection, not a datagram socket */
	bool resumable; /**< resume_lock is there */
	uint8_t resume_lock[SERVER_RESUME_LOCK_SIZE];
	bool named; /**< `who` is set: the client has proved that identity */
	struct tscf_client_name who;
	bool shield_locked; /**< shield_lock is there */
	uint8_t shield_lock[SERVER_LOCK_SIZE];
	int64_t since;                 /**< when the tunnel began, Unix time; 0: not known */
	struct server_traffic traffic; /**< so far */
	int64_t allowed_until;         /**< when its time is over, Unix time; 0: without limit (allowance.h) */
	uint32_t granted_up,
	    granted_down;  /**< bytes in a second that its client may send and get; 0: no limit (quota.h) */
	uint32_t interval; /**< seconds between two of its records; 0: that of the settings (accounting.h) */
	uint8_t class_length;
	uint8_t class[SERVER_RADIUS_VALUE];
	struct tscf_seal seal; /**< as bytes, only its keys: its numbers are those of one run of the server */
};

/** Write @p r into @p data.  @return the length, or -EMSGSIZE: the name of the interface is too long. */
int server_record_write(const struct server_record *r, uint8_t data[SERVER_RECORD_SIZE]);

/** Read @p length bytes.  @return 0, or -EINVAL with *out undefined. */
int server_record_read(const uint8_t *data, uint32_t length, struct server_record *out);

#endif

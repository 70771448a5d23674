/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * seal.h - authenticates the control messages of a plain tunnel after its configuration.
 *
 * tscf(7), "AUTHENTICATED CONTROL", is the specification.  A sealed message ends with a TLV that has the number of the
 * message and a MAC over everything before the MAC.  Each end numbers its messages and accepts every number once.  The
 * upper half of a number is the run of the server: both ends go on in a new run when the server was restarted.
 * No I/O, no allocation.
 */
#ifndef TSCF_SEAL_H
#define TSCF_SEAL_H

#include "common/packet/message.h"

#include <stdbool.h>
#include <stdint.h>

#define TSCF_SEAL_KEY_SIZE 32
/** A message is not too late if fewer than this many others overtook it. */
#define TSCF_SEAL_WINDOW 64
/** How much a seal adds to a message. */
#define TSCF_SEAL_SIZE (TSCF_TLV_HEADER + TSCF_SEAL_VALUE_SIZE)

/** One end of a session.  All zero: the session has no keys. */
struct tscf_seal {
	bool agreed; /**< there are keys: every message is sealed */
	uint8_t send_key[TSCF_SEAL_KEY_SIZE], receive_key[TSCF_SEAL_KEY_SIZE];
	uint64_t sent; /**< number of the last message that was sealed */
	uint64_t next; /**< the highest number accepted, plus 1 */
	uint64_t seen; /**< bit n: number next - 1 - n was accepted, or must not be */
};

enum tscf_seal_result {
	TSCF_SEAL_RIGHT,
	TSCF_SEAL_MISSING,  /**< the last TLV is not a seal */
	TSCF_SEAL_FORGED,   /**< the MAC is wrong */
	TSCF_SEAL_REPLAYED, /**< the number was accepted before, or is too old */
	TSCF_SEAL_PAST,     /**< the MAC is right, but the number is of an earlier run of the server */
};

/** Seal the finished message of @p length bytes, which has room for TSCF_SEAL_SIZE more.  @return the new length. */
uint32_t tscf_seal_close(struct tscf_seal *seal, uint8_t *data, uint32_t length);
/** Check the decoded message @p m.  Its number is used up only if the result is TSCF_SEAL_RIGHT. */
enum tscf_seal_result tscf_seal_open(struct tscf_seal *seal, const struct tscf_message *m);
/** The client, after an accepted message: number the next messages in the server's run. */
void tscf_seal_follow(struct tscf_seal *seal);
/** The server, after a restart: this run, at least 1, is later than every one before. */
void tscf_seal_restart(struct tscf_seal *seal, uint32_t run);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resume.h - the plain tunnel goes on after the client's outer address has changed: same session, same addresses.
 *
 * tscf(7), "RESUME".  The server holds the lock of a key that only this client has.  A key can be shown only once, so
 * every request also brings the lock of the next key.
 */
#ifndef TSCF_CLIENT_RESUME_H
#define TSCF_CLIENT_RESUME_H

#include "common/packet/message.h"
#include "tscf-client/tunnel/sealing.h"

#include <stdbool.h>
#include <stdint.h>

#define RESUME_KEY_SIZE 32

struct resume {
	uint64_t tsid;   /**< the session that can be resumed; TSCF_TSID_NONE: none */
	unsigned server; /**< the server of that session: its place in the list */
	uint8_t key[RESUME_KEY_SIZE], next_key[RESUME_KEY_SIZE];
	struct sealing *sealing; /**< the keys of that session; NULL: none */
	unsigned turn;           /**< how often the key has changed; several requests with one key may be under way */
	bool second_try; /**< the key was refused: an earlier request may have used it, so the next key is tried */
};

/** No session: forget the key. */
void resume_forget(struct resume *r);
/** Draw a key for a new session, and write its lock into the configuration request. */
void resume_write_lock(struct resume *r, struct tscf_writer *w);
/** The server has configured the session with that lock; @p sealing gets one more hold. */
void resume_ready(struct resume *r, uint64_t tsid, unsigned server, struct sealing *sealing);

/** Write the fields of a resume request. */
void resume_write_key(const struct resume *r, struct tscf_writer *w);
/** The server has accepted the key of @p turn: the next one is the key now. */
void resume_accepted(struct resume *r, unsigned turn);
/** The server has refused the key of @p turn.  @return whether to try again, with another key. */
bool resume_refused(struct resume *r, unsigned turn);

#endif

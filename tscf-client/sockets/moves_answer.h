/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * moves_answer.h - what a change of levels has done, for the caller: which sockets have moved, and which could not.
 */
#ifndef TSCF_CLIENT_MOVES_ANSWER_H
#define TSCF_CLIENT_MOVES_ANSWER_H

#include "tscf-client/sockets/moves.h"

/** A socket that keeps the level that it had. */
struct miss {
	struct miss *next;
	struct tscf_socket socket;
	pid_t pid;
	int error;
};

/**
 * A socket of process @p pid (0: unknown) cannot be changed, for @p error (-errno).  If the change has no caller who is
 * told, it is logged.
 *
 * @param s  what is known of it; the rest is zero
 */
void moves_missed(struct moves *moves, struct change *change, const struct tscf_socket *s, pid_t pid, int error);
/** Forget them. */
void moves_missed_free(struct change *change);
/** @return the answer to LEVEL_OF, JSON (tscf-client(8)), which the caller frees; NULL: no socket was found, or out of
 * memory. */
char *moves_describe(struct moves *moves, const struct change *change);

#endif

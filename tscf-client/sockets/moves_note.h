/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * moves_note.h - a move leaves a line in the log (move_log.h), and its time (history.h).
 */
#ifndef TSCF_CLIENT_MOVES_NOTE_H
#define TSCF_CLIENT_MOVES_NOTE_H

#include "tscf-client/sockets/moves.h"

/** The socket of @p m has its new mark.  @p before: what its old one meant for the path of its packets. */
void moves_note(struct moves *moves, const struct move *m, enum tscf_level before);

#endif

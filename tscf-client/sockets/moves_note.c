/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/moves_note.h"

/** Who has asked for the level. */
static const char *cause_of(const struct move *m)
{
	if (m->change->detailed)
		return "by tscf-client level";
	if (m->change->by_default)
		return m->value >> TSCF_MARK_POLICY_SHIFT != 0 ? "by a policy" : "by a policy or tscf-run";
	return "the program has asked for it";
}

void moves_note(struct moves *moves, const struct move *m, enum tscf_level before)
{
	const bool moved = tscf_level_wants_encryption(before) != tscf_level_wants_encryption(m->effective);
	const struct move_note note = {.socket = &m->socket,
				       .pid = m->pid,
				       .from = (enum tscf_level)(m->before & TSCF_MARK_LEVEL),
				       .to = m->level,
				       .cause = cause_of(m)};
	uint64_t now = tscf_timers_now(moves->timers);

	/* A level that a socket is born with is no change. */
	const bool born = m->before == 0 && m->change->by_default;

	history_level(&moves->history, m->socket.cookie, moved && !born, now);
	if (note.from != note.to && !born)
		move_log_note(&moves->log, &note, now);
}

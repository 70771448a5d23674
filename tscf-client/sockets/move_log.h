/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * move_log.h - a log line for every socket whose level changes: which program, which socket, from what to what, and by
 * whom.
 *
 * At most MOVE_LOG_LINES a second are written, so that a program with thousands of sockets cannot fill the log; the
 * next line says how many were left out.
 */
#ifndef TSCF_CLIENT_MOVE_LOG_H
#define TSCF_CLIENT_MOVE_LOG_H

#include "common/base/level.h"
#include "common/linux/sockdiag.h"

#include <stdint.h>
#include <sys/types.h>

#define MOVE_LOG_LINES 20

/** Zero at first. */
struct move_log {
	uint64_t second;       /**< monotonic ms: when the present second began */
	unsigned lines;        /**< written in this second */
	unsigned long omitted; /**< not written since the last line */
};

/** One change. */
struct move_note {
	const struct tscf_socket *socket;
	pid_t pid; /**< 0: unknown */
	enum tscf_level from, to;
	const char *cause; /**< "asked for by ..." */
};

/** A socket has another level: log it, or count it if there were too many lines of late. */
void move_log_note(struct move_log *log, const struct move_note *note, uint64_t now);
/** A socket was to have another level and cannot, since @p why: the same, with a log of its own. */
void move_log_missed(struct move_log *log, const struct tscf_socket *s, pid_t pid, const char *why, uint64_t now);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hook_process.h - one script at a time, in a process group of its own, for a limited time.
 *
 * It gets no descriptor of the daemon's but standard output and error, /dev/null as standard input, and the signals as
 * they are at a program's start.  When its time is over the group gets SIGTERM, and HOOK_PROCESS_GRACE_MS later
 * SIGKILL.
 */
#ifndef TSCF_CLIENT_HOOK_PROCESS_H
#define TSCF_CLIENT_HOOK_PROCESS_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define HOOK_PROCESS_GRACE_MS 2000

struct hook_process {
	pid_t pid; /**< 0: none is running */
	int pidfd;
	bool overdue; /**< it has been told to end */
	struct ev_loop *loop;
	ev_io ended;
	ev_timer limit;
	/** @p status as of waitpid(2); @p overdue: it was ended.  The next one may be started. */
	void (*done)(void *context, int status, bool overdue);
	void *context;
};

/**
 * Run @p path with @p environment, at most @p limit_ms.
 *
 * @return 0, or -errno: it cannot be run, and done is not called.
 */
int hook_process_start(struct hook_process *p, struct ev_loop *loop, const char *path, char *const *environment,
		       int limit_ms, void (*done)(void *context, int status, bool overdue), void *context);
static inline bool hook_process_running(const struct hook_process *p)
{
	return p->pid != 0;
}
/** Wait at most @p timeout_ms for its end, and end it then; done is called.  For when the loop does not run any more.
 */
void hook_process_finish(struct hook_process *p, int timeout_ms);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hook_process.h - runs one script at a time, in a process group of its own, for a limited time.
 *
 * The script inherits only standard output and error from the daemon.  Standard input is /dev/null, and the signals
 * have their defaults.  When the time is over, the group gets SIGTERM, and HOOK_PROCESS_GRACE_MS later SIGKILL.
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
	bool overdue; /**< SIGTERM has been sent */
	struct ev_loop *loop;
	ev_io ended;
	ev_timer limit;
	/** @p status as of waitpid(2); @p overdue: the script was terminated.  The next one may be started. */
	void (*done)(void *context, int status, bool overdue);
	void *context;
};

/**
 * Run @p path with @p environment, at most @p limit_ms.
 *
 * @return 0, or -errno: the script cannot be run, and done is not called.
 */
int hook_process_start(struct hook_process *p, struct ev_loop *loop, const char *path, char *const *environment,
		       int limit_ms, void (*done)(void *context, int status, bool overdue), void *context);
static inline bool hook_process_running(const struct hook_process *p)
{
	return p->pid != 0;
}
/** Wait at most @p timeout_ms for the script's end, then terminate it; done is called.  For use after the event loop.
 */
void hook_process_finish(struct hook_process *p, int timeout_ms);

#endif

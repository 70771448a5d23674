/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * daemon.h - runs a daemon in the background, and reports when it is ready.
 *
 * The command returns when the daemon is ready, so that the next command in a script can rely on it.  Errors during the
 * start appear on the terminal and in the exit status.
 */
#ifndef TSCF_DAEMON_H
#define TSCF_DAEMON_H

#include <stdbool.h>

struct tscf_daemon {
	bool foreground;
	int ready_fd; /**< where the waiting command is notified; -1 if no command waits */
};

/**
 * Fork unless @p foreground.  In the parent, the command, this waits until the daemon is ready or has ended.
 *
 * @return 0 in the daemon; 1 in the command, with its exit status in *status; or -errno (logged).
 */
int tscf_daemon_start(struct tscf_daemon *daemon, bool foreground, int *status);

/**
 * The daemon is ready: notify the service manager and, in the background, change to "/", redirect standard input,
 * output and error to /dev/null and the log to syslog, and let the command return.  From here on a thread writes the
 * log (log_queue.h); call this when capabilities have been dropped.
 */
void tscf_daemon_ready(struct tscf_daemon *daemon);

/** The daemon has ended: what it has logged is written. */
void tscf_daemon_end(void);

/** Raise this process's limit of descriptors as far as allowed. */
void tscf_daemon_raise_descriptors(void);

#endif

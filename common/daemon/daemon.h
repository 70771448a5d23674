/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * daemon.h - going into the background, and saying when the daemon is ready.
 *
 * The command returns when the daemon is ready, so that what follows it in a script can rely on that; errors of the
 * start are seen on the terminal, and the exit status tells.
 */
#ifndef TSCF_DAEMON_H
#define TSCF_DAEMON_H

#include <stdbool.h>

struct tscf_daemon {
	bool foreground;
	int ready_fd; /**< where the waiting command hears of the daemon; -1 if there is none */
};

/**
 * Fork unless @p foreground.  In the command that was called this waits until the daemon is ready or has ended.
 *
 * @return 0 in the daemon; 1 in the command, with its exit status in *status; or -errno (logged).
 */
int tscf_daemon_start(struct tscf_daemon *daemon, bool foreground, int *status);

/**
 * The daemon is set up: tell the service manager and, in the background, move to "/", put standard input, output and
 * error on /dev/null with the log to syslog, and let the command return.
 */
void tscf_daemon_ready(struct tscf_daemon *daemon);

/** Let this process have as many descriptors as it may. */
void tscf_daemon_raise_descriptors(void);

#endif

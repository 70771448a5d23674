/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * listener_process.h - the process that listens at a control socket, and whether it can answer at all.
 */
#ifndef TSCF_LISTENER_PROCESS_H
#define TSCF_LISTENER_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct tscf_listener_process {
	pid_t pid;  /**< 0: it is not known, since it lives in another pid namespace or accepts no connections */
	char state; /**< as in /proc/PID/stat, proc_pid_stat(5); 0: not known */
};

/** @return the process that listens where @p sock, a connected control socket, is connected to. */
struct tscf_listener_process tscf_listener_process_of(int sock);

/** Find the process that listens at @p path; this does not wait for it.  @return 0, or -errno if none listens. */
int tscf_listener_process_find(const char *path, struct tscf_listener_process *out);

/** @return whether the process is stopped, by a signal or a debugger. */
bool tscf_listener_process_is_stopped(const struct tscf_listener_process *p);

/** @return why a process in this state does not answer, to be read after "it"; NULL: the state does not say. */
const char *tscf_listener_process_why(const struct tscf_listener_process *p);

#endif

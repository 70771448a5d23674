/* SPDX-License-Identifier: GPL-3.0-or-later */
/* state_lock.h - one server for a state directory: two would give the same addresses and sessions to different clients.
 */
#ifndef TSCF_SERVER_STATE_LOCK_H
#define TSCF_SERVER_STATE_LOCK_H

/**
 * Make the directory if it is missing, and lock a file in it that other users cannot open.  A server that is just
 * stopping may take two seconds to let it go.  The lock ends with the descriptor, or with the process.
 *
 * @return the descriptor; -EBUSY (logged, with the process that has it, where that can be found out); or another
 * -errno: there is no such directory, or it cannot be locked.
 */
int server_state_lock(const char *state_dir);

#endif

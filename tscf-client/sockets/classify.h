/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * classify.h - the mark of a socket whose program runs under the preload library, unless the socket was given a level:
 * that of the first policy that matches, or else the level that tscf-run has set.
 *
 * Evaluated when the socket is made, when it gets a local address, when its program sets a DSCP, and when the policies
 * change.  tscf-client.conf(5), "Policies".
 */
#ifndef TSCF_CLIENT_CLASSIFY_H
#define TSCF_CLIENT_CLASSIFY_H

#include "common/base/level.h"
#include "common/linux/sockdiag.h"
#include "tscf-client/guard/guard.h"
#include "tscf-client/settings/config.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** The file name of the library that asks. */
#define CLASSIFY_LIBRARY "libtscf-preload.so"

/** @return the value (level.h) for the socket @p s behind @p fd of process @p pid.  @p otherwise: the level that
 * tscf-run has set for the process. */
uint32_t classify(const struct guard *guard, int fd, const struct tscf_socket *s, pid_t pid, enum tscf_level otherwise);
/** @return whether the socket's mark must change, to the value @p fresh, and may: a level set explicitly stays, even
 * the default one. */
bool classify_changes(const struct guard *guard, int fd, const struct tscf_socket *s, pid_t pid,
		      enum tscf_level otherwise, uint32_t *fresh);
/** @return the level that tscf-run has set for process @p pid. */
enum tscf_level classify_default_of(const struct guard *guard, pid_t pid);

#endif

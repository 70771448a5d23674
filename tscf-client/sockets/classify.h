/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * classify.h - what a socket of a program under the preload library is marked with, unless somebody has given it a
 * level: what the first policy that matches says, or the level that tscf-run has named.
 *
 * Asked when the socket is made, when it has a local address, when its program sets a DSCP, and when the policies
 * change.  tscf-client.conf(5), "Policies".
 */
#ifndef TSCF_CLIENT_CLASSIFY_H
#define TSCF_CLIENT_CLASSIFY_H

#include "common/base/level.h"
#include "common/linux/sockdiag.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** The file name of the library that asks. */
#define CLASSIFY_LIBRARY "libtscf-preload.so"

struct client;

/** @return the value (level.h) for the socket @p s behind @p fd of process @p pid, which tscf-run has told to use @p
 * otherwise. */
uint32_t classify(const struct client *c, int fd, const struct tscf_socket *s, pid_t pid, enum tscf_level otherwise);
/** @return whether it is to be marked with another value than it is, and may: explicit levels stay, the default one
 * too. */
bool classify_changes(const struct client *c, int fd, const struct tscf_socket *s, pid_t pid,
		      enum tscf_level otherwise);
/** @return the level that tscf-run has told process @p pid to use. */
enum tscf_level classify_default_of(const struct client *c, pid_t pid);

#endif

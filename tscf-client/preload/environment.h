/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * environment.h - what tscf-run tells a program's copy of the library.
 */
#ifndef TSCF_PRELOAD_ENVIRONMENT_H
#define TSCF_PRELOAD_ENVIRONMENT_H

#include "common/base/level.h"

#include <stdbool.h>
#include <sys/un.h>

struct preload_environment {
	enum tscf_level level; /**< of new sockets */
	bool
	    trusted; /**< false in a set-uid program and the like: then level is the default, and nothing is reported */
	bool must_ask; /**< a policy of the client was seen to need the library, by this process or a parent */
	char control[sizeof((struct sockaddr_un *)0)->sun_path]; /**< of the daemon; "" if $TSCF_CONTROL is too long to
								    be one */
};

/**
 * Fill @p out from the two values, NULL meaning unset.  Pure.
 *
 * A level that is no level's name is taken for encrypted-only: somebody asked for something, and a slip of the pen must
 * not send packets in clear.
 */
void preload_environment_parse(const char *level, const char *control, bool trusted, struct preload_environment *out);

/** Fill @p out from the environment as it was when the library was loaded.  Takes no lock; may be called before the
 * library's constructor has run. */
void preload_environment_get(struct preload_environment *out);

#endif

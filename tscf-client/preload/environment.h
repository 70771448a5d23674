/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * environment.h - what tscf-run passes to the library in a program.
 */
#ifndef TSCF_PRELOAD_ENVIRONMENT_H
#define TSCF_PRELOAD_ENVIRONMENT_H

#include "common/base/level.h"

#include <stdbool.h>
#include <sys/un.h>

struct preload_environment {
	enum tscf_level level; /**< of new sockets */
	uint8_t redundancy;    /**< that new sockets ask for (services.h) */
	uint8_t datagram;      /**< whether new sockets prefer datagrams (datagram.h) */
	bool trusted;  /**< false in a set-uid program or similar: the level is the default, and nothing is reported */
	bool must_ask; /**< this process or a parent has found that a policy of the client needs the library */
	char control[sizeof((struct sockaddr_un *)0)->sun_path]; /**< of the daemon; "" if $TSCF_CONTROL is too long */
};

/** The values of the variables; NULL: unset. */
struct preload_variables {
	const char *level, *redundancy, *datagram, *control;
};

/**
 * Fill @p out from the values.  Pure.
 *
 * An unknown name of a level counts as encrypted-only: the user asked for a level, and a typing error must not send
 * packets in clear.  An unknown redundancy counts as none, an unknown preference of datagrams as the default one.
 */
void preload_environment_parse(const struct preload_variables *is, bool trusted, struct preload_environment *out);

/** Fill @p out from the environment as it was when the library was loaded.  Takes no lock; may be called before the
 * library's constructor has run. */
void preload_environment_get(struct preload_environment *out);

#endif

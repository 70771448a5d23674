/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * limits.h - what one client may use at most.
 *
 * The limits of a client come from the file client-limits, or from whoever authorises the client.  0 is no limit
 * everywhere.
 */
#ifndef TSCF_SERVER_LIMITS_H
#define TSCF_SERVER_LIMITS_H

#include <stdint.h>

/** Inner packets and their bytes in a second. */
struct server_rate {
	uint64_t packets, bytes;
};

/** All tunnels of one client together, in all workers. */
struct server_limits {
	unsigned tunnels;           /**< plain tunnels at a time */
	unsigned encrypted_tunnels; /**< at a time */
	unsigned bindings;          /**< entries in the binding tables, tombstones not counted */
	struct server_rate up;      /**< from the client */
	struct server_rate down;    /**< to the client */
};

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reverse_path.h - does this host let pass what comes encrypted?
 *
 * What comes encrypted leaves by the encrypted device, so that a firewall can tell it apart, but the way back to a client's plain
 * address is by the plain one.  A strict check of the reverse path (rp_filter 1, "fib" of nftables, as firewalld has it) drops it and
 * says nothing.  So while there are encrypted tunnels, an echo request from a client's address to the server's own is
 * given to the kernel by each of the two devices from time to time, and the answers are read from the devices.  If only the one that came by the
 * plain device is answered, it is the device that matters: rp_filter is set back, and what cannot be mended log and status
 * say.
 */
#ifndef TSCF_SERVER_REVERSE_PATH_H
#define TSCF_SERVER_REVERSE_PATH_H

#include "common/base/addr.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SERVER_REVERSE_PATH_MS      30000
#define SERVER_REVERSE_PATH_WAIT_MS 1000
#define SERVER_REVERSE_PATH_TOKEN   16

struct server_worker;

enum server_reverse_path_finding { SERVER_REVERSE_PATH_UNKNOWN, SERVER_REVERSE_PATH_PASSES, SERVER_REVERSE_PATH_DROPS };

enum server_reverse_path_state { SERVER_REVERSE_PATH_IDLE, SERVER_REVERSE_PATH_BUSY, SERVER_REVERSE_PATH_WAITING };

/** Of the server; the workers share it, since any of them may read the answers. */
struct server_reverse_path {
	atomic_int state;                          /**< enum server_reverse_path_state; who takes it from IDLE writes what follows */
	const struct server_worker *by;            /**< who has asked */
	uint8_t token[SERVER_REVERSE_PATH_TOKEN];  /**< in the requests that are under way */
	atomic_uint answered;                      /**< bits: of each family, by the plain and by the encrypted device */
	atomic_bool again;                         /**< ask once more at once */
	_Atomic uint64_t at;                       /**< monotonic ms: when to ask, or when to have been answered */
	atomic_int finding[TSCF_FAMILIES];         /**< enum server_reverse_path_finding */
};

/** Let time pass, in each worker. */
void server_reverse_path_tick(struct server_worker *worker, uint64_t now);

/** Ask again soon. */
void server_reverse_path_again(struct server_reverse_path *r);

/** Judge a packet that was read from a device.  @return whether it was one of the answers, which goes no further. */
bool server_reverse_path_take(struct server_reverse_path *r, const uint8_t *data, uint32_t length);

/** @return whether answers are waited for. */
static inline bool server_reverse_path_waits(struct server_reverse_path *r)
{
	return atomic_load_explicit(&r->state, memory_order_acquire) == SERVER_REVERSE_PATH_WAITING;
}

/** @return the word of status for what was found; NULL: nothing is known. */
const char *server_reverse_path_name(int finding);

#endif

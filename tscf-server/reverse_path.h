/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reverse_path.h - checks whether this host lets packets pass that come from encrypted tunnels.
 *
 * Packets that come encrypted leave by the encrypted device, so that a firewall can tell them apart, but the route back
 * to a client's plain address is by the plain device.  A strict check of the reverse path (rp_filter 1, or "fib" of
 * nftables, as firewalld uses it) drops such packets silently.  So while there are encrypted tunnels, the server from
 * time to time gives the kernel an echo request from a client's address to the server's own address, once by each of
 * the two devices, and reads the answers from the devices.  If the kernel answers only the request that came by the
 * plain device, the device is what makes the difference.  The server then sets rp_filter back; it logs a problem that
 * it cannot fix and shows it in the status.
 */
#ifndef TSCF_SERVER_REVERSE_PATH_H
#define TSCF_SERVER_REVERSE_PATH_H

#include "common/base/addr.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SERVER_REVERSE_PATH_MS      30000
#define SERVER_REVERSE_PATH_WAIT_MS 1000

struct server_worker;

enum server_reverse_path_finding { SERVER_REVERSE_PATH_UNKNOWN, SERVER_REVERSE_PATH_PASSES, SERVER_REVERSE_PATH_DROPS };

enum server_reverse_path_state { SERVER_REVERSE_PATH_IDLE, SERVER_REVERSE_PATH_BUSY, SERVER_REVERSE_PATH_WAITING };

/** One for the whole server: the workers share it, since any of them may read the answers. */
struct server_reverse_path {
	/** enum server_reverse_path_state; the worker that takes it from IDLE writes the members below.  The others may
	 * read them meanwhile, which does no harm. */
	atomic_int state;
	_Atomic(const struct server_worker *) by; /**< the worker that sent the requests */
	_Atomic uint64_t token;                   /**< in the requests under way; random */
	atomic_uint answered; /**< bits: for each family, by the plain and by the encrypted device */
	atomic_bool again;    /**< send requests again at once */
	_Atomic uint64_t at;  /**< monotonic ms: when to send requests, or the deadline for their answers */
	atomic_int finding[TSCF_FAMILIES]; /**< enum server_reverse_path_finding */
};

/** Send requests and judge answers when their time has come; each worker calls this with its tick. */
void server_reverse_path_tick(struct server_worker *worker, uint64_t now);

/** Have the check repeated soon. */
void server_reverse_path_again(struct server_reverse_path *r);

/** Look at a packet that was read from a device.  @return whether it was one of the answers; an answer goes no
 * further. */
bool server_reverse_path_take(struct server_reverse_path *r, const uint8_t *data, uint32_t length);

/** @return whether the server waits for answers. */
static inline bool server_reverse_path_waits(struct server_reverse_path *r)
{
	return atomic_load_explicit(&r->state, memory_order_acquire) == SERVER_REVERSE_PATH_WAITING;
}

/** @return the word that the status shows for @p finding; NULL: nothing is known. */
const char *server_reverse_path_name(int finding);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * device_bound.h - sockets that are bound to the encrypted device by its name (SO_BINDTODEVICE): they receive through
 * no other.
 *
 * A packet that comes down for the plain address is delivered on the device to which its return route points, nearly
 * always the plain one (delivery.h).  For these sockets it must be the encrypted one.  Such sockets are rare: while
 * there are none, no packet costs a look-up.  The client asks the kernel when the first packet of a flow comes up
 * through the encrypted device, before an answer can have come.  The registry's dumps find sockets that are bound to
 * the device later.
 */
#ifndef TSCF_CLIENT_DEVICE_BOUND_H
#define TSCF_CLIENT_DEVICE_BOUND_H

#include "common/linux/sockdiag.h"
#include "common/packet/binding.h"
#include "common/packet/fragment.h"

#include <stdbool.h>
#include <stdint.h>

struct device_bound {
	struct tscf_bindings *table; /**< used as a set of keys */
	struct tscf_sockdiag_flow diag;
	uint32_t device;
};

/** @p device: the encrypted one.  @return 0 or -errno. */
int device_bound_init(struct device_bound *d, uint32_t device);
void device_bound_free(struct device_bound *d);

/** The first packet of @p flow has come up through the device: ask the kernel for its socket.  @p generation: of the
 * running or last dump. */
void device_bound_ask(struct device_bound *d, const struct tscf_binding_key *flow, uint32_t generation);
/** The dump with number @p generation lists a socket with these keys. */
void device_bound_seen(struct device_bound *d, const struct tscf_socket *s, const struct tscf_binding_key *keys,
		       unsigned count, uint32_t generation);
/** The dump is complete: remove the sockets that it did not list. */
void device_bound_sweep(struct device_bound *d, uint32_t generation);

/** @return whether there is any such socket. */
static inline bool device_bound_any(const struct device_bound *d)
{
	return tscf_bindings_count(d->table) > 0;
}
/** @return whether the packet at @p data, which came down encrypted, is for such a socket.  @p fragments: of the
 * datagrams under way. */
bool device_bound_has(const struct device_bound *d, struct tscf_fragments *fragments, const uint8_t *data,
		      uint32_t length, uint64_t now);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/preload/mark.h"

#include "common/control/socket_level.h"
#include "tscf-client/preload/environment.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/socket.h>

/** The mask of the client's last answer; 0: none yet. */
static _Atomic uint32_t last_mask;

/* The client may have been restarted with another mask, so ask it each time.  If it does not run, the last mask is
 * valid, since the remaining rules use it. */
static int find_mask(uint32_t *mask)
{
	struct preload_environment environment;

	preload_environment_get(&environment);
	if (tscf_socket_mark_mask(environment.control, mask) == 0) {
		atomic_store_explicit(&last_mask, *mask, memory_order_relaxed);
		return 0;
	}
	*mask = atomic_load_explicit(&last_mask, memory_order_relaxed);
	if (*mask != 0)
		return 0;
	*mask = TSCF_MARK_MASK_DEFAULT;
	return environment.level == TSCF_LEVEL_ENCRYPTED_ONLY || environment.must_ask ? -EACCES : 0;
}

int preload_mark_merge(int fd, uint32_t mark, uint32_t *out)
{
	int domain, old = 0;
	uint32_t mask;
	int error;

	*out = mark;
	if (tscf_socket_ask(fd, SO_DOMAIN, &domain) != 0 || !tscf_socket_has_level(domain))
		return 0;
	error = find_mask(&mask);
	if (error == 0)
		error = tscf_socket_ask(fd, SO_MARK, &old);
	*out = (mark & ~mask) | ((uint32_t)old & mask);
	return error == 0 ? 0 : -EACCES;
}

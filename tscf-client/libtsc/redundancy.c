/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/libtsc/redundancy.h"

#include "common/base/redundancy.h"
#include "common/control/socket_level.h"
#include "tscf-client/libtsc/tsc.h"

#include <errno.h>
#include <string.h>

_Static_assert(TSC_REDUNDANCY_AUTO == TSCF_REDUNDANCY_AUTO, "the same number");

int tsc_redundancy_set(const char *control, int fd, const void *value, socklen_t length)
{
	tsc_so_redundancy wanted;

	if (length != sizeof(wanted))
		return -EINVAL;
	if (!value)
		return -EFAULT;
	memcpy(&wanted, value, sizeof(wanted));
	if (wanted.redundancy_factor < 0 ||
	    (wanted.redundancy_factor > TSCF_REDUNDANCY_MAX && wanted.redundancy_factor != TSC_REDUNDANCY_AUTO))
		return -EINVAL;
	if (wanted.redundancy_method != tsc_so_redundancy_method_udp_dtls)
		return -EOPNOTSUPP;
	return tscf_socket_set_redundancy(control, fd, (uint8_t)wanted.redundancy_factor, 0);
}

int tsc_redundancy_get(const char *control, int fd, void *value, socklen_t *length)
{
	tsc_so_redundancy has = {.redundancy_method = tsc_so_redundancy_method_udp_dtls};
	uint8_t redundancy;
	int error;

	if (!length || !value)
		return -EFAULT;
	if (*length < sizeof(has))
		return -EINVAL;
	error = tscf_socket_get_redundancy(control, fd, &redundancy);
	if (error != 0)
		return error;
	has.redundancy_factor = redundancy;
	memcpy(value, &has, sizeof(has));
	*length = sizeof(has);
	return 0;
}

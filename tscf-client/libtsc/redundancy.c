/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/libtsc/redundancy.h"

#include "common/base/redundancy.h"
#include "common/control/socket_level.h"
#include "tscf-client/libtsc/tsc.h"

#include <errno.h>
#include <string.h>

_Static_assert(TSC_REDUNDANCY_AUTO == TSCF_REDUNDANCY_AUTO, "the same number");

/** @return the value for the daemon in *out, or -errno. */
static int read_wanted(const tsc_so_redundancy *wanted, uint8_t *out)
{
	int factor = wanted->redundancy_factor;

	if (factor < 0 || (factor > TSCF_REDUNDANCY_MAX && factor != TSC_REDUNDANCY_AUTO))
		return -EINVAL;
	switch (wanted->redundancy_method) {
	case tsc_so_redundancy_method_udp_dtls:
	case tsc_so_redundancy_method_tcp_tls_fan_out:
		*out = (uint8_t)factor;
		return 0;
	case tsc_so_redundancy_method_tcp_tls_load_balance:
		*out = factor == TSCF_REDUNDANCY_NONE ? TSCF_REDUNDANCY_NONE : TSCF_REDUNDANCY_BALANCE;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

int tsc_redundancy_set(const char *control, int fd, const void *value, socklen_t length)
{
	tsc_so_redundancy wanted;
	uint8_t redundancy;
	int error;

	if (length != sizeof(wanted))
		return -EINVAL;
	if (!value)
		return -EFAULT;
	memcpy(&wanted, value, sizeof(wanted));
	error = read_wanted(&wanted, &redundancy);
	return error != 0 ? error : tscf_socket_set_redundancy(control, fd, redundancy, 0);
}

int tsc_redundancy_get(const char *control, int fd, void *value, socklen_t *length)
{
	tsc_so_redundancy has;
	uint8_t redundancy;
	int error;

	if (!length || !value)
		return -EFAULT;
	if (*length < sizeof(has))
		return -EINVAL;
	error = tscf_socket_get_redundancy(control, fd, &redundancy);
	if (error != 0)
		return error;
	if (redundancy == TSCF_REDUNDANCY_BALANCE)
		has = (tsc_so_redundancy){TSC_REDUNDANCY_AUTO, tsc_so_redundancy_method_tcp_tls_load_balance};
	else
		has = (tsc_so_redundancy){redundancy, tsc_so_redundancy_method_udp_dtls};
	memcpy(value, &has, sizeof(has));
	*length = sizeof(has);
	return 0;
}

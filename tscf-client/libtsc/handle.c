/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/libtsc/handle.h"

#include <errno.h>
#include <unistd.h>

struct tscf_control_request handle_request(enum tscf_control_op op)
{
	return (struct tscf_control_request){.magic = TSCF_CONTROL_MAGIC, .op = op};
}

bool handle_check(tsc_handle handle)
{
	if (!handle)
		errno = EINVAL;
	else if (handle->pid != getpid())
		errno = ECHILD;
	else
		return true;
	return false;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target: what the kernel says about wireless networks, behind the netlink header.  The parsers stay within the
 * message; a message is not about a family and a network at once.
 */
#include "common/linux/wireless_message.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* As long as the message, so that a read behind its end is found. */
	struct nlmsghdr *message = malloc(NLMSG_HDRLEN + size);
	enum tscf_bss bss;
	int family;

	*message = (struct nlmsghdr){.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + size)};
	if (size > 0)
		memcpy((uint8_t *)message + NLMSG_HDRLEN, data, size);
	family = tscf_wireless_family(message);
	bss = tscf_wireless_bss(message);
	if (family != 0 && bss != TSCF_BSS_OTHER)
		abort();
	free(message);
	return 0;
}

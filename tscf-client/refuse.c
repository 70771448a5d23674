/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/refuse.h"

#include "common/packet/icmp_error.h"

void refuse_packet(struct refuse *r, struct tscf_tun *tun, const uint8_t *data, uint32_t length, uint64_t now)
{
	struct tscf_packet_info info;
	uint8_t error[TSCF_ICMP_ERROR_MAX];
	if (now - r->second >= 1000)
		*r = (struct refuse){.second = now};
	if (r->sent >= REFUSE_PER_SECOND || tscf_packet_parse(data, length, &info) != TSCF_PACKET_OK)
		return;
	/* No router is on the way that could send the error. */
	uint32_t size = tscf_icmp_prohibited(data, &info, &info.destination, error);
	if (size == 0)
		return;
	r->sent++;
	tscf_tun_put(tun, error, size);
	tscf_tun_flush(tun);
}

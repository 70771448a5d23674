/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/rtp_flows.h"

#include <string.h>

#define UDP_HEADER 8U

int rtp_flows_init(struct rtp_flows *f)
{
	memset(f, 0, sizeof(*f));
	return tscf_siphash_key_init(&f->secret);
}

bool rtp_flows_next(struct rtp_flows *f, const struct tscf_packet *p, const struct tscf_packet_info *info)
{
	const uint32_t payload = info->transport + UDP_HEADER;
	struct rtp_flow_key key;
	struct rtp_flow *flow;

	/* Keys are hashed and compared as memory, with what is between their members. */
	memset(&key, 0, sizeof(key));
	key.remote = info->destination;
	key.local_port = info->source_port;
	key.remote_port = info->destination_port;
	flow = &f->list[tscf_siphash(&f->secret, &key, sizeof(key)) % RTP_FLOWS];
	if (memcmp(&flow->key, &key, sizeof(key)) != 0) {
		flow->shape = (struct tscf_rtp_shape){.streak = 0};
		memcpy(&flow->key, &key, sizeof(key));
	}
	tscf_rtp_shape_next(&flow->shape, p->data + payload, info->total > payload ? info->total - payload : 0);
	return tscf_rtp_shape_is_sure(&flow->shape);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rtp_flows.h - which flows of this host's programs have the shape of RTP (rtp_shape.h), so that they are media even
 * without a DSCP.
 *
 * A table of fixed size.  Of two flows with the same place neither is seen to be RTP while both send: they stay what
 * their DSCPs say.  Flows that end are overwritten.  O(1), without allocation.
 */
#ifndef TSCF_CLIENT_RTP_FLOWS_H
#define TSCF_CLIENT_RTP_FLOWS_H

#include "common/base/addr.h"
#include "common/base/siphash.h"
#include "common/packet/batch.h"
#include "common/packet/packet.h"
#include "common/redundancy/rtp_shape.h"

#define RTP_FLOWS 1024

struct rtp_flow_key {
	struct tscf_addr remote;
	uint16_t local_port, remote_port;
};

struct rtp_flows {
	struct tscf_siphash_key secret;
	struct rtp_flow {
		struct rtp_flow_key key;
		struct tscf_rtp_shape shape;
	} list[RTP_FLOWS];
};

/** @return 0 or -errno. */
int rtp_flows_init(struct rtp_flows *f);
/** A program sends @p p, a UDP packet and no fragment, whose headers are @p info.  @return whether its flow is RTP. */
bool rtp_flows_next(struct rtp_flows *f, const struct tscf_packet *p, const struct tscf_packet_info *info);

#endif

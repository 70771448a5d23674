/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/stream_progress.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

/** @return whether the kernel has said it. */
static bool take_sample(int fd, struct tscf_stream_sample *out)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0)
		return false;
	*out = (struct tscf_stream_sample){
	    .acked = info.tcpi_bytes_acked,
	    .unacked = info.tcpi_unacked > 0,
	    .unsent = info.tcpi_notsent_bytes > 0,
	    .recovers = info.tcpi_ca_state == TCP_CA_Recovery || info.tcpi_ca_state == TCP_CA_Loss,
	    /* As RFC 6298 does, without the lower limit: a mistake costs nothing but this connection's turn. */
	    .patience = ((uint64_t)info.tcpi_rtt + 4ULL * info.tcpi_rttvar) / 1000 + TSCF_STREAM_DELAYED_ACK_MS,
	};
	return true;
}

bool tscf_stream_progress_note(struct tscf_stream_progress *p, const struct tscf_stream_sample *sample, uint64_t now)
{
	if (!p->asked || !sample->unacked || sample->acked != p->acked)
		p->since = now;
	p->asked = true;
	p->at = now;
	p->acked = sample->acked;
	p->late = sample->unsent || sample->recovers || now - p->since > sample->patience;
	return p->late;
}

bool tscf_stream_progress_is_late(struct tscf_stream_progress *p, int fd, uint64_t now)
{
	struct tscf_stream_sample sample;

	if (p->asked && now - p->at < TSCF_STREAM_PROGRESS_MS)
		return p->late;
	return take_sample(fd, &sample) && tscf_stream_progress_note(p, &sample, now);
}

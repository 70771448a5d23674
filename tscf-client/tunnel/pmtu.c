/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/pmtu.h"

#include "common/base/log.h"
#include "common/transport/dtls.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define IPV4_UDP_HEADERS 28U
#define IPV6_UDP_HEADERS 48U
/** How many times a probe is sent before its size counts as too large: 1.75 s in all. */
#define PROBE_TRIES 3

/** @return bytes around an inner packet on the wire, in the encrypted tunnel over datagrams. */
static unsigned overhead(const struct tunnel *t)
{
	const bool ipv6 = t->way.remote.sa.sa_family == AF_INET6;
	return (ipv6 ? IPV6_UDP_HEADERS : IPV4_UDP_HEADERS) + TSCF_DTLS_OVERHEAD;
}

/** @return the MTU of the way to the server as this host knows it, or 0. */
static unsigned known_path(const struct tunnel *t)
{
	const bool ipv6 = t->way.remote.sa.sa_family == AF_INET6;
	int mtu = 0;
	socklen_t size = sizeof(mtu);
	if (!t->transport ||
	    getsockopt(t->transport->fd, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_MTU : IP_MTU, &mtu, &size) < 0 ||
	    mtu < 0)
		return 0;
	return (unsigned)mtu;
}

static unsigned least(const struct tscf_addrs *internal)
{
	return internal->of[tscf_family_index(AF_INET6)].family ? TSCF_MTU_FLOOR_IPV6 : TSCF_MTU_FLOOR_IPV4;
}

void pmtu_take(struct pmtu *p, const struct tunnel *t, const struct tscf_message *m)
{
	const unsigned path = known_path(t), around = overhead(t);
	const struct tscf_addrs internal = tscf_message_internal(m);
	struct tscf_tlv tlv;
	uint16_t mtu;
	p->limit = p->config->mtu;
	if (tscf_message_find(m, TSCF_TLV_MTU, &tlv) && tscf_tlv_u16(&tlv, &mtu) == 0 && mtu >= TSCF_MTU_FLOOR_IPV4 &&
	    (p->limit == 0 || mtu < p->limit))
		p->limit = mtu;
	if (p->limit == 0 || p->limit > TSCF_DTLS_PAYLOAD_MAX)
		p->limit = TSCF_DTLS_PAYLOAD_MAX;
	p->mtu = p->limit;
	if (path > around && path - around < p->mtu)
		p->mtu = path - around > least(&internal) ? path - around : least(&internal);
}

int pmtu_apply(struct pmtu *p, unsigned size)
{
	p->mtu = size;
	p->plain_tun->mtu = p->mtu;
	p->encrypted_tun->mtu = p->mtu;
	int error = tscf_link_up(p->routing->netlink, p->plain_tun->index, p->mtu);
	return error ? error : tscf_link_up(p->routing->netlink, p->encrypted_tun->index, p->mtu);
}

/* --- what the search does --- */

/* The server reports to senders which packets are too large for this client.  Until it has answered, such packets
 * arrive in fragments. */
static void announced(void *context, void *user, const struct tscf_message *response, int error)
{
	(void)context;
	(void)user;
	(void)response;
	(void)error;
}

static void announce(struct tunnel *t, unsigned size)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	if (t->state != TUNNEL_UP)
		return;
	tunnel_begin(t, &w, buffer, TSCF_KEEPALIVE_REQUEST);
	tscf_write_u16(&w, TSCF_TLV_MTU, (uint16_t)size);
	tunnel_request(t, &w, TUNNEL_PROBES, announced, NULL);
}

static void use(void *context, unsigned size)
{
	struct pmtu *p = context;
	if (size != p->mtu) {
		int error = pmtu_apply(p, size);
		if (error < 0)
			tscf_error("%s: cannot have the MTU %u: %s", p->plain_tun->name, size, strerror(-error));
		tscf_info("MTU of the tunnels is %u now", size);
	}
	announce(p->plain, p->mtu);
	announce(p->encrypted, p->mtu);
}

static uint64_t sent(const struct pmtu *p)
{
	return tunnel_counters(p->plain).sent_packets + tunnel_counters(p->encrypted).sent_packets;
}

static void probe_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct tunnel *t = context;
	struct pmtu *p = user;
	enum tscf_response code = TSCF_RESPONSE_SUCCESS;
	if (error == -ECANCELED) {
		mtu_cancelled(&p->search, tscf_timers_now(p->timers));
		return;
	}
	/* A refusal is shorter than the probe, so it proves nothing about the path. */
	if (response)
		tscf_message_response(response, &code, NULL, 0);
	if (response && code == TSCF_RESPONSE_SUCCESS)
		mtu_answered(&p->search, sent(p), tscf_timers_now(p->timers));
	else
		mtu_unanswered(&p->search, t->last_heard >= p->probe_sent, tscf_timers_now(p->timers));
}

static void probe(void *context, unsigned size)
{
	struct pmtu *p = context;
	uint8_t buffer[TSCF_PROBE_MAX];
	struct tscf_writer w;
	p->probe_sent = tscf_timers_now(p->timers);
	tunnel_begin_large(p->plain, &w, buffer, TSCF_KEEPALIVE_REQUEST);
	tscf_write_pad(&w, size + TSCF_DTLS_OVERHEAD - tunnel_seal_size(p->plain));
	if (tunnel_request(p->plain, &w, PROBE_TRIES, probe_done, p) < 0)
		mtu_end(&p->search);
	/* A small keepalive in parallel distinguishes a narrow path from a dead one. */
	tunnel_probe(p->plain);
}

static const struct mtu_actions actions = {probe, use};

void pmtu_init(struct pmtu *p)
{
	mtu_init(&p->search, &actions, p);
}

/* Probes are plain datagrams as large as encrypted packets.  A connection is not probed: it splits data as needed. */
void pmtu_begin(struct pmtu *p)
{
	if (way_is_bare(&p->plain->way))
		mtu_begin(&p->search, p->limit, least(&p->plain->internal), overhead(p->plain), known_path(p->plain));
	else
		use(p, p->mtu);
}

void pmtu_encrypted_up(struct pmtu *p)
{
	announce(p->encrypted, p->mtu);
}

void pmtu_end(struct pmtu *p)
{
	mtu_end(&p->search);
}

void pmtu_changed(struct pmtu *p)
{
	mtu_path(&p->search, known_path(p->plain));
}

void pmtu_tick(struct pmtu *p)
{
	mtu_tick(&p->search, sent(p), tscf_timers_now(p->timers));
}

uint64_t pmtu_next(const struct pmtu *p)
{
	return mtu_next(&p->search);
}

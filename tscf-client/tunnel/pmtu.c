/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/pmtu.h"

#include "common/base/log.h"
#include "tscf-client/context.h"

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

void pmtu_take(struct client *c, const struct tunnel *t, const struct tscf_message *m)
{
	const unsigned path = known_path(t), around = overhead(t);
	const struct tscf_addrs internal = tscf_message_internal(m);
	struct tscf_tlv tlv;
	uint16_t mtu;
	c->mtu_limit = c->config->mtu;
	if (tscf_message_find(m, TSCF_TLV_MTU, &tlv) && tscf_tlv_u16(&tlv, &mtu) == 0 && mtu >= TSCF_MTU_FLOOR_IPV4 &&
	    (c->mtu_limit == 0 || mtu < c->mtu_limit))
		c->mtu_limit = mtu;
	if (c->mtu_limit == 0 || c->mtu_limit > TSCF_DTLS_PAYLOAD_MAX)
		c->mtu_limit = TSCF_DTLS_PAYLOAD_MAX;
	c->mtu = c->mtu_limit;
	if (path > around && path - around < c->mtu)
		c->mtu = path - around > least(&internal) ? path - around : least(&internal);
}

int pmtu_apply(struct client *c, unsigned size)
{
	c->mtu = size;
	c->plain_tun.mtu = c->mtu;
	c->encrypted_tun.mtu = c->mtu;
	int error = tscf_link_up(c->netlink, c->plain_tun.index, c->mtu);
	return error ? error : tscf_link_up(c->netlink, c->encrypted_tun.index, c->mtu);
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
	struct client *c = context;
	if (size != c->mtu) {
		int error = pmtu_apply(c, size);
		if (error < 0)
			tscf_error("%s: cannot have the MTU %u: %s", c->plain_tun.name, size, strerror(-error));
		tscf_info("MTU of the tunnels is %u now", size);
	}
	announce(&c->plain, c->mtu);
	announce(&c->encrypted, c->mtu);
}

static uint64_t sent(const struct client *c)
{
	return tunnel_counters(&c->plain).sent_packets + tunnel_counters(&c->encrypted).sent_packets;
}

static void probe_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct tunnel *t = context;
	struct client *c = t->client;
	enum tscf_response code = TSCF_RESPONSE_SUCCESS;
	(void)user;
	if (error == -ECANCELED)
		return;
	/* A refusal is shorter than the probe, so it proves nothing about the path. */
	if (response)
		tscf_message_response(response, &code, NULL, 0);
	if (response && code == TSCF_RESPONSE_SUCCESS)
		mtu_answered(&c->pmtu, sent(c), c->now);
	else
		mtu_unanswered(&c->pmtu, t->last_heard >= c->probe_sent, c->now);
}

static void probe(void *context, unsigned size)
{
	struct client *c = context;
	uint8_t buffer[TSCF_PROBE_MAX];
	struct tscf_writer w;
	c->probe_sent = c->now;
	tunnel_begin_large(&c->plain, &w, buffer, TSCF_KEEPALIVE_REQUEST);
	tscf_write_pad(&w, size + TSCF_DTLS_OVERHEAD);
	if (tunnel_request(&c->plain, &w, PROBE_TRIES, probe_done, NULL) < 0)
		mtu_end(&c->pmtu);
	/* A small keepalive in parallel distinguishes a narrow path from a dead one. */
	tunnel_probe(&c->plain);
}

static const struct mtu_actions actions = {probe, use};

void pmtu_init(struct client *c)
{
	mtu_init(&c->pmtu, &actions, c);
}

/* Probes are plain datagrams as large as encrypted packets.  A connection is not probed: it splits data as needed. */
void pmtu_begin(struct client *c)
{
	if (way_is_bare(&c->plain.way))
		mtu_begin(&c->pmtu, c->mtu_limit, least(&c->plain.internal), overhead(&c->plain),
			  known_path(&c->plain));
	else
		use(c, c->mtu);
}

void pmtu_encrypted_up(struct client *c)
{
	announce(&c->encrypted, c->mtu);
}

void pmtu_end(struct client *c)
{
	mtu_end(&c->pmtu);
}

void pmtu_changed(struct client *c)
{
	mtu_path(&c->pmtu, known_path(&c->plain));
}

void pmtu_tick(struct client *c)
{
	mtu_tick(&c->pmtu, sent(c), c->now);
}

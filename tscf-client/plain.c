/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plain.c - setting the plain tunnel up, and up again.
 */
#include "common/log.h"
#include "common/udp.h"
#include "context.h"

#include <errno.h>
#include <string.h>

/** Pause before a refused or impossible set-up is tried again. */
#define PLAIN_RETRY_MS 2000
/** A configuration request is this large, so that its answer may be three times that (tscf(7), "AMPLIFICATION"). */
#define CONFIGURATION_REQUEST_SIZE 400

static void retry_later(struct client *c, const char *reason)
{
	tunnel_close(&c->plain);
	client_plain_state(c, TUNNEL_CONNECTING, reason);
	c->plain_retry_at = c->now + PLAIN_RETRY_MS;
}

/* The server's word counts if it has one; and what it would take for a dead client must not happen to a quiet one. */
static void take_keepalive(struct client *c, const struct tscf_message *m)
{
	struct tscf_tlv tlv;
	uint16_t seconds;
	c->keepalive = c->config->keepalive;
	if (tscf_message_find(m, TSCF_TLV_KEEPALIVE, &tlv) && tscf_tlv_u16(&tlv, &seconds) == 0 && seconds > 0)
		c->keepalive = seconds;
	if (tscf_message_find(m, TSCF_TLV_PERSISTENCE, &tlv) && tscf_tlv_u16(&tlv, &seconds) == 0 && seconds > 0 &&
	    (c->keepalive == 0 || c->keepalive > seconds / 3U))
		c->keepalive = seconds / 3U > 0 ? seconds / 3U : 1;
}

static void take_routes(struct client *c, const struct tscf_message *m)
{
	uint32_t offset = 0;
	struct tscf_tlv tlv;
	c->facts.route_count = 0;
	while (tscf_message_next(m, &offset, &tlv)) {
		struct tscf_prefix p;
		if (tlv.type != TSCF_TLV_ROUTE_IPV4 || tscf_tlv_prefix(&tlv, &p) < 0)
			continue;
		if (c->facts.route_count == ROUTING_ROUTES_MAX) {
			tscf_warning("the server has more than %d routes: the others are left out", ROUTING_ROUTES_MAX);
			break;
		}
		c->facts.routes[c->facts.route_count++] = p;
	}
}

static void take_mtu(struct client *c, const struct tscf_message *m)
{
	struct tscf_tlv tlv;
	uint16_t mtu;
	c->mtu = c->config->mtu;
	if (tscf_message_find(m, TSCF_TLV_MTU, &tlv) && tscf_tlv_u16(&tlv, &mtu) == 0 && mtu >= 576 &&
	    (c->mtu == 0 || mtu < c->mtu))
		c->mtu = mtu;
	if (c->mtu == 0)
		c->mtu = TSCF_DTLS_PAYLOAD_MAX;
	c->encrypted_mtu = c->mtu < TSCF_DTLS_PAYLOAD_MAX ? c->mtu : TSCF_DTLS_PAYLOAD_MAX;
}

/* What programs and hooks may ask for. */
static void take_service(struct client *c, const struct tscf_message *m)
{
	struct tscf_tlv tlv;
	tscf_message_addrs(m, TSCF_TLV_DNS, &c->dns);
	tscf_message_addrs(m, TSCF_TLV_SIP_SERVER, &c->sip_servers);
	if (!tscf_message_find(m, TSCF_TLV_OBSERVED_ADDRESS, &tlv) || tscf_tlv_endpoint(&tlv, &c->observed) < 0)
		memset(&c->observed, 0, sizeof c->observed);
}

/* The address of the tunnel before this one, if it was another, makes way.  Sockets bound to it are cut off: there is
 * no helping that. */
static int take_address(struct client *c, const struct tscf_prefix *internal)
{
	struct tscf_prefix host = {.addr = internal->addr,
				   .length = (uint8_t)(8 * tscf_addr_size(internal->addr.family))};
	struct tscf_prefix *old = &c->plain.internal;
	char text[TSCF_ADDR_TEXT];
	/* The new one first: a device that loses its last address loses its routes. */
	int error = tscf_addr_add(c->netlink, c->plain_tun.index, &host);
	if (old->addr.family && !tscf_addr_equal(&old->addr, &host.addr)) {
		tscf_warning("the server gave another internal address, %s: sockets bound to the old one are cut off",
			     tscf_addr_format(&host.addr, text));
		tscf_addr_del(c->netlink, c->plain_tun.index, old);
		registry_forget(c);
	}
	*old = host;
	c->facts.plain = host.addr;
	c->plain_tun.mtu = c->mtu;
	c->encrypted_tun.mtu = c->encrypted_mtu;
	if (error == 0)
		error = tscf_link_up(c->netlink, c->plain_tun.index, c->mtu);
	return error ? error : tscf_link_up(c->netlink, c->encrypted_tun.index, c->encrypted_mtu);
}

static void configured(struct client *c, const struct tscf_message *m)
{
	char text[TSCF_ADDR_TEXT], server[TSCF_ADDR_TEXT];
	struct tscf_prefix internal;
	struct tscf_tlv tlv;
	if (m->tsid == TSCF_TSID_NONE || !tscf_message_find(m, TSCF_TLV_INTERNAL_IPV4, &tlv) ||
	    tscf_tlv_prefix(&tlv, &internal) < 0) {
		retry_later(c, "the server's configuration response lacks an address or a session id");
		return;
	}
	take_mtu(c, m);
	take_keepalive(c, m);
	take_routes(c, m);
	take_service(c, m);
	int error = take_address(c, &internal);
	if (error < 0) {
		tscf_error("cannot set up %s: %s", c->plain_tun.name, strerror(-error));
		retry_later(c, "the device cannot be set up");
		return;
	}
	c->plain.tsid = m->tsid;
	c->plain.last_heard = c->now;
	client_route(c);
	client_plain_state(c, TUNNEL_UP, "configured");
	tscf_info("plain tunnel to %s is up, internal address %s, %u routes, MTU %u",
		  tscf_endpoint_format(&c->server, server), tscf_addr_format(&internal.addr, text),
		  c->facts.route_count, c->mtu);
	/* The answered keepalive proves this address to the server, which until then holds the session for pending. */
	tunnel_probe(&c->plain);
	/* Sockets that are not known yet would have no shield when the quiet ends. */
	registry_resync_now(c);
	registry_shield_all(c);
	dtte_plain(&c->dtte, true, c->now);
	registry_resync_soon(c);
	client_check_waiters(c);
}

static void configuration_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct client *c = ((struct tunnel *)context)->client;
	enum tscf_response code;
	char text[201] = "";
	(void)user;
	if (error == -ECANCELED)
		return;
	if (!response || tscf_message_response(response, &code, text, sizeof text) < 0) {
		retry_later(c, "the server's configuration response has no response code");
	} else if (code != TSCF_RESPONSE_SUCCESS) {
		char reason[300];
		snprintf(reason, sizeof reason, "refused by the server: %s%s%s", tscf_response_name(code),
			 text[0] ? ": " : "", text);
		tscf_warning("plain tunnel %s", reason);
		retry_later(c, reason);
	} else {
		configured(c, response);
	}
}

static void request_configuration(struct client *c)
{
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	tunnel_begin(&c->plain, &w, buffer, TSCF_CONFIGURATION_REQUEST);
	tscf_write_bytes(&w, TSCF_TLV_CLIENT_ID, c->identity.id, sizeof c->identity.id);
	if (c->plain.internal.addr.family)
		tscf_write_prefix(&w, TSCF_TLV_INTERNAL_IPV4, &c->plain.internal);
	/* A server that has lost its memory must not send to encrypted-only sockets before it has heard of them. */
	c->registry.quiet = registry_has_only(c);
	if (c->registry.quiet)
		tscf_write_bytes(&w, TSCF_TLV_QUIET, NULL, 0);
	tscf_write_pad(&w, CONFIGURATION_REQUEST_SIZE);
	if (tunnel_request(&c->plain, &w, REQUEST_TRIES_ENDLESS, configuration_done, NULL) < 0)
		retry_later(c, "out of memory");
}

void plain_start(struct client *c)
{
	struct tscf_outer_options options = {.mark = TSCF_MARK_OUTER, .mark_mask = c->config->fwmark_mask};
	char text[TSCF_ADDR_TEXT], reason[160];
	c->plain_retry_at = 0;
	int error =
	    tscf_udp_connect(c->loop, &c->server, &options, &plain_handler, c, &c->plain.transport, &c->plain.peer);
	if (error < 0) {
		snprintf(reason, sizeof reason, "no way to %s: %s", tscf_endpoint_format(&c->server, text),
			 strerror(-error));
		retry_later(c, reason);
		return;
	}
	snprintf(reason, sizeof reason, "waits for an answer from %s", tscf_endpoint_format(&c->server, text));
	client_plain_state(c, TUNNEL_CONNECTING, reason);
	request_configuration(c);
}

void plain_lost(struct client *c, const char *reason)
{
	tscf_warning("plain tunnel lost: %s", reason);
	c->counters.plain_reconnects++;
	tunnel_close(&c->plain);
	dtte_plain(&c->dtte, false, c->now);
	/* What ended one tunnel may have ended the other. */
	tunnel_probe(&c->encrypted);
	plain_start(c);
}

void plain_tick(struct client *c)
{
	if (c->plain_retry_at != 0 && c->now >= c->plain_retry_at)
		plain_start(c);
}

uint64_t plain_next(const struct client *c)
{
	return c->plain_retry_at ? c->plain_retry_at : UINT64_MAX;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * encrypted.c - what the dynamic encryption module does: reserve, connect, configure, release the encrypted tunnel.
 */
#include "common/log.h"
#include "context.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/** A service or configuration request is sent this often: together about six seconds. */
#define ENCRYPTED_TRIES 5

static void fail(struct client *c, const char *what, const char *why)
{
	char reason[300];
	snprintf(reason, sizeof reason, "%s%s%s", what, why[0] ? ": " : "", why);
	dtte_failed(&c->dtte, reason, c->now);
}

static void reservation_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct client *c = ((struct tunnel *)context)->client;
	enum tscf_response code;
	struct tscf_tlv tlv;
	char text[201] = "";
	(void)user;
	if (error == -ECANCELED || c->dtte.state != DTTE_REQUESTED)
		return;
	if (!response) {
		fail(c, "no answer to the service request", "");
	} else if (tscf_message_response(response, &code, text, sizeof text) < 0) {
		fail(c, "the service response has no response code", "");
	} else if (code == TSCF_RESPONSE_NO_SESSION) {
		fail(c, "the server does not know the plain tunnel", "");
		plain_lost(c, "the server does not know this tunnel (any more)");
	} else if (code != TSCF_RESPONSE_SUCCESS) {
		fail(c, tscf_response_name(code), text);
	} else if (!tscf_message_find(response, TSCF_TLV_RESERVED_TSID, &tlv) ||
		   tscf_tlv_u64(&tlv, &c->reserved_tsid) < 0) {
		fail(c, "the service response names no tunnel", "");
	} else {
		dtte_reserved(&c->dtte, c->now);
	}
}

/* Only the hash of the secret goes over the plain tunnel: who listens there cannot take the reservation. */
static void request(void *context)
{
	struct client *c = context;
	uint8_t buffer[TSCF_MESSAGE_MAX], hash[32];
	struct tscf_writer w;
	tscf_random(c->reservation_secret, sizeof c->reservation_secret);
	tscf_sha256(c->reservation_secret, sizeof c->reservation_secret, hash);
	tunnel_begin(&c->plain, &w, buffer, TSCF_SERVICE_REQUEST);
	tscf_write_u16(&w, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_ENABLE_DTTE);
	tscf_write_bytes(&w, TSCF_TLV_RESERVATION_HASH, hash, sizeof hash);
	if (tunnel_request(&c->plain, &w, ENCRYPTED_TRIES, reservation_done, NULL) < 0)
		fail(c, "out of memory", "");
}

static void connect_tunnel(void *context)
{
	struct client *c = context;
	struct tscf_outer_options options = {.mark = TSCF_MARK_OUTER, .mark_mask = c->config->fwmark_mask};
	union tscf_endpoint server = c->server;
	tscf_endpoint_set_port(&server, (uint16_t)(tscf_endpoint_port(&server) + 1));
	c->encrypted.state = TUNNEL_CONNECTING;
	int error = tscf_dtls_connect(c->loop, c->tls, &server, &options, &encrypted_handler, c,
				      &c->encrypted.transport, &c->encrypted.peer);
	if (error < 0)
		fail(c, "cannot connect", strerror(-error));
}

static int take_address(struct client *c, const struct tscf_prefix *internal)
{
	struct tscf_prefix host = {.addr = internal->addr,
				   .length = (uint8_t)(8 * tscf_addr_size(internal->addr.family))};
	struct tscf_prefix *old = &c->encrypted.internal;
	/* The new one first: a device that loses its last address loses its routes. */
	int error = tscf_addr_add(c->netlink, c->encrypted_tun.index, &host);
	if (old->addr.family && !tscf_addr_equal(&old->addr, &host.addr))
		tscf_addr_del(c->netlink, c->encrypted_tun.index, old);
	*old = host;
	c->facts.encrypted = host.addr;
	return error;
}

static void configured(struct client *c, const struct tscf_message *m)
{
	struct tscf_prefix internal;
	struct tscf_tlv tlv;
	char text[TSCF_ADDR_TEXT];
	if (m->tsid != c->reserved_tsid || !tscf_message_find(m, TSCF_TLV_INTERNAL_IPV4, &tlv) ||
	    tscf_tlv_prefix(&tlv, &internal) < 0) {
		fail(c, "the configuration response lacks an address, or names another tunnel", "");
		return;
	}
	int error = take_address(c, &internal);
	if (error < 0) {
		fail(c, "the device cannot be set up", strerror(-error));
		return;
	}
	c->has_resume_secret =
	    tscf_message_find(m, TSCF_TLV_RESUME_SECRET, &tlv) && tlv.length == sizeof c->resume_secret;
	if (c->has_resume_secret)
		memcpy(c->resume_secret, tlv.value, sizeof c->resume_secret);
	c->encrypted.tsid = m->tsid;
	c->encrypted.state = TUNNEL_UP;
	c->encrypted.last_heard = c->now;
	tscf_info("encrypted tunnel is up, internal address %s", tscf_addr_format(&internal.addr, text));
	dtte_configured(&c->dtte, c->now);
}

static void configuration_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct client *c = ((struct tunnel *)context)->client;
	enum tscf_response code;
	char text[201] = "";
	(void)user;
	if (error == -ECANCELED)
		return;
	if (!response)
		fail(c, "no answer to the configuration request", "");
	else if (tscf_message_response(response, &code, text, sizeof text) < 0)
		fail(c, "the configuration response has no response code", "");
	else if (code != TSCF_RESPONSE_SUCCESS)
		fail(c, tscf_response_name(code), text);
	else
		configured(c, response);
}

static void configure(void *context)
{
	struct client *c = context;
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	tunnel_begin(&c->encrypted, &w, buffer, TSCF_CONFIGURATION_REQUEST);
	tscf_write_u64(&w, TSCF_TLV_RESERVED_TSID, c->reserved_tsid);
	tscf_write_bytes(&w, TSCF_TLV_RESERVATION_SECRET, c->reservation_secret, sizeof c->reservation_secret);
	tscf_write_bytes(&w, TSCF_TLV_CLIENT_ID, c->identity.id, sizeof c->identity.id);
	if (c->has_resume_secret)
		tscf_write_bytes(&w, TSCF_TLV_RESUME_SECRET, c->resume_secret, sizeof c->resume_secret);
	if (tunnel_request(&c->encrypted, &w, ENCRYPTED_TRIES, configuration_done, NULL) < 0)
		fail(c, "out of memory", "");
}

/* The server learns of the sockets before their packets come: what is held follows the registrations. */
static void up(void *context)
{
	struct client *c = context;
	registry_tunnel_up(c);
	moves_tunnel_up(c);
	registry_flush(c);
	path_send_held(c);
	client_check_waiters(c);
}

static void close_tunnel(void *context)
{
	struct client *c = context;
	if (c->encrypted.state == TUNNEL_UP)
		c->counters.encrypted_reconnects++;
	tunnel_close(&c->encrypted);
	registry_tunnel_lost(c);
}

static void release(void *context)
{
	struct client *c = context;
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	tunnel_begin(&c->encrypted, &w, buffer, TSCF_RELEASE_REQUEST);
	tunnel_send(&c->encrypted, &w);
	tscf_info("encrypted tunnel released");
	tunnel_close(&c->encrypted);
	registry_tunnel_lost(c);
}

static void idle(void *context)
{
	hold_drop(&((struct client *)context)->hold);
}

static void gate(void *context, enum dtte_gate gate)
{
	struct client *c = context;
	if (gate == DTTE_GATE_SHUT) {
		tscf_warning("no encrypted tunnel (%s): encrypted-only sockets may not send", c->dtte.reason);
		hold_drop(&c->hold);
		registry_shield_all(c);
		moves_tunnel_failed(c);
	}
	client_route(c);
}

static uint32_t jitter(void *context)
{
	uint32_t value;
	(void)context;
	tscf_random(&value, sizeof value);
	return value;
}

const struct dtte_actions encrypted_actions = {
    .request = request,
    .connect = connect_tunnel,
    .configure = configure,
    .up = up,
    .release = release,
    .close = close_tunnel,
    .idle = idle,
    .gate = gate,
    .random = jitter,
};

void encrypted_lost(struct client *c, const char *reason)
{
	tscf_warning("encrypted tunnel lost: %s", reason);
	dtte_failed(&c->dtte, reason, c->now);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* load_client.c - the plain tunnel of one client, step by step. */
#include "tests/bench/load.h"

#include "common/crypto/hash.h"

#include <string.h>
#include <utlist.h>

/* Every answer may have three times the size of its request. */
#define REQUEST_SIZE 480

static void send_plain(struct load *load, struct load_client *c, struct tscf_writer *w)
{
	int length = tscf_write_finish(w);

	if (length > 0 && c->step == LOAD_CONFIGURE)
		tscf_sha256(w->data, (size_t)length, c->request);
	else if (length > 0)
		length = (int)tscf_seal_close(&c->seal, w->data, (uint32_t)length);
	if (length > 0)
		load_wire_send(load->plain_wire, load_client_number(load, c), w->data, (size_t)length);
}

static void send_plain_step(struct load *load, struct load_client *c)
{
	uint8_t data[TSCF_MESSAGE_MAX + TSCF_SEAL_SIZE], secret[32], hash[32];
	struct tscf_writer w;

	switch (c->step) {
	case LOAD_CONFIGURE:
		tscf_write_begin(&w, data, TSCF_MESSAGE_MAX, TSCF_CONFIGURATION_REQUEST, TSCF_TSID_NONE, c->sequence);
		tscf_write_bytes(&w, TSCF_TLV_CLIENT_ID, c->id, sizeof(c->id));
		tscf_write_bytes(&w, TSCF_TLV_KEY_SHARE, load->share.bytes, sizeof(load->share.bytes));
		if (c->cookie_length > 0)
			tscf_write_bytes(&w, TSCF_TLV_COOKIE, c->cookie, c->cookie_length);
		tscf_write_pad(&w, REQUEST_SIZE);
		break;
	case LOAD_CONFIRM:
		tscf_write_begin(&w, data, TSCF_MESSAGE_MAX, TSCF_KEEPALIVE_REQUEST, c->tsid, c->sequence);
		break;
	case LOAD_RESERVE:
		load_tunnel_secret(c, secret);
		tscf_sha256(secret, sizeof(secret), hash);
		tscf_write_begin(&w, data, TSCF_MESSAGE_MAX, TSCF_SERVICE_REQUEST, c->tsid, c->sequence);
		tscf_write_u16(&w, TSCF_TLV_SERVICE_TYPE, TSCF_SERVICE_ENABLE_DTTE);
		tscf_write_bytes(&w, TSCF_TLV_RESERVATION_HASH, hash, sizeof(hash));
		break;
	default:
		tscf_write_begin(&w, data, TSCF_MESSAGE_MAX, TSCF_RELEASE_REQUEST, c->tsid, c->sequence);
		break;
	}
	send_plain(load, c, &w);
}

static bool is_plain_step(enum load_step step)
{
	return step == LOAD_CONFIGURE || step == LOAD_CONFIRM || step == LOAD_RESERVE || step == LOAD_RELEASE_PLAIN;
}

void load_send(struct load *load, struct load_client *c)
{
	c->sent = load->now;
	c->attempts++;
	if (is_plain_step(c->step))
		send_plain_step(load, c);
	else
		load_tunnel_send_step(load, c);
}

void load_enter(struct load *load, struct load_client *c, enum load_step step)
{
	c->step = step;
	c->attempts = 0;
	c->sequence++;
	load_send(load, c);
}

void load_finish(struct load *load, struct load_client *c, bool good)
{
	struct load_phase *phase = load->phase;

	DL_DELETE(load->under_way, c);
	if (good) {
		c->step = phase->goal;
		phase->done++;
		histogram_add(&phase->setup, load->now - c->begun);
	} else {
		c->step = c->tsid != 0 ? LOAD_PLAIN_UP : LOAD_DOWN;
		load_tunnel_close(c);
		phase->failed++;
	}
}

/** @return whether both ends have the same keys; who the server is does not matter here. */
static bool agreed(const struct load *load, struct load_client *c, const struct tscf_message *m)
{
	struct tscf_offer offer = {.share = load->share};

	memcpy(offer.request, c->request, sizeof(offer.request));
	return !tscf_agreement_keys(&offer, m, NULL, &c->seal);
}

static void configured(struct load *load, struct load_client *c, const struct tscf_message *m)
{
	struct tscf_prefix internal;
	struct tscf_tlv tlv;

	if (!tscf_message_find(m, TSCF_TLV_INTERNAL_IPV4, &tlv) || tscf_tlv_prefix(&tlv, &internal) < 0 ||
	    !agreed(load, c, m)) {
		load_finish(load, c, false);
		return;
	}
	memcpy(c->internal, internal.addr.bytes, sizeof(c->internal));
	c->tsid = m->tsid;
	load_enter(load, c, LOAD_CONFIRM);
}

/** The server is under load and wants to see that the answer arrives: the same request once more, with the cookie. */
static bool take_cookie(struct load *load, struct load_client *c, const struct tscf_message *m)
{
	struct tscf_tlv tlv;

	if (c->step != LOAD_CONFIGURE || !tscf_message_find(m, TSCF_TLV_COOKIE, &tlv) || tlv.length > sizeof(c->cookie))
		return false;
	memcpy(c->cookie, tlv.value, tlv.length);
	c->cookie_length = (uint8_t)tlv.length;
	load_enter(load, c, LOAD_CONFIGURE);
	return true;
}

static void reserved(struct load *load, struct load_client *c, const struct tscf_message *m)
{
	struct tscf_tlv tlv;
	uint64_t tsid;

	if (!tscf_message_find(m, TSCF_TLV_RESERVED_TSID, &tlv) || tscf_tlv_u64(&tlv, &tsid) < 0) {
		load_finish(load, c, false);
		return;
	}
	load_tunnel_open(load, c, tsid);
}

/* The answer to the message of the client's step. */
static void answered(struct load *load, struct load_client *c, const struct tscf_message *m)
{
	enum tscf_response code = TSCF_RESPONSE_SUCCESS;

	if (m->type != TSCF_KEEPALIVE_RESPONSE && (tscf_message_response(m, &code, NULL, 0) < 0 || code != 0)) {
		if (code != TSCF_RESPONSE_COOKIE || !take_cookie(load, c, m))
			load_finish(load, c, false);
		return;
	}
	switch (c->step) {
	case LOAD_CONFIGURE:
		configured(load, c, m);
		break;
	case LOAD_RESERVE:
		reserved(load, c, m);
		break;
	case LOAD_RELEASE_PLAIN:
		load_finish(load, c, true);
		break;
	default:
		load_finish(load, c, true);
		break;
	}
}

static void control(struct load *load, struct load_client *c, const uint8_t *data, size_t length)
{
	static const enum tscf_message_type wanted[] = {
	    [LOAD_CONFIGURE] = TSCF_CONFIGURATION_RESPONSE,
	    [LOAD_CONFIRM] = TSCF_KEEPALIVE_RESPONSE,
	    [LOAD_RESERVE] = TSCF_SERVICE_RESPONSE,
	    [LOAD_RELEASE_PLAIN] = TSCF_RELEASE_RESPONSE,
	};
	struct tscf_message m;

	if (tscf_message_decode(data, (uint32_t)length, &m) < 0 || !is_plain_step(c->step))
		return;
	if (m.type != TSCF_CONFIGURATION_RESPONSE && tscf_seal_open(&c->seal, &m) != TSCF_SEAL_RIGHT)
		return;
	if (m.sequence == c->sequence && m.type == wanted[c->step])
		answered(load, c, &m);
}

void load_plain_received(struct load *load, const struct load_datagram *datagram)
{
	if (tscf_kind_of(datagram->data[0]) == TSCF_KIND_CONTROL)
		control(load, &load->clients[datagram->client], datagram->data, datagram->length);
	else
		load_calls_received(load, datagram->data, datagram->length, datagram->came);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/trust.h"

#include "common/base/text.h"
#include "common/crypto/hash.h"
#include "tscf-client/tunnel/connector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** The size of a request for certificates; its answer may be three times as large. */
#define CHAIN_REQUEST_SIZE 400

static struct trust *trust_of(const struct connector_try *try)
{
	return &try->connector->verifier.known[try->tunnel.way.server];
}

/* While the plain tunnel is up, its server is verified: a refused try for a better way is only counted. */
void trust_note(struct connector_try *try, const char *reason, char text[TRUST_REASON])
{
	struct verifier *v = &try->connector->verifier;
	snprintf(text, TRUST_REASON, "the server cannot be verified: %s", reason);
	(*v->unverified)++;
	if (try->connector->plain->state != TUNNEL_UP) {
		v->untrusted |= 1U << try->tunnel.way.server;
		tscf_text_copy(text, strlen(text), v->reason, sizeof(v->reason));
	}
}

static void refuse(struct connector_try *try, const char *reason)
{
	char text[TRUST_REASON];
	trust_note(try, reason, text);
	trust_stop(try);
	try->verified(try, text);
}

/** @return NULL, or why not. */
static const char *keep_keys(struct connector_try *try, const struct tscf_seal *seal)
{
	sealing_drop(&try->tunnel.sealing);
	try->tunnel.sealing = sealing_new(seal, try->proving.credential);
	return try->tunnel.sealing ? NULL : "out of memory";
}

/** Verify the response with these certificates; their digest is the one that the response names. */
static bool judge(struct connector_try *try, const uint8_t *chain, uint16_t length)
{
	char text[TSCF_TLS_ERROR];
	const char *reason = text;
	/* Who is refused has proved nothing. */
	const uint8_t *psk = try->proving.has_key && !try->refused ? try->proving.key : NULL;
	const uint8_t *leaf;
	size_t leaf_length;
	struct tscf_seal seal;
	if (tscf_tls_check_chain(try->tunnel.host->tls[try->tunnel.way.server], chain, length, &leaf, &leaf_length,
				 text) == 0)
		reason = tscf_agreement_accept(&try->offer, &try->response, psk, leaf, leaf_length, &seal);
	if (!reason)
		reason = keep_keys(try, &seal);
	explicit_bzero(&seal, sizeof(seal));
	if (reason)
		refuse(try, reason);
	return !reason;
}

static void keep(struct connector_try *try, const uint8_t digest[32])
{
	struct trust *known = trust_of(try);
	free(known->chain);
	*known = (struct trust){.chain = try->fetch.chain, .length = try->fetch.total};
	memcpy(known->digest, digest, sizeof(known->digest));
	try->fetch = (struct trust_fetch){.chain = NULL};
}

static void fetched(struct connector_try *try)
{
	uint8_t digest[32];
	tscf_sha256(try->fetch.chain, try->fetch.total, digest);
	/* The certificates may have been renewed meanwhile. */
	if (memcmp(digest, tscf_agreement_chain(&try->response), sizeof(digest)) != 0) {
		refuse(try, "its certificates are not those that it has named");
	} else if (judge(try, try->fetch.chain, try->fetch.total)) {
		keep(try, digest);
		try->verified(try, NULL);
	}
}

static void ask(struct connector_try *try);

static void part_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct connector_try *try = user;
	struct trust_fetch *f = &try->fetch;
	struct tscf_chain_part part;
	struct tscf_tlv tlv;
	(void)context;
	if (error == -ECANCELED || !f->chain)
		return;
	if (!response || !tscf_message_find(response, TSCF_TLV_CHAIN_PART, &tlv) ||
	    tscf_tlv_chain_part(&tlv, &part) < 0 || part.length == 0 || part.offset != f->have ||
	    part.total > TSCF_CHAIN_MAX || (f->total != 0 && part.total != f->total)) {
		refuse(try, "it does not show its certificates");
		return;
	}
	memcpy(f->chain + part.offset, part.bytes, part.length);
	f->total = part.total;
	f->have = (uint16_t)(f->have + part.length);
	if (f->have < f->total)
		ask(try);
	else
		fetched(try);
}

static void ask(struct connector_try *try)
{
	const struct tscf_chain_part place = {.total = try->fetch.have, .offset = try->fetch.have};
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	tunnel_begin(&try->tunnel, &w, buffer, TSCF_CHAIN_REQUEST);
	tscf_write_chain_part(&w, &place);
	tscf_write_pad(&w, CHAIN_REQUEST_SIZE);
	if (tunnel_request(&try->tunnel, &w, REQUEST_TRIES_ENDLESS, part_done, try) < 0)
		refuse(try, "out of memory");
}

void trust_verify(struct connector_try *try, trust_done done)
{
	const struct trust *known = trust_of(try);
	const uint8_t *digest = tscf_agreement_chain(&try->response);
	trust_stop(try);
	try->verified = done;
	if (!digest) {
		refuse(try, "it proves nothing, and is too old for this client");
	} else if (known->chain && memcmp(known->digest, digest, sizeof(known->digest)) == 0) {
		if (judge(try, known->chain, known->length))
			try->verified(try, NULL);
	} else {
		try->fetch.chain = malloc(TSCF_CHAIN_MAX);
		if (try->fetch.chain)
			ask(try);
		else
			refuse(try, "out of memory");
	}
}

void trust_stop(struct connector_try *try)
{
	free(try->fetch.chain);
	try->fetch = (struct trust_fetch){.chain = NULL};
}

void trust_free(struct verifier *v)
{
	for (unsigned i = 0; i < CLIENT_SERVERS_MAX; i++) {
		free(v->known[i].chain);
		v->known[i] = (struct trust){.chain = NULL};
	}
}

const char *trust_in_vain(const struct connector *s)
{
	const struct verifier *v = &s->verifier;
	const unsigned in_vain = v->untrusted | v->refused;
	if (!in_vain || s->plain->state == TUNNEL_UP)
		return NULL;
	for (unsigned i = 0; i < s->race.count; i++) {
		const struct candidate *one = &s->race.list[i];
		bool failed = one->state == CANDIDATE_WAITING && one->reason[0];
		if (!failed && !(in_vain & 1U << s->ways[i].server))
			return NULL;
	}
	return v->untrusted ? v->reason : s->refusal;
}

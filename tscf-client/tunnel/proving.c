/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/proving.h"

#include "common/crypto/hash.h"
#include "tscf-client/tunnel/connector.h"

#include <errno.h>
#include <string.h>

/** A server that is restarted meanwhile sends a new cookie, and has lost the certificates. */
#define COOKIES_MAX 4
#define ROUNDS_MAX  4

void proving_begin(struct connector_try *try)
{
	proving_stop(try);
	/* It is this server's to ask for a proof, with its cookie; the server that was tried here before may be
	 * another. */
	try->proving = (struct proving){.credential = tscf_credential_hold(*try->connector->credential)};
}

void proving_stop(struct connector_try *try)
{
	tscf_credential_drop(try->proving.credential);
	try->proving.credential = NULL;
	explicit_bzero(try->proving.key, sizeof(try->proving.key));
}

/* The server checks that its answer arrives, and perhaps wants authentication: send the same request once more. */
static void take_cookie(struct connector_try *try, const struct tscf_message *m)
{
	struct proving *p = &try->proving;
	struct tscf_tlv cookie, methods;
	p->must_prove = tscf_message_find(m, TSCF_TLV_AUTH_METHODS, &methods);
	p->takes_parts = p->must_prove && methods.value[0] & TSCF_PROOF_PARTS;
	if (++p->cookies > COOKIES_MAX || !tscf_message_find(m, TSCF_TLV_COOKIE, &cookie) ||
	    cookie.length > sizeof(p->cookie)) {
		p->done(try, "the server gives cookies and does not take them");
		return;
	}
	/* Without the proof that the server wants, too: it refuses then, and its administrator sees that. */
	memcpy(p->cookie, cookie.value, cookie.length);
	p->cookie_length = cookie.length;
	p->done(try, NULL);
}

/* Whether the server has taken the part is seen from its answer to the request that follows. */
static void part_done(void *context, void *user, const struct tscf_message *response, int error)
{
	struct connector_try *try = user;
	(void)context, (void)response;
	if (error == -ECANCELED || try->proving.parts == 0)
		return;
	if (--try->proving.parts == 0)
		try->proving.done(try, NULL);
}

static int send_part(struct connector_try *try, const uint8_t digest[32], const struct tscf_chain_part *part)
{
	const struct proving *p = &try->proving;
	const struct client_identity *identity = try->connector->identity;
	uint8_t buffer[TSCF_MESSAGE_MAX];
	struct tscf_writer w;
	tunnel_begin(&try->tunnel, &w, buffer, TSCF_CERTIFICATE_REQUEST);
	tscf_write_bytes(&w, TSCF_TLV_CLIENT_ID, identity->id, sizeof(identity->id));
	tscf_write_bytes(&w, TSCF_TLV_COOKIE, p->cookie, p->cookie_length);
	tscf_write_bytes(&w, TSCF_TLV_CHAIN_DIGEST, digest, 32);
	tscf_write_chain_part(&w, part);
	return tunnel_request(&try->tunnel, &w, REQUEST_TRIES_ENDLESS, part_done, try);
}

static void send_certificates(struct connector_try *try)
{
	struct proving *p = &try->proving;
	uint8_t digest[32];
	uint16_t length = 0;
	const uint8_t *der = p->credential ? tscf_credential_parts(p->credential, &length) : NULL;
	int err = 0;
	if (!der || ++p->rounds > ROUNDS_MAX) {
		p->done(try, "the server asks for certificates and does not take them");
		return;
	}
	tscf_sha256(der, length, digest);
	p->parts = (length + TSCF_CHAIN_PART_MAX - 1U) / TSCF_CHAIN_PART_MAX;
	for (uint32_t at = 0; at < length && err == 0; at += TSCF_CHAIN_PART_MAX) {
		const uint32_t left = length - at;
		const struct tscf_chain_part part = {
		    .total = length,
		    .offset = (uint16_t)at,
		    .length = (uint16_t)(left < TSCF_CHAIN_PART_MAX ? left : TSCF_CHAIN_PART_MAX),
		    .bytes = der + at};
		err = send_part(try, digest, &part);
	}
	if (err < 0)
		p->done(try, "out of memory");
}

bool proving_demanded(struct connector_try *try, enum tscf_response code, const struct tscf_message *m,
		      proving_done done)
{
	try->proving.done = done;
	if (code == TSCF_RESPONSE_COOKIE)
		take_cookie(try, m);
	else if (code == TSCF_RESPONSE_CERTIFICATES)
		send_certificates(try);
	else
		return false;
	return true;
}

const char *proving_write(struct connector_try *try, struct tscf_writer *w)
{
	struct proving *p = &try->proving;
	const struct tscf_proof_subject subject = {.challenge = p->cookie,
						   .challenge_length = p->cookie_length,
						   .client_id = try->connector->identity->id,
						   .share = try->offer.share.bytes};
	uint16_t length;
	p->has_key = false;
	if (p->cookie_length == 0)
		return NULL;
	tscf_write_bytes(w, TSCF_TLV_COOKIE, p->cookie, p->cookie_length);
	if (!p->must_prove || !p->credential)
		return NULL;
	if (!p->takes_parts && tscf_credential_parts(p->credential, &length))
		return "this server takes only one certificate, of at most 1100 bytes, that a CA itself has signed";
	p->has_key = tscf_credential_key(p->credential, p->key);
	return tscf_credential_prove(p->credential, &subject, w) < 0
		   ? "the proof of this client's identity cannot be made"
		   : NULL;
}

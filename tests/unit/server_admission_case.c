/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/server_admission_case.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct world *w;
struct world_client a;
uint8_t cookie[SERVER_COOKIE_SIZE];
static struct server_quotas *quotas; /**< NULL: clients have no limits of their own */

void setup(void)
{
	w = world_new(SERVER_SERVICE_DTTE);
	world_client(w, &a, 1, 5000);
	w->interface->half_open_limit = 1000;
}

void teardown(void)
{
	world_free(w);
	server_quotas_free(quotas);
	quotas = NULL;
}

static const char *keys(const char *text)
{
	static char file[32];
	FILE *f;
	int fd;

	strcpy(file, "/tmp/tscf-keys.XXXXXX");
	fd = mkstemp(file);
	ck_assert_int_ge(fd, 0);
	f = fdopen(fd, "w");
	fputs(text, f);
	fclose(f);
	return file;
}

void let_in_by(const char *psk_file, const char *ca_file, const char *denied_file, const char *crl_file)
{
	char error[TSCF_PROOF_ERROR];

	tscf_client_auth_drop(w->interface->client_auth);
	w->interface->client_auth = tscf_client_auth_read(psk_file, ca_file, denied_file, crl_file, error);
	ck_assert_msg(w->interface->client_auth != NULL, "%s", error);
}

void let_in(const char *text)
{
	const char *file = keys(text);

	let_in_by(file, NULL, NULL, NULL);
	unlink(file);
}

void limit(const char *text)
{
	char error[TSCF_PROOF_ERROR];
	const char *file = keys(text);
	struct server_client_limits *limits = server_client_limits_read(file, error, sizeof(error));

	unlink(file);
	ck_assert_msg(limits != NULL, "%s", error);
	if (!quotas)
		quotas = server_quotas_new();
	w->state->quotas = quotas;
	server_quotas_change(quotas, limits);
	server_client_limits_drop(limits);
}

struct tscf_credential *credential(const char *text)
{
	char error[TSCF_PROOF_ERROR];
	const char *file = keys(text);
	struct tscf_credential *c = tscf_credential_psk(file, NULL, error);

	unlink(file);
	ck_assert_msg(c != NULL, "%s", error);
	return c;
}

int configure_by(struct world_client *c, bool with_cookie, const struct tscf_credential *who, bool in_connection)
{
	const struct tscf_proof_subject subject = {
	    .challenge = cookie, .challenge_length = sizeof(cookie), .client_id = c->id, .share = c->offer.share.bytes};
	/* The answer may come later. */
	static uint8_t key[32];
	uint8_t data[TSCF_PROBE_MAX];
	struct tscf_writer writer;
	struct tscf_tlv tlv;
	int code;

	world_begin(c, &writer, data, TSCF_CONFIGURATION_REQUEST, in_connection);
	tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, c->id, sizeof(c->id));
	tscf_write_u64(&writer, TSCF_TLV_RUN, c->run);
	if (in_connection)
		tscf_offer_write(&c->offer, &writer);
	if (with_cookie)
		tscf_write_bytes(&writer, TSCF_TLV_COOKIE, cookie, sizeof(cookie));
	if (who)
		ck_assert_int_eq(tscf_credential_prove(who, &subject, &writer), 0);
	tscf_write_pad(&writer, 480);
	c->psk = who && tscf_credential_key(who, key) ? key : NULL;
	code = world_send(c, &writer, in_connection);
	if (tscf_message_find(&w->reply, TSCF_TLV_COOKIE, &tlv) && tlv.length == sizeof(cookie))
		memcpy(cookie, tlv.value, sizeof(cookie));
	if (code == TSCF_RESPONSE_SUCCESS)
		c->tsid = w->reply.tsid;
	return code;
}

int configure(struct world_client *c, bool with_cookie, const struct tscf_credential *who)
{
	return configure_by(c, with_cookie, who, false);
}

void connect_as(struct world_client *c, const struct tscf_credential *who)
{
	ck_assert_int_eq(configure(c, false, NULL), TSCF_RESPONSE_COOKIE);
	ck_assert_int_eq(configure(c, true, who), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_keepalive(c, false), 0);
}

int encrypt_reserved(struct world_client *c, const struct tscf_credential *who)
{
	uint8_t data[TSCF_PROBE_MAX], challenge[8 + SERVER_SECRET_SIZE];
	const struct tscf_proof_subject subject = {
	    .encrypted = true, .challenge = challenge, .challenge_length = sizeof(challenge), .client_id = c->id};
	struct tscf_writer writer;

	world_handshake(c);
	for (unsigned i = 0; i < 8; i++)
		challenge[i] = (uint8_t)(c->encrypted_tsid >> (56 - 8 * i));
	memcpy(challenge + 8, c->secret, SERVER_SECRET_SIZE);
	world_begin(c, &writer, data, TSCF_CONFIGURATION_REQUEST, true);
	tscf_write_u64(&writer, TSCF_TLV_RESERVED_TSID, c->encrypted_tsid);
	tscf_write_bytes(&writer, TSCF_TLV_RESERVATION_SECRET, c->secret, sizeof(c->secret));
	tscf_write_bytes(&writer, TSCF_TLV_CLIENT_ID, c->id, sizeof(c->id));
	if (who)
		ck_assert_int_eq(tscf_credential_prove(who, &subject, &writer), 0);
	return world_send(c, &writer, true);
}

int encrypt(struct world_client *c, const struct tscf_credential *who)
{
	ck_assert_int_eq(world_reserve(c), TSCF_RESPONSE_SUCCESS);
	return encrypt_reserved(c, who);
}

int encrypt_over_limit(struct world_client *c)
{
	struct tscf_credential *alice = credential(ALICE);
	int code;

	let_in(ALICE);
	limit("* encrypted-tunnels=2\n");
	connect_as(&a, alice);
	connect_as(c, alice);
	ck_assert_int_eq(encrypt(&a, alice), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(world_reserve(c), TSCF_RESPONSE_SUCCESS);
	limit("* encrypted-tunnels=1\n");
	code = encrypt_reserved(c, alice);
	tscf_credential_drop(alice);
	return code;
}

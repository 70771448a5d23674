/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server_proof_refusals.c - clients that do not prove who they are, each in another way. */
#include "tests/unit/server_refusals_case.h"

#include "common/base/file.h"
#include "common/crypto/hash.h"
#include "common/crypto/random.h"
#include "tscf-server/session/request.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/** Of used invitations; NULL: none is kept. */
static struct tscf_enrolments *record;

/* --- pre-shared keys --- */

/** Ask for a plain tunnel with a cookie, and with the proof of @p who, which may be NULL. */
static void ask_as(struct world_client *c, const struct tscf_credential *who)
{
	ck_assert_int_eq(configure(c, false, NULL), TSCF_RESPONSE_COOKIE);
	configure(c, true, who);
}

static void ask_by_key(const char *text)
{
	struct tscf_credential *who = credential(text);

	ask_as(&a, who);
	tscf_credential_drop(who);
}

/** Ask with a proof of these bytes, and with @p size bytes at @p value in one TLV more. */
static void ask_with(const uint8_t *proof, uint16_t length, uint16_t type, const void *value, uint16_t size)
{
	uint8_t data[TSCF_MESSAGE_MAX];
	struct tscf_writer t;

	ck_assert_int_eq(configure(&a, false, NULL), TSCF_RESPONSE_COOKIE);
	world_begin(&a, &t, data, TSCF_CONFIGURATION_REQUEST, false);
	tscf_write_bytes(&t, TSCF_TLV_CLIENT_ID, a.id, sizeof(a.id));
	tscf_write_bytes(&t, TSCF_TLV_COOKIE, cookie, sizeof(cookie));
	tscf_write_bytes(&t, TSCF_TLV_AUTH_PROOF, proof, length);
	tscf_write_bytes(&t, type, value, size);
	tscf_write_pad(&t, 480);
	world_send(&a, &t, false);
}

void refuse_no_proof(void)
{
	let_in(ALICE);
	ask_as(&a, NULL);
}

/* One byte more than a MAC after the name. */
void refuse_malformed_proof(void)
{
	const uint8_t proof[2 + 5 + 32 + 1] = {TSCF_PROOF_PSK, 5, 'a', 'l', 'i', 'c', 'e'};

	let_in(ALICE);
	ask_with(proof, sizeof(proof), TSCF_TLV_RUN, proof, 8);
}

void refuse_no_keys(void)
{
	let_in_by(NULL, certs_path("ca.pem"), NULL, NULL);
	ask_by_key(ALICE);
}

void refuse_unknown(void)
{
	let_in(ALICE);
	ask_by_key(BOB);
}

void refuse_wrong_key(void)
{
	let_in(ALICE);
	ask_by_key("alice:00112233445566778899aabbccddee00\n");
}

static const char *write_file(const char *name, const void *text, size_t length)
{
	const char *path = certs_path(name);

	ck_assert_int_eq(tscf_file_replace(path, 0600, text, length), 0);
	return path;
}

void refuse_denied(void)
{
	let_in_by(write_file("keys", ALICE, strlen(ALICE)), NULL, write_file("denied", "alice\n", 6), NULL);
	ask_by_key(ALICE);
}

/* --- one-time invitations --- */

/** Let a client in by an invitation that ends @p seconds from now.  @return its key. */
static struct tscf_credential *invite(int64_t seconds)
{
	struct tscf_psk psk = {
	    .identity = "alice", .key_length = 32, .kind = TSCF_PSK_INVITED, .until = (int64_t)time(NULL) + seconds};
	char line[TSCF_PSK_LINE + 1], error[TSCF_PROOF_ERROR];
	size_t length;

	ck_assert_int_eq(tscf_enrolments_make(certs_path("record")), 0);
	record = tscf_enrolments_open(certs_path("record"), true, error, sizeof(error));
	ck_assert_msg(record != NULL, "%s", error);
	tscf_random(psk.key, 32);
	memcpy(psk.record, tscf_enrolments_name(record), sizeof(psk.record));
	length = tscf_psk_format(&psk, line);
	line[length++] = '\n';
	let_in_by(write_file("keys", line, length), NULL, NULL, NULL);
	tscf_client_auth_record(w->interface->client_auth, record);
	/* What it shows is the same as with a key that is no invitation. */
	psk.kind = TSCF_PSK_LASTING;
	length = tscf_psk_format(&psk, line);
	line[length++] = '\n';
	line[length] = '\0';
	return credential(line);
}

void refuse_lost(void)
{
	struct tscf_credential *alice = invite(60);

	tscf_client_auth_record(w->interface->client_auth, NULL);
	ask_as(&a, alice);
	tscf_credential_drop(alice);
}

void refuse_too_late(void)
{
	struct tscf_credential *alice = invite(-1);

	ask_as(&a, alice);
	tscf_credential_drop(alice);
}

void refuse_used(void)
{
	struct tscf_credential *alice = invite(60);

	ask_as(&b, alice);
	ask_as(&a, alice);
	tscf_credential_drop(alice);
}

void refuse_not_recorded(void)
{
	struct tscf_credential *alice = invite(60);

	ck_assert_int_eq(unlink(certs_path("record")), 0);
	ask_as(&a, alice);
	tscf_credential_drop(alice);
}

/* --- certificates --- */

static struct tscf_credential *certificate(const char *file, const char *key_file)
{
	char error[TSCF_PROOF_ERROR];
	struct tscf_credential *c = tscf_credential_certificate(certs_path(file), certs_path(key_file), error);

	ck_assert_msg(c != NULL, "%s", error);
	return c;
}

void ask_by_certificate(const char *name)
{
	char file[32], key_file[32];
	struct tscf_credential *who;

	snprintf(file, sizeof(file), "%s.pem", name);
	snprintf(key_file, sizeof(key_file), "%s.key", name);
	who = certificate(file, key_file);
	ask_as(&a, who);
	tscf_credential_drop(who);
}

/** The server gets certificates in parts, DER back to back.  @p digest gets their digest. */
static void take_parts(const uint8_t *der, uint16_t length, uint8_t digest[32])
{
	tscf_sha256(der, length, digest);
	for (uint32_t at = 0; at < length; at += TSCF_CHAIN_PART_MAX) {
		const uint32_t left = length - at;
		const struct tscf_chain_part part = {
		    .total = length,
		    .offset = (uint16_t)at,
		    .length = (uint16_t)(left < TSCF_CHAIN_PART_MAX ? left : TSCF_CHAIN_PART_MAX),
		    .bytes = der + at};

		ck_assert(server_certificates_take(&w->state->certificates, &a.outer, digest, &part, w->now));
	}
}

void refuse_no_certificates(void)
{
	let_in(ALICE);
	ask_by_certificate("phone");
}

void refuse_malformed_certificate(void)
{
	const uint8_t proof[72] = {TSCF_PROOF_CERTIFICATE};

	let_in_by(NULL, certs_path("ca.pem"), NULL, NULL);
	ask_with(proof, sizeof(proof), TSCF_TLV_AUTH_CERTIFICATE, "no certificate", 14);
}

void refuse_many_certificates(void)
{
	const uint8_t proof[72] = {TSCF_PROOF_CERTIFICATE};
	static uint8_t der[8192];
	uint8_t digest[32];
	int length = 0;

	for (unsigned i = 0; i < TSCF_CERTIFICATES_MAX + 1; i++)
		length += certs_der("phone", der + length, (int)sizeof(der) - length);
	let_in_by(NULL, certs_path("ca.pem"), NULL, NULL);
	take_parts(der, (uint16_t)length, digest);
	ask_with(proof, sizeof(proof), TSCF_TLV_CHAIN_DIGEST, digest, sizeof(digest));
}

/* The length of its version is wrong: wolfSSL does not look at it, but what comes after that is not found. */
void refuse_no_public_key(void)
{
	static const uint8_t version[] = {0xa0, 3, 2, 1, 2}, proof[72] = {TSCF_PROOF_CERTIFICATE};
	uint8_t der[2048], *at;
	const int length = certs_der("phone", der, sizeof(der));

	at = memmem(der, (size_t)length, version, sizeof(version));
	ck_assert_ptr_nonnull(at);
	at[1] = 0;
	let_in_by(NULL, certs_path("ca.pem"), NULL, NULL);
	ask_with(proof, sizeof(proof), TSCF_TLV_AUTH_CERTIFICATE, der, (uint16_t)length);
}

void refuse_not_for_clients(void)
{
	let_in_by(NULL, certs_path("ca.pem"), NULL, NULL);
	ask_by_certificate("website");
}

void refuse_unknown_ca(void)
{
	let_in_by(NULL, certs_path("other.pem"), NULL, NULL);
	ask_by_certificate("phone");
}

void refuse_expired(void)
{
	let_in_by(NULL, certs_path("ca.pem"), NULL, NULL);
	ask_by_certificate("late");
}

void refuse_early(void)
{
	let_in_by(NULL, certs_path("ca.pem"), NULL, NULL);
	ask_by_certificate("early");
}

void refuse_expired_ca(void)
{
	let_in_by(NULL, certs_path("past.pem"), NULL, NULL);
	ask_by_certificate("orphan");
}

void refuse_early_ca(void)
{
	let_in_by(NULL, certs_path("future.pem"), NULL, NULL);
	ask_by_certificate("heir");
}

/* A signature by nobody's key. */
void refuse_other_key(void)
{
	const uint8_t proof[72] = {TSCF_PROOF_CERTIFICATE, 0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01};
	uint8_t der[2048];
	int length = certs_der("phone", der, sizeof(der));

	let_in_by(NULL, certs_path("ca.pem"), NULL, NULL);
	ask_with(proof, 9, TSCF_TLV_AUTH_CERTIFICATE, der, (uint16_t)length);
}

void let_in_unless(const struct certs_crl_spec *lists, unsigned count)
{
	static uint8_t der[8192];
	int length = 0;

	for (unsigned i = 0; i < count; i++)
		length += certs_crl(&lists[i], der + length);
	let_in_by(NULL, certs_path("ca.pem"), NULL, write_file("lists", der, (size_t)length));
}

void refuse_revoked(void)
{
	let_in_unless(&(struct certs_crl_spec){.issuer = "ca", .revoked = {"phone"}}, 1);
	ask_by_certificate("phone");
}

void refuse_no_list(void)
{
	let_in_unless(&(struct certs_crl_spec){.issuer = "other"}, 1);
	ask_by_certificate("phone");
}

/* Whether the list of a CA between is that CA's is seen only when its certificate comes. */
void refuse_forged_list(void)
{
	static const struct certs_crl_spec lists[] = {{.issuer = "ca"}, {.issuer = "middle", .signer = "other"}};
	uint8_t digest[32], der[4096];
	struct tscf_credential *who;
	uint16_t length;
	int deep;

	deep = certs_der("deep", der, sizeof(der));
	deep += certs_der("middle", der + deep, (int)sizeof(der) - deep);
	let_in_unless(lists, 2);
	who = certificate("chain.pem", "deep.key");
	ck_assert_ptr_nonnull(tscf_credential_parts(who, &length));
	ck_assert_int_eq(length, deep);
	take_parts(der, length, digest);
	ask_as(&a, who);
	tscf_credential_drop(who);
}

void refuse_expired_list(void)
{
	let_in_unless(&(struct certs_crl_spec){.issuer = "ca", .expired = true}, 1);
	ask_by_certificate("phone");
}

void refuse_early_list(void)
{
	let_in_unless(&(struct certs_crl_spec){.issuer = "ca", .early = true}, 1);
	ask_by_certificate("phone");
}

/* --- all --- */

static void append(const char *to, const char *from)
{
	char text[8192];
	FILE *f = fopen(certs_path(from), "r");
	size_t length;

	ck_assert_ptr_nonnull(f);
	length = fread(text, 1, sizeof(text), f);
	fclose(f);
	f = fopen(certs_path(to), "a");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, length, f), length);
	fclose(f);
}

void proofs_begin(void)
{
	certs_make_clients();
	append("chain.pem", "deep.pem");
	append("chain.pem", "middle.pem");
}

void proofs_end(void)
{
	tscf_enrolments_free(record);
	record = NULL;
	unlink(certs_path("record"));
}

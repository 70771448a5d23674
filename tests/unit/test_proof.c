/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clients prove who they are, and nobody else does: both halves of proof.h against each other. */
#include "common/auth/proof.h"
#include "tests/unit/certs.h"
#include "tests/unit/runner.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ALICE  "alice:00112233445566778899aabbccddeeff\n"
#define MALICE "alice:00112233445566778899aabbccddee00\n"
#define BOB    "bob:ffeeddccbbaa99887766554433221100\n"

static char error[TSCF_PROOF_ERROR];
static uint8_t challenge[40], client_id[16], data[TSCF_PROBE_MAX], share[TSCF_KEY_SHARE_SIZE];
static struct tscf_proof_subject subject;
static struct tscf_client_name who;
static struct tscf_certificates sent;
static int64_t today;

static const char *write_file(const char *name, const char *text)
{
	const char *path = certs_path(name);
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	ck_assert_int_eq(chmod(path, 0600), 0);
	return path;
}

static void setup(void)
{
	sent = (struct tscf_certificates){.length = 0};
	memset(challenge, 1, sizeof(challenge));
	memset(client_id, 2, sizeof(client_id));
	today = time(NULL);
	memset(share, 3, sizeof(share));
	subject = (struct tscf_proof_subject){
	    .challenge = challenge, .challenge_length = 17, .client_id = client_id, .share = share};
}

static struct tscf_client_auth *server(const char *psks, bool certificates, const char *denied)
{
	struct tscf_client_auth *c =
	    tscf_client_auth_read(psks ? write_file("keys", psks) : NULL, certificates ? certs_path("ca.pem") : NULL,
				  denied ? write_file("denied", denied) : NULL, NULL, error);

	ck_assert_msg(c != NULL, "%s", error);
	return c;
}

static struct tscf_credential *certificate(const char *name)
{
	char cert[64], key[64];
	struct tscf_credential *c;

	snprintf(cert, sizeof(cert), "%s.pem", name);
	snprintf(key, sizeof(key), "%s.key", name);
	c = tscf_credential_certificate(certs_path(cert), certs_path(key), error);
	ck_assert_msg(c != NULL, "%s", error);
	return c;
}

/** A request with the proof of @p c over the subject.  @return what the server says. */
static const char *prove(struct tscf_credential *c, const struct tscf_proof_subject *over, struct tscf_client_auth *s)
{
	struct tscf_message m;
	struct tscf_writer w;
	int length;

	tscf_write_begin(&w, data, sizeof(data), TSCF_CONFIGURATION_REQUEST, TSCF_TSID_NONE, 1);
	if (c)
		ck_assert_int_eq(tscf_credential_prove(c, over, &w), 0);
	length = tscf_write_finish(&w);
	ck_assert_int_gt(length, 0);
	ck_assert_int_eq(tscf_message_decode(data, (uint32_t)length, &m), 0);
	return tscf_client_auth_check(s, &subject, &m, &sent, &who);
}

/** A request with the proof of @p c and its key.  @return what the server says, which knows @p before. */
static const char *prove_key(struct tscf_credential *c, struct tscf_client_auth *s,
			     const struct tscf_client_name *before)
{
	struct tscf_message m;
	struct tscf_writer w;
	struct tscf_tlv tlv;
	int length;

	tscf_write_begin(&w, data, sizeof(data), TSCF_CONFIGURATION_REQUEST, TSCF_TSID_NONE, 1);
	ck_assert_int_eq(tscf_credential_prove(c, &subject, &w), 0);
	length = tscf_write_finish(&w);
	ck_assert_int_gt(length, 0);
	ck_assert_int_eq(tscf_message_decode(data, (uint32_t)length, &m), 0);
	ck_assert(tscf_message_find(&m, TSCF_TLV_AUTH_KEY, &tlv));
	return tscf_client_auth_check_key(s, &subject, &m, before);
}

/** A proof over another subject is none. */
static void check_subject(struct tscf_credential *c, struct tscf_client_auth *s, const char *expected)
{
	uint8_t other_challenge[17], other_id[16], other_share[TSCF_KEY_SHARE_SIZE];
	struct tscf_proof_subject over = subject;

	ck_assert_ptr_null(prove(c, &over, s));
	over.encrypted = true;
	ck_assert_str_eq(prove(c, &over, s), expected);
	over = subject;
	over.challenge_length--;
	ck_assert_str_eq(prove(c, &over, s), expected);
	over = subject;
	memcpy(other_challenge, challenge, sizeof(other_challenge));
	other_challenge[16] ^= 1;
	over.challenge = other_challenge;
	ck_assert_str_eq(prove(c, &over, s), expected);
	over = subject;
	memcpy(other_id, client_id, sizeof(other_id));
	other_id[0] ^= 1;
	over.client_id = other_id;
	ck_assert_str_eq(prove(c, &over, s), expected);
	over = subject;
	memcpy(other_share, share, sizeof(other_share));
	other_share[32] ^= 1;
	over.share = other_share;
	ck_assert_str_eq(prove(c, &over, s), expected);
}

START_TEST(psk)
{
	struct tscf_client_auth *s = server(ALICE BOB, false, NULL);
	struct tscf_credential *c = tscf_credential_psk(write_file("mine", ALICE), NULL, error);

	ck_assert_ptr_nonnull(c);
	check_subject(c, s, "wrong key");
	ck_assert_ptr_null(prove(c, &subject, s));
	ck_assert_str_eq(who.name, "psk alice");
	ck_assert_ptr_null(tscf_client_auth_still(s, &who, today));
	tscf_client_auth_drop(s);
	s = server(MALICE, false, NULL);
	ck_assert_str_eq(prove(c, &subject, s), "wrong key");
	tscf_client_auth_drop(s);
	s = server(BOB, false, NULL);
	ck_assert_str_eq(prove(c, &subject, s), "unknown identity");
	tscf_client_auth_drop(s);
	s = server(NULL, true, NULL);
	ck_assert_str_eq(prove(c, &subject, s), "this server takes no pre-shared keys");
	ck_assert_str_eq(prove(NULL, &subject, s), "this server demands a client certificate or a pre-shared key");
	tscf_client_auth_drop(s);
	tscf_credential_drop(c);
}
END_TEST

START_TEST(psk_of_several)
{
	const char *file = write_file("mine", ALICE BOB);
	struct tscf_credential *c;

	ck_assert_ptr_null(tscf_credential_psk(file, NULL, error));
	ck_assert_ptr_nonnull(strstr(error, "name the identity"));
	ck_assert_ptr_null(tscf_credential_psk(file, "carol", error));
	c = tscf_credential_psk(file, "bob", error);
	ck_assert_ptr_nonnull(c);
	tscf_credential_drop(c);
}
END_TEST

/* A clock that is wrong when the server starts is put right later. */
START_TEST(what_is_not_valid_yet_is_no_reason_not_to_start)
{
	struct tscf_client_auth *s = server(NULL, true, NULL);
	struct tscf_credential *c = certificate("early");

	ck_assert_str_eq(prove(c, &subject, s), "the certificate is not valid yet");
	tscf_credential_drop(c);
	tscf_client_auth_drop(s);
	s = tscf_client_auth_read(NULL, certs_path("future.pem"), NULL, NULL, error);
	ck_assert_msg(s != NULL, "%s", error);
	c = certificate("heir");
	ck_assert_str_eq(prove(c, &subject, s), "the CA that signed the certificate is not valid yet");
	tscf_credential_drop(c);
	tscf_client_auth_drop(s);
	s = tscf_client_auth_read(NULL, certs_path("past.pem"), NULL, NULL, error);
	ck_assert_msg(s != NULL, "%s", error);
	c = certificate("orphan");
	ck_assert_str_eq(prove(c, &subject, s), "the CA that signed the certificate has expired");
	tscf_credential_drop(c);
	tscf_client_auth_drop(s);
}
END_TEST

START_TEST(by_certificate)
{
	struct tscf_client_auth *s = server(ALICE, true, NULL);
	struct tscf_credential *c = certificate("phone");

	check_subject(c, s, "the key is not that of the certificate");
	ck_assert_ptr_null(prove(c, &subject, s));
	ck_assert_str_eq(who.name, "certificate phone");
	ck_assert_ptr_null(tscf_client_auth_still(s, &who, today));
	tscf_credential_drop(c);
	c = certificate("stranger");
	ck_assert_str_eq(prove(c, &subject, s), "the certificate is not signed by a CA of this server");
	/* It is named, so that the administrator knows who it may be. */
	ck_assert_str_eq(who.name, "certificate stranger");
	tscf_credential_drop(c);
	c = certificate("late");
	ck_assert_str_eq(prove(c, &subject, s), "the certificate has expired");
	ck_assert_str_eq(who.name, "certificate late");
	tscf_credential_drop(c);
	c = certificate("weak");
	ck_assert_str_eq(prove(c, &subject, s), "the certificate is signed with SHA-1 or MD5");
	tscf_client_auth_drop(s);
	s = server(ALICE, false, NULL);
	ck_assert_str_eq(prove(c, &subject, s), "this server takes no certificates");
	tscf_credential_drop(c);
	tscf_client_auth_drop(s);
	ck_assert_ptr_null(tscf_credential_certificate(certs_path("phone.pem"), certs_path("ca.key"), error));
}
END_TEST

/** A file with the certificates of @p count names. */
static const char *write_chain(const char *const *names, unsigned count)
{
	static char text[65536];
	char name[64];

	text[0] = '\0';
	for (unsigned i = 0; i < count; i++) {
		size_t length = strlen(text);
		FILE *f;

		snprintf(name, sizeof(name), "%s.pem", names[i]);
		f = fopen(certs_path(name), "r");
		ck_assert_ptr_nonnull(f);
		length += fread(text + length, 1, sizeof(text) - 1 - length, f);
		text[length] = '\0';
		fclose(f);
	}
	return write_file("chain", text);
}

static struct tscf_credential *chained(const char *name, const char *middle)
{
	const char *names[] = {name, middle};
	const char *file = write_chain(names, middle ? 2 : 1);
	char key[64];
	struct tscf_credential *c;

	snprintf(key, sizeof(key), "%s.key", name);
	c = tscf_credential_certificate(file, certs_path(key), error);
	ck_assert_msg(c != NULL, "%s", error);
	return c;
}

/** The client has sent what it must send in parts. */
static void send_parts(const struct tscf_credential *c)
{
	uint16_t length;
	const uint8_t *der = tscf_credential_parts(c, &length);

	ck_assert_ptr_nonnull(der);
	sent = (struct tscf_certificates){.der = der, .length = length};
}

/* A CA has signed a CA that has signed the client's certificate.  Both are sent before the proof, which names them. */
START_TEST(through_others)
{
	static const char no_ca[] = "the certificate is not signed by a CA of this server";
	struct tscf_client_auth *s = server(ALICE, true, NULL);
	struct tscf_credential *c = chained("deep", "middle"), *other;
	uint16_t length;

	ck_assert_ptr_nonnull(prove(c, &subject, s));
	send_parts(c);
	check_subject(c, s, "the key is not that of the certificate");
	ck_assert_ptr_null(prove(c, &subject, s));
	ck_assert_str_eq(who.name, "certificate deep");
	ck_assert_ptr_null(tscf_client_auth_still(s, &who, today));
	/* What another has brought does not count. */
	sent.length = 0;
	other = chained("deep", NULL);
	ck_assert_ptr_null(tscf_credential_parts(other, &length));
	ck_assert_str_eq(prove(other, &subject, s), no_ca);
	tscf_credential_drop(other);
	/* Who is no CA signs nobody; an expired one does not either. */
	other = chained("child", "phone");
	send_parts(other);
	ck_assert_str_eq(prove(other, &subject, s), no_ca);
	tscf_credential_drop(other);
	other = chained("old-deep", "old-middle");
	send_parts(other);
	ck_assert_str_eq(prove(other, &subject, s), "the certificate has expired");
	tscf_credential_drop(other);
	/* On the encrypted tunnel the key is enough, if it is the one of before. */
	send_parts(c);
	ck_assert_ptr_null(prove(c, &subject, s));
	subject.encrypted = true;
	ck_assert_ptr_null(prove_key(c, s, &who));
	ck_assert_str_eq(prove_key(c, s, NULL), "this server demands a client certificate or a pre-shared key");
	who.key[0] ^= 1;
	ck_assert_str_eq(prove_key(c, s, &who), "the key is not that of the certificate");
	who.key[0] ^= 1;
	tscf_client_auth_drop(s);
	tscf_credential_drop(c);
	s = server(ALICE, true, "deep\n");
	c = chained("deep", "middle");
	ck_assert_str_eq(prove_key(c, s, &who), "access has been withdrawn");
	tscf_client_auth_drop(s);
	tscf_credential_drop(c);
}
END_TEST

/* What no server takes is an error at the start, which names the limit. */
START_TEST(too_much)
{
	const char *names[5] = {"deep", "middle", "middle", "middle", "middle"};

	ck_assert_ptr_null(tscf_credential_certificate(write_chain(names, 5), certs_path("deep.key"), error));
	ck_assert_ptr_nonnull(strstr(error, "4, the client's own and 3 between it and the CA"));
}
END_TEST

/* By name, or by the pin of a key; a client that is connected loses its right as well. */
START_TEST(denied)
{
	struct tscf_client_auth *s = server(ALICE BOB, true, NULL);
	struct tscf_credential *alice = tscf_credential_psk(write_file("mine", ALICE), NULL, error);
	struct tscf_credential *phone = certificate("phone");
	struct tscf_client_name before[2];

	ck_assert_ptr_null(prove(alice, &subject, s));
	before[0] = who;
	ck_assert_ptr_null(prove(phone, &subject, s));
	before[1] = who;
	tscf_client_auth_drop(s);
	s = server(BOB, true, "# left\nphone\n");
	ck_assert_str_eq(prove(phone, &subject, s), "access has been withdrawn");
	for (int i = 0; i < 2; i++)
		ck_assert_str_eq(tscf_client_auth_still(s, &before[i], today), "access has been withdrawn");
	tscf_client_auth_drop(s);
	/* With the kind before it, the name denies no client of the other kind. */
	s = server(ALICE BOB, true, "certificate alice\npsk phone\n");
	ck_assert_ptr_null(prove(alice, &subject, s));
	ck_assert_ptr_null(prove(phone, &subject, s));
	tscf_client_auth_drop(s);
	/* Blanks around a name mean nothing. */
	s = server(ALICE BOB, true, "psk alice \t\r\n  certificate phone  ");
	ck_assert_str_eq(prove(alice, &subject, s), "access has been withdrawn");
	ck_assert_str_eq(prove(phone, &subject, s), "access has been withdrawn");
	tscf_client_auth_drop(s);
	s = server(MALICE, false, NULL);
	ck_assert_str_eq(tscf_client_auth_still(s, &before[0], today), "the key has been changed");
	ck_assert_str_eq(tscf_client_auth_still(s, &before[1], today), "this server takes no certificates");
	tscf_client_auth_drop(s);
	tscf_credential_drop(alice);
	tscf_credential_drop(phone);
}
END_TEST

/** Make the file of CAs, of these two. */
static void write_cas(const char *first, const char *second)
{
	char text[8192] = "# ours\n";
	const char *names[] = {first, second};

	for (unsigned i = 0; i < 2; i++) {
		FILE *f = names[i] ? fopen(certs_path(names[i]), "r") : NULL;
		size_t length = strlen(text);

		if (!f)
			continue;
		length += fread(text + length, 1, sizeof(text) - 1 - length, f);
		text[length] = '\0';
		fclose(f);
	}
	write_file("cas", text);
}

static struct tscf_client_auth *by_cas(void)
{
	struct tscf_client_auth *c = tscf_client_auth_read(NULL, certs_path("cas"), NULL, NULL, error);

	ck_assert_msg(c != NULL, "%s", error);
	return c;
}

/* A connected client has the right for as long as its CA is one of the server's, and its certificate is valid. */
START_TEST(certificate_later)
{
	struct tscf_credential *phone = certificate("phone"), *stranger = certificate("stranger");
	struct tscf_client_name other;
	struct tscf_client_auth *s;

	write_cas("ca.pem", "other.pem");
	s = by_cas();
	ck_assert_ptr_null(prove(stranger, &subject, s));
	other = who;
	ck_assert_ptr_null(prove(phone, &subject, s));
	ck_assert_ptr_null(tscf_client_auth_still(s, &who, today));
	ck_assert_ptr_null(tscf_client_auth_still(s, &other, today));
	ck_assert_int_gt(who.until, today);
	ck_assert_int_lt(who.until, today + 30 * 365 * 86400LL);
	ck_assert_ptr_null(tscf_client_auth_still(s, &who, who.until));
	ck_assert_str_eq(tscf_client_auth_still(s, &who, who.until + 1), "the certificate has expired");
	tscf_client_auth_drop(s);
	write_cas("other.pem", NULL);
	s = by_cas();
	ck_assert_str_eq(tscf_client_auth_still(s, &who, today),
			 "the certificate is not signed by a CA of this server");
	ck_assert_ptr_null(tscf_client_auth_still(s, &other, today));
	ck_assert_str_eq(tscf_client_auth_still(s, NULL, today),
			 "this server demands a client certificate or a pre-shared key");
	tscf_client_auth_drop(s);
	tscf_credential_drop(phone);
	tscf_credential_drop(stranger);
}
END_TEST

/* Every proof that is cut or altered by a bit is refused, and read without harm. */
START_TEST(altered)
{
	struct tscf_client_auth *s = server(ALICE, true, NULL);
	struct tscf_credential *c =
	    _i ? certificate("phone") : tscf_credential_psk(write_file("mine", ALICE), NULL, error);
	struct tscf_message m;
	uint32_t length;

	ck_assert_ptr_null(prove(c, &subject, s));
	length = 16;
	while (length < sizeof(data) && tscf_message_decode(data, length, &m) != 0)
		length++;
	for (uint32_t i = TSCF_MESSAGE_HEADER + TSCF_TLV_HEADER; i < length; i++) {
		data[i] ^= 0x04;
		if (tscf_message_decode(data, length, &m) == 0)
			ck_assert_msg(tscf_client_auth_check(s, &subject, &m, &sent, &who) != NULL, "byte %u", i);
		data[i] ^= 0x04;
	}
	tscf_credential_drop(c);
	tscf_client_auth_drop(s);
}
END_TEST

START_TEST(unreadable)
{
	const char *file;

	ck_assert_ptr_null(tscf_client_auth_read("/nonexistent", NULL, NULL, NULL, error));
	ck_assert_ptr_nonnull(strstr(error, "/nonexistent"));
	ck_assert_ptr_null(tscf_client_auth_read(NULL, certs_path("ca.key"), NULL, NULL, error));
	ck_assert_ptr_nonnull(strstr(error, "ca.key"));
	ck_assert_ptr_null(tscf_client_auth_read(NULL, certs_path("ca.pem"), "/nonexistent", NULL, error));
	ck_assert_str_eq(error, "/nonexistent: No such file or directory");
	/* It would hide the name after it. */
	file = write_file("denied", "one\n# two\nthree\n");
	ck_assert_int_eq(truncate(file, 17), 0);
	ck_assert_ptr_null(tscf_client_auth_read(NULL, certs_path("ca.pem"), file, NULL, error));
	ck_assert_ptr_nonnull(strstr(error, "/denied:4: NUL byte"));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("proof");
	TCase *t = tcase_create("proof");

	tcase_add_unchecked_fixture(t, certs_make_clients, certs_remove);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, psk);
	tcase_add_test(t, psk_of_several);
	tcase_add_test(t, by_certificate);
	tcase_add_test(t, through_others);
	tcase_add_test(t, too_much);
	tcase_add_test(t, what_is_not_valid_yet_is_no_reason_not_to_start);
	tcase_add_test(t, denied);
	tcase_add_test(t, certificate_later);
	tcase_add_loop_test(t, altered, 0, 2);
	tcase_add_test(t, unreadable);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verification of servers by clients of the encrypted datagram transport, and the resumption of sessions. */
#include "common/tls/tls_context.h"

#include "tests/unit/certs.h"
#include "tests/unit/dtls_world.h"
#include "tests/unit/event.h"
#include "tests/unit/netns.h"
#include "tests/unit/runner.h"
#include "tests/unit/tls_case.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void refused(const char *text)
{
	struct transport_end client = {0};

	dtls_connect_to(&client, &dtls_world.server.transport->local);
	ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_settled, &client, 9));
	ck_assert_uint_eq(client.up, 0);
	ck_assert_int_eq(client.error, EKEYREJECTED);
	ck_assert_msg(strstr(client.reason, text) != NULL, "\"%s\" does not say \"%s\"", client.reason, text);
	tscf_test_run_for(dtls_world.loop, 0.05);
	ck_assert_uint_eq(dtls_world.server.up, 0);
	ck_assert_uint_eq(client.transport->counters.handshakes, 0);
	ck_assert_uint_eq(client.transport->counters.handshakes_failed, 1);
	ck_assert_ptr_null(dtls_world.client_tls->session);
	tscf_transport_close(client.transport);
}

static void accepted(void)
{
	struct transport_end client = {0};

	dtls_come_up(&client, &dtls_world.server.transport->local);
	dtls_check_alive(&client);
	tscf_transport_close(client.transport);
}

START_TEST(a_wrong_server_is_refused)
{
	char good_pin[TSCF_PIN_TEXT], other_pin[TSCF_PIN_TEXT], text[TSCF_TLS_ERROR];

	strcpy(good_pin, tls_case_pin);
	ck_assert_int_eq(tscf_tls_pin_of_file(certs_path("self.pem"), other_pin), 0);
	snprintf(text, sizeof(text), "pin does not match: server has %s", good_pin);
	dtls_replace_client_tls(tls_case_client(NULL, NULL, other_pin));
	refused(text);
	dtls_replace_client_tls(tls_case_client("ca.pem", "vpn.example.org", other_pin));
	refused(text);
	dtls_replace_client_tls(tls_case_client("other-ca.pem", "vpn.example.org", NULL));
	refused("not signed by a known CA");
	dtls_replace_client_tls(tls_case_client("other-ca.pem", "vpn.example.org", good_pin));
	refused("not signed by a known CA");
	dtls_replace_client_tls(tls_case_client("ca.pem", "vpn.example.net", NULL));
	refused("certificate is not valid for vpn.example.net");
	dtls_replace_client_tls(tls_case_client("ca.pem", "vpn.example.net", good_pin));
	refused("certificate is not valid for vpn.example.net");
	dtls_replace_client_tls(tls_case_client("ca.pem", "127.0.0.2", NULL));
	refused("certificate is not valid for 127.0.0.2");
	dtls_replace_client_tls(tls_case_client("ca.pem", "good", NULL));
	refused("certificate is not valid for good");
}
END_TEST

START_TEST(an_expired_server_is_refused)
{
	dtls_restart_server_with("expired");
	refused("certificate has expired");
	dtls_replace_client_tls(tls_case_client("ca.pem", "vpn.example.org", tls_case_pin));
	refused("certificate has expired");
}
END_TEST

/* A certificate whose signature can be forged proves nothing; a pin does. */
START_TEST(a_weak_signature_is_refused)
{
	dtls_restart_server_with("weak");
	dtls_replace_client_tls(tls_case_client("ca.pem", "vpn.example.org", NULL));
	refused("certificate is signed with SHA-1 or MD5");
	dtls_replace_client_tls(tls_case_client(NULL, NULL, tls_case_pin));
	accepted();
}
END_TEST

/* Every client may have a certificate of the CA: by that it is no server. */
START_TEST(a_client_is_no_server)
{
	dtls_restart_server_with("phone");
	dtls_replace_client_tls(tls_case_client("ca.pem", "vpn.example.org", NULL));
	refused("certificate is not for servers");
}
END_TEST

/* In the handshake, and not since their records would be none of ours. */
static void offer_is_refused(const char *reason)
{
	struct transport_end client = {0};

	dtls_connect_to(&client, &dtls_world.server.transport->local);
	ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_settled, &client, 9));
	ck_assert_uint_eq(client.up + dtls_world.server.up, 0);
	ck_assert_msg(strstr(client.reason, reason) != NULL, "\"%s\" does not say \"%s\"", client.reason, reason);
	tscf_transport_close(client.transport);
}

START_TEST(weak_offers_are_refused)
{
	static const char *const weak[] = {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256"};

	ck_assert_int_eq(wolfSSL_CTX_set_cipher_list(dtls_world.client_tls->ctx, weak[_i]), WOLFSSL_SUCCESS);
	offer_is_refused("the other end refuses");
}
END_TEST

/* --- RSA --- */

/** A new certificate with an RSA key of @p bits, signed by "ca". */
static void make_rsa(const char *name, int bits)
{
	const struct certs_spec spec = {.name = name, .issuer = "ca", .dns = {"vpn.example.org"}, .rsa = bits};

	certs_make(&spec);
}

START_TEST(rsa_is_accepted)
{
	static const char *const suites[] = {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384",
					     "ECDHE-RSA-CHACHA20-POLY1305"};

	make_rsa("rsa", 2048);
	dtls_restart_server_with("rsa");
	for (unsigned i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		dtls_replace_client_tls(tls_case_client("ca.pem", "vpn.example.org", i == 0 ? NULL : tls_case_pin));
		ck_assert_int_eq(wolfSSL_CTX_set_cipher_list(dtls_world.client_tls->ctx, suites[i]), WOLFSSL_SUCCESS);
		accepted();
	}
}
END_TEST

/* The server is one of others: ours does not take such a key. */
START_TEST(small_rsa_keys_are_refused)
{
	WOLFSSL_CTX *ctx;

	make_rsa("rsa", 2048);
	make_rsa("small", 1024);
	dtls_restart_server_with("rsa");
	tscf_transport_close(dtls_world.server.transport);
	ctx = dtls_world.server_tls->ctx;
	ck_assert_int_eq(wolfSSL_CTX_SetMinRsaKey_Sz(ctx, 1024), WOLFSSL_SUCCESS);
	ck_assert_int_eq(wolfSSL_CTX_use_certificate_chain_file(ctx, certs_path("small.pem")), WOLFSSL_SUCCESS);
	ck_assert_int_eq(wolfSSL_CTX_use_PrivateKey_file(ctx, certs_path("small.key"), WOLFSSL_FILETYPE_PEM),
			 WOLFSSL_SUCCESS);
	dtls_start_server();
	offer_is_refused("RSA");
}
END_TEST

START_TEST(a_server_has_no_small_rsa_key)
{
	char error[TSCF_TLS_ERROR];

	make_rsa("small", 1024);
	ck_assert_ptr_null(tscf_tls_server(certs_path("small.pem"), certs_path("small.key"), error));
}
END_TEST

/* One end has nothing but CBC; or a client wants signatures with SHA-1. */
START_TEST(weak_rsa_is_refused)
{
	static const char *const cbc[] = {"ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES128-SHA256"};
	WOLFSSL_CTX *weak;

	make_rsa("rsa", 2048);
	dtls_restart_server_with("rsa");
	weak = _i < 3 ? dtls_world.client_tls->ctx : dtls_world.server_tls->ctx;
	if (_i == 0)
		ck_assert_int_eq(wolfSSL_CTX_set1_sigalgs_list(weak, "RSA+SHA1"), WOLFSSL_SUCCESS);
	else
		ck_assert_int_eq(wolfSSL_CTX_set_cipher_list(weak, cbc[_i % 2]), WOLFSSL_SUCCESS);
	offer_is_refused("the other end refuses");
}
END_TEST

START_TEST(dtls_1_0_is_refused)
{
	wolfSSL_CTX_free(dtls_world.client_tls->ctx);
	dtls_world.client_tls->ctx = wolfSSL_CTX_new(wolfDTLSv1_client_method());
	ck_assert_ptr_nonnull(dtls_world.client_tls->ctx);
	ck_assert_int_eq(wolfSSL_CTX_set_cipher_list(dtls_world.client_tls->ctx, "ECDHE-ECDSA-AES128-SHA"),
			 WOLFSSL_SUCCESS);
	offer_is_refused("version error");
}
END_TEST

START_TEST(the_right_server_is_accepted)
{
	accepted();
	dtls_replace_client_tls(tls_case_client("ca.pem", "127.0.0.1", NULL));
	accepted();
	dtls_replace_client_tls(tls_case_client("ca.pem", "vpn.example.org", tls_case_pin));
	accepted();
	dtls_replace_client_tls(tls_case_client(NULL, NULL, tls_case_pin));
	accepted();
	dtls_restart_server_with("self");
	dtls_replace_client_tls(tls_case_client("self.pem", "vpn.example.org", NULL));
	accepted();
	dtls_replace_client_tls(tls_case_client(NULL, NULL, tls_case_pin));
	accepted();
	dtls_restart_server_with("expired");
	dtls_replace_client_tls(tls_case_client(NULL, NULL, tls_case_pin));
	accepted();
}
END_TEST

/* A server that has the pinned certificate, but not its key. */
START_TEST(a_stolen_certificate_is_no_proof)
{
	struct transport_end client = {0};
	char good_pin[TSCF_PIN_TEXT];

	strcpy(good_pin, tls_case_pin);
	dtls_replace_client_tls(tls_case_client(NULL, NULL, good_pin));
	tscf_transport_close(dtls_world.server.transport);
	ck_assert_int_eq(
	    wolfSSL_CTX_use_PrivateKey_file(dtls_world.server_tls->ctx, certs_path("self.key"), WOLFSSL_FILETYPE_PEM),
	    WOLFSSL_SUCCESS);
	dtls_start_server();
	dtls_connect_to(&client, &dtls_world.server.transport->local);
	ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_settled, &client, 9));
	ck_assert_uint_eq(client.up, 0);
	tscf_transport_close(client.transport);
}
END_TEST

/* New connections have the new certificate; one that is there goes on, also after the old one is gone. */
START_TEST(a_certificate_is_renewed)
{
	struct transport_end before = {0}, after = {0};

	dtls_replace_client_tls(tls_case_client(NULL, NULL, tls_case_pin));
	dtls_come_up(&before, &dtls_world.server.transport->local);
	tscf_tls_renew(dtls_world.server_tls, tls_case_server("self"));
	dtls_check_alive(&before);
	dtls_connect_to(&after, &dtls_world.server.transport->local);
	ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_settled, &after, 9));
	ck_assert_uint_eq(after.up, 0);
	ck_assert_ptr_nonnull(strstr(after.reason, "pin does not match"));
	tscf_transport_close(after.transport);
	dtls_check_alive(&before);
	tscf_transport_close(before.transport);
	dtls_replace_client_tls(tls_case_client(NULL, NULL, tls_case_pin));
	accepted();
}
END_TEST

START_TEST(sessions_are_resumed)
{
	for (unsigned i = 0; i < 4; i++) {
		struct transport_end client = {0};

		dtls_come_up(&client, &dtls_world.server.transport->local);
		ck_assert(dtls_was_resumed(&client) == (i > 0));
		dtls_check_alive(&client);
		tscf_transport_close(client.transport);
	}
}
END_TEST

static const char *ask_revocation(void *context, const struct tscf_chain_link *links, unsigned count)
{
	unsigned *asked = context;

	(void)links;
	ck_assert_uint_ge(count, 1);
	++*asked;
	return *asked == 3 ? "revoked" : NULL;
}

/* Where revocation is checked, it is at each connection: a session would pass the server by. */
START_TEST(revocation_is_checked_each_time)
{
	unsigned asked = 0;

	dtls_replace_client_tls(tls_case_client("ca.pem", "vpn.example.org", NULL));
	tscf_tls_check_revocation(dtls_world.client_tls, ask_revocation, &asked);
	for (unsigned i = 1; i <= 2; i++) {
		struct transport_end client = {0};

		dtls_come_up(&client, &dtls_world.server.transport->local);
		ck_assert(!dtls_was_resumed(&client));
		ck_assert_uint_eq(asked, i);
		tscf_transport_close(client.transport);
	}
	tscf_test_run_for(dtls_world.loop, 0.05);
	dtls_world.server.up = 0;
	offer_is_refused("revoked");
}
END_TEST

/* A restarted server does not know the session; a full handshake follows, and verifies. */
START_TEST(a_forgotten_session_does_not_hurt)
{
	struct transport_end client = {0}, again = {0};

	dtls_come_up(&client, &dtls_world.server.transport->local);
	tscf_transport_close(client.transport);
	dtls_restart_server_with("good");
	dtls_come_up(&again, &dtls_world.server.transport->local);
	ck_assert(!dtls_was_resumed(&again));
	dtls_check_alive(&again);
	tscf_transport_close(again.transport);
	dtls_restart_server_with("self");
	dtls_world.server.up = 0;
	{
		struct transport_end wrong = {0};

		dtls_connect_to(&wrong, &dtls_world.server.transport->local);
		ck_assert(tscf_test_run_until(dtls_world.loop, transport_is_settled, &wrong, 9));
		ck_assert_int_eq(wrong.error, EKEYREJECTED);
		ck_assert_uint_eq(dtls_world.server.up, 0);
		tscf_transport_close(wrong.transport);
	}
}
END_TEST

static Suite *make_suite(void)
{
	TCase *tc = dtls_case("dtls verify");

	tcase_add_test(tc, a_wrong_server_is_refused);
	tcase_add_test(tc, an_expired_server_is_refused);
	tcase_add_test(tc, a_weak_signature_is_refused);
	tcase_add_test(tc, a_client_is_no_server);
	tcase_add_loop_test(tc, weak_offers_are_refused, 0, 2);
	tcase_add_test(tc, rsa_is_accepted);
	tcase_add_test(tc, small_rsa_keys_are_refused);
	tcase_add_test(tc, a_server_has_no_small_rsa_key);
	tcase_add_loop_test(tc, weak_rsa_is_refused, 0, 5);
	tcase_add_test(tc, dtls_1_0_is_refused);
	tcase_add_test(tc, the_right_server_is_accepted);
	tcase_add_test(tc, a_stolen_certificate_is_no_proof);
	tcase_add_test(tc, a_certificate_is_renewed);
	tcase_add_test(tc, sessions_are_resumed);
	tcase_add_test(tc, revocation_is_checked_each_time);
	tcase_add_test(tc, a_forgotten_session_does_not_hurt);
	return dtls_suite("dtls verify", tc);
}

int main(void)
{
	if (!tscf_netns_possible())
		return TSCF_TEST_SKIP;
	return tscf_test_main(make_suite);
}

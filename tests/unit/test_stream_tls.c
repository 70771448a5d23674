/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS of the encrypted stream transport: servers that are wrong, versions and suites, sessions, keys, and what is no
 * TLS. */
#include "tests/unit/stream_case.h"
#include "tests/unit/tls_case.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void refused_with(const char *server_name, struct tscf_tls *tls, const char *reason)
{
	struct transport_end client = {0};

	tscf_tls_free(server_tls);
	server_tls = tls_case_server(server_name);
	tscf_tls_free(client_tls);
	client_tls = tls ? tls : tls_case_client(NULL, NULL, tls_case_pin);
	start_server(TLS);
	connect_to(&client, TLS);
	ck_assert(tscf_test_run_until(loop, transport_is_settled, &client, 9));
	if (!reason) {
		ck_assert_msg(client.up == 1, "%s", client.reason);
		check_alive(&client);
	} else {
		ck_assert_uint_eq(client.up, 0);
		ck_assert_int_eq(client.error, EKEYREJECTED);
		ck_assert_msg(strstr(client.reason, reason) != NULL, "%s", client.reason);
		tscf_test_run_for(loop, 0.05);
		ck_assert_uint_eq(server.up, 0);
		ck_assert_uint_eq(server.transport->counters.handshakes_failed, 1);
	}
	tscf_transport_close(client.transport);
}

START_TEST(wrong_servers_are_refused)
{
	static const char other[] = "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

	switch (_i) {
	case 0:
		refused_with("expired", tls_case_client("ca.pem", "vpn.example.org", NULL), "expired");
		break;
	case 1:
		refused_with("good", tls_case_client("other-ca.pem", "vpn.example.org", NULL),
			     "not signed by a known CA");
		break;
	case 2:
		refused_with("good", tls_case_client("ca.pem", "other.example.org", NULL),
			     "not valid for other.example.org");
		break;
	case 3:
		refused_with("self", tls_case_client(NULL, NULL, other), "pin does not match");
		break;
	default:
		refused_with("self", NULL, NULL);
	}
}
END_TEST

START_TEST(suites_and_versions)
{
	static const char *const suites[] = {
	    "TLS13-AES128-GCM-SHA256",       "TLS13-AES256-GCM-SHA384",       "TLS13-CHACHA20-POLY1305-SHA256",
	    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305",
	};
	struct transport_end client = {.ordered = true};

	/* Nettle on one side, wolfSSL's own code on the other. */
	wolfSSL_CTX_SetDevId((_i % 2 == 0 ? server_tls : client_tls)->stream_ctx, INVALID_DEVID);
	ck_assert_int_eq(wolfSSL_CTX_set_cipher_list(client_tls->stream_ctx, suites[_i / 2]), WOLFSSL_SUCCESS);
	start_server(TLS);
	come_up(&client, TLS);
	for (unsigned n = 0; n < 500; n += 50) {
		send_numbers(&client, n, 50);
		while (client.packets < n + 50)
			ev_run(loop, EVRUN_ONCE);
	}
	tscf_transport_close(client.transport);
}
END_TEST

/** The handshake fails for @p reason when the client offers no more than it is told to. */
static void refused(int version, const char *suite, const char *reason)
{
	struct transport_end client = {0};

	ck_assert_int_eq(wolfSSL_CTX_set_max_proto_version(client_tls->stream_ctx, version), WOLFSSL_SUCCESS);
	ck_assert_int_eq(wolfSSL_CTX_set_cipher_list(client_tls->stream_ctx, suite), WOLFSSL_SUCCESS);
	start_server(TLS);
	connect_to(&client, TLS);
	ck_assert(tscf_test_run_until(loop, transport_is_settled, &client, 9));
	ck_assert_uint_eq(client.up, 0);
	ck_assert_msg(strstr(client.reason, reason) != NULL, "%s", client.reason);
	tscf_transport_close(client.transport);
}

/* Nothing without AEAD; what has no forward secrecy this wolfSSL does not know at all. */
START_TEST(weak_offers_are_refused)
{
	static const char *const suites[] = {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256"};

	refused(TLS1_2_VERSION, suites[_i], "handshake");
}
END_TEST

/* A client that can do no more than TLS 1.1. */
START_TEST(old_versions_are_refused)
{
	ck_assert_int_eq(wolfSSL_CTX_set_min_proto_version(client_tls->stream_ctx, TLS1_1_VERSION), WOLFSSL_SUCCESS);
	refused(TLS1_1_VERSION, "ECDHE-ECDSA-AES128-SHA", "version");
}
END_TEST

START_TEST(a_session_is_resumed)
{
	struct transport_end client = {0};

	start_server(TLS);
	for (int i = 0; i < 3; i++) {
		client = (struct transport_end){0};
		come_up(&client, TLS);
		check_alive(&client);
		ck_assert_uint_gt(server.peer->round_trip_ms, 0);
		tscf_transport_close(client.transport);
		ck_assert_ptr_nonnull(client_tls->stream_session);
	}
	/* The verification was that of the first connection: a changed name shows that it has not been done again. */
	free(client_tls->server_name);
	client_tls->server_name = strdup("other.example.org");
	client = (struct transport_end){0};
	come_up(&client, TLS);
	check_alive(&client);
	tscf_transport_close(client.transport);
}
END_TEST

/* The key is changed in time, at both ends, while packets go both ways; nettle and wolfSSL notice alike. */
START_TEST(keys_are_changed)
{
	struct transport_end client = {.ordered = true};

	server_tls->key_records = 7;
	client_tls->key_records = 5;
	if (_i == 1)
		wolfSSL_CTX_SetDevId(client_tls->stream_ctx, INVALID_DEVID);
	start_server(TLS);
	come_up(&client, TLS);
	for (unsigned n = 0; n < 3000; n += 10) {
		send_numbers(&client, n, 10);
		while (client.packets < n + 10)
			ev_run(loop, EVRUN_ONCE);
	}
	ck_assert_uint_eq(client.down + server.down, 0);
	tscf_transport_close(client.transport);
}
END_TEST

/** A client of the test's own, which notes what it would send. */
struct flooder {
	WOLFSSL *ssl;
	struct tscf_tls_check check;
	int fd;
	uint8_t noted[256 * 1024];
	uint32_t length;
};

static int note(WOLFSSL *ssl, char *data, int length, void *context)
{
	struct flooder *f = context;

	(void)ssl;
	ck_assert_uint_le(f->length + (uint32_t)length, sizeof(f->noted));
	memcpy(f->noted + f->length, data, (size_t)length);
	f->length += (uint32_t)length;
	return length;
}

static int receive_raw(WOLFSSL *ssl, char *data, int room, void *context)
{
	const struct flooder *f = context;
	ssize_t got = recv(f->fd, data, (size_t)room, MSG_DONTWAIT);

	(void)ssl;
	return got > 0 ? (int)got : WOLFSSL_CBIO_ERR_WANT_READ;
}

static void send_noted(struct flooder *f)
{
	ck_assert_int_eq(send(f->fd, f->noted, f->length, MSG_NOSIGNAL), f->length);
	f->length = 0;
}

static bool has_shaken_hands(void *context)
{
	struct flooder *f = context;
	bool done = wolfSSL_connect(f->ssl) == WOLFSSL_SUCCESS;

	if (f->length > 0)
		send_noted(f);
	return done;
}

static struct flooder *flooder_new(void)
{
	static struct flooder f;
	int room = 2 * (int)sizeof(f.noted);

	f.fd = raw_connection();
	setsockopt(f.fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	f.ssl = tscf_tls_stream_connection(client_tls, &f.check);
	ck_assert_ptr_nonnull(f.ssl);
	wolfSSL_SSLSetIORecv(f.ssl, receive_raw);
	wolfSSL_SSLSetIOSend(f.ssl, note);
	wolfSSL_SetIOReadCtx(f.ssl, &f);
	wolfSSL_SetIOWriteCtx(f.ssl, &f);
	ck_assert(tscf_test_run_until(loop, has_shaken_hands, &f, 9));
	ck_assert(tscf_test_run_until(loop, transport_is_up, &server, 9));
	return &f;
}

/* Each change of keys is a few bytes, and costs as much as many packets: others would have to wait. */
START_TEST(keys_are_not_changed_all_the_time)
{
	struct flooder *f;

	start_server(TLS);
	f = flooder_new();
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_int_eq(wolfSSL_update_keys(f->ssl), WOLFSSL_SUCCESS);
	send_noted(f);
	ck_assert(tscf_test_run_until(loop, transport_is_down, &server, 9));
	ck_assert_str_eq(server.reason, "too many records without data");
	wolfSSL_free(f->ssl);
	close(f->fd);
}
END_TEST

/* A restarted server does not know the ticket: a full handshake, at the latest with the next connection. */
START_TEST(a_forgotten_session_is_no_harm)
{
	struct transport_end client = {0};

	start_server(TLS);
	come_up(&client, TLS);
	check_alive(&client);
	tscf_transport_close(client.transport);
	tscf_transport_close(server.transport);
	tscf_tls_free(server_tls);
	server_tls = tls_case_server("good");
	start_server(TLS);
	client = (struct transport_end){0};
	come_up(&client, TLS);
	check_alive(&client);
	tscf_transport_close(client.transport);
}
END_TEST

/* Nothing that was sent can be read on the way. */
START_TEST(garbage_ends_a_handshake)
{
	uint8_t bytes[2000];
	int fd;

	start_server(TLS);
	fd = raw_connection();
	memset(bytes, 0x45, sizeof(bytes));
	ck_assert_int_eq(send(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	tscf_test_run_for(loop, 0.1);
	ck_assert_uint_eq(server.up + server.down, 0);
	ck_assert_uint_eq(server.transport->counters.handshakes_failed, 1);
	ck_assert_ptr_null(((struct tscf_stream *)server.transport)->peers);
	close(fd);
}
END_TEST

/* So many come at once that calls would have to wait for them. */
START_TEST(a_pass_of_the_loop_has_few_steps_of_handshakes)
{
	const uint64_t *failed;
	uint64_t before;
	int fd[40];

	start_server(TLS);
	failed = &server.transport->counters.handshakes_failed;
	for (unsigned i = 0; i < 40; i++) {
		fd[i] = raw_connection();
		ck_assert_int_eq(send(fd[i], "EEEEEEEEEEEEEEEE", 16, 0), 16);
	}
	for (unsigned turn = 0; turn < 10000 && *failed < 40; turn++) {
		before = *failed;
		ev_run(loop, EVRUN_NOWAIT);
		ck_assert_uint_le(*failed - before, TSCF_STREAM_STEPS_MAX);
	}
	ck_assert_uint_eq(*failed, 40);
	for (unsigned i = 0; i < 40; i++)
		close(fd[i]);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("stream tls");
	TCase *tests = stream_tests("tls");

	tcase_add_loop_test(tests, wrong_servers_are_refused, 0, 5);
	tcase_add_loop_test(tests, suites_and_versions, 0, 12);
	tcase_add_loop_test(tests, weak_offers_are_refused, 0, 2);
	tcase_add_test(tests, old_versions_are_refused);
	tcase_add_test(tests, a_session_is_resumed);
	tcase_add_loop_test(tests, keys_are_changed, 0, 2);
	tcase_add_test(tests, keys_are_not_changed_all_the_time);
	tcase_add_test(tests, a_forgotten_session_is_no_harm);
	tcase_add_test(tests, garbage_ends_a_handshake);
	tcase_add_test(tests, a_pass_of_the_loop_has_few_steps_of_handshakes);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return stream_main(make_suite);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the administrator sees of clients that get no tunnel: who, why, and not more than a log can take. */
#include "tests/unit/config_case.h"
#include "tests/unit/runner.h"
#include "tests/unit/server_world.h"

#include "common/auth/refusal.h"
#include "tscf-server/path.h"
#include "tscf-server/session/rejections.h"
#include "tscf-server/session/request.h"

#include <stdio.h>
#include <string.h>

static struct world *w;
static struct server_input in;
static struct server_request r;
static struct tscf_message message = {.type = TSCF_CONFIGURATION_REQUEST};

static void setup(void)
{
	w = world_new(0);
	in = (struct server_input){.interface = w->interface, .now = w->now};
	r = (struct server_request){.state = w->state, .in = &in, .message = &message};
}

static void teardown(void)
{
	world_free(w);
}

/** A refusal of 198.51.x.y on a connection, whose source is proved, or of a datagram. */
static void refuse(unsigned host, bool proved, const char *identity, const char *why)
{
	static struct tscf_peer connection;
	const uint8_t bytes[4] = {198, 51, (uint8_t)(host >> 8), (uint8_t)host};
	const struct tscf_addr a = tscf_addr_v4(bytes);

	tscf_endpoint_make(&a, 4000, &in.place.outer);
	in.place.connection = proved ? &connection : NULL;
	server_rejected(&r, identity, why);
}

static unsigned lines(const char *text)
{
	unsigned count = 0;

	for (; (text = strchr(text, '\n')); text++)
		count++;
	return count;
}

/** Prove that what is logged from now on to the end is @p expected. */
static void said(const char *expected)
{
	const char *text = capture_end();

	ck_assert_msg(strcmp(text, expected) == 0, "said '%s', expected '%s'", text, expected);
}

START_TEST(who_and_why)
{
	capture_begin();
	refuse(7, true, "psk alice", "wrong key");
	said("test: warning: refused: plain tunnel of 198.51.0.7:4000, psk alice: wrong key\n");
	capture_begin();
	in.encrypted = true;
	refuse(8, true, NULL, "why");
	refuse(9, true, "", "why");
	said("test: warning: refused: encrypted tunnel of 198.51.0.8:4000, identity not known: why\n"
	     "test: warning: refused: encrypted tunnel of 198.51.0.9:4000, identity not known: why\n");
	capture_begin();
	in.encrypted = false;
	message.type = TSCF_SERVICE_REQUEST;
	refuse(11, true, NULL, "why");
	said("test: warning: refused: encrypted tunnel of 198.51.0.11:4000, identity not known: why\n");
	message.type = TSCF_CONFIGURATION_REQUEST;
	/* What a client says it is cannot end the line. */
	capture_begin();
	refuse(10, true, "psk \nx", "why");
	ck_assert_uint_eq(lines(capture_end()), 1);
}
END_TEST

/* More encrypted connections than may wait for their configuration: further ones are closed. */
START_TEST(connections)
{
	struct server_worker worker = {.state = w->state};
	struct server_listener *l = &w->interface->listener[SERVER_DTLS];
	struct world_client c;

	world_client(w, &c, 8, 5000);
	world_handshake(&c);
	server_session_end(w->state, c.connection->peer.user, w->now, "made anew");
	c.connection->open = true;
	w->interface->worker = &worker;
	w->interface->unconfirmed_count += SERVER_UNCONFIRMED_MAX;
	capture_begin();
	server_path_handler.peer_up(l, &c.connection->peer);
	said("test: warning: refused: encrypted tunnel of 198.51.100.8:5000, identity not known: too many tunnels are "
	     "being set up\n");
	ck_assert(!c.connection->open);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_LIMIT), 1);
	w->interface->unconfirmed_count -= SERVER_UNCONFIRMED_MAX;
	w->interface->worker = NULL;
}
END_TEST

/* What is refused on a tunnel is named, with the client; what the server does not offer is no warning. */
START_TEST(what_and_why)
{
	struct tscf_client_name alice = {.name = "psk alice"};
	struct server_session s = {.who = &alice};

	tscf_log_set_level(TSCF_LOG_INFO);
	ck_assert_int_eq(tscf_endpoint_parse("198.51.0.7", 4000, &in.place.outer), 0);
	capture_begin();
	server_denied(&r, &s, "resumption", TSCF_RESPONSE_NOT_ALLOWED, "why");
	s.encrypted = true;
	server_denied(&r, &s, "media way", TSCF_RESPONSE_SERVICE_UNAVAILABLE, "why not");
	server_denied(&r, &s, "media way", TSCF_RESPONSE_SERVICE_UNAVAILABLE, "why not");
	said("test: warning: refused: resumption of the plain tunnel of 198.51.0.7:4000, psk alice: why\n"
	     "test: info: refused: media way of the encrypted tunnel of 198.51.0.7:4000, psk alice: why not\n");
	/* However many there are, refused tunnels are still named. */
	capture_begin();
	for (unsigned i = 0; i < 100; i++) {
		in.now += SERVER_REJECTION_AGAIN_MS / 100;
		server_denied(&r, &s, "bindings", TSCF_RESPONSE_LIMIT, i % 2 ? "odd" : "even");
	}
	ck_assert_uint_eq(lines(capture_end()), 2);
	capture_begin();
	refuse(8, true, NULL, "why");
	said("test: warning: refused: plain tunnel of 198.51.0.8:4000, identity not known: why\n");
	tscf_log_set_level(TSCF_LOG_ERROR);
}
END_TEST

/* A client that tries again and again is named once a minute; another reason is news. */
START_TEST(once_a_minute)
{
	capture_begin();
	for (unsigned i = 0; i < 59; i++) {
		refuse(7, true, NULL, "why");
		in.now += 1000;
	}
	refuse(7, true, NULL, "another");
	said("test: warning: refused: plain tunnel of 198.51.0.7:4000, identity not known: why\n"
	     "test: warning: refused: plain tunnel of 198.51.0.7:4000, identity not known: another (58 refusals before "
	     "were not logged)\n");
	capture_begin();
	in.now += 1000;
	refuse(7, true, NULL, "why");
	said("test: warning: refused: plain tunnel of 198.51.0.7:4000, identity not known: why\n");
}
END_TEST

/* However many sources there are; and sources that anybody can make up leave room for those that are proved. */
START_TEST(few_lines)
{
	capture_begin();
	for (unsigned i = 0; i < 1000; i++)
		refuse(i, false, NULL, "why");
	ck_assert_uint_eq(lines(capture_end()), SERVER_REJECTION_LINES);
	capture_begin();
	for (unsigned i = 0; i < 1000; i++)
		refuse(i, true, NULL, "why");
	ck_assert_uint_eq(lines(capture_end()), SERVER_REJECTION_LINES);
	in.now += SERVER_REJECTION_MS;
	capture_begin();
	refuse(2000, true, NULL, "why");
	said("test: warning: refused: plain tunnel of 198.51.7.208:4000, identity not known: why (990 refusals before "
	     "were not logged)\n");
}
END_TEST

/* What comes before a cookie is asked for is as good as unproved where clients must prove who they are, too. */
START_TEST(few_lines_before_the_cookie)
{
	char any;

	w->interface->client_auth = (void *)&any;
	capture_begin();
	for (unsigned i = 0; i < 1000; i++)
		refuse(i, false, NULL, "no key share");
	ck_assert_uint_eq(lines(capture_end()), SERVER_REJECTION_LINES);
	capture_begin();
	refuse(2000, false, "psk alice", "wrong key");
	refuse(2001, false, "", "no proof");
	said("test: warning: refused: plain tunnel of 198.51.7.208:4000, psk alice: wrong key\n"
	     "test: warning: refused: plain tunnel of 198.51.7.209:4000, identity not known: no proof\n");
	w->interface->client_auth = NULL;
}
END_TEST

START_TEST(each_reason_is_counted)
{
	static const struct {
		const char *why;
		enum server_counter counter;
	} reasons[] = {
	    {TSCF_REFUSAL_NO_PROOF, SERVER_COUNT_REFUSED_NO_PROOF},
	    {TSCF_REFUSAL_UNKNOWN, SERVER_COUNT_REFUSED_UNKNOWN},
	    {TSCF_REFUSAL_UNKNOWN_CA, SERVER_COUNT_REFUSED_UNKNOWN},
	    {TSCF_REFUSAL_WRONG_KEY, SERVER_COUNT_REFUSED_KEY},
	    {SERVER_REFUSAL_ANOTHER, SERVER_COUNT_REFUSED_KEY},
	    {TSCF_REFUSAL_DENIED, SERVER_COUNT_REFUSED_DENIED},
	    {"the certificate has expired", SERVER_COUNT_REFUSED_CERTIFICATE},
	};

	for (unsigned i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		uint64_t before = world_counter(w, reasons[i].counter);

		server_count_unauthorized(&r, reasons[i].why);
		ck_assert_uint_eq(world_counter(w, reasons[i].counter), before + 1);
		ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_CLIENT), i + 1);
	}
}
END_TEST

/* A limit that is reached: the client, the log and the counters say which. */
START_TEST(limits)
{
	struct world_client a, b;
	const char *text;

	w->interface->max_plain = 1;
	world_client(w, &a, 1, 5000);
	world_client(w, &b, 2, 5000);
	world_connect(&a);
	capture_begin();
	ck_assert_int_eq(world_configure(&b, NULL, false), TSCF_RESPONSE_LIMIT);
	w->interface->max_plain = 0;
	w->interface->max_per_source = 1;
	world_client(w, &b, 1, 5001);
	ck_assert_int_eq(world_configure(&b, NULL, false), TSCF_RESPONSE_LIMIT);
	w->interface->enabled = false;
	ck_assert_int_eq(world_configure(&b, NULL, false), TSCF_RESPONSE_LIMIT);
	text = capture_end();
	ck_assert_ptr_nonnull(
	    strstr(text, "plain tunnel of 198.51.100.2:5000, identity not known: no more tunnels here\n"));
	ck_assert_ptr_nonnull(strstr(text, "no more tunnels from that address\n"));
	ck_assert_ptr_nonnull(strstr(text, "no new tunnels here any more\n"));
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_LIMIT), 3);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_TUNNELS), 1);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_SOURCE), 1);
	ck_assert_uint_eq(world_counter(w, SERVER_COUNT_REFUSED_DISABLED), 1);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("server-rejections");
	TCase *t = tcase_create("rejections");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, who_and_why);
	tcase_add_test(t, connections);
	tcase_add_test(t, what_and_why);
	tcase_add_test(t, once_a_minute);
	tcase_add_test(t, few_lines);
	tcase_add_test(t, few_lines_before_the_cookie);
	tcase_add_test(t, each_reason_is_counted);
	tcase_add_test(t, limits);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

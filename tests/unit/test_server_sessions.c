/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of sessions: every session once, however many there are and whatever ends between two pages; what is asked
 * for and nothing else. */
#include "tests/unit/runner.h"
#include "tests/unit/server_world.h"

#include "tscf-server/admin/sessions.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 10000

static struct world *w;
static struct server_roster_page *page;

static void setup(void)
{
	w = world_new(SERVER_SERVICE_DTTE);
	for (unsigned n = 0; n < MANY / 250; n++) {
		char range[32];

		snprintf(range, sizeof(range), "10.64.%u.0/24", n);
		world_add_pool(&w->allocator.plain_pools, range);
	}
	page = malloc(sizeof(*page));
}

static void teardown(void)
{
	free(page);
	world_free(w);
}

/** Client number @p n, with an outer address of its own, has a plain tunnel on a connection. */
static void connect_client(struct world_client *c, unsigned n)
{
	world_client(w, c, n % 250, (uint16_t)(1024 + n / 250));
	world_dial(c);
	world_connect(c);
}

static void prove(struct world_client *c, const char *name)
{
	struct tscf_client_name *who = calloc(1, sizeof(*who));

	snprintf(who->name, sizeof(who->name), "%s", name);
	free(world_plain(c)->who);
	world_plain(c)->who = who;
}

START_TEST(every_session_is_listed_once)
{
	struct world_client *all = calloc(MANY, sizeof(*all));
	struct server_roster_place place = {0};
	unsigned listed = 0, pages = 0;
	bool more = true;

	for (unsigned n = 0; n < MANY; n++) {
		connect_client(&all[n], n);
	}
	while (more) {
		more = server_roster_read(w->state, NULL, w->now, &place, page);
		for (unsigned n = 0; n < page->count; n++)
			ck_assert_uint_eq(page->entry[n].tsid, all[listed++].tsid);
		pages++;
	}
	ck_assert_uint_eq(listed, MANY);
	ck_assert_uint_ge(pages, MANY / SERVER_ROSTER_SESSIONS);
	free(all);
}
END_TEST

/* Those that end before the next page, the last one of the page among them, cost no other its place. */
START_TEST(sessions_end_between_pages)
{
	const unsigned count = 3 * SERVER_ROSTER_SESSIONS;
	struct world_client *all = calloc(count, sizeof(*all));
	struct server_roster_place place = {0};

	for (unsigned n = 0; n < count; n++) {
		connect_client(&all[n], n);
	}
	ck_assert(server_roster_read(w->state, NULL, w->now, &place, page));
	for (unsigned n = 100; n < SERVER_ROSTER_SESSIONS + 5; n++)
		server_session_end(w->state, world_plain(&all[n]), w->now, "test");
	ck_assert(server_roster_read(w->state, NULL, w->now, &place, page));
	ck_assert_uint_eq(page->count, SERVER_ROSTER_SESSIONS);
	ck_assert_uint_eq(page->entry[0].tsid, all[SERVER_ROSTER_SESSIONS + 5].tsid);
	/* All that are left end. */
	for (unsigned n = SERVER_ROSTER_SESSIONS + 5; n < count; n++)
		server_session_end(w->state, world_plain(&all[n]), w->now, "test");
	ck_assert(!server_roster_read(w->state, NULL, w->now, &place, page));
	ck_assert_uint_eq(page->count, 0);
	free(all);
}
END_TEST

START_TEST(connections_without_a_tsid_come_last)
{
	struct server_roster_place place = {0};
	struct world_client a, b;

	world_client(w, &b, 2, 5000);
	world_handshake(&b);
	connect_client(&a, 1);
	ck_assert(!server_roster_read(w->state, NULL, w->now, &place, page));
	ck_assert_uint_eq(page->count, 2);
	ck_assert_uint_eq(page->entry[0].tsid, a.tsid);
	ck_assert_uint_eq(page->entry[1].tsid, TSCF_TSID_NONE);
	ck_assert(page->entry[1].encrypted && !page->entry[1].confirmed);
	/* The list goes on where it ended. */
	ck_assert(!server_roster_read(w->state, NULL, w->now, &place, page));
	ck_assert_uint_eq(page->count, 0);
}
END_TEST

START_TEST(levels_are_counted)
{
	struct server_roster_place place = {0};
	struct world_client a;
	struct tscf_binding_key key;

	connect_client(&a, 1);
	world_encrypt(&a);
	for (uint16_t port = 1; port <= SERVER_ROSTER_BINDINGS_EACH + 7; port++) {
		key = world_key(&a.plain, IPPROTO_UDP, port, NULL, 0);
		ck_assert_int_eq(world_bind(&a, &key, TSCF_BIND_ACTION_BIND,
					    port <= 5 ? TSCF_LEVEL_ENCRYPTED_PREFERRED : TSCF_LEVEL_ENCRYPTED_ONLY, 0),
				 TSCF_RESPONSE_SUCCESS);
	}
	server_roster_read(w->state, NULL, w->now, &place, page);
	ck_assert_uint_eq(page->count, 2);
	ck_assert_uint_eq(page->entry[1].levels[TSCF_LEVEL_ENCRYPTED_PREFERRED], 5);
	ck_assert_uint_eq(page->entry[1].levels[TSCF_LEVEL_ENCRYPTED_ONLY], SERVER_ROSTER_BINDINGS_EACH + 2);
	ck_assert_uint_eq(page->entry[1].bindings, SERVER_ROSTER_BINDINGS_EACH);
	ck_assert_uint_eq(page->entry[1].omitted, 7);
	ck_assert_uint_eq(page->entry[1].partner, a.tsid);
}
END_TEST

/* --- pages as the command sees them --- */

static struct server server;
static struct server_worker worker;
static struct ev_async stop;

static void on_stop(struct ev_loop *loop, struct ev_async *watcher, int events)
{
	(void)watcher;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

static void *run_loop(void *unused)
{
	(void)unused;
	ev_run(worker.loop, 0);
	return NULL;
}

static void start_worker(void)
{
	server = (struct server){.workers = &worker, .worker_count = 1};
	worker = (struct server_worker){.server = &server, .loop = ev_loop_new(EVFLAG_AUTO), .state = w->state};
	free(w->interface->name);
	w->interface->name = strdup("test");
	ck_assert_int_eq(server_mailbox_open(&worker.mailbox, worker.loop, &worker), 0);
	ev_async_init(&stop, on_stop);
	ev_async_start(worker.loop, &stop);
	ck_assert_int_eq(pthread_create(&worker.thread, NULL, run_loop, NULL), 0);
}

static void stop_worker(void)
{
	ev_async_send(worker.loop, &stop);
	pthread_join(worker.thread, NULL);
	server_mailbox_close(&worker.mailbox);
	ev_loop_destroy(worker.loop);
}

/** @return the page that answers @p question, which must be right. */
static json_t *asked(const char *question)
{
	char *text;
	json_t *json;

	ck_assert_int_eq(server_sessions_page(&server, question, &text), 0);
	json = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(json);
	free(text);
	return json;
}

/** Prove that @p question is answered by @p count sessions in one page. */
static void answers(const char *question, size_t count)
{
	json_t *json = asked(question);

	ck_assert_msg(json_array_size(json_object_get(json, "sessions")) == count, "%s: %zu sessions", question,
		      json_array_size(json_object_get(json, "sessions")));
	ck_assert_ptr_null(json_object_get(json, "next"));
	json_decref(json);
}

START_TEST(only_what_is_asked_for)
{
	static const char *const wrong[] = {"[]",
					    "{",
					    "{\"outer\":\"x\"}",
					    "{\"outer\":\"10.0.0.0/33\"}",
					    "{\"after\":\"1:2\"}",
					    "{\"after\":\"7:0:0\"}"};
	struct world_client a, b, c;
	char *text;

	world_client(w, &a, 1, 5000);
	world_client(w, &b, 1, 5001);
	world_client(w, &c, 200, 5000);
	world_connect(&a);
	world_connect(&b);
	world_connect(&c);
	prove(&a, "psk alice");
	prove(&b, "certificate alice");
	start_worker();
	answers(NULL, 3);
	answers("{}", 3);
	answers("{\"identity\":\"alice\"}", 2);
	answers("{\"identity\":\"psk alice\"}", 1);
	answers("{\"identity\":\"al*\"}", 2);
	answers("{\"identity\":\"al\"}", 0);
	answers("{\"outer\":\"198.51.100.1\"}", 2);
	answers("{\"outer\":\"198.51.100.1:5001\"}", 1);
	answers("{\"outer\":\"198.51.100.128/25\"}", 1);
	answers("{\"outer\":\"2001:db8::1\"}", 0);
	answers("{\"outer\":\"198.51.100.1\",\"identity\":\"psk *\"}", 1);
	answers("{\"client\":\"alice\"}", 2);
	answers("{\"client\":\"al*\"}", 0);
	answers("{\"client\":\"198.51.100.1:5001\"}", 1);
	answers("{\"client\":\"alice\",\"outer\":\"198.51.100.1:5001\"}", 1);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_int_eq(server_sessions_page(&server, wrong[i], &text), -EINVAL);
	stop_worker();
}
END_TEST

/* Whichever tunnel of a client is named, both are listed; a connection without a TSID is nobody's. */
START_TEST(both_tunnels_of_a_client)
{
	struct world_client a, b, connection;
	char question[64];

	world_client(w, &connection, 3, 5000);
	world_handshake(&connection);
	connect_client(&a, 1);
	connect_client(&b, 2);
	world_encrypt(&a);
	start_worker();
	snprintf(question, sizeof(question), "{\"client\":\"%016" PRIx64 "\"}", a.tsid);
	answers(question, 2);
	snprintf(question, sizeof(question), "{\"client\":\"%016" PRIx64 "\"}", b.tsid);
	answers(question, 1);
	answers("{\"client\":\"nobody\"}", 0);
	stop_worker();
}
END_TEST

/* A page that has nothing that is asked for is not the end. */
START_TEST(pages_lead_on)
{
	struct world_client c;
	json_t *first, *second;
	char question[128];

	for (unsigned n = 0; n <= SERVER_ROSTER_SESSIONS; n++) {
		connect_client(&c, n);
	}
	prove(&c, "psk last");
	start_worker();
	first = asked("{\"identity\":\"last\"}");
	ck_assert_uint_eq(json_array_size(json_object_get(first, "sessions")), 0);
	ck_assert(json_is_string(json_object_get(first, "next")));
	snprintf(question, sizeof(question), "{\"identity\":\"last\",\"after\":\"%s\"}",
		 json_string_value(json_object_get(first, "next")));
	second = asked(question);
	ck_assert_uint_eq(json_array_size(json_object_get(second, "sessions")), 1);
	ck_assert_ptr_null(json_object_get(second, "next"));
	json_decref(first);
	json_decref(second);
	stop_worker();
}
END_TEST

/* The name in a certificate may be in any encoding, and what is too long is cut, perhaps within a character.  What is
 * UTF-8 stays, and a terminal gets no control characters. */
START_TEST(an_identity_need_not_be_utf8)
{
	struct world_client c;
	json_t *page_json;

	connect_client(&c, 0);
	prove(&c, "certificate M\xfcller \xc3\xa9t\xc3\xa9 \x1b[m\xc3");
	start_worker();
	page_json = asked("{}");
	ck_assert_str_eq(
	    json_string_value(json_object_get(json_array_get(json_object_get(page_json, "sessions"), 0), "identity")),
	    "certificate M?ller \xc3\xa9t\xc3\xa9 ?[m?");
	json_decref(page_json);
	stop_worker();
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("server-sessions");
	TCase *t = tcase_create("list");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, every_session_is_listed_once);
	tcase_add_test(t, sessions_end_between_pages);
	tcase_add_test(t, connections_without_a_tsid_come_last);
	tcase_add_test(t, levels_are_counted);
	tcase_add_test(t, only_what_is_asked_for);
	tcase_add_test(t, both_tunnels_of_a_client);
	tcase_add_test(t, pages_lead_on);
	tcase_add_test(t, an_identity_need_not_be_utf8);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

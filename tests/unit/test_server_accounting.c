/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of tunnels: which there are, and that nobody waits for the file that they are written to. */
#include "tests/unit/runner.h"
#include "tests/unit/server_world_packets.h"
#include "tscf-server/accounting/accounts.h"
#include "tscf-server/session/accounting.h"
#include "tscf-server/store/journal.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#include <check.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEADLINE_MS 20000

static char directory[64], name[80], other[80];

static void make_directory(void)
{
	strcpy(directory, "/tmp/tscf-accounting.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(name, sizeof(name), "%s/log", directory);
	snprintf(other, sizeof(other), "%s/log.1", directory);
}

static void remove_directory(void)
{
	unlink(name);
	unlink(other);
	rmdir(directory);
}

static bool passed(uint64_t start)
{
	poll(NULL, 0, 5);
	return tscf_clock_now() - start > DEADLINE_MS;
}

/* --- what is in the file --- */

/**
 * No assertion is made for what is right: it would be noted in a file, which must not grow while full_disk limits the
 * size of files.
 *
 * @return the file's lines as an array; NULL if the last one has no end yet.
 */
static json_t *lines_of(const char *file)
{
	json_t *list = json_array();
	FILE *f = fopen(file, "r");
	char line[8192];
	bool whole = true;

	while (f && whole && fgets(line, sizeof(line), f)) {
		json_error_t error;
		json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, &error);

		whole = strchr(line, '\n') != NULL;
		if (whole && !o)
			ck_abort_msg("%s: %s", error.text, line);
		json_array_append_new(list, o);
	}
	if (f)
		fclose(f);
	if (whole)
		return list;
	json_decref(list);
	return NULL;
}

/** Wait until the file has @p count lines, and all are whole: what was written of one is taken back.  @return them. */
static json_t *wait_for(const char *file, size_t count)
{
	const uint64_t start = tscf_clock_now();
	json_t *list = lines_of(file);

	while (json_array_size(list) < count && !passed(start)) {
		json_decref(list);
		list = lines_of(file);
	}
	ck_assert_uint_eq(json_array_size(list), count);
	return list;
}

static const char *text(const json_t *list, size_t n, const char *member)
{
	const char *value = json_string_value(json_object_get(json_array_get(list, n), member));

	return value ? value : "";
}

static long long number(const json_t *list, size_t n, const char *member)
{
	return json_integer_value(json_object_get(json_array_get(list, n), member));
}

/* --- the recorder --- */

static struct server_accounts *begin(const char *file)
{
	const struct server_config config = {.accounting_log = (char *)file};
	struct server_accounts *a = server_accounts_new(&config);

	ck_assert_ptr_nonnull(a);
	ck_assert_int_eq(server_accounts_start(a), 0);
	return a;
}

static void put(struct server_accounts *a, uint64_t tsid)
{
	struct server_account account = {.event = SERVER_ACCOUNT_STOP, .at = 1, .tsid = tsid, .since = 1};
	const struct tscf_addr outer = world_addr("198.51.100.7");

	strcpy(account.identity, "psk al\"ice\n");
	strcpy(account.why, "released by its client");
	tscf_endpoint_make(&outer, 5060, &account.outer);
	server_accounts_put(a, &account);
}

START_TEST(whole_lines_and_rights)
{
	struct server_accounts *a;
	struct stat st;
	json_t *list;

	make_directory();
	umask(077);
	a = begin(name);
	put(a, 0x12);
	server_accounts_close(a);
	list = wait_for(name, 3);
	ck_assert_str_eq(text(list, 0, "event"), "server-start");
	ck_assert_str_eq(text(list, 1, "event"), "stop");
	ck_assert_str_eq(text(list, 1, "tsid"), "0000000000000012");
	ck_assert_str_eq(text(list, 1, "identity"), "psk al\"ice?");
	ck_assert_str_eq(text(list, 1, "outer"), "198.51.100.7:5060");
	ck_assert_str_eq(text(list, 1, "reason"), "released by its client");
	ck_assert_str_eq(text(list, 2, "event"), "server-stop");
	json_decref(list);
	ck_assert_int_eq(stat(name, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	/* A file that is there keeps its rights and its lines. */
	ck_assert_int_eq(chmod(name, 0600), 0);
	server_accounts_close(begin(name));
	json_decref(wait_for(name, 5));
	ck_assert_int_eq(stat(name, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	remove_directory();
}
END_TEST

START_TEST(reopened)
{
	const struct server_config none = {.accounting_log = NULL};
	struct server_accounts *a;

	make_directory();
	a = begin(name);
	json_decref(wait_for(name, 1));
	ck_assert_int_eq(rename(name, other), 0);
	put(a, 1);
	json_decref(wait_for(other, 2));
	server_accounts_reopen(a);
	put(a, 2);
	json_decref(wait_for(name, 1));
	/* Off: what was put before is written. */
	put(a, 3);
	server_accounts_change(a, &none);
	ck_assert(!server_accounts_on(a));
	put(a, 4);
	json_decref(wait_for(name, 2));
	server_accounts_close(a);
	json_decref(wait_for(name, 2));
	json_decref(wait_for(other, 2));
	remove_directory();
}
END_TEST

/* The size that a file may have stands for a full disk. */
START_TEST(full_disk)
{
	struct rlimit limit, before;
	struct server_accounts *a;
	const uint64_t start = tscf_clock_now();
	json_t *list;
	struct stat st;

	make_directory();
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	a = begin(name);
	json_decref(wait_for(name, 1));
	ck_assert_int_eq(stat(name, &st), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)st.st_size + 100;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	put(a, 1);
	put(a, 2);
	while (server_accounts_waiting(a) < 2 && !passed(start))
		;
	/* A line of which a part was written is taken back, and comes whole when there is room again. */
	poll(NULL, 0, 2 * SERVER_RECORDER_RETRY_MS);
	json_decref(wait_for(name, 1));
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	list = wait_for(name, 3);
	ck_assert_str_eq(text(list, 1, "tsid"), "0000000000000001");
	ck_assert_str_eq(text(list, 2, "tsid"), "0000000000000002");
	json_decref(list);
	ck_assert_uint_eq(server_accounts_lost(a), 0);
	server_accounts_close(a);
	remove_directory();
}
END_TEST

START_TEST(pipe_without_reader)
{
	struct server_accounts *a;
	char data[4096];
	ssize_t length;
	int fd;

	make_directory();
	ck_assert_int_eq(mkfifo(name, 0600), 0);
	a = begin(name);
	put(a, 1);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	length = read(fd, data, sizeof(data) - 1);
	ck_assert_int_gt(length, 0);
	data[length] = '\0';
	ck_assert_ptr_nonnull(strstr(data, "server-start"));
	close(fd);
	put(a, 2);
	/* Nobody reads: the end does not wait. */
	server_accounts_close(a);
	remove_directory();
}
END_TEST

/* --- a target that hangs --- */

static sem_t gate;
static atomic_uint written;
static _Atomic uint64_t told_lost;
static atomic_bool freed;
static struct server_recorder *r; /* where the sanitizer finds what a hanging thread still uses */

static int hang(void *context, const struct server_account *account)
{
	(void)context;
	sem_wait(&gate);
	sem_post(&gate);
	written++;
	if (account->event == SERVER_ACCOUNT_LOST)
		told_lost = account->lost;
	return 0;
}

static void take(void *context, char *target)
{
	(void)context;
	free(target);
}

static void note_free(void *context)
{
	(void)context;
	freed = true;
}

static const struct server_recorder_ops hanging = {"a test", take, hang, note_free};

START_TEST(hanging_target)
{
	const struct server_account account = {.event = SERVER_ACCOUNT_START};
	uint64_t start = tscf_clock_now();

	sem_init(&gate, 0, 0);
	r = server_recorder_new(&hanging, NULL);
	ck_assert_int_eq(server_recorder_change(r, "target"), 0);
	ck_assert_int_eq(server_recorder_start(r), 0);
	for (unsigned n = 0; n < SERVER_RECORDER_MAX + 10; n++)
		server_recorder_put(r, &account);
	ck_assert_uint_eq(server_recorder_waiting(r), SERVER_RECORDER_MAX);
	ck_assert_uint_eq(server_recorder_lost(r), 10);
	sem_post(&gate);
	while (server_recorder_waiting(r) > 0 && !passed(start))
		;
	ck_assert_uint_eq(written, SERVER_RECORDER_MAX);
	/* The next record comes after one that says how many are missing. */
	server_recorder_put(r, &account);
	while (server_recorder_waiting(r) > 0 && !passed(start))
		;
	ck_assert_uint_eq(written, SERVER_RECORDER_MAX + 2);
	ck_assert_uint_eq(told_lost, 10);
	/* It hangs again, and the end does not wait for long. */
	sem_wait(&gate);
	server_recorder_put(r, &account);
	start = tscf_clock_now();
	server_recorder_close(r);
	ck_assert_uint_ge(tscf_clock_now() - start, SERVER_RECORDER_PATIENCE_MS);
	ck_assert(!freed);
	sem_post(&gate);
	while (written < SERVER_RECORDER_MAX + 3 && !passed(start))
		;
	ck_assert_uint_eq(written, SERVER_RECORDER_MAX + 3);
}
END_TEST

/* --- sessions --- */

static struct world *w;
static struct world_client c;

static void set_up(void)
{
	make_directory();
	w = world_new(SERVER_SERVICE_DTTE);
	w->state->accounts = begin(name);
	w->state->settings.accounting_interval = 60;
	world_client(w, &c, 7, 40000);
}

static void tear_down(void)
{
	struct server_accounts *a = w->state->accounts;

	world_free(w);
	server_accounts_close(a);
	remove_directory();
}

START_TEST(records_of_sessions)
{
	const struct tscf_addr host = world_addr("192.0.2.10");
	struct world_packet p;
	struct tscf_binding_key key;
	json_t *list;

	set_up();
	/* Anybody can make a session that is not confirmed. */
	ck_assert_int_eq(world_configure(&c, NULL, false), TSCF_RESPONSE_SUCCESS);
	world_keepalive(&c, false);
	world_encrypt(&c);
	key = world_key(&c.plain, IPPROTO_UDP, 5060, NULL, 0);
	ck_assert_int_eq(world_bind(&c, &key, TSCF_BIND_ACTION_BIND, TSCF_LEVEL_ENCRYPTED_ONLY, 0),
			 TSCF_RESPONSE_SUCCESS);
	p = world_udp(&c.plain, 6000, &host, 7000);
	world_up(&c, &p, false);
	world_plain(&c)->received_packets = 3;
	world_plain(&c)->received_bytes = 5000000000;
	world_plain(&c)->sent_packets = 4;
	world_plain(&c)->sent_bytes = 444;
	world_pass(w, 59000);
	json_decref(wait_for(name, 3));
	world_plain(&c)->heard = world_encrypted(&c)->heard = w->now;
	world_pass(w, 1000);
	json_decref(wait_for(name, 5));
	world_pass(w, 1000);
	server_session_end(w->state, world_encrypted(&c), w->now, "one");
	server_session_end(w->state, world_plain(&c), w->now, "two");
	list = wait_for(name, 7);
	ck_assert_str_eq(text(list, 1, "event"), "start");
	ck_assert_str_eq(text(list, 1, "kind"), "plain");
	ck_assert_str_eq(text(list, 1, "outer"), "198.51.100.7:40000");
	ck_assert_str_eq(text(list, 2, "event"), "start");
	ck_assert_str_eq(text(list, 2, "kind"), "encrypted");
	ck_assert_str_eq(text(list, 3, "event"), "interim");
	ck_assert_str_eq(text(list, 3, "tsid"), text(list, 1, "tsid"));
	ck_assert_int_eq(number(list, 3, "received_packets"), 3);
	ck_assert_int_eq(number(list, 3, "received_bytes"), 5000000000);
	ck_assert_int_eq(number(list, 3, "sent_packets"), 4);
	ck_assert_int_eq(number(list, 3, "sent_bytes"), 444);
	ck_assert(json_is_null(json_object_get(json_array_get(list, 3), "lost_packets")));
	ck_assert_int_eq(number(list, 4, "lost_packets"), WORLD_LOST);
	ck_assert_int_eq(number(list, 5, "lost_packets"), WORLD_LOST);
	ck_assert_int_eq(number(list, 3, "since"), number(list, 1, "since"));
	ck_assert_int_eq(
	    json_integer_value(json_object_get(json_object_get(json_array_get(list, 4), "levels"), "encrypted-only")),
	    1);
	ck_assert_str_eq(text(list, 5, "event"), "stop");
	ck_assert_str_eq(text(list, 5, "reason"), "one");
	ck_assert_str_eq(text(list, 6, "reason"), "two");
	json_decref(list);
	tear_down();
}
END_TEST

START_TEST(unconfirmed_leaves_no_record)
{
	set_up();
	ck_assert_int_eq(world_configure(&c, NULL, false), TSCF_RESPONSE_SUCCESS);
	world_pass(w, SERVER_CONFIRM_MS + 1000);
	ck_assert_ptr_null(world_plain(&c));
	world_handshake(&c);
	world_disconnect(&c);
	ck_assert_ptr_null(w->state->accounted);
	put(w->state->accounts, 9);
	json_decref(wait_for(name, 2));
	tear_down();
}
END_TEST

/* As it goes to another worker, or to the next run. */
START_TEST(carried_over)
{
	struct server_record record, read;
	uint8_t data[SERVER_RECORD_SIZE];
	struct server_session *s;
	json_t *list;
	int length;

	set_up();
	world_connect(&c);
	s = world_plain(&c);
	s->received_bytes = 100;
	s->sent_packets = 7;
	s->account.since -= 1000;
	server_session_export(s, &record);
	length = server_record_write(&record, data);
	ck_assert_int_gt(length, 0);
	ck_assert_int_eq(server_record_read(data, (uint32_t)length, &read), 0);
	s->account.goes_on = true;
	server_session_end(w->state, s, w->now, "it goes on");
	s = server_session_import(w->state, w->interface, &read, w->now);
	ck_assert_ptr_nonnull(s);
	s->sent_packets++;
	server_session_end(w->state, s, w->now, "the end");
	list = wait_for(name, 3);
	ck_assert_str_eq(text(list, 2, "event"), "stop");
	ck_assert_str_eq(text(list, 2, "reason"), "the end");
	ck_assert_str_eq(text(list, 2, "tsid"), text(list, 1, "tsid"));
	ck_assert_int_eq(number(list, 2, "since"), number(list, 1, "since") - 1000);
	ck_assert_int_eq(number(list, 2, "received_bytes"), 100);
	ck_assert_int_eq(number(list, 2, "sent_packets"), 8);
	json_decref(list);
	/* One that finds no place any more. */
	server_accounting_gone(w->state, &read, "gone");
	list = wait_for(name, 4);
	ck_assert_str_eq(text(list, 3, "event"), "stop");
	ck_assert_str_eq(text(list, 3, "kind"), "plain");
	ck_assert_int_eq(number(list, 3, "sent_packets"), 7);
	json_decref(list);
	tear_down();
}
END_TEST

/* A worker has many sessions, and its packets wait for a few of them only. */
START_TEST(work_is_bounded)
{
	struct server_session *s;
	unsigned old = 0;

	set_up();
	for (unsigned n = 0; n < 3; n++) {
		world_client(w, &c, 7 + n, 40000);
		world_connect(&c);
		world_plain(&c)->bindings.count += SERVER_ACCOUNTING_WORK - 1;
	}
	w->now += 60000;
	server_accounting_tick(w->state, w->now);
	for (s = w->state->accounted; s; s = s->account.next) {
		old += s->account.recorded != w->now;
		s->bindings.count -= SERVER_ACCOUNTING_WORK - 1;
	}
	ck_assert_uint_eq(old, 2);
	server_accounting_tick(w->state, w->now);
	json_decref(wait_for(name, 1 + 3 + 3));
	tear_down();
}
END_TEST

/* Make the records that are due after so many seconds more, and count them. */
static unsigned interim_after(const struct server_session *const s[], unsigned count, unsigned seconds)
{
	unsigned n = 0;

	w->now += seconds * 1000ULL;
	server_accounting_tick(w->state, w->now);
	for (unsigned i = 0; i < count; i++)
		n |= (unsigned)(s[i]->account.recorded == w->now) << i;
	return n;
}

static const struct server_session *connect_with_interval(unsigned host, uint32_t seconds)
{
	const struct server_radius_grant given = {.interim = seconds};

	world_client(w, &c, host, 40000);
	ck_assert_int_eq(world_configure(&c, NULL, false), TSCF_RESPONSE_SUCCESS);
	ck_assert_int_eq(server_allowance_grant(w->state, world_plain(&c), &given), 0);
	world_keepalive(&c, false);
	return world_plain(&c);
}

/* What the RADIUS server names for a client holds for it alone, whatever the settings say. */
START_TEST(own_intervals)
{
	const struct server_session *s[3];

	set_up();
	w->state->settings.accounting_interval = 100;
	s[0] = connect_with_interval(7, 300);
	s[1] = connect_with_interval(8, 60);
	s[2] = connect_with_interval(9, 0);
	ck_assert_uint_eq(interim_after(s, 3, 59), 0);
	ck_assert_uint_eq(interim_after(s, 3, 1), 2);   /* 60 */
	ck_assert_uint_eq(interim_after(s, 3, 40), 4);  /* 100 */
	ck_assert_uint_eq(interim_after(s, 3, 20), 2);  /* 120 */
	ck_assert_uint_eq(interim_after(s, 3, 179), 6); /* 299 */
	ck_assert_uint_eq(interim_after(s, 3, 1), 1);   /* 300 */
	w->state->settings.accounting_interval = 0;
	ck_assert_uint_eq(interim_after(s, 3, 300), 3);
	json_decref(wait_for(name, 1 + 3 + 8));
	tear_down();
}
END_TEST

/* Those with intervals of their own are served in turn. */
START_TEST(own_work_is_bounded)
{
	const struct server_session *s[3];

	set_up();
	for (unsigned n = 0; n < 3; n++) {
		s[n] = connect_with_interval(7 + n, 60);
		world_plain(&c)->bindings.count += SERVER_ACCOUNTING_WORK - 1;
	}
	ck_assert_uint_eq(interim_after(s, 3, 60), 1);
	ck_assert_uint_eq(interim_after(s, 3, 1), 2);
	ck_assert_uint_eq(interim_after(s, 3, 1), 4);
	for (struct server_session *each = w->state->accounted_own; each; each = each->account.next)
		each->bindings.count -= SERVER_ACCOUNTING_WORK - 1;
	ck_assert_uint_eq(interim_after(s, 3, 1), 0);
	tear_down();
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("server-accounting");
	TCase *t = tcase_create("accounting");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, whole_lines_and_rights);
	tcase_add_test(t, reopened);
	tcase_add_test(t, full_disk);
	tcase_add_test(t, pipe_without_reader);
	tcase_add_test(t, hanging_target);
	tcase_add_test(t, records_of_sessions);
	tcase_add_test(t, unconfirmed_leaves_no_record);
	tcase_add_test(t, carried_over);
	tcase_add_test(t, work_is_bounded);
	tcase_add_test(t, own_intervals);
	tcase_add_test(t, own_work_is_bounded);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	tscf_log_init("test", TSCF_LOG_ERROR);
	signal(SIGPIPE, SIG_IGN);
	return tscf_test_main(make_suite);
}

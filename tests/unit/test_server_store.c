/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/store/pending.h"
#include "tscf-server/store/record.h"
#include "tscf-server/store/store.h"

#include "common/base/log.h"
#include "common/packet/message.h"
#include "tests/unit/runner.h"

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char error[SERVER_STORE_ERROR];

/* --- records --- */

static struct tscf_addr addr_of(const char *text)
{
	struct tscf_addr a;

	ck_assert_int_eq(tscf_addr_parse(text, &a), 0);
	return a;
}

static void full_record(struct server_record *r)
{
	struct tscf_addr outer = addr_of("2001:db8::7");

	memset(r, 0, sizeof(*r));
	r->tsid = 0x0123456789abcdef;
	strcpy(r->interface, "access");
	tscf_endpoint_make(&outer, 50123, &r->outer);
	r->address[0] = addr_of("10.8.0.2");
	r->address[1] = addr_of("2001:db8:8::2");
	memset(r->client_id, 0xc1, sizeof(r->client_id));
	r->services = 5;
	r->place = 3;
	r->quiet = r->guarded = r->stream = r->resumable = r->shield_locked = true;
	memset(r->resume_lock, 0x11, sizeof(r->resume_lock));
	memset(r->shield_lock, 0x22, sizeof(r->shield_lock));
	r->named = true;
	strcpy(r->who.name, "certificate phone");
	memset(r->who.key, 0x33, sizeof(r->who.key));
	memset(r->who.ca, 0x44, sizeof(r->who.ca));
	r->who.until = 4102444800;
	r->since = 1767225600;
	r->allowed_until = 1767229200;
	r->granted_up = 10000;
	r->granted_down = UINT32_MAX;
	r->interval = 300;
	r->class_length = 4;
	memcpy(r->class, "gold", 4);
	r->traffic = (struct server_traffic){1, 5000000000, UINT64_MAX, 4};
	r->seal.agreed = true;
	memset(r->seal.send_key, 0x55, sizeof(r->seal.send_key));
	memset(r->seal.receive_key, 0x66, sizeof(r->seal.receive_key));
}

static void same_record(const struct server_record *a, const struct server_record *b)
{
	ck_assert_uint_eq(a->tsid, b->tsid);
	ck_assert_str_eq(a->interface, b->interface);
	ck_assert(tscf_endpoint_equal(&a->outer, &b->outer));
	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		ck_assert(tscf_addr_equal(&a->address[i], &b->address[i]));
	ck_assert_mem_eq(a->client_id, b->client_id, sizeof(a->client_id));
	ck_assert_uint_eq(a->services, b->services);
	ck_assert(a->quiet == b->quiet && a->guarded == b->guarded);
	ck_assert_uint_eq(a->place, b->place);
	ck_assert(a->named == b->named);
	ck_assert_str_eq(a->who.name, b->who.name);
	ck_assert_mem_eq(a->who.key, b->who.key, sizeof(a->who.key));
	ck_assert_mem_eq(a->who.ca, b->who.ca, sizeof(a->who.ca));
	ck_assert_int_eq(a->who.until, b->who.until);
	ck_assert(a->stream == b->stream && a->resumable == b->resumable && a->shield_locked == b->shield_locked);
	ck_assert_mem_eq(a->resume_lock, b->resume_lock, sizeof(a->resume_lock));
	ck_assert_mem_eq(a->shield_lock, b->shield_lock, sizeof(a->shield_lock));
	ck_assert_int_eq(a->since, b->since);
	ck_assert_mem_eq(&a->traffic, &b->traffic, sizeof(a->traffic));
	ck_assert_int_eq(a->allowed_until, b->allowed_until);
	ck_assert_uint_eq(a->granted_up, b->granted_up);
	ck_assert_uint_eq(a->granted_down, b->granted_down);
	ck_assert_uint_eq(a->interval, b->interval);
	ck_assert_uint_eq(a->class_length, b->class_length);
	ck_assert_mem_eq(a->class, b->class, a->class_length);
	ck_assert(a->seal.agreed == b->seal.agreed);
	ck_assert_mem_eq(a->seal.send_key, b->seal.send_key, sizeof(a->seal.send_key));
	ck_assert_mem_eq(a->seal.receive_key, b->seal.receive_key, sizeof(a->seal.receive_key));
}

START_TEST(record_round_trip)
{
	struct server_record in, out;
	uint8_t data[SERVER_RECORD_SIZE];
	int length;

	full_record(&in);
	length = server_record_write(&in, data);
	ck_assert_int_gt(length, 0);
	ck_assert_int_eq(server_record_read(data, (uint32_t)length, &out), 0);
	same_record(&in, &out);
	/* And the least that there can be. */
	in.address[1].family = 0;
	memset(in.address[1].bytes, 0, sizeof(in.address[1].bytes));
	in.quiet = in.guarded = in.stream = in.resumable = in.shield_locked = in.named = false;
	memset(&in.who, 0, sizeof(in.who));
	memset(in.resume_lock, 0, sizeof(in.resume_lock));
	memset(in.shield_lock, 0, sizeof(in.shield_lock));
	length = server_record_write(&in, data);
	ck_assert_int_gt(length, 0);
	ck_assert_int_eq(server_record_read(data, (uint32_t)length, &out), 0);
	same_record(&in, &out);
}
END_TEST

/* The largest one fits. */
START_TEST(record_longest)
{
	struct server_record in, out;
	uint8_t data[SERVER_RECORD_SIZE];
	int length;

	full_record(&in);
	memset(in.interface, 'i', sizeof(in.interface) - 1);
	in.class_length = sizeof(in.class);
	memset(in.class, 'c', sizeof(in.class));
	memset(in.who.name, 'n', sizeof(in.who.name) - 1);
	length = server_record_write(&in, data);
	ck_assert_int_gt(length, 0);
	ck_assert_int_eq(server_record_read(data, (uint32_t)length, &out), 0);
	same_record(&in, &out);
}
END_TEST

START_TEST(record_cut)
{
	struct server_record in, out;
	uint8_t data[SERVER_RECORD_SIZE];
	int length;

	full_record(&in);
	length = server_record_write(&in, data);
	for (int shorter = 0; shorter < length; shorter++)
		ck_assert_int_eq(server_record_read(data, (uint32_t)shorter, &out), -22);
	data[1] = TSCF_KEEPALIVE_REQUEST;
	ck_assert_int_eq(server_record_read(data, (uint32_t)length, &out), -22);
}
END_TEST

START_TEST(record_lacks)
{
	struct server_record in, out;
	uint8_t data[SERVER_RECORD_SIZE];

	full_record(&in);
	in.interface[0] = '\0';
	ck_assert_int_eq(server_record_read(data, (uint32_t)server_record_write(&in, data), &out), -22);
	full_record(&in);
	in.address[0].family = in.address[1].family = 0;
	ck_assert_int_eq(server_record_read(data, (uint32_t)server_record_write(&in, data), &out), -22);
	full_record(&in);
	in.tsid = TSCF_TSID_NONE;
	ck_assert_int_eq(server_record_read(data, (uint32_t)server_record_write(&in, data), &out), -22);
	/* An interval that nobody can have granted. */
	full_record(&in);
	in.interval = 59;
	ck_assert_int_eq(server_record_read(data, (uint32_t)server_record_write(&in, data), &out), -22);
	in.interval = 86401;
	ck_assert_int_eq(server_record_read(data, (uint32_t)server_record_write(&in, data), &out), -22);
	/* Nothing was granted, or an earlier version wrote it. */
	in.granted_up = in.granted_down = in.interval = 0;
	ck_assert_int_eq(server_record_read(data, (uint32_t)server_record_write(&in, data), &out), 0);
	same_record(&in, &out);
}
END_TEST

/* --- the store --- */

static char directory[] = "/tmp/tscf-store.XXXXXX";
static char file[64], damaged[96];

static void set_up(void)
{
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(file, sizeof(file), "%s/server.db", directory);
	snprintf(damaged, sizeof(damaged), "%s.damaged", file);
	tscf_log_init("test", TSCF_LOG_ERROR);
}

static void tear_down(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", directory);
	ck_assert_int_eq(system(command), 0);
}

static struct server_store *open_store(struct server_store_past *past)
{
	struct server_store *s;

	ck_assert_int_eq(server_store_open(directory, &s, past, error), 0);
	return s;
}

static struct server_change lease_of(unsigned client, const char *addr)
{
	struct server_change c = {.kind = SERVER_CHANGE_LEASE};

	c.lease.addr = addr_of(addr);
	memset(c.lease.client_id, (int)client, sizeof(c.lease.client_id));
	return c;
}

static struct server_change session_of(uint64_t tsid, bool there)
{
	struct server_change c = {.kind = SERVER_CHANGE_SESSION, .session = {.tsid = tsid}};
	struct server_record r;

	full_record(&r);
	r.tsid = tsid;
	if (there)
		c.session.length = (uint16_t)server_record_write(&r, c.session.record);
	return c;
}

static struct server_change binding_of(uint16_t port, enum server_stored_binding as)
{
	struct server_change c = {.kind = SERVER_CHANGE_BINDING, .binding = {.as = as}};

	c.binding.key =
	    (struct tscf_binding_key){.local = addr_of("10.8.0.2"), .local_port = port, .protocol = IPPROTO_TCP};
	c.binding.key.remote = addr_of("2001:db8::1");
	c.binding.key.remote_port = 443;
	return c;
}

struct seen {
	unsigned count;
	struct server_change changes[16];
};

static void note(void *context, const struct server_change *change)
{
	struct seen *seen = context;

	ck_assert_uint_lt(seen->count, 16);
	seen->changes[seen->count++] = *change;
}

static void read_store(struct server_store *s, struct seen *seen)
{
	struct server_store_reader reader = {.change = note, .context = seen};

	seen->count = 0;
	server_store_read(s, &reader);
}

static uint64_t put(struct server_store *s, struct server_change change)
{
	uint64_t ticket = server_store_put(s, &change);

	ck_assert_uint_ne(ticket, 0);
	return ticket;
}

static void wait_for(const struct server_store *s, uint64_t ticket)
{
	struct timespec pause = {.tv_nsec = 1000000};

	for (unsigned i = 0; i < 5000 && server_store_written(s) < ticket; i++)
		nanosleep(&pause, NULL);
	ck_assert_uint_ge(server_store_written(s), ticket);
}

START_TEST(comes_back)
{
	struct server_store_past past;
	struct server_store *s = open_store(&past);
	struct tscf_addr remote = addr_of("2001:db8::1");
	struct seen seen;
	struct stat stat_of_file;

	ck_assert_uint_eq(past.run, 1);
	read_store(s, &seen);
	ck_assert_uint_eq(seen.count, 0);
	ck_assert_int_eq(server_store_start(s), 0);
	put(s, lease_of(1, "10.8.0.2"));
	put(s, lease_of(2, "2001:db8:8::3"));
	put(s, session_of(1, true));
	put(s, session_of(2, true));
	put(s, session_of(1, false));
	put(s, binding_of(1, SERVER_STORED_SHIELD));
	put(s, binding_of(2, SERVER_STORED_SHIELD));
	put(s, binding_of(1, SERVER_STORED_TOMBSTONE));
	put(s, binding_of(2, SERVER_STORED_NONE));
	/* The address went to another client. */
	put(s, lease_of(3, "10.8.0.2"));
	server_store_close(s);
	ck_assert_int_eq(stat(file, &stat_of_file), 0);
	ck_assert_uint_eq(stat_of_file.st_mode & 0777, 0600);

	s = open_store(&past);
	ck_assert(past.clean);
	ck_assert_uint_lt(past.seconds, 10);
	ck_assert_uint_eq(past.run, 2);
	read_store(s, &seen);
	ck_assert_uint_eq(seen.count, 4);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(seen.changes[i].kind, SERVER_CHANGE_LEASE);
		ck_assert(seen.changes[i].lease.client_id[0] == 2 || seen.changes[i].lease.client_id[0] == 3);
	}
	ck_assert_int_eq(seen.changes[2].kind, SERVER_CHANGE_SESSION);
	ck_assert_uint_eq(seen.changes[2].session.tsid, 2);
	ck_assert_int_eq(seen.changes[3].kind, SERVER_CHANGE_BINDING);
	ck_assert_int_eq(seen.changes[3].binding.as, SERVER_STORED_TOMBSTONE);
	ck_assert_uint_eq(seen.changes[3].binding.key.local_port, 1);
	ck_assert_uint_eq(seen.changes[3].binding.key.remote_port, 443);
	ck_assert_uint_eq(seen.changes[3].binding.key.protocol, IPPROTO_TCP);
	ck_assert(tscf_addr_equal(&seen.changes[3].binding.key.remote, &remote));
	server_store_close(s);
}
END_TEST

/* Killed at any moment: what was said to be written is there, and it shows that the stop was none. */
START_TEST(killed)
{
	struct server_store_past past;
	struct seen seen;
	int pipe_fds[2];
	pid_t child;
	char done;

	ck_assert_int_eq(pipe(pipe_fds), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct server_store *s = open_store(&past);

		server_store_start(s);
		put(s, session_of(1, true));
		wait_for(s, put(s, binding_of(1, SERVER_STORED_SHIELD)));
		put(s, binding_of(2, SERVER_STORED_SHIELD));
		if (write(pipe_fds[1], "w", 1) != 1)
			_exit(1);
		pause();
	}
	ck_assert_int_eq(read(pipe_fds[0], &done, 1), 1);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	struct server_store *s = open_store(&past);

	ck_assert(!past.clean);
	read_store(s, &seen);
	ck_assert_uint_ge(seen.count, 2);
	ck_assert_uint_eq(seen.changes[0].session.tsid, 1);
	ck_assert_int_eq(seen.changes[1].binding.as, SERVER_STORED_SHIELD);
	server_store_close(s);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}
END_TEST

/** From now on the disk is full for this process, or is not any more. */
static void fill_disk(bool full)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = full ? 1 : limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/** Change things while the disk is full.  Answers do not wait, and it shows in the directory. */
static void change_without_room(struct server_store *s)
{
	char mark[96];

	snprintf(mark, sizeof(mark), "%s.complete", file);
	ck_assert_int_eq(access(mark, F_OK), 0);
	put(s, session_of(1, true));
	put(s, session_of(2, true));
	wait_for(s, put(s, binding_of(1, SERVER_STORED_SHIELD)));
	fill_disk(true);
	put(s, session_of(3, true));
	put(s, session_of(1, false));
	put(s, binding_of(2, SERVER_STORED_SHIELD));
	wait_for(s, UINT64_MAX);
	ck_assert_int_ne(access(mark, F_OK), 0);
	/* These join the changes that wait already. */
	put(s, session_of(3, false));
	put(s, binding_of(1, SERVER_STORED_TOMBSTONE));
	put(s, binding_of(2, SERVER_STORED_NONE));
	put(s, session_of(4, true));
}

/* The disk is full for a while: everything is there afterwards, and the store is complete. */
START_TEST(full_and_back)
{
	struct server_store_past past;
	struct server_store *s = open_store(&past);
	struct timespec pause = {.tv_nsec = 1000000};
	struct seen seen;

	ck_assert_int_eq(server_store_start(s), 0);
	change_without_room(s);
	fill_disk(false);
	for (unsigned i = 0; i < 5000 && server_store_written(s) == UINT64_MAX; i++)
		nanosleep(&pause, NULL);
	ck_assert_uint_ne(server_store_written(s), UINT64_MAX);
	wait_for(s, put(s, session_of(5, true)));
	server_store_close(s);

	s = open_store(&past);
	ck_assert(past.clean && !past.incomplete);
	read_store(s, &seen);
	ck_assert_uint_eq(seen.count, 4);
	ck_assert_uint_eq(seen.changes[0].session.tsid, 2);
	ck_assert_uint_eq(seen.changes[1].session.tsid, 4);
	ck_assert_uint_eq(seen.changes[2].session.tsid, 5);
	ck_assert_int_eq(seen.changes[3].binding.as, SERVER_STORED_TOMBSTONE);
	server_store_close(s);
}
END_TEST

/* A server that ends while the disk is full leaves a store that is known to be incomplete. */
START_TEST(full_and_ended)
{
	struct server_store_past past;
	struct server_store *s;
	int status;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		s = open_store(&past);
		server_store_start(s);
		change_without_room(s);
		if (_i == 1)
			server_store_close(s);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	s = open_store(&past);
	ck_assert(!past.clean && past.incomplete);
	server_store_close(s);
}
END_TEST

static void spoil(const char *text, long at)
{
	FILE *f = fopen(file, at < 0 ? "w" : "r+");

	ck_assert_ptr_nonnull(f);
	if (at >= 0)
		ck_assert_int_eq(fseek(f, at, SEEK_SET), 0);
	for (unsigned i = 0; i < 500; i++)
		fputs(text, f);
	fclose(f);
}

/* Another file, an empty one, and a damaged page: started over, and the old one is put aside. */
START_TEST(spoilt)
{
	struct server_store_past past;
	struct server_store *s = open_store(&past);
	struct seen seen;

	server_store_start(s);
	wait_for(s, put(s, session_of(1, true)));
	server_store_close(s);
	spoil("no data base ", _i == 0 ? -1 : _i == 1 ? 100 : 4096);
	s = open_store(&past);
	ck_assert_int_eq(access(damaged, F_OK), 0);
	ck_assert(past.clean);
	read_store(s, &seen);
	ck_assert_uint_eq(seen.count, 0);
	server_store_start(s);
	wait_for(s, put(s, session_of(2, true)));
	server_store_close(s);
	s = open_store(&past);
	read_store(s, &seen);
	ck_assert_uint_eq(seen.count, 1);
	server_store_close(s);
}
END_TEST

/* Two servers in one directory: the second goes without. */
START_TEST(in_use)
{
	struct server_store_past past;
	struct server_store *first = open_store(&past), *second;

	server_store_start(first);
	ck_assert_int_eq(server_store_open(directory, &second, &past, error), -EBUSY);
	wait_for(first, put(first, session_of(1, true)));
	server_store_close(first);
}
END_TEST

START_TEST(not_writable)
{
	struct server_store_past past;
	struct server_store *s;

	ck_assert_int_lt(server_store_open("/dev/null/state", &s, &past, error), 0);
	ck_assert_str_eq(error, "/dev/null/state: Not a directory");
	ck_assert_int_lt(server_store_open("/proc", &s, &past, error), 0);
	ck_assert_ptr_nonnull(strstr(error, "/proc/server.db: "));
}
END_TEST

static void count_written(void *context)
{
	atomic_fetch_add((atomic_uint *)context, 1);
}

static struct server_change session_number(unsigned i)
{
	struct server_change change = session_of(1, true);

	change.session.tsid = i + 1;
	return change;
}

static void count_change(void *context, const struct server_change *change)
{
	unsigned *counts = context;

	counts[change->kind]++;
}

/* However much waits, all of it is written when there is time, and nothing ever blocks. */
START_TEST(nothing_is_lost_when_much_waits)
{
	enum { MANY = 100000 };
	struct server_store_past past;
	struct server_store *s = open_store(&past);
	atomic_uint written = 0;
	struct server_store_watcher watcher = {.written = count_written, .context = &written};
	unsigned counts[SERVER_CHANGE_BINDING + 1] = {0};
	struct server_store_reader reader = {.change = count_change, .context = counts};

	for (unsigned i = 0; i < MANY; i++)
		put(s, session_number(i));
	ck_assert_uint_eq(server_store_lost(s), 0);
	server_store_watch(s, &watcher);
	ck_assert_int_eq(server_store_start(s), 0);
	wait_for(s, put(s, session_number(MANY)));
	server_store_close(s);
	/* Those who wait for the first do not wait for the last. */
	ck_assert_uint_gt(written, 10);
	s = open_store(&past);
	ck_assert(past.clean);
	server_store_read(s, &reader);
	ck_assert_uint_eq(counts[SERVER_CHANGE_SESSION], MANY + 1);
	server_store_close(s);
}
END_TEST

/* --- what waits --- */

static struct server_change ended(struct server_change change)
{
	change.fresh = false;
	if (change.kind == SERVER_CHANGE_SESSION)
		change.session.length = 0;
	else
		change.binding.as = SERVER_STORED_NONE;
	return change;
}

static unsigned take_all(struct server_pending *p, struct server_change *out, uint64_t *since)
{
	struct server_pending_change *next;
	unsigned count = 0;

	for (struct server_pending_change *c = server_pending_take(p); c; c = next, count++) {
		next = c->next;
		out[count].kind = c->change->kind;
		if (c->change->kind == SERVER_CHANGE_SESSION) {
			out[count].session.tsid = c->change->session.tsid;
			out[count].session.length = c->change->session.length;
		}
		since[count] = c->since;
		server_pending_change_free(c);
	}
	return count;
}

/* A thing keeps its place, since somebody may wait for its first change; the last change is what is written. */
START_TEST(of_each_thing_the_latest_waits)
{
	struct server_change a = session_number(1), b = session_number(2),
			     shield = binding_of(5060, SERVER_STORED_SHIELD);
	struct server_change out[8], end = ended(a);
	struct server_pending p;
	uint64_t since[8];

	ck_assert_int_eq(server_pending_init(&p), 0);
	ck_assert_int_eq(server_pending_put(&p, &a, 10), 0);
	ck_assert_int_eq(server_pending_put(&p, &shield, 11), 0);
	ck_assert_int_eq(server_pending_put(&p, &b, 12), 0);
	ck_assert_int_eq(server_pending_put(&p, &end, 13), 0);
	ck_assert_uint_eq(take_all(&p, out, since), 3);
	ck_assert(since[0] == 10 && since[1] == 11 && since[2] == 12);
	ck_assert_uint_eq(out[0].session.tsid, 2);
	ck_assert_uint_eq(out[0].session.length, 0);
	ck_assert_int_eq(out[1].kind, SERVER_CHANGE_BINDING);
	ck_assert_uint_eq(take_all(&p, out, since), 0);
	server_pending_free(&p);
}
END_TEST

/* So that what waits does not grow while things come and go; but what the store knows of must be taken out of it. */
START_TEST(nothing_waits_of_what_came_and_went)
{
	struct server_change a = session_number(1), shield = binding_of(5060, SERVER_STORED_SHIELD);
	struct server_change out[8], ends[] = {ended(a), ended(shield)};
	struct server_pending p;
	uint64_t since[8];

	ck_assert_int_eq(server_pending_init(&p), 0);
	a.fresh = shield.fresh = true;
	ck_assert_int_eq(server_pending_put(&p, &a, 1), 0);
	ck_assert_int_eq(server_pending_put(&p, &shield, 2), 0);
	ck_assert_int_eq(server_pending_put(&p, &ends[0], 3), 0);
	ck_assert_int_eq(server_pending_put(&p, &ends[1], 4), 0);
	ck_assert_uint_eq(take_all(&p, out, since), 0);
	/* Its end waits: that it comes again, and goes again, does not make it unknown to the store. */
	ck_assert_int_eq(server_pending_put(&p, &ends[0], 5), 0);
	ck_assert_int_eq(server_pending_put(&p, &a, 6), 0);
	ck_assert_int_eq(server_pending_put(&p, &ends[0], 7), 0);
	ck_assert_uint_eq(take_all(&p, out, since), 1);
	ck_assert_uint_eq(out[0].session.length, 0);
	server_pending_free(&p);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("server_store");
	TCase *record = tcase_create("record"), *store = tcase_create("store");

	tcase_add_test(record, record_round_trip);
	tcase_add_test(record, record_longest);
	tcase_add_test(record, record_cut);
	tcase_add_test(record, record_lacks);
	suite_add_tcase(suite, record);
	tcase_add_checked_fixture(store, set_up, tear_down);
	tcase_set_timeout(store, 30);
	tcase_add_test(store, comes_back);
	tcase_add_test(store, killed);
	tcase_add_test(store, full_and_back);
	tcase_add_loop_test(store, full_and_ended, 0, 2);
	tcase_add_loop_test(store, spoilt, 0, 3);
	tcase_add_test(store, in_use);
	tcase_add_test(store, not_writable);
	tcase_add_test(store, nothing_is_lost_when_much_waits);
	tcase_add_test(store, of_each_thing_the_latest_waits);
	tcase_add_test(store, nothing_waits_of_what_came_and_went);
	suite_add_tcase(suite, store);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

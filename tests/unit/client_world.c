/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client_world.c - the client's life, the clock, and the programs of a world.
 *
 * The functions named __wrap_ take the places of the product's for all callers in it (ld --wrap); clock_gettime and
 * epoll_wait are those of this whole process, libev included.
 */
#include "tests/unit/client_world_internal.h"

#include "common/base/log.h"
#include "tests/unit/netns.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* --- the clock --- */

/** libev calls these, too. */
#define EVERYBODYS __attribute__((visibility("default")))

static bool clock_is_ours;
static uint64_t clock_ns;  /**< monotonic */
static uint64_t asleep_ns; /**< how far boot time is ahead of that */
static uint64_t until_ns;  /**< the event loop may sleep as long as this */
static unsigned happened;  /**< descriptors that were ready since this was set to 0 */

EVERYBODYS int clock_gettime(clockid_t which, struct timespec *t)
{
	uint64_t ns = clock_ns + (which == CLOCK_BOOTTIME ? asleep_ns : 0);

	if (!clock_is_ours || (which != CLOCK_MONOTONIC && which != CLOCK_BOOTTIME))
		return (int)syscall(SYS_clock_gettime, which, t);
	*t = (struct timespec){.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
	return 0;
}

EVERYBODYS int epoll_wait(int epoll, struct epoll_event *events, int max, int timeout)
{
	int n = (int)syscall(SYS_epoll_wait, epoll, events, max, clock_is_ours ? 0 : timeout);
	/* A timer that is due in no time at all, as libev's sums of fractions may have it, needs some, too. */
	uint64_t sleep = timeout < 0 ? UINT64_MAX : timeout == 0 ? 1000 : (uint64_t)timeout * 1000000;

	if (n > 0)
		happened += (unsigned)n;
	if (clock_is_ours && n == 0 && until_ns > clock_ns)
		clock_ns += sleep < until_ns - clock_ns ? sleep : until_ns - clock_ns;
	return n;
}

uint64_t world_now(void)
{
	return clock_ns / 1000000;
}

void world_turn(struct client_world *w)
{
	unsigned still = 0;

	for (unsigned turns = 0; still < 3; turns++) {
		bool given = world_give_answers(w);

		ck_assert_uint_lt(turns, 10000);
		happened = 0;
		/* libev takes a timer for due when its time has passed. */
		until_ns = clock_ns + 1000;
		ev_run(w->loop, EVRUN_NOWAIT);
		still = given || happened > 0 ? 0 : still + 1;
	}
}

void world_pass(struct client_world *w, uint64_t ms)
{
	uint64_t end = clock_ns + ms * 1000000;

	world_turn(w);
	while (clock_ns < end) {
		until_ns = end;
		ev_run(w->loop, EVRUN_ONCE);
		world_turn(w);
	}
}

void world_sleep(struct client_world *w, uint64_t ms, bool host)
{
	world_turn(w);
	if (host)
		asleep_ns += ms * 1000000;
	else
		clock_ns += ms * 1000000;
	world_turn(w);
}

static void take_clock(void)
{
	struct timespec t;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	clock_ns = (uint64_t)t.tv_sec * 1000000000;
	asleep_ns = 0;
	clock_is_ours = true;
}

/* --- programs: the control socket --- */

int __wrap_tscf_control_listen(struct ev_loop *loop, const char *path, mode_t mode,
			       const struct tscf_control_handler *handler, void *context,
			       struct tscf_control_server **out)
{
	struct client_world *w = world_of_process();

	(void)path, (void)mode;
	w->loop = loop;
	w->control = handler;
	w->client = context;
	*out = (struct tscf_control_server *)w;
	return 0;
}

void __wrap_tscf_control_close(struct tscf_control_server *server, bool leave_file)
{
	(void)leave_file;
	ck_assert_ptr_eq(server, world_of_process());
}

void __wrap_tscf_control_release(struct tscf_control_call_in *in, int fd)
{
	(void)in;
	close(fd);
}

void __wrap_tscf_control_discard(struct tscf_control_server *server, int fd)
{
	ck_assert_ptr_eq(server, world_of_process());
	close(fd);
}

void __wrap_tscf_control_mode(struct tscf_control_server *server, mode_t mode)
{
	(void)mode;
	ck_assert_ptr_eq(server, world_of_process());
}

static struct world_call *call_of(struct tscf_control_call_in *in)
{
	return (struct world_call *)((char *)in - offsetof(struct world_call, in));
}

static struct world_call *end_call(struct tscf_control_call_in *in, int error)
{
	struct world_call *call = call_of(in);

	ck_assert(!call->answered && !call->gone);
	call->answered = true;
	call->error = error;
	if (in->fd >= 0)
		close(in->fd);
	in->fd = -1;
	return call;
}

void __wrap_tscf_control_answer(struct tscf_control_call_in *in, int error, const char *json)
{
	end_call(in, error)->text = json ? strdup(json) : NULL;
}

void __wrap_tscf_control_answer_with(struct tscf_control_call_in *in, int error, const void *data, size_t size)
{
	struct world_call *call = end_call(in, error);

	ck_assert_uint_eq(size, sizeof(call->config));
	memcpy(&call->config, data, size);
}

void __wrap_tscf_control_keep(struct tscf_control_call_in *in)
{
	call_of(in)->kept = true;
}

void __wrap_tscf_control_push(struct tscf_control_call_in *in, const void *data, size_t size)
{
	struct world_call *call = call_of(in);

	ck_assert(call->kept && !call->gone);
	ck_assert_uint_eq(size, sizeof(call->event[0]));
	memmove(&call->event[1], &call->event[0], (WORLD_EVENTS - 1) * sizeof(call->event[0]));
	memcpy(&call->event[0], data, size);
	call->events++;
}

static int copy_of(int fd)
{
	int copy = fd < 0 ? -1 : dup(fd);

	ck_assert(fd < 0 || copy >= 0);
	return copy;
}

struct world_call *world_ask_as(struct client_world *w, const struct tscf_control_request *request, int fd, pid_t pid,
				uid_t uid)
{
	struct world_call *call = calloc(1, sizeof(*call));

	ck_assert_ptr_nonnull(call);
	ck_assert_uint_lt(w->call_count, WORLD_CALLS);
	w->calls[w->call_count++] = call;
	call->in = (struct tscf_control_call_in){.request = *request, .fd = copy_of(fd), .pid = pid, .uid = uid};
	call->in.request.magic = TSCF_CONTROL_MAGIC;
	w->control->request(w->client, &call->in);
	world_turn(w);
	return call;
}

struct world_call *world_call(struct client_world *w, enum tscf_control_op op, int fd)
{
	const struct tscf_control_request request = {.op = op};

	return world_ask_as(w, &request, fd, getpid(), 0);
}

void world_ask_again(struct client_world *w, struct world_call *call, enum tscf_control_op op, int fd, uint64_t cookie)
{
	ck_assert(call->kept && !call->gone);
	call->in.request = (struct tscf_control_request){
	    .magic = TSCF_CONTROL_MAGIC, .op = op, .cookie = {(uint32_t)cookie, (uint32_t)(cookie >> 32)}};
	call->in.fd = copy_of(fd);
	w->control->request(w->client, &call->in);
	/* What the daemon does when the request has been handled. */
	if (call->in.fd >= 0)
		close(call->in.fd);
	call->in.fd = -1;
	world_turn(w);
}

void world_hang_up(struct client_world *w, struct world_call *call)
{
	ck_assert(!call->gone && (call->kept || !call->answered));
	w->control->gone(w->client, &call->in);
	call->gone = true;
	if (call->in.fd >= 0)
		close(call->in.fd);
	call->in.fd = -1;
	world_turn(w);
}

struct world_call *world_level(struct client_world *w, int fd, enum tscf_level level)
{
	const struct tscf_control_request request = {.op = TSCF_CONTROL_SET_LEVEL, .level = level};

	return world_ask_as(w, &request, fd, getpid(), 0);
}

int world_only(struct client_world *w, uint16_t port)
{
	int fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, port);

	ck_assert_int_eq(world_level(w, fd, TSCF_LEVEL_ENCRYPTED_ONLY)->error, 0);
	return fd;
}

/* --- what the client shows --- */

static json_t *status_at(struct client_world *w, const char *path)
{
	struct world_call *call = world_call(w, TSCF_CONTROL_STATUS, -1);
	char part[64];
	json_t *at;

	json_decref(w->status);
	w->status = at = call->text ? json_loads(call->text, 0, NULL) : NULL;
	free(call->text);
	free(call);
	w->call_count--;
	for (const char *p = path; *p; p += *p == '.') {
		size_t n = strcspn(p, ".");

		ck_assert_uint_lt(n, sizeof(part));
		memcpy(part, p, n);
		part[n] = '\0';
		at = json_is_array(at) ? json_array_get(at, (size_t)atoi(part)) : json_object_get(at, part);
		p += n;
	}
	return at;
}

const char *world_status(struct client_world *w, const char *path)
{
	json_t *at = status_at(w, path);
	char *text;

	if (!at)
		return "";
	if (json_is_string(at)) {
		snprintf(w->status_text, sizeof(w->status_text), "%s", json_string_value(at));
		return w->status_text;
	}
	text = json_dumps(at, JSON_ENCODE_ANY | JSON_COMPACT);
	snprintf(w->status_text, sizeof(w->status_text), "%s", text);
	free(text);
	return w->status_text;
}

long world_counter(struct client_world *w, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "counters.%s", name);
	return (long)json_integer_value(status_at(w, path));
}

/* --- its life --- */

static struct client_world *the_world;

struct client_world *world_of_process(void)
{
	ck_assert_ptr_nonnull(the_world);
	return the_world;
}

static void stop(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)timer, (void)events;
	ev_break(loop, EVBREAK_ALL);
}

/* What is in there is open: nothing is left when the test ends in whatever way. */
static void remove_state(const struct client_world *w)
{
	char name[300];
	struct dirent *entry;
	DIR *d = opendir(w->state_dir);

	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d)) != NULL) {
		snprintf(name, sizeof(name), "%s/%.200s", w->state_dir, entry->d_name);
		unlink(name);
	}
	closedir(d);
	ck_assert_int_eq(rmdir(w->state_dir), 0);
}

/* The client is ready and about to run its event loop: the test runs that instead, and lets the client end. */
static void ready(void *context)
{
	static ev_timer end;
	struct client_world *w = context;

	remove_state(w);
	w->test(w);
	world_turn(w);
	ev_timer_init(&end, stop, 0., 0.);
	ev_timer_start(w->loop, &end);
	until_ns = clock_ns + 1000000;
}

static int reread(void *context, struct client_config *fresh)
{
	struct client_world *w = context;
	int error = client_config_init(fresh);

	ck_assert_int_eq(error, 0);
	return w->reread ? w->reread(w, fresh) : -EINVAL;
}

static void make_network(void)
{
	tscf_netns_enter();
	tscf_netns_run("ip -batch - <<END\n"
		       "link add out0 up type veth peer name out1\n"
		       "link set out1 up\n"
		       "addr add 198.51.100.10/24 dev out0\n"
		       "addr add 2001:db8:100::10/64 dev out0 nodad\n"
		       "END\n");
}

static void set_text(char **to, const char *text)
{
	free(*to);
	*to = strdup(text);
	ck_assert_ptr_nonnull(*to);
}

static void configure(struct client_world *w)
{
	struct client_config *c = &w->config;
	char pin[TSCF_PIN_TEXT];

	ck_assert_int_eq(client_config_init(c), 0);
	w->server.identity = w->identity = server_identity_make(pin);
	set_text(&c->servers.all.pin, pin);
	c->servers.all.transport = CLIENT_TRANSPORT_UDP;
	/* It would be on the whole host. */
	c->guard = CLIENT_GUARD_OFF;
	ck_assert_int_eq(client_servers_add(&c->servers, "198.51.100.1"), 0);
	snprintf(w->state_dir, sizeof(w->state_dir), "/tmp/tscf-world-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(w->state_dir));
	set_text(&c->state_dir, w->state_dir);
}

static void free_world(struct client_world *w)
{
	world_free_links(w);
	world_free_server(w);
	for (unsigned i = 0; i < w->call_count; i++) {
		free(w->calls[i]->text);
		free(w->calls[i]);
	}
	json_decref(w->status);
	client_config_free(&w->config);
	tscf_identity_free(w->identity);
	free(w);
	the_world = NULL;
}

void world_run(void (*test)(struct client_world *w), void (*prepare)(struct client_world *w), int i)
{
	struct client_world *w = the_world = calloc(1, sizeof(*w));

	ck_assert_ptr_nonnull(w);
	tscf_log_init("test", getenv("TSCF_TEST_LOG") ? TSCF_LOG_DEBUG : TSCF_LOG_ERROR);
	w->i = i;
	w->test = test;
	make_network();
	world_set_up_server(w);
	configure(w);
	if (prepare)
		prepare(w);
	take_clock();
	ck_assert_int_eq(client_run(&w->config, ready, reread, w), w->ends_with);
	clock_is_ours = false;
	for (unsigned n = 0; n < w->link_count; n++)
		ck_assert_msg(!w->links[n]->open, "the client has left a transport open");
	free_world(w);
}

/* --- where tests begin --- */

void world_plain_up(struct client_world *w)
{
	WORLD_UNTIL(w, 5000, world_plain_is_up(w));
	WORLD_UNTIL(w, 5000, w->server.count[WORLD_KEEPALIVE] > 0);
	world_pass(w, 2000);
}

bool world_plain_is_up(struct client_world *w)
{
	return strcmp(world_status(w, "plain.state"), "up") == 0;
}

bool world_plain_reason_has(struct client_world *w, const char *text)
{
	return strstr(world_status(w, "plain.reason"), text) != NULL;
}

void world_lose_everything(struct client_world *w)
{
	for (unsigned i = 0; i < WORLD_ASKS; i++)
		w->server.reaction[i] = WORLD_LOSES;
}

void world_lose_plain(struct client_world *w)
{
	long losses = world_counter(w, "plain_reconnects");

	w->server.path_lost = true;
	WORLD_UNTIL(w, 60000, world_counter(w, "plain_reconnects") > losses);
}

int world_main(Suite *(*make)(void))
{
	return tscf_netns_possible() ? tscf_test_main(make) : TSCF_TEST_SKIP;
}

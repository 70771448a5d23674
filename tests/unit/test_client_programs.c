/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What programs ask of the client: levels of sockets that live in other processes, events of sockets and tunnels, and
 * the rest of what is said at the control socket.
 */
#include "tests/unit/client_world.h"
#include "tscf-client/sockets/moves.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static bool encrypted_is(struct client_world *w, const char *state)
{
	return strcmp(world_status(w, "encrypted.state"), state) == 0;
}

/* --- other programs --- */

/** A process with nothing but the descriptors it is given. */
struct program {
	pid_t pid;
	int end; /**< closed: it ends */
	int fd;  /**< its socket, if program_with_socket made it; else -1 */
};

#define PROGRAM_FD 100

/* A program of user @p uid that has @p fd, and @p library mapped if that is not NULL. */
static struct program start_program_as(uid_t uid, int fd, const char *library)
{
	struct program p;
	int pipes[2], up[2], file;
	char byte;

	ck_assert(pipe(pipes) == 0 && pipe(up) == 0);
	p.pid = fork();
	ck_assert_int_ge(p.pid, 0);
	if (p.pid == 0) {
		/* It ends with the test, whatever becomes of that. */
		dup2(fd, PROGRAM_FD);
		dup2(pipes[0], PROGRAM_FD + 1);
		dup2(up[1], PROGRAM_FD + 2);
		close_range(3, PROGRAM_FD - 1, 0);
		close_range(PROGRAM_FD + 3, ~0U, 0);
		file = library ? open(library, O_RDONLY) : -1;
		if (file >= 0 && mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0) == MAP_FAILED)
			_exit(1);
		if (setresuid(uid, uid, uid) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0)
			_exit(1);
		close(PROGRAM_FD + 2);
		while (read(PROGRAM_FD + 1, &byte, 1) > 0)
			;
		_exit(0);
	}
	close(pipes[0]);
	close(up[1]);
	/* Closed when it is ready. */
	ck_assert_int_eq(read(up[0], &byte, 1), 0);
	close(up[0]);
	p.end = pipes[1];
	p.fd = -1;
	return p;
}

static struct program start_program(int fd, const char *library)
{
	return start_program_as(0, fd, library);
}

/* The plain tunnel is up, and a program has a socket at port 5000 there. */
static struct program program_with_socket(struct client_world *w)
{
	struct program p;
	int fd;

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	p = start_program(fd, NULL);
	p.fd = fd;
	return p;
}

static void stop_program(struct program *p)
{
	close(p->end);
	waitpid(p->pid, NULL, 0);
	if (p->fd >= 0)
		close(p->fd);
}

static struct world_call *level_of(struct client_world *w, enum tscf_level level, pid_t pid, uint16_t port, uid_t uid)
{
	const struct tscf_control_request request = {.op = TSCF_CONTROL_LEVEL_OF,
						     .level = level,
						     .pid = pid,
						     .protocol = port ? IPPROTO_UDP : 0,
						     .port = port,
						     .timeout_ms = 5000};

	return world_ask_as(w, &request, -1, getpid(), uid);
}

/* Sockets of a running program move, by its process or by their port; the answer waits for the server and lists them.
 */
WORLD_TEST(level_of_program, NULL)
{
	int keeper = world_encrypted_up(w, 4000), fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	struct program p = start_program(fd, NULL);
	struct world_call *call;

	w->server.reaction[WORLD_BIND] = WORLD_KEEPS;
	call = level_of(w, TSCF_LEVEL_ENCRYPTED_ONLY, w->i ? 0 : p.pid, w->i ? 5000 : 0, 0);
	ck_assert(!call->answered);
	ck_assert_int_eq(world_mark(w, fd), TSCF_LEVEL_ENCRYPTED_ONLY);
	w->server.reaction[WORLD_BIND] = WORLD_ANSWERS;
	world_answer_all(w, false);
	ck_assert(call->answered && call->error == 0);
	ck_assert(strstr(call->text, "\"moved\": 1") && strstr(call->text, "\"pending\": 0"));
	ck_assert(strstr(call->text, WORLD_PLAIN ":5000"));
	ck_assert(world_bound(w, 5000));
	call = level_of(w, TSCF_LEVEL_UNENCRYPTED, p.pid, 0, 0);
	ck_assert(call->answered && call->error == 0);
	ck_assert_int_eq(world_mark(w, fd), TSCF_LEVEL_UNENCRYPTED);
	stop_program(&p);
	close(fd);
	close(keeper);
}

/* Who waits for an encrypted tunnel is told when it is not to be had, or when the time is over. */
WORLD_TEST(level_waits_in_vain, NULL)
{
	struct program p = program_with_socket(w);
	struct world_call *call;

	if (w->i == 0)
		w->server.code[WORLD_RESERVE] = TSCF_RESPONSE_SERVICE_UNAVAILABLE;
	else
		w->server.reaction[WORLD_RESERVE] = WORLD_LOSES;
	w->config.hold_ms = 60000;
	call = level_of(w, TSCF_LEVEL_ENCRYPTED_ONLY, p.pid, 0, 0);
	WORLD_UNTIL(w, 5100, call->answered);
	ck_assert_int_eq(call->error, 0);
	ck_assert(strstr(call->text, "\"moved\": 0") && strstr(call->text, "\"pending\": 1"));
	/* The tunnel is known to be out of reach: the next one does not wait. */
	if (w->i == 0) {
		WORLD_UNTIL(w, 5000, encrypted_is(w, "failed"));
		ck_assert(level_of(w, TSCF_LEVEL_ENCRYPTED_PREFERRED, p.pid, 0, 0)->answered);
	}
	stop_program(&p);
}

/* It comes up before their time is over. */
WORLD_TEST(level_waits_for_tunnel, NULL)
{
	struct program p = program_with_socket(w);
	struct world_call *call;

	w->server.reaction[WORLD_RESERVE] = WORLD_KEEPS;
	call = level_of(w, w->i ? TSCF_LEVEL_ENCRYPTED_PREFERRED : TSCF_LEVEL_ENCRYPTED_ONLY, p.pid, 0, 0);
	world_pass(w, 500);
	ck_assert(!call->answered);
	w->server.reaction[WORLD_RESERVE] = WORLD_ANSWERS;
	world_answer_all(w, false);
	WORLD_UNTIL(w, 1000, call->answered);
	ck_assert(strstr(call->text, "\"moved\": 1") && strstr(call->text, "\"encrypted\": \"up\""));
	stop_program(&p);
}

/* The answer names some of many sockets, and counts all. */
WORLD_TEST(level_of_many, NULL)
{
	const unsigned many = MOVES_DESCRIBED + 10;
	int fds[MOVES_DESCRIBED + 10];
	struct world_call *call;
	json_t *answer;

	world_plain_up(w);
	for (unsigned i = 0; i < many; i++)
		fds[i] = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	call = level_of(w, TSCF_LEVEL_UNENCRYPTED, 0, 5000, 0);
	ck_assert(call->answered && call->error == 0);
	answer = json_loads(call->text, 0, NULL);
	ck_assert_int_eq(json_integer_value(json_object_get(answer, "moved")), many);
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "sockets")), MOVES_DESCRIBED);
	json_decref(answer);
	for (unsigned i = 0; i < many; i++) {
		ck_assert_int_eq(world_mark(w, fds[i]), TSCF_LEVEL_UNENCRYPTED);
		close(fds[i]);
	}
}

/* The client itself has no right to begin programs of other users. */
static struct program shared[2];

static void share_socket(struct client_world *w)
{
	int fd = world_socket(SOCK_DGRAM, "0.0.0.0", 5000);

	(void)w;
	shared[0] = start_program_as(65534, fd, NULL);
	shared[1] = start_program_as(1000, fd, NULL);
	shared[1].fd = fd;
}

/* A socket that several processes have, this one, too, moves for the user of any of them. */
WORLD_TEST(level_of_shared, share_socket)
{
	struct world_call *call;
	char program[64];

	world_plain_up(w);
	call = level_of(w, TSCF_LEVEL_UNENCRYPTED, 0, 5000, 1000);
	ck_assert(call->answered && call->error == 0);
	ck_assert_int_eq(world_mark(w, shared[1].fd), TSCF_LEVEL_UNENCRYPTED);
	ck_assert(strstr(call->text, "\"moved\": 1") && strstr(call->text, "\"missed\": 0"));
	/* The answer names the program. */
	ck_assert_int_eq(prctl(PR_GET_NAME, program), 0);
	ck_assert_ptr_nonnull(strstr(call->text, program));
	stop_program(&shared[0]);
	stop_program(&shared[1]);
}

/* Leave a descriptor in the queue of a Unix socket: no process has it.  @return the end of the queue. */
static int put_away(int fd)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = {0};
	char byte = 0;
	struct iovec data = {&byte, 1};
	const struct msghdr message = {
	    .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)};
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	control.header =
	    (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	ck_assert_int_eq(sendmsg(ends[0], &message, 0), 1);
	close(ends[0]);
	close(fd);
	return ends[1];
}

/* One that is there and cannot be had is an error, and is named; the others are moved all the same. */
WORLD_TEST(level_of_missed, NULL)
{
	struct program p = program_with_socket(w);
	int queue = put_away(world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000));
	struct world_call *call = level_of(w, TSCF_LEVEL_ENCRYPTED_ONLY, 0, 5000, 0);
	json_t *answer, *missed;

	WORLD_UNTIL(w, 5000, call->answered);
	ck_assert_int_eq(call->error, ESRCH);
	ck_assert_int_eq(world_mark(w, p.fd), TSCF_LEVEL_ENCRYPTED_ONLY);
	answer = json_loads(call->text, 0, NULL);
	ck_assert_int_eq(json_integer_value(json_object_get(answer, "moved")), 1);
	ck_assert_int_eq(json_integer_value(json_object_get(answer, "missed")), 1);
	missed = json_array_get(json_object_get(answer, "missed_sockets"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(missed, "local")), WORLD_PLAIN ":5000");
	ck_assert_str_eq(json_string_value(json_object_get(missed, "error")), "no process is known to have it");
	json_decref(answer);
	/* When it is gone it is no error. */
	close(queue);
	call = level_of(w, TSCF_LEVEL_UNENCRYPTED, 0, 5000, 0);
	WORLD_UNTIL(w, 5000, call->answered);
	ck_assert_int_eq(call->error, 0);
	stop_program(&p);
}

WORLD_TEST(level_of_errors, NULL)
{
	struct program p = program_with_socket(w), empty;
	int none = open("/dev/null", O_RDONLY);

	empty = start_program(none, NULL);
	ck_assert_int_eq(level_of(w, TSCF_LEVEL_ENCRYPTED_ONLY, 0, 0, 0)->error, EINVAL);
	ck_assert_int_eq(level_of(w, (enum tscf_level)9, p.pid, 0, 0)->error, EINVAL);
	ck_assert_int_eq(level_of(w, TSCF_LEVEL_ENCRYPTED_ONLY, 0x3fffff00, 0, 0)->error, ESRCH);
	ck_assert_int_eq(level_of(w, TSCF_LEVEL_ENCRYPTED_ONLY, 0x3fffff00, 0, 65534)->error, ESRCH);
	ck_assert_int_eq(level_of(w, TSCF_LEVEL_ENCRYPTED_ONLY, p.pid, 0, 65534)->error, EPERM);
	ck_assert_int_eq(level_of(w, TSCF_LEVEL_ENCRYPTED_ONLY, 0, 5000, 65534)->error, EPERM);
	ck_assert_int_eq(level_of(w, TSCF_LEVEL_ENCRYPTED_ONLY, empty.pid, 0, 0)->error, ENOENT);
	ck_assert_int_eq(level_of(w, TSCF_LEVEL_ENCRYPTED_ONLY, 0, 5999, 0)->error, ENOENT);
	ck_assert_int_eq(world_mark(w, p.fd), TSCF_LEVEL_DEFAULT);
	stop_program(&p);
	stop_program(&empty);
	close(none);
}

/* The caller goes away while its sockets wait. */
WORLD_TEST(level_of_caller_gone, NULL)
{
	struct program p = program_with_socket(w);
	struct world_call *call;

	w->server.reaction[WORLD_RESERVE] = WORLD_KEEPS;
	call = level_of(w, TSCF_LEVEL_ENCRYPTED_ONLY, p.pid, 0, 0);
	world_hang_up(w, call);
	world_pass(w, 6000);
	w->server.reaction[WORLD_RESERVE] = WORLD_ANSWERS;
	world_answer_all(w, false);
	WORLD_UNTIL(w, 20000, encrypted_is(w, "up") && world_bound(w, 5000));
	ck_assert(!call->answered);
	stop_program(&p);
}

/* --- policies that change --- */

static int reread_policy(struct client_world *w, struct client_config *fresh)
{
	struct policy *p = &fresh->policies.list[0];

	(void)w;
	*p = (struct policy){.name = "voice", .dscps = 1ULL << 46, .level = TSCF_LEVEL_ENCRYPTED_ONLY};
	fresh->policies.numbers = policy_number(p, 0);
	fresh->policies.count = 1;
	fresh->written = fresh->policies;
	return 0;
}

static int reread_nothing(struct client_world *w, struct client_config *fresh)
{
	(void)w, (void)fresh;
	return 0;
}

/* Sockets of programs under the library have another level when the policies say so. */
WORLD_TEST(policies_change, NULL)
{
	char directory[] = "/tmp/tscf-world-XXXXXX", library[sizeof(directory) + 24], text[4096] = {0};
	int file, fd, tos = 46 << 2;
	struct world_call *call;
	struct program p;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(library, sizeof(library), "%s/libtscf-preload.so", directory);
	file = open(library, O_CREAT | O_RDWR, 0600);
	ck_assert_int_eq(write(file, text, sizeof(text)), sizeof(text));
	close(file);
	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	ck_assert_int_eq(setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)), 0);
	p = start_program(fd, library);
	w->reread = reread_policy;
	ck_assert_int_eq(world_call(w, TSCF_CONTROL_RELOAD, -1)->error, 0);
	unlink(library);
	rmdir(directory);
	ck_assert_int_eq(world_mark(w, fd), TSCF_LEVEL_ENCRYPTED_ONLY);
	WORLD_UNTIL(w, 3000, world_bound(w, 5000));
	call = world_call(w, TSCF_CONTROL_SOCKETS, -1);
	ck_assert(strstr(call->text, "\"policy\": \"voice\"") && strstr(call->text, "\"tunnel\": \"encrypted\""));
	stop_program(&p);
	close(fd);
}

/* The library asks when the socket is made, and when its program has set a DSCP. */
WORLD_TEST(library_asks, NULL)
{
	const struct tscf_control_request made = {.op = TSCF_CONTROL_SET_LEVEL, .flags = TSCF_CONTROL_FLAG_DEFAULT};
	const struct tscf_control_request bound = {.op = TSCF_CONTROL_BOUND, .flags = TSCF_CONTROL_FLAG_DEFAULT};
	int fd, tos = 46 << 2;

	world_plain_up(w);
	w->reread = reread_policy;
	ck_assert_int_eq(world_call(w, TSCF_CONTROL_RELOAD, -1)->error, 0);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	ck_assert_int_eq(world_ask_as(w, &made, fd, getpid(), 0)->error, 0);
	ck_assert_int_eq(world_mark(w, fd), TSCF_LEVEL_DEFAULT);
	ck_assert_int_eq(setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)), 0);
	ck_assert_int_eq(world_ask_as(w, &bound, fd, getpid(), 0)->error, 0);
	ck_assert_int_eq(world_mark(w, fd), TSCF_LEVEL_ENCRYPTED_ONLY);
	tos = 0;
	ck_assert_int_eq(setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)), 0);
	ck_assert_int_eq(world_ask_as(w, &bound, fd, getpid(), 0)->error, 0);
	WORLD_UNTIL(w, 2000, world_mark(w, fd) == TSCF_LEVEL_DEFAULT);
	close(fd);
}

/* --- events --- */

static struct world_call *subscribe(struct client_world *w)
{
	struct world_call *s = world_call(w, TSCF_CONTROL_SUBSCRIBE, -1);

	ck_assert(s->kept && !s->answered);
	/* Both tunnels, and the outer socket of the plain one if that is up. */
	ck_assert_uint_eq(s->events, world_plain_is_up(w) ? 3 : 2);
	return s;
}

static bool told_socket(const struct world_call *s, bool available, bool enabled)
{
	return s->events > 0 && s->event[0].type == TSCF_CONTROL_EVENT_SOCKET && s->event[0].available == available &&
	       s->event[0].enabled == enabled;
}

static void keep_configuration(struct client_world *w)
{
	w->server.reaction[WORLD_CONFIGURE] = WORLD_KEEPS;
}

WORLD_TEST(events, keep_configuration)
{
	struct world_call *s, *other;
	int fd;

	s = subscribe(w);
	ck_assert(!s->event[0].up && s->event[0].encrypted && !s->event[1].up && !s->event[1].encrypted);
	w->server.reaction[WORLD_CONFIGURE] = WORLD_ANSWERS;
	world_answer_all(w, false);
	world_plain_up(w);
	ck_assert(s->events == 4 && s->event[1].up && !s->event[1].encrypted);
	ck_assert(s->event[0].type == TSCF_CONTROL_EVENT_OUTER && s->event[0].outer.remote.port == TSCF_PORT);
	ck_assert_str_eq(s->event[0].outer.transport, "udp");
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	world_ask_again(w, s, TSCF_CONTROL_WATCH, fd, 0);
	ck_assert(s->events == 5 && told_socket(s, true, false));
	/* Enabled only when the server has acknowledged it. */
	w->server.reaction[WORLD_BIND] = WORLD_KEEPS;
	world_level(w, fd, TSCF_LEVEL_ENCRYPTED_ONLY);
	WORLD_UNTIL(w, 2000, encrypted_is(w, "up"));
	ck_assert(s->events == 6 && s->event[0].up && s->event[0].encrypted);
	w->server.reaction[WORLD_BIND] = WORLD_ANSWERS;
	world_answer_all(w, false);
	ck_assert(s->events == 7 && told_socket(s, true, true));
	/* Somebody else hears how it is. */
	other = subscribe(w);
	world_ask_again(w, other, TSCF_CONTROL_WATCH, fd, 0);
	ck_assert(told_socket(other, true, true));
	/* The tunnel goes, and cannot be had again. */
	w->server.code[WORLD_RESERVE] = TSCF_RESPONSE_SERVICE_UNAVAILABLE;
	world_link_down(world_link(w, WORLD_DTLS), ECONNRESET);
	WORLD_UNTIL(w, 3000, told_socket(s, false, false) && told_socket(other, false, false));
	world_ask_again(w, other, TSCF_CONTROL_UNWATCH, -1, world_cookie(fd));
	w->server.code[WORLD_RESERVE] = TSCF_RESPONSE_SUCCESS;
	WORLD_UNTIL(w, 40000, told_socket(s, true, true));
	ck_assert(!told_socket(other, true, true));
	world_level(w, fd, TSCF_LEVEL_UNENCRYPTED);
	WORLD_UNTIL(w, 1000, told_socket(s, true, false));
	world_hang_up(w, s);
	world_hang_up(w, other);
	close(fd);
}

/* A watched socket that closes is forgotten; so is one that loses its mark by other hands. */
WORLD_TEST(watched_goes, NULL)
{
	uint32_t none = 0;
	struct world_call *s;
	unsigned told;
	int fd, unmarked;

	fd = world_encrypted_up(w, 5000);
	unmarked = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5001);
	world_level(w, unmarked, TSCF_LEVEL_ENCRYPTED_PREFERRED);
	world_pass(w, 1000);
	s = subscribe(w);
	world_ask_again(w, s, TSCF_CONTROL_WATCH, fd, 0);
	world_ask_again(w, s, TSCF_CONTROL_WATCH, fd, 0);
	ck_assert(told_socket(s, true, true));
	world_ask_again(w, s, TSCF_CONTROL_WATCH, unmarked, 0);
	ck_assert(told_socket(s, true, true));
	ck_assert_int_eq(setsockopt(unmarked, SOL_SOCKET, SO_MARK, &none, sizeof(none)), 0);
	WORLD_UNTIL(w, 12000, told_socket(s, true, false));
	told = s->events;
	world_close(w, fd);
	world_pass(w, 6000);
	ck_assert_uint_eq(s->events, told);
	/* Unknown ones are no error. */
	world_ask_again(w, s, TSCF_CONTROL_UNWATCH, -1, 4711);
	close(unmarked);
	/* Who is still there when the client ends hears no more. */
	world_socket(SOCK_DGRAM, WORLD_PLAIN, 5002);
}

WORLD_TEST(subscription_errors, NULL)
{
	struct world_call *s;
	unsigned told;
	int pipes[2], fd;

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(world_call(w, TSCF_CONTROL_WATCH, fd)->error, EINVAL);
	ck_assert_int_eq(world_call(w, TSCF_CONTROL_UNWATCH, -1)->error, EINVAL);
	s = subscribe(w);
	told = s->events;
	world_ask_again(w, s, TSCF_CONTROL_WATCH, pipes[0], 0);
	ck_assert_uint_eq(s->events, told);
	world_ask_again(w, s, TSCF_CONTROL_WATCH, -1, 0);
	ck_assert(s->answered && s->error == EINVAL);
	world_hang_up(w, s);
	s = subscribe(w);
	world_ask_again(w, s, TSCF_CONTROL_SUBSCRIBE, -1, 0);
	ck_assert(s->answered && s->error == EALREADY);
	world_hang_up(w, s);
	close(fd);
	close(pipes[0]);
	close(pipes[1]);
}

/* What all programs of a user watch is limited, and root is not. */
WORLD_TEST(watches_of_user, NULL)
{
	const struct tscf_control_request subscription = {.op = TSCF_CONTROL_SUBSCRIBE};
	struct world_call *s = NULL;
	int fds[128];
	unsigned told = 0, each;

	for (unsigned i = 0; i < 128; i++)
		fds[i] = world_socket(SOCK_DGRAM, NULL, 0);
	for (unsigned k = 0; k < 65; k++) {
		s = world_ask_as(w, &subscription, -1, getpid(), 1000);
		told = s->events;
		for (unsigned i = 0; i < 128; i++)
			world_ask_again(w, s, TSCF_CONTROL_WATCH, fds[i], 0);
		each = s->events - told;
		ck_assert_uint_eq(each, k < 64 ? 128 : 0);
	}
	world_hang_up(w, w->calls[w->call_count - 2]);
	world_ask_again(w, s, TSCF_CONTROL_WATCH, fds[0], 0);
	ck_assert_uint_eq(s->events - told, 1);
	s = subscribe(w);
	told = s->events;
	world_ask_again(w, s, TSCF_CONTROL_WATCH, fds[0], 0);
	ck_assert_uint_eq(s->events - told, 1);
	for (unsigned i = 0; i < 128; i++)
		close(fds[i]);
}

/* --- the rest --- */

static struct world_call *wait_up(struct client_world *w, uint32_t ms, uid_t uid)
{
	const struct tscf_control_request request = {.op = TSCF_CONTROL_WAIT_UP, .timeout_ms = ms};

	return world_ask_as(w, &request, -1, getpid(), uid);
}

static void whole_host(struct client_world *w)
{
	w->config.default_level = w->i ? TSCF_LEVEL_ENCRYPTED_ONLY : TSCF_LEVEL_DEFAULT;
	w->server.reaction[WORLD_CONFIGURE] = WORLD_KEEPS;
	w->server.reaction[WORLD_RESERVE] = WORLD_KEEPS;
}

/* Who waits for the tunnel is answered when it is up, the encrypted one too where all is to be encrypted. */
WORLD_TEST(waiters, whole_host)
{
	struct world_call *soon = wait_up(w, 100, 0), *late = wait_up(w, 60000, 0), *gone = wait_up(w, 60000, 0);

	world_pass(w, 200);
	ck_assert(soon->answered && soon->error == ETIMEDOUT && !late->answered);
	world_hang_up(w, gone);
	/* No user takes all the places; root may. */
	for (unsigned i = 0; i < 8; i++)
		ck_assert(!wait_up(w, 60000, 1000)->answered);
	ck_assert_int_eq(wait_up(w, 60000, 1000)->error, EBUSY);
	for (unsigned i = 0; i < 55; i++)
		ck_assert(!wait_up(w, 60000, 0)->answered);
	ck_assert_int_eq(wait_up(w, 60000, 0)->error, EBUSY);
	w->server.reaction[WORLD_CONFIGURE] = WORLD_ANSWERS;
	world_answer_all(w, false);
	world_pass(w, 100);
	ck_assert_int_eq(late->answered, w->i == 0);
	w->server.reaction[WORLD_RESERVE] = WORLD_ANSWERS;
	world_answer_all(w, false);
	WORLD_UNTIL(w, 2000, late->answered);
	ck_assert_int_eq(late->error, 0);
}

WORLD_TEST(commands, NULL)
{
	static const enum tscf_control_op privileged[] = {TSCF_CONTROL_STOP, TSCF_CONTROL_FLUSH, TSCF_CONTROL_RELOAD};
	struct world_call *call;
	int fd = world_encrypted_up(w, 5000);

	for (unsigned i = 0; i < 3; i++) {
		const struct tscf_control_request request = {.op = privileged[i]};

		ck_assert_int_eq(world_ask_as(w, &request, -1, getpid(), 65534)->error, EPERM);
	}
	ck_assert_int_eq(world_call(w, TSCF_CONTROL_FLUSH, -1)->error, EBUSY);
	ck_assert_int_eq(world_call(w, TSCF_CONTROL_SESSIONS, -1)->error, ENOSYS);
	/* A configuration with errors changes nothing. */
	ck_assert_int_eq(world_call(w, TSCF_CONTROL_RELOAD, -1)->error, EINVAL);
	w->reread = reread_nothing;
	ck_assert_int_eq(world_call(w, TSCF_CONTROL_RELOAD, -1)->error, 0);
	call = world_call(w, TSCF_CONTROL_GET_CONFIG, -1);
	ck_assert(call->config.plain.up && call->config.encrypted.up);
	ck_assert_uint_eq(call->config.plain.mtu, 1340);
	ck_assert_str_eq(call->config.encrypted.transport, "dtls");
	ck_assert_uint_eq(call->config.nat.port, 40000);
	ck_assert_uint_eq(call->config.dns[0].family, 4);
	ck_assert_uint_eq(call->config.plain.ipv6.family, 6);
	/* Session ids are not for everybody. */
	ck_assert_str_ne(world_status(w, "plain.tsid"), "null");
	const struct tscf_control_request status = {.op = TSCF_CONTROL_STATUS};
	call = world_ask_as(w, &status, -1, getpid(), 65534);
	ck_assert(strstr(call->text, "\"tsid\": null") && !strstr(call->text, "\"tsid\": \""));
	call = world_call(w, TSCF_CONTROL_SOCKETS, -1);
	ck_assert(strstr(call->text, "\"level\": \"encrypted-only\"") && strstr(call->text, WORLD_PLAIN ":5000"));
	close(fd);
}

/* What is listed of each kind of socket. */
WORLD_TEST(listed, NULL)
{
	int keeper = world_encrypted_up(w, 4000), kinds[4];
	struct world_call *call;

	kinds[0] = world_socket(SOCK_STREAM, WORLD_PLAIN, 5000);
	kinds[1] = world_socket(SOCK_DGRAM, "::", 5001);
	kinds[2] = world_socket(SOCK_DGRAM, WORLD_ENCRYPTED, 5002);
	kinds[3] = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5003);
	ck_assert_int_eq(listen(kinds[0], 1), 0);
	world_connect(kinds[3], WORLD_SERVICE, 7000);
	world_level(w, kinds[0], TSCF_LEVEL_ENCRYPTED_PREFERRED);
	world_level(w, kinds[1], TSCF_LEVEL_UNENCRYPTED);
	world_level(w, kinds[2], TSCF_LEVEL_ENCRYPTED_ONLY);
	world_level(w, kinds[3], TSCF_LEVEL_ENCRYPTED_ONLY);
	world_pass(w, 500);
	call = world_call(w, TSCF_CONTROL_SOCKETS, -1);
	ck_assert(strstr(call->text, "\"protocol\": \"tcp\"") && strstr(call->text, "[::]:5001"));
	ck_assert(strstr(call->text, "\"remote\": \"" WORLD_SERVICE ":7000\""));
	ck_assert(strstr(call->text, WORLD_ENCRYPTED ":5002"));
	ck_assert(strstr(call->text, "\"tunnel\": \"plain\""));
	w->server.code[WORLD_RESERVE] = TSCF_RESPONSE_LIMIT;
	world_link_down(world_link(w, WORLD_DTLS), ECONNRESET);
	world_pass(w, 500);
	call = world_call(w, TSCF_CONTROL_SOCKETS, -1);
	ck_assert(strstr(call->text, "\"tunnel\": \"prohibited\""));
	for (unsigned i = 0; i < 4; i++)
		close(kinds[i]);
	close(keeper);
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("client programs");
	TCase *live = tcase_create("live"), *events_case = tcase_create("events"), *rest = tcase_create("rest");

	tcase_add_loop_test(live, level_of_program, 0, 2);
	tcase_add_loop_test(live, level_waits_in_vain, 0, 2);
	tcase_add_loop_test(live, level_waits_for_tunnel, 0, 2);
	tcase_add_test(live, level_of_many);
	tcase_add_test(live, level_of_shared);
	tcase_add_test(live, level_of_missed);
	tcase_add_test(live, level_of_errors);
	tcase_add_test(live, level_of_caller_gone);
	tcase_add_test(live, policies_change);
	tcase_add_test(live, library_asks);
	tcase_add_test(events_case, events);
	tcase_add_test(events_case, watched_goes);
	tcase_add_test(events_case, subscription_errors);
	tcase_add_test(events_case, watches_of_user);
	tcase_add_loop_test(rest, waiters, 0, 2);
	tcase_add_test(rest, commands);
	tcase_add_test(rest, listed);
	suite_add_tcase(s, live);
	suite_add_tcase(s, events_case);
	suite_add_tcase(s, rest);
	return s;
}

int main(void)
{
	return world_main(make_suite);
}

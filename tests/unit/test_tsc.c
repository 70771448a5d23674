/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libtsc against a daemon that the test plays: a socket is "enabled" there as soon as its level asks for encryption. */
#include "common/base/level.h"
#include "common/control/control.h"
#include "tests/unit/runner.h"
#include "tests/unit/thread_loop.h"
#include "tscf-client/libtsc/tsc.h"

#include <errno.h>
#include <ev.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64], path[96];

/* The daemon: a loop in a thread. */
static struct {
	struct ev_loop *loop;
	struct tscf_control_server *server;
	struct thread_loop thread;
	struct tscf_control_call_in *subscriber;
	_Atomic int watches, unwatches, levels[4]; /* requests */
	_Atomic int level;                         /* of every socket */
	_Atomic unsigned redundancy;               /* likewise */
	_Atomic unsigned datagram;                 /* likewise */
} at;

static uint64_t cookie_of(int fd)
{
	uint64_t cookie;
	socklen_t length = sizeof(cookie);

	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length), 0);
	return cookie;
}

static void push_tunnel(bool encrypted, bool up)
{
	struct tscf_control_event e = {.type = TSCF_CONTROL_EVENT_TUNNEL, .encrypted = encrypted, .up = up};

	strcpy(e.reason, "so it is");
	tscf_control_push(at.subscriber, &e, sizeof(e));
}

static void push_socket(uint64_t cookie)
{
	struct tscf_control_event e = {.type = TSCF_CONTROL_EVENT_SOCKET,
				       .cookie = {(uint32_t)cookie, (uint32_t)(cookie >> 32)},
				       .available = 1,
				       .enabled = at.level >= TSCF_LEVEL_ENCRYPTED_ONLY};

	if (at.subscriber)
		tscf_control_push(at.subscriber, &e, sizeof(e));
}

static void push_asked(uint32_t type, uint64_t cookie, bool available, bool enabled)
{
	struct tscf_control_event event = {.type = type,
					   .cookie = {(uint32_t)cookie, (uint32_t)(cookie >> 32)},
					   .available = available,
					   .enabled = enabled};

	if (at.subscriber)
		tscf_control_push(at.subscriber, &event, sizeof(event));
}

static void answer_config(struct tscf_control_call_in *call)
{
	struct tscf_control_config c = {.plain = {.up = 1, .mtu = 1340, .device = "tscf0", .transport = "udp"},
					.nat = {.family = 4, .port = 4711, .bytes = {198, 51, 100, 2}},
					.dns = {{.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 0x53}}}};

	c.plain.ipv4 = (struct tscf_control_address){.family = 4, .bytes = {10, 8, 0, 2}};
	memset(c.encrypted.device, 'x', sizeof(c.encrypted.device));
	tscf_control_answer_with(call, 0, &c, sizeof(c));
}

static void on_request(void *context, struct tscf_control_call_in *call)
{
	(void)context;
	switch (call->request.op) {
	case TSCF_CONTROL_GET_CONFIG:
		answer_config(call);
		break;
	case TSCF_CONTROL_SUBSCRIBE:
		at.subscriber = call;
		tscf_control_keep(call);
		push_tunnel(false, true);
		push_tunnel(true, false);
		break;
	case TSCF_CONTROL_WATCH:
		at.watches++;
		push_socket(cookie_of(call->fd));
		break;
	case TSCF_CONTROL_UNWATCH:
		at.unwatches++;
		break;
	case TSCF_CONTROL_SET_LEVEL:
		at.levels[call->request.level]++;
		at.level = (int)call->request.level;
		push_socket(cookie_of(call->fd));
		tscf_control_answer(call, 0, NULL);
		break;
	case TSCF_CONTROL_SET_REDUNDANCY:
		at.redundancy = call->request.level;
		/* A factor of 4 is refused. */
		push_asked(TSCF_CONTROL_EVENT_REDUNDANCY, cookie_of(call->fd), at.redundancy != 4,
			   at.redundancy != 0 && at.redundancy != 4);
		tscf_control_answer(call, 0, NULL);
		break;
	case TSCF_CONTROL_SET_DATAGRAM:
		at.datagram = call->request.level;
		push_asked(TSCF_CONTROL_EVENT_DDT, cookie_of(call->fd), true,
			   at.datagram == tsc_so_tunnel_transport_datagram_preferred);
		tscf_control_answer(call, 0, NULL);
		break;
	case TSCF_CONTROL_GET_DATAGRAM:
		call->level = at.datagram;
		tscf_control_answer(call, 0, NULL);
		break;
	case TSCF_CONTROL_GET_REDUNDANCY:
		call->level = at.redundancy;
		tscf_control_answer(call, 0, NULL);
		break;
	case TSCF_CONTROL_GET_LEVEL:
		call->level = (uint32_t)at.level;
		tscf_control_answer(call, 0, NULL);
		break;
	default:
		tscf_control_answer(call, 0, NULL);
	}
}

static void on_gone(void *context, struct tscf_control_call_in *call)
{
	(void)context;
	if (at.subscriber == call)
		at.subscriber = NULL;
}

static bool brings_descriptor(uint32_t op)
{
	(void)op;
	return true;
}

static void start_daemon(void)
{
	static const struct tscf_control_handler handler = {
	    .request = on_request, .gone = on_gone, .brings_descriptor = brings_descriptor};

	at.loop = ev_loop_new(EVFLAG_AUTO);
	ck_assert_int_eq(tscf_control_listen(at.loop, path, 0666, &handler, NULL, &at.server), 0);
	thread_loop_start(&at.thread, at.loop);
}

static void stop_daemon(void)
{
	thread_loop_stop(&at.thread);
	tscf_control_close(at.server, false);
	at.subscriber = NULL;
	ev_loop_destroy(at.loop);
}

static void setup(void)
{
	strcpy(directory, "/tmp/tscf-tsc-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/sock", directory);
}

static void teardown(void)
{
	ck_assert_int_eq(rmdir(directory), 0);
}

static tsc_handle new_tunnel(unsigned flags)
{
	tsc_tunnel_params params = {.control = path, .timeout_ms = 5000, .flags = flags};
	tsc_handle handle = tsc_ctrl_new_tunnel(&params);

	ck_assert_ptr_nonnull(handle);
	return handle;
}

static int set_level(int sock, int level)
{
	return tsc_setsockopt(sock, SOL_SOCKET, SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION, (char *)&level, sizeof(level));
}

/* What the callbacks were told, a letter each: "E"nabled, "D"isabled, "N"ot available; "P" and "p", "C" and "c": plain
 * and encrypted tunnel up and down. */
static struct {
	pthread_mutex_t lock;
	char text[64];
	int socket;
} heard = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void note(char letter)
{
	pthread_mutex_lock(&heard.lock);
	heard.text[strlen(heard.text)] = letter;
	pthread_mutex_unlock(&heard.lock);
}

static bool has_heard(const char *text)
{
	bool is;

	pthread_mutex_lock(&heard.lock);
	is = strcmp(heard.text, text) == 0;
	pthread_mutex_unlock(&heard.lock);
	return is;
}

static void on_dtte(tsc_notification_data *notification)
{
	tsc_notification_dtte_info_data *dtte = (tsc_notification_dtte_info_data *)notification->data;

	ck_assert_int_eq(notification->type, tsc_notification_dtte);
	heard.socket = dtte->socket;
	if (dtte->available == tsc_bool_true)
		note(dtte->enabled == tsc_bool_true ? 'E' : 'D');
	else
		note('N');
}

static void on_tunnel(tsc_notification_data *notification)
{
	tsc_notification_tunnel_info_data *tunnel = notification->data;

	ck_assert_ptr_eq(notification->opaque, &heard);
	if (tunnel->encrypted)
		note(tunnel->up ? 'C' : 'c');
	else
		note(tunnel->up ? 'P' : 'p');
}

/* --- without a daemon --- */

START_TEST(no_daemon)
{
	tsc_tunnel_params params = {.control = path, .timeout_ms = 100};
	int sock = socket(AF_INET, SOCK_DGRAM, 0), pair = socket(AF_UNIX, SOCK_DGRAM, 0), type;
	socklen_t length = sizeof(type);
	tsc_handle handle;
	tsc_config config;

	ck_assert_ptr_null(tsc_ctrl_new_tunnel(&params));
	ck_assert_int_eq(errno, ENOENT);
	params.timeout_ms = -1;
	params.flags = 0x80;
	ck_assert_ptr_null(tsc_ctrl_new_tunnel(&params));
	ck_assert_int_eq(errno, EINVAL);
	params.flags = 0;
	handle = tsc_ctrl_new_tunnel(&params);
	ck_assert_ptr_nonnull(handle);
	ck_assert_int_eq(set_level(sock, tsc_so_tunnel_transport_encrypted_only), -1);
	ck_assert_int_eq(errno, ENOPROTOOPT);
	ck_assert_int_eq(set_level(sock, 4), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(set_level(pair, 1), -1);
	ck_assert_int_eq(errno, ENOPROTOOPT);
	ck_assert_int_eq(set_level(-1, 1), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(tsc_getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &length), 0);
	ck_assert_int_eq(type, SOCK_DGRAM);
	ck_assert_int_eq(tsc_get_config(handle, &config), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(tsc_get_config(NULL, &config), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(tsc_notification_enable(handle, (tsc_notification)7, on_dtte, NULL));
	ck_assert_int_eq(tsc_delete_tunnel(handle), 0);
	ck_assert_int_eq(tsc_close(sock), 0);
	ck_assert_int_eq(tsc_close(pair), 0);
}
END_TEST

/* --- with a daemon --- */

/* A program sets the level of its socket, reads it, and is notified of changes. */
START_TEST(level_and_notification)
{
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	unsigned int before = count_fds();
	tsc_notification_handle *notification;
	tsc_so_tunnel_transport_encryption level = tsc_so_tunnel_transport_encrypted_only;
	socklen_t length = sizeof(level);
	tsc_handle handle;
	int sock;

	start_daemon();
	handle = new_tunnel(0);
	notification = tsc_notification_enable(handle, tsc_notification_dtte, on_dtte, NULL);
	ck_assert_ptr_nonnull(notification);
	sock = tsc_socket(handle, AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_ge(sock, 0);
	ck_assert_int_eq(
	    tsc_setsockopt(sock, SOL_SOCKET, SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION, (char *)&level, sizeof(level)), 0);
	ck_assert_int_eq(tsc_bind(sock, (struct sockaddr *)&local, sizeof(local)), 0);
	wait_until(has_heard("E"));
	ck_assert_int_eq(heard.socket, sock);
	level = tsc_so_tunnel_transport_default;
	ck_assert_int_eq(tsc_getsockopt(sock, SOL_SOCKET, SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION, &level, &length), 0);
	ck_assert_int_eq(level, tsc_so_tunnel_transport_encrypted_only);
	ck_assert_int_eq(set_level(sock, tsc_so_tunnel_transport_unencrypted), 0);
	wait_until(has_heard("ED"));
	ck_assert_int_eq(tsc_notification_disable(notification), 0);
	ck_assert_int_eq(set_level(sock, tsc_so_tunnel_transport_encrypted_preferred), 0);
	/* Who comes later is told how things are. */
	wait_until(at.watches >= 1);
	notification = tsc_notification_enable(handle, tsc_notification_dtte, on_dtte, NULL);
	wait_until(has_heard("EDE"));
	ck_assert_int_eq(tsc_close(sock), 0);
	wait_until(at.unwatches == 1);
	ck_assert_int_eq(tsc_delete_tunnel(handle), 0);
	stop_daemon();
	ck_assert_uint_eq(count_fds(), before);
}
END_TEST

static void on_redundancy(tsc_notification_data *notification)
{
	tsc_notification_redundancy_info_data *redundancy = notification->data;

	ck_assert_int_eq(notification->type, tsc_notification_redundancy);
	heard.socket = redundancy->socket;
	note(!redundancy->available ? 'N' : redundancy->enabled ? 'E' : 'D');
}

static int set_redundancy(int sock, int factor, tsc_so_redundancy_method method)
{
	tsc_so_redundancy wanted = {factor, method};

	return tsc_setsockopt(sock, SOL_SOCKET, SO_TSC_REDUNDANCY, &wanted, sizeof(wanted));
}

static void fails_with(int error, int result)
{
	ck_assert_int_eq(result, -1);
	ck_assert_int_eq(errno, error);
}

/* A program asks for redundancy of its socket, reads what it has asked for, and is notified of it, not of DTTE. */
START_TEST(redundancy)
{
	tsc_so_redundancy has;
	socklen_t length = sizeof(has);
	tsc_handle handle;
	int sock;

	start_daemon();
	handle = new_tunnel(0);
	ck_assert_ptr_nonnull(tsc_notification_enable(handle, tsc_notification_redundancy, on_redundancy, NULL));
	sock = tsc_socket(handle, AF_INET, SOCK_DGRAM, 0);
	wait_until(at.watches >= 1);
	ck_assert_int_eq(set_redundancy(sock, TSC_REDUNDANCY_AUTO, tsc_so_redundancy_method_udp_dtls), 0);
	wait_until(has_heard("E"));
	ck_assert_int_eq(heard.socket, sock);
	ck_assert_int_eq(tsc_getsockopt(sock, SOL_SOCKET, SO_TSC_REDUNDANCY, &has, &length), 0);
	ck_assert_int_eq(has.redundancy_factor, TSC_REDUNDANCY_AUTO);
	ck_assert_int_eq(has.redundancy_method, tsc_so_redundancy_method_udp_dtls);
	ck_assert_int_eq(set_redundancy(sock, 4, tsc_so_redundancy_method_udp_dtls), 0);
	wait_until(has_heard("EN"));
	ck_assert_int_eq(set_redundancy(sock, 0, tsc_so_redundancy_method_udp_dtls), 0);
	wait_until(has_heard("END"));
	fails_with(EINVAL, set_redundancy(sock, 5, tsc_so_redundancy_method_udp_dtls));
	fails_with(EINVAL, set_redundancy(sock, -1, tsc_so_redundancy_method_udp_dtls));
	fails_with(EINVAL, set_redundancy(sock, 5, tsc_so_redundancy_method_tcp_tls_fan_out));
	fails_with(EOPNOTSUPP, set_redundancy(sock, 1, (tsc_so_redundancy_method)3));
	ck_assert_int_eq(set_redundancy(sock, 3, tsc_so_redundancy_method_tcp_tls_fan_out), 0);
	ck_assert_int_eq(tsc_getsockopt(sock, SOL_SOCKET, SO_TSC_REDUNDANCY, &has, &length), 0);
	ck_assert_int_eq(has.redundancy_factor, 3);
	ck_assert_int_eq(has.redundancy_method, tsc_so_redundancy_method_udp_dtls);
	fails_with(EINVAL, set_redundancy(sock, 5, tsc_so_redundancy_method_tcp_tls_load_balance));
	ck_assert_int_eq(set_redundancy(sock, 2, tsc_so_redundancy_method_tcp_tls_load_balance), 0);
	ck_assert_int_eq(tsc_getsockopt(sock, SOL_SOCKET, SO_TSC_REDUNDANCY, &has, &length), 0);
	ck_assert_int_eq(has.redundancy_factor, TSC_REDUNDANCY_AUTO);
	ck_assert_int_eq(has.redundancy_method, tsc_so_redundancy_method_tcp_tls_load_balance);
	ck_assert_int_eq(set_redundancy(sock, 0, tsc_so_redundancy_method_tcp_tls_load_balance), 0);
	ck_assert_int_eq(tsc_getsockopt(sock, SOL_SOCKET, SO_TSC_REDUNDANCY, &has, &length), 0);
	ck_assert_int_eq(has.redundancy_factor, 0);
	fails_with(EINVAL, tsc_setsockopt(sock, SOL_SOCKET, SO_TSC_REDUNDANCY, &has, 1));
	fails_with(EFAULT, tsc_setsockopt(sock, SOL_SOCKET, SO_TSC_REDUNDANCY, NULL, sizeof(has)));
	length = 1;
	fails_with(EINVAL, tsc_getsockopt(sock, SOL_SOCKET, SO_TSC_REDUNDANCY, &has, &length));
	ck_assert_int_eq(tsc_close(sock), 0);
	ck_assert_int_eq(tsc_delete_tunnel(handle), 0);
	stop_daemon();
}
END_TEST

static void on_ddt(tsc_notification_data *notification)
{
	tsc_notification_ddt_info_data *ddt = notification->data;
	ck_assert_int_eq(notification->type, tsc_notification_ddt);
	heard.socket = ddt->socket;
	note(!ddt->available ? 'N' : ddt->enabled ? 'E' : 'D');
}

/* The same of datagrams. */
START_TEST(datagrams)
{
	int wants = tsc_so_tunnel_transport_datagram_preferred, has = 0;
	socklen_t length = sizeof(has);
	tsc_handle handle;
	int sock;
	start_daemon();
	handle = new_tunnel(0);
	ck_assert_ptr_nonnull(tsc_notification_enable(handle, tsc_notification_ddt, on_ddt, NULL));
	sock = tsc_socket(handle, AF_INET, SOCK_DGRAM, 0);
	wait_until(at.watches >= 1);
	ck_assert_int_eq(tsc_setsockopt(sock, SOL_SOCKET, SO_TSC_TUNNEL_TRANSPORT, &wants, sizeof(wants)), 0);
	wait_until(has_heard("E"));
	ck_assert_int_eq(heard.socket, sock);
	ck_assert_int_eq(tsc_getsockopt(sock, SOL_SOCKET, SO_TSC_TUNNEL_TRANSPORT, &has, &length), 0);
	ck_assert_int_eq(has, wants);
	wants = tsc_so_tunnel_transport_datagram_never;
	ck_assert_int_eq(tsc_setsockopt(sock, SOL_SOCKET, SO_TSC_TUNNEL_TRANSPORT, &wants, sizeof(wants)), 0);
	wait_until(has_heard("ED"));
	wants++;
	fails_with(EINVAL, tsc_setsockopt(sock, SOL_SOCKET, SO_TSC_TUNNEL_TRANSPORT, &wants, sizeof(wants)));
	ck_assert_int_eq(tsc_close(sock), 0);
	ck_assert_int_eq(tsc_delete_tunnel(handle), 0);
	stop_daemon();
}
END_TEST

/* The end of a handle gives back what may be in clear, and nothing else. */
START_TEST(release)
{
	tsc_handle handle;
	int sock;

	start_daemon();
	handle = new_tunnel(0);
	sock = tsc_socket(handle, AF_INET6, SOCK_STREAM, 0);
	ck_assert_int_eq(set_level(sock, tsc_so_tunnel_transport_encrypted_only), 0);
	ck_assert_int_eq(tsc_delete_tunnel(handle), 0);
	ck_assert_int_eq(at.levels[TSCF_LEVEL_DEFAULT], 0);
	handle = new_tunnel(0);
	/* A socket that is not of our making. */
	ck_assert_int_eq(set_level(sock, tsc_so_tunnel_transport_encrypted_preferred), 0);
	ck_assert_int_eq(tsc_delete_tunnel(handle), 0);
	ck_assert_int_eq(at.levels[TSCF_LEVEL_DEFAULT], 1);
	close(sock);
	stop_daemon();
}
END_TEST

static void dispatch_until(tsc_handle handle, const char *text)
{
	int64_t deadline = now_ms() + 8000;

	while (!has_heard(text)) {
		struct pollfd ready = {.fd = tsc_notification_fd(handle), .events = POLLIN};

		ck_assert_msg(now_ms() < deadline, "heard '%s', not '%s'", heard.text, text);
		poll(&ready, 1, 100);
		ck_assert_int_ge(tsc_notification_dispatch(handle), 0);
	}
}

/* Nothing is called but from tsc_notification_dispatch(), and its descriptor lasts longer than the daemon. */
START_TEST(dispatching)
{
	tsc_handle handle;
	int sock, fd;

	start_daemon();
	handle = new_tunnel(TSC_TUNNEL_DISPATCH);
	sock = tsc_socket(handle, AF_INET, SOCK_DGRAM, 0);
	tsc_notification_enable(handle, tsc_notification_tunnel, on_tunnel, &heard);
	tsc_notification_enable(handle, tsc_notification_dtte, on_dtte, NULL);
	poll(NULL, 0, 50);
	ck_assert(has_heard(""));
	dispatch_until(handle, "Pc");
	ck_assert_int_eq(set_level(sock, tsc_so_tunnel_transport_encrypted_only), 0);
	dispatch_until(handle, "PcE");
	fd = tsc_notification_fd(handle);
	stop_daemon();
	dispatch_until(handle, "PcEpD");
	start_daemon();
	dispatch_until(handle, "PcEpDPE");
	ck_assert_int_eq(tsc_notification_fd(handle), fd);
	tsc_close(sock);
	ck_assert_int_eq(tsc_delete_tunnel(handle), 0);
	stop_daemon();
}
END_TEST

static tsc_notification_handle *own;
static _Atomic int calls;

static void on_last(tsc_notification_data *notification)
{
	calls++;
	ck_assert_int_eq(tsc_delete_tunnel(notification->handle), -1);
	ck_assert_int_eq(errno, EDEADLK);
	ck_assert_int_eq(tsc_notification_disable(own), 0);
}

/* A callback may disable itself, and is not called again; it cannot end its handle. */
START_TEST(inside_a_callback)
{
	tsc_handle handle;

	start_daemon();
	handle = new_tunnel(TSC_TUNNEL_DISPATCH);
	own = tsc_notification_enable(handle, tsc_notification_tunnel, on_last, NULL);
	tsc_notification_enable(handle, tsc_notification_tunnel, on_tunnel, &heard);
	dispatch_until(handle, "Pc");
	ck_assert_int_eq(calls, 1);
	ck_assert_int_eq(tsc_delete_tunnel(handle), 0);
	handle = new_tunnel(0);
	ck_assert_int_eq(tsc_notification_dispatch(handle), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(tsc_delete_tunnel(handle), 0);
	stop_daemon();
}
END_TEST

START_TEST(configuration)
{
	tsc_handle handle;
	tsc_config c;

	start_daemon();
	handle = new_tunnel(0);
	ck_assert_int_eq(tsc_get_config(handle, &c), 0);
	ck_assert(c.up == tsc_bool_true && c.encrypted_up == tsc_bool_false);
	ck_assert_uint_eq(c.mtu, 1340);
	ck_assert_int_eq(c.internal_ipv4.in.sin_family, AF_INET);
	ck_assert_uint_eq(ntohl(c.internal_ipv4.in.sin_addr.s_addr), 0x0a080002);
	ck_assert_uint_eq(ntohs(c.nat.in.sin_port), 4711);
	ck_assert_int_eq(c.internal_ipv6.sa.sa_family, AF_UNSPEC);
	ck_assert_uint_eq(c.dns_count, 1);
	ck_assert_int_eq(c.dns[0].in6.sin6_family, AF_INET6);
	ck_assert_uint_eq(c.dns[0].in6.sin6_addr.s6_addr[15], 0x53);
	ck_assert_uint_eq(c.sip_server_count, 0);
	ck_assert_str_eq(c.device, "tscf0");
	ck_assert_str_eq(c.transport, "udp");
	ck_assert_uint_eq(strlen(c.encrypted_device), sizeof(c.encrypted_device) - 1);
	ck_assert_int_eq(tsc_delete_tunnel(handle), 0);
	stop_daemon();
}
END_TEST

/* A child has its sockets, and no handle. */
START_TEST(after_fork)
{
	tsc_handle handle;
	int sock, status;
	pid_t child;

	start_daemon();
	handle = new_tunnel(0);
	tsc_notification_enable(handle, tsc_notification_dtte, on_dtte, NULL);
	sock = tsc_socket(handle, AF_INET, SOCK_DGRAM, 0);
	wait_until(at.watches >= 1);
	child = fork();
	if (child == 0) {
		tsc_config config;
		bool refused = tsc_get_config(handle, &config) == -1 && errno == ECHILD &&
			       tsc_delete_tunnel(handle) == -1 && errno == ECHILD;

		_exit(refused && set_level(sock, tsc_so_tunnel_transport_encrypted_only) == 0 && tsc_close(sock) == 0
			  ? 0
			  : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	wait_until(has_heard("E"));
	ck_assert_int_eq(at.unwatches, 0);
	tsc_close(sock);
	ck_assert_int_eq(tsc_delete_tunnel(handle), 0);
	stop_daemon();
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("tsc");
	TCase *t = tcase_create("tsc");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, no_daemon);
	tcase_add_test(t, level_and_notification);
	tcase_add_test(t, redundancy);
	tcase_add_test(t, datagrams);
	tcase_add_test(t, release);
	tcase_add_test(t, dispatching);
	tcase_add_test(t, inside_a_callback);
	tcase_add_test(t, configuration);
	tcase_add_test(t, after_fork);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

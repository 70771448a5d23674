/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The search for a way to a server: which ones are tried, what is used, and how a better one is gone back to; names,
 * and HTTP proxies.
 */
#include "tests/unit/client_world.h"
#include "tests/unit/netns.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_by(struct client_world *w, const char *transport)
{
	return world_plain_is_up(w) && strcmp(world_status(w, "plain.transport"), transport) == 0;
}

static void any_transport(struct client_world *w)
{
	w->config.servers.all.transport = CLIENT_TRANSPORT_AUTO;
}

/* UDP does not get through: nothing that is sent there arrives. */
static void no_udp(struct client_world *w)
{
	any_transport(w);
	w->reception[WORLD_UDP] = WORLD_FAILS;
}

/* --- transports --- */

WORLD_TEST(tcp_where_udp_fails, no_udp)
{
	WORLD_UNTIL(w, 2000, is_by(w, "tcp"));
	world_pass(w, 2000);
	ck_assert(is_by(w, "tcp"));
	ck_assert_uint_eq(w->server.count[WORLD_CONFIGURE], 1);
	/* On a stream nothing is sent again. */
	w->server.reaction[WORLD_KEEPALIVE] = WORLD_LOSES;
	unsigned asked = w->server.count[WORLD_KEEPALIVE];
	world_link_unreachable(world_link(w, WORLD_TCP));
	world_pass(w, 3000);
	ck_assert_uint_eq(w->server.count[WORLD_KEEPALIVE], asked + 1);
}

static void only_inside(struct client_world *w)
{
	no_udp(w);
	w->reception[WORLD_TCP] = w->i == 0 ? WORLD_REFUSES : WORLD_SILENT;
	w->reception[WORLD_DTLS] = w->i == 2 ? WORLD_REFUSES : WORLD_ACCEPTS;
}

/* Only the encrypted port is open: the plain tunnel goes inside, and an encrypted one beside it. */
WORLD_TEST(inside, only_inside)
{
	WORLD_UNTIL(w, 15000, is_by(w, w->i == 2 ? "tls" : "dtls"));
	world_pass(w, 3000);
	w->reception[WORLD_DTLS] = WORLD_ACCEPTS;
	close(world_encrypted_up(w, 5000));
	ck_assert(world_plain_is_up(w));
}

/* UDP works again: the tunnel moves there, and both are heard for a moment. */
WORLD_TEST(returns, no_udp)
{
	WORLD_UNTIL(w, 2000, is_by(w, "tcp"));
	int fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 6000);
	w->reception[WORLD_UDP] = WORLD_ACCEPTS;
	WORLD_UNTIL(w, 60000, is_by(w, "udp"));
	struct world_link *former = world_link(w, WORLD_TCP);
	ck_assert(former && world_arrives(former, fd, 6000));
	ck_assert(world_arrives(world_link(w, WORLD_UDP), fd, 6000));
	world_pass(w, 3000);
	ck_assert_ptr_null(world_link(w, WORLD_TCP));
	ck_assert_int_eq(world_counter(w, "plain_reconnects"), 0);
	close(fd);
}

/* It answers the configuration, but then nothing comes by it: the tunnel goes back to where it was. */
WORLD_TEST(goes_back, no_udp)
{
	WORLD_UNTIL(w, 2000, is_by(w, "tcp"));
	world_pass(w, 2000);
	int fd = world_encrypted_up(w, 5000);
	w->reception[WORLD_UDP] = WORLD_ACCEPTS;
	w->server.reaction[WORLD_KEEPALIVE] = WORLD_LOSES;
	WORLD_UNTIL(w, 60000, is_by(w, "udp"));
	WORLD_UNTIL(w, 5000, is_by(w, "tcp"));
	w->server.reaction[WORLD_KEEPALIVE] = WORLD_ANSWERS;
	world_pass(w, 1000);
	ck_assert(is_by(w, "tcp"));
	ck_assert_ptr_null(world_link(w, WORLD_UDP));
	ck_assert(
	    world_arrives(world_link(w, WORLD_DTLS) ? world_link(w, WORLD_DTLS) : world_link(w, WORLD_TLS), fd, 5000));
	close(fd);
}

/* The same, and meanwhile the former way is lost: it is searched again. */
WORLD_TEST(nothing_to_go_back_to, no_udp)
{
	WORLD_UNTIL(w, 2000, is_by(w, "tcp"));
	w->reception[WORLD_UDP] = WORLD_ACCEPTS;
	w->server.reaction[WORLD_KEEPALIVE] = WORLD_LOSES;
	WORLD_UNTIL(w, 60000, is_by(w, "udp"));
	world_link_down(world_link(w, WORLD_TCP), ECONNRESET);
	WORLD_UNTIL(w, 5000, world_counter(w, "plain_reconnects") > 0);
	w->server.reaction[WORLD_KEEPALIVE] = WORLD_ANSWERS;
	WORLD_UNTIL(w, 20000, world_plain_is_up(w));
	world_pass(w, 5000);
	ck_assert(world_plain_is_up(w));
}

/* While requests are under way, or the address would be another one in use, it does not move. */
WORLD_TEST(does_not_move_now, no_udp)
{
	WORLD_UNTIL(w, 2000, is_by(w, "tcp"));
	world_pass(w, 2000);
	int fd = world_encrypted_up(w, 5000);
	w->server.plain = "10.1.0.99";
	w->reception[WORLD_UDP] = WORLD_ACCEPTS;
	WORLD_UNTIL(w, 120000, strstr(world_status(w, "candidates.0.reason"), "another internal address"));
	ck_assert(is_by(w, "tcp"));
	ck_assert_str_eq(world_status(w, "plain.internal.0"), WORLD_PLAIN);
	w->server.plain = WORLD_PLAIN;
	WORLD_UNTIL(w, 600000, is_by(w, "udp"));
	ck_assert_int_eq(world_counter(w, "plain_reconnects"), 0);
	close(fd);
}

/* A connection that ends, whatever way it carries. */
WORLD_TEST(connection_lost, no_udp)
{
	WORLD_UNTIL(w, 2000, is_by(w, "tcp"));
	world_link_down(world_link(w, WORLD_TCP), ECONNRESET);
	WORLD_UNTIL(w, 3000, is_by(w, "tcp"));
	ck_assert_uint_ge(w->server.count[WORLD_RESUME], 1);
	ck_assert(world_plain_reason_has(w, "resumed"));
	/* A message with a wrong session id ends it. */
	uint8_t buffer[TSCF_PROBE_MAX];
	struct tscf_writer t;
	tscf_write_begin(&t, buffer, sizeof(buffer), TSCF_KEEPALIVE_REQUEST, 4711, 1);
	world_send_misdirected(world_link(w, WORLD_TCP), &t);
	ck_assert_int_eq(world_counter(w, "plain_reconnects"), 2);
}

/* The first answer to several tries that resume one session counts. */
WORLD_TEST(resumed_by_several, any_transport)
{
	WORLD_UNTIL(w, 2000, is_by(w, "udp"));
	world_pass(w, 2000);
	w->server.reaction[WORLD_RESUME] = WORLD_KEEPS;
	w->server.reaction[WORLD_KEEPALIVE] = WORLD_LOSES;
	world_link_unreachable(world_link(w, WORLD_UDP));
	WORLD_UNTIL(w, 20000, w->server.count[WORLD_RESUME] > 3);
	world_pass(w, 1000);
	ck_assert(world_link(w, WORLD_TCP) != NULL);
	w->server.reaction[WORLD_KEEPALIVE] = WORLD_ANSWERS;
	w->server.reaction[WORLD_RESUME] = WORLD_ANSWERS;
	/* The key is used up by the first. */
	world_answer(w, WORLD_RESUME);
	w->server.code[WORLD_RESUME] = TSCF_RESPONSE_NOT_ALLOWED;
	world_answer_all(w, w->i);
	world_pass(w, 5000);
	ck_assert(world_plain_is_up(w));
	ck_assert_uint_eq(w->server.count[WORLD_CONFIGURE], 1);
}

static void no_answer(struct client_world *w)
{
	any_transport(w);
	w->server.reaction[WORLD_CONFIGURE] = WORLD_LOSES;
}

/* The network says that nobody is there: the next way does not wait, and the first one is not given up. */
WORLD_TEST(nobody_is_there, no_answer)
{
	world_turn(w);
	struct world_link *udp = world_link(w, WORLD_UDP);
	ck_assert(udp && !world_link(w, WORLD_TCP));
	world_link_unreachable(udp);
	world_turn(w);
	ck_assert_ptr_nonnull(world_link(w, WORLD_TCP));
	ck_assert_ptr_eq(world_link(w, WORLD_UDP), udp);
	ck_assert(strstr(world_status(w, "candidates.0.reason"), "the network says: "));
	/* In vain for long: it is counted, of each way, and all of it is over when there is an answer. */
	world_pass(w, 65000);
	ck_assert_int_ge(atoi(world_status(w, "candidates.0.failures")), 5);
	ck_assert_int_ge(atoi(world_status(w, "plain.failures")), 12);
	w->server.reaction[WORLD_CONFIGURE] = WORLD_ANSWERS;
	WORLD_UNTIL(w, 3000, world_plain_is_up(w));
	ck_assert_str_eq(world_status(w, "plain.failures"), "0");
}

/* --- servers and names --- */

static void two_servers(struct client_world *w)
{
	ck_assert_int_eq(client_servers_add(&w->config.servers, "198.51.100.2"), 0);
}

/* The encrypted tunnel cannot stay with a server that the plain one has left. */
WORLD_TEST(other_server, two_servers)
{
	int fd = world_encrypted_up(w, 5000);
	w->server.reaction[WORLD_KEEPALIVE] = WORLD_LOSES;
	w->server.reaction[WORLD_RESUME] = WORLD_LOSES;
	world_link_unreachable(world_link(w, WORLD_UDP));
	WORLD_UNTIL(w, 20000, w->server.count[WORLD_CONFIGURE] > 1);
	w->server.reaction[WORLD_KEEPALIVE] = WORLD_ANSWERS;
	WORLD_UNTIL(w, 20000,
		    world_plain_is_up(w) && strcmp(world_status(w, "plain.server"), "198.51.100.2:2004") == 0);
	ck_assert_int_ge(world_counter(w, "encrypted_reconnects"), 1);
	WORLD_UNTIL(w, 45000, strcmp(world_status(w, "encrypted.state"), "up") == 0);
	ck_assert_uint_ge(w->server.count[WORLD_RESERVE], 2);
	close(fd);
}

static void named(struct client_world *w)
{
	client_servers_forget(&w->config.servers);
	ck_assert_int_eq(client_servers_add(&w->config.servers, w->i ? "no-such-name.invalid" : "localhost"), 0);
}

/* Look-ups are threads, which take a moment of no clock here. */
#define UNTIL_IN_TRUTH(w, condition)                                                                                   \
	do {                                                                                                           \
		bool holds = false;                                                                                    \
		for (unsigned tries = 0; tries < 5000 && !(holds = (condition)); tries++) {                            \
			world_turn(w);                                                                                 \
			usleep(1000);                                                                                  \
		}                                                                                                      \
		ck_assert_msg(holds, "%s", #condition);                                                                \
	} while (0)

WORLD_TEST(names, named)
{
	if (w->i == 0) {
		UNTIL_IN_TRUTH(w, world_plain_is_up(w));
		ck_assert(strstr(world_status(w, "candidates.0.way"), "localhost") ||
			  strstr(world_status(w, "candidates.0.server"), "localhost"));
		return;
	}
	ck_assert(world_plain_reason_has(w, "looks up the server's name"));
	UNTIL_IN_TRUTH(w, world_plain_reason_has(w, "no-such-name.invalid"));
	/* It is asked again. */
	world_pass(w, 40000);
	ck_assert(!world_plain_is_up(w));
}

/* --- proxies --- */

static int proxy;

/* It listens in the network namespace of the test. */
static int listen_as_proxy(void)
{
	int fd = world_socket(SOCK_STREAM, "127.0.0.1", 8888);

	ck_assert_int_eq(listen(fd, 5), 0);
	return fd;
}

static void by_proxy(struct client_world *w)
{
	any_transport(w);
	ck_assert_int_eq(client_proxy_parse(&w->config.proxy, "http://user:secret@127.0.0.1:8888"), 0);
	proxy = listen_as_proxy();
}

/* Take the client's connection and request.  @return it. */
static int asked_proxy(struct client_world *w)
{
	char text[1000] = "";
	int fd = -1;

	UNTIL_IN_TRUTH(w, (fd = accept4(proxy, NULL, NULL, SOCK_NONBLOCK)) >= 0);
	UNTIL_IN_TRUTH(w, recv(fd, text, sizeof(text) - 1, 0) > 0);
	ck_assert(strncmp(text, "CONNECT 198.51.100.1:200", 24) == 0);
	ck_assert(strstr(text, "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ="));
	return fd;
}

static void proxy_says(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
}

WORLD_TEST(proxied, by_proxy)
{
	int fd = asked_proxy(w), socket, encrypted;

	/* In pieces, as streams come. */
	proxy_says(fd, "HTTP/1.1 200 Connection");
	world_turn(w);
	proxy_says(fd, " established\r\n\r\n");
	UNTIL_IN_TRUTH(w, is_by(w, "tcp"));
	world_pass(w, 2000);
	socket = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	world_level(w, socket, TSCF_LEVEL_ENCRYPTED_ONLY);
	encrypted = asked_proxy(w);
	if (w->i == 0) {
		proxy_says(encrypted, "HTTP/1.1 200 OK\r\n\r\n");
		UNTIL_IN_TRUTH(w, strcmp(world_status(w, "encrypted.state"), "up") == 0);
		ck_assert_str_eq(world_status(w, "encrypted.transport"), "tls");
	} else {
		w->reception[WORLD_TLS] = WORLD_FAILS;
		proxy_says(encrypted, "HTTP/1.1 200 OK\r\n\r\n");
		UNTIL_IN_TRUTH(w, strcmp(world_status(w, "encrypted.state"), "failed") == 0);
	}
	close(socket);
	close(encrypted);
	close(fd);
	close(proxy);
}

/* What a proxy may say instead, and what is said of it then. */
static const struct {
	const char *answer, *reason;
} answers[] = {
    {"HTTP/1.1 403 Forbidden\r\n\r\n", "403"},
    {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "refuses the user and password"},
    {"SSH-2.0-OpenSSH\r\n\r\n", "proxy"},
    {"", "proxy"}, /* it closes */
};

WORLD_TEST(proxy_refuses, by_proxy)
{
	int fd = asked_proxy(w);

	if (answers[w->i].answer[0])
		proxy_says(fd, answers[w->i].answer);
	else
		close(fd);
	UNTIL_IN_TRUTH(w, strstr(world_status(w, "candidates.0.reason"), answers[w->i].reason));
	ck_assert(!world_plain_is_up(w));
	close(proxy);
}

/* It says nothing, or is not there at all. */
WORLD_TEST(proxy_is_silent, by_proxy)
{
	if (w->i == 0)
		close(asked_proxy(w));
	else
		asked_proxy(w);
	world_pass(w, 11000);
	ck_assert(!world_plain_is_up(w));
	ck_assert_str_ne(world_status(w, "candidates.0.reason"), "");
	close(proxy);
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("client connector");
	TCase *ways = tcase_create("ways"), *names_case = tcase_create("names"), *proxies = tcase_create("proxies");

	tcase_add_test(ways, tcp_where_udp_fails);
	tcase_add_loop_test(ways, inside, 0, 3);
	tcase_add_test(ways, returns);
	tcase_add_test(ways, goes_back);
	tcase_add_test(ways, nothing_to_go_back_to);
	tcase_add_test(ways, does_not_move_now);
	tcase_add_test(ways, connection_lost);
	tcase_add_loop_test(ways, resumed_by_several, 0, 2);
	tcase_add_test(ways, nobody_is_there);
	tcase_add_test(names_case, other_server);
	tcase_add_loop_test(names_case, names, 0, 2);
	tcase_add_loop_test(proxies, proxied, 0, 2);
	tcase_add_loop_test(proxies, proxy_refuses, 0, sizeof(answers) / sizeof(*answers));
	tcase_add_loop_test(proxies, proxy_is_silent, 0, 2);
	suite_add_tcase(s, ways);
	suite_add_tcase(s, names_case);
	suite_add_tcase(s, proxies);
	return s;
}

int main(void)
{
	return world_main(make_suite);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way of packets through the client, by its own devices and the kernel's rules; and how large they may be.
 */
#include "tests/unit/client_world.h"
#include "tests/unit/config_case.h"
#include "tests/unit/netns.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool state_is(struct client_world *w, const char *state)
{
	return strcmp(world_status(w, "encrypted.state"), state) == 0;
}

/* --- up --- */

WORLD_TEST(up, NULL)
{
	int only = world_encrypted_up(w, 5000), plain = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5001);
	int native = world_socket(SOCK_DGRAM, WORLD_ENCRYPTED, 5002),
	    six = world_socket(SOCK_DGRAM, WORLD_PLAIN6, 5003);
	struct world_link *udp = world_link(w, WORLD_UDP), *dtls = world_link(w, WORLD_DTLS);

	ck_assert_int_eq(world_program_sends(only, WORLD_SERVICE, 7000, "only"), 0);
	ck_assert_int_eq(world_program_sends(plain, WORLD_SERVICE, 7000, "plain"), 0);
	ck_assert_int_eq(world_program_sends(native, WORLD_SERVICE, 7000, "native"), 0);
	ck_assert_int_eq(world_program_sends(six, WORLD_SERVICE6, 7000, "six"), 0);
	world_turn(w);
	ck_assert_uint_eq(udp->inner, 2);
	ck_assert_uint_eq(dtls->inner, 2);
	ck_assert_int_eq(world_counter(w, "up_plain"), 2);
	ck_assert_int_eq(world_counter(w, "up_encrypted"), 2);
	ck_assert_int_eq(udp->last[0] >> 4, 6);
	close(only);
	close(plain);
	close(native);
	close(six);
}

/* A socket with an address that is none of the tunnel's.  It is looked up outside the path, and shown. */
WORLD_TEST(up_spoofed, NULL)
{
	struct world_call *call;
	int fd;

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, "198.51.100.10", 5000);
	world_level(w, fd, TSCF_LEVEL_UNENCRYPTED);
	call = world_call(w, TSCF_CONTROL_SOCKETS, -1);
	ck_assert_ptr_nonnull(strstr(call->text, "\"wrong_source\": false"));
	world_program_sends(fd, WORLD_SERVICE, 7000, "x");
	world_turn(w);
	ck_assert_int_eq(world_counter(w, "up_spoofed"), 1);
	ck_assert_uint_eq(world_link(w, WORLD_UDP)->inner, 0);
	world_turn(w);
	call = world_call(w, TSCF_CONTROL_SOCKETS, -1);
	ck_assert_ptr_nonnull(strstr(call->text, "\"wrong_source\": true"));
	world_pass(w, 61000);
	call = world_call(w, TSCF_CONTROL_SOCKETS, -1);
	ck_assert_ptr_nonnull(strstr(call->text, "\"wrong_source\": false"));
	close(fd);
}

/* A program that changes its port for each packet is named a few times; another one after ten minutes. */
WORLD_TEST(up_spoofed_by_many, NULL)
{
	const char *said;
	unsigned lines = 0;

	world_plain_up(w);
	capture_begin();
	for (uint16_t i = 0; i < 13; i++) {
		int fd = world_socket(SOCK_DGRAM, "198.51.100.10", (uint16_t)(5000 + i));

		world_level(w, fd, TSCF_LEVEL_UNENCRYPTED);
		world_program_sends(fd, WORLD_SERVICE, 7000, "x");
		world_turn(w);
		world_turn(w);
		close(fd);
		world_pass(w, i < 11 ? 6000 : 600000);
	}
	said = capture_end();
	for (const char *at = said; (at = strstr(at, "from the wrong address")); at++)
		lines++;
	ck_assert_uint_eq(lines, 9);
	ck_assert_ptr_nonnull(strstr(said, "further programs that send from a wrong address are not named"));
	ck_assert_ptr_null(strstr(said, ":5008: its packets"));
	ck_assert_ptr_nonnull(strstr(said, ":5012: its packets"));
}

WORLD_TEST(up_without_tunnel, NULL)
{
	int fd;

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	w->server.reaction[WORLD_RESUME] = w->server.reaction[WORLD_KEEPALIVE] = WORLD_LOSES;
	world_link_unreachable(world_link(w, WORLD_UDP));
	WORLD_UNTIL(w, 10000, strcmp(world_status(w, "plain.state"), "up") != 0);
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "x"), 0);
	world_turn(w);
	ck_assert_int_eq(world_counter(w, "up_no_tunnel"), 1);
	close(fd);
}

/* What the kernel sends without a mark for a bound flow does not go in clear. */
WORLD_TEST(up_turned, NULL)
{
	uint32_t none = 0;
	int fd = world_encrypted_up(w, 5000);

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_MARK, &none, sizeof(none)), 0);
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "x"), 0);
	world_turn(w);
	ck_assert_int_eq(world_counter(w, "up_turned"), 1);
	ck_assert_uint_eq(world_link(w, WORLD_UDP)->inner, 0);
	ck_assert_uint_eq(world_link(w, WORLD_DTLS)->inner, 1);
	close(fd);
}

/* Nor does it while there is no encrypted tunnel, held or refused. */
WORLD_TEST(up_turned_without_tunnel, NULL)
{
	uint32_t none = 0;
	int fd = world_encrypted_up(w, 5000);

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_MARK, &none, sizeof(none)), 0);
	w->server.code[WORLD_RESERVE] = TSCF_RESPONSE_SERVICE_UNAVAILABLE;
	world_link_down(world_link(w, WORLD_DTLS), ECONNRESET);
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "x"), 0);
	WORLD_UNTIL(w, 10000, state_is(w, "failed"));
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "x"), 0);
	world_turn(w);
	ck_assert_int_eq(world_counter(w, "up_turned"), 2);
	ck_assert_str_eq(world_status(w, "plain.state"), "up");
	ck_assert_uint_eq(world_link(w, WORLD_UDP)->inner, 0);
	close(fd);
}

/* More than is read at once, and datagrams that the kernel has not cut yet. */
WORLD_TEST(up_many, NULL)
{
	static char run[10 * 1000];
	int fd, size = 1000;

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	for (unsigned i = 0; i < 300; i++)
		ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "x"), 0);
	world_turn(w);
	ck_assert_uint_eq(world_link(w, WORLD_UDP)->inner, 300);
	world_connect(fd, WORLD_SERVICE, 7000);
	ck_assert_int_eq(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof(size)), 0);
	ck_assert_int_eq(send(fd, run, sizeof(run), 0), sizeof(run));
	world_turn(w);
	ck_assert_uint_eq(world_link(w, WORLD_UDP)->inner, 310);
	ck_assert_int_eq(world_counter(w, "up_plain"), 310);
	close(fd);
}

/* What waits for the tunnel is bounded: the oldest goes, as real-time traffic would have it. */
WORLD_TEST(held_too_many, NULL)
{
	int fd;
	char text[8];

	world_plain_up(w);
	w->server.reaction[WORLD_RESERVE] = WORLD_KEEPS;
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	world_level(w, fd, TSCF_LEVEL_ENCRYPTED_ONLY);
	for (unsigned i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "n%03u", i);
		ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, text), 0);
		world_turn(w);
	}
	ck_assert_int_eq(world_counter(w, "held"), 300);
	ck_assert_int_eq(world_counter(w, "hold_dropped"), 300 - 256);
	w->server.reaction[WORLD_RESERVE] = WORLD_ANSWERS;
	world_answer_all(w, false);
	WORLD_UNTIL(w, 1000, state_is(w, "up"));
	ck_assert_uint_eq(world_link(w, WORLD_DTLS)->inner, 256);
	ck_assert_mem_eq(world_link(w, WORLD_DTLS)->last + 28, "n299", 4);
	close(fd);
}

/* A socket leaves while its packets wait: they go nowhere, or the server would bind the socket again. */
WORLD_TEST(held_left, NULL)
{
	struct world_link *udp, *dtls;
	int left, stays;

	world_plain_up(w);
	w->server.reaction[WORLD_RESERVE] = WORLD_KEEPS;
	left = world_only(w, 5000);
	stays = world_only(w, 5001);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(world_program_sends(left, WORLD_SERVICE, 7000, "left"), 0);
		ck_assert_int_eq(world_program_sends(stays, WORLD_SERVICE, 7000, "stays"), 0);
	}
	world_turn(w);
	ck_assert_int_eq(world_counter(w, "held"), 6);
	world_level(w, left, TSCF_LEVEL_UNENCRYPTED);
	WORLD_UNTIL(w, 1000, world_mark(w, left) == TSCF_LEVEL_UNENCRYPTED);
	udp = world_link(w, WORLD_UDP);
	ck_assert_uint_eq(udp->inner, 0);
	w->server.reaction[WORLD_RESERVE] = WORLD_ANSWERS;
	world_answer_all(w, false);
	WORLD_UNTIL(w, 1000, state_is(w, "up"));
	dtls = world_link(w, WORLD_DTLS);
	ck_assert_uint_eq(dtls->inner, 3);
	ck_assert_mem_eq(dtls->last + 28, "stays", 5);
	ck_assert_int_eq(world_counter(w, "hold_dropped"), 3);
	ck_assert_int_eq(world_program_sends(left, WORLD_SERVICE, 7000, "left"), 0);
	world_turn(w);
	ck_assert_uint_eq(udp->inner, 1);
	ck_assert(world_arrives(udp, left, 5000) && !world_bound(w, 5000));
	close(left);
	close(stays);
}

/* It closes: its last words are sent, and what they bind at the server is ended. */
WORLD_TEST(held_closed, NULL)
{
	unsigned told;
	int fd, other;

	world_plain_up(w);
	w->server.reaction[WORLD_RESERVE] = WORLD_KEEPS;
	fd = world_only(w, 5000);
	other = world_only(w, 5001);
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "last"), 0);
	world_turn(w);
	world_close(w, fd);
	world_pass(w, 1000);
	w->server.reaction[WORLD_RESERVE] = WORLD_ANSWERS;
	world_answer_all(w, false);
	WORLD_UNTIL(w, 1000, state_is(w, "up"));
	ck_assert_uint_eq(world_link(w, WORLD_DTLS)->inner, 1);
	told = w->server.count[WORLD_BIND];
	world_pass(w, 6000);
	ck_assert_uint_gt(w->server.count[WORLD_BIND], told);
	ck_assert(!world_bound(w, 5000) && world_bound(w, 5001));
	close(other);
}

/* --- down --- */

WORLD_TEST(down, NULL)
{
	int only = world_encrypted_up(w, 5000), plain = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5001);
	struct world_link *udp = world_link(w, WORLD_UDP), *dtls = world_link(w, WORLD_DTLS);
	uint8_t data[64];
	uint32_t length;

	world_pass(w, 4000);
	ck_assert(world_arrives(dtls, only, 5000) && world_arrives(udp, plain, 5001));
	ck_assert(!world_arrives(udp, only, 5000));
	ck_assert_int_eq(world_counter(w, "down_clear_refused"), 1);
	/* Not an address of this client; cut off; marked by a router, and with nothing in it that could tell that. */
	length = world_packet(data, "10.1.0.77", 5001);
	world_link_receive(udp, data, length);
	ck_assert_int_eq(world_counter(w, "down_spoofed"), 1);
	length = world_packet(data, WORLD_PLAIN, 5001);
	world_link_receive(udp, data, length - 8);
	ck_assert_int_eq(world_counter(w, "malformed"), 1);
	length = world_packet(data, WORLD_PLAIN, 5001);
	world_link_receive_gso(udp, data, length, 0, 3);
	ck_assert_int_eq(world_counter(w, "down_congestion"), 1);
	close(only);
	close(plain);
}

/* Several in one, each judged by itself. */
WORLD_TEST(down_run, NULL)
{
	uint8_t data[3 * 64];
	uint32_t length = 0;
	int fd, n = 0;
	char got[64];

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	length += world_packet(data + length, WORLD_PLAIN, 5000);
	length += world_packet(data + length, "10.1.0.77", 5000);
	length += world_packet(data + length, WORLD_PLAIN, 5000);
	world_link_receive_gso(world_link(w, WORLD_UDP), data, length, length / 3, 0);
	world_turn(w);
	while (recv(fd, got, sizeof(got), MSG_DONTWAIT) > 0)
		n++;
	ck_assert_int_eq(n, 2);
	ck_assert_int_eq(world_counter(w, "down_spoofed"), 1);
	close(fd);
}

/* Before the tunnel is configured nothing is delivered. */
static void lose_configuration(struct client_world *w)
{
	w->server.reaction[WORLD_CONFIGURE] = WORLD_LOSES;
}

WORLD_TEST(down_too_early, lose_configuration)
{
	uint8_t data[64];

	world_turn(w);
	world_link_receive(world_link(w, WORLD_UDP), data, world_packet(data, WORLD_PLAIN, 5000));
	ck_assert_int_eq(world_counter(w, "down_plain"), 0);
	ck_assert_int_ge(world_counter(w, "down_no_tunnel") + world_counter(w, "down_spoofed"), 1);
}

/* The tunnel ends with a message in the middle of a run: what follows it is nobody's. */
WORLD_TEST(down_after_the_end, NULL)
{
	uint8_t data[200];
	struct tscf_writer t;
	uint32_t first, length;
	int fd;

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	w->server.reaction[WORLD_RESUME] = WORLD_LOSES;
	world_begin(world_link(w, WORLD_UDP), &t, data, TSCF_RELEASE_REQUEST);
	tscf_write_pad(&t, 36);
	ck_assert_int_eq(tscf_write_finish(&t), 36);
	first = tscf_seal_close(world_seal(w, w->server.tsid), data, 36);
	length = first + world_packet(data + first, WORLD_PLAIN, 5000);
	world_link_receive_gso(world_link(w, WORLD_UDP), data, length, first, 0);
	world_turn(w);
	ck_assert_int_eq(recv(fd, data, sizeof(data), MSG_DONTWAIT), -1);
	close(fd);
}

/* --- the device --- */

/* Somebody takes a device away: it is made again, with all that belongs to it. */
WORLD_TEST(device_gone, NULL)
{
	int only = world_encrypted_up(w, 5000), plain = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5001);

	tscf_netns_run("ip link del %s", w->i ? "tscf1" : "tscf0");
	world_pass(w, 3000);
	ck_assert_int_eq(world_program_sends(only, WORLD_SERVICE, 7000, "only"), 0);
	ck_assert_int_eq(world_program_sends(plain, WORLD_SERVICE, 7000, "plain"), 0);
	world_turn(w);
	ck_assert_uint_eq(world_link(w, WORLD_DTLS)->inner, 1);
	ck_assert_uint_eq(world_link(w, WORLD_UDP)->inner, 1);
	ck_assert(world_arrives(world_link(w, WORLD_DTLS), only, 5000));
	ck_assert(world_arrives(world_link(w, WORLD_UDP), plain, 5001));
	close(only);
	close(plain);
}

/* --- sizes --- */

static long mtu(struct client_world *w)
{
	return strtol(world_status(w, "plain.mtu"), NULL, 10);
}

static bool confirmed(struct client_world *w)
{
	return strcmp(world_status(w, "plain.mtu_confirmed"), "true") == 0;
}

/* The MTU that the server was told last, or 0. */
static uint16_t told(struct client_world *w, enum world_ask ask)
{
	struct tscf_message m = world_last(w, ask);
	struct tscf_tlv tlv;
	uint16_t size = 0;

	if (tscf_message_find(&m, TSCF_TLV_MTU, &tlv))
		ck_assert_int_eq(tscf_tlv_u16(&tlv, &size), 0);
	return size;
}

WORLD_TEST(mtu_confirmed, NULL)
{
	world_plain_up(w);
	ck_assert_int_eq(mtu(w), 1340);
	ck_assert(confirmed(w));
	int fd = world_encrypted_up(w, 5000);
	WORLD_UNTIL(w, 1000, w->server.count[WORLD_KEEPALIVE_ENCRYPTED] > 0);
	ck_assert_uint_eq(told(w, WORLD_KEEPALIVE_ENCRYPTED), 1340);
	close(fd);
}

static void narrow_path(struct client_world *w)
{
	w->server.path_mtu = 1300;
	w->server.plain6 = w->i ? WORLD_PLAIN6 : NULL;
}

/* The path loses large packets without a word: the size that fits is found, though IPv6 needs its least. */
WORLD_TEST(narrow, narrow_path)
{
	world_plain_up(w);
	world_pass(w, 30000);
	if (w->i) {
		ck_assert_int_eq(mtu(w), 1280);
		return;
	}
	ck_assert_int_lt(mtu(w), 1300);
	ck_assert_int_gt(mtu(w), 1200);
	ck_assert(confirmed(w));
	/* A packet of that size goes, one that is larger does not go whole. */
	char text[1400] = {0};
	int fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	memset(text, 'x', (size_t)mtu(w) - 28);
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, text), 0);
	world_turn(w);
	ck_assert_uint_eq(world_link(w, WORLD_UDP)->inner, 1);
	close(fd);
}

/* It becomes narrow while the tunnel is used: noticed by the probes that go on. */
WORLD_TEST(becomes_narrow, NULL)
{
	int fd;

	world_plain_up(w);
	w->server.plain6 = NULL;
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	w->server.path_mtu = 1330;
	for (unsigned i = 0; i < 100 && mtu(w) == 1340; i++) {
		world_program_sends(fd, WORLD_SERVICE, 7000, "x");
		world_pass(w, 500);
	}
	ck_assert_int_lt(mtu(w), 1340);
	ck_assert(strcmp(world_status(w, "plain.state"), "up") == 0);
	close(fd);
}

/* This host's own link becomes narrow, and wide again. */
WORLD_TEST(link_changes, NULL)
{
	world_plain_up(w);
	w->server.path_mtu = 1380 - 28;
	tscf_netns_run("ip link set out0 mtu 1380");
	WORLD_UNTIL(w, 5000, mtu(w) < 1340);
	w->server.path_mtu = 0;
	tscf_netns_run("ip link set out0 mtu 1500");
	WORLD_UNTIL(w, 5000, mtu(w) == 1340);
}

static const struct {
	unsigned config;
	uint16_t server;
	long mtu;
} limits[] = {{1400, 0, 1400},    {0, 1340, 1340}, {1200, 1340, 1200},
	      {1300, 1340, 1300}, {0, 1300, 1300}, {1340, 100, 1340}};

static void limit(struct client_world *w)
{
	w->config.mtu = limits[w->i].config;
	w->server.mtu = limits[w->i].server;
	/* IPv6 needs more than some of them. */
	w->server.plain6 = NULL;
}

WORLD_TEST(limited, limit)
{
	world_plain_up(w);
	ck_assert_int_eq(mtu(w), limits[w->i].mtu);
}

static void by_stream(struct client_world *w)
{
	w->config.servers.all.transport = CLIENT_TRANSPORT_TCP;
}

/* By a stream nothing can be found out: what this host knows counts, and the server is told. */
WORLD_TEST(mtu_of_stream, by_stream)
{
	world_plain_up(w);
	ck_assert_int_eq(mtu(w), 1340);
	WORLD_UNTIL(w, 1000, told(w, WORLD_KEEPALIVE) == 1340);
}

/* A refusal is shorter than the probe, and says nothing of the path. */
WORLD_TEST(probe_refused, NULL)
{
	w->server.code[WORLD_KEEPALIVE] = TSCF_RESPONSE_NOT_ALLOWED;
	world_turn(w);
	world_pass(w, 10000);
	ck_assert(!confirmed(w));
	ck_assert(strcmp(world_status(w, "plain.state"), "up") == 0);
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("client path");
	TCase *upward = tcase_create("up"), *downward = tcase_create("down"), *sizes = tcase_create("sizes");

	tcase_add_test(upward, up);
	tcase_add_test(upward, up_spoofed);
	tcase_add_test(upward, up_spoofed_by_many);
	tcase_add_test(upward, up_without_tunnel);
	tcase_add_test(upward, up_turned);
	tcase_add_test(upward, up_turned_without_tunnel);
	tcase_add_test(upward, up_many);
	tcase_add_test(upward, held_too_many);
	tcase_add_test(upward, held_left);
	tcase_add_test(upward, held_closed);
	tcase_add_test(downward, down);
	tcase_add_test(downward, down_run);
	tcase_add_test(downward, down_too_early);
	tcase_add_test(downward, down_after_the_end);
	tcase_add_loop_test(downward, device_gone, 0, 2);
	tcase_add_test(sizes, mtu_confirmed);
	tcase_add_loop_test(sizes, narrow, 0, 2);
	tcase_add_test(sizes, becomes_narrow);
	tcase_add_test(sizes, link_changes);
	tcase_add_loop_test(sizes, limited, 0, sizeof(limits) / sizeof(*limits));
	tcase_add_test(sizes, mtu_of_stream);
	tcase_add_test(sizes, probe_refused);
	suite_add_tcase(s, upward);
	suite_add_tcase(s, downward);
	suite_add_tcase(s, sizes);
	return s;
}

int main(void)
{
	return world_main(make_suite);
}

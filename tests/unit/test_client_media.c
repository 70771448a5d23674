/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client's half of DDT: when media of a tunnel on a stream gets a way of datagrams, what goes by it, and what
 * becomes of it when it does not answer, is refused, or is not needed any more.
 */
#include "tests/unit/client_world.h"

#include "common/base/datagram.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define EF 0xb8

static void by_stream(struct client_world *w)
{
	w->config.servers.all.transport = CLIENT_TRANSPORT_TCP;
	w->config.persistence = 5;
}

static void by_datagrams(struct client_world *w)
{
	w->config.servers.all.transport = CLIENT_TRANSPORT_UDP;
}

static void without(struct client_world *w)
{
	by_stream(w);
	w->config.ddt_dscps = 0;
}

static void set_tos(int fd, int tos)
{
	ck_assert_int_eq(setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)), 0);
}

/* A socket that sends media. */
static int media_socket(uint16_t port)
{
	int fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, port);

	set_tos(fd, EF);
	return fd;
}

static bool speaks(struct client_world *w, int fd)
{
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "voice"), 0);
	world_pass(w, 20);
	return true;
}

static bool media_is(struct client_world *w, const char *tunnel, const char *state)
{
	char path[32];

	snprintf(path, sizeof(path), "%s.media.state", tunnel);
	return strcmp(world_status(w, path), state) == 0;
}

/* A packet of @p fd is sent by a link of @p kind. */
static bool goes_by(struct client_world *w, int fd, enum world_kind kind)
{
	struct world_link *l = world_link(w, kind);
	unsigned before = l ? l->inner : 0;

	speaks(w, fd);
	return l && l == world_link(w, kind) && l->inner == before + 1;
}

/* A plain tunnel by TCP, with media by UDP.  @return its socket. */
static int plain_media(struct client_world *w)
{
	int fd;

	world_plain_up(w);
	fd = media_socket(5004);
	WORLD_UNTIL(w, 2000, speaks(w, fd) && media_is(w, "plain", "up"));
	return fd;
}

/* The first media packet asks, by the stream; only media leaves it, and what comes by the way is delivered. */
WORLD_TEST(leaves, by_stream)
{
	struct tscf_message m;
	struct tscf_tlv tlv;
	int fd, sip;

	world_plain_up(w);
	sip = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5060);
	ck_assert(goes_by(w, sip, WORLD_TCP));
	world_pass(w, 1000);
	ck_assert_uint_eq(w->server.count[WORLD_OFFER_MEDIA], 0);
	fd = plain_media(w);
	m = world_last(w, WORLD_OFFER_MEDIA);
	ck_assert(tscf_message_find(&m, TSCF_TLV_RESERVATION_HASH, &tlv));
	ck_assert(!tscf_message_find(&m, TSCF_TLV_RESERVATION_SECRET, &tlv));
	m = world_last(w, WORLD_OPEN_MEDIA);
	ck_assert_uint_eq(m.tsid, w->server.tsid);
	m = world_last(w, WORLD_KEEPALIVE);
	ck_assert(tscf_message_find(&m, TSCF_TLV_COOKIE, &tlv));
	ck_assert(goes_by(w, fd, WORLD_UDP));
	ck_assert(goes_by(w, sip, WORLD_TCP));
	ck_assert(world_arrives(world_link(w, WORLD_UDP), fd, 5004));
	ck_assert(world_arrives(world_link(w, WORLD_TCP), fd, 5004));
	ck_assert_int_gt(world_counter(w, "up_media"), 0);
	ck_assert_int_eq(world_counter(w, "down_media"), 1);
	ck_assert_str_eq(world_status(w, "plain.transport"), "tcp");
	ck_assert_str_eq(world_status(w, "plain.media.transport"), "udp");
	/* There and back, as its packets say. */
	for (unsigned i = 0; i < 500; i++) {
		set_tos(fd, i % 2 ? EF : 0);
		ck_assert(goes_by(w, fd, i % 2 ? WORLD_UDP : WORLD_TCP));
	}
	close(fd);
	close(sip);
}

static bool sends(struct client_world *w, int fd, const void *data, size_t length)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(7000)};

	ck_assert_int_eq(inet_pton(AF_INET, WORLD_SERVICE, &to.sin_addr), 1);
	ck_assert_int_eq(sendto(fd, data, length, 0, (struct sockaddr *)&to, sizeof(to)), (ssize_t)length);
	world_pass(w, 20);
	return true;
}

static bool sends_rtp(struct client_world *w, int fd, uint16_t sequence)
{
	const uint8_t packet[172] = {0x80, 0, (uint8_t)(sequence >> 8), (uint8_t)sequence, 0, 0, 0, 0, 1, 2, 3, 4};

	return sends(w, fd, packet, sizeof(packet));
}

/* A program that sets no DSCP: the shape of RTP shows its media. */
WORLD_TEST(by_shape, by_stream)
{
	static const uint8_t sip[172] = "REGISTER sip:service.example SIP/2.0";
	uint16_t sequence = 65530;
	int fd, other;

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5004);
	other = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5060);
	for (unsigned i = 0; i < 100; i++)
		sends(w, other, sip, sizeof(sip));
	ck_assert_uint_eq(w->server.count[WORLD_OFFER_MEDIA], 0);
	WORLD_UNTIL(w, 2000, sends_rtp(w, fd, sequence++) && media_is(w, "plain", "up"));
	ck_assert(!goes_by(w, other, WORLD_UDP));
	sends_rtp(w, fd, sequence++);
	ck_assert_uint_gt(world_link(w, WORLD_UDP)->inner, 0);
	close(other);
	close(fd);
}

static void without_shape(struct client_world *w)
{
	by_stream(w);
	w->config.ddt_rtp = false;
}

WORLD_TEST(shape_is_not_looked_at, without_shape)
{
	int fd;

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5004);
	for (uint16_t i = 0; i < 100; i++)
		sends_rtp(w, fd, i);
	ck_assert_uint_eq(w->server.count[WORLD_OFFER_MEDIA], 0);
	close(fd);
}

/* Datagrams are blocked at first: tried as long as media flows, and up soon after they get through. */
WORLD_TEST(blocked_at_first, by_stream)
{
	int fd;

	world_plain_up(w);
	fd = media_socket(5004);
	w->server.reaction[WORLD_OPEN_MEDIA] = WORLD_LOSES;
	for (unsigned i = 0; i < 250; i++)
		ck_assert(goes_by(w, fd, WORLD_TCP));
	ck_assert(media_is(w, "plain", "trying"));
	ck_assert_uint_eq(w->server.count[WORLD_OFFER_MEDIA], 1);
	w->server.reaction[WORLD_OPEN_MEDIA] = WORLD_ANSWERS;
	WORLD_UNTIL(w, 800, speaks(w, fd) && media_is(w, "plain", "up"));
	ck_assert(goes_by(w, fd, WORLD_UDP));
	close(fd);
}

/* The way does not answer any more: back on the stream within a second, while the tunnel stays; then by the way again.
 */
WORLD_TEST(blocked_later, by_stream)
{
	struct world_link *way, *stream;
	int fd = plain_media(w);
	uint64_t begin;

	stream = world_link(w, WORLD_TCP);
	way = world_link(w, WORLD_UDP);
	way->up = false;
	begin = world_now();
	w->server.reaction[WORLD_OPEN_MEDIA] = WORLD_LOSES;
	WORLD_UNTIL(w, 1000, speaks(w, fd) && !media_is(w, "plain", "up"));
	ck_assert_uint_lt(world_now() - begin, 1000);
	ck_assert(!way->open);
	ck_assert(goes_by(w, fd, WORLD_TCP));
	ck_assert_ptr_eq(world_link(w, WORLD_TCP), stream);
	w->server.reaction[WORLD_OPEN_MEDIA] = WORLD_ANSWERS;
	WORLD_UNTIL(w, 1000, speaks(w, fd) && media_is(w, "plain", "up"));
	/* Used up: another secret was offered. */
	ck_assert_uint_eq(w->server.count[WORLD_OFFER_MEDIA], 2);
	ck_assert_str_eq(world_status(w, "plain.media.opened"), "2");
	ck_assert_str_eq(world_status(w, "plain.state"), "up");
	close(fd);
}

/* The server does not have it, or has lost the offer. */
WORLD_TEST(refused, by_stream)
{
	int fd;

	world_plain_up(w);
	fd = media_socket(5004);
	w->server.code[WORLD_OFFER_MEDIA] = w->i ? TSCF_RESPONSE_MALFORMED : TSCF_RESPONSE_SERVICE_UNAVAILABLE;
	WORLD_UNTIL(w, 1000, speaks(w, fd) && media_is(w, "plain", "refused"));
	for (unsigned i = 0; i < 100; i++)
		ck_assert(goes_by(w, fd, WORLD_TCP));
	ck_assert_uint_eq(w->server.count[WORLD_OFFER_MEDIA], 1);
	ck_assert_ptr_null(world_link(w, WORLD_UDP));
	/* Another tunnel asks again. */
	w->server.code[WORLD_OFFER_MEDIA] = TSCF_RESPONSE_SUCCESS;
	w->server.code[WORLD_OPEN_MEDIA] = TSCF_RESPONSE_RESERVATION;
	world_link_down(world_link(w, WORLD_TCP), 104);
	WORLD_UNTIL(w, 20000, world_plain_is_up(w));
	WORLD_UNTIL(w, 3000, speaks(w, fd) && w->server.count[WORLD_OFFER_MEDIA] >= 3);
	w->server.code[WORLD_OPEN_MEDIA] = TSCF_RESPONSE_SUCCESS;
	WORLD_UNTIL(w, 3000, speaks(w, fd) && media_is(w, "plain", "up"));
	close(fd);
}

/* Not wanted, or not needed: nothing is asked. */
static void nothing_is_asked(struct client_world *w, enum world_kind way)
{
	int fd;

	world_plain_up(w);
	fd = media_socket(5004);
	for (unsigned i = 0; i < 50; i++)
		ck_assert(goes_by(w, fd, way));
	ck_assert_uint_eq(w->server.count[WORLD_OFFER_MEDIA], 0);
	close(fd);
}

WORLD_TEST(not_wanted, without)
{
	nothing_is_asked(w, WORLD_TCP);
}

WORLD_TEST(not_needed, by_datagrams)
{
	nothing_is_asked(w, WORLD_UDP);
}

/* Without media the way is closed after the persistence time, and kept alive until then. */
WORLD_TEST(idle, by_stream)
{
	int fd = plain_media(w);

	world_pass(w, 4500);
	ck_assert(media_is(w, "plain", "up"));
	world_pass(w, 1000);
	ck_assert_ptr_null(world_link(w, WORLD_UDP));
	ck_assert(world_plain_is_up(w));
	WORLD_UNTIL(w, 1000, speaks(w, fd) && media_is(w, "plain", "up"));
	close(fd);
}

/* The tunnel goes on by another connection: a new way, since the network may be another one. */
WORLD_TEST(tunnel_moves, by_stream)
{
	struct world_link *way;
	int fd = plain_media(w);

	way = world_link(w, WORLD_UDP);
	world_link_down(world_link(w, WORLD_TCP), 104);
	WORLD_UNTIL(w, 20000, speaks(w, fd) && world_plain_is_up(w) && media_is(w, "plain", "up"));
	ck_assert(!way->open);
	ck_assert_ptr_ne(world_link(w, WORLD_UDP), way);
	close(fd);
}

/* Media of an encrypted-only socket goes from TLS to DTLS; the plain tunnel's way is not its. */
WORLD_TEST(encrypted, by_stream)
{
	int plain = plain_media(w), fd = world_encrypted_up(w, 5006);
	struct world_link *clear = world_link(w, WORLD_UDP);
	unsigned before;

	set_tos(fd, EF);
	WORLD_UNTIL(w, 2000, speaks(w, fd) && media_is(w, "encrypted", "up"));
	before = clear->inner;
	for (unsigned i = 0; i < 50; i++)
		ck_assert(goes_by(w, fd, WORLD_DTLS));
	ck_assert(world_arrives(world_link(w, WORLD_DTLS), fd, 5006));
	/* Lost, it is on TLS. */
	w->reception[WORLD_DTLS] = WORLD_SILENT;
	world_link_down(world_link(w, WORLD_DTLS), 104);
	for (unsigned i = 0; i < 100; i++)
		ck_assert(goes_by(w, fd, WORLD_TLS));
	w->reception[WORLD_DTLS] = WORLD_ACCEPTS;
	WORLD_UNTIL(w, 1000, speaks(w, fd) && media_is(w, "encrypted", "up"));
	ck_assert_uint_eq(clear->inner, before);
	ck_assert_str_eq(world_status(w, "encrypted.transport"), "tls");
	ck_assert_str_eq(world_status(w, "encrypted.media.transport"), "dtls");
	close(plain);
	close(fd);
}

static void prefer(struct client_world *w, int fd, enum tscf_datagram datagram)
{
	const struct tscf_control_request request = {.op = TSCF_CONTROL_SET_DATAGRAM, .level = datagram};

	ck_assert_int_eq(world_ask_as(w, &request, fd, getpid(), 0)->error, 0);
	world_pass(w, 100);
}

/* A socket says by itself whether its packets leave, whatever their DSCP. */
WORLD_TEST(asked_for, by_stream)
{
	int plain, media;

	world_plain_up(w);
	plain = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5070);
	media = media_socket(5004);
	prefer(w, media, TSCF_DATAGRAM_NEVER);
	for (unsigned i = 0; i < 50; i++)
		ck_assert(goes_by(w, media, WORLD_TCP));
	ck_assert_uint_eq(w->server.count[WORLD_OFFER_MEDIA], 0);
	prefer(w, plain, TSCF_DATAGRAM_PREFERRED);
	WORLD_UNTIL(w, 2000, speaks(w, plain) && media_is(w, "plain", "up"));
	ck_assert(goes_by(w, plain, WORLD_UDP));
	ck_assert(goes_by(w, media, WORLD_TCP));
	prefer(w, plain, TSCF_DATAGRAM_DEFAULT);
	ck_assert(goes_by(w, plain, WORLD_TCP));
	prefer(w, media, TSCF_DATAGRAM_DEFAULT);
	ck_assert(goes_by(w, media, WORLD_UDP));
	close(plain);
	close(media);
}

/* Refused by the server, which does not have the service: the packets decide. */
WORLD_TEST(asked_for_in_vain, by_stream)
{
	int fd;

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5070);
	w->server.refuses_sockets = TSCF_RESPONSE_SERVICE_UNAVAILABLE;
	prefer(w, fd, TSCF_DATAGRAM_PREFERRED);
	for (unsigned i = 0; i < 50; i++)
		ck_assert(goes_by(w, fd, WORLD_TCP));
	ck_assert_uint_eq(w->server.count[WORLD_OFFER_MEDIA], 0);
	close(fd);
}

static bool hears(struct client_world *w, int fd, enum world_kind kind)
{
	ck_assert(world_arrives(world_link(w, kind), fd, 5070));
	world_pass(w, 20);
	return true;
}

/* A socket that only receives has the way opened when something comes for it, and what comes by the way keeps it. */
WORLD_TEST(only_receives, by_stream)
{
	int fd;

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5070);
	for (unsigned i = 0; i < 20; i++)
		hears(w, fd, WORLD_TCP);
	ck_assert_uint_eq(w->server.count[WORLD_OFFER_MEDIA], 0);
	prefer(w, fd, TSCF_DATAGRAM_PREFERRED);
	WORLD_UNTIL(w, 2000, hears(w, fd, WORLD_TCP) && media_is(w, "plain", "up"));
	for (unsigned i = 0; i < 500; i++)
		hears(w, fd, WORLD_UDP);
	ck_assert(media_is(w, "plain", "up"));
	WORLD_UNTIL(w, 6000, !world_link(w, WORLD_UDP));
	close(fd);
}

static bool has_heard(const struct world_call *call, bool available, bool enabled)
{
	const struct tscf_control_event *e = &call->event[0];

	return call->events > 0 && e->type == TSCF_CONTROL_EVENT_DDT && e->available == available &&
	       e->enabled == enabled;
}

/* A program hears when its packets leave the stream, and when they do not. */
WORLD_TEST(watched, by_stream)
{
	struct world_call *call;
	int fd;

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5070);
	call = world_call(w, TSCF_CONTROL_SUBSCRIBE, -1);
	world_ask_again(w, call, TSCF_CONTROL_WATCH, fd, 0);
	prefer(w, fd, TSCF_DATAGRAM_PREFERRED);
	ck_assert(!has_heard(call, true, true));
	WORLD_UNTIL(w, 2000, speaks(w, fd) && has_heard(call, true, true));
	ck_assert(media_is(w, "plain", "up"));
	world_link(w, WORLD_UDP)->up = false;
	w->server.reaction[WORLD_OPEN_MEDIA] = WORLD_LOSES;
	WORLD_UNTIL(w, 2000, speaks(w, fd) && has_heard(call, true, false));
	w->server.reaction[WORLD_OPEN_MEDIA] = WORLD_ANSWERS;
	WORLD_UNTIL(w, 2000, speaks(w, fd) && has_heard(call, true, true));
	prefer(w, fd, TSCF_DATAGRAM_NEVER);
	WORLD_UNTIL(w, 1000, has_heard(call, true, false));
	w->server.refuses_sockets = TSCF_RESPONSE_SERVICE_UNAVAILABLE;
	prefer(w, fd, TSCF_DATAGRAM_PREFERRED);
	WORLD_UNTIL(w, 1000, has_heard(call, false, false));
	close(fd);
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("client_media");
	TCase *t = tcase_create("media");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, leaves);
	tcase_add_test(t, by_shape);
	tcase_add_test(t, shape_is_not_looked_at);
	tcase_add_test(t, blocked_at_first);
	tcase_add_test(t, blocked_later);
	tcase_add_loop_test(t, refused, 0, 2);
	tcase_add_test(t, not_wanted);
	tcase_add_test(t, not_needed);
	tcase_add_test(t, idle);
	tcase_add_test(t, tunnel_moves);
	tcase_add_test(t, encrypted);
	tcase_add_test(t, asked_for);
	tcase_add_test(t, asked_for_in_vain);
	tcase_add_test(t, only_receives);
	tcase_add_test(t, watched);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return world_main(make_suite);
}

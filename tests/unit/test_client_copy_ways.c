/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client's half of redundancy on streams: when a tunnel gets copy ways beside its stream, what goes by them, that
 * one copy of each packet is delivered, and what becomes of the ways when they stall, end, are refused or not needed;
 * and sockets that have them take turns.
 */
#include "tests/unit/client_world.h"

#include "common/base/redundancy.h"
#include "common/packet/copy.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void by_stream(struct client_world *w)
{
	w->config.servers.all.transport = CLIENT_TRANSPORT_TCP;
	w->config.persistence = 5;
}

static void by_datagrams(struct client_world *w)
{
	w->config.servers.all.transport = CLIENT_TRANSPORT_UDP;
}

static void ask(struct client_world *w, int fd, uint8_t redundancy)
{
	const struct tscf_control_request request = {.op = TSCF_CONTROL_SET_REDUNDANCY, .level = redundancy};

	ck_assert_int_eq(world_ask_as(w, &request, fd, getpid(), 0)->error, 0);
}

static bool speaks(struct client_world *w, int fd)
{
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "voice"), 0);
	world_pass(w, 20);
	return true;
}

/** @return the @p n th open link of @p kind, the oldest being 0, or NULL. */
static struct world_link *nth(struct client_world *w, enum world_kind kind, unsigned n)
{
	for (unsigned i = 0; i < w->link_count; i++)
		if (w->links[i]->open && w->links[i]->kind == kind && n-- == 0)
			return w->links[i];
	return NULL;
}

static unsigned links(struct client_world *w, enum world_kind kind)
{
	unsigned count = 0;

	while (nth(w, kind, count))
		count++;
	return count;
}

/** @return how many copy ways of @p tunnel are up. */
static unsigned ways_up(struct client_world *w, const char *tunnel)
{
	unsigned count = 0;
	char path[40];

	for (unsigned i = 0; i < TSCF_REDUNDANCY_STREAMS; i++) {
		snprintf(path, sizeof(path), "%s.copy_ways.%u.state", tunnel, i);
		count += strcmp(world_status(w, path), "up") == 0;
	}
	return count;
}

/** @return the number of the copy that was sent last by @p l; it must be one. */
static uint64_t last_number(const struct world_link *l)
{
	uint64_t number;

	ck_assert_int_eq(tscf_copy_read(l->last, l->last_length, &number), 0);
	ck_assert_uint_eq(l->last[TSCF_COPY_HEADER] >> 4, 4);
	return number;
}

/** A plain tunnel by TCP and a socket with @p redundancy that speaks, with @p streams connections.  @return it. */
static int plain_copies(struct client_world *w, uint8_t redundancy, unsigned streams)
{
	int fd;

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	ask(w, fd, redundancy);
	WORLD_UNTIL(w, 3000, speaks(w, fd) && ways_up(w, "plain") == streams - 1);
	ck_assert_uint_eq(links(w, WORLD_TCP), streams);
	speaks(w, fd);
	return fd;
}

/** Copy @p number of a packet for port 5000 comes by @p l.  @return whether it reaches @p fd. */
static bool copy_arrives(struct world_link *l, int fd, uint64_t number)
{
	uint8_t data[TSCF_COPY_HEADER + 64];
	char got[64];

	tscf_copy_write(number, data);
	world_link_receive(l, data, TSCF_COPY_HEADER + world_packet(data + TSCF_COPY_HEADER, WORLD_PLAIN, 5000));
	world_turn(l->world);
	return recv(fd, got, sizeof(got), MSG_DONTWAIT) == 8 && memcmp(got, "a packet", 8) == 0;
}

/* The first packet of a socket with redundancy asks, by the stream; then each goes by all connections, and those of
 * other sockets by the one. */
WORLD_TEST(each_by_all, by_stream)
{
	static const uint8_t redundancy[] = {TSCF_REDUNDANCY_AUTO, 1, 2, 3, 4};
	const unsigned streams = tscf_redundancy_streams(redundancy[w->i]);
	struct tscf_message m;
	struct tscf_tlv tlv;
	int fd, other;

	world_plain_up(w);
	other = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5060);
	for (unsigned i = 0; i < 50; i++)
		speaks(w, other);
	ck_assert_uint_eq(w->server.count[WORLD_OFFER_COPIES], 0);
	fd = plain_copies(w, redundancy[w->i], streams);
	m = world_last(w, WORLD_OFFER_COPIES);
	ck_assert(tscf_message_find(&m, TSCF_TLV_RESERVATION_HASH, &tlv));
	ck_assert(!tscf_message_find(&m, TSCF_TLV_RESERVATION_SECRET, &tlv));
	m = world_last(w, WORLD_OPEN_COPIES);
	ck_assert_uint_eq(m.tsid, w->server.tsid);
	for (unsigned i = 0; i < 20; i++) {
		uint64_t number;

		speaks(w, fd);
		number = last_number(nth(w, WORLD_TCP, 0));
		speaks(w, fd);
		for (unsigned k = 0; k < streams; k++)
			ck_assert_uint_eq(last_number(nth(w, WORLD_TCP, k)), number + 1);
	}
	speaks(w, other);
	ck_assert_uint_eq(nth(w, WORLD_TCP, 0)->last[0] >> 4, 4);
	ck_assert_uint_eq(nth(w, WORLD_TCP, 1)->last[0], TSCF_COPY_FIRST_BYTE);
	ck_assert_str_eq(world_status(w, "plain.copy_ways.0.transport"), "tcp");
	close(fd);
	close(other);
}

/* What comes is delivered once, by whichever connection it comes first. */
WORLD_TEST(first_counts, by_stream)
{
	int fd = plain_copies(w, 2, 2);
	struct world_link *stream = nth(w, WORLD_TCP, 0), *way = nth(w, WORLD_TCP, 1);

	ck_assert(copy_arrives(stream, fd, 100));
	ck_assert(!copy_arrives(way, fd, 100));
	ck_assert(copy_arrives(way, fd, 101));
	ck_assert(copy_arrives(way, fd, 102));
	ck_assert(!copy_arrives(stream, fd, 101));
	ck_assert(!copy_arrives(stream, fd, 102));
	ck_assert(copy_arrives(stream, fd, 103));
	ck_assert(world_arrives(stream, fd, 5000));
	ck_assert_int_eq(world_counter(w, "copies_dropped"), 3);
	close(fd);
}

/* A connection that has stalled gets none; when all have, the tunnel's own gets it, and it waits there. */
WORLD_TEST(stalled, by_stream)
{
	int fd = plain_copies(w, 2, 2);
	struct world_link *stream = nth(w, WORLD_TCP, 0), *way = nth(w, WORLD_TCP, 1);
	uint64_t before = last_number(stream);

	stream->stalled = true;
	for (unsigned i = 0; i < 20; i++)
		speaks(w, fd);
	ck_assert_uint_eq(last_number(stream), before);
	ck_assert_uint_eq(last_number(way), before + 20);
	way->stalled = true;
	speaks(w, fd);
	ck_assert_uint_eq(last_number(stream), before + 21);
	ck_assert_uint_eq(last_number(way), before + 20);
	stream->stalled = way->stalled = false;
	speaks(w, fd);
	ck_assert_uint_eq(last_number(stream), before + 22);
	ck_assert_uint_eq(last_number(way), before + 22);
	close(fd);
}

/* The last socket gives redundancy up, is closed, or says nothing for the persistence time. */
WORLD_TEST(not_needed_any_more, by_stream)
{
	int fd = plain_copies(w, 4, 4);

	ask(w, fd, TSCF_REDUNDANCY_NONE);
	WORLD_UNTIL(w, 1000, links(w, WORLD_TCP) == 1);
	ck_assert_str_eq(world_status(w, "plain.state"), "up");
	ask(w, fd, 2);
	WORLD_UNTIL(w, 3000, speaks(w, fd) && ways_up(w, "plain") == 1);
	world_pass(w, 4500);
	ck_assert_uint_eq(ways_up(w, "plain"), 1);
	world_pass(w, 1000);
	ck_assert_uint_eq(links(w, WORLD_TCP), 1);
	WORLD_UNTIL(w, 3000, speaks(w, fd) && ways_up(w, "plain") == 1);
	world_close(w, fd);
	WORLD_UNTIL(w, 1000, links(w, WORLD_TCP) == 1);
}

/* A way that ends is opened again; the tunnel's own connection that ends takes the ways along. */
WORLD_TEST(lost, by_stream)
{
	int fd = plain_copies(w, 2, 2);
	struct world_link *stream = nth(w, WORLD_TCP, 0);
	uint64_t number;

	world_link_down(nth(w, WORLD_TCP, 1), 104);
	speaks(w, fd);
	ck_assert_uint_eq(stream->last[0] >> 4, 4);
	WORLD_UNTIL(w, 3000, speaks(w, fd) && ways_up(w, "plain") == 1);
	ck_assert_uint_eq(w->server.count[WORLD_OFFER_COPIES], 2);
	ck_assert_ptr_eq(nth(w, WORLD_TCP, 0), stream);
	speaks(w, fd);
	number = last_number(stream);
	ck_assert(copy_arrives(stream, fd, 5000));
	world_link_down(stream, 104);
	WORLD_UNTIL(w, 20000, speaks(w, fd) && world_plain_is_up(w) && ways_up(w, "plain") == 1);
	ck_assert_uint_eq(links(w, WORLD_TCP), 2);
	speaks(w, fd);
	/* The server may have gone on, or begun anew; what it has of this client it has kept. */
	ck_assert_uint_gt(last_number(nth(w, WORLD_TCP, 0)), number);
	ck_assert(copy_arrives(nth(w, WORLD_TCP, 0), fd, 0));
	close(fd);
}

/* The server does not have it: everything stays on the one connection, and another tunnel asks again. */
WORLD_TEST(refused, by_stream)
{
	int fd;

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	ask(w, fd, 2);
	w->server.code[WORLD_OFFER_COPIES] = w->i ? TSCF_RESPONSE_MALFORMED : TSCF_RESPONSE_SERVICE_UNAVAILABLE;
	WORLD_UNTIL(w, 1000, speaks(w, fd) && w->server.count[WORLD_OFFER_COPIES] == 1);
	for (unsigned i = 0; i < 100; i++)
		speaks(w, fd);
	ck_assert_uint_eq(w->server.count[WORLD_OFFER_COPIES], 1);
	ck_assert_uint_eq(links(w, WORLD_TCP), 1);
	ck_assert_uint_eq(nth(w, WORLD_TCP, 0)->last[0] >> 4, 4);
	ck_assert_str_eq(world_status(w, "plain.copy_ways.0.state"), "refused");
	w->server.code[WORLD_OFFER_COPIES] = TSCF_RESPONSE_SUCCESS;
	world_link_down(nth(w, WORLD_TCP, 0), 104);
	WORLD_UNTIL(w, 20000, speaks(w, fd) && world_plain_is_up(w) && ways_up(w, "plain") == 1);
	close(fd);
}

/* Datagrams have repair packets instead. */
WORLD_TEST(not_by_datagrams, by_datagrams)
{
	int fd;

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	ask(w, fd, 2);
	for (unsigned i = 0; i < 50; i++)
		speaks(w, fd);
	ck_assert_uint_eq(w->server.count[WORLD_OFFER_COPIES], 0);
	close(fd);
}

/** @return how many packets went up by the connections of @p kind since the last call, each by one; in @p by, by which.
 */
static unsigned went_up(struct client_world *w, enum world_kind kind, unsigned by[TSCF_REDUNDANCY_STREAMS])
{
	static unsigned before[TSCF_REDUNDANCY_STREAMS];
	unsigned sum = 0;

	for (unsigned k = 0; k < TSCF_REDUNDANCY_STREAMS && nth(w, kind, k); k++) {
		by[k] = nth(w, kind, k)->inner - before[k];
		before[k] += by[k];
		sum += by[k];
	}
	return sum;
}

/* With balance each packet goes once, as it is, by one of four connections in turn; one that is late loses its turn. */
WORLD_TEST(in_turn, by_stream)
{
	int fd = plain_copies(w, TSCF_REDUNDANCY_BALANCE, TSCF_REDUNDANCY_STREAMS);
	unsigned by[TSCF_REDUNDANCY_STREAMS];

	went_up(w, WORLD_TCP, by);
	for (unsigned i = 0; i < 40; i++)
		speaks(w, fd);
	ck_assert_uint_eq(went_up(w, WORLD_TCP, by), 40);
	for (unsigned k = 0; k < TSCF_REDUNDANCY_STREAMS; k++) {
		ck_assert_uint_eq(by[k], 10);
		ck_assert_uint_eq(nth(w, WORLD_TCP, k)->last[0] >> 4, 4);
	}
	nth(w, WORLD_TCP, 2)->stalled = true;
	for (unsigned i = 0; i < 30; i++)
		speaks(w, fd);
	ck_assert_uint_eq(went_up(w, WORLD_TCP, by), 30);
	for (unsigned k = 0; k < TSCF_REDUNDANCY_STREAMS; k++)
		ck_assert_uint_eq(by[k], k == 2 ? 0 : 10);
	ck_assert_int_eq(world_counter(w, "balance_skipped"), 10);
	ck_assert_int_eq(world_counter(w, "copies_sent"), 0);
	/* What comes is delivered, by whichever it comes. */
	for (unsigned k = 0; k < TSCF_REDUNDANCY_STREAMS; k++)
		ck_assert(world_arrives(nth(w, WORLD_TCP, k), fd, 5000));
	close(fd);
}

/* A connection that ends leaves its share to the others until there is another. */
WORLD_TEST(in_turn_lost, by_stream)
{
	int fd = plain_copies(w, TSCF_REDUNDANCY_BALANCE, TSCF_REDUNDANCY_STREAMS);
	unsigned by[TSCF_REDUNDANCY_STREAMS];

	w->reception[WORLD_TCP] = WORLD_SILENT;
	world_link_down(nth(w, WORLD_TCP, 3), 104);
	went_up(w, WORLD_TCP, by);
	for (unsigned i = 0; i < 30; i++)
		speaks(w, fd);
	ck_assert_uint_eq(went_up(w, WORLD_TCP, by), 30);
	ck_assert(by[0] == 10 && by[1] == 10 && by[2] == 10);
	w->reception[WORLD_TCP] = WORLD_ACCEPTS;
	WORLD_UNTIL(w, 10000, speaks(w, fd) && ways_up(w, "plain") == TSCF_REDUNDANCY_STREAMS - 1);
	close(fd);
}

/* In datagrams balance adds nothing, and there is nothing to open. */
WORLD_TEST(in_turn_not_by_datagrams, by_datagrams)
{
	int fd;

	world_plain_up(w);
	fd = world_socket(SOCK_DGRAM, WORLD_PLAIN, 5000);
	ask(w, fd, TSCF_REDUNDANCY_BALANCE);
	WORLD_UNTIL(w, 1000, strcmp(world_status(w, "redundancy.granted"), "1") == 0);
	for (unsigned i = 0; i < 50; i++)
		speaks(w, fd);
	ck_assert_int_eq(world_counter(w, "repairs_sent"), 0);
	ck_assert_uint_eq(w->server.count[WORLD_OFFER_COPIES], 0);
	ck_assert(world_arrives(nth(w, WORLD_UDP, 0), fd, 5000));
	/* The same socket with a factor. */
	ask(w, fd, 1);
	WORLD_UNTIL(w, 1000, speaks(w, fd) && world_counter(w, "repairs_sent") > 0);
	close(fd);
}

/* With balance, too, packets of an encrypted-only socket go by TLS, whatever becomes of it. */
WORLD_TEST(in_turn_encrypted, by_stream)
{
	int plain = plain_copies(w, TSCF_REDUNDANCY_BALANCE, TSCF_REDUNDANCY_STREAMS), fd = world_encrypted_up(w, 5006);
	unsigned by[TSCF_REDUNDANCY_STREAMS];

	ask(w, fd, TSCF_REDUNDANCY_BALANCE);
	WORLD_UNTIL(w, 3000, speaks(w, fd) && ways_up(w, "encrypted") == TSCF_REDUNDANCY_STREAMS - 1);
	went_up(w, WORLD_TCP, by);
	for (unsigned k = 0; k < TSCF_REDUNDANCY_STREAMS; k++)
		nth(w, WORLD_TLS, k)->stalled = true;
	for (unsigned i = 0; i < 50; i++)
		speaks(w, fd);
	ck_assert_uint_eq(went_up(w, WORLD_TCP, by), 0);
	ck_assert_uint_ge(nth(w, WORLD_TLS, 0)->inner, 50);
	close(plain);
	close(fd);
}

/* Copies of an encrypted-only socket go by TLS only, beside plain ones. */
WORLD_TEST(encrypted, by_stream)
{
	int plain = plain_copies(w, 2, 2), fd = world_encrypted_up(w, 5006);
	unsigned before;

	ask(w, fd, 3);
	WORLD_UNTIL(w, 3000, speaks(w, fd) && ways_up(w, "encrypted") == 2);
	before = nth(w, WORLD_TCP, 0)->inner + nth(w, WORLD_TCP, 1)->inner;
	for (unsigned i = 0; i < 50; i++)
		speaks(w, fd);
	ck_assert_uint_eq(nth(w, WORLD_TCP, 0)->inner + nth(w, WORLD_TCP, 1)->inner, before);
	ck_assert_uint_eq(links(w, WORLD_TLS), 3);
	for (unsigned k = 1; k < 3; k++)
		ck_assert_uint_eq(last_number(nth(w, WORLD_TLS, k)), last_number(nth(w, WORLD_TLS, 0)));
	/* One that is lost leaves the others, and nothing goes in clear. */
	world_link_down(nth(w, WORLD_TLS, 1), 104);
	w->reception[WORLD_TLS] = WORLD_SILENT;
	for (unsigned i = 0; i < 50; i++)
		speaks(w, fd);
	ck_assert_uint_eq(last_number(nth(w, WORLD_TLS, 1)), last_number(nth(w, WORLD_TLS, 0)));
	ck_assert_uint_eq(nth(w, WORLD_TCP, 0)->inner + nth(w, WORLD_TCP, 1)->inner, before);
	close(plain);
	close(fd);
}

static Suite *make_suite(void)
{
	Suite *s = suite_create("client_copy_ways");
	TCase *t = tcase_create("copy ways");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, each_by_all, 0, 5);
	tcase_add_test(t, first_counts);
	tcase_add_test(t, stalled);
	tcase_add_test(t, not_needed_any_more);
	tcase_add_test(t, lost);
	tcase_add_loop_test(t, refused, 0, 2);
	tcase_add_test(t, not_by_datagrams);
	tcase_add_test(t, encrypted);
	tcase_add_test(t, in_turn);
	tcase_add_test(t, in_turn_lost);
	tcase_add_test(t, in_turn_not_by_datagrams);
	tcase_add_test(t, in_turn_encrypted);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return world_main(make_suite);
}

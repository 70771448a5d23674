/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ordinary packets into super-packets: what is merged, what must not be, and that all comes out in order. */
#include "common/packet/batch.h"
#include "common/packet/coalesce.h"
#include "common/packet/segment.h"
#include "tests/unit/offload_build.h"
#include "tests/unit/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL  (TSCF_COALESCE_TCP4 | TSCF_COALESCE_TCP6 | TSCF_COALESCE_UDP)
#define MOST TSCF_COALESCE_PACKETS

static const struct offload_shape kinds[] = {
    {.payload = 1000},
    {.payload = 1000, .ipv6 = true},
    {.payload = 1000, .udp = true},
    {.payload = 1000, .udp = true, .ipv6 = true},
    {.payload = 1000, .tcp_options = 12},
};
#define KINDS    ((int)(sizeof(kinds) / sizeof(kinds[0])))
#define UDP_KIND 2

static struct tscf_coalescer *coalescer;
static struct offload_packet packets[MOST];
static const struct tscf_super *writes;
static unsigned write_count;

static void setup(void)
{
	coalescer = tscf_coalescer_new(ALL, TSCF_COALESCE_SEGMENTS);
	ck_assert_ptr_nonnull(coalescer);
}

static void teardown(void)
{
	tscf_coalescer_free(coalescer);
}

/** Make @p count packets in sequence. */
static void make(int kind, unsigned count)
{
	struct offload_shape shape = kinds[kind];

	for (unsigned i = 0; i < count; i++) {
		offload_plain(&packets[i], &shape);
		shape.seq += shape.payload;
		shape.id++;
		shape.fill++;
	}
}

/** Write the checksums again, after a change to packet @p i. */
static void repair(unsigned i)
{
	struct offload_packet *p = &packets[i];
	uint8_t *ip = p->data, *transport = ip + p->ip_header;
	const bool ipv4 = ip[0] >> 4 == 4, udp = ip[ipv4 ? 9 : 6] == 17;
	const uint32_t upper = p->length - p->ip_header;
	uint8_t *check = transport + (udp ? 6 : 16);

	if (ipv4) {
		set16(ip + 10, 0);
		set16(ip + 10, slow_checksum(ip, p->ip_header, 0));
	}
	set16(check, 0);
	/* The complement of the addresses' checksum is their sum. */
	set16(check, slow_checksum(transport, upper,
				   (udp ? 17U : 6U) + upper +
				       (uint16_t)~slow_checksum(ip + (ipv4 ? 12 : 8), ipv4 ? 8 : 32, 0)));
}

/** Coalesce the first @p count packets.  @return the number of writes. */
static unsigned run(unsigned count)
{
	unsigned there = 0;

	tscf_coalesce_begin(coalescer);
	for (unsigned i = 0; i < count; i++)
		ck_assert(tscf_coalesce_add(coalescer, packets[i].data, packets[i].length));
	write_count = tscf_coalesce_finish(coalescer, &writes);
	for (unsigned i = 0; i < write_count; i++)
		there += writes[i].packets;
	ck_assert_uint_eq(there, count);
	return write_count;
}

/** @return how many packets were merged into each write, as text: "3 1 2". */
static const char *shape_of(unsigned count)
{
	static char text[4 * MOST + 1];
	size_t at = 0;

	run(count);
	text[0] = '\0';
	for (unsigned i = 0; i < write_count; i++)
		at += (size_t)sprintf(text + at, "%s%u", i ? " " : "", writes[i].packets);
	return text;
}

/** Put a write together as the kernel would.  @return bytes without the virtio header; 0: too many of them. */
static uint32_t gather(const struct tscf_super *w, struct virtio_net_hdr *vnet, uint8_t *to)
{
	uint32_t at = 0;

	if (w->iov[0].iov_len < sizeof(*vnet) || w->iov_count > TSCF_COALESCE_SEGMENTS + 1)
		return 0;
	memcpy(vnet, w->iov[0].iov_base, sizeof(*vnet));
	for (unsigned i = 0; i < w->iov_count; i++) {
		const uint32_t skip = i == 0 ? sizeof(*vnet) : 0;
		const uint32_t size = (uint32_t)w->iov[i].iov_len - skip;

		if (size > TSCF_PACKET_MAX - at)
			return 0;
		memcpy(to + at, (uint8_t *)w->iov[i].iov_base + skip, size);
		at += size;
	}
	return at;
}

/** A write of one packet is that packet, and says nothing about it. */
static void check_single(unsigned write, unsigned packet)
{
	static uint8_t whole[TSCF_PACKET_MAX];
	static const struct virtio_net_hdr none;
	struct virtio_net_hdr vnet;

	ck_assert_uint_eq(writes[write].packets, 1);
	ck_assert_uint_eq(writes[write].bytes, packets[packet].length);
	ck_assert_uint_eq(gather(&writes[write], &vnet, whole), packets[packet].length);
	ck_assert_mem_eq(whole, packets[packet].data, packets[packet].length);
	ck_assert_mem_eq(&vnet, &none, sizeof(vnet));
}

/** Split a write again: it must give the packets from @p packet on, byte for byte.  @return the packet after them. */
static unsigned check_merged(unsigned write, unsigned packet)
{
	static uint8_t whole[TSCF_PACKET_MAX], out[2 * TSCF_PACKET_MAX];
	struct tscf_segmenter s;
	struct virtio_net_hdr vnet;
	struct tscf_gso_batch pieces;
	const uint32_t length = gather(&writes[write], &vnet, whole);
	const uint8_t *piece = out;

	if (writes[write].packets == 1) {
		check_single(write, packet);
		return packet + 1;
	}
	ck_assert_uint_eq(vnet.hdr_len, packets[packet].header);
	ck_assert_int_eq(tscf_segment_begin(&s, &vnet, whole, length, TSCF_PACKET_MAX), 0);
	ck_assert(tscf_segment_next(&s, out, sizeof(out), 1000, &pieces));
	ck_assert_uint_eq(pieces.count, writes[write].packets);
	for (unsigned i = 0; i < pieces.count; i++, packet++) {
		const uint32_t size = i + 1 < pieces.count ? pieces.size : pieces.last;

		ck_assert_uint_eq(size, packets[packet].length);
		ck_assert_mem_eq(piece, packets[packet].data, size);
		piece += size;
	}
	return packet;
}

START_TEST(merges)
{
	for (unsigned count = 1; count <= 64; count++) {
		make(_i, count);
		ck_assert_uint_eq(run(count), 1);
		ck_assert_uint_eq(check_merged(0, 0), count);
		ck_assert_uint_eq(writes[0].bytes, count * packets[0].length);
	}
}
END_TEST

/** Split a super-packet of every size, coalesce: the same bytes as the super-packet. */
START_TEST(gives_back_what_was_split)
{
	static struct offload_packet super;
	static uint8_t out[2 * TSCF_PACKET_MAX], whole[TSCF_PACKET_MAX];
	struct offload_shape shape = kinds[_i];
	const uint32_t header = offload_header(&shape), most = TSCF_PACKET_MAX - header;
	const uint16_t gso_size = 1351 - 60;
	struct virtio_net_hdr vnet, again;
	struct tscf_segmenter s;
	struct tscf_gso_batch pieces;
	const char *wrong = NULL;

	for (shape.payload = gso_size + 1U; shape.payload <= most && !wrong; shape.payload++) {
		offload_super(&super, &shape, gso_size, &vnet);
		if (tscf_segment_begin(&s, &vnet, super.data, super.length, TSCF_PACKET_MAX) != 0 ||
		    !tscf_segment_next(&s, out, sizeof(out), 64, &pieces))
			wrong = "not split";
		tscf_coalesce_begin(coalescer);
		for (unsigned i = 0; i < pieces.count && !wrong; i++)
			tscf_coalesce_add(coalescer, out + i * pieces.size,
					  i + 1 < pieces.count ? pieces.size : pieces.last);
		if (!wrong && tscf_coalesce_finish(coalescer, &writes) != 1)
			wrong = "not one";
		if (!wrong && gather(&writes[0], &again, whole) != super.length)
			wrong = "length";
		if (!wrong && memcmp(whole, super.data, super.length) != 0)
			wrong = "bytes";
		vnet.hdr_len = (uint16_t)header;
		if (!wrong && memcmp(&vnet, &again, sizeof(vnet)) != 0)
			wrong = "virtio header";
	}
	ck_assert_msg(!wrong, "%s, %u bytes of payload", wrong, shape.payload - 1);
}
END_TEST

START_TEST(most_packets)
{
	static const struct {
		unsigned segments;
		const char *shape;
	} cases[] = {{64, "64 64 22"}, {1000, "64 64 22"}, {50, "50 50 50"}, {149, "64 64 22"}};

	make(_i, 150);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tscf_coalescer_free(coalescer);
		coalescer = tscf_coalescer_new(ALL, cases[i].segments);
		ck_assert_str_eq(shape_of(150), cases[i].shape);
	}
	ck_assert_uint_eq(check_merged(2, check_merged(1, check_merged(0, 0))), 150);
	tscf_coalescer_free(coalescer);
	coalescer = tscf_coalescer_new(ALL, 1);
	ck_assert_str_eq(shape_of(3), "1 1 1");
}
END_TEST

/** 65535 bytes with the header, and not one more. */
START_TEST(most_bytes)
{
	struct offload_shape shape = kinds[_i];
	const uint32_t size = 21000, left = TSCF_PACKET_MAX - offload_header(&shape) - 3 * size;

	for (uint32_t more = 0; more < 2; more++) {
		for (unsigned i = 0; i < 4; i++) {
			shape.payload = i < 3 ? size : left + more;
			shape.seq = i * size;
			shape.id = (uint16_t)i;
			offload_plain(&packets[i], &shape);
		}
		ck_assert_str_eq(shape_of(4), more ? "3 1" : "4");
		check_merged(0, 0);
	}
}
END_TEST

START_TEST(full_round)
{
	make(_i, MOST);
	run(MOST);
	ck_assert(!tscf_coalesce_add(coalescer, packets[0].data, packets[0].length));
	ck_assert_str_eq(shape_of(2), "2");
}
END_TEST

/** Only what the kernel is said to take. */
START_TEST(kinds_allowed)
{
	static const unsigned kind[] = {TSCF_COALESCE_TCP4, TSCF_COALESCE_TCP6, TSCF_COALESCE_UDP, TSCF_COALESCE_UDP,
					TSCF_COALESCE_TCP4};

	make(_i, 3);
	tscf_coalescer_free(coalescer);
	coalescer = tscf_coalescer_new(kind[_i], 64);
	ck_assert_str_eq(shape_of(3), "3");
	tscf_coalescer_free(coalescer);
	coalescer = tscf_coalescer_new(ALL & ~kind[_i], 64);
	ck_assert_str_eq(shape_of(3), "1 1 1");
	for (unsigned i = 0; i < 3; i++)
		check_single(i, i);
}
END_TEST

/** Shorter ones end a run, longer ones begin another. */
START_TEST(sizes)
{
	static const struct {
		uint16_t size[5];
		const char *shape;
	} cases[] = {
	    {{100, 100, 100, 100, 50}, "5"},   {{100, 100, 50, 100, 100}, "3 2"},
	    {{50, 100, 100, 100, 100}, "1 4"}, {{100, 101, 102, 103, 104}, "1 1 1 1 1"},
	    {{100, 99, 98, 97, 96}, "2 2 1"},  {{1, 1, 1, 1, 1}, "5"},
	};
	struct offload_shape shape = kinds[_i];

	for (unsigned c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		shape.seq = 0;
		for (unsigned i = 0; i < 5; i++) {
			shape.payload = cases[c].size[i];
			shape.id = (uint16_t)i;
			offload_plain(&packets[i], &shape);
			shape.seq += shape.payload;
		}
		ck_assert_str_eq(shape_of(5), cases[c].shape);
		for (unsigned i = 0, p = 0; i < write_count; i++)
			p = check_merged(i, p);
	}
}
END_TEST

/** A wrong checksum: unchanged, alone, and nothing of its flow passes it. */
START_TEST(bad_transport_checksum)
{
	for (unsigned bad = 0; bad < 5; bad++) {
		static const char *const shapes[] = {"1 4", "1 1 3", "2 1 2", "3 1 1", "4 1"};

		make(_i, 5);
		packets[bad].data[packets[bad].length - 1] ^= 1;
		ck_assert_str_eq(shape_of(5), shapes[bad]);
		for (unsigned i = 0, p = 0; i < write_count; i++)
			p = check_merged(i, p);
	}
}
END_TEST

START_TEST(bad_ipv4_checksum)
{
	make(_i, 5);
	packets[2].data[11] ^= 1;
	ck_assert_str_eq(shape_of(5), "2 1 2");
	check_single(1, 2);
	make(_i, 3);
	packets[0].data[11] ^= 1;
	ck_assert_str_eq(shape_of(3), "1 2");
}
END_TEST

/** UDP without a checksum cannot be verified, not even if the sum is right by chance. */
START_TEST(no_udp_checksum)
{
	uint8_t *payload = packets[1].data + 28, *check = packets[1].data + 26;
	uint32_t sum;

	make(UDP_KIND, 4);
	sum = get16(payload) + get16(check);
	set16(payload, (uint16_t)((sum & 0xffff) + (sum >> 16)));
	repair(1);
	ck_assert_uint_eq(get16(check), 0);
	ck_assert_str_eq(shape_of(4), "1 1 2");
	check_single(1, 1);
}
END_TEST

/** UDP that ends before or after its IP packet does. */
START_TEST(odd_udp_length)
{
	for (int off = -1; off <= 1; off += 2) {
		make(UDP_KIND, 3);
		set16(packets[1].data + 24, (uint16_t)(1008 + off));
		repair(1);
		ck_assert_str_eq(shape_of(3), "1 1 1");
	}
}
END_TEST

/** What of packet 2 of 5 is changed, and what is merged then. */
static const struct {
	int kind;
	uint8_t at, bits;
	const char *shape;
} header_cases[] = {
    {0, 1, 0x04, "2 1 2"},                                               /* TOS */
    {0, 1, 0x01, "2 1 2"},                                               /* ECN */
    {0, 8, 0x01, "2 1 2"},                                               /* TTL */
    {0, 6, 0x40, "2 1 2"},                                               /* DF */
    {0, 5, 0x10, "2 1 2"},                                               /* identification */
    {0, 24, 0x80, "2 1 2"},                                              /* sequence */
    {0, 28, 0x01, "2 1 2"},                                              /* acknowledgement */
    {0, 32, 0x01, "2 1 2"},                                              /* reserved, AccECN */
    {0, 33, FIN, "2 1 2"},                                               /* flags */
    {0, 33, SYN, "2 1 2"},  {0, 33, 0x04, "2 1 2"},                      /* RST */
    {0, 33, ACK, "2 1 2"},  {0, 33, 0x20, "2 1 2"},                      /* URG */
    {0, 33, ECE, "2 1 2"},  {0, 33, CWR, "2 1 2"},  {0, 33, PSH, "3 2"}, /* ends a run, included */
    {0, 34, 0x01, "2 1 2"},                                              /* window */
    {4, 45, 0x01, "2 1 2"},                                              /* options */
    {1, 0, 0x01, "2 1 2"},                                               /* traffic class */
    {1, 3, 0x01, "2 1 2"},                                               /* flow label */
    {1, 7, 0x01, "2 1 2"},                                               /* hop limit */
    {2, 8, 0x01, "2 1 2"},  {2, 1, 0x01, "2 1 2"},  {3, 1, 0x10, "2 1 2"},
    {0, 15, 0x01, "4 1"},                         /* another flow: source */
    {0, 19, 0x01, "4 1"},   {0, 21, 0x01, "4 1"}, /* ports */
    {0, 23, 0x01, "4 1"},   {1, 9, 0x01, "4 1"},    {1, 39, 0x01, "4 1"},
    {1, 43, 0x01, "4 1"},
};
#define HEADER_CASES ((int)(sizeof(header_cases) / sizeof(header_cases[0])))

START_TEST(headers_must_agree)
{
	make(header_cases[_i].kind, 5);
	packets[2].data[header_cases[_i].at] ^= header_cases[_i].bits;
	repair(2);
	ck_assert_ptr_null(slow_judge(packets[2].data, packets[2].length));
	if (header_cases[_i].shape[0] == '4') {
		/* Without the packet between them the others are in sequence only if it is taken out of it. */
		for (unsigned i = 3; i < 5; i++) {
			if (header_cases[_i].kind == 0)
				set16(packets[i].data + 4, (uint16_t)(get16(packets[i].data + 4) - 1));
			set32(packets[i].data + packets[i].ip_header + 4,
			      get32(packets[i].data + packets[i].ip_header + 4) - 1000);
			repair(i);
		}
	}
	ck_assert_str_eq(shape_of(5), header_cases[_i].shape);
	if (header_cases[_i].shape[0] != '4')
		for (unsigned i = 0, p = 0; i < write_count; i++)
			p = check_merged(i, p);
}
END_TEST
/** IPv4 identification: counts up, or with DF stays; mixtures end the run. */
START_TEST(ipv4_ids)
{
	static const struct {
		bool no_df;
		uint16_t id[4];
		const char *shape;
	} cases[] = {
	    {false, {0, 1, 2, 3}, "4"},      {false, {7, 7, 7, 7}, "4"},       {false, {7, 7, 8, 9}, "2 2"},
	    {false, {7, 8, 8, 8}, "2 2"},    {false, {9, 8, 7, 6}, "1 1 1 1"}, {true, {0, 1, 2, 3}, "4"},
	    {true, {7, 7, 7, 7}, "1 1 1 1"}, {true, {0, 2, 4, 6}, "1 1 1 1"},
	};

	for (unsigned c = 0; c < sizeof(cases) / sizeof(cases[0]); c++)
		for (int udp = 0; udp < 2; udp++) {
			for (unsigned i = 0; i < 4; i++) {
				const struct offload_shape shape = {.udp = udp,
								    .no_df = cases[c].no_df,
								    .payload = 100,
								    .id = cases[c].id[i],
								    .seq = 100 * i};

				offload_plain(&packets[i], &shape);
			}
			ck_assert_str_eq(shape_of(4), cases[c].shape);
		}
}
END_TEST

/** ECE on all of them is one more thing that agrees. */
START_TEST(all_with_ece)
{
	make(_i, 4);
	for (unsigned i = 0; i < 4; i++) {
		packets[i].data[packets[i].ip_header + 13] |= ECE;
		repair(i);
	}
	ck_assert_str_eq(shape_of(4), "4");
	check_merged(0, 0);
}
END_TEST

/** CWR is of the first segment only, so packets that all have it are no run. */
START_TEST(all_with_cwr)
{
	make(0, 3);
	for (unsigned i = 0; i < 3; i++) {
		packets[i].data[33] |= CWR;
		repair(i);
	}
	ck_assert_str_eq(shape_of(3), "1 1 1");
}
END_TEST

/** PSH on the first packet: it waits for nothing. */
START_TEST(push_at_once)
{
	make(_i, 3);
	packets[0].data[packets[0].ip_header + 13] |= PSH;
	repair(0);
	ck_assert_str_eq(shape_of(3), "1 2");
}
END_TEST

/** A pure acknowledgement between packets of its flow stays there; over IPv6 only that keeps them apart. */
START_TEST(pure_ack)
{
	struct offload_shape shape = kinds[_i];

	for (unsigned i = 0; i < 5; i++) {
		shape.payload = i == 2 ? 0 : 1000;
		offload_plain(&packets[i], &shape);
		shape.seq += shape.payload;
		shape.id++;
	}
	ck_assert_str_eq(shape_of(5), "2 1 2");
	for (unsigned i = 0, p = 0; i < write_count; i++)
		p = check_merged(i, p);
}
END_TEST

/** Other options, though the payload is in sequence. */
START_TEST(options_come_and_go)
{
	struct offload_shape shape = kinds[_i];

	for (unsigned i = 0; i < 6; i++) {
		shape.tcp_options = i / 2 % 2 ? 12 : 0;
		offload_plain(&packets[i], &shape);
		shape.seq += shape.payload;
		shape.id++;
	}
	ck_assert_str_eq(shape_of(6), "2 2 2");
	for (unsigned i = 0, p = 0; i < write_count; i++)
		p = check_merged(i, p);
}
END_TEST

START_TEST(reordered)
{
	static struct offload_packet kept;

	make(_i, 5);
	kept = packets[1], packets[1] = packets[2], packets[2] = kept;
	run(5);
	/* UDP over IPv6 has nothing that counts. */
	ck_assert_uint_eq(write_count, _i == 3 ? 1 : 4);
	for (unsigned i = 0, p = 0; i < write_count; i++)
		p = check_merged(i, p);
}
END_TEST

/** IP options, fragments and extension headers are not merged, and nothing goes from one side of them to the other. */
START_TEST(barriers)
{
	static const struct offload_shape options = {.ip_options = 4, .payload = 1000, .seq = 2000, .id = 2};

	make(0, 5);
	offload_plain(&packets[2], &options);
	ck_assert_str_eq(shape_of(5), "2 1 2");
	check_single(1, 2);
	for (uint16_t place = 1; place != 0; place = (uint16_t)(place << 1)) {
		if (place == OFFLOAD_IPV4_DF)
			continue;
		make(0, 5);
		set16(packets[2].data + 6, place);
		set16(packets[2].data + 20, 99);
		repair(2);
		ck_assert_str_eq(shape_of(5), "2 1 2");
		check_single(1, 2);
	}
	make(1, 5);
	packets[2].data[6] = 44;
	ck_assert_str_eq(shape_of(5), "2 1 2");
}
END_TEST

/** Other protocols have no place in any flow's order. */
START_TEST(other_protocols)
{
	make(_i, 5);
	packets[2].data[packets[2].ip_header == 20 ? 9 : 6] = 50;
	if (_i != 3) {
		/* 3 and 4 follow 1 now. */
		for (unsigned i = 3; i < 5; i++) {
			if (packets[i].ip_header == 20)
				set16(packets[i].data + 4, (uint16_t)(get16(packets[i].data + 4) - 1));
			if (_i != UDP_KIND)
				set32(packets[i].data + packets[i].ip_header + 4,
				      get32(packets[i].data + packets[i].ip_header + 4) - 1000);
			repair(i);
		}
	}
	ck_assert_str_eq(shape_of(5), "4 1");
	check_single(1, 2);
}
END_TEST

/** Interleaved flows, as many as can be open: one write each, in the order of their first packets. */
START_TEST(mixed_flows)
{
	for (unsigned i = 0; i < 160; i++) {
		const struct offload_shape shape = {.sport = (uint16_t)(1000 + i % 16),
						    .udp = i % 2,
						    .payload = 500,
						    .seq = i / 16 * 500,
						    .id = (uint16_t)(i / 16)};

		offload_plain(&packets[i], &shape);
	}
	ck_assert_str_eq(shape_of(160), "10 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10");
	for (unsigned i = 0; i < 16; i++)
		ck_assert_uint_eq(get16((uint8_t *)writes[i].iov[0].iov_base + 10 + 20), 1000 + i);
}
END_TEST

/** One of three flows ends: the others go on, and so does what comes of it later. */
START_TEST(one_flow_ends)
{
	struct offload_shape shape = {.payload = 500};

	for (unsigned i = 0; i < 12; i++) {
		shape.sport = (uint16_t)(1000 + i % 3);
		shape.seq = i / 3 * 500;
		shape.id = (uint16_t)(i / 3);
		shape.flags = i == 3 ? PSH : 0;
		offload_plain(&packets[i], &shape);
	}
	ck_assert_str_eq(shape_of(12), "2 4 4 2");
}
END_TEST

/** More flows than can be open: less is merged, but each flow stays in order. */
START_TEST(too_many_flows)
{
	uint32_t next[40] = {0};

	for (unsigned i = 0; i < 240; i++) {
		const struct offload_shape shape = {.sport = (uint16_t)(1000 + i * 7 % 40),
						    .payload = 500,
						    .seq = i / 40 * 500,
						    .id = (uint16_t)(i / 40)};

		offload_plain(&packets[i], &shape);
	}
	run(240);
	for (unsigned i = 0; i < write_count; i++) {
		static uint8_t whole[TSCF_PACKET_MAX];
		struct virtio_net_hdr vnet;
		const uint32_t length = gather(&writes[i], &vnet, whole);
		const unsigned flow = get16(whole + 20) - 1000U;

		ck_assert_uint_eq(get32(whole + 24) - OFFLOAD_SEQ, next[flow]);
		next[flow] += length - 40;
	}
	for (unsigned i = 0; i < 40; i++)
		ck_assert_uint_eq(next[i], 6 * 500);
}
END_TEST

/** Cut at every length, with bytes behind it, empty, and of no IP version: passes as it is. */
START_TEST(malformed)
{
	static const struct {
		uint8_t bytes[3];
		uint32_t length;
	} tiny[] = {{{0x45}, 1}, {{0x60}, 1}, {{0x45, 0, 3}, 3}, {{0}, 2}, {{0xff, 0xff}, 2}};

	for (unsigned i = 0; i < 5; i++) {
		make(_i, 3);
		memcpy(packets[1].data, tiny[i].bytes, 3);
		packets[1].length = tiny[i].length;
		ck_assert_str_eq(shape_of(3), "1 1 1");
		check_single(1, 1);
	}
	for (uint32_t length = 1; length < 1060; length++) {
		make(_i, 2);
		if (length == packets[1].length)
			continue;
		packets[1].length = length;
		ck_assert_uint_eq(run(2), 2);
		check_single(1, 1);
	}
}
END_TEST

/** A TCP header that is too short, or goes on to the end or past it. */
START_TEST(tcp_header_length)
{
	for (unsigned words = 0; words < 16; words++) {
		make(_i, 3);
		packets[1].data[packets[1].ip_header + 12] = (uint8_t)(words << 4);
		repair(1);
		ck_assert_str_eq(shape_of(3), words == 5 ? "3" : "1 1 1");
		packets[1].length = packets[1].header + 20;
		packets[1].data[packets[1].ip_header == 20 ? 2 : 4] = 0;
		packets[1].data[packets[1].ip_header == 20 ? 3 : 5] = packets[1].ip_header == 20 ? 60 : 40;
		repair(1);
		ck_assert_str_eq(shape_of(3), words == 5 ? "2 1" : "1 1 1");
	}
}
END_TEST

static void add_merging(TCase *t)
{
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, merges, 0, KINDS);
	tcase_add_loop_test(t, gives_back_what_was_split, 0, KINDS);
	tcase_add_loop_test(t, most_packets, 0, KINDS);
	tcase_add_loop_test(t, most_bytes, 0, KINDS);
	tcase_add_loop_test(t, full_round, 0, KINDS);
	tcase_add_loop_test(t, kinds_allowed, 0, KINDS);
	tcase_add_loop_test(t, sizes, 0, KINDS);
	tcase_add_loop_test(t, all_with_ece, 0, 2);
	tcase_add_test(t, mixed_flows);
	tcase_add_test(t, one_flow_ends);
	tcase_add_test(t, too_many_flows);
}

static void add_apart(TCase *t)
{
	tcase_add_loop_test(t, bad_transport_checksum, 0, KINDS);
	tcase_add_test(t, bad_ipv4_checksum);
	tcase_add_test(t, no_udp_checksum);
	tcase_add_test(t, odd_udp_length);
	tcase_add_loop_test(t, headers_must_agree, 0, HEADER_CASES);
	tcase_add_test(t, ipv4_ids);
	tcase_add_test(t, all_with_cwr);
	tcase_add_loop_test(t, push_at_once, 0, 2);
	tcase_add_loop_test(t, pure_ack, 0, 2);
	tcase_add_loop_test(t, options_come_and_go, 0, 2);
	tcase_add_loop_test(t, reordered, 0, KINDS);
	tcase_add_test(t, barriers);
	tcase_add_loop_test(t, other_protocols, 0, KINDS);
	tcase_add_loop_test(t, malformed, 0, KINDS);
	tcase_add_loop_test(t, tcp_header_length, 0, 2);
}

static Suite *make_suite(void)
{
	Suite *suite = suite_create("coalesce");
	TCase *merging = tcase_create("merging"), *apart = tcase_create("apart");

	tcase_add_checked_fixture(merging, setup, teardown);
	add_merging(merging);
	suite_add_tcase(suite, merging);
	tcase_add_checked_fixture(apart, setup, teardown);
	add_apart(apart);
	suite_add_tcase(suite, apart);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

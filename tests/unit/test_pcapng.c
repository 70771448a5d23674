/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Blocks of pcapng: lengths and padding as the format wants them, nothing behind the buffer, and that Wireshark's own
 * programs, where they are installed, read what is written.
 */
#include "common/capture/pcapng.h"
#include "tests/unit/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* UDP from 10.0.0.1 port 1000 to 10.0.0.2 port 2000, "hey". */
static const uint8_t udp[] = {0x45, 0, 0, 31, 0, 0,    0,    0,    64, 17, 0, 0, 10,  0,   0,  1,
			      10,   0, 0, 2,  3, 0xe8, 0x07, 0xd0, 0,  11, 0, 0, 'h', 'e', 'y'};

#define TIME UINT64_C(1700000000123456789)

static uint32_t u32_at(const uint8_t *block, size_t at)
{
	uint32_t value;

	memcpy(&value, block + at, sizeof(value));
	return value;
}

/* A block says its length at both ends, and is a multiple of four bytes. */
static void check_block(const uint8_t *block, size_t length, uint32_t type)
{
	ck_assert_uint_gt(length, 12);
	ck_assert_uint_eq(length % 4, 0);
	ck_assert_uint_eq(u32_at(block, 0), type);
	ck_assert_uint_eq(u32_at(block, 4), length);
	ck_assert_uint_eq(u32_at(block, length - 4), length);
}

static struct tscf_pcapng_packet packet_of(const char *comment)
{
	return (struct tscf_pcapng_packet){.interface = 1,
					   .direction = TSCF_PCAPNG_OUTBOUND,
					   .time = TIME,
					   .data = udp,
					   .captured = sizeof(udp),
					   .original = sizeof(udp) + 100,
					   .comment = comment,
					   .comment_length = comment ? strlen(comment) : 0};
}

START_TEST(blocks)
{
	uint8_t block[TSCF_PCAPNG_BLOCK];
	struct tscf_pcapng_packet packet = packet_of("why");

	check_block(block, tscf_pcapng_section(block, sizeof(block), "test"), 0x0A0D0D0A);
	ck_assert_uint_eq(u32_at(block, 8), 0x1A2B3C4D);
	check_block(block, tscf_pcapng_interface(block, sizeof(block), "plain", "a tunnel"), 1);
	ck_assert_uint_eq(u32_at(block, 12), 0);
	check_block(block, tscf_pcapng_statistics(block, sizeof(block), 3, TIME, 10, 4), 5);
	ck_assert_uint_eq(u32_at(block, 8), 3);
	check_block(block, tscf_pcapng_packet(block, sizeof(block), &packet), 6);
	ck_assert_uint_eq(u32_at(block, 8), 1);
	ck_assert_uint_eq(u32_at(block, 12), TIME >> 32);
	ck_assert_uint_eq(u32_at(block, 16), (uint32_t)TIME);
	ck_assert_uint_eq(u32_at(block, 20), sizeof(udp));
	ck_assert_uint_eq(u32_at(block, 24), sizeof(udp) + 100);
	ck_assert_mem_eq(block + 28, udp, sizeof(udp));
}
END_TEST

/* With one byte less than a block needs, nothing counts as written, and nothing behind the buffer changes. */
START_TEST(no_room)
{
	struct tscf_pcapng_packet packet = packet_of("why");
	uint8_t block[TSCF_PCAPNG_BLOCK], cut[TSCF_PCAPNG_BLOCK];
	const size_t whole = tscf_pcapng_packet(block, sizeof(block), &packet);

	for (size_t size = 0; size < whole; size++) {
		memset(cut, 0xAA, sizeof(cut));
		ck_assert_uint_eq(tscf_pcapng_packet(cut, size, &packet), 0);
		for (size_t i = size; i < sizeof(cut); i++)
			ck_assert_uint_eq(cut[i], 0xAA);
	}
	ck_assert_uint_eq(tscf_pcapng_packet(cut, whole, &packet), whole);
}
END_TEST

START_TEST(long_texts)
{
	uint8_t block[TSCF_PCAPNG_BLOCK];
	char text[1000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	check_block(block, tscf_pcapng_interface(block, sizeof(block), text, text), 1);
	check_block(block, tscf_pcapng_section(block, sizeof(block), text), 0x0A0D0D0A);
}
END_TEST

/* --- what Wireshark reads --- */

static void put(FILE *file, const uint8_t *block, size_t length)
{
	ck_assert_uint_gt(length, 0);
	ck_assert_uint_eq(fwrite(block, 1, length, file), length);
}

static void write_file(char *name)
{
	FILE *file = fdopen(mkstemp(name), "wb");
	uint8_t block[TSCF_PCAPNG_BLOCK];
	struct tscf_pcapng_packet plain = packet_of(NULL), dropped = packet_of("wrong source address");

	ck_assert_ptr_nonnull(file);
	plain.interface = 0;
	plain.direction = TSCF_PCAPNG_INBOUND;
	plain.original = sizeof(udp);
	put(file, block, tscf_pcapng_section(block, sizeof(block), "test 1.0"));
	put(file, block, tscf_pcapng_interface(block, sizeof(block), "plain", "the plain tunnel"));
	put(file, block, tscf_pcapng_interface(block, sizeof(block), "dropped", "nowhere"));
	put(file, block, tscf_pcapng_packet(block, sizeof(block), &plain));
	put(file, block, tscf_pcapng_packet(block, sizeof(block), &dropped));
	put(file, block, tscf_pcapng_statistics(block, sizeof(block), 0, TIME, 1, 0));
	put(file, block, tscf_pcapng_statistics(block, sizeof(block), 1, TIME, 8, 7));
	ck_assert_int_eq(fclose(file), 0);
}

/* The output of "PROGRAM ARGUMENTS FILE" has each of the texts. */
static void check_output(const char *command, const char *file, const char *const *texts)
{
	char line[512], output[16384];
	size_t length;
	FILE *pipe;

	snprintf(line, sizeof(line), "%s '%s' 2>&1", command, file);
	pipe = popen(line, "r");
	ck_assert_ptr_nonnull(pipe);
	length = fread(output, 1, sizeof(output) - 1, pipe);
	output[length] = '\0';
	ck_assert_msg(pclose(pipe) == 0, "%s: %s", line, output);
	for (; *texts; texts++)
		ck_assert_msg(strstr(output, *texts) != NULL, "%s: no '%s' in:\n%s", line, *texts, output);
}

START_TEST(wireshark)
{
	static const char *const packets[] = {
	    "1|plain|0x00000001|1700000000.123456789|10.0.0.1|2000||31\n",
	    "2|dropped|0x00000002|1700000000.123456789|10.0.0.1|2000|wrong source address|131\n", NULL};
	static const char *const facts[] = {"pcapng",
					    "Number of packets:   2",
					    "test 1.0",
					    "Name = plain",
					    "Description = the plain tunnel",
					    "Encapsulation = Raw IP",
					    "Time precision = nanoseconds",
					    NULL};
	char name[] = "/tmp/tscf-test.XXXXXX";

	write_file(name);
	if (system("command -v tshark >/dev/null") == 0)
		check_output(
		    "TZ=UTC tshark -n -o frame.generate_md5_hash:FALSE -T fields -E separator='|' -e frame.number "
		    "-e frame.interface_name -e frame.packet_flags_direction -e frame.time_epoch -e ip.src "
		    "-e udp.dstport -e frame.comment -e frame.len -r",
		    name, packets);
	if (system("command -v capinfos >/dev/null") == 0)
		check_output("capinfos", name, facts);
	unlink(name);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("pcapng");
	TCase *tests = tcase_create("pcapng");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, blocks);
	tcase_add_test(tests, no_room);
	tcase_add_test(tests, long_texts);
	tcase_add_test(tests, wireshark);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target: packets, copies and messages in a stream.  However the bytes come, the same ones are found; what is
 * found has the length that it says, and a copy has a number.
 */
#include "common/packet/copy.h"
#include "common/packet/message.h"
#include "common/transport/stream_frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* More bytes behind it change nothing; fewer may make it unknown, but never another length. */
static void check_length(const uint8_t *data, uint32_t size, int length)
{
	for (uint32_t there = 0; there <= size && there <= 64; there++) {
		int early = tscf_frame_length(data, there);

		must(early == 0 || early == length || (length == 0 && early == -EPROTO) ||
		     (early > 0 && length == -EPROTO));
		must(early <= TSCF_PACKET_MAX);
	}
}

static void check_copy(const uint8_t *data, uint32_t length)
{
	uint64_t number;

	must((tscf_kind_of(data[0]) == TSCF_KIND_REDUNDANCY) == (tscf_copy_read(data, length, &number) == 0));
}

/* @return how many bytes of @p size, which lie in a block of that size, are whole packets, counted one by one; -1:
 * wrong. */
static int count_singly(const uint8_t *data, uint32_t size)
{
	uint32_t at = 0;

	while (at < size) {
		int length = tscf_frame_length(data + at, size - at);

		check_length(data + at, size - at, length);
		if (length < 0)
			return -1;
		if (length == 0 || (uint32_t)length > size - at)
			break;
		check_copy(data + at, (uint32_t)length);
		at += (uint32_t)length;
	}
	return (int)at;
}

/* The same by runs. */
static int count_runs(uint8_t *data, uint32_t size)
{
	uint32_t at = 0;

	for (;;) {
		struct tscf_packet run;
		int taken = tscf_frame_run(data + at, size - at, &run);

		if (taken < 0)
			return -1;
		if (taken == 0)
			return (int)at;
		must((uint32_t)taken == run.length && run.data == data + at);
		for (uint32_t in = 0; in < run.length; in += tscf_packet_segment(&run, in))
			must(tscf_frame_length(run.data + in, run.length - in) == (int)tscf_packet_segment(&run, in));
		at += (uint32_t)taken;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size > 0 ? size : 1);

	if (size > 0)
		memcpy(exact, data, size);
	must(count_singly(exact, (uint32_t)size) == count_runs(exact, (uint32_t)size));
	free(exact);
	return 0;
}

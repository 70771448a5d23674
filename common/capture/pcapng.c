/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/capture/pcapng.h"

#include <stdbool.h>
#include <string.h>

#define BLOCK_SECTION    0x0A0D0D0AU
#define BLOCK_INTERFACE  1U
#define BLOCK_STATISTICS 5U
#define BLOCK_PACKET     6U

#define BYTE_ORDER_MAGIC 0x1A2B3C4DU
#define LINKTYPE_RAW     101

/* Options of all blocks, then those of each. */
#define OPTION_END             0
#define OPTION_COMMENT         1
#define SECTION_APPLICATION    4
#define INTERFACE_NAME         2
#define INTERFACE_DESCRIPTION  3
#define INTERFACE_RESOLUTION   9
#define PACKET_FLAGS           2
#define STATISTICS_RECEIVED    4
#define STATISTICS_DROPPED     5
#define RESOLUTION_NANOSECONDS 9
#define LENGTH_NOT_GIVEN       UINT64_MAX

/* A block that is being written. */
struct block {
	uint8_t *out;
	size_t size, used;
	bool full; /* something did not fit */
};

static void put(struct block *b, const void *data, size_t length)
{
	const size_t padded = (length + 3) & ~(size_t)3;

	if (b->full || padded > b->size - b->used) {
		b->full = true;
		return;
	}
	if (length > 0)
		memcpy(b->out + b->used, data, length);
	memset(b->out + b->used + length, 0, padded - length);
	b->used += padded;
}

static void put_u32(struct block *b, uint32_t value)
{
	put(b, &value, sizeof(value));
}

static void put_two_u16(struct block *b, uint16_t first, uint16_t second)
{
	const uint16_t both[] = {first, second};

	put(b, both, sizeof(both));
}

/* Times have their high half first in either byte order. */
static void put_time(struct block *b, uint64_t time)
{
	put_u32(b, (uint32_t)(time >> 32));
	put_u32(b, (uint32_t)time);
}

static void put_option(struct block *b, uint16_t code, const void *value, size_t length)
{
	put_two_u16(b, code, (uint16_t)length);
	put(b, value, length);
}

static void put_text(struct block *b, uint16_t code, const char *text, size_t length)
{
	put_option(b, code, text, length < TSCF_PCAPNG_TEXT ? length : TSCF_PCAPNG_TEXT);
}

static struct block begin(uint8_t *out, size_t size, uint32_t type)
{
	struct block b = {.out = out, .size = size};

	put_u32(&b, type);
	put_u32(&b, 0); /* the length, when it is known */
	return b;
}

static size_t finish(struct block *b)
{
	const uint32_t length = (uint32_t)(b->used + 2 * sizeof(uint32_t));

	put_two_u16(b, OPTION_END, 0);
	put_u32(b, length);
	if (b->full)
		return 0;
	memcpy(b->out + sizeof(uint32_t), &length, sizeof(length));
	return length;
}

size_t tscf_pcapng_section(uint8_t *out, size_t size, const char *application)
{
	const uint64_t length = LENGTH_NOT_GIVEN;
	struct block b = begin(out, size, BLOCK_SECTION);

	put_u32(&b, BYTE_ORDER_MAGIC);
	put_two_u16(&b, 1, 0); /* version 1.0 */
	put(&b, &length, sizeof(length));
	put_text(&b, SECTION_APPLICATION, application, strlen(application));
	return finish(&b);
}

size_t tscf_pcapng_interface(uint8_t *out, size_t size, const char *name, const char *description)
{
	const uint8_t resolution = RESOLUTION_NANOSECONDS;
	struct block b = begin(out, size, BLOCK_INTERFACE);

	put_two_u16(&b, LINKTYPE_RAW, 0);
	put_u32(&b, 0); /* packets may have any length */
	put_text(&b, INTERFACE_NAME, name, strlen(name));
	put_text(&b, INTERFACE_DESCRIPTION, description, strlen(description));
	put_option(&b, INTERFACE_RESOLUTION, &resolution, sizeof(resolution));
	return finish(&b);
}

size_t tscf_pcapng_packet(uint8_t *out, size_t size, const struct tscf_pcapng_packet *packet)
{
	const uint32_t flags = packet->direction;
	struct block b = begin(out, size, BLOCK_PACKET);

	put_u32(&b, packet->interface);
	put_time(&b, packet->time);
	put_u32(&b, packet->captured);
	put_u32(&b, packet->original);
	put(&b, packet->data, packet->captured);
	put_option(&b, PACKET_FLAGS, &flags, sizeof(flags));
	if (packet->comment)
		put_text(&b, OPTION_COMMENT, packet->comment, packet->comment_length);
	return finish(&b);
}

size_t tscf_pcapng_statistics(uint8_t *out, size_t size, uint32_t interface, uint64_t time, uint64_t received,
			      uint64_t dropped)
{
	struct block b = begin(out, size, BLOCK_STATISTICS);

	put_u32(&b, interface);
	put_time(&b, time);
	put_option(&b, STATISTICS_RECEIVED, &received, sizeof(received));
	put_option(&b, STATISTICS_DROPPED, &dropped, sizeof(dropped));
	return finish(&b);
}

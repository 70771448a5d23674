/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pcapng.h - writes the blocks of a pcapng file (draft-ietf-opsawg-pcapng): a section, interfaces that carry IP packets
 * (LINKTYPE_RAW), packets, and the statistics of the interfaces.
 *
 * Pure functions.  Each writes one block at @p out, in the byte order of this host, which the section's header tells
 * the reader, and returns its length; 0 if it does not fit in @p size bytes.  Times are nanoseconds since 1970.
 */
#ifndef TSCF_PCAPNG_H
#define TSCF_PCAPNG_H

#include <stddef.h>
#include <stdint.h>

/** Most bytes of a text in an option; longer ones are cut. */
#define TSCF_PCAPNG_TEXT 255
/** Enough for any block, besides the data of a packet. */
#define TSCF_PCAPNG_BLOCK (64 + 2 * (8 + TSCF_PCAPNG_TEXT))

enum tscf_pcapng_direction {
	TSCF_PCAPNG_UNKNOWN = 0,
	TSCF_PCAPNG_INBOUND = 1,
	TSCF_PCAPNG_OUTBOUND = 2,
};

struct tscf_pcapng_packet {
	uint32_t interface; /**< number of its interface, in the order of their blocks */
	enum tscf_pcapng_direction direction;
	uint64_t time;
	const uint8_t *data;
	uint32_t captured, original; /**< bytes at data, and of the packet */
	const char *comment;         /**< NULL: none */
	size_t comment_length;
};

/** The first block of a file.  @p application is the name of the program that writes it. */
size_t tscf_pcapng_section(uint8_t *out, size_t size, const char *application);
/** An interface; the first one has the number 0. */
size_t tscf_pcapng_interface(uint8_t *out, size_t size, const char *name, const char *description);
/** A packet of an interface whose block stands before. */
size_t tscf_pcapng_packet(uint8_t *out, size_t size, const struct tscf_pcapng_packet *packet);
/** @p received packets were seen on the interface until @p time, of which @p dropped are not in the file. */
size_t tscf_pcapng_statistics(uint8_t *out, size_t size, uint32_t interface, uint64_t time, uint64_t received,
			      uint64_t dropped);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * repair.h - the packets of redundancy: repair packets, counts and loss reports.
 *
 * tscf(7), "REDUNDANCY", is the specification; this header holds its numbers and limits.  Network byte order.  Pure
 * functions on hostile input: every length is checked before it is used.
 *
 *     repair packet                               loss report
 *     0   0x51                                    0   0x52
 *     1   index (4 bits), packets covered (4)     1   1: the RTP fields are set
 *     2   number of the last one (2)              2   RTP sequence number (2)
 *     4   flow (4)                                4   flow (4)
 *     8   for each, oldest first:                 8   RTP packets before it that came, a bit each (4)
 *           identifier (4), age in ms (1)         12  packets expected (2)
 *     ... repair symbol                           14  lost (2)
 *                                                 16  runs of lost ones (2)
 *
 * The source packets of a flow are counted; the covered ones are the last of them.  A repair packet that covers none
 * and has no symbol is a count.  The symbol of a source packet is its length (2 bytes), its bytes, and zeros; the
 * repair symbol is the sum of the symbols, each multiplied by its coefficient.
 */
#ifndef TSCF_REPAIR_H
#define TSCF_REPAIR_H

#include <stdbool.h>
#include <stdint.h>

/** First bytes: a kind of data of their own (message.h), and what it is. */
#define TSCF_REPAIR_FIRST_BYTE 0x51
#define TSCF_REPORT_FIRST_BYTE 0x52

#define TSCF_REPAIR_HEADER  8
#define TSCF_REPAIR_COVERED 5 /**< bytes that name one covered packet */
#define TSCF_REPORT_SIZE    18
/** Most packets that a repair packet covers. */
#define TSCF_REPAIR_WINDOW 8
/** Most repair packets after one source packet. */
#define TSCF_REPAIR_INDEXES 4
/** Length in front of a packet in its symbol. */
#define TSCF_SYMBOL_HEADER 2
/** Most bytes that a repair packet is longer than the longest packet that it covers. */
#define TSCF_REPAIR_OVERHEAD (TSCF_REPAIR_HEADER + TSCF_REPAIR_WINDOW * TSCF_REPAIR_COVERED + TSCF_SYMBOL_HEADER)
/** Largest source packet that is protected. */
#define TSCF_SOURCE_MAX 1500

struct tscf_covered {
	uint32_t id; /**< tscf_source_id of the packet */
	uint8_t age; /**< ms between the sending of the packet and of the repair packet; 255: or more */
};

struct tscf_repair {
	uint32_t flow;
	uint16_t number; /**< of the last source packet before it */
	uint8_t index;   /**< which of the repair packets after that source packet, from 0 */
	uint8_t count;   /**< packets covered: number - count + 1 to number */
	struct tscf_covered covered[TSCF_REPAIR_WINDOW];
	const uint8_t *symbol; /**< decoded: points into the packet */
	uint32_t symbol_length;
};

struct tscf_report {
	uint32_t flow;
	bool rtp;          /**< the two next members are set */
	uint16_t sequence; /**< highest RTP sequence number that came */
	uint32_t came;     /**< bit i: the packet sequence - 1 - i came */
	uint16_t expected; /**< source packets that the repair packets and counts have told of, modulo 65536 */
	uint16_t lost;     /**< those that did not come, modulo 65536 */
	uint16_t runs;     /**< runs of those that followed each other, modulo 65536 */
};

/** Write the header of a repair packet into @p out: TSCF_REPAIR_HEADER + count * TSCF_REPAIR_COVERED bytes.  @return
 * its length. */
uint32_t tscf_repair_write(const struct tscf_repair *repair, uint8_t *out);
/** Decode a repair packet or count.  @return 0, or -EINVAL. */
int tscf_repair_read(const uint8_t *data, uint32_t length, struct tscf_repair *out);
/** Encode a report. */
void tscf_report_write(const struct tscf_report *report, uint8_t out[TSCF_REPORT_SIZE]);
/** @return 0, or -EINVAL. */
int tscf_report_read(const uint8_t *data, uint32_t length, struct tscf_report *out);

/** @return the identifier of a source packet: the lower half of SipHash-1-3 of its bytes under the key 0.  It tells
 * packets of one window apart, and proves nothing. */
uint32_t tscf_source_id(const uint8_t *data, uint32_t length);
/**
 * @return the coefficient of source packet @p covered in the repair packet @p index after @p number: the generator to
 * the power of (4 number + index) covered, so that the equations of a window are those of a Vandermonde matrix.
 */
uint8_t tscf_repair_coefficient(uint16_t number, uint8_t index, uint16_t covered);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * coalesce_packet.h - which packets may follow each other in a super-packet.  For coalesce.c alone.
 */
#ifndef TSCF_COALESCE_PACKET_H
#define TSCF_COALESCE_PACKET_H

#include <stdbool.h>
#include <stdint.h>

enum tscf_candidate_class {
	TSCF_CANDIDATE_APART,   /**< its protocol is never merged */
	TSCF_CANDIDATE_BARRIER, /**< may belong to any flow */
	TSCF_CANDIDATE_SINGLE,  /**< belongs to a flow, but must not be merged with others */
	TSCF_CANDIDATE_MERGE,
};

struct tscf_candidate {
	uint8_t *data;
	/** SINGLE and MERGE: a few bits of a hash of the flow; packets of one flow have the same tag. */
	uint32_t tag;
	/** All members from here on are for MERGE only. */
	uint16_t length;
	uint16_t header;   /**< bytes of IP and transport header */
	uint16_t payload;  /**< > 0 */
	uint8_t ip_header; /**< 20: IPv4, 40: IPv6 */
	bool tcp;
	bool push;
};

/** The state of a GSO batch of merged packets that the rules need. */
struct tscf_candidate_batch {
	const struct tscf_candidate *head;
	uint32_t payload; /**< bytes of all payloads */
	uint16_t count;
	bool fixed_id; /**< all have the same IPv4 identification; decided by the second packet */
};

/** Classify a packet of @p length bytes.  @p kinds are those of enum tscf_coalesce_kinds that may be merged. */
enum tscf_candidate_class tscf_candidate_read(uint8_t *data, uint32_t length, unsigned kinds, struct tscf_candidate *p);

/** @return whether two packets that were read without options have the same protocol, addresses and ports. */
bool tscf_candidate_same_flow(const struct tscf_candidate *a, const struct tscf_candidate *b);

/**
 * @return whether @p p, of the same flow, may be the next packet of @p batch; checksums are not checked.  Sets the
 * batch's fixed_id.
 */
bool tscf_candidate_follows(struct tscf_candidate_batch *batch, const struct tscf_candidate *p);

/** @return whether all checksums of @p p are present and correct. */
bool tscf_candidate_verify(const struct tscf_candidate *p);

#endif

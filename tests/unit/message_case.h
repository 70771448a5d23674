/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message_case.h - control messages for the tests of their codec.  Every input lies in a heap block of exactly its
 * size, so that a sanitizer sees any read past it.
 *
 * The names have no prefix, so that the tests stay readable.
 */
#ifndef TSCF_TESTS_MESSAGE_CASE_H
#define TSCF_TESTS_MESSAGE_CASE_H

#include "common/packet/message.h"

#define TSID     0x0123456789abcdefULL
#define SEQUENCE 0xfedcba98U

/** A message under test: its bytes, and the writer that made them. */
struct built {
	uint8_t data[TSCF_PROBE_MAX];
	struct tscf_writer w;
};

/** Begin a message with TSID and SEQUENCE. */
void begin(struct built *b, enum tscf_message_type type);
/** Decode the first @p length bytes; the TLVs that @p out points to stay valid until drop.  @return the decoder's
 * error. */
int decode_cut(const struct built *b, uint32_t length, struct tscf_message *out);
/** Finish, decode, and give the first TLV; all valid until drop. */
void decode(struct built *b, struct tscf_message *m, struct tscf_tlv *tlv);
/** Free what a decoded message lies in. */
void drop(const struct tscf_message *m);

struct tscf_addr addr(const char *text);
/** @return a binding TLV with everything in it; without a remote if that is NULL. */
struct tscf_wire_binding a_binding(const char *local, const char *remote);

#endif

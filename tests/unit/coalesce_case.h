/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * coalesce_case.h - packets in sequence, a coalescer that is made again for each test, and what it writes.
 *
 * The names have no prefix, so that the tests stay readable.
 */
#ifndef TSCF_TESTS_COALESCE_CASE_H
#define TSCF_TESTS_COALESCE_CASE_H

#include "common/packet/coalesce.h"
#include "tests/unit/offload_build.h"

#define ALL  (TSCF_COALESCE_TCP4 | TSCF_COALESCE_TCP6 | TSCF_COALESCE_UDP)
#define MOST TSCF_COALESCE_PACKETS

/** The kinds of packets that are merged: TCP and UDP of both families, and TCP with options. */
#define KINDS    5
#define UDP_KIND 2
extern const struct offload_shape kinds[KINDS];

extern struct tscf_coalescer *coalescer;
extern struct offload_packet packets[MOST];
/** What the last run wrote; owned by the coalescer. */
extern const struct tscf_super *writes;
extern unsigned write_count;

/** A checked fixture: a coalescer of all kinds. */
void setup(void);
void teardown(void);

/** Make @p count packets in sequence. */
void make(int kind, unsigned count);
/** Write the checksums again, after a change to packet @p i. */
void repair(unsigned i);
/** Coalesce the first @p count packets.  @return the number of writes. */
unsigned run(unsigned count);
/** The same.  @return how many packets were merged into each write, as text: "3 1 2". */
const char *shape_of(unsigned count);
/**
 * Put a write together as the kernel would.
 *
 * @return the bytes without the virtio header; 0: they are too many, or not preceded by that header.
 */
uint32_t gather(const struct tscf_super *w, struct virtio_net_hdr *vnet, uint8_t *to);
/** Check that a write is packet @p packet alone, and says nothing about it. */
void check_single(unsigned write, unsigned packet);
/** Split a write again: it must give the packets from @p packet on, byte for byte.  @return the packet after them. */
unsigned check_merged(unsigned write, unsigned packet);

#endif

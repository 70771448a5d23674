/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * path_redundancy.h - what redundancy adds to the path of a packet: repair packets in datagrams; on streams, copies, or
 * turns of several connections.
 *
 * tscf(7), "REDUNDANCY".  What is to be sent waits in c->redundancy, and so does what was repaired.
 */
#ifndef TSCF_CLIENT_PATH_REDUNDANCY_H
#define TSCF_CLIENT_PATH_REDUNDANCY_H

#include "common/packet/batch.h"
#include "common/packet/packet.h"

struct client;
struct tunnel;

/**
 * @p p, perhaps a GSO batch, of which @p info is the first, goes up by @p t, and belongs to a socket with @p
 * redundancy.
 *
 * @return true if it goes by several streams, or by one of them: it waits; false: the caller sends it, and what follows
 * it waits.
 */
bool path_redundancy_up(struct client *c, const struct tunnel *t, struct tscf_packet *p,
			const struct tscf_packet_info *info, uint8_t redundancy);

/** The inner packet @p info at @p data came by @p t, for a socket with @p redundancy.  @return false if it must be
 * dropped: it was repaired and delivered before. */
bool path_redundancy_came(struct client *c, const struct tunnel *t, const uint8_t *data,
			  const struct tscf_packet_info *info, uint8_t redundancy);

/** A packet of redundancy came by @p t, a tunnel of datagrams. */
void path_redundancy_handle(struct client *c, const struct tunnel *t, const uint8_t *data, uint32_t length);

/** A packet of redundancy came by @p t, a stream: a tunnel's own, or a copy way.  @return whether it is the first copy
 * of an inner packet, behind TSCF_COPY_HEADER bytes; else it is dropped. */
bool path_redundancy_is_first(struct client *c, struct tunnel *t, const uint8_t *data, uint32_t length);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packet_sniffers.h - does a program exist that would see datagrams as a device delivers them?
 *
 * The kernel takes several UDP datagrams as one packet (coalesce.h) and splits them again for UDP sockets.  Raw sockets
 * for UDP and packet sockets get the joined packet.  So datagrams for programs are joined only while no such sockets
 * exist.
 */
#ifndef TSCF_PACKET_SNIFFERS_H
#define TSCF_PACKET_SNIFFERS_H

#include <stdbool.h>

/** How often the caller should check, in milliseconds: for that long a new sniffer may see joined datagrams. */
#define TSCF_PACKET_SNIFFERS_MS 10

/** The kernel's lists of sockets, in the network namespace where they were opened. */
struct tscf_packet_sniffers {
	int raw, raw6, packet; /**< descriptors; -1: the kernel has no such list */
};

/** Open the lists.  Without /proc there is nothing to close, and tscf_packet_sniffers_any always returns true. */
void tscf_packet_sniffers_open(struct tscf_packet_sniffers *o);
void tscf_packet_sniffers_close(struct tscf_packet_sniffers *o);

/**
 * @return whether a socket might see datagrams on the device @p index as they are delivered.  Takes some microseconds.
 */
bool tscf_packet_sniffers_any(const struct tscf_packet_sniffers *o, int index);

/*
 * Search the lists; pure.  The list of raw sockets is /proc/net/raw or raw6, that of packet sockets is
 * /proc/net/packet.  A list that cannot be parsed counts as a match.
 */
bool tscf_packet_sniffers_in_raw(const char *list);
bool tscf_packet_sniffers_in_packet(const char *list, int index);

#endif

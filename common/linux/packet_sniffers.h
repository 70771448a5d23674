/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packet_sniffers.h - is there a program that would see datagrams as a device delivers them?
 *
 * The kernel takes several UDP datagrams as one packet (coalesce.h) and gives each UDP socket its own again.  Raw
 * sockets of UDP and packet sockets are given the packet as it is.  So datagrams for programs are joined only while
 * there are no such sockets.
 */
#ifndef TSCF_PACKET_SNIFFERS_H
#define TSCF_PACKET_SNIFFERS_H

#include <stdbool.h>

/** How often a user should look, in milliseconds: for that long a new onlooker may see joined datagrams. */
#define TSCF_PACKET_SNIFFERS_MS 10

/** The kernel's lists of sockets, of the network namespace in which they were opened. */
struct tscf_packet_sniffers {
	int raw, raw6, packet; /**< descriptors; -1: there is no such list */
};

/** Open the lists.  Where /proc is missing there is nothing to close, and tscf_packet_sniffers_any is always true. */
void tscf_packet_sniffers_open(struct tscf_packet_sniffers *o);
void tscf_packet_sniffers_close(struct tscf_packet_sniffers *o);

/** @return whether a socket might see datagrams on the device @p index as they are delivered.  Some microseconds. */
bool tscf_packet_sniffers_any(const struct tscf_packet_sniffers *o, int index);

/*
 * What is found in the lists; pure.  A list of raw sockets is that of /proc/net/raw or raw6, one of packet sockets that
 * of /proc/net/packet; what cannot be read counts as found.
 */
bool tscf_packet_sniffers_in_raw(const char *list);
bool tscf_packet_sniffers_in_packet(const char *list, int index);

#endif

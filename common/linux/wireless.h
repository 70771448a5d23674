/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wireless.h - whether the wireless network that a device is in encrypts what it sends, as the kernel knows.
 *
 * Nothing is sent on the air.  The kernel answers at once, from what the access point said last in its beacons and
 * answers to probes.  The socket to the kernel is kept from one look to the next.
 */
#ifndef TSCF_WIRELESS_H
#define TSCF_WIRELESS_H

enum tscf_wireless {
	TSCF_WIRELESS_UNKNOWN, /**< in no network at present, or the kernel did not say */
	TSCF_WIRELESS_NONE,    /**< the device is no wireless one */
	TSCF_WIRELESS_OPEN,    /**< not encrypted; WEP counts as that */
	TSCF_WIRELESS_SECURE,
};

/** All zero: nothing is open. */
struct tscf_wireless_socket {
	struct tscf_netlink *netlink; /**< NULL: not open */
	int family;                   /**< the number of nl80211; 0: not known, or the kernel does not have it */
};

/** @return what is known of the device with the interface index @p device. */
enum tscf_wireless tscf_wireless_look(struct tscf_wireless_socket *s, int device);
/** Close it. */
void tscf_wireless_close(struct tscf_wireless_socket *s);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wireless_message.h - what the kernel's answers about wireless networks say.
 *
 * Generic netlink messages behind their netlink header: of the controller (linux/genetlink.h) and of nl80211
 * (linux/nl80211.h).  Elements are those of IEEE 802.11, section 9.4.2.  Pure.
 */
#ifndef TSCF_WIRELESS_MESSAGE_H
#define TSCF_WIRELESS_MESSAGE_H

#include <linux/netlink.h>
#include <stdbool.h>

/** The name of the family of messages about wireless devices. */
#define TSCF_WIRELESS_FAMILY "nl80211"

/** @return the number of that family if the controller's message @p header is about it, else 0. */
int tscf_wireless_family(struct nlmsghdr *header);

enum tscf_bss {
	TSCF_BSS_OTHER,  /**< the device is not associated with it, or the message is none of a network */
	TSCF_BSS_OPEN,   /**< it is; what it sends is not encrypted, or with WEP, which is no protection */
	TSCF_BSS_SECURE, /**< it is; what it sends is encrypted: WPA to WPA3, or OWE (RFC 8110) */
};

/**
 * @return what @p header, an answer to NL80211_CMD_GET_SCAN, says about one network.  That is secure if it asks for
 * privacy and both its beacons and its answers to probes, as far as they are known, have an element of RSN or WPA.
 */
enum tscf_bss tscf_wireless_bss(struct nlmsghdr *header);

#endif

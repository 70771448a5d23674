/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wireless_build.h - messages about wireless networks for tests, as the kernel would send them.
 */
#ifndef TSCF_TESTS_WIRELESS_BUILD_H
#define TSCF_TESTS_WIRELESS_BUILD_H

#include <stdint.h>

struct wireless_message {
	_Alignas(4) uint8_t data[1024]; /**< begins with the netlink header */
	uint32_t length;
};

/** What an element says; an access point has some of them. */
#define WIRELESS_NAME    1U /**< of the network: nothing about encryption */
#define WIRELESS_WPA     2U
#define WIRELESS_RSN     4U
#define WIRELESS_QUALITY 8U  /**< WMM: a vendor's element that is not WPA's */
#define WIRELESS_CUT     16U /**< RSN, shorter than it says */

/** The controller says that the family @p name has @p number. */
void wireless_family(struct wireless_message *m, const char *name, uint16_t number);
/**
 * One network, with nl80211's number 30.
 *
 * @param status      NL80211_BSS_STATUS_*; negative: none
 * @param capability  negative: none
 * @param elements    WIRELESS_*
 * @param beacon      the same, of its beacons; negative: not known
 */
void wireless_network(struct wireless_message *m, int status, int capability, unsigned elements, int beacon);

#endif

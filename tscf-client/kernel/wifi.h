/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wifi.h - whether packets leave this host by WiFi, and whether that is encrypted.
 */
#ifndef TSCF_CLIENT_WIFI_H
#define TSCF_CLIENT_WIFI_H

#include "common/linux/netlink.h"
#include "common/linux/wireless.h"
#include "tscf-client/settings/condition.h"

/** All zero: nothing is known.  Neither holds where there is no WiFi. */
struct wifi {
	enum condition_state open, secure;
	struct tscf_wireless_socket socket;
};

/**
 * Look at the device with the interface index @p device, by which packets leave.
 *
 * Nothing is known of a device that is no hardware, such as a bond or a VPN: what is below it is not looked at.
 */
void wifi_look(struct wifi *w, struct tscf_netlink *netlink, int device);
/** Close the socket; what is known stays. */
void wifi_stop(struct wifi *w);

/** The same as wifi_look, from what the kernel says; @p kind is that of the link (struct tscf_link).  Pure. */
void wifi_judge(struct wifi *w, const char *kind, enum tscf_wireless wireless);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/kernel/wifi.h"

#include <string.h>

/** Modems have a kind, and are hardware. */
static bool is_hardware(const char *kind)
{
	return kind[0] == '\0' || strcmp(kind, "wwan") == 0;
}

void wifi_judge(struct wifi *w, const char *kind, enum tscf_wireless wireless)
{
	w->open = w->secure = CONDITION_UNKNOWN;
	if (wireless == TSCF_WIRELESS_UNKNOWN || (wireless == TSCF_WIRELESS_NONE && !is_hardware(kind)))
		return;
	w->open = wireless == TSCF_WIRELESS_OPEN ? CONDITION_HOLDS : CONDITION_FAILS;
	w->secure = wireless == TSCF_WIRELESS_SECURE ? CONDITION_HOLDS : CONDITION_FAILS;
}

void wifi_look(struct wifi *w, struct tscf_netlink *netlink, int device)
{
	enum tscf_wireless wireless = tscf_wireless_look(&w->socket, device);
	struct tscf_link link;

	if (tscf_link_get(netlink, device, &link) < 0)
		wireless = TSCF_WIRELESS_UNKNOWN;
	wifi_judge(w, link.kind, wireless);
}

void wifi_stop(struct wifi *w)
{
	tscf_wireless_close(&w->socket);
}

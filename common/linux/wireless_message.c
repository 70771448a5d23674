/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/wireless_message.h"

#include <linux/genetlink.h>
#include <linux/nl80211.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

/** Of the capability information of a BSS (IEEE 802.11, section 9.4.1.4). */
#define CAPABILITY_PRIVACY 0x10
/** Elements. */
#define ELEMENT_RSN    48
#define ELEMENT_VENDOR 221

/** OUI and type of the vendor's element that WPA has. */
static const uint8_t wpa[] = {0x00, 0x50, 0xf2, 0x01};

/** @return the attribute @p type behind the generic header, with at least @p least bytes; NULL: there is none. */
static struct nlattr *find(struct nlmsghdr *header, uint8_t command, int type, int least)
{
	const struct genlmsghdr *generic = nlmsg_data(header);
	struct nlattr *attr;

	if (!nlmsg_valid_hdr(header, GENL_HDRLEN) || generic->cmd != command)
		return NULL;
	attr = nlmsg_find_attr(header, GENL_HDRLEN, type);
	return attr && nla_len(attr) >= least ? attr : NULL;
}

/** The same in an attribute that holds others. */
static struct nlattr *find_in(struct nlattr *outer, int type, int least)
{
	struct nlattr *attr = nla_find(nla_data(outer), nla_len(outer), type);

	return attr && nla_len(attr) >= least ? attr : NULL;
}

int tscf_wireless_family(struct nlmsghdr *header)
{
	static const char name[] = TSCF_WIRELESS_FAMILY;
	struct nlattr *names = find(header, CTRL_CMD_NEWFAMILY, CTRL_ATTR_FAMILY_NAME, sizeof(name));
	struct nlattr *number = find(header, CTRL_CMD_NEWFAMILY, CTRL_ATTR_FAMILY_ID, sizeof(uint16_t));

	return names && number && memcmp(nla_data(names), name, sizeof(name)) == 0 ? nla_get_u16(number) : 0;
}

/** @return whether there is an element that says how unicast is encrypted. */
static bool has_ciphers(struct nlattr *elements)
{
	const uint8_t *at = nla_data(elements), *end = at + nla_len(elements);

	for (; end - at >= 2 && end - at - 2 >= at[1]; at += 2 + at[1]) {
		if (at[0] == ELEMENT_RSN)
			return true;
		if (at[0] == ELEMENT_VENDOR && at[1] >= sizeof(wpa) && memcmp(at + 2, wpa, sizeof(wpa)) == 0)
			return true;
	}
	return false;
}

static bool is_secure(struct nlattr *bss)
{
	struct nlattr *capability = find_in(bss, NL80211_BSS_CAPABILITY, sizeof(uint16_t));
	/* Those of the last beacon or answer to a probe, and of the last beacon. */
	struct nlattr *elements = find_in(bss, NL80211_BSS_INFORMATION_ELEMENTS, 0);
	struct nlattr *beacon = find_in(bss, NL80211_BSS_BEACON_IES, 0);

	if (!capability || !(nla_get_u16(capability) & CAPABILITY_PRIVACY) || !elements)
		return false;
	return has_ciphers(elements) && (!beacon || has_ciphers(beacon));
}

enum tscf_bss tscf_wireless_bss(struct nlmsghdr *header)
{
	struct nlattr *bss = find(header, NL80211_CMD_NEW_SCAN_RESULTS, NL80211_ATTR_BSS, 0);
	struct nlattr *status = bss ? find_in(bss, NL80211_BSS_STATUS, sizeof(uint32_t)) : NULL;

	if (!status || (nla_get_u32(status) != NL80211_BSS_STATUS_ASSOCIATED &&
			nla_get_u32(status) != NL80211_BSS_STATUS_IBSS_JOINED))
		return TSCF_BSS_OTHER;
	return is_secure(bss) ? TSCF_BSS_SECURE : TSCF_BSS_OPEN;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/wireless_build.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/nl80211.h>
#include <stddef.h>
#include <string.h>

static void put(struct wireless_message *m, const void *bytes, size_t size)
{
	memcpy(m->data + m->length, bytes, size);
	m->length += (uint32_t)size;
}

static void begin(struct wireless_message *m, uint16_t type, uint8_t command)
{
	const struct genlmsghdr generic = {.cmd = command, .version = 1};
	const struct nlmsghdr header = {.nlmsg_type = type};

	memset(m, 0, sizeof(*m));
	put(m, &header, sizeof(header));
	put(m, &generic, sizeof(generic));
}

static void end(struct wireless_message *m)
{
	memcpy(m->data + offsetof(struct nlmsghdr, nlmsg_len), &m->length, sizeof(m->length));
}

/** @return where the attribute begins. */
static uint32_t open_attr(struct wireless_message *m, uint16_t type)
{
	const struct nlattr attr = {.nla_type = type};
	uint32_t at = m->length;

	put(m, &attr, sizeof(attr));
	return at;
}

static void close_attr(struct wireless_message *m, uint32_t at)
{
	uint16_t length = (uint16_t)(m->length - at);

	memcpy(m->data + at, &length, sizeof(length));
	m->length = (uint32_t)NLA_ALIGN(m->length);
}

static void put_attr(struct wireless_message *m, uint16_t type, const void *value, size_t size)
{
	uint32_t at = open_attr(m, type);

	put(m, value, size);
	close_attr(m, at);
}

static void put_elements(struct wireless_message *m, uint16_t type, unsigned which)
{
	static const uint8_t name[] = {0, 4, 'c', 'a', 'f', 'e'};
	static const uint8_t wpa[] = {221, 6, 0x00, 0x50, 0xf2, 0x01, 1, 0};
	static const uint8_t wmm[] = {221, 7, 0x00, 0x50, 0xf2, 0x02, 1, 1, 0};
	/* Version 1, CCMP for all, a key of its own for each user (AKM 2). */
	static const uint8_t rsn[] = {48, 20,   1, 0, 0, 0x0f, 0xac, 4,    1, 0, 0,
				      15, 0xac, 4, 1, 0, 0,    0x0f, 0xac, 2, 0, 0};
	uint32_t at = open_attr(m, type);

	if (which & WIRELESS_NAME)
		put(m, name, sizeof(name));
	if (which & WIRELESS_QUALITY)
		put(m, wmm, sizeof(wmm));
	if (which & WIRELESS_WPA)
		put(m, wpa, sizeof(wpa));
	if (which & WIRELESS_RSN)
		put(m, rsn, sizeof(rsn));
	if (which & WIRELESS_CUT)
		put(m, rsn, sizeof(rsn) - 1);
	close_attr(m, at);
}

void wireless_family(struct wireless_message *m, const char *name, uint16_t number)
{
	begin(m, GENL_ID_CTRL, CTRL_CMD_NEWFAMILY);
	put_attr(m, CTRL_ATTR_FAMILY_NAME, name, strlen(name) + 1);
	put_attr(m, CTRL_ATTR_FAMILY_ID, &number, sizeof(number));
	end(m);
}

void wireless_network(struct wireless_message *m, int status, int capability, unsigned elements, int beacon)
{
	const uint32_t device = 3, state = (uint32_t)status;
	const uint16_t bits = (uint16_t)capability;
	uint32_t at;

	begin(m, 30, NL80211_CMD_NEW_SCAN_RESULTS);
	put_attr(m, NL80211_ATTR_IFINDEX, &device, sizeof(device));
	at = open_attr(m, NL80211_ATTR_BSS);
	if (capability >= 0)
		put_attr(m, NL80211_BSS_CAPABILITY, &bits, sizeof(bits));
	put_elements(m, NL80211_BSS_INFORMATION_ELEMENTS, elements);
	if (beacon >= 0)
		put_elements(m, NL80211_BSS_BEACON_IES, (unsigned)beacon);
	if (status >= 0)
		put_attr(m, NL80211_BSS_STATUS, &state, sizeof(state));
	close_attr(m, at);
	end(m);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/internal.h"

#include "common/linux/on_link.h"

#include <stdio.h>
#include <string.h>

/** Who has which addresses. */
struct holders {
	const char *const *devices;     /**< of the client */
	struct tscf_addr outer;         /**< of the server, or of the proxy */
	const struct tscf_addrs *plain; /**< of the plain tunnel; NULL: the addresses are for that */
};

/** First byte of IPv4 addresses: 0 "this network", 127 loopback, 224 multicast, 240 reserved, broadcast among them. */
static bool is_ordinary_v4(const uint8_t *bytes)
{
	return bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224;
}

/** Those of a link (fe80::/10) are of each device of the host. */
static bool is_ordinary_v6(const uint8_t *bytes)
{
	static const uint8_t none[15];
	const bool first = memcmp(bytes, none, sizeof(none)) == 0 && bytes[15] <= 1;

	return !first && bytes[0] != 0xff && !(bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80);
}

static bool is_ordinary(const struct tscf_addr *a)
{
	return a->family == AF_INET ? is_ordinary_v4(a->bytes) : is_ordinary_v6(a->bytes);
}

/** Find who has @p a.  @return false: nobody, and a tunnel can have it. */
static bool find_holder(const struct tscf_addr *a, const struct holders *h, char holder[INTERNAL_FAULT])
{
	char device[IF_NAMESIZE];
	int err;

	if (!is_ordinary(a)) {
		snprintf(holder, INTERNAL_FAULT, "no tunnel can have that");
	} else if (tscf_addr_equal(a, &h->outer)) {
		snprintf(holder, INTERNAL_FAULT, "the server itself has that");
	} else if (h->plain && tscf_addr_equal(a, &h->plain->of[tscf_family_index(a->family)])) {
		snprintf(holder, INTERNAL_FAULT, "the plain tunnel has that");
	} else {
		err = tscf_addr_device(a, h->devices, device);
		if (err == 0)
			return false;
		if (err < 0)
			snprintf(holder, INTERNAL_FAULT, "the addresses of this host cannot be read: %s",
				 strerror(-err));
		else
			snprintf(holder, INTERNAL_FAULT, "%s of this host has that", device);
	}
	return true;
}

const char *internal_fault(struct internal_check *check, const struct tunnel *t, const struct tscf_message *m,
			   const struct tscf_addrs *plain)
{
	const struct tscf_addrs internal = tscf_message_internal(m);
	const struct holders holders = {
	    .devices = check->devices, .outer = tscf_endpoint_addr(&t->way.remote), .plain = plain};
	char holder[INTERNAL_FAULT], text[TSCF_ADDR_TEXT];

	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		const struct tscf_addr *a = &internal.of[i];

		if (a->family == 0 || !find_holder(a, &holders, holder))
			continue;
		snprintf(check->fault, sizeof(check->fault), "the server gives the internal address %s: %.70s",
			 tscf_addr_format(a, text), holder);
		return check->fault;
	}
	return NULL;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/fragment.h"
#include "common/base/siphash.h"

#include <stdlib.h>
#include <string.h>

/** Datagrams that share a slot of the table. */
#define WAYS 4

/** The fields that all fragments of a datagram share, without padding. */
struct datagram {
	uint8_t source[16];
	uint8_t destination[16];
	uint32_t id;
	uint8_t family;
	uint8_t protocol;
	uint8_t direction;
	uint8_t zero;
};

_Static_assert(sizeof(struct datagram) == 40, "padding would be hashed");

struct way {
	struct datagram datagram;
	struct tscf_binding_key key;
	uint64_t expires; /* 0: empty */
};

struct slot {
	struct way way[WAYS];
};

struct tscf_fragments {
	struct tscf_siphash_key secret;
	size_t mask; /* slots of one kind - 1, a power of two */
	/*
	 * The slots of encrypted datagrams, then those of clear ones: a flood of one kind cannot displace the other
	 * kind.
	 */
	struct slot slot[];
};

struct tscf_fragments *tscf_fragments_new(unsigned slots)
{
	struct tscf_fragments *table;
	size_t count = 1;

	while (count < slots / WAYS)
		count *= 2;
	table = calloc(1, sizeof(*table) + 2 * count * sizeof(table->slot[0]));
	if (!table)
		return NULL;
	table->mask = count - 1;
	if (tscf_siphash_key_init(&table->secret) < 0) {
		free(table);
		return NULL;
	}
	return table;
}

void tscf_fragments_free(struct tscf_fragments *table)
{
	free(table);
}

static void datagram_of(const struct tscf_packet_info *info, enum tscf_direction direction, struct datagram *out)
{
	*out = (struct datagram){
	    .id = info->fragment_id,
	    .family = info->source.family,
	    .direction = (uint8_t)direction,
	};
	memcpy(out->source, info->source.bytes, tscf_addr_size(info->source.family));
	memcpy(out->destination, info->destination.bytes, tscf_addr_size(info->destination.family));
	/*
	 * RFC 791 also uses the protocol to tell datagrams apart.  RFC 8200 does not: later fragments may have another.
	 */
	if (info->version == 4)
		out->protocol = info->protocol;
}

static struct way *find(struct slot *slot, const struct datagram *datagram, uint64_t now)
{
	for (unsigned i = 0; i < WAYS; i++) {
		struct way *way = &slot->way[i];

		if (now < way->expires && memcmp(&way->datagram, datagram, sizeof(*datagram)) == 0)
			return way;
	}
	return NULL;
}

static void remember(struct slot *slot, const struct datagram *datagram, const struct tscf_binding_key *key,
		     uint64_t now)
{
	struct way *way = find(slot, datagram, now);

	for (unsigned i = 0; !way && i < WAYS; i++)
		if (slot->way[i].expires <= now)
			way = &slot->way[i];
	if (!way) {
		way = &slot->way[0];
		for (unsigned i = 1; i < WAYS; i++)
			if (slot->way[i].expires < way->expires)
				way = &slot->way[i];
	}
	way->datagram = *datagram;
	way->key = *key;
	way->expires = now + TSCF_FRAGMENT_MS;
}

bool tscf_fragments_key(struct tscf_fragments *table, const struct tscf_packet_info *info,
			enum tscf_direction direction, bool clear, uint64_t now, struct tscf_binding_key *key)
{
	struct datagram datagram;
	struct slot *encrypted, *slot;
	struct way *way;

	datagram_of(info, direction, &datagram);
	encrypted = &table->slot[tscf_siphash(&table->secret, &datagram, sizeof(datagram)) & table->mask];
	slot = clear ? encrypted + table->mask + 1 : encrypted;
	/* A clear fragment of an encrypted datagram is rejected. */
	bool foreign = clear && find(encrypted, &datagram, now);
	if (info->first) {
		tscf_binding_key_of(info, direction, key);
		if (!foreign)
			remember(slot, &datagram, key, now);
		return true;
	}
	way = foreign ? NULL : find(slot, &datagram, now);
	if (!way)
		return false;
	*key = way->key;
	return true;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fragment.h"
#include "siphash.h"

#include <stdlib.h>
#include <string.h>

/** Datagrams that share a slot of the table. */
#define WAYS 4

/** What the fragments of one datagram have in common, without padding. */
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
	bool clear;
	uint64_t expires; /* 0: empty */
};

struct slot {
	struct way way[WAYS];
};

struct tscf_fragments {
	struct tscf_siphash_key secret;
	size_t mask; /* slots - 1, slots being a power of two */
	struct slot slot[];
};

struct tscf_fragments *tscf_fragments_new(unsigned slots)
{
	struct tscf_fragments *table;
	size_t count = 1;

	while (count < slots / WAYS)
		count *= 2;
	table = calloc(1, sizeof(*table) + count * sizeof(table->slot[0]));
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
	/* RFC 791 tells datagrams apart by the protocol too.  RFC 8200 does not: later fragments may show another. */
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

/** @return whether a clear datagram of @p direction must leave this one alone. */
static bool is_protected(const struct way *way, uint8_t direction, uint64_t now)
{
	return now < way->expires && !way->clear && way->datagram.direction == direction;
}

/** @return the way to overwrite with @p datagram, the one that ends first; NULL if none may be. */
static struct way *victim(struct slot *slot, const struct datagram *datagram, bool clear, uint64_t now)
{
	struct way *oldest = NULL;

	for (unsigned i = 0; i < WAYS; i++) {
		struct way *way = &slot->way[i];

		if (clear && is_protected(way, datagram->direction, now))
			continue;
		if (!oldest || way->expires < oldest->expires)
			oldest = way;
	}
	return oldest;
}

static void remember(struct slot *slot, const struct datagram *datagram, const struct tscf_binding_key *key, bool clear,
		     uint64_t now)
{
	struct way *way = find(slot, datagram, now);

	if (way && clear && !way->clear)
		return;
	if (!way)
		way = victim(slot, datagram, clear, now);
	if (!way)
		return;
	way->datagram = *datagram;
	way->key = *key;
	way->clear = clear;
	way->expires = now + TSCF_FRAGMENT_MS;
}

bool tscf_fragments_key(struct tscf_fragments *table, const struct tscf_packet_info *info,
			enum tscf_direction direction, bool clear, uint64_t now, struct tscf_binding_key *key)
{
	struct datagram datagram;
	struct slot *slot;
	struct way *way;

	datagram_of(info, direction, &datagram);
	slot = &table->slot[tscf_siphash(&table->secret, &datagram, sizeof(datagram)) & table->mask];
	if (info->first) {
		tscf_binding_key_of(info, direction, key);
		remember(slot, &datagram, key, clear, now);
		return true;
	}
	way = find(slot, &datagram, now);
	if (!way || way->clear != clear)
		return false;
	*key = way->key;
	return true;
}

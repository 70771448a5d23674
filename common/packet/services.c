/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/packet/services.h"

#include <stdlib.h>

struct tscf_services {
	struct tscf_key_table *entries;
};

struct tscf_services *tscf_services_new(void)
{
	struct tscf_services *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->entries = tscf_key_table_new();
	if (table->entries)
		return table;
	free(table);
	return NULL;
}

void tscf_services_free(struct tscf_services *table)
{
	struct tscf_service_entry *s;

	if (!table)
		return;
	while ((s = tscf_services_next(table, NULL)))
		tscf_services_remove(table, s);
	tscf_key_table_free(table->entries);
	free(table);
}

unsigned tscf_services_count(const struct tscf_services *table)
{
	return tscf_key_table_count(table->entries);
}

struct tscf_service_entry *tscf_services_find(const struct tscf_services *table, const struct tscf_binding_key *flow)
{
	struct tscf_key_search search;

	tscf_key_search_begin(&search, flow);
	return tscf_key_search_next(table->entries, &search);
}

const struct tscf_service_entry *tscf_services_of_packet(const struct tscf_services *table,
							 const struct tscf_packet_info *info,
							 enum tscf_direction direction)
{
	struct tscf_binding_key flow;

	if (tscf_services_count(table) == 0)
		return NULL;
	tscf_binding_key_of(info, direction, &flow);
	return tscf_services_find(table, &flow);
}

uint8_t tscf_services_redundancy(const struct tscf_services *table, const struct tscf_packet_info *info,
				 enum tscf_direction direction)
{
	const struct tscf_service_entry *entry = tscf_services_of_packet(table, info, direction);

	return entry ? entry->now.redundancy : TSCF_REDUNDANCY_NONE;
}

struct tscf_service_entry *tscf_services_get(const struct tscf_services *table, const struct tscf_binding_key *key)
{
	return tscf_key_table_get(table->entries, key);
}

static void leave(struct tscf_service_entry *s)
{
	if (s->list) {
		*s->owner_link = s->owner_next;
		if (s->owner_next)
			s->owner_next->owner_link = s->owner_link;
		s->list->count--;
	}
	s->list = NULL;
	s->owner = NULL;
}

static void join(struct tscf_service_entry *s, void *owner, struct tscf_service_list *list)
{
	leave(s);
	s->owner = owner;
	s->list = list;
	if (!list)
		return;
	s->owner_next = list->first;
	s->owner_link = &list->first;
	if (s->owner_next)
		s->owner_next->owner_link = &s->owner_next;
	list->first = s;
	list->count++;
}

struct tscf_service_entry *tscf_services_put(struct tscf_services *table, const struct tscf_binding_key *key,
					     void *owner, struct tscf_service_list *list)
{
	struct tscf_service_entry *s = tscf_services_get(table, key);

	if (!s) {
		s = tscf_key_table_add(table->entries, key, sizeof(*s));
		if (!s)
			return NULL;
		s->key = *key;
	}
	join(s, owner, list);
	return s;
}

void tscf_services_remove(struct tscf_services *table, struct tscf_service_entry *s)
{
	leave(s);
	tscf_key_table_remove(table->entries, s);
}

void tscf_services_remove_list(struct tscf_services *table, struct tscf_service_list *list)
{
	while (list->first)
		tscf_services_remove(table, list->first);
}

struct tscf_service_entry *tscf_services_next(const struct tscf_services *table, const struct tscf_service_entry *s)
{
	return tscf_key_table_next(table->entries, s);
}

bool tscf_services_none(const struct tscf_services_of *s)
{
	return s->redundancy == TSCF_REDUNDANCY_NONE && !s->datagram;
}

bool tscf_services_equal(const struct tscf_services_of *a, const struct tscf_services_of *b)
{
	return a->redundancy == b->redundancy && a->datagram == b->datagram;
}

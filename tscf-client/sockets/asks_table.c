/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/asks_table.h"

#include "common/base/log.h"

static void want(struct asks *a, struct tscf_service_entry *e, const struct tscf_services_of *wanted)
{
	if (tscf_services_equal(&e->wanted, wanted) && e->told != TSCF_SERVICE_FRESH)
		return;
	e->wanted = *wanted;
	/* While a request is under way, its answer shows that this is another. */
	if (e->told == TSCF_SERVICE_ANSWERED)
		e->told = TSCF_SERVICE_FRESH;
	/* The other end takes packets without redundancy, and by a stream, at any time: no need to wait for it. */
	if (wanted->redundancy == TSCF_REDUNDANCY_NONE)
		e->now.redundancy = wanted->redundancy;
	if (!wanted->datagram)
		e->now.datagram = false;
	a->dirty = true;
}

static bool asks_for_nothing(const struct ask *one)
{
	for (unsigned i = 0; i < ASK_SERVICES; i++)
		if (one->of[i].value != 0)
			return false;
	return true;
}

void asks_place(struct asks *a, const struct ask *one)
{
	const struct tscf_services_of wanted = {.redundancy = one->of[ASK_REDUNDANCY].value,
						.datagram = one->of[ASK_DATAGRAM].value == TSCF_DATAGRAM_PREFERRED};
	struct tscf_binding_key keys[TSCF_FAMILIES];
	unsigned count = registry_keys(a->registry, &one->socket, keys);

	for (unsigned i = 0; i < count; i++) {
		struct tscf_service_entry *e = tscf_services_get(a->table, &keys[i]);

		/* An entry that would say nothing is not made. */
		if (!e && asks_for_nothing(one))
			continue;
		if (!e)
			e = tscf_services_put(a->table, &keys[i], NULL, NULL);
		if (!e) {
			tscf_error("out of memory: a socket does not get what it asks for");
			return;
		}
		e->cookie = one->cookie;
		e->stream_only = one->of[ASK_DATAGRAM].value == TSCF_DATAGRAM_NEVER;
		want(a, e, &wanted);
	}
	a->changed(a->context);
}

void asks_displace(struct asks *a, const struct ask *one)
{
	static const struct tscf_services_of nothing;
	struct tscf_binding_key keys[TSCF_FAMILIES];
	unsigned count = registry_keys(a->registry, &one->socket, keys);

	for (unsigned i = 0; i < count; i++) {
		struct tscf_service_entry *e = tscf_services_get(a->table, &keys[i]);

		if (!e || e->cookie != one->cookie)
			continue;
		e->stream_only = false;
		/* The server has nothing to forget. */
		if (tscf_services_none(&e->wanted) && e->told == TSCF_SERVICE_ANSWERED)
			tscf_services_remove(a->table, e);
		else
			want(a, e, &nothing);
	}
	a->changed(a->context);
}

void asks_clear(struct asks *a)
{
	struct tscf_service_entry *e;

	while ((e = tscf_services_next(a->table, NULL)))
		tscf_services_remove(a->table, e);
}

void asks_again(struct asks *a)
{
	struct tscf_service_entry *e = NULL;

	while ((e = tscf_services_next(a->table, e)))
		e->told = TSCF_SERVICE_FRESH;
	a->dirty = tscf_services_count(a->table) > 0;
	a->hold_until = 0;
}

enum tscf_datagram asks_datagram(const struct tscf_service_entry *e)
{
	if (!e)
		return TSCF_DATAGRAM_DEFAULT;
	if (e->stream_only)
		return TSCF_DATAGRAM_NEVER;
	return e->now.datagram ? TSCF_DATAGRAM_PREFERRED : TSCF_DATAGRAM_DEFAULT;
}

/* @return how much of the service is in force for an entry. */
static uint8_t has(const struct tscf_service_entry *e, enum ask_service service)
{
	return service == ASK_REDUNDANCY ? e->now.redundancy : (uint8_t)asks_datagram(e);
}

uint8_t asks_in_force(const struct asks *a, const struct ask *one, enum ask_service service)
{
	struct tscf_binding_key keys[TSCF_FAMILIES];
	unsigned count = registry_keys(a->registry, &one->socket, keys);
	uint8_t value = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct tscf_service_entry *e = tscf_services_get(a->table, &keys[i]);

		value = e ? has(e, service) : 0;
		if (value == 0)
			return 0;
	}
	return value;
}

bool asks_refused(const struct asks *a, const struct ask *one, enum ask_service service)
{
	struct tscf_binding_key keys[TSCF_FAMILIES];
	unsigned count = registry_keys(a->registry, &one->socket, keys);

	for (unsigned i = 0; i < count; i++) {
		const struct tscf_service_entry *e = tscf_services_get(a->table, &keys[i]);
		bool wanted = e && (service == ASK_REDUNDANCY ? e->wanted.redundancy != TSCF_REDUNDANCY_NONE
							      : e->wanted.datagram);

		if (wanted && e->refused && has(e, service) == 0)
			return true;
	}
	return false;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/certificates.h"

#include "common/crypto/hash.h"

#include <stdlib.h>
#include <string.h>

static void forget(struct server_certificate_entry *e)
{
	free(e->der);
	*e = (struct server_certificate_entry){.der = NULL};
}

static bool is_of(const struct server_certificate_entry *e, const uint8_t digest[32])
{
	return e->der && memcmp(e->digest, digest, sizeof(e->digest)) == 0;
}

static bool same_source(const struct server_certificate_entry *e, const union tscf_endpoint *outer)
{
	const struct tscf_addr one = tscf_endpoint_addr(&e->outer), other = tscf_endpoint_addr(outer);
	const struct tscf_addr a = tscf_addr_source(&one), b = tscf_addr_source(&other);

	return tscf_addr_equal(&a, &b);
}

/** @return the entry of @p e and @p best that was used longer ago; @p best may be NULL. */
static struct server_certificate_entry *older(struct server_certificate_entry *e, struct server_certificate_entry *best)
{
	return !best || e->used < best->used ? e : best;
}

/** Choose a place for certificates from @p outer: the oldest of that source if it has many, a free one, or the oldest
 * of all; but not one of an admitted client. */
static struct server_certificate_entry *place_for(struct server_certificates *c, const union tscf_endpoint *outer)
{
	struct server_certificate_entry *free_place = NULL, *own = NULL, *any = NULL;
	unsigned count = 0;

	for (unsigned i = 0; i < SERVER_CERTIFICATES; i++) {
		struct server_certificate_entry *e = &c->list[i];

		if (!e->der) {
			free_place = e;
		} else if (!e->admitted) {
			any = older(e, any);
			if (same_source(e, outer)) {
				own = older(e, own);
				count++;
			}
		}
	}
	if (count >= SERVER_CERTIFICATES_SOURCE)
		return own;
	return free_place ? free_place : any;
}

/** @return the entry that the part belongs to, perhaps a new one; or NULL. */
static struct server_certificate_entry *entry_of(struct server_certificates *c, const union tscf_endpoint *outer,
						 const uint8_t digest[32], uint16_t total, uint64_t now)
{
	struct server_certificate_entry *e;

	/* Whoever knows the digest could send other bytes: a client's certificates come from one address. */
	for (unsigned i = 0; i < SERVER_CERTIFICATES; i++) {
		e = &c->list[i];
		if (is_of(e, digest) && (e->missing == 0 || tscf_endpoint_equal(&e->outer, outer)))
			return e->total == total ? e : NULL;
	}
	e = place_for(c, outer);
	forget(e);
	e->der = malloc(total);
	if (!e->der)
		return NULL;
	memcpy(e->digest, digest, sizeof(e->digest));
	e->outer = *outer;
	e->total = total;
	e->missing = (uint16_t)((1U << ((total + TSCF_CHAIN_PART_MAX - 1U) / TSCF_CHAIN_PART_MAX)) - 1U);
	e->used = now;
	return e;
}

static bool is_whole_part(const struct tscf_chain_part *part)
{
	const uint32_t left = part->offset < part->total ? (uint32_t)part->total - part->offset : 0;

	return part->total <= TSCF_CERTIFICATES_SIZE && left > 0 && part->offset % TSCF_CHAIN_PART_MAX == 0 &&
	       part->length == (left < TSCF_CHAIN_PART_MAX ? left : TSCF_CHAIN_PART_MAX);
}

bool server_certificates_take(struct server_certificates *c, const union tscf_endpoint *outer, const uint8_t digest[32],
			      const struct tscf_chain_part *part, uint64_t now)
{
	struct server_certificate_entry *e = is_whole_part(part) ? entry_of(c, outer, digest, part->total, now) : NULL;
	uint8_t actual[32];
	uint16_t bit;

	if (!e)
		return false;
	bit = (uint16_t)(1U << (part->offset / TSCF_CHAIN_PART_MAX));
	if (!(e->missing & bit))
		return true;
	memcpy(e->der + part->offset, part->bytes, part->length);
	e->missing &= (uint16_t)~bit;
	if (e->missing != 0)
		return true;
	tscf_sha256(e->der, e->total, actual);
	if (memcmp(actual, e->digest, sizeof(actual)) == 0)
		return true;
	forget(e);
	return false;
}

static struct server_certificate_entry *find(struct server_certificates *c, const uint8_t digest[32])
{
	for (unsigned i = 0; i < SERVER_CERTIFICATES; i++)
		if (is_of(&c->list[i], digest) && c->list[i].missing == 0)
			return &c->list[i];
	return NULL;
}

bool server_certificates_find(struct server_certificates *c, const uint8_t digest[32], uint64_t now,
			      struct tscf_certificates *out)
{
	struct server_certificate_entry *e = find(c, digest);

	if (!e)
		return false;
	e->used = now;
	*out = (struct tscf_certificates){.der = e->der, .length = e->total};
	return true;
}

void server_certificates_admitted(struct server_certificates *c, const uint8_t digest[32])
{
	struct server_certificate_entry *e = find(c, digest), *oldest = NULL;
	unsigned count = 0;

	if (!e || e->admitted)
		return;
	for (unsigned i = 0; i < SERVER_CERTIFICATES; i++)
		if (c->list[i].admitted) {
			oldest = older(&c->list[i], oldest);
			count++;
		}
	if (count >= SERVER_CERTIFICATES_ADMITTED)
		oldest->admitted = false;
	e->admitted = true;
}

void server_certificates_expire(struct server_certificates *c, uint64_t now)
{
	for (unsigned i = 0; i < SERVER_CERTIFICATES; i++) {
		struct server_certificate_entry *e = &c->list[i];

		if (now - e->used >= (e->admitted ? SERVER_CERTIFICATES_KEEP_MS : SERVER_CERTIFICATES_WAIT_MS))
			forget(e);
	}
}

void server_certificates_free(struct server_certificates *c)
{
	for (unsigned i = 0; i < SERVER_CERTIFICATES; i++)
		forget(&c->list[i]);
}

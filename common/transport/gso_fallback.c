/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/gso_fallback.h"

static const union tscf_endpoint connected;

/* An attacker who chooses an address to collide with another's slot causes one more system call, for both. */
static struct tscf_gso_fallback *slot_of(struct tscf_gso_fallbacks *r, const union tscf_endpoint *to)
{
	uint32_t mixed = 0;

	if (to->sa.sa_family == AF_INET6)
		mixed = to->in6.sin6_addr.s6_addr32[1] ^ to->in6.sin6_addr.s6_addr32[3] ^ to->in6.sin6_port;
	else if (to->sa.sa_family == AF_INET)
		mixed = to->in.sin_addr.s_addr ^ to->in.sin_port;
	/* Addresses are in network byte order: the bits that differ most are the high ones. */
	return &r->slot[(mixed * 2654435761U) >> 24 & (TSCF_REFUSAL_SLOTS - 1)];
}

static bool is_of(const struct tscf_gso_fallback *slot, const union tscf_endpoint *to)
{
	if (slot->left == 0 || slot->to.sa.sa_family != to->sa.sa_family)
		return false;
	return to->sa.sa_family == 0 || tscf_endpoint_equal(&slot->to, to);
}

void tscf_gso_fallbacks_note_size(struct tscf_gso_fallbacks *r, const union tscf_endpoint *to, uint32_t size)
{
	const union tscf_endpoint *where = to ? to : &connected;
	struct tscf_gso_fallback *slot = slot_of(r, where);

	if (is_of(slot, where) && slot->size < size)
		size = slot->size;
	r->used += slot->left == 0;
	*slot = (struct tscf_gso_fallback){.to = *where, .size = size, .left = TSCF_REFUSAL_DATAGRAMS};
}

void tscf_gso_fallbacks_note_any(struct tscf_gso_fallbacks *r)
{
	r->left = TSCF_REFUSAL_DATAGRAMS;
}

bool tscf_gso_fallbacks_allow(struct tscf_gso_fallbacks *r, const union tscf_endpoint *to, uint32_t size)
{
	const union tscf_endpoint *where = to ? to : &connected;
	struct tscf_gso_fallback *slot;

	if (r->left > 0) {
		r->left--;
		return false;
	}
	/* True nearly always. */
	if (r->used == 0)
		return true;
	slot = slot_of(r, where);
	if (!is_of(slot, where) || size < slot->size)
		return true;
	slot->left--;
	r->used -= slot->left == 0;
	return false;
}

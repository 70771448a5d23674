/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/mtu.h"

#include <stddef.h>

/**
 * MTUs of outer paths that are common in practice: Ethernet, PPPoE, tunnels of several kinds, mobile networks, the
 * minimum of IPv6, and the base size of RFC 8899, which nearly every path carries.
 */
static const unsigned paths[] = {1500, 1492, 1480, 1460, 1440, 1420, 1400, 1380,
				 1340, 1300, 1280, 1200, 1024, 800,  576};

#define PATHS (sizeof(paths) / sizeof(paths[0]))
#define BASE  1200

static unsigned within(const struct mtu *m, unsigned path)
{
	const unsigned size = path > m->overhead ? path - m->overhead : 0;

	if (size < m->floor)
		return m->floor;
	return size < m->limit ? size : m->limit;
}

/** @return the next larger size that is not known to be too large, or 0. */
static unsigned larger(const struct mtu *m)
{
	for (size_t i = PATHS; i > 0; i--) {
		const unsigned size = within(m, paths[i - 1]);

		if (size > m->size && (m->lost == 0 || size < m->lost))
			return size;
	}
	return m->limit > m->size && (m->lost == 0 || m->limit < m->lost) ? m->limit : 0;
}

/** @return the size to use next if the present one does not get through: first the base size, then step by step down.
 */
static unsigned smaller(const struct mtu *m)
{
	const unsigned base = within(m, BASE);

	if (base < m->size)
		return base;
	for (size_t i = 0; i < PATHS; i++)
		if (within(m, paths[i]) < m->size)
			return within(m, paths[i]);
	return m->floor;
}

static void probe(struct mtu *m, unsigned size)
{
	m->probing = size;
	m->overtaken = false;
	m->confirm_at = 0;
	m->actions->probe(m->context, size);
}

static void use(struct mtu *m, unsigned size)
{
	if (size == m->size)
		return;
	m->size = size;
	m->confirmed = false;
	m->actions->use(m->context, size);
}

static void rest(struct mtu *m, uint64_t now)
{
	m->confirm_at = now + MTU_CONFIRM_MS;
	m->raise_at = now + MTU_RAISE_MS;
}

void mtu_init(struct mtu *m, const struct mtu_actions *actions, void *context)
{
	*m = (struct mtu){.actions = actions, .context = context};
}

void mtu_begin(struct mtu *m, unsigned limit, unsigned floor, unsigned overhead, unsigned path)
{
	m->limit = limit;
	m->floor = floor < limit ? floor : limit;
	m->overhead = overhead;
	m->path = path;
	m->size = 0;
	m->lost = 0;
	use(m, path != 0 ? within(m, path) : limit);
	probe(m, m->size);
}

void mtu_end(struct mtu *m)
{
	m->size = 0;
	m->probing = 0;
	m->confirm_at = 0;
	m->confirmed = false;
}

void mtu_path(struct mtu *m, unsigned path)
{
	/* Results of probes are valid until the path changes. */
	if (m->size == 0 || path == m->path)
		return;
	m->path = path;
	m->lost = 0;
	if (path != 0 && within(m, path) < m->size)
		use(m, within(m, path));
	if (m->probing == 0)
		probe(m, m->size);
	else
		m->overtaken = true;
}

/** @return whether the probe that has ended was for a former path; then the present path is probed. */
static bool overtaken(struct mtu *m)
{
	if (m->size == 0 || !m->overtaken)
		return false;
	probe(m, m->size);
	return true;
}

void mtu_answered(struct mtu *m, uint64_t sent, uint64_t now)
{
	const unsigned size = m->probing;
	unsigned next;

	m->probing = 0;
	if (m->size == 0 || overtaken(m))
		return;
	if (size > m->size)
		use(m, size);
	m->confirmed = m->confirmed || size >= m->size;
	m->sent = sent;
	next = larger(m);
	if (next != 0)
		probe(m, next);
	else
		rest(m, now);
}

void mtu_unanswered(struct mtu *m, bool alive, uint64_t now)
{
	const unsigned size = m->probing;

	m->probing = 0;
	if (m->size == 0 || overtaken(m))
		return;
	if (alive)
		m->lost = size;
	/* A larger size does not get through; or nothing gets through, which says nothing about sizes. */
	if (!alive || size > m->size || m->size == m->floor) {
		rest(m, now);
		return;
	}
	use(m, smaller(m));
	probe(m, m->size);
}

void mtu_cancelled(struct mtu *m, uint64_t now)
{
	m->probing = 0;
	m->overtaken = false;
	m->confirm_at = m->size != 0 ? now + MTU_CONFIRM_MS : 0;
}

void mtu_tick(struct mtu *m, uint64_t sent, uint64_t now)
{
	unsigned next;

	if (m->confirm_at == 0 || now < m->confirm_at)
		return;
	if (m->confirmed && sent == m->sent) {
		m->confirm_at = now + MTU_CONFIRM_MS;
		return;
	}
	if (now >= m->raise_at) {
		m->lost = 0;
		m->raise_at = now + MTU_RAISE_MS;
	}
	next = m->lost == 0 ? larger(m) : 0;
	probe(m, m->confirmed && next != 0 ? next : m->size);
}

uint64_t mtu_next(const struct mtu *m)
{
	return m->confirm_at != 0 ? m->confirm_at : UINT64_MAX;
}

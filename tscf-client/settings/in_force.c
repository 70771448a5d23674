/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/settings/in_force.h"

static const struct condition_watch *find(const struct condition_list *c, const struct condition *is)
{
	for (unsigned i = 0; i < c->count; i++)
		if (condition_equal(&c->list[i].is, is))
			return &c->list[i];
	return NULL;
}

static void add(struct condition_list *c, const struct condition_list *before, const struct condition *is, uint64_t now)
{
	const struct condition_watch *known = find(before, is);

	if (!find(c, is))
		c->list[c->count++] = known ? *known : (struct condition_watch){.is = *is, .since = now};
}

void in_force_collect(struct condition_list *c, const struct policies *written, uint64_t now)
{
	const struct condition_list before = *c;

	c->count = 0;
	for (unsigned i = 0; i < written->count; i++)
		for (unsigned k = 0; k < written->list[i].when.count; k++)
			add(c, &before, &written->list[i].when.list[k], now);
}

static bool is_in_force(const struct policy *p, const struct condition_list *c)
{
	bool unknown = false;

	for (unsigned i = 0; i < p->when.count; i++) {
		const struct condition_watch *w = find(c, &p->when.list[i]);

		if (w && w->state == CONDITION_FAILS)
			return false;
		unknown |= !w || w->state == CONDITION_UNKNOWN;
	}
	return !unknown || p->level == TSCF_LEVEL_ENCRYPTED_ONLY;
}

void in_force_select(const struct policies *written, const struct condition_list *c, struct policies *out)
{
	*out = (struct policies){.numbers = written->numbers};
	for (unsigned i = 0; i < written->count; i++)
		if (is_in_force(&written->list[i], c))
			out->list[out->count++] = written->list[i];
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/conditions.h"

#include "common/base/log.h"
#include "tscf-client/kernel/battery.h"

static bool any_measured(const struct conditions *c)
{
	for (unsigned i = 0; i < c->in_use.count; i++)
		if (condition_is_measured(&c->in_use.list[i].is))
			return true;
	return false;
}

static bool any_of(const struct conditions *c, enum condition_kind kind)
{
	for (unsigned i = 0; i < c->in_use.count; i++)
		if (c->in_use.list[i].is.kind == kind)
			return true;
	return false;
}

static bool any_wifi(const struct conditions *c)
{
	return any_of(c, CONDITION_WIFI_OPEN) || any_of(c, CONDITION_WIFI_SECURE);
}

static bool any_managed(const struct conditions *c)
{
	return any_of(c, CONDITION_METERED) || any_of(c, CONDITION_CONNECTION);
}

/* @return whether a condition is about something that must be looked at again and again. */
static bool any_looked_at(const struct conditions *c)
{
	return any_of(c, CONDITION_BATTERY) || any_managed(c) || any_wifi(c);
}

static enum condition_state trusted(const struct preferred *t)
{
	if (!preferred_trust_known(t))
		return CONDITION_UNKNOWN;
	return preferred_trusted(t) ? CONDITION_HOLDS : CONDITION_FAILS;
}

int conditions_loss(const struct conditions *c)
{
	return c->plain->state == TUNNEL_UP && c->plain->requests.reliable ? 0 : quality_loss(&c->quality);
}

/* @return whether a condition has changed. */
static bool update(struct conditions *c)
{
	const struct condition_facts facts = {.trusted = trusted(c->preferred),
					      .battery = c->battery,
					      .wifi_open = c->wifi.open,
					      .wifi_secure = c->wifi.secure,
					      .metered = c->manager.metered,
					      .connection = c->manager.connection,
					      .loss = conditions_loss(c),
					      .rtt = quality_round_trip(&c->quality)};
	char text[CONDITION_TEXT];
	bool changed = false;

	for (unsigned i = 0; i < c->in_use.count; i++) {
		struct condition_watch *w = &c->in_use.list[i];

		if (!condition_update(w, &facts, tscf_timers_now(c->timers)))
			continue;
		tscf_info("condition \"%s\": %s now", condition_format(&w->is, text), condition_state_name(w->state));
		changed = true;
	}
	return changed;
}

static bool is_same(const struct policies *a, const struct policies *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned i = 0; i < a->count; i++)
		if (a->list[i].place != b->list[i].place)
			return false;
	return true;
}

void conditions_look(struct conditions *c)
{
	struct policies fresh;

	if (!update(c))
		return;
	in_force_select(&c->config->written, &c->in_use, &fresh);
	if (is_same(&fresh, &c->config->policies))
		return;
	c->config->policies = fresh;
	tscf_info("%u of %u policies are in force now", fresh.count, c->config->written.count);
	c->changed(c->context);
}

/* Without a path nothing is sent, and the verdict on the last one may stand. */
static void look_at_wifi(struct conditions *c)
{
	struct tscf_addr source;
	int device;

	if (!any_wifi(c))
		wifi_stop(&c->wifi);
	else if (tunnel_path(c->plain, &source, &device))
		wifi_look(&c->wifi, c->plain->host->routing->netlink, device);
}

/* Look at what nothing tells of by itself. */
static void look_around(struct conditions *c)
{
	c->look_at = tscf_timers_now(c->timers) + CONDITIONS_LOOK_MS;
	if (any_of(c, CONDITION_BATTERY))
		c->battery = battery_look(BATTERY_FOLDER);
	if (any_managed(c))
		network_manager_look(&c->manager);
	else
		network_manager_stop(&c->manager);
	look_at_wifi(c);
}

static void measured(void *owner, uint64_t ms)
{
	struct conditions *c = owner;

	if (ms > 0)
		quality_answered(&c->quality, ms);
	else
		quality_lost(&c->quality);
	conditions_look(c);
}

static void manager_changed(void *context)
{
	conditions_look(context);
}

static void tick(void *owner)
{
	struct conditions *c = owner;
	uint64_t now = tscf_timers_now(c->timers);

	if (any_looked_at(c) && now >= c->look_at)
		look_around(c);
	if (any_measured(c) && now >= c->measure_at) {
		c->measure_at = now + CONDITIONS_MEASURE_MS;
		tunnel_measure(c->plain, &c->measure);
	}
	conditions_look(c);
}

static uint64_t next_due(const void *owner)
{
	const struct conditions *c = owner;
	uint64_t next = any_looked_at(c) ? c->look_at : UINT64_MAX;

	if (any_measured(c) && c->plain->state == TUNNEL_UP && c->measure_at < next)
		next = c->measure_at;
	for (unsigned i = 0; i < c->in_use.count; i++)
		if (condition_due(&c->in_use.list[i]) < next)
			next = condition_due(&c->in_use.list[i]);
	return next;
}

void conditions_reload(struct conditions *c)
{
	const struct policies *written = &c->config->written;

	in_force_collect(&c->in_use, written, tscf_timers_now(c->timers));
	look_around(c);
	if (c->in_use.count == 0)
		return;
	update(c);
	in_force_select(written, &c->in_use, &c->config->policies);
}

void conditions_new_path(struct conditions *c)
{
	struct tscf_addr source;
	int device;

	/* A path that loses packets may also lose the tunnel, which then goes on where it was. */
	if (tunnel_path(c->plain, &source, &device) && (device != c->device || !tscf_addr_equal(&source, &c->source))) {
		c->quality = (struct quality){.count = 0};
		c->source = source;
		c->device = device;
	}
	look_at_wifi(c);
	conditions_look(c);
}

void conditions_init(struct conditions *c)
{
	c->measure = (struct tunnel_measure){.taken = measured, .owner = c};
	c->manager = (struct network_manager){.loop = c->timers->loop, .changed = manager_changed, .context = c};
	tscf_timers_add(c->timers, &c->timer, next_due, tick, c);
	conditions_reload(c);
}

void conditions_stop(struct conditions *c)
{
	wifi_stop(&c->wifi);
	network_manager_stop(&c->manager);
}

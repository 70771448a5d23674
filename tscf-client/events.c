/* SPDX-License-Identifier: GPL-3.0-or-later */
/* events.c - which parts receive the events of the registry of sockets. */
#include "tscf-client/context.h"

static void acknowledged(void *context, uint64_t waiter, int error)
{
	struct client *c = context;
	if (waiter == REGISTRY_WAITER_PREFERRED)
		preferred_released(&c->preferred);
	else
		moves_acknowledged(&c->moves, waiter, error);
}

static bool is_leaving(void *context, uint64_t cookie)
{
	const struct client *c = context;
	return moves_is_leaving(&c->moves, cookie);
}

static void releasing(void *context)
{
	struct client *c = context;
	preferred_releasing(&c->preferred);
}

static void seen(void *context, const struct tscf_socket *s, enum tscf_level level)
{
	struct client *c = context;
	subscriptions_socket(&c->subscriptions, s, level);
	asks_seen(&c->asks, s);
}

static void dumped(void *context)
{
	struct client *c = context;
	subscriptions_dumped(&c->subscriptions);
}

static void gone(void *context, uint64_t cookie)
{
	struct client *c = context;
	subscriptions_destroyed(&c->subscriptions, cookie);
	history_gone(&c->moves.history, cookie);
	asks_gone(&c->asks, cookie);
}

static void changed(void *context)
{
	struct client *c = context;
	subscriptions_changed(&c->subscriptions);
}

void client_asks_changed(void *context)
{
	struct client *c = context;
	changed(c);
	if (tscf_services_count(c->asks.table) > 0)
		return;
	copy_ways_end(&c->plain_ways.copies);
	copy_ways_end(&c->encrypted_ways.copies);
}

static void catch_up(void *context)
{
	struct client *c = context;
	guard_catch_up(&c->guard);
}

const struct registry_events client_registry_events = {.acknowledged = acknowledged,
						       .is_leaving = is_leaving,
						       .releasing = releasing,
						       .seen = seen,
						       .dumped = dumped,
						       .gone = gone,
						       .changed = changed,
						       .catch_up = catch_up};

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/address/allocator.h"

#include "tscf-server/context.h"

#include "common/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int cannot_use(const char *interface, const struct tscf_prefix *range, int err)
{
	char text[TSCF_ADDR_TEXT];

	tscf_error("interface %s: cannot use address pool %s: %s", interface, tscf_prefix_format(range, text),
		   strerror(-err));
	return err;
}

static int add_pools(const char *interface, struct server_pools *pools, const struct server_prefixes *ranges,
		     unsigned parts)
{
	for (unsigned n = 0; n < ranges->count; n++) {
		struct server_pool *pool;
		int err = server_pool_new(&ranges->list[n], parts, &pool);

		if (err < 0)
			return cannot_use(interface, &ranges->list[n], err);
		server_pools_add(pools, pool);
	}
	return 0;
}

/* --- what has been in use --- */

static const struct server_pool *overlapping(const struct server_pools *pools, const struct tscf_prefix *range)
{
	const struct server_pool *pool = NULL;

	while ((pool = server_pools_next(pools, pool))) {
		const struct tscf_prefix there = server_pool_prefix(pool);

		if (tscf_prefix_overlap(&there, range))
			return pool;
	}
	return NULL;
}

/**
 * Addresses of a range of another interface may still be in use, even if the range is retired, so no other range may
 * contain them.
 *
 * @return whether @p interface may give addresses of @p range: it overlaps no range, or is exactly one of @p own.
 */
static bool is_free(const struct server *server, const char *interface, const struct tscf_prefix *range,
		    const struct server_pools *own)
{
	char text[2][TSCF_ADDR_TEXT];

	if (own && server_pools_find(own, range))
		return true;
	for (const struct server_allocator *allocator = server->allocators; allocator; allocator = allocator->next) {
		const struct server_pool *pool = overlapping(&allocator->plain_pools, range);
		struct tscf_prefix other;

		if (!pool)
			pool = overlapping(&allocator->encrypted_pools, range);
		if (!pool)
			continue;
		other = server_pool_prefix(pool);
		tscf_warning("interface %s cannot have addresses of %s until the server is restarted: %s of interface "
			     "%s has been in use",
			     interface, tscf_prefix_format(range, text[0]), tscf_prefix_format(&other, text[1]),
			     allocator->name);
		return false;
	}
	return true;
}

static bool are_free(const struct server *server, const char *interface, const struct server_prefixes *ranges,
		     const struct server_pools *own)
{
	bool is = true;

	for (unsigned n = 0; n < ranges->count; n++)
		is &= is_free(server, interface, &ranges->list[n], own);
	return is;
}

/* --- making --- */

static void stock_free(struct server_allocator *allocator)
{
	server_pools_free(&allocator->plain_pools);
	server_pools_free(&allocator->encrypted_pools);
	free(allocator->name);
	free(allocator);
}

static bool may_begin(const struct server *server, const struct server_interface_config *c)
{
	return c->enabled && !server_allocator_find(server, c->name) && are_free(server, c->name, &c->pool, NULL) &&
	       are_free(server, c->name, &c->encrypted_pool, NULL);
}

static int make_stock(struct server *server, const struct server_interface_config *config, unsigned workers)
{
	struct server_allocator *last = server_allocators_last(server), *allocator = calloc(1, sizeof(*allocator));
	int err;

	if (!allocator)
		return -ENOMEM;
	if (last)
		last->next = allocator;
	else
		server->allocators = allocator;
	allocator->name = strdup(config->name);
	if (!allocator->name)
		return -ENOMEM;
	err = add_pools(config->name, &allocator->plain_pools, &config->pool, workers);
	return err < 0 ? err : add_pools(config->name, &allocator->encrypted_pools, &config->encrypted_pool, workers);
}

int server_allocators_make(struct server *server, const struct server_config *config, unsigned workers)
{
	int err = 0;

	for (const struct server_interface_config *c = config->interfaces; c && err == 0; c = c->next)
		if (may_begin(server, c))
			err = make_stock(server, c, workers);
	return err;
}

void server_allocators_retract(struct server *server, struct server_allocator *last)
{
	struct server_allocator **from = last ? &last->next : &server->allocators;

	while (*from) {
		struct server_allocator *allocator = *from;

		*from = allocator->next;
		stock_free(allocator);
	}
}

struct server_allocator *server_allocator_find(const struct server *server, const char *name)
{
	for (struct server_allocator *allocator = server->allocators; allocator; allocator = allocator->next)
		if (strcmp(allocator->name, name) == 0)
			return allocator;
	return NULL;
}

struct server_allocator *server_allocators_last(const struct server *server)
{
	struct server_allocator *allocator = server->allocators;

	while (allocator && allocator->next)
		allocator = allocator->next;
	return allocator;
}

/* --- changing --- */

static struct server_pools *pools_of(struct server_allocator *allocator, bool encrypted)
{
	return encrypted ? &allocator->encrypted_pools : &allocator->plain_pools;
}

static void begin_range(struct server *server, struct server_allocator *allocator, bool encrypted,
			const struct tscf_prefix *range, server_number_range *number)
{
	struct server_pool *pool = NULL;
	char text[TSCF_ADDR_TEXT];
	int err;

	err = server_pool_new(range, server->worker_count, &pool);
	if (err == 0)
		err = number(server, encrypted, pool);
	if (err < 0) {
		server_pool_free(pool);
		cannot_use(allocator->name, range, err);
		return;
	}
	server_pools_add(pools_of(allocator, encrypted), pool);
	tscf_info("reload: interface %s gives addresses of %s, too", allocator->name, tscf_prefix_format(range, text));
}

static bool is_listed(const struct server_prefixes *ranges, const struct tscf_prefix *range)
{
	for (unsigned n = 0; n < ranges->count; n++)
		if (tscf_prefix_equal(&ranges->list[n], range))
			return true;
	return false;
}

static void change_ranges(struct server *server, struct server_allocator *allocator, bool encrypted,
			  const struct server_prefixes *ranges, server_number_range *number)
{
	const struct server_pools *pools = pools_of(allocator, encrypted);
	const struct server_pool *pool = NULL;
	char text[TSCF_ADDR_TEXT];

	/* All or nothing: a range that cannot be added may be the replacement of one that would be retired. */
	if (!are_free(server, allocator->name, ranges, pools))
		return;
	while ((pool = server_pools_next(pools, pool))) {
		const struct tscf_prefix range = server_pool_prefix(pool);
		const bool listed = is_listed(ranges, &range);

		if (listed == server_pool_retired(pool))
			tscf_info("reload: interface %s %s %s", allocator->name,
				  listed ? "gives new clients addresses again of"
					 : "gives new clients no more addresses (clients keep the ones they have) of",
				  tscf_prefix_format(&range, text));
		server_pool_retire(server_pools_find(pools, &range), !listed);
	}
	for (unsigned n = 0; n < ranges->count; n++)
		if (!server_pools_find(pools, &ranges->list[n]))
			begin_range(server, allocator, encrypted, &ranges->list[n], number);
}

void server_allocators_change(struct server *server, const struct server_config *fresh, server_number_range *number)
{
	for (const struct server_interface_config *c = fresh->interfaces; c; c = c->next) {
		struct server_allocator *allocator = c->enabled ? server_allocator_find(server, c->name) : NULL;

		if (!allocator)
			continue;
		change_ranges(server, allocator, false, &c->pool, number);
		/* Without encrypted ranges at the start, no transport listens for encrypted tunnels. */
		if (allocator->encrypted_pools.first)
			change_ranges(server, allocator, true, &c->encrypted_pool, number);
	}
}

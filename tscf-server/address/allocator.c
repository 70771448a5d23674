/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/address/allocator.h"

#include "tscf-server/context.h"
#include "tscf-server/devices.h"

#include "common/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int cannot_use(const char *interface, const struct tscf_prefix *range, int err)
{
	char text[TSCF_ADDR_TEXT];

	tscf_error("interface %s: cannot use address pool %s: %s", interface, tscf_prefix_format(range, text), strerror(-err));
	return err;
}

static int add_pools(const char *interface, struct server_pools *pools, const struct server_prefixes *ranges, unsigned parts)
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
 * Addresses of a range that was there before may still be in use, so that nobody else can have them.
 *
 * @return whether those of @p range may be given by @p interface: it is another one, or exactly one of @p own.
 */
static bool is_free(const struct server *server, const char *interface, const struct tscf_prefix *range, const struct server_pools *own)
{
	char text[2][TSCF_ADDR_TEXT];

	if (own && server_pools_find(own, range))
		return true;
	for (const struct server_stock *stock = server->stocks; stock; stock = stock->next) {
		const struct server_pool *pool = overlapping(&stock->plain_pools, range);
		struct tscf_prefix other;

		if (!pool)
			pool = overlapping(&stock->encrypted_pools, range);
		if (!pool)
			continue;
		other = server_pool_prefix(pool);
		tscf_warning("interface %s cannot have addresses of %s until the server is restarted: %s of interface %s has been in use",
			     interface, tscf_prefix_format(range, text[0]), tscf_prefix_format(&other, text[1]), stock->name);
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

static void stock_free(struct server_stock *stock)
{
	server_pools_free(&stock->plain_pools);
	server_pools_free(&stock->encrypted_pools);
	free(stock->name);
	free(stock);
}

static bool may_begin(const struct server *server, const struct server_interface_config *c)
{
	return c->enabled && !server_stock_find(server, c->name) && are_free(server, c->name, &c->pool, NULL) &&
	       are_free(server, c->name, &c->encrypted_pool, NULL);
}

static int make_stock(struct server *server, const struct server_interface_config *config, unsigned workers)
{
	struct server_stock *last = server_stocks_last(server), *stock = calloc(1, sizeof(*stock));
	int err;

	if (!stock)
		return -ENOMEM;
	if (last)
		last->next = stock;
	else
		server->stocks = stock;
	stock->name = strdup(config->name);
	if (!stock->name)
		return -ENOMEM;
	err = add_pools(config->name, &stock->plain_pools, &config->pool, workers);
	return err < 0 ? err : add_pools(config->name, &stock->encrypted_pools, &config->encrypted_pool, workers);
}

int server_stocks_make(struct server *server, const struct server_config *config, unsigned workers)
{
	int err = 0;

	for (const struct server_interface_config *c = config->interfaces; c && err == 0; c = c->next)
		if (may_begin(server, c))
			err = make_stock(server, c, workers);
	return err;
}

void server_stocks_retract(struct server *server, struct server_stock *last)
{
	struct server_stock **from = last ? &last->next : &server->stocks;

	while (*from) {
		struct server_stock *stock = *from;

		*from = stock->next;
		stock_free(stock);
	}
}

struct server_stock *server_stock_find(const struct server *server, const char *name)
{
	for (struct server_stock *stock = server->stocks; stock; stock = stock->next)
		if (strcmp(stock->name, name) == 0)
			return stock;
	return NULL;
}

struct server_stock *server_stocks_last(const struct server *server)
{
	struct server_stock *stock = server->stocks;

	while (stock && stock->next)
		stock = stock->next;
	return stock;
}

/* --- changing --- */

static struct server_pools *pools_of(struct server_stock *stock, bool encrypted)
{
	return encrypted ? &stock->encrypted_pools : &stock->plain_pools;
}

static void begin_range(struct server *server, struct server_stock *stock, bool encrypted, const struct tscf_prefix *range)
{
	struct server_pool *pool = NULL;
	char text[TSCF_ADDR_TEXT];
	int err;

	err = server_pool_new(range, server->worker_count, &pool);
	if (err == 0)
		err = server_devices_number_range(server, encrypted, pool);
	if (err < 0) {
		server_pool_free(pool);
		cannot_use(stock->name, range, err);
		return;
	}
	server_pools_add(pools_of(stock, encrypted), pool);
	tscf_info("reload: interface %s gives addresses of %s, too", stock->name, tscf_prefix_format(range, text));
}

static bool is_listed(const struct server_prefixes *ranges, const struct tscf_prefix *range)
{
	for (unsigned n = 0; n < ranges->count; n++)
		if (tscf_prefix_equal(&ranges->list[n], range))
			return true;
	return false;
}

static void change_ranges(struct server *server, struct server_stock *stock, bool encrypted, const struct server_prefixes *ranges)
{
	const struct server_pools *pools = pools_of(stock, encrypted);
	const struct server_pool *pool = NULL;
	char text[TSCF_ADDR_TEXT];

	/* Not by halves: what takes the place of a range may be what cannot begin. */
	if (!are_free(server, stock->name, ranges, pools))
		return;
	while ((pool = server_pools_next(pools, pool))) {
		const struct tscf_prefix range = server_pool_prefix(pool);
		const bool listed = is_listed(ranges, &range);

		if (listed == server_pool_retired(pool))
			tscf_info("reload: interface %s gives addresses of %s %s", stock->name, tscf_prefix_format(&range, text),
				  listed ? "again" : "to nobody any more; who has one keeps it");
		server_pool_retire(server_pools_find(pools, &range), !listed);
	}
	for (unsigned n = 0; n < ranges->count; n++)
		if (!server_pools_find(pools, &ranges->list[n]))
			begin_range(server, stock, encrypted, &ranges->list[n]);
}

void server_stocks_change(struct server *server, const struct server_config *fresh)
{
	for (const struct server_interface_config *c = fresh->interfaces; c; c = c->next) {
		struct server_stock *stock = c->enabled ? server_stock_find(server, c->name) : NULL;

		if (!stock)
			continue;
		change_ranges(server, stock, false, &c->pool);
		/* Without any at the start, nobody listens for encrypted tunnels. */
		if (stock->encrypted_pools.first)
			change_ranges(server, stock, true, &c->encrypted_pool);
	}
}

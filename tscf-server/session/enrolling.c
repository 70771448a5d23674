/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/enrolling.h"

#include "tscf-server/session/way.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct server_enrolling_request {
	struct server_enrolling_request *next;
	struct server_way way;
	uint32_t length;
	uint8_t data[];
};

static bool is_kept(const struct server_enrolling *all, const struct server_way *way)
{
	const struct server_enrolling_request *one;

	LL_FOREACH(all->list, one)
		if (one->way.listener == way->listener && one->way.serial == way->serial &&
		    tscf_endpoint_equal(&one->way.outer, &way->outer))
			return true;
	return false;
}

void server_enrolling_wait(struct server_enrolling *all, const struct server_request *r)
{
	const struct server_way way = server_way_of(r->in);
	struct server_enrolling_request *one;

	/* The client has repeated it. */
	if (is_kept(all, &way) || all->count == SERVER_ENROLLING_MAX)
		return;
	one = malloc(sizeof(*one) + r->length);
	if (!one)
		return;
	one->way = way;
	one->length = r->length;
	memcpy(one->data, r->data, r->length);
	LL_APPEND(all->list, one);
	all->count++;
}

void server_enrolling_again(struct server_enrolling *all, server_authorised handle, void *context)
{
	struct server_enrolling_request *list = all->list, *one;

	all->list = NULL;
	all->count = 0;
	while ((one = list) != NULL) {
		list = one->next;
		handle(context, &one->way, one->data, one->length);
		free(one);
	}
}

void server_enrolling_free(struct server_enrolling *all)
{
	struct server_enrolling_request *one;

	while ((one = all->list) != NULL) {
		all->list = one->next;
		free(one);
	}
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * listing.c - the list of all sockets, for `tscf-client sockets`.
 *
 * They are listed, and their processes found, beside the loop.  The loop describes a few of them in each turn: a
 * program may have thousands.
 */
#include "tscf-client/context.h"
#include "tscf-client/sockets/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct listing {
	struct search search;
	struct client *client;
	uint32_t mask;               /* of the sockets that are listed */
	struct tscf_socket *sockets; /* of one dump */
	struct owner *owners;        /* of these */
	unsigned count, size;
	int error;
	/* Of the loop, while the thread goes on. */
	char *text; /* JSON */
	size_t length, room;
	int failed;
};

static void collect(void *context, const struct tscf_socket *s)
{
	struct listing *l = context;
	if (l->count == l->size) {
		unsigned size = l->size ? 2 * l->size : 64;
		struct tscf_socket *grown = reallocarray(l->sockets, size, sizeof(*grown));
		if (!grown) {
			l->error = -ENOMEM;
			return;
		}
		l->sockets = grown;
		l->size = size;
	}
	l->sockets[l->count++] = *s;
}

static int by_inode(const void *a, const void *b)
{
	uint32_t x = ((const struct tscf_socket *)a)->inode, y = ((const struct tscf_socket *)b)->inode;
	return (x > y) - (x < y);
}

/* @return 0 or -ENOMEM. */
static int sort(struct listing *l)
{
	if (l->count > 0)
		qsort(l->sockets, l->count, sizeof(*l->sockets), by_inode);
	l->owners = calloc(l->count ? l->count : 1, sizeof(*l->owners));
	for (unsigned i = 0; l->owners && i < l->count; i++)
		l->owners[i].inode = l->sockets[i].inode;
	return l->owners ? 0 : -ENOMEM;
}

static void look(struct search *search)
{
	struct listing *l = (struct listing *)search;
	int error = tscf_sockdiag_list(l->mask, collect, l);
	if (l->error == 0)
		l->error = error;
	if (l->error == 0)
		l->error = sort(l);
	if (l->error == 0)
		processes_find_owners(l->owners, l->count);
	for (unsigned i = 0; l->error == 0 && i < l->count; i++)
		search_found(search, l->owners[i].pid, -1, i);
}

/* Append to the text. */
static void append(struct listing *l, const char *text)
{
	size_t length = strlen(text);
	if (l->length + length >= l->room) {
		size_t room = 2 * (l->length + length) + 1024;
		char *grown = realloc(l->text, room);
		if (!grown) {
			l->failed = -ENOMEM;
			return;
		}
		l->text = grown;
		l->room = room;
	}
	memcpy(l->text + l->length, text, length + 1);
	l->length += length;
}

static void describe(struct search *search, const struct search_find *find)
{
	struct listing *l = (struct listing *)search;
	struct client *c = l->client;
	const struct tscf_socket *s = &l->sockets[find->note];
	if (!search->call || l->failed != 0 ||
	    (registry_level(&c->registry, s) == TSCF_LEVEL_DEFAULT && !asks_of(&c->asks, s->cookie)))
		return;
	json_t *one = report_socket(c, s, tscf_mark_get(s->mark, c->config->fwmark_mask), find->pid,
				    l->owners[find->note].program);
	char *text = one ? json_dumps(one, 0) : NULL;
	append(l, l->length == 0 ? "[" : ", ");
	if (text)
		append(l, text);
	else
		l->failed = -ENOMEM;
	json_decref(one);
	free(text);
}

static void answer(struct search *search)
{
	struct listing *l = (struct listing *)search;
	if (!search->call)
		return;
	append(l, l->length == 0 ? "[]" : "]");
	int error = l->error < 0 ? l->error : l->failed;
	tscf_control_answer(search->call, -error, error == 0 ? l->text : NULL);
}

static void free_listing(struct search *search)
{
	struct listing *l = (struct listing *)search;
	free(l->sockets);
	free(l->owners);
	free(l->text);
	free(l);
}

void listing_request(struct client *c, struct tscf_control_call_in *call)
{
	struct listing *l = calloc(1, sizeof(*l));
	bool all = policies_ruled(&c->config->policies) > 0 || c->asks.count > 0;
	int error = -ENOMEM;
	if (l) {
		*l = (struct listing){.search = {.uid = call->uid,
						 .work = look,
						 .found = describe,
						 .over = answer,
						 .free = free_listing,
						 .call = call},
				      .client = c,
				      .mask = all ? 0 : c->config->fwmark_mask};
		error = searches_begin(c->searches, &l->search);
	}
	if (error == 0)
		return;
	if (l)
		free_listing(&l->search);
	tscf_control_answer(call, -error, NULL);
}

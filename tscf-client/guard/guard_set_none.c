/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guard_set_none.c - guard_set.h, guard_events.h, guard_waiting.h and guard_asked.h in a build without BPF: there is no
 * guard, and no caller uses the functions that need one. */
#include "tscf-client/guard/guard_asked.h"
#include "tscf-client/guard/guard_events.h"
#include "tscf-client/guard/guard_set.h"
#include "tscf-client/guard/guard_waiting.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void guard_set_init(struct guard_set *s)
{
	*s = (struct guard_set){.root = -1, .ring = -1};
}

int guard_set_open(struct guard_set *s, struct guard_net *first, const struct guard_set_owner *owner,
		   char reason[GUARD_REASON])
{
	(void)first, (void)owner;
	guard_set_init(s);
	snprintf(reason, GUARD_REASON, "built without it");
	return -EOPNOTSUPP;
}

int guard_set_write(const struct guard_set *s, const struct guard_net *net)
{
	(void)s, (void)net;
	return -EOPNOTSUPP;
}

int guard_set_read(const struct guard_set *s, struct guard_net *net)
{
	(void)s, (void)net;
	return -EOPNOTSUPP;
}

void guard_set_counts(const struct guard_set *s, struct guard_counts *counts)
{
	(void)s;
	memset(counts, 0, sizeof(*counts));
}

bool guard_set_sent(const struct guard_set *s, int fd)
{
	(void)s;
	(void)fd;
	return false;
}

void guard_set_settle(const struct guard_set *s, int fd, uint32_t value)
{
	(void)s, (void)fd, (void)value;
}

uint64_t guard_set_asked(const struct guard_set *s, int fd)
{
	(void)s, (void)fd;
	return 0;
}

int guard_set_tell_group(const struct guard_set *s, const struct guard_group_key *key, const struct guard_group *group)
{
	(void)s, (void)key, (void)group;
	return -EOPNOTSUPP;
}

void guard_set_forget_group(const struct guard_set *s, const struct guard_group_key *key)
{
	(void)s, (void)key;
}

int guard_set_group(const struct guard_set *s, const struct guard_group_key *key, struct guard_group *group)
{
	(void)s, (void)key, (void)group;
	return -EOPNOTSUPP;
}

int guard_set_next_group(const struct guard_set *s, const struct guard_group_key *after, struct guard_group_key *next)
{
	(void)s, (void)after, (void)next;
	return -EOPNOTSUPP;
}

void guard_set_keep_groups(const struct guard_set *s, uint32_t generation)
{
	(void)s, (void)generation;
}

bool guard_set_adopt(const struct guard_set *s, int fd, const struct guard_socket *about)
{
	(void)s, (void)fd, (void)about;
	return false;
}

void guard_set_deaf(const struct guard_set *s)
{
	(void)s;
}

bool guard_set_attached(const struct guard_set *s)
{
	(void)s;
	return false;
}

bool guard_set_sweep(const struct guard_set *s)
{
	(void)s;
	return true;
}

void guard_set_remove(const struct guard_set *s)
{
	(void)s;
}

void guard_set_close(struct guard_set *s)
{
	(void)s;
}

int guard_set_flush(void)
{
	return 0;
}

int guard_waiting_add(const struct guard_set *s, uint64_t cookie, const struct guard_waiting *about)
{
	(void)s, (void)cookie, (void)about;
	return -EOPNOTSUPP;
}

void guard_waiting_remove(const struct guard_set *s, uint64_t cookie)
{
	(void)s, (void)cookie;
}

void guard_waiting_each(const struct guard_set *s,
			void (*each)(void *context, uint64_t cookie, const struct guard_waiting *about), void *context)
{
	(void)s, (void)each, (void)context;
}

void guard_asked_set(const struct guard_set *s, uint64_t cookie, const struct guard_asked *what)
{
	(void)s, (void)cookie, (void)what;
}

void guard_asked_remove(const struct guard_set *s, uint64_t cookie)
{
	(void)s, (void)cookie;
}

void guard_asked_clear(const struct guard_set *s)
{
	(void)s;
}

int guard_events_open(struct guard_events *g, struct ev_loop *loop, int fd, const struct guard_events_handler *handler,
		      void *context)
{
	(void)loop, (void)fd, (void)handler, (void)context;
	g->ring = NULL;
	return -EOPNOTSUPP;
}

void guard_events_catch_up(struct guard_events *g)
{
	(void)g;
}

void guard_events_close(struct guard_events *g)
{
	(void)g;
}

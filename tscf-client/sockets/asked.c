/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/asked.h"

#include "common/base/log.h"
#include "tscf-client/sockets/classify.h"
#include "tscf-client/sockets/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <utlist.h>

struct asked_one {
	uint64_t asked; /* guard_event.asked */
	uint32_t kind, level;
	bool found, bound; /* bound: the socket has a port */
};

struct asked_list {
	struct asked_one *list;
	unsigned count, size;
};

struct asked_search {
	struct search search;
	struct asked *to;
	struct guard_set set; /* a copy: the thread reads the guard's map by it */
	pid_t pid;
	struct asked_list now, later; /* later: came since the search began */
	struct asked_search *next;
};

static bool add(struct asked_list *r, const struct guard_event *e)
{
	if (r->count == ASKED_MAX)
		return false;
	if (r->count == r->size) {
		unsigned size = r->size ? 2 * r->size : 4;
		struct asked_one *grown = reallocarray(r->list, size, sizeof(*grown));

		if (!grown)
			return false;
		r->list = grown;
		r->size = size;
	}
	r->list[r->count++] =
	    (struct asked_one){.asked = e->asked, .kind = e->kind, .level = e->level, .bound = e->local_port != 0};
	return true;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = ((const struct asked_one *)a)->asked, y = ((const struct asked_one *)b)->asked;

	return (x > y) - (x < y);
}

static struct asked_one *request_of(const struct asked_search *s, int fd)
{
	const struct asked_one key = {.asked = guard_set_asked(&s->set, fd)};

	return key.asked ? bsearch(&key, s->now.list, s->now.count, sizeof(key), by_number) : NULL;
}

/* --- in the thread --- */

static void look_at(void *context, pid_t pid, int fd)
{
	struct asked_search *s = context;

	if (request_of(s, fd))
		search_found(&s->search, pid, fd, 0);
	else
		close(fd);
}

static void look_through(struct search *search)
{
	struct asked_search *s = (struct asked_search *)search;

	processes_each_socket(s->pid, PROCESSES_ANY_OWNER, look_at, s);
}

static void free_search(struct search *search)
{
	struct asked_search *s = (struct asked_search *)search;

	free(s->now.list);
	free(s->later.list);
	free(s);
}

/* --- in the loop --- */

static void found(struct search *search, const struct search_find *find)
{
	struct asked_search *s = (struct asked_search *)search;
	struct moves *moves = s->to->moves;
	struct asked_one *r = request_of(s, find->fd);
	struct change *change = NULL;

	/* It may have been asked again since, or have two descriptors. */
	if (r && !r->found)
		change = r->kind == GUARD_EVENT_CLASS
			     ? moves_begin_default(moves, classify_default_of(s->to->guard, find->pid))
			     : moves_begin_own(moves, (enum tscf_level)r->level);
	if (!change) {
		tscf_control_discard(*moves->control, find->fd);
		return;
	}
	r->found = true;
	moves_end(moves, change, moves_add(moves, change, find->fd, find->pid));
}

static bool begin(struct asked *a, pid_t pid, uid_t uid, struct asked_list *requests);

static void over(struct search *search)
{
	struct asked_search *s = (struct asked_search *)search;
	struct asked *a = s->to;

	for (unsigned i = 0; i < s->now.count; i++) {
		if (!s->now.list[i].found)
			tscf_debug("process %d asked for a level of a socket that cannot be found", (int)s->pid);
		/* It stands for the event that the socket has a port. */
		if (s->now.list[i].bound)
			registry_resync_soon(a->moves->registry);
	}
	LL_DELETE(a->list, s);
	if (s->later.count > 0)
		begin(a, s->pid, s->search.uid, &s->later);
}

static struct asked_search *search_new(struct asked *a, pid_t pid, uid_t uid, struct asked_list *requests)
{
	struct asked_search *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->search =
	    (struct search){.uid = uid, .work = look_through, .found = found, .over = over, .free = free_search};
	s->to = a;
	s->set = a->guard->set;
	s->pid = pid;
	s->now = *requests;
	*requests = (struct asked_list){0};
	qsort(s->now.list, s->now.count, sizeof(*s->now.list), by_number);
	return s;
}

/* The requests are the search's then.  @return false: they are lost. */
static bool begin(struct asked *a, pid_t pid, uid_t uid, struct asked_list *requests)
{
	struct asked_search *s = search_new(a, pid, uid, requests);

	if (!s)
		return false;
	LL_PREPEND(a->list, s);
	if (searches_begin(*a->searches, &s->search) == 0)
		return true;
	tscf_debug("user %u has too many processes that ask for levels", uid);
	LL_DELETE(a->list, s);
	free_search(&s->search);
	return false;
}

bool asked_for(struct asked *a, const struct guard_event *e)
{
	struct asked_list requests = {0};
	struct asked_search *s;

	LL_FOREACH(a->list, s)
		if (s->pid == (pid_t)e->pid)
			return add(&s->later, e);
	if (!add(&requests, e))
		return false;
	if (begin(a, (pid_t)e->pid, e->uid, &requests))
		return true;
	free(requests.list);
	return false;
}

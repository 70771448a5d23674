/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/live_sockets.h"

#include "common/base/log.h"
#include "tscf-client/sockets/classify.h"
#include "tscf-client/sockets/moves_answer.h"
#include "tscf-client/sockets/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* --- sockets of running programs --- */

/** A search for the sockets that a request names. */
struct naming {
	struct search search;
	struct named named;
	int error; /* of the whole search */
	const struct live_user *user;
	void *context;
};

static void give(void *context, pid_t pid, int fd)
{
	search_found(context, pid, fd, 0);
}

static void look(struct search *search)
{
	struct naming *n = (struct naming *)search;
	n->error = named_find(&n->named);
}

static void found(struct search *search, const struct search_find *find)
{
	struct naming *n = (struct naming *)search;
	n->user->each(n->context, find->pid, find->fd);
}

/* Sockets of others that have the port, too, do not concern a user. */
static bool counts(const struct naming *n, const struct named_socket *one)
{
	return one->error != 0 && (n->search.uid == 0 || n->named.pid != 0 || one->error != -EPERM);
}

/* @return the error of the first socket that cannot be had, or 0. */
static int tell_missed(const struct naming *n)
{
	int first = 0;
	for (const struct named_socket *one = n->named.sockets; one; one = one->hh.next) {
		if (first == 0)
			first = one->error;
		if (n->user->missed && counts(n, one))
			n->user->missed(n->context, one);
	}
	return first;
}

static void over(struct search *search)
{
	struct naming *n = (struct naming *)search;
	int first = tell_missed(n);
	n->user->over(n->context, search->call, n->error, first);
}

static void free_naming(struct search *search)
{
	struct naming *n = (struct naming *)search;
	n->user->free(n->context);
	named_free(&n->named);
	free(n);
}

static bool selects(const struct tscf_control_request *r)
{
	return r->pid > 0 || (r->protocol != 0 && r->port != 0);
}

int live_sockets_search(struct searches *searches, struct tscf_control_call_in *call, const struct live_user *user,
			void *context)
{
	struct naming *n = selects(&call->request) ? calloc(1, sizeof(*n)) : NULL;
	if (!n) {
		user->free(context);
		return selects(&call->request) ? -ENOMEM : -EINVAL;
	}
	n->search = (struct search){
	    .uid = call->uid, .work = look, .found = found, .over = over, .free = free_naming, .call = call};
	n->named = (struct named){.pid = call->request.pid,
				  .protocol = (uint8_t)call->request.protocol,
				  .port = call->request.port,
				  .uid = call->uid,
				  .take = give,
				  .context = n};
	n->user = user;
	n->context = context;
	int error = searches_begin(searches, &n->search);
	if (error < 0)
		free_naming(&n->search);
	return error;
}

struct mover {
	struct moves *moves;
	struct change *change;
};

static void move_one(void *context, pid_t pid, int fd)
{
	struct mover *m = context;
	moves_add(m->moves, m->change, fd, pid);
}

static void miss_one(void *context, const struct named_socket *one)
{
	struct mover *m = context;
	moves_missed(m->moves, m->change, &one->socket, one->pid, one->error);
}

static void moved(void *context, struct tscf_control_call_in *call, int error, int first)
{
	struct mover *m = context;
	(void)call;
	if (error == 0 && m->change->count == 0 && m->change->missed_count == 0)
		error = first < 0 ? first : -ENOENT;
	moves_end(m->moves, m->change, error);
}

void live_sockets_level_of(struct moves *moves, struct searches *searches, struct tscf_control_call_in *call)
{
	static const struct live_user user = {move_one, miss_one, moved, free};
	struct change *change = selects(&call->request) ? moves_begin(moves, call) : NULL;
	struct mover *m = change ? calloc(1, sizeof(*m)) : NULL;
	int error = -ENOMEM;
	if (!change) {
		tscf_control_answer(call, EINVAL, NULL);
		return;
	}
	if (m) {
		*m = (struct mover){.moves = moves, .change = change};
		error = live_sockets_search(searches, call, &user, m);
	}
	if (error < 0)
		moves_end(moves, change, error);
}

/* --- policies that have changed --- */

struct process {
	struct moves *moves;
	struct guard *guard;
	struct change *change;
};

/* Of a datagram socket that has sent to a remote for which a policy says encrypted-only, the answers may be on their
 * way. */
static bool has_sent(const struct process *p, int fd, const struct tscf_socket *s)
{
	return p->guard->on && policy_may_need_encryption(&p->moves->config->policies, s, 0) &&
	       guard_set_sent(&p->guard->set, fd);
}

/* The library decides the marks of its program's sockets; the guard decides others, and marks what policies give with a
 * number. */
static bool is_another(const struct process *p, int fd, const struct tscf_socket *s, pid_t pid)
{
	uint32_t before = tscf_mark_get(s->mark, p->moves->config->fwmark_mask), fresh;

	if (!classify_changes(p->guard, fd, s, pid, p->change->level, &fresh) || has_sent(p, fd, s))
		return false;
	/* Without a guard only such programs are examined. */
	return !p->guard->on || (before | fresh) >> TSCF_MARK_POLICY_SHIFT != 0 ||
	       processes_has_mapped(pid, "/" CLASSIFY_LIBRARY);
}

static void reclassify_socket(void *context, pid_t pid, int fd)
{
	struct process *p = context;
	struct tscf_socket s;
	bool ours = tscf_socket_of_own(fd, &s) == 0;

	if (ours)
		guard_adopt(p->guard, fd, &s);
	if (ours && is_another(p, fd, &s, pid))
		moves_add(p->moves, p->change, fd, pid);
	else
		tscf_control_discard(*p->moves->control, fd);
}

static bool is_examined(bool guarded, pid_t pid)
{
	return pid != getpid() && (guarded || processes_has_mapped(pid, "/" CLASSIFY_LIBRARY));
}

/* @return whether there was memory for it. */
static bool begin_default(struct process *p, pid_t pid)
{
	p->change = moves_begin_default(p->moves, classify_default_of(p->guard, pid));
	if (!p->change)
		tscf_error("out of memory: sockets of process %d keep the level of the old policies", (int)pid);
	return p->change != NULL;
}

static void reclassify_process(void *context, pid_t pid)
{
	struct process p = *(const struct process *)context;

	if (!is_examined(p.guard->on, pid) || !begin_default(&p, pid))
		return;
	processes_each_socket(pid, PROCESSES_ANY_OWNER, reclassify_socket, &p);
	moves_end(p.moves, p.change, 0);
}

void live_sockets_classify(struct moves *moves, struct guard *guard)
{
	struct process any = {.moves = moves, .guard = guard};

	processes_each(reclassify_process, &any);
}

/** The same, beside the loop. */
struct all {
	struct search search;
	struct moves *moves;
	struct guard *guard;
	bool guarded;
	bool *under_way;
};

static void look_at_process(void *context, pid_t pid)
{
	struct all *all = context;

	if (is_examined(all->guarded, pid))
		processes_each_socket(pid, PROCESSES_ANY_OWNER, give, &all->search);
}

static void look_at_all(struct search *search)
{
	processes_each(look_at_process, search);
}

static void reclassify_found(struct search *search, const struct search_find *find)
{
	const struct all *all = (const struct all *)search;
	struct process p = {.moves = all->moves, .guard = all->guard};

	if (!begin_default(&p, find->pid)) {
		tscf_control_discard(*p.moves->control, find->fd);
		return;
	}
	reclassify_socket(&p, find->pid, find->fd);
	moves_end(p.moves, p.change, 0);
}

static void all_looked_at(struct search *search)
{
	const struct all *all = (const struct all *)search;

	if (all->under_way)
		*all->under_way = false;
	if (search->call)
		tscf_control_answer(search->call, 0, NULL);
}

static void free_all(struct search *search)
{
	free(search);
}

bool live_sockets_classify_beside(struct moves *moves, struct guard *guard, struct searches *searches,
				  struct tscf_control_call_in *call, bool *under_way)
{
	struct all *all = calloc(1, sizeof(*all));

	if (!all)
		return false;
	*all = (struct all){.search = {.uid = SEARCHES_CLIENT,
				       .work = look_at_all,
				       .found = reclassify_found,
				       .over = all_looked_at,
				       .free = free_all,
				       .call = call},
			    .moves = moves,
			    .guard = guard,
			    .guarded = guard->on,
			    .under_way = under_way};
	if (under_way)
		*under_way = true;
	searches_begin(searches, &all->search);
	return true;
}

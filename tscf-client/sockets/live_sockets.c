/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/live_sockets.h"

#include "common/base/log.h"
#include "tscf-client/sockets/classify.h"
#include "tscf-client/sockets/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* --- sockets of running programs --- */

/** A search for the sockets that a request names. */
struct named {
	struct search search;
	struct tscf_control_request request;
	struct owner *owners; /* by port: of the sockets that have it */
	unsigned count, size;
	int error; /* of the first one that cannot be had */
	const struct live_user *user;
	void *context;
};

static void by_port(void *context, const struct tscf_socket *s)
{
	struct named *n = context;
	if (s->protocol != n->request.protocol || s->local_port != n->request.port || s->inode == 0)
		return;
	if (n->count == n->size) {
		unsigned size = n->size ? 2 * n->size : 16;
		struct owner *grown = realloc(n->owners, size * sizeof(*grown));
		if (!grown)
			return;
		n->owners = grown;
		n->size = size;
	}
	n->owners[n->count++] = (struct owner){.inode = s->inode};
}

/* Root may name sockets of others. */
static int64_t owner_for(const struct named *n)
{
	return n->search.uid == 0 ? PROCESSES_ANY_OWNER : (int64_t)n->search.uid;
}

static void give(void *context, pid_t pid, int fd)
{
	search_found(context, pid, fd, 0);
}

static void look_by_port(struct named *n)
{
	n->error = tscf_sockdiag_list(0, by_port, n);
	processes_find_owners(n->owners, n->count);
	for (unsigned i = 0; i < n->count; i++) {
		const struct owner *o = &n->owners[i];
		if (o->pid == 0)
			continue;
		int fd = processes_take_socket(o->pid, owner_for(n), o->inode);
		if (fd >= 0)
			search_found(&n->search, o->pid, fd, 0);
		else if (n->error == 0)
			n->error = fd;
	}
}

static void look(struct search *search)
{
	struct named *n = (struct named *)search;
	const struct tscf_control_request *r = &n->request;
	if (r->pid <= 0) {
		look_by_port(n);
		return;
	}
	int count = processes_each_socket(r->pid, owner_for(n), give, search);
	n->error = count < 0 ? count : 0;
}

static void found(struct search *search, const struct search_find *find)
{
	struct named *n = (struct named *)search;
	n->user->each(n->context, find->pid, find->fd);
}

static void over(struct search *search)
{
	struct named *n = (struct named *)search;
	n->user->over(n->context, search->call, n->error);
}

static void free_named(struct search *search)
{
	struct named *n = (struct named *)search;
	n->user->free(n->context);
	free(n->owners);
	free(n);
}

static bool selects(const struct tscf_control_request *r)
{
	return r->pid > 0 || (r->protocol != 0 && r->port != 0);
}

int live_sockets_search(struct searches *searches, struct tscf_control_call_in *call, const struct live_user *user,
			void *context)
{
	struct named *n = selects(&call->request) ? calloc(1, sizeof(*n)) : NULL;
	if (!n) {
		user->free(context);
		return selects(&call->request) ? -ENOMEM : -EINVAL;
	}
	n->search = (struct search){
	    .uid = call->uid, .work = look, .found = found, .over = over, .free = free_named, .call = call};
	n->request = call->request;
	n->user = user;
	n->context = context;
	int error = searches_begin(searches, &n->search);
	if (error < 0)
		free_named(&n->search);
	return error;
}

struct mover {
	struct moves *moves;
	struct change *change;
	int error;
	bool by_pid;
};

static void move_one(void *context, pid_t pid, int fd)
{
	struct mover *m = context;
	int error = moves_add(m->moves, m->change, fd, pid);
	if (error < 0 && error != -EAFNOSUPPORT && m->error == 0)
		m->error = error;
}

/* A port may have several owners: sockets that may not be changed are no failure if others may. */
static void moved(void *context, struct tscf_control_call_in *call, int error)
{
	struct mover *m = context;
	(void)call;
	if (m->change->count == 0 && error == 0)
		error = m->error < 0 ? m->error : -ENOENT;
	moves_end(m->moves, m->change, m->by_pid || m->change->count == 0 ? error : 0);
}

void live_sockets_level_of(struct moves *moves, struct searches *searches, struct tscf_control_call_in *call)
{
	static const struct live_user user = {move_one, moved, free};
	struct change *change = selects(&call->request) ? moves_begin(moves, call) : NULL;
	struct mover *m = change ? calloc(1, sizeof(*m)) : NULL;
	int error = -ENOMEM;
	if (!change) {
		tscf_control_answer(call, EINVAL, NULL);
		return;
	}
	if (m) {
		*m = (struct mover){.moves = moves, .change = change, .by_pid = call->request.pid > 0};
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
	*((struct all *)search)->under_way = false;
}

static void free_all(struct search *search)
{
	free(search);
}

bool live_sockets_classify_beside(struct moves *moves, struct guard *guard, struct searches *searches, bool *under_way)
{
	struct all *all = calloc(1, sizeof(*all));

	if (!all)
		return false;
	*all = (struct all){.search = {.uid = SEARCHES_CLIENT,
				       .work = look_at_all,
				       .found = reclassify_found,
				       .over = all_looked_at,
				       .free = free_all},
			    .moves = moves,
			    .guard = guard,
			    .guarded = guard->on,
			    .under_way = under_way};
	*under_way = true;
	searches_begin(searches, &all->search);
	return true;
}

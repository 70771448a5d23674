/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/live_sockets.h"

#include "common/base/log.h"
#include "tscf-client/sockets/classify.h"
#include "tscf-client/sockets/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/** In one turn of the event loop. */
#define PROCESSES_AT_ONCE 16

/* --- sockets of running programs --- */

struct gather {
	const struct tscf_control_request *request;
	void (*each)(void *context, pid_t pid, int fd);
	void *context;
	struct owner *owners;
	unsigned count, size;
	int error;
};

static void by_port(void *context, const struct tscf_socket *s)
{
	struct gather *g = context;
	if (s->protocol != g->request->protocol || s->local_port != g->request->port || s->inode == 0)
		return;
	if (g->count == g->size) {
		unsigned size = g->size ? 2 * g->size : 16;
		struct owner *grown = realloc(g->owners, size * sizeof(*grown));
		if (!grown)
			return;
		g->owners = grown;
		g->size = size;
	}
	g->owners[g->count++] = (struct owner){.inode = s->inode};
}

static void dump_over(void *context, int error)
{
	struct gather *g = context;
	g->error = error;
}

static bool may_change(const struct tscf_control_call_in *call, pid_t pid)
{
	return call->uid == 0 || processes_uid(pid) == (int64_t)call->uid;
}

static void gather_by_port(struct gather *g, struct ev_loop *loop, const struct tscf_control_call_in *call)
{
	static const struct tscf_sockdiag_handler handler = {by_port, dump_over, NULL};
	struct tscf_sockdiag *diag;
	g->error = tscf_sockdiag_open(loop, 0, &handler, g, &diag);
	if (g->error < 0)
		return;
	tscf_sockdiag_dump_now(diag);
	tscf_sockdiag_close(diag);
	processes_find_owners(g->owners, g->count);
	for (unsigned i = 0; i < g->count; i++) {
		struct owner *o = &g->owners[i];
		if (o->pid == 0)
			continue;
		int fd = may_change(call, o->pid) ? processes_take_socket(o->pid, o->inode) : -EPERM;
		if (fd >= 0)
			g->each(g->context, o->pid, fd);
		else if (g->error == 0)
			g->error = fd;
	}
	free(g->owners);
}

static bool selects(const struct tscf_control_request *r)
{
	return r->pid > 0 || (r->protocol != 0 && r->port != 0);
}

int live_sockets_each(struct ev_loop *loop, const struct tscf_control_call_in *call,
		      void (*each)(void *context, pid_t pid, int fd), void *context)
{
	const struct tscf_control_request *r = &call->request;
	struct gather g = {.request = r, .each = each, .context = context};
	if (!selects(r))
		return -EINVAL;
	if (r->pid <= 0)
		gather_by_port(&g, loop, call);
	else if (may_change(call, r->pid))
		g.error = processes_each_socket(r->pid, each, context);
	else
		g.error = processes_uid(r->pid) < 0 ? -ESRCH : -EPERM;
	return g.error;
}

struct mover {
	struct moves *moves;
	struct change *change;
	int error;
};

static void move_one(void *context, pid_t pid, int fd)
{
	struct mover *m = context;
	int error = moves_add(m->moves, m->change, fd, pid);
	if (error < 0 && error != -EAFNOSUPPORT && m->error == 0)
		m->error = error;
}

void live_sockets_level_of(struct moves *moves, struct tscf_control_call_in *call)
{
	const struct tscf_control_request *r = &call->request;
	struct change *change = selects(r) ? moves_begin(moves, call) : NULL;
	if (!change) {
		tscf_control_answer(call, EINVAL, NULL);
		return;
	}
	struct mover m = {.moves = moves, .change = change};
	int error = live_sockets_each(moves->timers->loop, call, move_one, &m);
	if (error == 0)
		error = m.error;
	/* A port may have several owners: sockets that may not be changed are no failure if others may. */
	if (error == 0 && change->count == 0)
		error = -ENOENT;
	moves_end(moves, change, r->pid > 0 || change->count == 0 ? error : 0);
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

static void reclassify_process(void *context, pid_t pid)
{
	struct process p = *(const struct process *)context;

	if (pid == getpid() || (!p.guard->on && !processes_has_mapped(pid, "/" CLASSIFY_LIBRARY)))
		return;
	p.change = moves_begin_default(p.moves, classify_default_of(p.guard, pid));
	if (!p.change) {
		tscf_error("out of memory: sockets of process %d keep the level of the old policies", (int)pid);
		return;
	}
	processes_each_socket(pid, reclassify_socket, &p);
	moves_end(p.moves, p.change, 0);
}

void live_sockets_classify(struct moves *moves, struct guard *guard)
{
	struct process any = {.moves = moves, .guard = guard};

	processes_each(reclassify_process, &any);
}

bool live_sockets_classify_some(struct moves *moves, struct guard *guard, DIR *proc)
{
	struct process any = {.moves = moves, .guard = guard};

	return processes_some(proc, PROCESSES_AT_ONCE, reclassify_process, &any);
}

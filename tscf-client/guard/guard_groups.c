/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard_groups.h"

#include "common/base/log.h"
#include "tscf-client/guard/guard_cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <uthash.h>

/** Seconds between two looks at all cgroups that nobody but a notice asks for. */
#define LOOK_PAUSE 1.0

struct guard_group_node {
	struct guard_group_key key; /**< as told; generation 0: the guard does not know it */
	struct guard_group group;
	unsigned round; /**< in which it was seen last */
	int watch;      /**< descriptor of inotify(7); 0: it is not watched */
	UT_hash_handle hh, hh_watch;
	char name[]; /**< from the root; "" is the root itself */
};

void guard_groups_init(struct guard_groups *g, const struct guard_set *set, const struct policies *policies)
{
	*g = (struct guard_groups){.set = set, .policies = policies, .inotify = -1};
}

static struct guard_group judge(const struct policies *policies, const char *name)
{
	struct guard_group group = {0};

	for (unsigned i = 0; i < policies->count; i++) {
		enum policy_fit fit =
		    policies->list[i].cgroup[0] ? policy_fits_cgroup(&policies->list[i], name) : POLICY_FIT_NOT;

		group.fits |= (uint32_t)(fit == POLICY_FIT) << i;
		group.below |= (uint32_t)(fit == POLICY_FIT_BELOW) << i;
	}
	return group;
}

static void node_free(struct guard_groups *g, struct guard_group_node *n)
{
	if (n->watch > 0)
		HASH_DELETE(hh_watch, g->watched, n);
	HASH_DEL(g->nodes, n);
	free(n);
}

static void forget(struct guard_groups *g, struct guard_group_node *n)
{
	/* Generation 0 belongs to tscf-run. */
	if (n->key.generation != 0)
		guard_set_forget_group(g->set, &n->key);
	node_free(g, n);
}

/* @return the node of the cgroup, a new one if there is none, or NULL when out of memory. */
static struct guard_group_node *node_of(struct guard_groups *g, const char *name)
{
	struct guard_group_node *n;
	size_t length;

	HASH_FIND_STR(g->nodes, name, n);
	if (n)
		return n;
	length = strlen(name) + 1;
	n = calloc(1, sizeof(*n) + length);
	if (!n)
		return NULL;
	memcpy(n->name, name, length);
	HASH_ADD_STR(g->nodes, name, n);
	return n;
}

static void tell(struct guard_groups *g, struct guard_group_node *n, uint64_t id)
{
	struct guard_group_key key = {.netns = g->set->netns, .cgroup = id, .generation = g->generation};
	struct guard_group group = judge(g->policies, n->name);

	n->round = g->round;
	if (memcmp(&n->key, &key, sizeof(key)) == 0 && memcmp(&n->group, &group, sizeof(group)) == 0)
		return;
	if (n->key.generation == g->generation)
		guard_set_forget_group(g->set, &n->key);
	n->key = key;
	n->group = group;
	int err = guard_set_tell_group(g->set, &key, &group);

	if (err == 0)
		return;
	/* The guard treats a cgroup that it does not know as one that matches. */
	n->key.generation = 0;
	if (!g->full)
		tscf_warning("guard: no room for cgroup %s: %s", n->name[0] ? n->name : "/", strerror(-err));
	g->full = true;
}

static struct guard_group_node *node_watched(struct guard_groups *g, int watch)
{
	struct guard_group_node *n;

	HASH_FIND(hh_watch, g->watched, &watch, sizeof(watch), n);
	return n;
}

static void watch(struct guard_groups *g, struct guard_group_node *n, int fd)
{
	struct guard_group_node *before;
	char path[32];
	int watch;

	if (g->inotify < 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	watch = inotify_add_watch(g->inotify, path, IN_CREATE | IN_DELETE | IN_ONLYDIR);
	if (watch < 0)
		tscf_debug("guard: a cgroup is not watched: %s", strerror(errno));
	if (watch < 0 || watch == n->watch)
		return;
	/* A new cgroup of that name; or the name of this one is another now. */
	before = node_watched(g, watch);
	if (before)
		HASH_DELETE(hh_watch, g->watched, before);
	if (before)
		before->watch = 0;
	if (n->watch > 0)
		HASH_DELETE(hh_watch, g->watched, n);
	n->watch = watch;
	HASH_ADD(hh_watch, g->watched, watch, sizeof(n->watch), n);
}

/* Register the cgroup behind @p fd, which this closes, and those below that matter. */
static void visit(struct guard_groups *g, int fd, const char *name, unsigned depth)
{
	struct guard_group_node *n = node_of(g, name);
	uint64_t id = n ? guard_cgroup_id(fd) : 0;
	char below[PATH_MAX];
	struct dirent *one;
	DIR *d = NULL;

	if (id != 0)
		tell(g, n, id);
	if (id != 0 && n->group.below != 0 && depth + 1 < GUARD_DEPTH) {
		/* Watch before reading the list, so that no new cgroup is missed. */
		watch(g, n, fd);
		d = fdopendir(fd);
	}
	if (!d) {
		close(fd);
		return;
	}
	while ((one = readdir(d))) {
		int next;

		if (one->d_type != DT_DIR || one->d_name[0] == '.' ||
		    snprintf(below, sizeof(below), "%s/%s", name, one->d_name) >= (int)sizeof(below))
			continue;
		next = openat(fd, one->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next >= 0)
			visit(g, next, below, depth + 1);
	}
	closedir(d);
}

static void look(struct guard_groups *g)
{
	int root = openat(g->set->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct guard_group_node *n, *next;

	g->round++;
	if (root < 0)
		return;
	visit(g, root, "", 0);
	HASH_ITER(hh, g->nodes, n, next) {
		if (n->round != g->round)
			forget(g, n);
	}
}

/* Look at one cgroup, which has come or gone, perhaps both. */
static void look_at(struct guard_groups *g, const char *name)
{
	int fd = openat(g->set->root, name + 1, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct guard_group_node *n;
	unsigned depth = 0;

	if (fd < 0) {
		HASH_FIND_STR(g->nodes, name, n);
		if (n)
			forget(g, n);
		return;
	}
	for (const char *c = name; *c; c++)
		depth += *c == '/';
	visit(g, fd, name, depth);
}

/* @return whether it says what has changed. */
static bool take_notice(struct guard_groups *g, const struct inotify_event *e)
{
	const struct guard_group_node *above = node_watched(g, e->wd);
	char name[PATH_MAX];

	if (e->mask & IN_Q_OVERFLOW)
		return false;
	/* Of a cgroup that has gone, the one above tells. */
	if (!above || e->len == 0)
		return true;
	if (snprintf(name, sizeof(name), "%s/%s", above->name, e->name) < (int)sizeof(name))
		look_at(g, name);
	/* There may be room now for others. */
	return !(g->full && e->mask & IN_DELETE);
}

static void look_now(struct guard_groups *g)
{
	g->looked = ev_now(g->loop);
	if (g->generation != 0)
		look(g);
}

static void on_later(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	look_now(w->data);
}

static void look_paced(struct guard_groups *g)
{
	double due = g->looked + LOOK_PAUSE;

	if (ev_now(g->loop) >= due) {
		look_now(g);
	} else if (!ev_is_active(&g->later)) {
		ev_timer_set(&g->later, due - ev_now(g->loop), 0.);
		ev_timer_start(g->loop, &g->later);
	}
}

/* Some notices at a time: packets have their turn in between. */
static void on_change(struct ev_loop *loop, ev_io *w, int events)
{
	_Alignas(struct inotify_event) char buffer[4096];
	struct guard_groups *g = w->data;
	ssize_t length = read(g->inotify, buffer, sizeof(buffer));
	bool known = length > 0;

	(void)loop;
	(void)events;
	if (g->generation == 0)
		return;
	for (ssize_t at = 0; at < length;) {
		const struct inotify_event *e = (const struct inotify_event *)(buffer + at);

		known = take_notice(g, e) && known;
		at += (ssize_t)(sizeof(*e) + e->len);
	}
	if (!known)
		look_paced(g);
}

void guard_groups_tell(struct guard_groups *g, uint32_t generation)
{
	g->generation = policies_by_cgroup(g->policies) ? generation : 0;
	if (g->generation != 0)
		look(g);
}

void guard_groups_keep(const struct guard_groups *g)
{
	guard_set_keep_groups(g->set, g->generation);
}

void guard_groups_watch(struct guard_groups *g, struct ev_loop *loop)
{
	g->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (g->inotify < 0) {
		tscf_warning("guard: new cgroups are not seen before their first socket: %s", strerror(errno));
		return;
	}
	g->loop = loop;
	ev_io_init(&g->changed, on_change, g->inotify, EV_READ);
	g->changed.data = g;
	ev_io_start(loop, &g->changed);
	ev_init(&g->later, on_later);
	g->later.data = g;
	look_now(g);
}

void guard_groups_look_soon(struct guard_groups *g)
{
	if (g->inotify >= 0)
		ev_feed_event(g->loop, &g->changed, EV_READ);
}

void guard_groups_close(struct guard_groups *g)
{
	struct guard_group_node *n, *next;

	if (g->inotify >= 0) {
		ev_io_stop(g->loop, &g->changed);
		ev_timer_stop(g->loop, &g->later);
		close(g->inotify);
		g->inotify = -1;
	}
	HASH_ITER(hh, g->nodes, n, next)
		node_free(g, n);
}

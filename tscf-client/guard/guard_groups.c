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

struct guard_group_node {
	struct guard_group_key key; /**< as told; generation 0: the guard does not know it */
	struct guard_group group;
	unsigned round; /**< in which it was seen last */
	UT_hash_handle hh;
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
	HASH_DEL(g->nodes, n);
	free(n);
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

static void watch(const struct guard_groups *g, int fd)
{
	char path[32];

	if (g->inotify < 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (inotify_add_watch(g->inotify, path, IN_CREATE | IN_DELETE | IN_ONLYDIR) < 0)
		tscf_debug("guard: a cgroup is not watched: %s", strerror(errno));
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
		watch(g, fd);
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
	HASH_ITER(hh, g->nodes, n, next)
	{
		if (n->round == g->round)
			continue;
		/* Generation 0 belongs to tscf-run. */
		if (n->key.generation != 0)
			guard_set_forget_group(g->set, &n->key);
		node_free(g, n);
	}
}

static void on_change(struct ev_loop *loop, ev_io *w, int events)
{
	struct guard_groups *g = w->data;
	char buffer[4096];

	(void)loop;
	(void)events;
	while (read(g->inotify, buffer, sizeof(buffer)) > 0)
		;
	if (g->generation != 0)
		look(g);
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
	if (g->generation != 0)
		look(g);
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
		close(g->inotify);
		g->inotify = -1;
	}
	HASH_ITER(hh, g->nodes, n, next)
	node_free(g, n);
}

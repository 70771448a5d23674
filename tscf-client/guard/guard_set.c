/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard_set.h"

#include "common/base/log.h"
#include "common/base/siphash.h"
#include "tscf-client/guard/cgroup_root.h"
#include "tscf-client/guard/guard.skel.h"
#include "tscf-client/guard/guard_found.h"
#include "tscf-client/guard/guard_kernel.h"
#include "tscf-client/guard/guard_sweep.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/** How long to wait for another client that holds the lock: the number of tries, and the pause between them. */
#define LOCK_TRIES    200
#define LOCK_PAUSE_US 10000

void guard_set_init(struct guard_set *s)
{
	*s = (struct guard_set){.root = -1, .ring = -1};
	for (unsigned i = 0; i < GUARD_MAPS; i++)
		s->maps[i] = -1;
	for (unsigned i = 0; i < GUARD_PROGRAMS; i++)
		s->programs[i] = -1;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void guard_set_close(struct guard_set *s)
{
	close_one(&s->root);
	close_one(&s->ring);
	for (unsigned i = 0; i < GUARD_MAPS; i++)
		close_one(&s->maps[i]);
	for (unsigned i = 0; i < GUARD_PROGRAMS; i++)
		close_one(&s->programs[i]);
}

static int read_netns(uint64_t *cookie)
{
	socklen_t length = sizeof(*cookie);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	err = getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, &length) == 0 ? 0 : -errno;
	close(fd);
	return err;
}

/* One client at a time attaches and detaches.  Any process can hold this lock, so do not wait for it long: at worst,
 * two clients at the same time make two sets. */
static void lock(int root)
{
	for (unsigned i = 0; i < LOCK_TRIES && flock(root, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK; i++)
		usleep(LOCK_PAUSE_US);
}

static void unlock(int root)
{
	flock(root, LOCK_UN);
}

/* A hash of the programs, which are no secret, truncated to the length of a name. */
static void set_name(char name[BPF_OBJ_NAME_LEN])
{
	static const struct tscf_siphash_key no_secret;
	size_t size;
	const unsigned char *bytes = guard_bpf__elf_bytes(&size);
	const uint64_t hash = tscf_siphash(&no_secret, bytes, size);

	snprintf(name, BPF_OBJ_NAME_LEN, GUARD_MAP_PREFIX "%010llx", (unsigned long long)(hash & 0xffffffffff));
}

/* --- maps --- */

static int update(int map, uint64_t netns, const void *value)
{
	return bpf_map_update_elem(map, &netns, value, BPF_ANY) == 0 ? 0 : -errno;
}

/* Write the word for this namespace's packets in the encrypted tunnel, 0 for none.  A system call might copy it byte by
 * byte, and the guard must never read a part of it. */
static int write_quick(const struct guard_set *s, uint64_t word)
{
	const size_t size = GUARD_NETS * sizeof(uint64_t);
	uint64_t *words = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, s->maps[GUARD_MAP_QUICK], 0);

	if (words == MAP_FAILED)
		return -errno;
	__atomic_store_n(&words[GUARD_QUICK_SLOT(s->netns)], word, __ATOMIC_SEQ_CST);
	munmap(words, size);
	return 0;
}

int guard_set_write(const struct guard_set *s, const struct guard_net *net)
{
	/* The word never lets pass what the entry does not. */
	int err = write_quick(s, 0);

	if (err == 0)
		err = update(s->maps[GUARD_MAP_NETS], s->netns, net);
	return err == 0 ? write_quick(s, guard_quick_word(s->netns, net->encrypted)) : err;
}

int guard_set_read(const struct guard_set *s, struct guard_net *net)
{
	return bpf_map_lookup_elem(s->maps[GUARD_MAP_NETS], &s->netns, net) == 0 ? 0 : -errno;
}

void guard_set_counts(const struct guard_set *s, struct guard_counts *counts)
{
	memset(counts, 0, sizeof(*counts));
	if (s->maps[GUARD_MAP_COUNTS] >= 0)
		bpf_map_lookup_elem(s->maps[GUARD_MAP_COUNTS], &s->netns, counts);
}

uint64_t guard_set_asked(const struct guard_set *s, int fd)
{
	struct guard_socket stored;

	return bpf_map_lookup_elem(s->maps[GUARD_MAP_SOCKETS], &fd, &stored) == 0 ? stored.asked : 0;
}

bool guard_set_sent(const struct guard_set *s, int fd)
{
	struct guard_socket stored;

	return bpf_map_lookup_elem(s->maps[GUARD_MAP_SOCKETS], &fd, &stored) == 0 && stored.sent;
}

void guard_set_settle(const struct guard_set *s, int fd, uint32_t value)
{
	struct guard_socket stored;

	if (bpf_map_lookup_elem(s->maps[GUARD_MAP_SOCKETS], &fd, &stored) != 0 || stored.wanted == value)
		return;
	stored.wanted = value;
	if (bpf_map_update_elem(s->maps[GUARD_MAP_SOCKETS], &fd, &stored, BPF_EXIST) != 0)
		tscf_warning("guard: packets of a socket stay refused: %s", strerror(errno));
	else
		tscf_debug("guard: no policy gives the socket another level");
}

int guard_set_tell_group(const struct guard_set *s, const struct guard_group_key *key, const struct guard_group *group)
{
	return bpf_map_update_elem(s->maps[GUARD_MAP_GROUPS], key, group, BPF_ANY) == 0 ? 0 : -errno;
}

void guard_set_forget_group(const struct guard_set *s, const struct guard_group_key *key)
{
	bpf_map_delete_elem(s->maps[GUARD_MAP_GROUPS], key);
}

int guard_set_group(const struct guard_set *s, const struct guard_group_key *key, struct guard_group *group)
{
	return bpf_map_lookup_elem(s->maps[GUARD_MAP_GROUPS], key, group) == 0 ? 0 : -errno;
}

int guard_set_next_group(const struct guard_set *s, const struct guard_group_key *after, struct guard_group_key *next)
{
	return bpf_map_get_next_key(s->maps[GUARD_MAP_GROUPS], after, next) == 0 ? 0 : -errno;
}

void guard_set_keep_groups(const struct guard_set *s, uint32_t generation)
{
	guard_sweep_groups(s->maps[GUARD_MAP_GROUPS], s->netns, generation);
}

bool guard_set_adopt(const struct guard_set *s, int fd, const struct guard_socket *about)
{
	return bpf_map_update_elem(s->maps[GUARD_MAP_SOCKETS], &fd, about, BPF_NOEXIST) == 0;
}

void guard_set_deaf(const struct guard_set *s)
{
	bpf_map_delete_elem(s->maps[GUARD_MAP_RINGS], &s->netns);
}

/* Make a new ring: nobody reads the events for an earlier client any more. */
static int make_ring(struct guard_set *s)
{
	s->ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "tscf_ring", 0, 0, GUARD_RING, NULL);
	return s->ring < 0 ? -errno : update(s->maps[GUARD_MAP_RINGS], s->netns, &s->ring);
}

static bool is_empty(int nets)
{
	uint64_t first;

	return bpf_map_get_next_key(nets, NULL, &first) < 0 && errno == ENOENT;
}

/* --- programs --- */

static int attach(int root, const int programs[GUARD_PROGRAMS])
{
	for (unsigned i = 0; i < GUARD_PROGRAMS; i++) {
		if (bpf_prog_attach(programs[i], root, guard_types[i], BPF_F_ALLOW_MULTI) == 0)
			continue;
		int err = -errno;

		while (i-- > 0)
			bpf_prog_detach2(programs[i], root, guard_types[i]);
		return err;
	}
	return 0;
}

static void detach_found(int root, const struct guard_found *f, uint32_t nets)
{
	/* The program for outgoing packets is detached last. */
	for (unsigned i = 0; i < f->count; i++) {
		int fd = f->list[i].maps[GUARD_MAP_NETS] == nets ? bpf_prog_get_fd_by_id(f->list[i].id) : -1;

		if (fd < 0)
			continue;
		bpf_prog_detach2(fd, root, guard_types[f->list[i].type]);
		close(fd);
	}
}

/* Open the programs and maps of the set @p name.  @return whether all are there. */
static bool use_found(struct guard_set *s, const struct guard_found *f, const char *name)
{
	const struct guard_found_program *first = NULL;

	for (unsigned i = 0; i < f->count && !first; i++)
		if (strcmp(f->list[i].name, name) == 0 && guard_found_complete(f, f->list[i].maps[GUARD_MAP_NETS]))
			first = &f->list[i];
	if (!first)
		return false;
	for (unsigned i = 0; i < f->count; i++) {
		const struct guard_found_program *p = &f->list[i];

		if (p->maps[GUARD_MAP_NETS] != first->maps[GUARD_MAP_NETS])
			continue;
		if (s->programs[p->type] < 0)
			s->programs[p->type] = bpf_prog_get_fd_by_id(p->id);
		for (unsigned k = 0; k < GUARD_MAPS; k++)
			if (p->maps[k] != 0 && s->maps[k] < 0)
				s->maps[k] = bpf_map_get_fd_by_id(p->maps[k]);
	}
	for (unsigned k = 0; k < GUARD_MAPS; k++)
		if (s->maps[k] < 0)
			return false;
	return true;
}

static int load_with(struct guard_set *s, bool skb_has_netns, const struct guard_offsets *offsets)
{
	struct guard_bpf *skel = guard_bpf__open();
	int err;

	if (!skel)
		return -errno;
	skel->rodata->skb_has_netns = skb_has_netns;
	skel->rodata->offsets = *offsets;
	err = bpf_map__reuse_fd(skel->maps.nets, s->maps[GUARD_MAP_NETS]);
	if (err == 0)
		err = guard_bpf__load(skel);
	if (err == 0) {
		const struct bpf_program *const programs[GUARD_PROGRAMS] = {
		    skel->progs.tscf_create,   skel->progs.tscf_bind4,      skel->progs.tscf_bind6,
		    skel->progs.tscf_connect4, skel->progs.tscf_connect6,   skel->progs.tscf_sendmsg4,
		    skel->progs.tscf_sendmsg6, skel->progs.tscf_bound4,     skel->progs.tscf_bound6,
		    skel->progs.tscf_tcp,      skel->progs.tscf_getsockopt, skel->progs.tscf_setsockopt,
		    skel->progs.tscf_ingress,  skel->progs.tscf_egress};

		for (unsigned i = 0; i < GUARD_PROGRAMS; i++)
			s->programs[i] = dup(bpf_program__fd(programs[i]));
		s->maps[GUARD_MAP_COUNTS] = dup(bpf_map__fd(skel->maps.counts));
		s->maps[GUARD_MAP_RINGS] = dup(bpf_map__fd(skel->maps.rings));
		s->maps[GUARD_MAP_SOCKETS] = dup(bpf_map__fd(skel->maps.sockets));
		s->maps[GUARD_MAP_GROUPS] = dup(bpf_map__fd(skel->maps.groups));
		s->maps[GUARD_MAP_WAITING] = dup(bpf_map__fd(skel->maps.waiting));
		s->maps[GUARD_MAP_ASKED] = dup(bpf_map__fd(skel->maps.asked));
		s->maps[GUARD_MAP_QUICK] = dup(bpf_map__fd(skel->maps.quick));
	}
	guard_bpf__destroy(skel);
	return err;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level, (void)format, (void)arguments;
	return 0;
}

static int load(struct guard_set *s, const char *name)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
	struct guard_offsets offsets;
	int err;

	s->maps[GUARD_MAP_NETS] =
	    bpf_map_create(BPF_MAP_TYPE_HASH, name, sizeof(uint64_t), sizeof(struct guard_net), GUARD_NETS, &options);
	if (s->maps[GUARD_MAP_NETS] < 0)
		return -errno;
	libbpf_set_print(quiet);
	err = guard_kernel_offsets(&offsets);
	if (err != 0)
		tscf_warning("guard: this kernel does not describe itself (%s): policies with a program hold with the "
			     "library alone",
			     strerror(-err));
	err = load_with(s, true, &offsets);
	return err == 0 ? 0 : load_with(s, false, &offsets);
}

/* --- the whole --- */

/* Whether no program before this one has its map of namespaces. */
static bool is_first_of_set(const struct guard_found *f, unsigned i)
{
	for (unsigned k = 0; k < i; k++)
		if (f->list[k].maps[GUARD_MAP_NETS] == f->list[i].maps[GUARD_MAP_NETS])
			return false;
	return true;
}

/* Remove this namespace from the sets of other builds, and detach sets that serve no namespace any more. */
static void tidy(const struct guard_set *s, const struct guard_found *f, uint32_t own)
{
	for (unsigned i = 0; i < f->count; i++) {
		const struct guard_found_program *p = &f->list[i];
		bool other = p->maps[GUARD_MAP_NETS] != own && is_first_of_set(f, i);
		int nets = other ? bpf_map_get_fd_by_id(p->maps[GUARD_MAP_NETS]) : -1;
		/* The others may be made differently there. */
		const int maps[GUARD_MAPS] = {nets, -1, -1, -1, -1, -1, -1, -1};

		if (nets < 0)
			continue;
		guard_sweep_namespace(maps, s->netns);
		guard_sweep_gone(nets);
		if (is_empty(nets))
			detach_found(s->root, f, p->maps[GUARD_MAP_NETS]);
		close(nets);
	}
}

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {0};
	__u32 length = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &length) == 0 ? info.id : 0;
}

static int begin(struct guard_set *s, struct guard_net *first, const struct guard_set_owner *owner)
{
	struct guard_counts none = {0};
	struct guard_net present;

	s->fresh = guard_set_read(s, &present) != 0;
	if (!s->fresh) {
		if (!owner->take(&present))
			return -EBUSY;
		memcpy(first->routes, present.routes, sizeof(first->routes));
		first->route_count = present.route_count;
		first->waiting = present.waiting;
		first->generation = present.generation + GUARD_GENERATION_STEP;
		first->runs = present.runs;
		s->ruled = present.policy_count > 0;
		guard_sweep_map(s->maps[GUARD_MAP_ASKED], s->netns);
	} else {
		update(s->maps[GUARD_MAP_COUNTS], s->netns, &none);
	}
	owner->prepare(owner->context, first);
	int err = guard_set_write(s, first);

	return err == 0 ? make_ring(s) : err;
}

static int open_locked(struct guard_set *s, struct guard_net *first, const struct guard_set_owner *owner,
		       struct guard_found *f, const char **what)
{
	char name[BPF_OBJ_NAME_LEN];
	int err = guard_find(s->root, f);
	bool found;

	*what = "looking for BPF programs";
	if (err != 0)
		return err;
	set_name(name);
	found = use_found(s, f, name);
	*what = "loading BPF programs";
	if (!found && (err = load(s, name)) != 0)
		return err;
	*what = "writing BPF maps";
	if ((err = begin(s, first, owner)) != 0)
		return err;
	*what = "attaching BPF programs to the root of cgroup v2";
	if (!found && (err = attach(s->root, s->programs)) != 0)
		return err;
	tidy(s, f, map_id(s->maps[GUARD_MAP_NETS]));
	return 0;
}

int guard_set_open(struct guard_set *s, struct guard_net *first, const struct guard_set_owner *owner,
		   char reason[GUARD_REASON])
{
	static struct guard_found found;
	const char *what = "the cookie of the network namespace";
	int err;

	guard_set_init(s);
	err = read_netns(&s->netns);
	if (err == 0) {
		what = "cgroup v2";
		s->root = cgroup_root_open();
		err = s->root < 0 ? s->root : 0;
	}
	if (err == 0) {
		lock(s->root);
		err = open_locked(s, first, owner, &found, &what);
		unlock(s->root);
	}
	if (err == -EBUSY)
		snprintf(reason, GUARD_REASON, "another client guards this network namespace");
	else if (err != 0)
		snprintf(reason, GUARD_REASON, "%s: %s", what, strerror(-err));
	if (err != 0)
		guard_set_close(s);
	return err;
}

bool guard_set_attached(const struct guard_set *s)
{
	for (unsigned i = 0; i < GUARD_PROGRAMS; i++) {
		struct bpf_prog_info info = {0};
		__u32 ids[64], flags, count = 64, length = sizeof(info);
		bool there = false;

		if (bpf_obj_get_info_by_fd(s->programs[i], &info, &length) < 0 ||
		    bpf_prog_query(s->root, guard_types[i], 0, &flags, ids, &count) < 0)
			return false;
		for (unsigned k = 0; k < count; k++)
			there |= ids[k] == info.id;
		if (!there)
			return false;
	}
	return true;
}

void guard_set_remove(const struct guard_set *s)
{
	lock(s->root);
	write_quick(s, 0);
	guard_sweep_namespace(s->maps, s->netns);
	if (is_empty(s->maps[GUARD_MAP_NETS]))
		for (unsigned i = 0; i < GUARD_PROGRAMS; i++)
			bpf_prog_detach2(s->programs[i], s->root, guard_types[i]);
	unlock(s->root);
}

bool guard_set_sweep(const struct guard_set *s)
{
	/* A client that is about to enter its namespace holds the lock. */
	if (flock(s->root, LOCK_EX | LOCK_NB) < 0)
		return false;
	guard_sweep_gone(s->maps[GUARD_MAP_NETS]);
	guard_sweep_strays(s->maps);
	unlock(s->root);
	return true;
}

int guard_set_flush(void)
{
	static struct guard_found found;
	struct guard_set s;
	int err;

	guard_set_init(&s);
	err = read_netns(&s.netns);
	s.root = err == 0 ? cgroup_root_open() : -1;
	if (s.root < 0)
		return err != 0 ? err : s.root;
	lock(s.root);
	err = guard_find(s.root, &found);
	if (err == 0)
		tidy(&s, &found, 0);
	unlock(s.root);
	guard_set_close(&s);
	return err;
}

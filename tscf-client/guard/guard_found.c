/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard_found.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAPS_MAX 8

const enum bpf_attach_type guard_types[GUARD_PROGRAMS] = {
    /* The program for outgoing packets comes last, so that a set that has it is complete. */
    BPF_CGROUP_INET_SOCK_CREATE, BPF_CGROUP_INET4_BIND,   BPF_CGROUP_INET6_BIND,   BPF_CGROUP_INET4_CONNECT,
    BPF_CGROUP_INET6_CONNECT,    BPF_CGROUP_UDP4_SENDMSG, BPF_CGROUP_UDP6_SENDMSG, BPF_CGROUP_INET4_POST_BIND,
    BPF_CGROUP_INET6_POST_BIND,  BPF_CGROUP_SOCK_OPS,     BPF_CGROUP_GETSOCKOPT,   BPF_CGROUP_SETSOCKOPT,
    BPF_CGROUP_INET_INGRESS,     BPF_CGROUP_INET_EGRESS,
};

/* The map of namespaces is named after the build. */
static const char *const map_names[GUARD_MAPS] = {
    [GUARD_MAP_COUNTS] = "counts", [GUARD_MAP_RINGS] = "rings",     [GUARD_MAP_SOCKETS] = "sockets",
    [GUARD_MAP_GROUPS] = "groups", [GUARD_MAP_WAITING] = "waiting", [GUARD_MAP_ASKED] = "asked",
    [GUARD_MAP_QUICK] = "quick"};

static void look_at_map(struct guard_found_program *p, uint32_t id)
{
	struct bpf_map_info info = {0};
	__u32 length = sizeof(info);
	int fd = bpf_map_get_fd_by_id(id);

	if (fd < 0)
		return;
	if (bpf_obj_get_info_by_fd(fd, &info, &length) == 0) {
		if (strncmp(info.name, GUARD_MAP_PREFIX, sizeof(GUARD_MAP_PREFIX) - 1) == 0) {
			p->maps[GUARD_MAP_NETS] = id;
			memcpy(p->name, info.name, sizeof(p->name));
		}
		for (unsigned i = 0; i < GUARD_MAPS; i++)
			if (map_names[i] && strcmp(info.name, map_names[i]) == 0)
				p->maps[i] = id;
	}
	close(fd);
}

/** @return 1 if it is one of ours, 0 if not, or -errno. */
static int look_at_program(struct guard_found_program *p)
{
	__u32 maps[MAPS_MAX] = {0}, length = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = {.nr_map_ids = MAPS_MAX, .map_ids = (uintptr_t)maps};
	int fd = bpf_prog_get_fd_by_id(p->id), err;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	err = bpf_obj_get_info_by_fd(fd, &info, &length) == 0 ? 0 : -errno;
	close(fd);
	if (err != 0)
		return err;
	if (strncmp(info.name, GUARD_PROGRAM_PREFIX, sizeof(GUARD_PROGRAM_PREFIX) - 1) != 0)
		return 0;
	for (unsigned i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++)
		look_at_map(p, maps[i]);
	return p->maps[GUARD_MAP_NETS] != 0;
}

int guard_find(int root, struct guard_found *out)
{
	__u32 ids[64], flags;

	out->count = 0;
	for (unsigned type = 0; type < GUARD_PROGRAMS; type++) {
		__u32 count = sizeof(ids) / sizeof(ids[0]);

		if (bpf_prog_query(root, guard_types[type], 0, &flags, ids, &count) < 0)
			return -errno;
		for (unsigned i = 0; i < count; i++) {
			struct guard_found_program p = {.type = type, .id = ids[i]};
			int ours = look_at_program(&p);

			if (ours < 0)
				return ours;
			if (ours)
				out->list[out->count++] = p;
		}
	}
	return 0;
}

bool guard_found_complete(const struct guard_found *f, uint32_t nets)
{
	unsigned types = 0;

	for (unsigned i = 0; i < f->count; i++)
		if (f->list[i].maps[GUARD_MAP_NETS] == nets)
			types |= 1U << f->list[i].type;
	return types == (1U << GUARD_PROGRAMS) - 1;
}

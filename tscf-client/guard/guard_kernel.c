/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard_kernel.h"

#include <bpf/btf.h>
#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

/** Most levels of structures within structures. */
#define DEPTH 8

/* The offset of a member in bits, also of one in an anonymous structure.  @return -ENOENT if there is none. */
static int member_offset(const struct btf *btf, const struct btf_type *in, const char *name, unsigned depth)
{
	const struct btf_member *m = btf_members(in);

	for (unsigned i = 0; i < btf_vlen(in); i++, m++) {
		const char *this = btf__name_by_offset(btf, m->name_off);
		const struct btf_type *type = btf__type_by_id(btf, m->type);
		int offset = (int)btf_member_bit_offset(in, i);

		if (strcmp(this, name) == 0)
			return offset;
		if (this[0] != '\0' || depth == 0 || !btf_is_composite(type))
			continue;
		int within = member_offset(btf, type, name, depth - 1);

		if (within >= 0)
			return offset + within;
	}
	return -ENOENT;
}

struct wanted {
	const char *type, *member;
	size_t field; /**< of struct guard_offsets, to which the offset is added */
};

#define FIELD(name) offsetof(struct guard_offsets, name)

static const struct wanted list[] = {
    {"task_struct", "mm", FIELD(task_mm)},         {"mm_struct", "exe_file", FIELD(mm_file)},
    {"file", "f_path", FIELD(file_dentry)},        {"path", "dentry", FIELD(file_dentry)},
    {"dentry", "d_parent", FIELD(dentry_parent)},  {"dentry", "d_inode", FIELD(dentry_inode)},
    {"dentry", "d_name", FIELD(dentry_name)},      {"qstr", "name", FIELD(dentry_name)},
    {"dentry", "d_name", FIELD(dentry_length)},    {"qstr", "len", FIELD(dentry_length)},
    {"inode", "i_ino", FIELD(inode_number)},       {"inode", "i_sb", FIELD(inode_super)},
    {"super_block", "s_dev", FIELD(super_device)}, {"task_struct", "cred", FIELD(task_cred)},
    {"cred", "fsuid", FIELD(cred_fsuid)},
};

static int find(const struct btf *btf, struct guard_offsets *out)
{
	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		int id = btf__find_by_name_kind(btf, list[i].type, BTF_KIND_STRUCT);
		int offset = id < 0 ? id : member_offset(btf, btf__type_by_id(btf, (__u32)id), list[i].member, DEPTH);

		if (offset < 0)
			return offset;
		*(__u32 *)((char *)out + list[i].field) += (__u32)offset / 8;
	}
	return 0;
}

/* It is one bit, whose number in its byte depends on the byte order. */
static __u32 find_ipv6_only(const struct btf *btf)
{
	int id = __BYTE_ORDER == __LITTLE_ENDIAN ? btf__find_by_name_kind(btf, "sock_common", BTF_KIND_STRUCT) : -1;
	int offset = id < 0 ? id : member_offset(btf, btf__type_by_id(btf, (__u32)id), "skc_ipv6only", DEPTH);

	return offset < 0 ? 0 : (__u32)offset;
}

int guard_kernel_offsets(struct guard_offsets *out)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int err;

	memset(out, 0, sizeof(*out));
	if (!btf)
		return -errno;
	err = find(btf, out);
	if (err != 0)
		memset(out, 0, sizeof(*out));
	out->sock_ipv6_only = find_ipv6_only(btf);
	btf__free(btf);
	return err;
}

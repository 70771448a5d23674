/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/sockdiag_message.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netlink/attr.h>
#include <string.h>

struct nl_msg *tscf_sockdiag_request(int family, uint8_t protocol)
{
	struct inet_diag_req_v2 request = {
	    .sdiag_family = (uint8_t)family,
	    .sdiag_protocol = protocol,
	    /* All states, including those that later kernels add (bound but not yet connected). */
	    .idiag_states = UINT32_MAX,
	    .id.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE},
	};
	struct nl_msg *msg = nlmsg_alloc_simple(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP);

	if (msg && nlmsg_append(msg, &request, sizeof(request), NLMSG_ALIGNTO) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

int tscf_sockdiag_add_filter(struct nl_msg *msg, uint32_t mask, uint32_t device)
{
	/*
	 * The offsets of an operation are relative to its own start.  A jump to exactly the end of the program accepts
	 * the socket, a jump past the end rejects it.  No bit of the mark set: the next condition decides; else: jump
	 * to the end.
	 */
	struct {
		struct inet_diag_bc_op mark;
		struct inet_diag_markcond condition;
		struct inet_diag_bc_op device;
		uint32_t index;
	} filter = {
	    .mark = {.code = INET_DIAG_BC_MARK_COND,
		     .yes = sizeof(struct inet_diag_bc_op) + sizeof(struct inet_diag_markcond),
		     .no = sizeof(filter)},
	    .condition = {.mark = 0, .mask = mask},
	    .device = {.code = INET_DIAG_BC_DEV_COND,
		       .yes = sizeof(struct inet_diag_bc_op) + sizeof(uint32_t),
		       .no = sizeof(struct inet_diag_bc_op) + sizeof(uint32_t) + 4},
	    /* For the kernel, 0 means not bound to any device. */
	    .index = device != 0 ? device : UINT32_MAX,
	};

	return nla_put(msg, INET_DIAG_REQ_BYTECODE, sizeof(filter), &filter) < 0 ? -ENOMEM : 0;
}

static struct tscf_addr read_addr(uint8_t family, const void *bytes)
{
	return family == AF_INET ? tscf_addr_v4(bytes) : tscf_addr_v6(bytes);
}

static uint8_t type_of(uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? SOCK_STREAM : protocol == IPPROTO_RAW ? SOCK_RAW : SOCK_DGRAM;
}

/** A raw socket has its protocol in the field of the local port. */
static void read_raw(struct tscf_socket *s, const struct nlattr *protocol)
{
	s->protocol = protocol && nla_len(protocol) >= 1 ? nla_get_u8(protocol) : (uint8_t)s->local_port;
	s->local_port = 0;
	s->remote_port = 0;
}

bool tscf_sockdiag_parse(struct nlmsghdr *header, uint8_t protocol, struct tscf_socket *out)
{
	struct nlattr *attrs[INET_DIAG_MAX + 1];
	struct inet_diag_msg *m = nlmsg_data(header);

	memset(out, 0, sizeof(*out));
	if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    nlmsg_parse(header, sizeof(*m), attrs, INET_DIAG_MAX, NULL) < 0 ||
	    (m->idiag_family != AF_INET && m->idiag_family != AF_INET6))
		return false;
	if (protocol == 0 && attrs[INET_DIAG_PROTOCOL] && nla_len(attrs[INET_DIAG_PROTOCOL]) >= 1)
		protocol = nla_get_u8(attrs[INET_DIAG_PROTOCOL]);
	out->family = m->idiag_family;
	out->type = type_of(protocol);
	out->protocol = protocol;
	out->state = m->idiag_state;
	out->local = read_addr(m->idiag_family, m->id.idiag_src);
	out->remote = read_addr(m->idiag_family, m->id.idiag_dst);
	out->local_port = ntohs(m->id.idiag_sport);
	out->remote_port = ntohs(m->id.idiag_dport);
	if (out->type == SOCK_RAW)
		read_raw(out, attrs[INET_DIAG_PROTOCOL]);
	if (out->remote_port == 0 && tscf_addr_is_any(&out->remote))
		memset(&out->remote, 0, sizeof(out->remote));
	if (attrs[INET_DIAG_MARK] && nla_len(attrs[INET_DIAG_MARK]) >= (int)sizeof(uint32_t))
		out->mark = nla_get_u32(attrs[INET_DIAG_MARK]);
	if (attrs[INET_DIAG_SKV6ONLY] && nla_len(attrs[INET_DIAG_SKV6ONLY]) >= 1)
		out->ipv6_only = nla_get_u8(attrs[INET_DIAG_SKV6ONLY]) != 0;
	out->device = m->id.idiag_if;
	out->uid = m->idiag_uid;
	out->inode = m->idiag_inode;
	out->cookie = (uint64_t)m->id.idiag_cookie[1] << 32 | m->id.idiag_cookie[0];
	return true;
}

int tscf_sockdiag_error(struct nlmsghdr *header)
{
	int value = 0;

	if (nlmsg_datalen(header) >= (int)sizeof(value))
		memcpy(&value, nlmsg_data(header), sizeof(value));
	return value;
}

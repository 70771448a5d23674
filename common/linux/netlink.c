/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/netlink_internal.h"

#include <errno.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>

/** What the callbacks of one request have found. */
struct outcome {
	bool finished;
	bool interrupted;
	int error; /**< first -errno of the kernel or of the visitor */
	tscf_netlink_visit visit;
	void *context;
};

int tscf_netlink_errno(int nle)
{
	switch (-abs(nle)) {
	case 0:
		return 0;
	case -NLE_INTR:
	case -NLE_DUMP_INTR:
		return -EINTR;
	case -NLE_BAD_SOCK:
		return -EBADF;
	case -NLE_AGAIN:
		return -EAGAIN;
	case -NLE_NOMEM:
		return -ENOMEM;
	case -NLE_EXIST:
		return -EEXIST;
	case -NLE_INVAL:
	case -NLE_MISSING_ATTR:
	case -NLE_AF_MISMATCH:
		return -EINVAL;
	case -NLE_RANGE:
		return -ERANGE;
	case -NLE_MSGSIZE:
	case -NLE_MSG_OVERFLOW:
	case -NLE_MSG_TRUNC:
		return -EMSGSIZE;
	case -NLE_OPNOTSUPP:
	case -NLE_MSGTYPE_NOSUPPORT:
		return -EOPNOTSUPP;
	case -NLE_AF_NOSUPPORT:
		return -EAFNOSUPPORT;
	case -NLE_OBJ_NOTFOUND:
	case -NLE_NOATTR:
		return -ENOENT;
	case -NLE_NOADDR:
		return -EADDRNOTAVAIL;
	case -NLE_BUSY:
		return -EBUSY;
	case -NLE_NOACCESS:
		return -EACCES;
	case -NLE_PERM:
		return -EPERM;
	case -NLE_NODEV:
		return -ENODEV;
	default:
		return -EPROTO;
	}
}

bool tscf_netlink_no_family(int error)
{
	return error == -EAFNOSUPPORT || error == -EOPNOTSUPP || error == -EPFNOSUPPORT;
}

static int connect_sock(struct tscf_netlink *nl)
{
	int one = 1, err;

	errno = 0;
	err = nl_connect(nl->sock, nl->protocol);
	if (err < 0)
		return errno ? -errno : tscf_netlink_errno(err);
	if (nl->protocol != NETLINK_ROUTE)
		return 0;
	/* The kernel can then filter a dump by table (Linux 4.20); without this option the dump is only longer. */
	(void)setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	return 0;
}

int tscf_netlink_connect(int protocol, struct tscf_netlink **out)
{
	struct tscf_netlink *nl = calloc(1, sizeof(*nl));
	int err;

	if (!nl)
		return -ENOMEM;
	nl->protocol = protocol;
	nl->sock = nl_socket_alloc();
	err = nl->sock ? connect_sock(nl) : -ENOMEM;
	if (err < 0) {
		tscf_netlink_close(nl);
		return err;
	}
	*out = nl;
	return 0;
}

int tscf_netlink_open(struct tscf_netlink **out)
{
	return tscf_netlink_connect(NETLINK_ROUTE, out);
}

void tscf_netlink_close(struct tscf_netlink *nl)
{
	if (!nl)
		return;
	nl_socket_free(nl->sock);
	free(nl);
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct outcome *o = arg;

	(void)msg;
	o->finished = true;
	return NL_STOP;
}

/** Keep the kernel's own error number: libnl maps many of them to one. */
static int on_error(struct sockaddr_nl *from, struct nlmsgerr *answer, void *arg)
{
	struct outcome *o = arg;

	(void)from;
	o->finished = true;
	if (!o->error)
		o->error = answer->error;
	return NL_STOP;
}

/** NLMSG_DONE; a dump that failed half-way has its error in it. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct outcome *o = arg;
	int error;

	o->finished = true;
	if (nlmsg_datalen(header) >= (int)sizeof(error)) {
		memcpy(&error, nlmsg_data(header), sizeof(error));
		if (error < 0 && !o->error)
			o->error = error;
	}
	return NL_STOP;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct outcome *o = arg;

	if (o->visit && !o->error)
		o->error = o->visit(nlmsg_hdr(msg), o->context);
	return NL_OK;
}

static int on_interrupted(struct nl_msg *msg, void *arg)
{
	struct outcome *o = arg;

	(void)msg;
	o->interrupted = true;
	return NL_OK;
}

static struct nl_cb *make_callbacks(struct outcome *o)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);

	if (!cb)
		return NULL;
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, o);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, o);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, o);
	nl_cb_set(cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_interrupted, o);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, o);
	return cb;
}

/**
 * Send and read until the end of the answer.  When reading itself fails, the rest of the answer may still be in the
 * socket and would be taken for the answer to the next request: so the socket is opened again.
 */
static int exchange(struct tscf_netlink *nl, struct nl_msg *msg, struct outcome *o)
{
	struct nl_cb *cb = make_callbacks(o);
	int err;

	if (!cb)
		return -ENOMEM;
	err = nl_send_auto(nl->sock, msg);
	while (err >= 0 && !o->finished)
		err = nl_recvmsgs(nl->sock, cb);
	nl_cb_put(cb);
	if (o->finished)
		return o->error ? o->error : o->interrupted ? -EINTR : 0;
	nl_close(nl->sock);
	if (connect_sock(nl) < 0)
		return -EBADF;
	return tscf_netlink_errno(err);
}

int tscf_netlink_ask(struct tscf_netlink *nl, struct nl_msg *msg, tscf_netlink_visit visit, void *context)
{
	struct outcome o = {.visit = visit, .context = context};
	int err;

	if (!msg)
		return -ENOMEM;
	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	err = exchange(nl, msg, &o);
	nlmsg_free(msg);
	return err;
}

int tscf_netlink_request(struct tscf_netlink *nl, int nle, struct nl_msg *msg)
{
	return nle < 0 ? tscf_netlink_errno(nle) : tscf_netlink_ask(nl, msg, NULL, NULL);
}

int tscf_netlink_dump(struct tscf_netlink *nl, struct nl_msg *msg, tscf_netlink_visit visit, void *context)
{
	struct outcome o = {.visit = visit, .context = context};
	int err;

	if (!msg)
		return -ENOMEM;
	/* A dump ends with NLMSG_DONE; an additional ACK would be left in the socket. */
	nl_socket_disable_auto_ack(nl->sock);
	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
	err = exchange(nl, msg, &o);
	nl_socket_enable_auto_ack(nl->sock);
	nlmsg_free(msg);
	return err;
}

struct nl_addr *tscf_netlink_addr(const struct tscf_prefix *p)
{
	struct nl_addr *addr = nl_addr_build(p->addr.family, p->addr.bytes, tscf_addr_size(p->addr.family));

	if (addr)
		nl_addr_set_prefixlen(addr, p->length);
	return addr;
}

struct tscf_addr tscf_netlink_attr_addr(const struct nlattr *attr, uint8_t family)
{
	struct tscf_addr addr = {.family = 0};
	size_t size = tscf_addr_size(family);

	if (!attr || size == 0 || (size_t)nla_len(attr) < size)
		return addr;
	/* Not through tscf_addr_v6: an IPv4-mapped address of a route or rule is a key, not the address of a peer. */
	memcpy(addr.bytes, nla_data(attr), size);
	addr.family = family;
	return addr;
}

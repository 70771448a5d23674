/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/admin/port_sockets.h"

#include "common/linux/sockdiag.h"
#include "tscf-client/sockets/processes.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct port_socket {
	struct tscf_socket socket;
	struct owner owner; /**< of a process that this user may look into; else pid 0 */
};

struct find {
	struct port_sockets *found;
	uint16_t port;
	int error;
};

static void take(void *context, const struct tscf_socket *s)
{
	struct find *find = context;
	struct port_sockets *p = find->found;
	struct port_socket *more;

	if (s->local_port != find->port || s->inode == 0 || (s->protocol != IPPROTO_TCP && s->protocol != IPPROTO_UDP))
		return;
	/* A socket that changes its state meanwhile may come twice. */
	for (unsigned i = 0; i < p->count; i++)
		if (p->list[i].socket.inode == s->inode)
			return;
	more = reallocarray(p->list, p->count + 1, sizeof(*more));
	if (!more) {
		find->error = -ENOMEM;
		return;
	}
	p->list = more;
	p->list[p->count++] = (struct port_socket){.socket = *s};
}

/* All processes are walked through once, however many sockets there are. */
static int find_owners(struct port_sockets *p)
{
	struct owner *owners = calloc(p->count ? p->count : 1, sizeof(*owners));

	if (!owners)
		return -ENOMEM;
	for (unsigned i = 0; i < p->count; i++)
		owners[i] = (struct owner){.inode = p->list[i].socket.inode, .note = i};
	processes_find_owners(owners, p->count);
	for (unsigned i = 0; i < p->count; i++)
		p->list[owners[i].note].owner = owners[i];
	free(owners);
	return 0;
}

int port_sockets_find(uint16_t port, struct port_sockets *out)
{
	struct find find = {.found = out, .port = port};
	int err;

	*out = (struct port_sockets){NULL, 0};
	err = tscf_sockdiag_list(0, take, &find);
	if (err == 0)
		err = find.error;
	if (err == 0)
		err = find_owners(out);
	if (err < 0)
		port_sockets_free(out);
	return err;
}

void port_sockets_free(struct port_sockets *p)
{
	free(p->list);
	*p = (struct port_sockets){NULL, 0};
}

uint8_t port_sockets_protocol(const struct port_sockets *p)
{
	uint8_t protocol = 0;

	for (unsigned i = 0; i < p->count; i++) {
		uint8_t one = p->list[i].socket.protocol;

		if (p->list[i].owner.pid == 0)
			continue;
		if (protocol != 0 && protocol != one)
			return 0;
		protocol = one;
	}
	return protocol;
}

void port_sockets_show(const struct port_sockets *p, FILE *out)
{
	for (unsigned i = 0; i < p->count; i++) {
		const struct tscf_socket *s = &p->list[i].socket;
		const struct owner *owner = &p->list[i].owner;
		char text[TSCF_ADDR_TEXT];
		union tscf_endpoint e;

		tscf_endpoint_make(&s->local, s->local_port, &e);
		fprintf(out, "  %s %s", s->protocol == IPPROTO_UDP ? "udp" : "tcp", tscf_endpoint_format(&e, text));
		if (s->remote.family != 0) {
			tscf_endpoint_make(&s->remote, s->remote_port, &e);
			fprintf(out, " to %s", tscf_endpoint_format(&e, text));
		}
		if (owner->pid != 0)
			fprintf(out, ", process %d, %s\n", (int)owner->pid, owner->program);
		else
			fprintf(out, ", of another user (%u)\n", (unsigned)s->uid);
	}
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#define HASH_NONFATAL_OOM 1
#include "tscf-client/sockets/named.h"

#include "tscf-client/sockets/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/** So often all processes are looked through at most; and again after a look that has found none of those that are
 * missing, for a socket may have changed hands during one. */
#define LOOKS      4
#define VAIN_LOOKS 2

static struct named_socket *of_inode(const struct named *n, uint32_t inode)
{
	struct named_socket *one;

	HASH_FIND(hh, n->sockets, &inode, sizeof(inode), one);
	return one;
}

/* @return what is known of it; NULL when out of memory. */
static struct named_socket *note(struct named *n, const struct tscf_socket *s)
{
	struct named_socket *one = of_inode(n, s->inode);

	if (one)
		return one;
	one = calloc(1, sizeof(*one));
	if (one) {
		one->socket = *s;
		HASH_ADD(hh, n->sockets, socket.inode, sizeof(one->socket.inode), one);
		if (!one->hh.tbl) {
			free(one);
			one = NULL;
		}
	}
	n->no_memory |= !one;
	return one;
}

static bool wants(void *context, uint32_t inode)
{
	const struct named *n = context;
	const struct named_socket *one = of_inode(n, inode);

	return one ? !one->taken : n->pid != 0;
}

static void take(void *context, pid_t pid, uint32_t inode, int fd)
{
	struct named *n = context;
	struct named_socket *one = note(n, &(struct tscf_socket){.inode = inode});

	if (!one) {
		if (fd >= 0)
			close(fd);
		return;
	}
	one->pid = pid;
	one->error = fd < 0 ? fd : 0;
	if (fd < 0)
		return;
	one->taken = true;
	n->taken++;
	n->take(n->context, pid, fd);
}

/* Root may name sockets of others. */
static int64_t owner_for(const struct named *n)
{
	return n->uid == 0 ? PROCESSES_ANY_OWNER : (int64_t)n->uid;
}

/* A process may make sockets meanwhile, or end. */
static int find_of_process(struct named *n)
{
	const struct processes_wish wish = {wants, take, n};
	int error;

	for (unsigned looks = 0; looks < LOOKS; looks++) {
		n->taken = 0;
		error = processes_take(n->pid, owner_for(n), &wish);
		if (error < 0 || n->taken == 0)
			return looks > 0 && error == -ESRCH ? 0 : error;
	}
	return 0;
}

static void list_one(void *context, const struct tscf_socket *s)
{
	struct named *n = context;
	struct named_socket *one;

	if (s->protocol != n->protocol || s->local_port != n->port || s->inode == 0)
		return;
	one = note(n, s);
	if (!one)
		return;
	one->last = n->listings;
	if (one->first == 0)
		one->first = n->listings;
}

static bool is_missing(const struct named *n, const struct named_socket *one)
{
	return !one->taken && one->last == n->listings;
}

/* @return how many are there and were not taken, or -errno. */
static int list(struct named *n)
{
	const struct named_socket *one;
	int error, missing = 0;

	n->listings++;
	error = tscf_sockdiag_list(0, list_one, n);
	for (one = n->sockets; one; one = one->hh.next)
		missing += is_missing(n, one);
	return error < 0 ? error : missing;
}

/* Say why those are missing that nobody has refused; @p error: of the last look through the processes. */
static void explain(struct named *n, int error)
{
	struct named_socket *one;

	for (one = n->sockets; one; one = one->hh.next) {
		if (!is_missing(n, one))
			one->error = 0;
		else if (one->error == 0 && n->uid != 0 && one->socket.uid != n->uid)
			one->error = -EPERM;
		else if (one->error == 0)
			one->error = error < 0 ? error : one->first == n->listings ? -EAGAIN : -ESRCH;
	}
}

static int find_by_port(struct named *n)
{
	const struct processes_wish wish = {wants, take, n};
	unsigned looks = 0, vain = 0;
	int missing, error = 0;

	while ((missing = list(n)) > 0 && looks < LOOKS && vain < VAIN_LOOKS) {
		n->taken = 0;
		error = processes_take_any(owner_for(n), &wish);
		vain = n->taken > 0 ? 0 : vain + 1;
		looks++;
	}
	explain(n, error);
	return missing < 0 ? missing : 0;
}

int named_find(struct named *n)
{
	int error = n->pid != 0 ? find_of_process(n) : find_by_port(n);

	return error == 0 && n->no_memory ? -ENOMEM : error;
}

void named_free(struct named *n)
{
	struct named_socket *one, *next;

	HASH_ITER(hh, n->sockets, one, next) {
		HASH_DEL(n->sockets, one);
		free(one);
	}
}

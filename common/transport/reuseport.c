/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/transport/reuseport.h"

#include "common/base/bytes.h"

#include <errno.h>
#include <linux/filter.h>

#ifndef SO_ATTACH_REUSEPORT_CBPF
#define SO_ATTACH_REUSEPORT_CBPF 51
#endif

/* Multiplicative hashing (Knuth, The Art of Computer Programming, volume 3, 6.4): 2^32 over the golden ratio. */
#define MULTIPLIER 2654435769U
#define SHIFT      16

#define NETWORK(offset) ((uint32_t)(SKF_NET_OFF + (offset)))

unsigned tscf_reuseport_index(const struct tscf_addr *addr, unsigned count)
{
	const struct tscf_addr source = tscf_addr_source(addr);
	uint32_t word = 0;

	for (size_t at = 0; at < tscf_addr_size(source.family); at += 4)
		word ^= tscf_get_u32(source.bytes + at);
	return (word * MULTIPLIER >> SHIFT) % count;
}

/**
 * The same function as a program for the kernel.  Until the last socket has joined, the kernel uses a hash of its own:
 * a client that begins before may be told that it has no session, and starts over.
 */
static int attach(int fd, unsigned count)
{
	const struct sock_filter program[] = {
	    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NETWORK(0)),
	    BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 2, 0),
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NETWORK(12)),
	    BPF_STMT(BPF_JMP | BPF_JA, 4),
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NETWORK(8)),
	    BPF_STMT(BPF_MISC | BPF_TAX, 0),
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NETWORK(12)),
	    BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
	    BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, MULTIPLIER),
	    BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, SHIFT),
	    BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, count),
	    BPF_STMT(BPF_RET | BPF_A, 0),
	};
	const struct sock_fprog fprog = {.len = sizeof(program) / sizeof(program[0]),
					 .filter = (struct sock_filter *)program};

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &fprog, sizeof(fprog)) < 0)
		return -errno;
	return 0;
}

static int share_port(int fd)
{
	int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0 ? -errno : 0;
}

static bool is_shared(const struct tscf_reuseport *r)
{
	return r && r->count > 1;
}

int tscf_reuseport_bind(int fd, const union tscf_endpoint *local, const struct tscf_reuseport *r)
{
	int err = 0;

	if (is_shared(r) && r->index > 0)
		err = share_port(fd);
	if (err == 0 && bind(fd, &local->sa, tscf_endpoint_size(local)) < 0)
		err = -errno;
	/* Bind without SO_REUSEPORT: with it, the socket could join the sockets of another server. */
	if (err == 0 && is_shared(r) && r->index == 0)
		err = share_port(fd);
	return err;
}

int tscf_reuseport_join(int fd, const struct tscf_reuseport *r)
{
	return is_shared(r) && r->index == r->count - 1 ? attach(fd, r->count) : 0;
}

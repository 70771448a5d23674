/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * uring - as program.c, with a socket that io_uring makes, and packets that it sends and receives.
 *
 *     uring udp|tcp ADDR PORT MARKER COUNT [--level N]
 *
 * IPv4.  --level sets the option by io_uring where that can (since Linux 6.7), else by the system call.  Status 77:
 * this kernel, or who rules here, has no io_uring.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OPTION  0x7453 /* SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION */
#define ENTRIES 4
#define URING_CMD                                                                                                      \
	46 /* IORING_OP_URING_CMD, and its command SOCKET_URING_OP_SETSOCKOPT: newer than the headers may be */
#define SETSOCKOPT 3
#define OP_SOCKET  45

struct ring {
	int fd;
	struct io_uring_sqe *entries;
	struct io_uring_cqe *done;
	unsigned *tail, *array, sq_mask;
	unsigned *head, cq_mask;
};

static int set_up(struct ring *r)
{
	struct io_uring_params p = {0};
	char *map;
	size_t size;

	r->fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &p);
	if (r->fd < 0 || !(p.features & IORING_FEAT_SINGLE_MMAP))
		return -1;
	size = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	if (p.sq_off.array + p.sq_entries * sizeof(unsigned) > size)
		size = p.sq_off.array + p.sq_entries * sizeof(unsigned);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQ_RING);
	r->entries = mmap(NULL, p.sq_entries * sizeof(*r->entries), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			  r->fd, IORING_OFF_SQES);
	if (map == MAP_FAILED || r->entries == MAP_FAILED)
		return -1;
	r->tail = (unsigned *)(map + p.sq_off.tail);
	r->array = (unsigned *)(map + p.sq_off.array);
	r->sq_mask = *(unsigned *)(map + p.sq_off.ring_mask);
	r->head = (unsigned *)(map + p.cq_off.head);
	r->cq_mask = *(unsigned *)(map + p.cq_off.ring_mask);
	r->done = (struct io_uring_cqe *)(map + p.cq_off.cqes);
	return 0;
}

/* Have one thing done.  @return what came of it, or -errno. */
static int perform(struct ring *r, const struct io_uring_sqe *what)
{
	unsigned slot = *r->tail & r->sq_mask;
	int result;

	r->entries[slot] = *what;
	r->array[slot] = slot;
	__atomic_store_n(r->tail, *r->tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	result = r->done[*r->head & r->cq_mask].res;
	__atomic_store_n(r->head, *r->head + 1, __ATOMIC_RELEASE);
	return result;
}

static int set_level(struct ring *r, int fd, int level)
{
	struct io_uring_sqe set = {.opcode = URING_CMD, .fd = fd};

	set.off = SETSOCKOPT;                                                            /* cmd_op */
	set.addr = (unsigned long long)OPTION << 32 | SOL_SOCKET;                        /* level, optname */
	set.file_index = sizeof(level);                                                  /* optlen */
	*(unsigned long long *)((char *)&set + 48) = (unsigned long long)(size_t)&level; /* optval */
	int result = perform(r, &set);

	if (result == -EINVAL || result == -EOPNOTSUPP)
		result = setsockopt(fd, SOL_SOCKET, OPTION, &level, sizeof(level)) < 0 ? -errno : 0;
	return result;
}

static int packets(struct ring *r, int fd, const char *marker, int count, int *error)
{
	char text[200], buffer[2000];
	int back = 0;

	for (int i = 0; i < count; i++) {
		int length = snprintf(text, sizeof(text), "%s %d ", marker, i);
		struct io_uring_sqe send = {
		    .opcode = IORING_OP_SEND, .fd = fd, .addr = (size_t)text, .len = (unsigned)length};
		struct io_uring_sqe receive = {
		    .opcode = IORING_OP_RECV, .fd = fd, .addr = (size_t)buffer, .len = sizeof(buffer)};
		int result = perform(r, &send);

		if (result == length)
			result = perform(r, &receive);
		back += result > 0;
		if (result < 0)
			*error = result;
	}
	return back;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct ring r;
	int level = -1, error = 0, back = 0;
	socklen_t length = sizeof(level);

	if (argc < 6 || inet_pton(AF_INET, argv[2], &to.sin_addr) != 1)
		return 2;
	to.sin_port = htons((uint16_t)atoi(argv[3]));
	if (set_up(&r) < 0)
		return 77;
	/* Not socket() of the C library: nothing that a library could stand in for. */
	struct io_uring_sqe make = {.opcode = OP_SOCKET,
				    .fd = AF_INET,
				    .off = strcmp(argv[1], "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM,
				    .len = 0};
	int fd = perform(&r, &make);

	if (fd < 0)
		return 77;
	struct io_uring_sqe connect = {.opcode = IORING_OP_CONNECT, .fd = fd, .addr = (size_t)&to, .off = sizeof(to)};

	if (argc > 7)
		error = set_level(&r, fd, atoi(argv[7]));
	if (error == 0)
		error = perform(&r, &connect);
	if (error == 0)
		back = packets(&r, fd, argv[4], atoi(argv[5]), &error);
	if (syscall(SYS_getsockopt, fd, SOL_SOCKET, OPTION, &level, &length) < 0)
		level = -errno;
	printf("level=%d back=%d error=%s\n", level, back, error ? strerrorname_np(-error) : "none");
	return 0;
}

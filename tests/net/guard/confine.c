/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * confine - start a program where nothing of the client can be reached.
 *
 *     confine [--chroot DIRECTORY] [--refuse CALL]... [--user ID] [--] PROGRAM [ARG...]
 *
 * CALL is unix (socket() of AF_UNIX gives EAFNOSUPPORT, as RestrictAddressFamilies= of systemd does), bpf or fsopen
 * (EPERM, as containers do).  The program has an empty environment.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORD(field)         BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)
#define RETURN(value)       BPF_STMT(BPF_RET | BPF_K, value)

static int filter(struct sock_filter *code, unsigned short length)
{
	struct sock_fprog program = {.len = length, .filter = code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0
		   ? -1
		   : 0;
}

static int refuse(const char *call)
{
	struct sock_filter family[] = {WORD(nr),
				       UNLESS(SYS_socket, 3),
				       WORD(args[0]),
				       UNLESS(AF_UNIX, 1),
				       RETURN(SECCOMP_RET_ERRNO | EAFNOSUPPORT),
				       RETURN(SECCOMP_RET_ALLOW)};
	struct sock_filter whole[] = {WORD(nr), UNLESS(strcmp(call, "bpf") == 0 ? SYS_bpf : SYS_fsopen, 1),
				      RETURN(SECCOMP_RET_ERRNO | EPERM), RETURN(SECCOMP_RET_ALLOW)};

	if (strcmp(call, "unix") == 0)
		return filter(family, sizeof(family) / sizeof(family[0]));
	return filter(whole, sizeof(whole) / sizeof(whole[0]));
}

static int become(unsigned id)
{
	return setgroups(0, NULL) < 0 || setgid(id) < 0 || setuid(id) < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	char *empty[] = {NULL};
	int i = 1;

	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0 && argv[i][2] != 0; i += 2) {
		if (strcmp(argv[i], "--chroot") == 0 && (chroot(argv[i + 1]) < 0 || chdir("/") < 0))
			return perror("chroot"), 1;
		if (strcmp(argv[i], "--refuse") == 0 && refuse(argv[i + 1]) < 0)
			return perror("seccomp"), 1;
		if (strcmp(argv[i], "--user") == 0 && become((unsigned)atoi(argv[i + 1])) < 0)
			return perror("setuid"), 1;
	}
	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	if (i >= argc)
		return 2;
	execve(argv[i], argv + i, empty);
	return perror(argv[i]), 1;
}

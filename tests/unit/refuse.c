/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/refuse.h"

#include <check.h>
#include <endian.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* All that is looked at is in the low halves of the arguments. */
#define LOW              (__BYTE_ORDER == __LITTLE_ENDIAN ? 0 : 4)
#define LOAD_NUMBER      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define LOAD_ARGUMENT(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[n]) + LOW)
/* Go on with the next line, or else to the one `away` lines after it. */
#define UNLESS_EQUAL(value, away) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, away)
#define UNLESS_ANY_OF(bits, away) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, away)
#define ANSWER(action)            BPF_STMT(BPF_RET | BPF_K, action)
#define COUNT(array)              (sizeof(array) / sizeof(*(array)))

static void load(struct sock_filter *lines, unsigned short count)
{
	struct sock_fprog program = {.len = count, .filter = lines};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

void tscf_refuse_tun_offloads(unsigned offloads)
{
	struct sock_filter lines[] = {
	    LOAD_NUMBER,
	    UNLESS_EQUAL(SYS_ioctl, 5),
	    LOAD_ARGUMENT(1),
	    UNLESS_EQUAL(TUNSETOFFLOAD, 3),
	    LOAD_ARGUMENT(2),
	    UNLESS_ANY_OF(offloads, 1),
	    ANSWER(SECCOMP_RET_ERRNO | EINVAL),
	    ANSWER(SECCOMP_RET_ALLOW),
	};

	load(lines, COUNT(lines));
}

void tscf_refuse_udp_option(int option)
{
	struct sock_filter lines[] = {
	    LOAD_NUMBER,
	    UNLESS_EQUAL(SYS_setsockopt, 5),
	    LOAD_ARGUMENT(1),
	    UNLESS_EQUAL(SOL_UDP, 3),
	    LOAD_ARGUMENT(2),
	    UNLESS_EQUAL((unsigned)option, 1),
	    ANSWER(SECCOMP_RET_ERRNO | ENOPROTOOPT),
	    ANSWER(SECCOMP_RET_ALLOW),
	};

	load(lines, COUNT(lines));
}

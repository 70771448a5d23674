/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/linux/tun_steering.h"

#include "common/base/bytes.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The instructions that the program consists of, with the names of the kernel's documentation. */
#define MOV_REG(to, from)                                                                                              \
	{                                                                                                              \
		.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (to), .src_reg = (from)                                \
	}
#define MOV_IMM(to, value)                                                                                             \
	{                                                                                                              \
		.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (to), .imm = (value)                                   \
	}
#define ALU_IMM(op, reg, value)                                                                                        \
	{                                                                                                              \
		.code = BPF_ALU64 | (op) | BPF_K, .dst_reg = (reg), .imm = (value)                                     \
	}
#define ALU_REG(op, reg, by)                                                                                           \
	{                                                                                                              \
		.code = BPF_ALU64 | (op) | BPF_X, .dst_reg = (reg), .src_reg = (by)                                    \
	}
#define MOD32_IMM(reg, value)                                                                                          \
	{                                                                                                              \
		.code = BPF_ALU | BPF_MOD | BPF_K, .dst_reg = (reg), .imm = (value)                                    \
	}
#define LOAD_PACKET(size, offset)                                                                                      \
	{                                                                                                              \
		.code = BPF_LD | BPF_ABS | (size), .imm = (offset)                                                     \
	}
#define LOAD_WORD(to, from)                                                                                            \
	{                                                                                                              \
		.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = (to), .src_reg = (from)                                  \
	}
#define STORE_WORD(offset, from)                                                                                       \
	{                                                                                                              \
		.code = BPF_STX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .src_reg = (from), .off = (offset)           \
	}
#define STORE_IMM(offset, value)                                                                                       \
	{                                                                                                              \
		.code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .off = (offset), .imm = (value)               \
	}
#define JUMP_EQUAL(reg, value, n)                                                                                      \
	{                                                                                                              \
		.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = (reg), .imm = (value), .off = (n)                        \
	}
#define JUMP(n)                                                                                                        \
	{                                                                                                              \
		.code = BPF_JMP | BPF_JA, .off = (n)                                                                   \
	}
#define LOAD_LOW(reg, value)                                                                                           \
	{                                                                                                              \
		.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = (reg), .imm = (int32_t)(value)                           \
	}
#define LOAD_MAP(reg, fd)                                                                                              \
	{                                                                                                              \
		.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = (reg), .src_reg = BPF_PSEUDO_MAP_FD, .imm = (fd)         \
	}
#define LOAD_HIGH(value)                                                                                               \
	{                                                                                                              \
		.imm = (int32_t)(value)                                                                                \
	}
#define CALL(function)                                                                                                 \
	{                                                                                                              \
		.code = BPF_JMP | BPF_CALL, .imm = (function)                                                          \
	}
#define EXIT                                                                                                           \
	{                                                                                                              \
		.code = BPF_JMP | BPF_EXIT                                                                             \
	}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PROGRAM_MAX  64
/** Most addresses that belong to another worker than the default one. */
#define EXCEPTIONS_MAX 262144

/** A destination address, its words in host byte order. */
struct key {
	uint32_t version;
	uint32_t word[4]; /* IPv4: only the first word */
};

/* The key's place on the program's stack, which lies below register 10. */
#define KEY_AT         (-(int)sizeof(struct key))
#define KEY_WORD_AT(n) (KEY_AT + (int)offsetof(struct key, word) + 4 * (n))

static int bpf(int command, union bpf_attr *attr)
{
	int result = (int)syscall(SYS_bpf, command, attr, sizeof(*attr));

	return result < 0 ? -errno : result;
}

struct program {
	struct bpf_insn insn[PROGRAM_MAX];
	unsigned count;
};

static void append(struct program *p, const struct bpf_insn *insn, unsigned count)
{
	memcpy(p->insn + p->count, insn, count * sizeof(*insn));
	p->count += count;
}

/**
 * Read the destination into the key and its last 32 bits into register 7, and leave the traffic class in register 0.
 * If the packet is too short, the program ends with 0.
 */
static void append_parse(struct program *p)
{
	const struct bpf_insn parse[] = {
	    MOV_REG(BPF_REG_6, BPF_REG_1), /* loads from the packet expect the context here */
	    LOAD_PACKET(BPF_B, 0),
	    ALU_IMM(BPF_RSH, BPF_REG_0, 4),
	    STORE_WORD(KEY_AT, BPF_REG_0),
	    JUMP_EQUAL(BPF_REG_0, 6, 8),
	    /* IPv4 */
	    LOAD_PACKET(BPF_W, 16),
	    STORE_WORD(KEY_WORD_AT(0), BPF_REG_0),
	    STORE_IMM(KEY_WORD_AT(1), 0),
	    STORE_IMM(KEY_WORD_AT(2), 0),
	    STORE_IMM(KEY_WORD_AT(3), 0),
	    MOV_REG(BPF_REG_7, BPF_REG_0),
	    LOAD_PACKET(BPF_B, 1), /* type of service */
	    JUMP(12),
	    /* IPv6 */
	    LOAD_PACKET(BPF_W, 24),
	    STORE_WORD(KEY_WORD_AT(0), BPF_REG_0),
	    LOAD_PACKET(BPF_W, 28),
	    STORE_WORD(KEY_WORD_AT(1), BPF_REG_0),
	    LOAD_PACKET(BPF_W, 32),
	    STORE_WORD(KEY_WORD_AT(2), BPF_REG_0),
	    LOAD_PACKET(BPF_W, 36),
	    STORE_WORD(KEY_WORD_AT(3), BPF_REG_0),
	    MOV_REG(BPF_REG_7, BPF_REG_0),
	    LOAD_PACKET(BPF_H, 0), /* traffic class, across two bytes */
	    ALU_IMM(BPF_RSH, BPF_REG_0, 4),
	    ALU_IMM(BPF_AND, BPF_REG_0, 0xff),
	};

	append(p, parse, COUNT(parse));
}

/** Set register 8 to 1 if the packet is urgent, else to 0. */
static void append_urgency(struct program *p, uint64_t dscps)
{
	const struct bpf_insn urgency[] = {
	    ALU_IMM(BPF_RSH, BPF_REG_0, 2),         LOAD_LOW(BPF_REG_8, dscps & 0xffffffff), LOAD_HIGH(dscps >> 32),
	    ALU_REG(BPF_RSH, BPF_REG_8, BPF_REG_0), ALU_IMM(BPF_AND, BPF_REG_8, 1),
	};

	append(p, urgency, COUNT(urgency));
}

/** Compute the worker in register 7. */
static void append_worker(struct program *p, unsigned workers, int map)
{
	const struct bpf_insn look_up[] = {
	    LOAD_MAP(BPF_REG_1, map),
	    LOAD_HIGH(0),
	    MOV_REG(BPF_REG_2, BPF_REG_10),
	    ALU_IMM(BPF_ADD, BPF_REG_2, KEY_AT),
	    CALL(BPF_FUNC_map_lookup_elem),
	    JUMP_EQUAL(BPF_REG_0, 0, 2),
	    LOAD_WORD(BPF_REG_7, BPF_REG_0),
	    JUMP(1),
	    MOD32_IMM(BPF_REG_7, (int32_t)workers),
	};
	const struct bpf_insn only[] = {MOV_IMM(BPF_REG_7, 0)};

	if (workers > 1)
		append(p, look_up, COUNT(look_up));
	else
		append(p, only, COUNT(only));
}

static void append_result(struct program *p)
{
	const struct bpf_insn result[] = {
	    ALU_IMM(BPF_LSH, BPF_REG_7, 1),
	    ALU_REG(BPF_OR, BPF_REG_7, BPF_REG_8),
	    MOV_REG(BPF_REG_0, BPF_REG_7),
	    EXIT,
	};

	append(p, result, COUNT(result));
}

static int make_map(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_HASH;
	attr.key_size = sizeof(struct key);
	attr.value_size = sizeof(uint32_t);
	attr.max_entries = EXCEPTIONS_MAX;
	attr.map_flags = BPF_F_NO_PREALLOC;
	return bpf(BPF_MAP_CREATE, &attr);
}

static int load(const struct program *p)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uint64_t)(uintptr_t)p->insn;
	attr.insn_cnt = p->count;
	attr.license = (uint64_t)(uintptr_t) "GPL";
	return bpf(BPF_PROG_LOAD, &attr);
}

int tscf_tun_steering_open(struct tscf_tun_steering *s, uint64_t dscps, unsigned workers)
{
	struct program p = {.count = 0};

	*s = (struct tscf_tun_steering){.program = -1, .exceptions = -1, .workers = workers};
	if (workers > 1) {
		s->exceptions = make_map();
		if (s->exceptions < 0)
			return s->exceptions;
	}
	append_parse(&p);
	append_urgency(&p, dscps);
	append_worker(&p, workers, s->exceptions);
	append_result(&p);
	s->program = load(&p);
	if (s->program >= 0)
		return 0;
	if (s->exceptions >= 0)
		close(s->exceptions);
	return s->program;
}

void tscf_tun_steering_close(struct tscf_tun_steering *s)
{
	if (s->program >= 0)
		close(s->program);
	if (s->exceptions >= 0)
		close(s->exceptions);
	s->program = -1;
	s->exceptions = -1;
}

unsigned tscf_tun_steering_worker(const struct tscf_addr *addr, unsigned workers)
{
	return tscf_get_u32(addr->bytes + tscf_addr_size(addr->family) - 4) % workers;
}

static struct key key_of(const struct tscf_addr *addr)
{
	struct key key = {.version = addr->family == AF_INET ? 4 : 6};

	for (unsigned n = 0; n < tscf_addr_size(addr->family) / 4; n++)
		key.word[n] = tscf_get_u32(addr->bytes + (size_t)4 * n);
	return key;
}

int tscf_tun_steering_set(const struct tscf_tun_steering *s, const struct tscf_addr *addr, unsigned worker)
{
	struct key key = key_of(addr);
	uint32_t value = worker;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)s->exceptions;
	attr.key = (uint64_t)(uintptr_t)&key;
	attr.value = (uint64_t)(uintptr_t)&value;
	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

void tscf_tun_steering_clear(const struct tscf_tun_steering *s, const struct tscf_addr *addr)
{
	struct key key = key_of(addr);
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)s->exceptions;
	attr.key = (uint64_t)(uintptr_t)&key;
	bpf(BPF_MAP_DELETE_ELEM, &attr);
}

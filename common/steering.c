/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "steering.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The few instructions that the program is made of, by the names of the kernel's documentation. */
#define MOV_REG(to, from)         {.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (to), .src_reg = (from)}
#define ALU_IMM(op, reg, value)   {.code = BPF_ALU64 | (op) | BPF_K, .dst_reg = (reg), .imm = (value)}
#define ALU_REG(op, reg, by)      {.code = BPF_ALU64 | (op) | BPF_X, .dst_reg = (reg), .src_reg = (by)}
#define LOAD_PACKET(size, offset) {.code = BPF_LD | BPF_ABS | (size), .imm = (offset)}
#define JUMP_EQUAL(reg, value, n) {.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = (reg), .imm = (value), .off = (n)}
#define JUMP(n)                   {.code = BPF_JMP | BPF_JA, .off = (n)}
#define LOAD_LOW(reg, value)      {.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = (reg), .imm = (int32_t)(value)}
#define LOAD_HIGH(value)          {.imm = (int32_t)(value)}
#define EXIT                      {.code = BPF_JMP | BPF_EXIT}

int tscf_steering_load(uint64_t dscps)
{
	/* A packet too short to be read ends the program with 0. */
	const struct bpf_insn program[] = {
		MOV_REG(BPF_REG_6, BPF_REG_1),
		LOAD_PACKET(BPF_B, 0),
		ALU_IMM(BPF_RSH, BPF_REG_0, 4),
		JUMP_EQUAL(BPF_REG_0, 6, 2),
		LOAD_PACKET(BPF_B, 1), /* IPv4: type of service */
		JUMP(3),
		LOAD_PACKET(BPF_H, 0), /* IPv6: traffic class, across two bytes */
		ALU_IMM(BPF_RSH, BPF_REG_0, 4),
		ALU_IMM(BPF_AND, BPF_REG_0, 0xff),
		ALU_IMM(BPF_RSH, BPF_REG_0, 2),
		LOAD_LOW(BPF_REG_1, dscps & 0xffffffff),
		LOAD_HIGH(dscps >> 32),
		ALU_REG(BPF_RSH, BPF_REG_1, BPF_REG_0),
		MOV_REG(BPF_REG_0, BPF_REG_1),
		ALU_IMM(BPF_AND, BPF_REG_0, 1),
		EXIT,
	};
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uint64_t)(uintptr_t)program;
	attr.insn_cnt = sizeof(program) / sizeof(program[0]);
	attr.license = (uint64_t)(uintptr_t)"GPL";
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	return fd < 0 ? -errno : fd;
}

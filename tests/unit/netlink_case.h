/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netlink_case.h - a network namespace with a TUN device, made again for each test, and what iproute2 says of it.
 *
 * The names have no prefix, so that the tests stay readable.
 */
#ifndef TSCF_TESTS_NETLINK_CASE_H
#define TSCF_TESTS_NETLINK_CASE_H

#include "common/linux/netlink.h"
#include "common/linux/tun.h"

#define MARK 0x02000000U
#define MASK 0x07000000U

extern struct tscf_netlink *nl;
/** The device t0, up. */
extern struct tscf_tun tun;

/** A checked fixture. */
void setup(void);
void teardown(void);

struct tscf_prefix prefix(const char *text);
struct tscf_addr addr(const char *text);

/** @return how many lines of the output of @p command are exactly @p line (NULL: how many there are). */
unsigned count_lines(const char *command, const char *line);
/** Check that @p wanted lines of what @p command prints are exactly @p line (NULL: that it prints so many). */
void check_lines(const char *command, const char *line, unsigned wanted);

#endif

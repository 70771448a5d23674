/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * binding_case.h - a table of bindings with two owners, made again for each test, and keys for it.
 *
 * The names have no prefix, so that the tests stay readable.
 */
#ifndef TSCF_TESTS_BINDING_CASE_H
#define TSCF_TESTS_BINDING_CASE_H

#include "common/packet/binding.h"

#define NOW    UINT64_C(1000000)
#define LOCAL  0x0a000002U
#define REMOTE 0xc0000201U

extern struct tscf_bindings *table;
/** Two owners, told apart by their addresses, as sessions are. */
extern struct tscf_binding_list encrypted, plain;

/** A checked fixture; its end checks the counts of entries per state, and that no owner keeps a pointer. */
void setup(void);
void teardown(void);

/** @return an IPv4 address. */
struct tscf_addr v4(uint32_t host);
/** @return a key; 0 for a wildcard. */
struct tscf_binding_key key(uint8_t protocol, uint32_t local, uint16_t port, uint32_t remote, uint16_t remote_port);
/** Bind for the encrypted owner. */
struct tscf_binding *bind_key(struct tscf_binding_key k, enum tscf_level level);
/** Bind the UDP port @p port of LOCAL encrypted-only. */
struct tscf_binding *bind_port(uint16_t port);
/** Shield it for the plain owner. */
struct tscf_binding *shield_port(uint16_t port);
/** @return what decides on a flow, or NULL. */
struct tscf_binding *find(struct tscf_binding_key k, uint64_t now);
/** @return what decides on a UDP packet of the socket with @p port, or NULL. */
struct tscf_binding *find_port(uint16_t port, uint64_t now);
/** Check that an owner's list is whole: every link in place, every entry its own, the count right. */
void check_list(struct tscf_binding_list *list);

#endif

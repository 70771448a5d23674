/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/binding_case.h"
#include "tests/unit/runner.h"

#include <string.h>

struct tscf_bindings *table;
struct tscf_binding_list encrypted, plain;

void setup(void)
{
	table = tscf_bindings_new();
	ck_assert_ptr_nonnull(table);
	memset(&encrypted, 0, sizeof(encrypted));
	memset(&plain, 0, sizeof(plain));
}

static void count_state(void *context, struct tscf_binding *b)
{
	unsigned *of_state = context;

	of_state[b->state]++;
}

void teardown(void)
{
	unsigned of_state[TSCF_BINDING_STATES] = {0};

	tscf_bindings_each(table, count_state, of_state);
	for (unsigned n = 0; n < TSCF_BINDING_STATES; n++)
		ck_assert_uint_eq(tscf_bindings_in_state(table, (enum tscf_binding_state)n), of_state[n]);
	tscf_bindings_free(table);
	/* A freed table leaves no pointers behind in its owners. */
	ck_assert_ptr_null(encrypted.first);
	ck_assert_ptr_null(plain.first);
	ck_assert_uint_eq(encrypted.count, 0);
	ck_assert_uint_eq(plain.count, 0);
}

struct tscf_addr v4(uint32_t host)
{
	uint8_t bytes[4] = {(uint8_t)(host >> 24), (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host};

	return tscf_addr_v4(bytes);
}

struct tscf_binding_key key(uint8_t protocol, uint32_t local, uint16_t port, uint32_t remote, uint16_t remote_port)
{
	struct tscf_binding_key k;

	/* Padding must not matter. */
	memset(&k, 0x5a, sizeof(k));
	k.protocol = protocol;
	k.local = v4(local);
	k.local_port = port;
	k.remote = remote ? v4(remote) : (struct tscf_addr){0};
	k.remote_port = remote_port;
	return k;
}

struct tscf_binding *bind_key(struct tscf_binding_key k, enum tscf_level level)
{
	struct tscf_binding *b = tscf_bindings_bind(table, &k, level, &encrypted, &encrypted);

	ck_assert_ptr_nonnull(b);
	return b;
}

struct tscf_binding *bind_port(uint16_t port)
{
	return bind_key(key(IPPROTO_UDP, LOCAL, port, 0, 0), TSCF_LEVEL_ENCRYPTED_ONLY);
}

struct tscf_binding *shield_port(uint16_t port)
{
	struct tscf_binding_key k = key(IPPROTO_UDP, LOCAL, port, 0, 0);
	struct tscf_binding *b = tscf_bindings_shield(table, &k, &plain, &plain);

	ck_assert_ptr_nonnull(b);
	return b;
}

struct tscf_binding *find(struct tscf_binding_key k, uint64_t now)
{
	return tscf_bindings_find(table, &k, now);
}

struct tscf_binding *find_port(uint16_t port, uint64_t now)
{
	return find(key(IPPROTO_UDP, LOCAL, port, REMOTE, 5060), now);
}

void check_list(struct tscf_binding_list *list)
{
	struct tscf_binding **link = &list->first;
	unsigned count = 0;

	for (struct tscf_binding *b = list->first; b; b = b->owner_next) {
		ck_assert_ptr_eq(b->owner_link, link);
		ck_assert_ptr_eq(b->owner, list);
		link = &b->owner_next;
		count++;
	}
	ck_assert_uint_eq(list->count, count);
}

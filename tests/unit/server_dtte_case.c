/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/server_dtte_case.h"
#include "tests/unit/runner.h"

#include <netinet/in.h>

struct world *w;
struct world_client a, b;
struct tscf_addr remote;
int family;
uint32_t quote_size;
const char *remote_text;

static void setup(void)
{
	w = world_new(SERVER_SERVICE_DTTE);
	world_client(w, &a, 1, 5000);
	world_client(w, &b, 2, 5000);
	a.family = b.family = family;
	remote = world_addr(remote_text);
	world_connect(&a);
	world_connect(&b);
}

void setup_ipv4(void)
{
	family = AF_INET;
	remote_text = "192.0.2.1";
	quote_size = 28;
	setup();
}

void setup_ipv6(void)
{
	family = AF_INET6;
	remote_text = "2001:db8:ffff::1";
	quote_size = 48;
	setup();
}

void teardown(void)
{
	world_free(w);
}

void expect_dropped(struct server_decision d, enum server_counter reason)
{
	ck_assert_int_eq(d.verdict, SERVER_DROP);
	ck_assert_str_eq(server_counter_name(d.reason), server_counter_name(reason));
}

void expect_plain(struct server_decision d, struct world_client *c)
{
	ck_assert_int_eq(d.verdict, SERVER_TO_PLAIN);
	ck_assert_ptr_eq(d.session, world_plain(c));
}

void expect_encrypted(struct server_decision d, struct world_client *c)
{
	ck_assert_int_eq(d.verdict, SERVER_TO_ENCRYPTED);
	ck_assert_ptr_eq(d.session, world_encrypted(c));
}

void expect_tun(struct server_decision d)
{
	ck_assert_int_eq(d.verdict, SERVER_TO_TUN);
}

struct server_decision down(uint16_t port)
{
	struct world_packet p = world_udp(&remote, 4000, &a.plain, port);

	return world_down(w, &p);
}

struct server_decision up(uint16_t port, bool encrypted)
{
	struct world_packet p = world_udp(&a.plain, port, &remote, 4000);

	return world_up(&a, &p, encrypted);
}

struct server_decision down_fragment(uint16_t id, bool first)
{
	struct world_packet p = world_fragment(&remote, 4000, &a.plain, SIP, id, first);

	return world_down(w, &p);
}

struct server_decision up_fragment(uint16_t id, bool first, bool encrypted)
{
	struct world_packet p = world_fragment(&a.plain, SIP, &remote, 4000, id, first);

	return world_up(&a, &p, encrypted);
}

struct server_decision down_error(uint16_t port, uint32_t quoted)
{
	struct world_packet quote = world_udp(&a.plain, port, &remote, 4000);
	struct world_packet p = world_icmp_error(&remote, &a.plain, &quote, quoted);

	return world_down(w, &p);
}

struct server_decision up_error(uint16_t port, uint32_t quoted, bool encrypted)
{
	struct world_packet quote = world_udp(&remote, 4000, &a.plain, port);
	struct world_packet p = world_icmp_error(&a.plain, &remote, &quote, quoted);

	return world_up(&a, &p, encrypted);
}

void bind_level(uint16_t port, enum tscf_level level, uint8_t flags)
{
	struct tscf_binding_key key = world_key(&a.plain, IPPROTO_UDP, port, NULL, 0);

	ck_assert_int_eq(world_bind(&a, &key, TSCF_BIND_ACTION_BIND, level, flags), TSCF_RESPONSE_SUCCESS);
}

void bind_only(uint16_t port)
{
	bind_level(port, TSCF_LEVEL_ENCRYPTED_ONLY, 0);
}

void bind_action(uint16_t port, enum tscf_bind_action action)
{
	struct tscf_binding_key key = world_key(&a.plain, IPPROTO_UDP, port, NULL, 0);

	ck_assert_int_eq(world_bind(&a, &key, action, TSCF_LEVEL_ENCRYPTED_ONLY, 0), TSCF_RESPONSE_SUCCESS);
}

void shield(uint16_t port)
{
	struct tscf_binding_key key = world_key(&a.plain, IPPROTO_UDP, port, NULL, 0);

	ck_assert_int_eq(world_shield(&a, &key, false), TSCF_RESPONSE_SUCCESS);
}

const struct tscf_binding *entry(uint16_t port)
{
	struct tscf_binding_key key = world_key(&a.plain, IPPROTO_UDP, port, NULL, 0);

	return tscf_bindings_get(w->state->bindings, &key);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Policies follow the WiFi: it is looked at on each new path and again and again while a policy names it, and only
 * then.  The kernel's answers are the test's.
 */
#include "tests/unit/config_case.h"
#include "tests/unit/runner.h"
#include "tscf-client/kernel/routing.h"
#include "tscf-client/settings/config.h"
#include "tscf-client/tunnel/conditions.h"

#include <string.h>
#include <sys/socket.h>

#define DEVICE 7

static const char file[] = "policy cafe { local-port = 1 level = encrypted-only when = wifi-open }\n"
			   "policy office { local-port = 2 level = unencrypted when = wifi-secure }\n";

/** What the kernel says. */
static struct {
	bool path;
	enum tscf_wireless wireless;
	unsigned looks;
} kernel;

bool __wrap_tunnel_path(const struct tunnel *t, struct tscf_addr *source, int *device);
bool __wrap_tunnel_path(const struct tunnel *t, struct tscf_addr *source, int *device)
{
	(void)t;
	*source = (struct tscf_addr){.family = AF_INET, .bytes = {10, 0, 0, 1}};
	*device = DEVICE;
	return kernel.path;
}

enum tscf_wireless __wrap_tscf_wireless_look(struct tscf_wireless_socket *s, int device);
enum tscf_wireless __wrap_tscf_wireless_look(struct tscf_wireless_socket *s, int device)
{
	(void)s;
	ck_assert_int_eq(device, DEVICE);
	kernel.looks++;
	return kernel.wireless;
}

int __wrap_tscf_link_get(struct tscf_netlink *nl, int index, struct tscf_link *out);
int __wrap_tscf_link_get(struct tscf_netlink *nl, int index, struct tscf_link *out)
{
	(void)nl;
	(void)index;
	*out = (struct tscf_link){.up = true};
	return 0;
}

/** A client that has no tunnel yet. */
static struct world {
	struct client_config config;
	struct tscf_timers timers;
	uint64_t now;
	struct preferred preferred;
	struct routing routing;
	struct tunnel_host host;
	struct tunnel plain;
	struct conditions conditions;
	unsigned changes;
} world;

static void note_change(void *context)
{
	struct world *w = context;

	w->changes++;
}

static void begin(const char *text)
{
	struct world *w = &world;

	memset(&kernel, 0, sizeof(kernel));
	memset(w, 0, sizeof(*w));
	ck_assert_int_eq(client_config_init(&w->config), 0);
	ck_assert_int_eq(client_config_read(&w->config, config_file_make(text)), 0);
	config_file_remove();
	w->now = 1000;
	tscf_timers_init(&w->timers, EV_DEFAULT, &w->now);
	w->host.routing = &w->routing;
	w->plain.host = &w->host;
	w->conditions = (struct conditions){.config = &w->config,
					    .timers = &w->timers,
					    .preferred = &w->preferred,
					    .plain = &w->plain,
					    .changed = note_change,
					    .context = w};
	conditions_init(&w->conditions);
}

static void end(void)
{
	client_config_free(&world.config);
}

static bool in_force(const char *name)
{
	for (unsigned i = 0; i < world.config.policies.count; i++)
		if (strcmp(world.config.policies.list[i].name, name) == 0)
			return true;
	return false;
}

START_TEST(followed)
{
	const struct tscf_timer *timer = &world.conditions.timer;

	begin(file);
	ck_assert(in_force("cafe") && !in_force("office"));
	kernel.path = true;
	kernel.wireless = TSCF_WIRELESS_SECURE;
	conditions_new_path(&world.conditions);
	ck_assert(!in_force("cafe") && in_force("office"));
	ck_assert_uint_eq(world.changes, 1);
	/* Another network on the same path. */
	kernel.wireless = TSCF_WIRELESS_OPEN;
	world.now = timer->next(timer->owner);
	ck_assert_uint_le(world.now, 1000 + CONDITIONS_LOOK_MS);
	timer->tick(timer->owner);
	ck_assert(in_force("cafe") && !in_force("office"));
	ck_assert_uint_eq(world.changes, 2);
	/* In none at the moment. */
	kernel.wireless = TSCF_WIRELESS_UNKNOWN;
	world.now = timer->next(timer->owner);
	timer->tick(timer->owner);
	ck_assert(in_force("cafe") && !in_force("office"));
	/* A cable. */
	kernel.wireless = TSCF_WIRELESS_NONE;
	conditions_new_path(&world.conditions);
	ck_assert(!in_force("cafe") && !in_force("office"));
	/* No path at all. */
	kernel.path = false;
	kernel.wireless = TSCF_WIRELESS_OPEN;
	conditions_new_path(&world.conditions);
	ck_assert(!in_force("cafe") && !in_force("office"));
	end();
}
END_TEST

START_TEST(not_named)
{
	begin("policy away { local-port = 1 level = encrypted-only when = untrusted }\n");
	kernel.path = true;
	conditions_new_path(&world.conditions);
	ck_assert_uint_eq(kernel.looks, 0);
	ck_assert(world.conditions.timer.next(&world.conditions) == UINT64_MAX);
	end();
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client WiFi");
	TCase *tc = tcase_create("wifi");

	tcase_add_test(tc, followed);
	tcase_add_test(tc, not_named);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

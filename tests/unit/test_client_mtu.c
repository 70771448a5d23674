/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The search for the inner MTU, on paths of the test's own: it finds what passes, recovers from a path that shrinks
 * silently, and does not take a dead tunnel for a narrow path.
 */
#include "common/packet/message.h"
#include "tests/unit/runner.h"
#include "tscf-client/tunnel/mtu.h"

#include <stddef.h>

#define OVERHEAD 65
#define NEVER    UINT64_MAX

/** The path, and what the machine asked for. */
static struct {
	unsigned carries;
	bool dead;
	unsigned probed; /**< the probe that is under way; 0: none */
	unsigned used, probes, uses;
	uint64_t now, sent;
} world;

static void on_probe(void *context, unsigned size)
{
	(void)context;
	ck_assert_uint_eq(world.probed, 0);
	world.probed = size;
	world.probes++;
}

static void on_use(void *context, unsigned size)
{
	(void)context;
	world.used = size;
	world.uses++;
}

static const struct mtu_actions actions = {on_probe, on_use};

/** Answer probes as the path does until none is under way. */
static void settle(struct mtu *m)
{
	for (int i = 0; world.probed != 0; i++) {
		const unsigned size = world.probed;

		ck_assert_int_lt(i, 40);
		world.probed = 0;
		if (!world.dead && size + OVERHEAD <= world.carries) {
			world.now += 20;
			mtu_answered(m, world.sent, world.now);
		} else {
			world.now += 1750;
			mtu_unanswered(m, !world.dead, world.now);
		}
	}
}

static void start(struct mtu *m, unsigned limit, unsigned floor, unsigned known, unsigned carries)
{
	world.carries = carries;
	world.dead = false;
	world.probed = world.used = world.probes = world.uses = 0;
	world.now = world.sent = 0;
	mtu_init(m, &actions, NULL);
	ck_assert_uint_eq(mtu_next(m), NEVER);
	mtu_begin(m, limit, floor, OVERHEAD, known);
	settle(m);
}

/** Let the time of the next confirmation come, with traffic before it. */
static void confirm(struct mtu *m)
{
	ck_assert_uint_ne(mtu_next(m), NEVER);
	if (world.now < mtu_next(m))
		world.now = mtu_next(m);
	world.sent++;
	mtu_tick(m, world.sent, world.now);
	settle(m);
}

/* The path carries the limit: one probe, nothing else. */
START_TEST(wide_path)
{
	struct mtu m;

	start(&m, 1340, TSCF_MTU_FLOOR_IPV4, 1500, 1500);
	ck_assert_uint_eq(world.used, 1340);
	ck_assert_uint_eq(world.probes, 1);
	ck_assert(m.confirmed);
}
END_TEST

/* What this host knows of the path is used from the first packet on. */
START_TEST(known_path)
{
	struct mtu m;

	start(&m, 1340, TSCF_MTU_FLOOR_IPV4, 1280, 1280);
	ck_assert_uint_eq(world.used, 1280 - OVERHEAD);
	ck_assert(m.confirmed);
}
END_TEST

/* Each path of the field, and some others, behind a router that drops without a word: never too large, and at most one
 * step of the table too small. */
START_TEST(silent_path)
{
	const unsigned path = 641 + (unsigned)_i * 13;
	struct mtu m;

	start(&m, 1435, TSCF_MTU_FLOOR_IPV4, 1500, path);
	ck_assert_uint_le(world.used + OVERHEAD, path);
	ck_assert_uint_gt(world.used + OVERHEAD + 224, path < 1500 ? path : 1500);
	ck_assert(m.confirmed);
	ck_assert_uint_lt(world.now, 12000);
}
END_TEST

/* Ordinary paths are found exactly, and the tunnel can carry something after the first probe was given up. */
START_TEST(usual_paths)
{
	static const unsigned usual[] = {1500, 1492, 1480, 1400, 1280};
	struct mtu m;

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		start(&m, 1435, TSCF_MTU_FLOOR_IPV4, 0, usual[i]);
		ck_assert_uint_eq(world.used, usual[i] - OVERHEAD);
		ck_assert_uint_lt(world.now, 4000);
	}
}
END_TEST

/* The path shrinks silently: seen at the next confirmation.  It widens: seen when it is time to try. */
START_TEST(path_changes)
{
	struct mtu m;

	start(&m, 1340, TSCF_MTU_FLOOR_IPV4, 1500, 1500);
	world.carries = 1300;
	confirm(&m);
	ck_assert_uint_eq(world.used, 1300 - OVERHEAD);
	world.carries = 1500;
	confirm(&m);
	ck_assert_uint_eq(world.used, 1300 - OVERHEAD);
	world.now += MTU_RAISE_MS;
	confirm(&m);
	ck_assert_uint_eq(world.used, 1340);
}
END_TEST

/* The tunnel is resumed on a narrower path while a probe is under way, which is cancelled: the search goes on. */
START_TEST(cancelled)
{
	struct mtu m;

	start(&m, 1340, TSCF_MTU_FLOOR_IPV4, 0, 1500);
	world.now = mtu_next(&m);
	mtu_tick(&m, ++world.sent, world.now);
	ck_assert_uint_ne(world.probed, 0);
	world.probed = 0;
	mtu_cancelled(&m, world.now);
	world.carries = 1300;
	confirm(&m);
	ck_assert_uint_eq(world.used, 1300 - OVERHEAD);
	/* Without a tunnel there is nothing to find. */
	world.now = mtu_next(&m);
	mtu_tick(&m, ++world.sent, world.now);
	mtu_end(&m);
	mtu_cancelled(&m, world.now);
	ck_assert_uint_eq(mtu_next(&m), NEVER);
}
END_TEST

/* A raise that fails changes nothing that is in use. */
START_TEST(raise_in_vain)
{
	struct mtu m;
	unsigned uses;

	start(&m, 1340, TSCF_MTU_FLOOR_IPV4, 0, 1300);
	uses = world.uses;
	world.now += MTU_RAISE_MS;
	confirm(&m);
	ck_assert_uint_eq(world.uses, uses);
	ck_assert_uint_eq(world.used, 1300 - OVERHEAD);
}
END_TEST

/* This host learns of a narrower path, or of another one: the size is lowered at once, and probed. */
START_TEST(told_of_path)
{
	struct mtu m;

	start(&m, 1340, TSCF_MTU_FLOOR_IPV4, 1500, 1500);
	world.carries = 1400;
	mtu_path(&m, 1400);
	ck_assert_uint_eq(world.used, 1400 - OVERHEAD);
	settle(&m);
	ck_assert(m.confirmed);
}
END_TEST

/* The link has become wider: the size goes up at once, not with the next attempt to raise it. */
START_TEST(told_of_wider_path)
{
	struct mtu m;

	start(&m, 1340, TSCF_MTU_FLOOR_IPV4, 1280, 1280);
	ck_assert_uint_eq(world.used, 1280 - OVERHEAD);
	world.carries = 1500;
	mtu_path(&m, 1500);
	settle(&m);
	ck_assert(m.confirmed);
	ck_assert_uint_eq(world.used, 1340);
}
END_TEST

/* A probe that was sent before the link became wider, or narrower, says nothing of what it is now. */
START_TEST(told_of_path_while_probing)
{
	struct mtu m;

	start(&m, 1340, TSCF_MTU_FLOOR_IPV4, 1280, 1280);
	world.now += MTU_RAISE_MS;
	world.sent++;
	mtu_tick(&m, world.sent, world.now);
	ck_assert_uint_ne(world.probed, 0);
	world.carries = _i;
	mtu_path(&m, (unsigned)_i);
	world.probed = 0;
	if (_i > 1280)
		mtu_unanswered(&m, true, world.now);
	else
		mtu_answered(&m, world.sent, world.now);
	settle(&m);
	ck_assert(m.confirmed);
	ck_assert_uint_eq(world.used, _i > 1280 ? 1340 : (unsigned)_i - OVERHEAD);
}
END_TEST

/* Something else has changed on this host: no probe, and what was found out is not forgotten. */
START_TEST(told_of_the_same_path)
{
	struct mtu m;
	unsigned probes;

	start(&m, 1340, TSCF_MTU_FLOOR_IPV4, 1500, 1300);
	probes = world.probes;
	mtu_path(&m, 1500);
	ck_assert_uint_eq(world.probes, probes);
	ck_assert_uint_eq(world.used, 1300 - OVERHEAD);
	confirm(&m);
	ck_assert_uint_eq(world.probes, probes + 1);
}
END_TEST

/* Nothing at all is heard: that is not for this machine to judge, and no size is blamed. */
START_TEST(dead_tunnel)
{
	struct mtu m;

	start(&m, 1340, TSCF_MTU_FLOOR_IPV4, 1500, 1500);
	world.dead = true;
	confirm(&m);
	ck_assert_uint_eq(world.used, 1340);
	world.dead = false;
	confirm(&m);
	ck_assert(m.confirmed);
	ck_assert_uint_eq(world.used, 1340);
}
END_TEST

/* Without traffic nothing is probed. */
START_TEST(idle)
{
	struct mtu m;
	unsigned probes;

	start(&m, 1340, TSCF_MTU_FLOOR_IPV4, 1500, 1500);
	probes = world.probes;
	for (int i = 0; i < 100; i++) {
		world.now = mtu_next(&m);
		mtu_tick(&m, world.sent, world.now);
	}
	ck_assert_uint_eq(world.probes, probes);
}
END_TEST

/* IPv6 inside never goes under its smallest MTU, whatever the path. */
START_TEST(ipv6_floor)
{
	struct mtu m;

	start(&m, 1340, TSCF_MTU_FLOOR_IPV6, 1500, 1300);
	ck_assert_uint_eq(world.used, TSCF_MTU_FLOOR_IPV6);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client-mtu");
	TCase *search = tcase_create("search");

	tcase_add_test(search, wide_path);
	tcase_add_test(search, known_path);
	tcase_add_loop_test(search, silent_path, 0, 67);
	tcase_add_test(search, usual_paths);
	tcase_add_test(search, path_changes);
	tcase_add_test(search, cancelled);
	tcase_add_test(search, raise_in_vain);
	tcase_add_test(search, told_of_path);
	tcase_add_test(search, told_of_wider_path);
	tcase_add_loop_test(search, told_of_path_while_probing, 1500, 1501);
	tcase_add_loop_test(search, told_of_path_while_probing, 1200, 1201);
	tcase_add_test(search, told_of_the_same_path);
	tcase_add_test(search, dead_tunnel);
	tcase_add_test(search, idle);
	tcase_add_test(search, ipv6_floor);
	suite_add_tcase(suite, search);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

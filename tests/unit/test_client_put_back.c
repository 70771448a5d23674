/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Others delete and change what the client has put into the kernel: the whole client, in a namespace where the test is
 * the other program.  tscf-client(8), "OTHER PROGRAMS".
 */
#include "tests/unit/client_world.h"
#include "tests/unit/netns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SOON 100

/* A rule that leads past the tunnels all but what is on its way to a server. */
#define IN_FRONT "rule add pref 500 lookup 900"

static bool state_is(struct client_world *w, const char *expected)
{
	return strcmp(world_status(w, "kernel.state"), expected) == 0;
}

/* The rules of a family and the routes of both tables, as ip shows them. */
static char *shown(const char *family)
{
	return tscf_netns_output("ip %s rule; ip %s route show table 7453; ip %s route show table 7454", family, family,
				 family);
}

static bool is_shown(const char *family, const char *expected)
{
	char *now = shown(family);
	bool same = strcmp(now, expected) == 0;
	free(now);
	return same;
}

/* Where the kernel would send a packet of an encrypted-only socket; valid until the next call. */
static const char *way(const char *to)
{
	static char text[200];
	char *now = tscf_netns_output("ip route get %s mark 0x06000000 2>&1", to);
	snprintf(text, sizeof(text), "%s", now);
	free(now);
	return text;
}

static const char *const removals[] = {
    "for p in $(ip %s rule | sed -n 's/:.*proto 204.*//p'); do ip %s rule del pref $p; done",
    "for p in $(ip %s rule | sed -n 's/:.*proto 204.*//p' | head -n 3 | tail -n 1); do ip %s rule del pref $p; done",
    "ip %s route flush table 7453",
    "ip %s route flush table 7454",
};
#define REMOVALS (int)(sizeof(removals) / sizeof(*removals))

WORLD_TEST(what_is_removed_is_put_back, NULL)
{
	const char *family = w->i < REMOVALS ? "-4" : "-6", *removal = removals[w->i % REMOVALS];
	int fd = world_encrypted_up(w, 5004);
	char *before;
	world_turn(w);
	before = shown(family);
	ck_assert(state_is(w, "complete"));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	tscf_netns_run(removal, family, family);
#pragma GCC diagnostic pop
	ck_assert(!is_shown(family, before));
	WORLD_UNTIL(w, SOON, is_shown(family, before));
	ck_assert_int_gt(world_counter(w, "put_back"), 0);
	ck_assert(state_is(w, "complete"));
	free(before);
	close(fd);
}

/* The same for what is on the devices. */
WORLD_TEST(devices_are_as_they_were, NULL)
{
	int fd = world_encrypted_up(w, 5004);
	char *before = tscf_netns_output("ip -o addr show dev tscf1; cat /proc/sys/net/ipv4/conf/tscf1/rp_filter");
	tscf_netns_run("ip addr flush dev tscf1 && ip link set tscf1 down mtu 700");
	tscf_netns_run("echo 1 >/proc/sys/net/ipv4/conf/tscf1/rp_filter");
	for (unsigned ms = 0;; ms += 10) {
		char *now = tscf_netns_output("ip -o addr show dev tscf1; cat /proc/sys/net/ipv4/conf/tscf1/rp_filter");
		bool same = strcmp(now, before) == 0;
		free(now);
		if (same)
			break;
		ck_assert_uint_lt(ms, SOON);
		world_pass(w, 10);
	}
	free(before);
	close(fd);
}

static bool has_carrier(const char *device)
{
	char *link = tscf_netns_output("ip -o link show tscf0; ip -o link show tscf1"), *line = strstr(link, device);
	bool has = line && !memmem(line, strcspn(line, "\n"), "NO-CARRIER", 10);

	free(link);
	return has;
}

/* Without a carrier the kernel drops what is sent to a device, and says so to nobody. */
WORLD_TEST(carriers_are_as_they_were, NULL)
{
	int fd = world_encrypted_up(w, 5004);

	ck_assert(has_carrier("tscf0") && has_carrier("tscf1"));
	tscf_netns_run("ip link set tscf0 carrier off && ip link set tscf1 carrier off");
	ck_assert(!has_carrier("tscf0") && !has_carrier("tscf1"));
	WORLD_UNTIL(w, SOON, has_carrier("tscf0") && has_carrier("tscf1"));
	close(fd);
}

/* Somebody who does not stop: it is put back each time, said, and over when he has stopped. */
WORLD_TEST(a_fight_is_said, NULL)
{
	int fd = world_encrypted_up(w, 5004);
	for (unsigned i = 0; i < 40; i++) {
		tscf_netns_run("ip route flush table 7454");
		world_pass(w, 50);
	}
	ck_assert(state_is(w, "contested"));
	WORLD_UNTIL(w, 15000, state_is(w, "complete"));
	close(fd);
}

/* Rules of another VPN in front of ours, with and without somewhere to lead; copies of what refuses come before them.
 */
WORLD_TEST(rules_in_front_of_ours, NULL)
{
	const char *family = w->i == 0 ? "-4" : "-6", *to = w->i == 0 ? WORLD_SERVICE : WORLD_SERVICE6;
	const char *gateway = w->i == 0 ? "198.51.100.1" : "2001:db8:100::1";
	int fd = world_encrypted_up(w, 5004);
	ck_assert_ptr_nonnull(strstr(way(to), "tscf1"));
	tscf_netns_run("ip %s " IN_FRONT, family);
	WORLD_UNTIL(w, SOON, strstr(world_status(w, "kernel.reason"), "the first with priority 500"));
	ck_assert(state_is(w, "complete"));
	tscf_netns_run("ip %s route add default via %s dev out0 table 900", family, gateway);
	ck_assert_ptr_nonnull(strstr(way(to), "tscf1"));
	WORLD_UNTIL(w, 3 * SOON, state_is(w, "overridden"));
	ck_assert_ptr_nonnull(strstr(world_status(w, "kernel.reason"), "rule 500"));
	/* They go with it. */
	tscf_netns_run("ip %s rule del pref 500", family);
	WORLD_UNTIL(w, 15000, state_is(w, "complete"));
	ck_assert_str_eq(world_status(w, "kernel.reason"), "null");
	ck_assert_ptr_nonnull(strstr(way(to), "tscf1"));
	char *rules = tscf_netns_output("ip %s rule show pref 499", family);
	ck_assert_str_eq(rules, "");
	free(rules);
	close(fd);
}

/* As wg-quick does: two rules for each family, to which the kernel gives the priorities before all others.  They keep
 * their order, and the copies of ours come before both. */
WORLD_TEST(rules_without_a_priority, NULL)
{
	static const char *const families[] = {"-4", "-6"}, *const services[] = {WORLD_SERVICE, WORLD_SERVICE6};
	int fd = world_encrypted_up(w, 5004);
	for (unsigned i = 0; i < 2; i++) {
		tscf_netns_run("ip %s route add default dev out0 table 51820", families[i]);
		tscf_netns_run("ip %s rule add not fwmark 51820 table 51820", families[i]);
		WORLD_UNTIL(w, SOON, strstr(way(services[i]), "tscf1"));
		tscf_netns_run("ip %s rule add table main suppress_prefixlength 0", families[i]);
		WORLD_UNTIL(w, SOON, strstr(way(services[i]), "tscf1"));
		world_pass(w, SOON);
	}
	for (unsigned i = 0; i < 2; i++) {
		char *rules = tscf_netns_output("ip %s rule", families[i]), *copy = strstr(rules, "goto 7000");
		char *narrow = strstr(rules, "suppress_prefixlength"), *wide = strstr(rules, "lookup 51820");
		ck_assert(copy && narrow && wide);
		ck_assert(copy < narrow && narrow < wide);
		free(rules);
	}
	WORLD_UNTIL(w, 3 * SOON, state_is(w, "overridden"));
	close(fd);
}

/* What is refused before our rules, or led elsewhere by table local, is said, too. */
static const struct {
	const char *add, *delete, *reason, *state;
} obstacles[] = {
    {"rule add pref 5 to 203.0.113.0/24 unreachable", "rule del pref 5", "keeps packets from the tunnels",
     "overridden"},
    {"route add blackhole 203.0.113.0/24 table local", "route del blackhole 203.0.113.0/24 table local", "table local",
     "overridden"},
    {"route add 203.0.113.0/24 via 198.51.100.1 dev out0 table local", "route del 203.0.113.0/24 table local",
     "table local", "incomplete"},
};
#define OBSTACLES (int)(sizeof(obstacles) / sizeof(*obstacles))

WORLD_TEST(obstacles_are_said, NULL)
{
	int fd = world_encrypted_up(w, 5004);
	world_turn(w);
	ck_assert(state_is(w, "complete"));
	tscf_netns_run("ip %s", obstacles[w->i].add);
	WORLD_UNTIL(w, SOON, state_is(w, obstacles[w->i].state));
	ck_assert_ptr_nonnull(strstr(world_status(w, "kernel.reason"), obstacles[w->i].reason));
	world_pass(w, 2000);
	ck_assert(state_is(w, obstacles[w->i].state));
	tscf_netns_run("ip %s", obstacles[w->i].delete);
	WORLD_UNTIL(w, SOON, state_is(w, "complete"));
	close(fd);
}

WORLD_TEST(a_deleted_device_is_made_again, NULL)
{
	const char *device = w->i == 0 ? "tscf0" : "tscf1";
	int fd = world_encrypted_up(w, 5004);
	tscf_netns_run("ip link del %s", device);
	WORLD_UNTIL(w, 3000, state_is(w, "complete") && world_counter(w, "put_back") > 0);
	ck_assert_ptr_nonnull(strstr(way(WORLD_SERVICE), "tscf1"));
	ck_assert_ptr_nonnull(strstr(way(WORLD_SERVICE6), "tscf1"));
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "text"), 0);
	close(fd);
}

/* A device that is moved to another namespace can still be read, but nothing comes by it. */
WORLD_TEST(a_moved_device_is_made_again, NULL)
{
	const char *device = w->i == 0 ? "tscf0" : "tscf1";
	int fd = world_encrypted_up(w, 5004);
	char *other = tscf_netns_output("unshare --net sleep 60 >/dev/null & "
					"while [ /proc/$!/ns/net -ef /proc/self/ns/net ]; do :; done; "
					"ip link set %s netns $! && echo $!",
					device);
	WORLD_UNTIL(w, 3000, state_is(w, "complete") && world_counter(w, "put_back") > 0);
	ck_assert_ptr_nonnull(strstr(way(WORLD_SERVICE), "tscf1"));
	ck_assert_ptr_nonnull(strstr(way(WORLD_SERVICE6), "tscf1"));
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "text"), 0);
	tscf_netns_run("kill %s", other);
	free(other);
	close(fd);
}

/* Somebody else has a device of that name: the client ends, with an error and not before it has done what is left to
 * do; what needs no client refuses on. */
WORLD_TEST(a_deleted_device_cannot_be_made, NULL)
{
	int fd = world_encrypted_up(w, 5004);
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "text"), 0);
	w->ends_with = -EBUSY;
	tscf_netns_run("ip link del tscf1 && ip link add tscf1 type veth peer name other");
	world_pass(w, 100);
	world_arrives(world_link(w, WORLD_DTLS), fd, 5004);
	ck_assert_ptr_nonnull(strstr(way(WORLD_SERVICE), "Permission denied"));
	ck_assert_int_eq(world_program_sends(fd, WORLD_SERVICE, 7000, "text"), -EACCES);
	close(fd);
}

/* Times follow the monotonic clock: here it runs ahead of the wall clock, as if that had been set back. */
WORLD_TEST(since_when, NULL)
{
	const long ahead = 1000;
	world_plain_up(w);
	ck_assert(state_is(w, "complete"));
	world_pass(w, (uint64_t)ahead * 1000);
	long since = atol(world_status(w, "kernel.since")), expected = (long)time(NULL) - ahead;
	ck_assert_int_ge(since, expected - 20);
	ck_assert_int_le(since, expected + 20);
}

static Suite *make_suite(void)
{
	Suite *suite = suite_create("put_back");
	TCase *tc = tcase_create("put_back");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, what_is_removed_is_put_back, 0, 2 * REMOVALS);
	tcase_add_test(tc, since_when);
	tcase_add_test(tc, devices_are_as_they_were);
	tcase_add_test(tc, carriers_are_as_they_were);
	tcase_add_test(tc, a_fight_is_said);
	tcase_add_loop_test(tc, rules_in_front_of_ours, 0, 2);
	tcase_add_test(tc, rules_without_a_priority);
	tcase_add_loop_test(tc, obstacles_are_said, 0, OBSTACLES);
	tcase_add_loop_test(tc, a_deleted_device_is_made_again, 0, 2);
	tcase_add_loop_test(tc, a_moved_device_is_made_again, 0, 2);
	tcase_add_test(tc, a_deleted_device_cannot_be_made);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return world_main(make_suite);
}

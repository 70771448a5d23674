/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard.h"

#include "common/base/log.h"
#include "tscf-client/guard/guard_asked.h"
#include "tscf-client/guard/guard_plan.h"
#include "tscf-client/guard/guard_runs.h"
#include "tscf-client/guard/guard_waiting.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The client's devices vanish when it ends. */
static bool is_left_over(const struct guard_net *present)
{
	char device[sizeof(present->device) + 1] = {0};

	memcpy(device, present->device, sizeof(present->device));
	return if_nametoindex(device) != present->encrypted;
}

/* Tell the guard that this process may change levels by marks; the marks of other programs leave the level as it is. */
static void say_who_we_are(struct guard *g)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, GUARD_OPTION_CLIENT, g->now.token, sizeof(g->now.token)) < 0 ||
	    guard_set_read(&g->set, &g->now) < 0)
		tscf_warning("guard: it does not accept this client: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

static uint64_t namespace_inode(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) == 0 ? st.st_ino : 0;
}

static void prepare(void *context, const struct guard_net *net)
{
	struct guard *g = context;

	guard_groups_tell(&g->groups, net->generation);
}

/* Sockets still have data of the policies of earlier clients, which must not count as data of ours. */
static __u32 first_generation(void)
{
	__u32 generation = 0;

	if (getrandom(&generation, sizeof(generation), 0) != sizeof(generation))
		generation = (__u32)time(NULL) * GUARD_GENERATION_STEP;
	return generation | 1;
}

int guard_open(struct guard *g, const struct client_config *config, const struct routing_facts *facts)
{
	int err = 0;

	*g = (struct guard){
	    .config = config,
	    .facts = facts,
	    .now = {.since = (__u64)time(NULL), .owner = namespace_inode(), .generation = first_generation()}};
	struct guard_set_owner owner = {.take = is_left_over, .prepare = prepare, .context = g};

	guard_set_init(&g->set);
	guard_groups_init(&g->groups, &g->set, &config->policies);
	if (config->guard != CLIENT_GUARD_OFF)
		guard_programs_find(&g->programs, &config->policies);
	guard_plan(config, g->programs.places, facts, &g->now);
	if (config->guard == CLIENT_GUARD_OFF)
		snprintf(g->reason, sizeof(g->reason), "switched off");
	else if (getrandom(g->now.token, sizeof(g->now.token), 0) != sizeof(g->now.token))
		err = -errno;
	else
		err = guard_set_open(&g->set, &g->now, &owner, g->reason);
	g->on = config->guard != CLIENT_GUARD_OFF && err == 0;
	if (g->on) {
		guard_groups_keep(&g->groups);
		say_who_we_are(g);
		/* What was lost before is an earlier client's: this one lists the sockets when it starts. */
		guard_has_lost(g);
	}
	if (err == 0)
		return 0;
	if (config->guard == CLIENT_GUARD_REQUIRED) {
		tscf_error("guard: %s (guard = required)", g->reason);
		return err;
	}
	tscf_info("no guard: %s; rules alone keep packets in their tunnels", g->reason);
	return 0;
}

static void write_plan(struct guard *g, const struct guard_net *next)
{
	int err;

	if (!g->on || memcmp(next, &g->now, sizeof(*next)) == 0)
		return;
	/* The cgroups of the new policies must be registered first. */
	if (next->generation != g->now.generation)
		guard_groups_tell(&g->groups, next->generation);
	err = guard_set_write(&g->set, next);
	if (err < 0) {
		tscf_error("guard: its maps cannot be written: %s", strerror(-err));
		return;
	}
	if (next->generation != g->now.generation)
		guard_groups_keep(&g->groups);
	g->now = *next;
}

void guard_before(struct guard *g)
{
	struct guard_net next = g->now;

	guard_plan(g->config, g->programs.places, g->facts, &next);
	guard_plan_between(&g->now, &next);
	write_plan(g, &next);
}

void guard_after(struct guard *g)
{
	struct guard_net next = g->now;

	guard_plan(g->config, g->programs.places, g->facts, &next);
	write_plan(g, &next);
}

void guard_policies_changed(struct guard *g)
{
	struct guard_net next = g->now;

	if (!g->on)
		return;
	guard_programs_find(&g->programs, &g->config->policies);
	guard_plan(g->config, g->programs.places, g->facts, &next);
	/* The patterns for cgroups are not in the plan, so a change of them does not show there. */
	if (next.generation == g->now.generation)
		next.generation += GUARD_GENERATION_STEP;
	write_plan(g, &next);
}

static void programs_changed(void *context)
{
	guard_after(context);
}

void guard_listen(struct guard *g, struct ev_loop *loop, const struct guard_events_handler *handler, void *context)
{
	int err = g->on ? guard_events_open(&g->events, loop, g->set.ring, handler, context) : 0;

	if (g->on) {
		guard_programs_watch(&g->programs, loop, programs_changed, g);
		guard_groups_watch(&g->groups, loop);
	}
	if (err < 0)
		tscf_warning("guard: its events cannot be read: %s", strerror(-err));
}

bool guard_is_heard(const struct guard *g)
{
	return g->on && g->events.ring && guard_set_attached(&g->set);
}

void guard_catch_up(struct guard *g)
{
	guard_events_catch_up(&g->events);
}

bool guard_has_lost(struct guard *g)
{
	struct guard_counts counts;
	uint64_t before = g->lost;

	guard_set_counts(&g->set, &counts);
	g->lost = counts.of[guard_events_lost];
	return g->lost != before;
}

bool guard_must_look(const struct guard *g)
{
	return g->on && (g->set.fresh || g->set.ruled || g->config->policies.count > 0);
}

static void write_runs(struct guard *g, unsigned count)
{
	struct guard_net next = g->now;

	next.runs = count;
	write_plan(g, &next);
}

int guard_run(struct guard *g, pid_t pid, uid_t uid, enum tscf_level level)
{
	unsigned count;
	int err;

	if (!g->on)
		return -EOPNOTSUPP;
	err = guard_runs_add(&g->set, pid, uid, level, &count);
	write_runs(g, count);
	return err == 0 && g->now.runs == 0 ? -EIO : err;
}

enum tscf_level guard_run_level(const struct guard *g, pid_t pid)
{
	return g->on && g->now.runs > 0 ? guard_runs_level(&g->set, pid) : TSCF_LEVEL_DEFAULT;
}

bool guard_runs_forbid_clear(struct guard *g)
{
	unsigned count;

	return g->on && guard_runs_look(&g->set, &count);
}

static void set_waiting(struct guard *g, bool any)
{
	struct guard_net next = g->now;

	next.waiting = any;
	write_plan(g, &next);
}

int guard_waits(struct guard *g, uint64_t cookie, const struct guard_waiting *about)
{
	int err = g->on ? guard_waiting_add(&g->set, cookie, about) : 0;

	if (err == 0)
		set_waiting(g, true);
	return err;
}

void guard_waits_no_more(struct guard *g, uint64_t cookie, bool others)
{
	if (!g->on)
		return;
	guard_waiting_remove(&g->set, cookie);
	set_waiting(g, others);
}

void guard_each_waiting(const struct guard *g,
			void (*each)(void *context, uint64_t cookie, const struct guard_waiting *about), void *context)
{
	if (g->on)
		guard_waiting_each(&g->set, each, context);
}

void guard_asks(struct guard *g, uint64_t cookie, const struct guard_asked *what)
{
	if (!g->on)
		return;
	if (what->redundancy != 0 || what->datagram != 0)
		guard_asked_set(&g->set, cookie, what);
	else
		guard_asked_remove(&g->set, cookie);
}

void guard_close(struct guard *g, bool keep)
{
	struct guard_net next = g->now;

	if (!g->on)
		return;
	/* There is no tunnel, and no process that may set any mark. */
	next.plain = next.encrypted = next.client = 0;
	next.preferred = 0;
	/* Without a client, sockets behave as if there had never been one, except those that were given a level. */
	next.default_level = TSCF_LEVEL_DEFAULT;
	if (keep) {
		write_plan(g, &next);
		guard_asked_clear(&g->set);
		guard_set_deaf(&g->set);
	} else {
		guard_set_remove(&g->set);
	}
	guard_events_close(&g->events);
	guard_programs_stop(&g->programs);
	guard_groups_close(&g->groups);
	guard_set_close(&g->set);
	g->on = false;
}

static __u8 dscp_of(int fd, int level, int option)
{
	socklen_t length = sizeof(int);
	int value = 0;

	/* An IPv6 raw socket has no IP_TOS, an IPv4 socket has no traffic class. */
	return getsockopt(fd, level, option, &value, &length) == 0 ? value >> 2 & 63 : 0;
}

void guard_adopt(struct guard *g, int fd, const struct tscf_socket *s)
{
	const struct guard_socket socket = {
	    .netns = g->set.netns,
	    .cookie = s->cookie,
	    .mark = s->mark,
	    .uid = s->uid,
	    .dscp = {dscp_of(fd, IPPROTO_IP, IP_TOS), dscp_of(fd, IPPROTO_IPV6, IPV6_TCLASS)}};

	if (g->on)
		g->older += guard_set_adopt(&g->set, fd, &socket);
}

void guard_look_at_refusals(struct guard *g, uint64_t now)
{
	struct guard_counts counts;

	if (!g->on)
		return;
	guard_set_counts(&g->set, &counts);
	guard_refusals_look(&g->refusals, &counts, g->config->fwmark_mask, now);
}

json_t *guard_report(const struct guard *g)
{
	const char *state = !g->on ? "off" : guard_set_attached(&g->set) ? "on" : "detached";

	return json_pack("{s:s, s:i, s:o, s:o}", "state", state, "older", (int)g->older, "since",
			 g->on ? json_integer((json_int_t)g->now.since) : json_null(), "reason",
			 g->reason[0] ? json_string(g->reason) : json_null());
}

void guard_report_counters(const struct guard *g, json_t *object)
{
	struct guard_counts counts = {0};

	if (g->on)
		guard_set_counts(&g->set, &counts);
#define X(name) json_object_set_new(object, #name, json_integer((json_int_t)counts.of[name]));
	GUARD_COUNTERS(X)
#undef X
}

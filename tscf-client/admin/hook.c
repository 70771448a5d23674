/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/admin/hook.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#include <string.h>
#include <sys/wait.h>

static void look(const struct hook *h, struct hook_state *now)
{
	*now = (struct hook_state){.route_count = h->facts->route_count};
	h->describe(h->context, &now->config);
	memcpy(now->routes, h->facts->routes, sizeof(now->routes));
}

/* There may be more to report. */
static void script_done(void *context, int status, bool overdue)
{
	struct hook *h = context;
	const char *script = h->config->script, *reason = hook_reason_name(h->reason);
	if (overdue)
		tscf_warning("%s (%s): took longer than allowed and was ended", script, reason);
	else if (WIFSIGNALED(status))
		tscf_warning("%s (%s): ended by signal %d", script, reason, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		tscf_warning("%s (%s): exit status %d", script, reason, WEXITSTATUS(status));
	else
		tscf_debug("%s (%s): exit status 0", script, reason);
	h->dirty = true;
}

static void run(struct hook *h, enum hook_reason reason, const struct hook_state *now)
{
	bool down = reason == HOOK_PLAIN_DOWN || reason == HOOK_ENCRYPTED_DOWN;
	struct hook_environment environment;
	hook_variables(down ? &h->reported : now, reason, h->config->control, &environment);
	hook_note(&h->reported, reason, now);
	h->reason = reason;
	int error = hook_process_start(&h->process, h->timers->loop, h->config->script, environment.list,
				       (int)h->config->script_timeout * 1000, script_done, h);
	h->dirty = true;
	if (error < 0)
		tscf_error("cannot run %s (%s): %s", h->config->script, hook_reason_name(reason), strerror(-error));
}

/* @return whether a tunnel that was reported up is missing but may still come back. */
static bool settling(const struct hook *h, bool known, bool up, uint64_t *down_at)
{
	if (!known || up) {
		*down_at = 0;
		return false;
	}
	if (*down_at == 0)
		*down_at = tscf_timers_now(h->timers);
	return tscf_timers_now(h->timers) < *down_at + HOOK_SETTLE_MS;
}

/* Until it is certain that a tunnel is gone, keep the state that was reported last. */
static void keep_what_settles(struct hook *h, struct hook_state *now)
{
	const struct tscf_control_config *reported = &h->reported.config;
	if (settling(h, reported->encrypted.up, now->config.encrypted.up, &h->encrypted_down_at))
		now->config.encrypted = reported->encrypted;
	if (settling(h, reported->plain.up, now->config.plain.up, &h->plain_down_at)) {
		struct tscf_control_tunnel encrypted = now->config.encrypted;
		*now = h->reported;
		now->config.encrypted = encrypted;
	}
}

void hook_plain_changed(struct hook *h)
{
	h->dirty = true;
}

/* Whether something has changed that can change without a new configuration of the plain tunnel. */
static bool glance_differs(struct hook *h)
{
	struct hook_glance *g = &h->glance;
	bool up = dtte_is_up(h->dtte);
	if (up == g->encrypted_up && h->encrypted->tsid == g->encrypted_tsid && h->pmtu->mtu == g->mtu &&
	    memcmp(h->observed, &g->observed, sizeof(g->observed)) == 0)
		return false;
	*g = (struct hook_glance){up, h->encrypted->tsid, h->pmtu->mtu, *h->observed};
	return true;
}

static uint64_t next_due(const void *context)
{
	const struct hook *h = context;
	uint64_t next = UINT64_MAX;
	if (hook_process_running(&h->process))
		return next;
	if (h->plain_down_at != 0)
		next = h->plain_down_at + HOOK_SETTLE_MS;
	if (h->encrypted_down_at != 0 && h->encrypted_down_at + HOOK_SETTLE_MS < next)
		next = h->encrypted_down_at + HOOK_SETTLE_MS;
	return next;
}

void hook_flush(struct hook *h)
{
	struct hook_state now;
	if (!h->config->script)
		return;
	h->dirty |= glance_differs(h);
	if (hook_process_running(&h->process) || (!h->dirty && tscf_timers_now(h->timers) < next_due(h)))
		return;
	h->dirty = false;
	look(h, &now);
	keep_what_settles(h, &now);
	enum hook_reason reason = hook_next_reason(&h->reported, &now);
	if (reason != HOOK_NONE)
		run(h, reason, &now);
}

static void tick(void *context)
{
	hook_flush(context);
}

void hook_init(struct hook *h)
{
	tscf_timers_add(h->timers, &h->timer, next_due, tick, h);
}

void hook_stop(struct hook *h)
{
	static const struct hook_state nothing;
	enum hook_reason reason;
	uint64_t deadline = tscf_clock_now() + HOOK_STOP_MS, now;
	hook_process_finish(&h->process, HOOK_STOP_MS);
	while ((reason = hook_next_reason(&h->reported, &nothing)) != HOOK_NONE) {
		run(h, reason, &nothing);
		now = tscf_clock_now();
		hook_process_finish(&h->process, deadline > now ? (int)(deadline - now) : 0);
	}
}

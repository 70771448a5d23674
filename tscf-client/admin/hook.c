/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/admin/hook.h"

#include "common/base/log.h"
#include "tscf-client/context.h"

#include <string.h>
#include <sys/wait.h>

static void look(const struct client *c, struct hook_state *now)
{
	*now = (struct hook_state){.route_count = c->facts.route_count};
	report_config(c, &now->config);
	memcpy(now->routes, c->facts.routes, sizeof(now->routes));
}

/* There may be more to report. */
static void script_done(void *context, int status, bool overdue)
{
	struct client *c = context;
	const char *script = c->config->script, *reason = hook_reason_name(c->hook.reason);
	if (overdue)
		tscf_warning("%s (%s): took longer than allowed and was ended", script, reason);
	else if (WIFSIGNALED(status))
		tscf_warning("%s (%s): ended by signal %d", script, reason, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		tscf_warning("%s (%s): exit status %d", script, reason, WEXITSTATUS(status));
	else
		tscf_debug("%s (%s): exit status 0", script, reason);
	c->hook.dirty = true;
}

static void run(struct client *c, enum hook_reason reason, const struct hook_state *now)
{
	struct hook *h = &c->hook;
	bool down = reason == HOOK_PLAIN_DOWN || reason == HOOK_ENCRYPTED_DOWN;
	struct hook_environment environment;
	hook_variables(down ? &h->told : now, reason, c->config->control, &environment);
	hook_note(&h->told, reason, now);
	h->reason = reason;
	int error = hook_process_start(&h->process, c->loop, c->config->script, environment.list,
				       (int)c->config->script_timeout * 1000, script_done, c);
	h->dirty = true;
	if (error < 0)
		tscf_error("cannot run %s (%s): %s", c->config->script, hook_reason_name(reason), strerror(-error));
}

/* @return whether a tunnel that was reported up is missing but may still come back. */
static bool settling(const struct client *c, bool known, bool up, uint64_t *down_at)
{
	if (!known || up) {
		*down_at = 0;
		return false;
	}
	if (*down_at == 0)
		*down_at = c->now;
	return c->now < *down_at + HOOK_SETTLE_MS;
}

/* Until it is certain that a tunnel is gone, keep the state that was reported last. */
static void keep_what_settles(struct client *c, struct hook_state *now)
{
	struct hook *h = &c->hook;
	const struct tscf_control_config *told = &h->told.config;
	if (settling(c, told->encrypted.up, now->config.encrypted.up, &h->encrypted_down_at))
		now->config.encrypted = told->encrypted;
	if (settling(c, told->plain.up, now->config.plain.up, &h->plain_down_at)) {
		struct tscf_control_tunnel encrypted = now->config.encrypted;
		*now = h->told;
		now->config.encrypted = encrypted;
	}
}

void hook_plain_changed(struct client *c)
{
	c->hook.dirty = true;
}

/* Whether something has changed that can change without a new configuration of the plain tunnel. */
static bool glance_differs(struct client *c)
{
	struct hook_glance *g = &c->hook.glance;
	bool up = dtte_is_up(&c->dtte);
	if (up == g->encrypted_up && c->encrypted.tsid == g->encrypted_tsid && c->pmtu.mtu == g->mtu &&
	    memcmp(&c->observed, &g->observed, sizeof(g->observed)) == 0)
		return false;
	*g = (struct hook_glance){up, c->encrypted.tsid, c->pmtu.mtu, c->observed};
	return true;
}

static uint64_t next_due(const void *context)
{
	const struct client *c = context;
	const struct hook *h = &c->hook;
	uint64_t next = UINT64_MAX;
	if (hook_process_running(&h->process))
		return next;
	if (h->plain_down_at != 0)
		next = h->plain_down_at + HOOK_SETTLE_MS;
	if (h->encrypted_down_at != 0 && h->encrypted_down_at + HOOK_SETTLE_MS < next)
		next = h->encrypted_down_at + HOOK_SETTLE_MS;
	return next;
}

void hook_flush(struct client *c)
{
	struct hook *h = &c->hook;
	struct hook_state now;
	if (!c->config->script)
		return;
	h->dirty |= glance_differs(c);
	if (hook_process_running(&h->process) || (!h->dirty && c->now < next_due(c)))
		return;
	h->dirty = false;
	look(c, &now);
	keep_what_settles(c, &now);
	enum hook_reason reason = hook_next_reason(&c->hook.told, &now);
	if (reason != HOOK_NONE)
		run(c, reason, &now);
}

static void tick(void *context)
{
	hook_flush(context);
}

void hook_init(struct client *c)
{
	tscf_timers_add(&c->timers, &c->hook.timer, next_due, tick, c);
}

void hook_stop(struct client *c)
{
	static const struct hook_state nothing;
	enum hook_reason reason;
	client_clock(c);
	uint64_t deadline = c->now + HOOK_STOP_MS;
	hook_process_finish(&c->hook.process, HOOK_STOP_MS);
	while ((reason = hook_next_reason(&c->hook.told, &nothing)) != HOOK_NONE) {
		run(c, reason, &nothing);
		client_clock(c);
		hook_process_finish(&c->hook.process, deadline > c->now ? (int)(deadline - c->now) : 0);
	}
}

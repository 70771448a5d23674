/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hook.h - the script that is run when tunnels come, go or change: tscf-client(8), "SCRIPT".
 *
 * Each run reports a difference: between the present tunnels and those that the script was last informed of.  So there
 * is no queue that could grow while a script runs, and a change that was undone meanwhile is not reported.
 * hook_reason.c computes the difference and the variables (pure), hook_process.c runs the process, and hook.c decides
 * when.
 */
#ifndef TSCF_CLIENT_HOOK_H
#define TSCF_CLIENT_HOOK_H

#include "common/base/addr.h"
#include "common/control/control.h"
#include "common/daemon/timers.h"
#include "tscf-client/admin/hook_process.h"
#include "tscf-client/dtte.h"
#include "tscf-client/kernel/routing.h"
#include "tscf-client/settings/config.h"
#include "tscf-client/tunnel/pmtu.h"
#include "tscf-client/tunnel/tunnel.h"

#include <stdbool.h>
#include <stdint.h>

/** The loss of a tunnel is reported only if the tunnel stays away for this time. */
#define HOOK_SETTLE_MS 1000
/** How long the client waits for scripts when it ends. */
#define HOOK_STOP_MS 5000

enum hook_reason {
	HOOK_NONE,
	HOOK_PLAIN_UP,
	HOOK_PLAIN_CHANGED,
	HOOK_PLAIN_DOWN,
	HOOK_ENCRYPTED_UP,
	HOOK_ENCRYPTED_CHANGED,
	HOOK_ENCRYPTED_DOWN,
};

/** What is passed to a script. */
struct hook_state {
	struct tscf_control_config config;
	unsigned route_count;
	struct tscf_prefix routes[ROUTING_ROUTES_MAX];
};

/** Room for a variable's name and value: the list of routes is the longest. */
#define HOOK_VARIABLE      (ROUTING_ROUTES_MAX * TSCF_ADDR_TEXT)
#define HOOK_VARIABLES_MAX 12

struct hook_environment {
	char text[HOOK_VARIABLES_MAX][HOOK_VARIABLE];
	char *list[HOOK_VARIABLES_MAX + 1]; /**< NULL-terminated, for exec */
};

/** @return what to report next to a script that was last informed of @p reported.  Down comes before up; the encrypted
 * tunnel comes up after the plain one and goes down before it. */
enum hook_reason hook_next_reason(const struct hook_state *reported, const struct hook_state *now);
/** @return the value of TSCF_REASON. */
const char *hook_reason_name(enum hook_reason reason);
/** Update @p reported: @p reason has been reported. */
void hook_note(struct hook_state *reported, enum hook_reason reason, const struct hook_state *now);
/** The variables for @p reason; @p state is the former state if a tunnel is gone, else the present one. */
void hook_variables(const struct hook_state *state, enum hook_reason reason, const char *control,
		    struct hook_environment *out);

/** The owner sets what it uses; the rest is zero at first. */
struct hook {
	const struct client_config *config;
	struct tscf_timers *timers;
	const struct dtte *dtte;
	const struct tunnel *encrypted;
	const struct routing_facts *facts;
	const struct pmtu *pmtu;
	const union tscf_endpoint *observed;                              /**< our outer address */
	void (*describe)(void *context, struct tscf_control_config *out); /**< the tunnels as programs see them */
	void *context;                                                    /**< of describe */
	struct tscf_timer timer;
	struct hook_state reported;
	struct hook_process process;
	enum hook_reason reason; /**< of the running script */
	uint64_t plain_down_at,
	    encrypted_down_at; /**< since when a tunnel that was reported is missing; 0: it is not */
	/** There may be something to report; saves making a hook_state in every loop iteration. */
	bool dirty;
	struct hook_glance {
		bool encrypted_up;
		uint64_t encrypted_tsid;
		unsigned mtu;
		union tscf_endpoint observed;
	} glance; /**< the values at the last look */
};

/** Initialise: nothing has been reported yet. */
void hook_init(struct hook *h);
/** The plain tunnel has come, gone, or been configured. */
void hook_plain_changed(struct hook *h);

/** At the end of a loop iteration: run the script if there is something to report and no script is running. */
void hook_flush(struct hook *h);
/** The client ends: report the tunnels that are gone, and wait for the script. */
void hook_stop(struct hook *h);

#endif

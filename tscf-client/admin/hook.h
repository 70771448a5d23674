/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hook.h - the script that is run when tunnels come, go or change: tscf-client(8), "HOOK".
 *
 * What it is told is a difference: between what the tunnels are and what the script was told last.  So there is no
 * queue that could grow while a script runs, and what came and went meanwhile is not told at all.  The difference and
 * the variables are pure (hook_reason.c), the process is hook_process.c, and when it is run is hook.c.
 */
#ifndef TSCF_CLIENT_HOOK_H
#define TSCF_CLIENT_HOOK_H

#include "common/base/addr.h"
#include "common/control/control.h"
#include "common/daemon/timers.h"
#include "tscf-client/admin/hook_process.h"
#include "tscf-client/kernel/routing.h"

#include <stdbool.h>
#include <stdint.h>

/** A tunnel that is gone is told of only if it stays away for so long. */
#define HOOK_SETTLE_MS 1000
/** How long the end of the client waits for scripts. */
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

/** What a script may know. */
struct hook_state {
	struct tscf_control_config config;
	unsigned route_count;
	struct tscf_prefix routes[ROUTING_ROUTES_MAX];
};

/** Room for a variable, name and value: that of all routes is the longest. */
#define HOOK_VARIABLE      (ROUTING_ROUTES_MAX * TSCF_ADDR_TEXT)
#define HOOK_VARIABLES_MAX 12

struct hook_environment {
	char text[HOOK_VARIABLES_MAX][HOOK_VARIABLE];
	char *list[HOOK_VARIABLES_MAX + 1]; /**< NULL-terminated, for exec */
};

/** @return what is to be told next to who has been told @p told; down comes before up, and the encrypted tunnel lives
 * inside the plain one's life. */
enum hook_reason hook_next_reason(const struct hook_state *told, const struct hook_state *now);
/** @return the value of TSCF_REASON. */
const char *hook_reason_name(enum hook_reason reason);
/** @p told becomes what it is after @p reason has been told. */
void hook_note(struct hook_state *told, enum hook_reason reason, const struct hook_state *now);
/** The variables for @p reason; @p state is that before, if something has gone, and else the present one. */
void hook_variables(const struct hook_state *state, enum hook_reason reason, const char *control,
		    struct hook_environment *out);

struct client;

struct hook {
	struct tscf_timer timer;
	struct hook_state told;
	struct hook_process process;
	enum hook_reason reason; /**< of the running script */
	uint64_t plain_down_at,
	    encrypted_down_at; /**< since when a tunnel is missing that the script knows; 0: it is not */
	/** Whether there may be something to tell, without making a state of it in every loop iteration. */
	bool dirty;
	struct hook_glance {
		bool encrypted_up;
		uint64_t encrypted_tsid;
		unsigned mtu;
		union tscf_endpoint observed;
	} glance; /**< as of the last look */
};

/** Nothing has been told yet. */
void hook_init(struct client *c);
/** The plain tunnel has come, gone, or been configured. */
void hook_plain_changed(struct client *c);

/** At the end of a loop iteration: run the script if there is something to tell and none is running. */
void hook_flush(struct client *c);
/** The client ends: tell what is gone, and wait for it. */
void hook_stop(struct client *c);

#endif

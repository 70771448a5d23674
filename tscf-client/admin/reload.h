/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reload.h - the configuration is read again, for SIGHUP and `tscf-client reload`.
 *
 * A file may be on a file system that does not answer, as NFS whose server is gone.  So a thread reads all files, and
 * the loop takes what was read.  A reload that has not read them in RELOAD_PATIENCE_MS is refused, and what it reads
 * later is not taken.
 */
#ifndef TSCF_CLIENT_RELOAD_H
#define TSCF_CLIENT_RELOAD_H

#include "common/daemon/timers.h"
#include "tscf-client/settings/config.h"
#include "tscf-client/tunnel/renewal.h"

#include <stdint.h>

/** How long a reload waits for its files. */
#define RELOAD_PATIENCE_MS 5000

struct reload;
struct searches;
struct tscf_control_call_in;

/** The owner sets the members of the first group; the rest is zero at first. */
struct reloads {
	struct searches *const *readers; /**< the threads that read */
	struct tscf_timers *timers;
	struct renewal *renewal;
	/** Reads the configuration: 0, or -errno (logged); *fresh must be freed.  Called by a thread. */
	int (*reread)(void *context, struct client_config *fresh);
	void *reread_context;
	/** All has been read: take it.  @p call is answered in the end; NULL: nobody waits. */
	void (*apply)(void *context, const struct client_config *fresh, struct tscf_control_call_in *call);
	void *context;

	struct reload *list; /**< under way, the oldest first */
	struct tscf_timer timer;
};

/** Before the loop runs. */
void reloads_start(struct reloads *r);
/** Read all files again, and take them; errors are logged, and nothing has changed.  @param call  is answered; NULL:
 * nobody waits. */
void reloads_begin(struct reloads *r, struct tscf_control_call_in *call);

#endif

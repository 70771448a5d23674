/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch.h - a table that fills the terminal and is read again and again, as top(1) does: --watch.
 *
 * Keys: q leaves; the key of a column sorts by it, and again turns the order round; / and a text filters, Escape shows
 * all again; arrows, page keys, Home and End scroll; a blank reads at once.
 */
#ifndef TSCF_WATCH_H
#define TSCF_WATCH_H

#include "common/daemon/cli.h"
#include "common/daemon/watch_rows.h"

#define TSCF_WATCH_SUMMARY 256

/** What one reading gives. */
struct tscf_watch_reading {
	json_t *rows;                     /**< an array, which the watch frees */
	char summary[TSCF_WATCH_SUMMARY]; /**< the second line */
};

struct tscf_watch {
	const char *title;           /**< the first line begins with it */
	const char *nouns;           /**< what the rows are: "sockets" */
	struct tscf_watch_view view; /**< columns, and the first order */
	/**
	 * Read all.  @p first: nothing is on the screen yet, an error is logged.  Otherwise it is only returned.
	 *
	 * @return 0 with the reading filled, or a positive or negative errno.
	 */
	int (*read)(void *context, bool first, struct tscf_watch_reading *out);
	void *context; /**< of read */
};

/** Check a command line with --watch.  @return 0, or -EINVAL (logged) without a terminal, or with --json. */
int tscf_watch_check(const struct tscf_cli *cli);
/** @return the exit status of the program: 0 after q.  Errors are logged. */
int tscf_watch_run(struct tscf_watch *watch);

#endif

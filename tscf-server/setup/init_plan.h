/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * init_plan.h - decides what init sets up.
 */
#ifndef TSCF_SERVER_INIT_PLAN_H
#define TSCF_SERVER_INIT_PLAN_H

#include "tscf-server/setup/init_text.h"

/**
 * Fill in what @p config does not say: public name, routes, ranges, the files of keys and of denied clients.
 *
 * @return 0 with *plan, which borrows both arguments, or -errno (logged).
 */
int init_plan_make(struct server_config *config, const char *file, struct init_plan *plan);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report.h - `tscf-server status` as JSON; tscf-server(8) describes the members.
 */
#ifndef TSCF_SERVER_REPORT_H
#define TSCF_SERVER_REPORT_H

#include "tscf-server/context.h"

/** @return JSON text (malloc'ed, the caller frees), or NULL when out of memory. */
char *server_report_status(struct server *server);

#endif

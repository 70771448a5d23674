/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * account_radius.h - records as Accounting-Requests to a RADIUS server (RFC 2866): tscf-server.conf(5),
 * radius-accounting.
 *
 * A tunnel that survives a restart of the server is the same session, so the server sends neither Accounting-On nor
 * Accounting-Off, at which a RADIUS server would end all sessions.  The session identifier is a hash of the TSID,
 * because requests are sent in clear.
 */
#ifndef TSCF_SERVER_ACCOUNT_RADIUS_H
#define TSCF_SERVER_ACCOUNT_RADIUS_H

#include "tscf-server/accounting/recorder.h"

/** @return a recorder whose targets are names of libradcli's files, or NULL when out of memory. */
struct server_recorder *server_account_radius_new(void);

#endif

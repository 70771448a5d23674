/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * account_text.h - a record as a line of JSON; tscf-server.conf(5), accounting-log.
 */
#ifndef TSCF_SERVER_ACCOUNT_TEXT_H
#define TSCF_SERVER_ACCOUNT_TEXT_H

#include "tscf-server/accounting/account.h"

/** @return one line without its end (malloc'ed), less than PIPE_BUF bytes; or NULL when out of memory. */
char *server_account_text(const struct server_account *account);

#endif

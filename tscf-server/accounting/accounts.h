/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * accounts.h - where records of tunnels go: to all recorders that the settings name.  The workers share it.
 */
#ifndef TSCF_SERVER_ACCOUNTS_H
#define TSCF_SERVER_ACCOUNTS_H

#include "tscf-server/accounting/recorder.h"
#include "tscf-server/settings/config.h"

struct server_accounts;

/** @return an object whose recorders do not run yet, or NULL when out of memory (logged). */
struct server_accounts *server_accounts_new(const struct server_config *c);
/** Begin to write, with a record that the server has started.  @return 0 or -errno (logged). */
int server_accounts_start(struct server_accounts *a);
/** Open again what is written to, for example because logrotate(8) has renamed it. */
void server_accounts_reopen(struct server_accounts *a);
/** The settings have changed. */
void server_accounts_change(struct server_accounts *a, const struct server_config *c);

/* Any thread may use the others. */

/** @return whether a record is written anywhere.  NULL is allowed: none is. */
bool server_accounts_on(const struct server_accounts *a);
/** Pass a record on.  Never blocks. */
void server_accounts_put(struct server_accounts *a, const struct server_account *account);
/** @return the number of records that were dropped. */
uint64_t server_accounts_lost(const struct server_accounts *a);
/** @return the number of records that wait. */
unsigned server_accounts_waiting(const struct server_accounts *a);

/** Write a record that the server has stopped, and what can be written without a failure, and free.  NULL is allowed.
 */
void server_accounts_close(struct server_accounts *a);

#endif

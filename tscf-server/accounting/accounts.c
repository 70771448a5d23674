/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/accounting/accounts.h"

#include "tscf-server/accounting/account_file.h"

#include "common/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct server_accounts {
	struct server_recorder *log;
	char *log_name; /**< NULL: none */
};

static void set_log(struct server_accounts *a, const char *name)
{
	char *own = name ? strdup(name) : NULL;

	if ((name && !own) || server_recorder_change(a->log, name) < 0) {
		tscf_error("accounting-log: %s: nothing was changed", strerror(ENOMEM));
		free(own);
		return;
	}
	free(a->log_name);
	a->log_name = own;
}

struct server_accounts *server_accounts_new(const struct server_config *c)
{
	struct server_accounts *a = calloc(1, sizeof(*a));

	if (a)
		a->log = server_account_file_new();
	if (!a || !a->log) {
		tscf_error("cannot keep accounts: %s", strerror(ENOMEM));
		free(a);
		return NULL;
	}
	server_accounts_change(a, c);
	return a;
}

static void put_event(struct server_accounts *a, enum server_account_event event)
{
	const struct server_account account = {.event = event, .at = time(NULL)};

	server_accounts_put(a, &account);
}

int server_accounts_start(struct server_accounts *a)
{
	put_event(a, SERVER_ACCOUNT_SERVER_START);
	return server_recorder_start(a->log);
}

void server_accounts_reopen(struct server_accounts *a)
{
	if (a->log_name)
		set_log(a, a->log_name);
}

void server_accounts_change(struct server_accounts *a, const struct server_config *c)
{
	if (c->accounting_log || a->log_name)
		set_log(a, c->accounting_log);
}

bool server_accounts_on(const struct server_accounts *a)
{
	return a && server_recorder_on(a->log);
}

void server_accounts_put(struct server_accounts *a, const struct server_account *account)
{
	server_recorder_put(a->log, account);
}

uint64_t server_accounts_lost(const struct server_accounts *a)
{
	return server_recorder_lost(a->log);
}

unsigned server_accounts_waiting(const struct server_accounts *a)
{
	return server_recorder_waiting(a->log);
}

void server_accounts_close(struct server_accounts *a)
{
	if (!a)
		return;
	put_event(a, SERVER_ACCOUNT_SERVER_STOP);
	server_recorder_close(a->log);
	free(a->log_name);
	free(a);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/accounting/accounts.h"

#include "tscf-server/accounting/account_file.h"
#include "tscf-server/accounting/account_radius.h"

#include "common/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TO_FILE, TO_RADIUS, SINKS };

static const char *const settings[SINKS] = {[TO_FILE] = "accounting-log", [TO_RADIUS] = "radius-accounting"};

/** One way for records. */
struct sink {
	struct server_recorder *recorder;
	char *target; /**< NULL: none */
};

struct server_accounts {
	struct sink sink[SINKS];
};

static void set_target(struct server_accounts *a, unsigned which, const char *target)
{
	struct sink *sink = &a->sink[which];
	char *own = target ? strdup(target) : NULL;

	if (!target && !sink->target)
		return;
	if ((target && !own) || server_recorder_change(sink->recorder, target) < 0) {
		tscf_error("%s: %s: nothing was changed", settings[which], strerror(ENOMEM));
		free(own);
		return;
	}
	free(sink->target);
	sink->target = own;
}

static void accounts_free(struct server_accounts *a)
{
	for (unsigned n = 0; n < SINKS; n++) {
		server_recorder_close(a->sink[n].recorder);
		free(a->sink[n].target);
	}
	free(a);
}

struct server_accounts *server_accounts_new(const struct server_config *c)
{
	struct server_accounts *a = calloc(1, sizeof(*a));

	if (a) {
		a->sink[TO_FILE].recorder = server_account_file_new();
		a->sink[TO_RADIUS].recorder = server_account_radius_new();
	}
	if (a && a->sink[TO_FILE].recorder && a->sink[TO_RADIUS].recorder) {
		server_accounts_change(a, c);
		return a;
	}
	tscf_error("cannot keep accounts: %s", strerror(ENOMEM));
	if (a)
		accounts_free(a);
	return NULL;
}

static void put_event(struct server_accounts *a, enum server_account_event event)
{
	const struct server_account account = {.event = event, .at = time(NULL)};

	server_accounts_put(a, &account);
}

int server_accounts_start(struct server_accounts *a)
{
	int err = 0;

	put_event(a, SERVER_ACCOUNT_SERVER_START);
	for (unsigned n = 0; n < SINKS && err == 0; n++)
		err = server_recorder_start(a->sink[n].recorder);
	return err;
}

void server_accounts_reopen(struct server_accounts *a)
{
	for (unsigned n = 0; n < SINKS; n++)
		set_target(a, n, a->sink[n].target);
}

void server_accounts_change(struct server_accounts *a, const struct server_config *c)
{
	set_target(a, TO_FILE, c->accounting_log);
	set_target(a, TO_RADIUS, c->radius_accounting);
}

bool server_accounts_on(const struct server_accounts *a)
{
	bool on = false;

	for (unsigned n = 0; a && n < SINKS; n++)
		on |= server_recorder_on(a->sink[n].recorder);
	return on;
}

void server_accounts_put(struct server_accounts *a, const struct server_account *account)
{
	for (unsigned n = 0; n < SINKS; n++)
		server_recorder_put(a->sink[n].recorder, account);
}

uint64_t server_accounts_lost(const struct server_accounts *a)
{
	uint64_t lost = 0;

	for (unsigned n = 0; n < SINKS; n++)
		lost += server_recorder_lost(a->sink[n].recorder);
	return lost;
}

unsigned server_accounts_waiting(const struct server_accounts *a)
{
	unsigned waiting = 0;

	for (unsigned n = 0; n < SINKS; n++)
		waiting += server_recorder_waiting(a->sink[n].recorder);
	return waiting;
}

void server_accounts_close(struct server_accounts *a)
{
	if (!a)
		return;
	put_event(a, SERVER_ACCOUNT_SERVER_STOP);
	accounts_free(a);
}

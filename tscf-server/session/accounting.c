/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/accounting.h"

#include "tscf-server/accounting/accounts.h"
#include "tscf-server/state.h"
#include "tscf-server/store/journal.h"

#include <string.h>
#include <time.h>
#include <utlist.h>

static struct server_session **list_of(struct server_state *state, const struct server_session *s)
{
	return s->account.interval > 0 ? &state->accounted_own : &state->accounted;
}

static void enlist(struct server_state *state, struct server_session *s, uint64_t now)
{
	struct server_session **list = list_of(state, s);

	s->account.recorded = now;
	s->account.listed = true;
	DL_APPEND2(*list, s, account.prev, account.next);
}

static void delist(struct server_state *state, struct server_session *s)
{
	struct server_session **list = list_of(state, s);

	s->account.listed = false;
	DL_DELETE2(*list, s, account.prev, account.next);
}

static void count_levels(const struct server_session *s, struct server_account *a)
{
	for (const struct tscf_binding *b = s->bindings.first; b; b = b->owner_next)
		if ((b->state == TSCF_BINDING_ACTIVE || b->state == TSCF_BINDING_SHIELD) &&
		    b->level < SERVER_ACCOUNT_LEVELS)
			a->levels[b->level]++;
	a->levels_known = true;
}

static void copy_text(char *to, size_t size, const char *from)
{
	const size_t length = strnlen(from, size - 1);

	memcpy(to, from, length);
	to[length] = '\0';
}

static void put(struct server_state *state, const struct server_session *s, enum server_account_event event,
		const char *why)
{
	struct server_account a = {.event = event,
				   .at = time(NULL),
				   .tsid = s->tsid,
				   .plain = s->encrypted ? s->account.plain : s->tsid,
				   .encrypted = s->encrypted,
				   .transport = s->listener->transport ? s->listener->transport->ops->name : NULL,
				   .outer = s->outer,
				   .since = s->account.since,
				   .traffic = server_session_traffic(s),
				   .packets_lost = server_session_packets_lost(s)};

	if (!server_accounts_on(state->accounts))
		return;
	copy_text(a.interface, sizeof(a.interface), s->interface->name);
	copy_text(a.why, sizeof(a.why), why);
	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		a.internal[i] = s->lease->address[i].addr;
	if (s->who)
		memcpy(a.identity, s->who->name, sizeof(a.identity));
	a.class_length = s->allowance.class_length;
	if (a.class_length > 0)
		memcpy(a.class, s->allowance.class, a.class_length);
	count_levels(s, &a);
	server_accounts_put(state->accounts, &a);
}

void server_accounting_start(struct server_state *state, struct server_session *s, uint64_t now)
{
	s->account.since = time(NULL);
	if (s->encrypted && s->partner->plain)
		s->account.plain = s->partner->plain->tsid;
	enlist(state, s, now);
	put(state, s, SERVER_ACCOUNT_START, "");
}

void server_accounting_resume(struct server_state *state, struct server_session *s, const struct server_record *record,
			      uint64_t now)
{
	s->account.since = record->since ? record->since : time(NULL);
	s->account.interval = record->interval;
	s->received_packets = record->traffic.received_packets;
	s->received_bytes = record->traffic.received_bytes;
	s->sent_packets = record->traffic.sent_packets;
	s->sent_bytes = record->traffic.sent_bytes;
	enlist(state, s, now);
}

void server_accounting_stop(struct server_state *state, struct server_session *s, const char *why)
{
	if (!s->account.listed)
		return;
	delist(state, s);
	if (!s->account.goes_on)
		put(state, s, SERVER_ACCOUNT_STOP, why);
}

void server_accounting_gone(struct server_state *state, const struct server_record *record, const char *why)
{
	struct server_account a = {.event = SERVER_ACCOUNT_STOP,
				   .at = time(NULL),
				   .tsid = record->tsid,
				   .plain = record->tsid,
				   .outer = record->outer,
				   .since = record->since,
				   .traffic = record->traffic,
				   .packets_lost = -1};

	if (!server_accounts_on(state->accounts))
		return;
	copy_text(a.interface, sizeof(a.interface), record->interface);
	copy_text(a.why, sizeof(a.why), why);
	memcpy(a.internal, record->address, sizeof(a.internal));
	a.class_length = record->class_length;
	memcpy(a.class, record->class, record->class_length);
	if (record->named)
		memcpy(a.identity, record->who.name, sizeof(a.identity));
	server_accounts_put(state->accounts, &a);
}

/** A tunnel that dies with the server has had this much traffic. */
static void remember(struct server_state *state, struct server_session *s)
{
	if (!s->encrypted)
		server_journal_session(state, s);
}

static void record_interim(struct server_state *state, struct server_session *s)
{
	put(state, s, SERVER_ACCOUNT_INTERIM, "");
	remember(state, s);
}

/** These are in no order of time: each is looked at in its turn, once at most. */
static void tick_own(struct server_state *state, uint64_t now)
{
	const struct server_session *last = state->accounted_own ? state->accounted_own->account.prev : NULL;
	unsigned work = 0;
	struct server_session *s = NULL;

	while (s != last && work < SERVER_ACCOUNTING_WORK) {
		uint64_t recorded;

		s = state->accounted_own;
		recorded = s->account.recorded;
		work++;
		if (now - recorded >= (uint64_t)s->account.interval * 1000) {
			work += s->bindings.count;
			record_interim(state, s);
			recorded = now;
		}
		delist(state, s);
		enlist(state, s, recorded);
	}
}

void server_accounting_tick(struct server_state *state, uint64_t now)
{
	const uint64_t interval = (uint64_t)state->settings.accounting_interval * 1000;
	unsigned work = 0;
	struct server_session *s;

	if (!server_accounts_on(state->accounts))
		return;
	tick_own(state, now);
	while (interval > 0 && (s = state->accounted) && now - s->account.recorded >= interval &&
	       work < SERVER_ACCOUNTING_WORK) {
		work += 1 + s->bindings.count;
		record_interim(state, s);
		delist(state, s);
		enlist(state, s, now);
	}
}

static void leave(struct server_state *state, struct server_session *list)
{
	struct server_session *s;

	DL_FOREACH2(list, s, account.next)
	{
		if (s->encrypted)
			continue;
		s->account.goes_on = true;
		if (server_accounts_on(state->accounts))
			server_journal_session(state, s);
	}
}

void server_accounting_leave(struct server_state *state)
{
	if (!state->store || server_store_written(state->store) == UINT64_MAX)
		return;
	leave(state, state->accounted);
	leave(state, state->accounted_own);
}

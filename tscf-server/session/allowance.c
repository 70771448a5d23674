/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/session/allowance.h"

#include "tscf-server/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>

/** Put @p s into the list, which is in order of `until`; usually its time is over after that of all others. */
static void enlist(struct server_state *state, struct server_session *s, uint64_t until)
{
	struct server_session *after = state->limited ? state->limited->allowance.prev : NULL;

	s->allowance.until = until;
	if (until == 0)
		return;
	s->allowance.listed = true;
	while (after && after->allowance.until > until)
		after = after == state->limited ? NULL : after->allowance.prev;
	if (after)
		DL_APPEND_ELEM2(state->limited, after, s, allowance.prev, allowance.next);
	else
		DL_PREPEND2(state->limited, s, allowance.prev, allowance.next);
}

static int set_class(struct server_session *s, const uint8_t *class, uint8_t length)
{
	s->allowance.class = length > 0 ? malloc(length) : NULL;
	if (length > 0 && !s->allowance.class)
		return -ENOMEM;
	if (length > 0)
		memcpy(s->allowance.class, class, length);
	s->allowance.class_length = length;
	return 0;
}

/** @return bytes in a second: at least one if there is a limit. */
static uint32_t bytes_of(uint32_t bits)
{
	return bits / 8 + (bits % 8 != 0);
}

static uint32_t interval_of(uint32_t seconds)
{
	if (seconds < SERVER_RADIUS_INTERIM_MIN)
		return 0;
	return seconds < SERVER_RADIUS_INTERIM_MAX ? seconds : SERVER_RADIUS_INTERIM_MAX;
}

int server_allowance_grant(struct server_state *state, struct server_session *s,
			   const struct server_radius_grant *grant)
{
	s->allowance.seconds = grant->seconds;
	s->account.interval = interval_of(grant->interim);
	server_quota_grant(state->quotas, s->quota, bytes_of(grant->up), bytes_of(grant->down));
	return set_class(s, grant->class, grant->class_length);
}

void server_allowance_begin(struct server_state *state, struct server_session *s, uint64_t now)
{
	enlist(state, s, s->allowance.seconds ? now + (uint64_t)s->allowance.seconds * 1000 : 0);
}

int server_allowance_share(struct server_state *state, struct server_session *s, const struct server_session *plain)
{
	enlist(state, s, plain->allowance.until);
	s->account.interval = plain->account.interval;
	return set_class(s, plain->allowance.class, plain->allowance.class_length);
}

/** A tunnel may be under way for a moment longer than it may be there. */
void server_allowance_import(struct server_state *state, struct server_session *s, const struct server_record *record,
			     uint64_t now)
{
	const int64_t left = record->allowed_until - time(NULL);

	if (record->allowed_until != 0)
		enlist(state, s, now + (left > 0 ? (uint64_t)left * 1000 : 1));
	server_quota_grant_again(state->quotas, s->quota, record->granted_up, record->granted_down);
	/* Without memory, its records have no class. */
	set_class(s, record->class, record->class_length);
}

void server_allowance_end(struct server_state *state, struct server_session *s)
{
	if (s->allowance.listed)
		DL_DELETE2(state->limited, s, allowance.prev, allowance.next);
	s->allowance.listed = false;
	free(s->allowance.class);
	s->allowance.class = NULL;
}

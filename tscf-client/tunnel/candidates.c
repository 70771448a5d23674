/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/candidates.h"

#include "common/base/text.h"

#include <string.h>

static void enter(struct candidate *one, enum candidate_state state, uint64_t due, uint64_t now)
{
	one->state = state;
	one->since = now;
	one->due = due;
}

static bool under_way(const struct candidate *one)
{
	return one->state == CANDIDATE_TRYING || one->state == CANDIDATE_ANSWERED || one->state == CANDIDATE_CONFIRMING;
}

/* While a candidate is used, only better ones are tried. */
static bool worth_trying(const struct candidates *c, const struct candidate *one)
{
	return c->used < 0 ? c->seeking : c->returning && one->rank < c->list[c->used].rank;
}

bool candidates_better(const struct candidates *c)
{
	for (unsigned i = 0; c->used >= 0 && i < c->count; i++)
		if (c->list[i].rank < c->list[c->used].rank)
			return true;
	return false;
}

void candidates_init(struct candidates *c, const struct candidates_actions *actions, void *context)
{
	*c = (struct candidates){.actions = actions,
				 .context = context,
				 .used = -1,
				 .confirming = -1,
				 .preferred = -1,
				 .failed = -1,
				 .return_at = UINT64_MAX};
}

static uint64_t return_pause(const struct candidates *c)
{
	uint64_t pause = CANDIDATES_RETURN_MS;
	for (unsigned i = 0; i < c->returns && pause < CANDIDATES_RETURN_MAX_MS; i++)
		pause *= 2;
	return pause < CANDIDATES_RETURN_MAX_MS ? pause : CANDIDATES_RETURN_MAX_MS;
}

static void plan_return(struct candidates *c, uint64_t now)
{
	c->returning = false;
	c->return_at = candidates_better(c) ? now + return_pause(c) : UINT64_MAX;
}

static void halt(struct candidates *c, unsigned i, uint64_t due, uint64_t now)
{
	bool was_under_way = under_way(&c->list[i]);
	if (c->confirming == (int)i)
		c->confirming = -1;
	enter(&c->list[i], CANDIDATE_WAITING, due, now);
	if (was_under_way)
		c->actions->stop(c->context, i);
}

static bool any_under_way(const struct candidates *c)
{
	for (unsigned i = 0; i < c->count; i++)
		if (under_way(&c->list[i]))
			return true;
	return false;
}

static void halt_all(struct candidates *c, uint64_t now)
{
	for (unsigned i = 0; i < c->count; i++)
		if (under_way(&c->list[i]))
			halt(c, i, now, now);
}

/* The candidate to try next: the first of those that are due. */
static int find_next(const struct candidates *c, uint64_t now)
{
	int found = -1;
	for (unsigned i = 0; i < c->count; i++) {
		const struct candidate *one = &c->list[i];
		if (one->state != CANDIDATE_WAITING || now < one->due || !worth_trying(c, one))
			continue;
		if ((int)i == c->preferred)
			return (int)i;
		if (found < 0)
			found = (int)i;
	}
	return found;
}

static uint64_t stagger(const struct candidates *c)
{
	uint64_t even = c->count > 0 ? CANDIDATES_ALL_MS / c->count : CANDIDATES_STAGGER_MS;
	return even < CANDIDATES_STAGGER_MS ? even : CANDIDATES_STAGGER_MS;
}

/* A start may fail at once; then the next candidate follows.  Each can fail only once here, since it is not due again.
 */
static void start_due(struct candidates *c, uint64_t now)
{
	c->starting = true;
	for (unsigned n = 0; n < c->count && now >= c->next_start; n++) {
		int i = find_next(c, now);
		if (i < 0)
			break;
		c->next_start = now + stagger(c);
		c->list[i].hopeless = false;
		enter(&c->list[i], CANDIDATE_TRYING, now + (c->used < 0 ? CANDIDATES_TRY_MS : CANDIDATES_RETURN_TRY_MS),
		      now);
		c->actions->start(c->context, (unsigned)i);
	}
	c->starting = false;
}

/* Confirm the first answered candidate of the list. */
static void confirm_next(struct candidates *c, uint64_t now)
{
	for (unsigned i = 0; c->confirming < 0 && i < c->count; i++) {
		if (c->list[i].state != CANDIDATE_ANSWERED)
			continue;
		c->confirming = (int)i;
		enter(&c->list[i], CANDIDATE_CONFIRMING, UINT64_MAX, now);
		c->actions->confirm(c->context, i);
	}
}

/* All better candidates have failed. */
static void end_return(struct candidates *c, uint64_t now)
{
	if (any_under_way(c))
		return;
	for (unsigned i = 0; i < c->count; i++)
		if (c->list[i].state == CANDIDATE_WAITING && c->list[i].due != UINT64_MAX &&
		    worth_trying(c, &c->list[i]))
			return;
	c->returns++;
	plan_return(c, now);
}

static void go_on(struct candidates *c, uint64_t now)
{
	/* If a start fails, start_due goes on with the next candidate. */
	if (c->starting)
		return;
	confirm_next(c, now);
	start_due(c, now);
	if (c->used >= 0 && c->returning)
		end_return(c, now);
	int failed = c->failed;
	c->failed = -1;
	if (failed >= 0 && c->used < 0 && c->seeking && !any_under_way(c))
		c->actions->exhausted(c->context, (unsigned)failed);
}

static void all_due(struct candidates *c, uint64_t now)
{
	for (unsigned i = 0; i < c->count; i++)
		if (c->list[i].state == CANDIDATE_WAITING) {
			c->list[i].due = now;
			c->list[i].pause = 0;
		}
	c->next_start = now;
}

static void all_due_anew(struct candidates *c, uint64_t now)
{
	c->returning = false;
	c->return_at = UINT64_MAX;
	all_due(c, now);
}

static void search(struct candidates *c, uint64_t now)
{
	all_due_anew(c, now);
	go_on(c, now);
}

void candidates_set(struct candidates *c, const unsigned *ranks, unsigned count, int preferred, uint64_t now)
{
	bool used = c->used >= 0 && preferred >= 0;
	halt_all(c, now);
	c->used = -1;
	c->count = count < CANDIDATES_MAX ? count : CANDIDATES_MAX;
	c->preferred = preferred;
	for (unsigned i = 0; i < c->count; i++) {
		c->list[i] = (struct candidate){.rank = ranks[i]};
		enter(&c->list[i], CANDIDATE_WAITING, now, now);
	}
	if (used) {
		c->used = preferred;
		enter(&c->list[preferred], CANDIDATE_USED, UINT64_MAX, now);
		plan_return(c, now);
	} else if (c->seeking) {
		search(c, now);
	}
}

void candidates_seek(struct candidates *c, uint64_t now)
{
	if (c->seeking)
		return;
	c->seeking = true;
	search(c, now);
}

void candidates_stop(struct candidates *c, uint64_t now)
{
	c->seeking = false;
	c->returning = false;
	c->return_at = UINT64_MAX;
	if (c->used >= 0)
		enter(&c->list[c->used], CANDIDATE_WAITING, now, now);
	c->used = -1;
	halt_all(c, now);
}

void candidates_answered(struct candidates *c, unsigned i, uint64_t now)
{
	if (i >= c->count || c->list[i].state != CANDIDATE_TRYING)
		return;
	enter(&c->list[i], CANDIDATE_ANSWERED, c->list[i].due, now);
	confirm_next(c, now);
}

void candidates_alive(struct candidates *c, unsigned i, uint64_t now)
{
	if (i >= c->count || c->list[i].state != CANDIDATE_CONFIRMING)
		return;
	if (c->used >= 0)
		enter(&c->list[c->used], CANDIDATE_WAITING, now, now);
	c->confirming = -1;
	c->used = c->preferred = (int)i;
	c->list[i].reason[0] = '\0';
	c->list[i].failures = 0;
	enter(&c->list[i], CANDIDATE_USED, UINT64_MAX, now);
	halt_all(c, now);
	c->actions->used(c->context, i);
	plan_return(c, now);
}

/* A server may accept the tunnel and end it, again and again: each time costs both ends a key exchange.  @return the
 * pause before the candidate is tried again. */
static uint64_t rest_of(struct candidate *one, uint64_t now)
{
	uint64_t pause = CANDIDATES_RETRY_MS;
	one->short_lived = now - one->since < CANDIDATES_SHORT_MS ? one->short_lived + 1 : 0;
	if (one->short_lived <= CANDIDATES_SHORT_MAX)
		return 0;
	for (unsigned i = CANDIDATES_SHORT_MAX + 1; i < one->short_lived && pause < CANDIDATES_RETRY_MAX_MS; i++)
		pause *= 2;
	return pause < CANDIDATES_RETRY_MAX_MS ? pause : CANDIDATES_RETRY_MAX_MS;
}

static void lost(struct candidates *c, struct candidate *one, uint64_t now)
{
	const uint64_t due = now + rest_of(one, now);
	/* Do not return again and again to a better candidate that does not last. */
	if (now - one->since < CANDIDATES_STABLE_MS)
		c->returns++;
	else
		c->returns = 0;
	c->used = -1;
	enter(one, CANDIDATE_WAITING, now, now);
	all_due_anew(c, now);
	one->due = due;
	go_on(c, now);
}

/* The first candidate is the most likely to work: it is tried without a growing pause.  Candidates that have failed
 * often need only an occasional try. */
static uint64_t again_at(struct candidates *c, unsigned i, uint64_t now)
{
	struct candidate *one = &c->list[i];
	bool first = (int)i == (c->preferred >= 0 ? c->preferred : 0);
	uint64_t pause = first || one->pause == 0 ? CANDIDATES_RETRY_MS : 2 * one->pause;
	one->pause = pause < CANDIDATES_RETRY_MAX_MS ? pause : CANDIDATES_RETRY_MAX_MS;
	uint64_t due = one->since + one->pause;
	return due > now ? due : now;
}

static void next_at_once(struct candidates *c, uint64_t now)
{
	if (c->next_start > now)
		c->next_start = now;
	go_on(c, now);
}

void candidates_hopeless(struct candidates *c, unsigned i, const char *reason, uint64_t now)
{
	if (i >= c->count || c->list[i].state != CANDIDATE_TRYING || c->list[i].hopeless)
		return;
	c->list[i].hopeless = true;
	tscf_text_copy(reason, strlen(reason), c->list[i].reason, sizeof(c->list[i].reason));
	next_at_once(c, now);
}

void candidates_failed(struct candidates *c, unsigned i, const char *reason, uint64_t now)
{
	if (i >= c->count || c->list[i].state == CANDIDATE_WAITING)
		return;
	struct candidate *one = &c->list[i];
	if (reason != one->reason)
		tscf_text_copy(reason, strlen(reason), one->reason, sizeof(one->reason));
	if (one->state == CANDIDATE_USED) {
		lost(c, one, now);
		return;
	}
	one->failures++;
	c->failed = (int)i;
	c->actions->failed(c->context, i);
	halt(c, i, c->used < 0 ? again_at(c, i, now) : UINT64_MAX, now);
	next_at_once(c, now);
}

void candidates_hurry(struct candidates *c, uint64_t now)
{
	for (unsigned i = 0; i < c->count; i++)
		c->list[i].short_lived = 0;
	if (c->used < 0) {
		all_due(c, now);
	} else if (candidates_better(c) && !c->returning) {
		c->returns = 0;
		c->return_at = now;
	}
	candidates_tick(c, now);
}

void candidates_tick(struct candidates *c, uint64_t now)
{
	if (now >= c->return_at) {
		c->return_at = UINT64_MAX;
		c->returning = true;
		all_due(c, now);
	}
	for (unsigned i = 0; i < c->count; i++) {
		enum candidate_state state = c->list[i].state;
		if ((state == CANDIDATE_TRYING || state == CANDIDATE_ANSWERED) && now >= c->list[i].due)
			candidates_failed(c, i, c->list[i].hopeless ? c->list[i].reason : "no answer", now);
	}
	go_on(c, now);
}

bool candidates_resting(const struct candidates *c)
{
	return c->used >= 0 && !c->returning && c->confirming < 0;
}

uint64_t candidates_next(const struct candidates *c)
{
	uint64_t next = c->return_at;
	if (candidates_resting(c))
		return next;
	for (unsigned i = 0; i < c->count; i++) {
		const struct candidate *one = &c->list[i];
		uint64_t due = UINT64_MAX;
		if (one->state == CANDIDATE_TRYING || one->state == CANDIDATE_ANSWERED)
			due = one->due;
		else if (one->state == CANDIDATE_WAITING && worth_trying(c, one))
			due = one->due > c->next_start ? one->due : c->next_start;
		if (due < next)
			next = due;
	}
	return next;
}

const char *candidates_state_name(enum candidate_state state)
{
	switch (state) {
	case CANDIDATE_WAITING:
		return "waiting";
	case CANDIDATE_TRYING:
		return "trying";
	case CANDIDATE_ANSWERED:
		return "answered";
	case CANDIDATE_CONFIRMING:
		return "confirming";
	case CANDIDATE_USED:
		return "used";
	}
	return "unknown";
}

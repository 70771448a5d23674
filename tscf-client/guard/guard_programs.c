/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/guard/guard_programs.h"

#include "common/base/log.h"

#include <stdio.h>
#include <string.h>

/** Seconds between two checks where the kernel does not report changes. */
#define LOOK_S 10.

static void on_change(struct ev_loop *loop, ev_stat *w, int events)
{
	struct guard_programs *g = w->data;
	struct guard_place *place = &g->places[w - g->watches], before = *place;

	(void)loop;
	(void)events;
	guard_place_of(w->path, place);
	if (memcmp(place, &before, sizeof(before)) != 0)
		g->changed(g->context);
}

static void stop_watching(struct guard_programs *g)
{
	for (unsigned i = 0; i < g->count; i++)
		if (g->loop && g->directories[i][0] != '\0')
			ev_stat_stop(g->loop, &g->watches[i]);
}

static void begin_watching(struct guard_programs *g)
{
	for (unsigned i = 0; i < g->count; i++) {
		if (!g->loop || g->directories[i][0] == '\0')
			continue;
		ev_stat_init(&g->watches[i], on_change, g->directories[i], LOOK_S);
		g->watches[i].data = g;
		ev_stat_start(g->loop, &g->watches[i]);
	}
}

void guard_programs_find(struct guard_programs *g, const struct policies *policies)
{
	stop_watching(g);
	memset(g->places, 0, sizeof(g->places));
	g->count = policies->count;
	for (unsigned i = 0; i < g->count; i++) {
		const struct policy *p = &policies->list[i];
		const char *slash = strrchr(p->program, '/');
		int length = slash ? (int)(slash - p->program) : 0;

		snprintf(g->directories[i], sizeof(g->directories[i]), "%.*s", slash && length == 0 ? 1 : length,
			 p->program);
		if (p->program[0] != '\0' && guard_place_of(g->directories[i], &g->places[i]) != 0)
			tscf_info("policy %s: %s is not there yet", p->name, g->directories[i]);
	}
	begin_watching(g);
}

void guard_programs_watch(struct guard_programs *g, struct ev_loop *loop, void (*changed)(void *context), void *context)
{
	g->loop = loop;
	g->changed = changed;
	g->context = context;
	begin_watching(g);
}

void guard_programs_stop(struct guard_programs *g)
{
	stop_watching(g);
	g->loop = NULL;
}

static const char *last_part(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

/** The program of a process, of which its directory is looked up when that is needed. */
struct program {
	pid_t pid;
	const char *name;
	bool looked, known;
	struct guard_place place;
};

static bool is_known(struct program *here)
{
	if (!here->looked)
		here->known = guard_place_of_process(here->pid, here->name, &here->place) == 0;
	here->looked = true;
	return here->known;
}

static bool is_program(const struct policy *p, const struct guard_place *place, struct program *here)
{
	bool only = p->level == TSCF_LEVEL_ENCRYPTED_ONLY;

	if (strcmp(last_part(p->program), last_part(here->name)) != 0)
		return false;
	if (strcmp(p->program, here->name) == 0 && (only || guard_place_leads_to(here->name, here->pid)))
		return true;
	return is_known(here) ? place->inode != 0 && memcmp(place, &here->place, sizeof(*place)) == 0 : only;
}

uint32_t guard_programs_of(const struct guard_programs *g, const struct policies *policies, pid_t pid, const char *name)
{
	struct program here = {.pid = pid, .name = name};
	uint32_t found = 0;

	if (name[0] != '/')
		return 0;
	for (unsigned i = 0; i < policies->count; i++)
		if (policies->list[i].program[0] != '\0')
			found |= (uint32_t)is_program(&policies->list[i], &g->places[i], &here) << i;
	return found;
}

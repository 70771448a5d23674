/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/admin/reload.h"

#include "common/base/log.h"
#include "common/control/control.h"
#include "common/crypto/crypto.h"
#include "tscf-client/sockets/searches.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* What is being read. */
enum stage { CONFIGURATION, OTHERS };

static const char *const stages[] = {
    [CONFIGURATION] = "the configuration file", [OTHERS] = "a file of cert, key, psk-file or ca-crl"};

struct reload {
	struct search search; /* its `call` waits for the reload */
	struct reloads *owner;
	int (*reread)(void *context, struct client_config *fresh);
	void *reread_context;
	const struct client_config *config; /* names the files of `files` */
	uint64_t late_at;
	bool late; /* refused, since it took too long */
	_Atomic enum stage stage;
	int error;
	struct client_config fresh;
	struct renewal_read files;
	struct reload *next;
};

static void answer(struct reload *reload, int error)
{
	struct tscf_control_call_in *call = reload->search.call;
	reload->search.call = NULL;
	if (call)
		tscf_control_answer(call, -error, NULL);
}

/* --- in the thread --- */

static void work(struct search *search)
{
	struct reload *reload = (struct reload *)search;
	reload->error = reload->reread(reload->reread_context, &reload->fresh);
	reload->stage = OTHERS;
	if (reload->error == 0)
		reload->error = renewal_read(reload->config, &reload->files);
	tscf_crypto_thread_end();
}

static void free_reload(struct search *search)
{
	struct reload *reload = (struct reload *)search;
	client_config_free(&reload->fresh);
	renewal_read_free(&reload->files);
	free(reload);
}

/* --- in the loop --- */

static void over(struct search *search)
{
	struct reload *reload = (struct reload *)search;
	struct reloads *r = reload->owner;
	LL_DELETE(r->list, reload);
	if (reload->late)
		return;
	if (reload->error < 0) {
		tscf_error("reload: nothing was changed, because of errors");
		answer(reload, reload->error);
		return;
	}
	renewal_take(r->renewal, &reload->files);
	r->apply(r->context, &reload->fresh, search->call);
}

static void refuse(struct reload *reload)
{
	reload->late = true;
	tscf_error("reload: nothing was changed: %s cannot be read in %d seconds", stages[reload->stage],
		   RELOAD_PATIENCE_MS / 1000);
	answer(reload, -ETIMEDOUT);
}

static struct reload *first_in_time(const struct reloads *r)
{
	struct reload *reload = r->list;
	while (reload && reload->late)
		reload = reload->next;
	return reload;
}

static uint64_t next_due(const void *context)
{
	const struct reload *reload = first_in_time(context);
	return reload ? reload->late_at : UINT64_MAX;
}

static void tick(void *context)
{
	const struct reloads *r = context;
	struct reload *reload;
	while ((reload = first_in_time(r)) != NULL && reload->late_at <= tscf_timers_now(r->timers))
		refuse(reload);
}

void reloads_start(struct reloads *r)
{
	tscf_timers_add(r->timers, &r->timer, next_due, tick, r);
}

static struct reload *new_reload(struct reloads *r, struct tscf_control_call_in *call)
{
	struct reload *reload = calloc(1, sizeof(*reload));
	if (!reload)
		return NULL;
	/* In the order of the requests: one thread reads for all. */
	reload->search = (struct search){.uid = 0, .work = work, .over = over, .free = free_reload, .call = call};
	reload->owner = r;
	reload->reread = r->reread;
	reload->reread_context = r->reread_context;
	reload->config = r->renewal->config;
	reload->late_at = tscf_timers_now(r->timers) + RELOAD_PATIENCE_MS;
	return reload;
}

void reloads_begin(struct reloads *r, struct tscf_control_call_in *call)
{
	/* While one waits for a file, another one would. */
	bool hangs = r->list && r->list->late;
	struct reload *reload = hangs ? NULL : new_reload(r, call);
	if (reload) {
		LL_APPEND(r->list, reload);
		searches_begin(*r->readers, &reload->search);
		return;
	}
	tscf_error("reload: nothing was changed: %s",
		   hangs ? "the one before still waits for a file" : strerror(ENOMEM));
	if (call)
		tscf_control_answer(call, hangs ? ETIMEDOUT : ENOMEM, NULL);
}

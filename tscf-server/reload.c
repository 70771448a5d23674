/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All files are read first, in a thread.  Then come the other steps that may fail, which are undone if one fails: new
 * interfaces, which accept no tunnels yet.  All later steps succeed.
 */
#include "tscf-server/reload.h"

#include "tscf-server/accounting/accounts.h"
#include "tscf-server/certificate.h"
#include "tscf-server/control/authorised.h"
#include "tscf-server/devices.h"
#include "tscf-server/interface.h"
#include "tscf-server/renewal.h"
#include "tscf-server/session/admission.h"
#include "tscf-server/session/networks.h"
#include "tscf-server/settings/enrolled.h"
#include "tscf-server/settings/host_check.h"
#include "tscf-server/workers_each.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/crypto/crypto.h"
#include "common/daemon/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- new interfaces --- */

/** Input and result of the workers' action. */
struct beginning {
	const struct server_config *fresh;
	const struct server_allocator *last; /**< the last of the old allocators */
	int err;
};

static void make(struct server_worker *worker, void *data)
{
	struct beginning *b = data;

	if (b->err == 0)
		b->err = server_interfaces_make(worker, b->fresh);
}

static void listen_too(struct server_worker *worker, void *data)
{
	struct beginning *b = data;

	if (b->err == 0)
		b->err = server_interfaces_listen(worker);
}

static void retract(struct server_worker *worker, void *data)
{
	const struct beginning *b = data;

	server_interfaces_retract(worker, b->last);
}

static void end_new(struct server *server, struct server_allocator *last)
{
	struct beginning b = {.last = last};

	server_workers_each(server, retract, &b);
	for (const struct server_allocator *allocator = last->next; allocator; allocator = allocator->next)
		server_devices_unnumber(server, allocator);
	server_allocators_retract(server, last);
}

/** Start the interfaces whose allocators come after @p last.  @return 0 or -errno (logged). */
static int begin_new(struct server *server, const struct server_config *fresh, const struct server_allocator *last)
{
	struct beginning b = {.fresh = fresh};

	for (const struct server_allocator *allocator = last->next; allocator && b.err == 0;
	     allocator = allocator->next)
		b.err = server_devices_number(server, allocator);
	server_workers_each(server, make, &b);
	server_workers_each(server, listen_too, &b);
	return b.err;
}

/* --- the rest --- */

static void differ(const char *what, bool different)
{
	if (different)
		tscf_warning("reload: %s changes when the server is restarted", what);
}

/** Log which settings of the whole server have changed but apply only from the next start on. */
static void review(const struct server_config *old, const struct server_config *fresh)
{
	differ("plain-dev", strcmp(old->plain_dev, fresh->plain_dev) != 0);
	differ("encrypted-dev", strcmp(old->encrypted_dev, fresh->encrypted_dev) != 0);
	differ("control", strcmp(old->control, fresh->control) != 0);
	differ("state-dir", strcmp(old->state_dir, fresh->state_dir) != 0);
	differ("mtu", old->mtu != fresh->mtu);
	differ("workers", old->workers != fresh->workers);
	differ("realtime-dscp", old->realtime_dscps != fresh->realtime_dscps);
	differ("realtime-priority", old->realtime_priority != fresh->realtime_priority);
}

static void apply(struct server_worker *worker, void *fresh)
{
	server_interfaces_take(worker, fresh);
	server_authorised_take(worker, fresh);
	server_admission_review(worker->state, tscf_clock_now());
	server_networks_tell_all(worker->state);
}

static void config_free(struct server_config *config)
{
	if (!config)
		return;
	server_config_free(config);
	free(config);
}

/** Do the steps that may fail.  @return 0, or -errno with nothing changed. */
static int prepare(struct server *server, const struct server_config *fresh)
{
	struct server_allocator *last = server_allocators_last(server);
	int err = server_allocators_make(server, fresh, server->worker_count);

	if (err == 0 && last->next)
		err = begin_new(server, fresh, last);
	if (err == 0)
		err = server_authorised_prepare(server, fresh);
	if (err == 0 && server->asker)
		err = server_asker_start(server->asker);
	if (err < 0)
		end_new(server, last);
	return err;
}

/* --- reading, in the thread --- */

struct reload {
	struct tscf_reader_job job;
	struct server *server;             /**< the thread does not use it */
	struct tscf_control_call_in *call; /**< who waits for the reload; NULL: nobody */
	struct server_config *(*reread)(void *context);
	void *reread_context;
	const char *state_dir; /**< that of the start */

	int err;
	struct server_config *fresh;
	struct server_certificate_files files;
	struct server_certificate certificate;
	struct server_watched *watched;
};

static int read_all(struct reload *r)
{
	r->fresh = r->reread(r->reread_context);
	if (!r->fresh || server_certificate_files_find(&r->files, r->fresh, r->state_dir) < 0 ||
	    server_certificate_read(&r->files, &r->certificate) < 0)
		return -EINVAL;
	r->watched = server_watched_new(r->fresh, r->state_dir);
	return 0;
}

static void work(struct tscf_reader_job *job)
{
	struct reload *r = (struct reload *)job;

	r->err = read_all(r);
	tscf_crypto_thread_end();
}

static void free_reload(struct tscf_reader_job *job)
{
	struct reload *r = (struct reload *)job;

	config_free(r->fresh);
	server_certificate_drop(&r->certificate);
	server_watched_free(r->watched);
	free(r);
}

/* --- in the loop --- */

static void answer(struct tscf_control_call_in *call, int err)
{
	if (call)
		tscf_control_answer(call, -err, NULL);
}

static void answer_once(struct reload *r, int err)
{
	struct tscf_control_call_in *call = r->call;

	r->call = NULL;
	answer(call, err);
}

static void take(struct server *server, struct reload *r)
{
	struct server_config *fresh = r->fresh;

	server_certificate_renew(server, &r->certificate, r->files.cert);
	review(server->config, fresh);
	server_config_warn(fresh);
	server_interfaces_review(server, fresh);
	server_allocators_change(server, fresh, server_devices_number_range);
	server_accounts_change(server->accounts, fresh);
	server_authorised_change(server, fresh);
	server_quotas_change(server->quotas, fresh->client_limits);
	server_enrolled_take(fresh, server->enrolled);
	server_workers_each(server, apply, fresh);
	server_renewal_follow(server, r->watched);
	r->watched = NULL;
	server_reverse_path_again(&server->reverse_path);
	tscf_log_set_level(fresh->log_level);
	tscf_info("reloaded; new tunnels are set up by the new configuration");
}

static void over(struct tscf_reader_job *job)
{
	struct reload *r = (struct reload *)job;
	int err = r->err;

	if (job->is_late)
		return;
	if (err == 0)
		err = prepare(r->server, r->fresh);
	if (err == 0) {
		take(r->server, r);
	} else {
		/* Also after an error: the file has been renamed, and would grow under its new name. */
		server_accounts_reopen(r->server->accounts);
		tscf_error("reload: nothing was changed, because of errors");
	}
	answer_once(r, err);
}

static void late(struct tscf_reader_job *job, const char *file)
{
	struct reload *r = (struct reload *)job;

	server_accounts_reopen(r->server->accounts);
	tscf_error("reload: nothing was changed: %s cannot be read in %d seconds", file,
		   SERVER_RELOAD_PATIENCE_MS / 1000);
	answer_once(r, -ETIMEDOUT);
}

static struct reload *reload_new(struct server *server, struct tscf_control_call_in *call)
{
	struct reload *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->job = (struct tscf_reader_job){
	    .work = work, .late = late, .over = over, .free = free_reload, .patience = SERVER_RELOAD_PATIENCE_MS};
	r->server = server;
	r->call = call;
	r->reread = server->reread;
	r->reread_context = server->reread_context;
	r->state_dir = server->config->state_dir;
	return r;
}

void server_reload(struct server *server, struct tscf_control_call_in *call)
{
	/* While one waits for a file, another one would. */
	bool hangs = tscf_reader_hangs(server->reload_reader);
	struct reload *r = hangs ? NULL : reload_new(server, call);

	if (r) {
		if (call)
			call->user = r;
		tscf_reader_begin(server->reload_reader, &r->job);
		return;
	}
	server_accounts_reopen(server->accounts);
	tscf_error("reload: nothing was changed: %s",
		   hangs ? "the one before still waits for a file" : strerror(ENOMEM));
	answer(call, hangs ? -ETIMEDOUT : -ENOMEM);
}

void server_reload_gone(struct tscf_control_call_in *call)
{
	struct reload *r = call->user;

	if (call->request.op == TSCF_CONTROL_RELOAD && r)
		r->call = NULL;
}

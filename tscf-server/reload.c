/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Steps that may fail come first and are undone if one fails: new interfaces, which accept no tunnels yet, then
 * certificate and key.  All later steps succeed.
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

static int renew_certificate(struct server *server, const struct server_config *fresh)
{
	struct server_certificate_files files;

	/* The state directory is that of the start. */
	if (server_certificate_files_find(&files, fresh, server->config->state_dir) < 0)
		return -EINVAL;
	return server_certificate_renew(server, &files);
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
	if (err == 0)
		err = renew_certificate(server, fresh);
	if (err < 0)
		end_new(server, last);
	return err;
}

int server_reload(struct server *server)
{
	struct server_config *fresh = server->reread(server->reread_context);
	int err = fresh ? prepare(server, fresh) : -EINVAL;

	/* Also after an error: the file has been renamed, and would grow under its new name. */
	if (err < 0)
		server_accounts_reopen(server->accounts);
	if (err < 0) {
		tscf_error("reload: nothing was changed, because of errors");
		config_free(fresh);
		return err;
	}
	review(server->config, fresh);
	server_config_warn(fresh);
	server_interfaces_review(server, fresh);
	server_allocators_change(server, fresh, server_devices_number_range);
	server_accounts_change(server->accounts, fresh);
	server_authorised_change(server, fresh);
	server_quotas_change(server->quotas, fresh->client_limits);
	server_enrolled_take(fresh, server->enrolled);
	server_workers_each(server, apply, fresh);
	server_renewal_follow(server, fresh);
	server_reverse_path_again(&server->reverse_path);
	tscf_log_set_level(fresh->log_level);
	config_free(fresh);
	tscf_info("reloaded; new tunnels are set up by the new configuration");
	return 0;
}

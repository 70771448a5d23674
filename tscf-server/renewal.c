/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The names are remembered here, since those of the configuration file may have changed, and apply only at a reload.
 */
#include "tscf-server/renewal.h"

#include "tscf-server/certificate.h"
#include "tscf-server/context.h"
#include "tscf-server/session/admission.h"
#include "tscf-server/workers_each.h"

#include "common/auth/proof.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/daemon/renewed_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** Files that say which clients an interface admits; the settings name some of them. */
enum clients_file { KEYS, CAS, DENIED, LISTS, CLIENTS_FILES };

/** An interface whose clients must prove who they are. */
struct clients {
	char *interface;
	struct tscf_renewed_file files[CLIENTS_FILES];
	struct clients *next;
};

struct server_renewal {
	struct ev_timer timer;
	struct tscf_renewed_file pair[2]; /* certificate and key */
	struct clients *clients;
	struct tscf_renewed_file limits;
};

/* --- clients --- */

/** Input of the workers' action. */
struct admission {
	const char *interface;
	struct tscf_client_auth *client_auth;
};

static void admit(struct server_worker *worker, void *data)
{
	const struct admission *a = data;
	struct server_interface *i = server_interface_find(worker->state, a->interface);

	if (!i)
		return;
	tscf_client_auth_drop(i->client_auth);
	i->client_auth = tscf_client_auth_hold(a->client_auth);
	server_admission_review(worker->state, tscf_clock_now());
}

static void take_clients(struct server *server, const struct clients *c)
{
	const struct tscf_renewed_file *f = c->files;
	char error[TSCF_PROOF_ERROR];
	struct admission a = {.interface = c->interface};

	a.client_auth = tscf_client_auth_read(f[KEYS].name, f[CAS].name, f[DENIED].name, f[LISTS].name, error);
	if (!a.client_auth) {
		tscf_error("interface %s: %s; what was read before stays in use", c->interface, error);
		return;
	}
	tscf_client_auth_record(a.client_auth, server->enrolled);
	server_workers_each(server, admit, &a);
	tscf_client_auth_drop(a.client_auth);
	tscf_info("interface %s: the changed files of its clients are in use", c->interface);
}

static void clients_free(struct clients *c)
{
	if (!c)
		return;
	free(c->interface);
	for (unsigned n = 0; n < CLIENTS_FILES; n++)
		tscf_renewed_file_end(&c->files[n]);
	free(c);
}

static struct clients *clients_new(const struct server_interface_config *i)
{
	const char *names[] = {
	    [KEYS] = i->psk_file, [CAS] = i->client_ca, [DENIED] = i->denied_clients, [LISTS] = i->client_crl};
	struct clients *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->interface = strdup(i->name);
	if (!c->interface)
		goto fail;
	for (unsigned n = 0; n < CLIENTS_FILES; n++)
		if (tscf_renewed_file_begin(&c->files[n], names[n]) < 0)
			goto fail;
	return c;
fail:
	clients_free(c);
	return NULL;
}

/* --- certificate and key --- */

/** @return 0 or -ENOMEM. */
static int watch_pair(struct server *server, struct server_renewal *r, const struct server_config *config)
{
	struct server_certificate_files files;
	int own = server_certificate_files_find(&files, config, server->config->state_dir);
	const char *names[2] = {files.cert, files.key};

	if (own < 0)
		return 0;
	for (unsigned n = 0; n < 2; n++) {
		if (tscf_renewed_file_begin(&r->pair[n], names[n]) < 0)
			return -ENOMEM;
		/* The server may have made that pair itself, a moment ago. */
		r->pair[n].is_new &= own == 0;
	}
	return 0;
}

/** They are replaced one after the other: while they do not match, the pair of before stays. */
static void look_at_pair(struct server *server, struct server_renewal *r)
{
	const struct server_certificate_files files = {.cert = r->pair[0].name, .key = r->pair[1].name};

	if (tscf_renewed_files_settled(r->pair, 2) && files.cert && files.key &&
	    server_certificate_renew(server, &files) < 0)
		tscf_warning("the certificate and key that were loaded before stay in use");
}

/* --- limits of clients --- */

static void take_limits(struct server *server, const char *file)
{
	char error[TSCF_PROOF_ERROR];
	struct server_client_limits *limits = server_client_limits_read(file, error, sizeof(error));

	if (!limits) {
		tscf_error("client-limits: %s; what was read before stays in use", error);
		return;
	}
	server_quotas_change(server->quotas, limits);
	server_client_limits_drop(limits);
	tscf_info("the changed limits of clients are in use: %s", file);
}

/* --- all --- */

static void on_time(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct server *server = ev_userdata(loop);
	struct server_renewal *r = timer->data;
	(void)events;

	look_at_pair(server, r);
	for (struct clients *c = r->clients; c; c = c->next)
		if (tscf_renewed_files_settled(c->files, CLIENTS_FILES))
			take_clients(server, c);
	if (tscf_renewed_files_settled(&r->limits, 1))
		take_limits(server, r->limits.name);
}

void server_renewal_stop(struct server *server)
{
	struct server_renewal *r = server->renewal;
	struct clients *c;

	server->renewal = NULL;
	if (!r)
		return;
	ev_timer_stop(server->loop, &r->timer);
	tscf_renewed_file_end(&r->pair[0]);
	tscf_renewed_file_end(&r->pair[1]);
	tscf_renewed_file_end(&r->limits);
	while ((c = r->clients) != NULL) {
		r->clients = c->next;
		clients_free(c);
	}
	free(r);
}

/** @return whether there is memory for all. */
static bool add_all(struct server *server, struct server_renewal *r, const struct server_config *config)
{
	if (watch_pair(server, r, config) < 0 || tscf_renewed_file_begin(&r->limits, config->client_limits_file) < 0)
		return false;
	for (const struct server_interface_config *i = config->interfaces; i; i = i->next) {
		struct clients *c;

		if (!i->enabled || !i->client_auth)
			continue;
		c = clients_new(i);
		if (!c)
			return false;
		c->next = r->clients;
		r->clients = c;
	}
	return true;
}

void server_renewal_follow(struct server *server, const struct server_config *config)
{
	struct server_renewal *r = calloc(1, sizeof(*r));

	server_renewal_stop(server);
	if (!r || !add_all(server, r, config))
		tscf_error("out of memory: changed files are taken only at a reload");
	if (!r)
		return;
	server->renewal = r;
	ev_timer_init(&r->timer, on_time, TSCF_RENEWAL_MS / 1e3, TSCF_RENEWAL_MS / 1e3);
	r->timer.data = r;
	ev_timer_start(server->loop, &r->timer);
}

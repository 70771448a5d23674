/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The names are remembered here, since those of the configuration file may have changed, and apply only at a reload.
 *
 * Each look is a job of a reader: its thread looks at the files and reads those that have changed, and the loop takes
 * what was read.
 */
#include "tscf-server/renewal.h"

#include "tscf-server/certificate.h"
#include "tscf-server/context.h"
#include "tscf-server/session/admission.h"
#include "tscf-server/workers_each.h"

#include "common/auth/proof.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/crypto/crypto.h"
#include "common/daemon/reader.h"
#include "common/daemon/renewed_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/** Files that say which clients an interface admits; the settings name some of them. */
enum clients_file { KEYS, CAS, DENIED, LISTS, CLIENTS_FILES };

/** A look that takes so long is said. */
#define HANGS_MS 10000

/** An interface whose clients must prove who they are. */
struct clients {
	char *interface;
	struct tscf_renewed_file files[CLIENTS_FILES];
	bool changed;                   /* in this look */
	struct tscf_client_auth *fresh; /* NULL: they cannot be used, for the reason below */
	char error[TSCF_PROOF_ERROR];
	struct clients *next;
};

struct server_watched {
	struct tscf_renewed_file pair[2]; /* certificate and key */
	bool pair_changed;                /* in this look */
	struct server_certificate certificate;
	struct clients *clients;
	struct tscf_renewed_file limits;
	bool limits_changed;                       /* in this look */
	struct server_client_limits *fresh_limits; /* NULL: they cannot be used, for the reason below */
	char limits_error[TSCF_PROOF_ERROR];
};

struct server_renewal {
	struct ev_timer timer;
	struct tscf_reader *reader;
	struct server_watched *watched; /* NULL while a look is under way, which has it */
};

/* --- a look, in the thread --- */

struct look {
	struct tscf_reader_job job;
	struct server *server; /* the thread does not use it */
	struct server_watched *watched;
};

/** They are replaced one after the other: while they do not match, the pair of before stays. */
static void read_pair(struct server_watched *w)
{
	const struct server_certificate_files files = {.cert = w->pair[0].name, .key = w->pair[1].name};

	w->pair_changed = tscf_renewed_files_settled(w->pair, 2) && files.cert && files.key;
	if (w->pair_changed)
		server_certificate_read(&files, &w->certificate);
}

static void read_clients(struct clients *c)
{
	const struct tscf_renewed_file *f = c->files;

	c->changed = tscf_renewed_files_settled(c->files, CLIENTS_FILES);
	if (c->changed)
		c->fresh = tscf_client_auth_read(f[KEYS].name, f[CAS].name, f[DENIED].name, f[LISTS].name, c->error);
}

static void read_limits(struct server_watched *w)
{
	w->limits_changed = tscf_renewed_files_settled(&w->limits, 1);
	if (w->limits_changed)
		w->fresh_limits = server_client_limits_read(w->limits.name, w->limits_error, sizeof(w->limits_error));
}

static void work(struct tscf_reader_job *job)
{
	struct server_watched *w = ((struct look *)job)->watched;

	read_pair(w);
	for (struct clients *c = w->clients; c; c = c->next)
		read_clients(c);
	read_limits(w);
	tscf_crypto_thread_end();
}

/* --- what was read is taken --- */

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

static void take_clients(struct server *server, struct clients *c)
{
	struct admission a = {.interface = c->interface, .client_auth = c->fresh};

	if (!c->fresh) {
		tscf_error("interface %s: %s; what was read before stays in use", c->interface, c->error);
		return;
	}
	tscf_client_auth_record(c->fresh, server->enrolled);
	server_workers_each(server, admit, &a);
	tscf_client_auth_drop(c->fresh);
	c->fresh = NULL;
	tscf_info("interface %s: the changed files of its clients are in use", c->interface);
}

static void take_pair(struct server *server, struct server_watched *w)
{
	if (w->certificate.tls)
		server_certificate_renew(server, &w->certificate, w->pair[0].name);
	else
		tscf_warning("the certificate and key that were loaded before stay in use");
}

static void take_limits(struct server *server, struct server_watched *w)
{
	if (!w->fresh_limits) {
		tscf_error("client-limits: %s; what was read before stays in use", w->limits_error);
		return;
	}
	server_quotas_change(server->quotas, w->fresh_limits);
	server_client_limits_drop(w->fresh_limits);
	w->fresh_limits = NULL;
	tscf_info("the changed limits of clients are in use: %s", w->limits.name);
}

static void take(struct server *server, struct server_watched *w)
{
	if (w->pair_changed)
		take_pair(server, w);
	for (struct clients *c = w->clients; c; c = c->next)
		if (c->changed)
			take_clients(server, c);
	if (w->limits_changed)
		take_limits(server, w);
}

static void late(struct tscf_reader_job *job, const char *file)
{
	(void)job;
	tscf_warning("%s does not answer: changes of certificates, and of files of clients, wait", file);
}

static void over(struct tscf_reader_job *job)
{
	struct look *look = (struct look *)job;
	struct server_watched *w = look->watched;

	look->watched = NULL;
	look->server->renewal->watched = w;
	if (job->is_late)
		tscf_info("files of certificates and of clients answer again");
	take(look->server, w);
}

static void free_look(struct tscf_reader_job *job)
{
	struct look *look = (struct look *)job;

	server_watched_free(look->watched);
	free(look);
}

static void on_time(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	struct server_renewal *r = timer->data;
	struct look *look = r->watched ? calloc(1, sizeof(*look)) : NULL;
	(void)events;

	if (!look)
		return;
	look->job =
	    (struct tscf_reader_job){.work = work, .late = late, .over = over, .free = free_look, .patience = HANGS_MS};
	look->server = ev_userdata(loop);
	look->watched = r->watched;
	r->watched = NULL;
	tscf_reader_begin(r->reader, &look->job);
}

/* --- which files --- */

static void clients_free(struct clients *c)
{
	if (!c)
		return;
	free(c->interface);
	tscf_client_auth_drop(c->fresh);
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

/** @return 0 or -ENOMEM. */
static int watch_pair(struct server_watched *w, const struct server_config *config, const char *state_dir)
{
	struct server_certificate_files files;
	int own = server_certificate_files_find(&files, config, state_dir);
	const char *names[2] = {files.cert, files.key};

	if (own < 0)
		return 0;
	for (unsigned n = 0; n < 2; n++) {
		if (tscf_renewed_file_begin(&w->pair[n], names[n]) < 0)
			return -ENOMEM;
		/* The server may have made that pair itself, a moment ago. */
		w->pair[n].is_new &= own == 0;
	}
	return 0;
}

/** @return whether there is memory for all. */
static bool add_all(struct server_watched *w, const struct server_config *config, const char *state_dir)
{
	if (watch_pair(w, config, state_dir) < 0 || tscf_renewed_file_begin(&w->limits, config->client_limits_file) < 0)
		return false;
	for (const struct server_interface_config *i = config->interfaces; i; i = i->next) {
		struct clients *c;

		if (!i->enabled || !i->client_auth)
			continue;
		c = clients_new(i);
		if (!c)
			return false;
		LL_PREPEND(w->clients, c);
	}
	return true;
}

struct server_watched *server_watched_new(const struct server_config *config, const char *state_dir)
{
	struct server_watched *w = calloc(1, sizeof(*w));

	if (w && add_all(w, config, state_dir))
		return w;
	server_watched_free(w);
	return NULL;
}

void server_watched_free(struct server_watched *w)
{
	struct clients *c, *next;

	if (!w)
		return;
	tscf_renewed_file_end(&w->pair[0]);
	tscf_renewed_file_end(&w->pair[1]);
	server_certificate_drop(&w->certificate);
	tscf_renewed_file_end(&w->limits);
	server_client_limits_drop(w->fresh_limits);
	LL_FOREACH_SAFE(w->clients, c, next)
		clients_free(c);
	free(w);
}

/* --- all --- */

void server_renewal_stop(struct server *server)
{
	struct server_renewal *r = server->renewal;

	server->renewal = NULL;
	if (!r)
		return;
	ev_timer_stop(server->loop, &r->timer);
	tscf_reader_free(r->reader);
	server_watched_free(r->watched);
	free(r);
}

void server_renewal_follow(struct server *server, struct server_watched *watched)
{
	struct server_renewal *r = calloc(1, sizeof(*r));

	server_renewal_stop(server);
	if (r)
		r->reader = tscf_reader_new(server->loop);
	if (!watched || !r || !r->reader) {
		tscf_error("out of memory: changed files are taken only at a reload");
		server_watched_free(watched);
		if (r)
			tscf_reader_free(r->reader);
		free(r);
		return;
	}
	r->watched = watched;
	server->renewal = r;
	ev_timer_init(&r->timer, on_time, TSCF_RENEWAL_MS / 1e3, TSCF_RENEWAL_MS / 1e3);
	r->timer.data = r;
	ev_timer_start(server->loop, &r->timer);
}

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

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/** What is seen of a file when it changes; all zero: it is not there. */
struct sight {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec modified, changed;
};

struct file {
	char *name; /* NULL: none */
	struct sight last;
	bool is_new; /* it has changed at the last look, or may have since it was read */
};

/** An interface whose clients are checked by revocation lists. */
struct clients {
	char *interface, *psk, *ca, *denied;
	struct file crl;
	struct clients *next;
};

struct server_renewal {
	struct ev_timer timer;
	struct file pair[2]; /* certificate and key */
	struct clients *clients;
	struct file limits;
};

/* --- looking --- */

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same(const struct sight *a, const struct sight *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size && same_time(&a->modified, &b->modified) &&
	       same_time(&a->changed, &b->changed);
}

/** @return whether the file is another than at the last look. */
static bool look(struct file *f)
{
	struct sight now = {.ino = 0};
	struct stat st;
	bool changed;

	if (!f->name)
		return false;
	if (stat(f->name, &st) == 0)
		now = (struct sight){st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim};
	changed = !same(&now, &f->last);
	f->last = now;
	return changed;
}

/** Look for the first time: the file may have changed since it was read, at the start or a reload. */
static void begin(struct file *f)
{
	look(f);
	f->is_new = f->last.changed.tv_sec >= time(NULL) - SERVER_RENEWAL_UNSURE;
}

/** Look at files that are taken together.  @return whether to take them: none has changed since one did. */
static bool settled(struct file *files, unsigned count)
{
	bool was_new = false, is_new = false;

	for (unsigned n = 0; n < count; n++) {
		was_new |= files[n].is_new;
		files[n].is_new = look(&files[n]);
		is_new |= files[n].is_new;
	}
	return was_new && !is_new;
}

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
	char error[TSCF_PROOF_ERROR];
	struct admission a = {c->interface, tscf_client_auth_read(c->psk, c->ca, c->denied, c->crl.name, error)};

	if (!a.client_auth) {
		tscf_error("interface %s: %s; what was read before stays in use", c->interface, error);
		return;
	}
	server_workers_each(server, admit, &a);
	tscf_client_auth_drop(a.client_auth);
	tscf_info("interface %s: the changed revocation lists are in use: %s", c->interface, c->crl.name);
}

static void clients_free(struct clients *c)
{
	if (!c)
		return;
	free(c->interface);
	free(c->psk);
	free(c->ca);
	free(c->denied);
	free(c->crl.name);
	free(c);
}

/** @return a copy of @p text, which may be NULL; *failed is set if there is no memory. */
static char *copy(const char *text, bool *failed)
{
	char *own = text ? strdup(text) : NULL;

	*failed |= text && !own;
	return own;
}

static struct clients *clients_new(const struct server_interface_config *i)
{
	struct clients *c = calloc(1, sizeof(*c));
	bool failed = false;

	if (!c)
		return NULL;
	c->interface = copy(i->name, &failed);
	c->psk = copy(i->psk_file, &failed);
	c->ca = copy(i->client_ca, &failed);
	c->denied = copy(i->denied_clients, &failed);
	c->crl.name = copy(i->client_crl, &failed);
	if (failed) {
		clients_free(c);
		return NULL;
	}
	begin(&c->crl);
	return c;
}

/* --- certificate and key --- */

static void watch_pair(struct server *server, struct server_renewal *r, const struct server_config *config)
{
	struct server_certificate_files files;
	bool failed = false;
	int own = server_certificate_files_find(&files, config, server->config->state_dir);

	if (own < 0)
		return;
	r->pair[0].name = copy(files.cert, &failed);
	r->pair[1].name = copy(files.key, &failed);
	for (unsigned n = 0; n < 2; n++) {
		begin(&r->pair[n]);
		/* The server may have made that pair itself, a moment ago. */
		r->pair[n].is_new &= own == 0;
	}
}

/** They are replaced one after the other: while they do not match, the pair of before stays. */
static void look_at_pair(struct server *server, struct server_renewal *r)
{
	const struct server_certificate_files files = {.cert = r->pair[0].name, .key = r->pair[1].name};

	if (settled(r->pair, 2) && files.cert && files.key && server_certificate_renew(server, &files) < 0)
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
		if (settled(&c->crl, 1))
			take_clients(server, c);
	if (settled(&r->limits, 1))
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
	free(r->pair[0].name);
	free(r->pair[1].name);
	free(r->limits.name);
	while ((c = r->clients) != NULL) {
		r->clients = c->next;
		clients_free(c);
	}
	free(r);
}

/** @return whether there is memory for all. */
static bool add_all(struct server_renewal *r, const struct server_config *config)
{
	bool failed = false;

	r->limits.name = copy(config->client_limits_file, &failed);
	begin(&r->limits);
	if (failed)
		return false;
	for (const struct server_interface_config *i = config->interfaces; i; i = i->next) {
		struct clients *c = i->enabled && i->client_crl ? clients_new(i) : NULL;

		if (c) {
			c->next = r->clients;
			r->clients = c;
		} else if (i->enabled && i->client_crl) {
			return false;
		}
	}
	return true;
}

void server_renewal_follow(struct server *server, const struct server_config *config)
{
	struct server_renewal *r = calloc(1, sizeof(*r));

	server_renewal_stop(server);
	if (!r || !add_all(r, config))
		tscf_error("out of memory: changed files are taken only at a reload");
	if (!r)
		return;
	server->renewal = r;
	watch_pair(server, r, config);
	ev_timer_init(&r->timer, on_time, SERVER_RENEWAL_MS / 1e3, SERVER_RENEWAL_MS / 1e3);
	r->timer.data = r;
	ev_timer_start(server->loop, &r->timer);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/renewal.h"

#include "common/base/log.h"
#include "common/crypto/crypto.h"
#include "tscf-client/sockets/searches.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STAYS "what was read before stays in use"
/** A look that takes so long is said. */
#define HANGS_MS 10000

/* --- reading --- */

/* What the settings name is read into *out, or nothing.  @return whether it can be used; if not, `error` says why. */
static bool read_credential(const struct client_config *config, struct tscf_credential **out, char *error)
{
	*out = NULL;
	if (!config->cert && !config->psk_file)
		return true;
	*out = config->cert ? tscf_credential_certificate(config->cert, config->key, error)
			    : tscf_credential_psk(config->psk_file, config->psk_identity, error);
	return *out != NULL;
}

static bool read_lists(const struct client_config *config, struct tscf_server_crl **out, char *error)
{
	*out = config->ca_crl ? tscf_server_crl_read(config->ca_crl, config->ca, error) : NULL;
	return *out != NULL || !config->ca_crl;
}

static void take_credential(struct renewal *r, struct tscf_credential *fresh)
{
	tscf_credential_drop(r->credential);
	r->credential = fresh;
}

static void take_lists(struct renewal *r, struct tscf_server_crl *fresh)
{
	tscf_server_crl_free(r->crl);
	r->crl = fresh;
}

int renewal_read(const struct client_config *config, struct renewal_read *out)
{
	char error[TSCF_PROOF_ERROR];
	*out = (struct renewal_read){.credential = NULL};
	if (read_credential(config, &out->credential, error) && read_lists(config, &out->crl, error))
		return 0;
	renewal_read_free(out);
	tscf_error("%s", error);
	return -EINVAL;
}

void renewal_read_free(struct renewal_read *read)
{
	tscf_credential_drop(read->credential);
	tscf_server_crl_free(read->crl);
	*read = (struct renewal_read){.credential = NULL};
}

/* --- files that change --- */

/** A look at the files, in a thread. */
struct renewal_look {
	struct search search;
	struct renewal *renewal;
	const struct client_config *config;
	struct tscf_renewed_file own[RENEWAL_OWN], lists;
	bool own_changed, lists_changed;
	struct renewal_read read; /* NULL: that cannot be used, for the reason below */
	char own_error[TSCF_PROOF_ERROR], lists_error[TSCF_PROOF_ERROR];
};

static void work(struct search *search)
{
	struct renewal_look *look = (struct renewal_look *)search;
	look->own_changed = tscf_renewed_files_settled(look->own, RENEWAL_OWN);
	if (look->own_changed)
		read_credential(look->config, &look->read.credential, look->own_error);
	look->lists_changed = tscf_renewed_files_settled(&look->lists, 1);
	if (look->lists_changed)
		read_lists(look->config, &look->read.crl, look->lists_error);
	tscf_crypto_thread_end();
}

static void renew_credential(struct renewal *r, struct renewal_look *look)
{
	if (!look->read.credential) {
		/* Certificate and key are replaced one after the other, and do not match in between. */
		tscf_warning("%s; " STAYS, look->own_error);
		return;
	}
	take_credential(r, look->read.credential);
	look->read.credential = NULL;
	if (r->config->cert)
		tscf_info("the changed certificate is shown to servers from now on: %s", r->config->cert);
	else
		tscf_info("the changed pre-shared key is used from now on: %s", r->config->psk_file);
	r->credential_changed(r->context);
}

static void renew_lists(struct renewal *r, struct renewal_look *look)
{
	if (!look->read.crl) {
		tscf_error("%s; " STAYS, look->lists_error);
		return;
	}
	take_lists(r, look->read.crl);
	look->read.crl = NULL;
	tscf_info("the changed revocation lists are in use: %s", r->config->ca_crl);
	r->lists_changed(r->context);
}

/** Whose the watched files are changes, from @p from to @p to. */
static void pass_files(struct tscf_renewed_file from[RENEWAL_OWN], struct tscf_renewed_file *from_lists,
		       struct tscf_renewed_file to[RENEWAL_OWN], struct tscf_renewed_file *to_lists)
{
	for (unsigned n = 0; n < RENEWAL_OWN; n++) {
		to[n] = from[n];
		from[n] = (struct tscf_renewed_file){.name = NULL};
	}
	*to_lists = *from_lists;
	*from_lists = (struct tscf_renewed_file){.name = NULL};
}

static void over(struct search *search)
{
	struct renewal_look *look = (struct renewal_look *)search;
	struct renewal *r = look->renewal;
	pass_files(look->own, &look->lists, r->own, &r->lists);
	r->look = NULL;
	r->hangs = false;
	r->look_at = tscf_timers_now(r->timers) + TSCF_RENEWAL_MS;
	if (look->own_changed)
		renew_credential(r, look);
	if (look->lists_changed)
		renew_lists(r, look);
}

static void end_files(struct tscf_renewed_file own[RENEWAL_OWN], struct tscf_renewed_file *lists)
{
	for (unsigned n = 0; n < RENEWAL_OWN; n++)
		tscf_renewed_file_end(&own[n]);
	tscf_renewed_file_end(lists);
}

static void free_look(struct search *search)
{
	struct renewal_look *look = (struct renewal_look *)search;
	end_files(look->own, &look->lists);
	renewal_read_free(&look->read);
	free(look);
}

static void begin_look(struct renewal *r)
{
	struct renewal_look *look = calloc(1, sizeof(*look));
	r->look_at = tscf_timers_now(r->timers) + TSCF_RENEWAL_MS;
	if (!look)
		return;
	/* Another user than that of a reload, which does not wait for a look. */
	look->search = (struct search){.uid = SEARCHES_CLIENT, .work = work, .over = over, .free = free_look};
	look->renewal = r;
	look->config = r->config;
	pass_files(r->own, &r->lists, look->own, &look->lists);
	r->look = look;
	r->look_at = tscf_timers_now(r->timers) + HANGS_MS;
	searches_begin(*r->readers, &look->search);
}

static void tick(void *context)
{
	struct renewal *r = context;
	if (!r->look) {
		begin_look(r);
		return;
	}
	r->hangs = true;
	tscf_warning("a file of cert, key, psk-file or ca-crl cannot be read: changes of these files wait");
}

static uint64_t next_due(const void *context)
{
	const struct renewal *r = context;
	if (r->look)
		return r->hangs ? UINT64_MAX : r->look_at;
	return r->own[RENEWAL_CERTIFICATE].name || r->own[RENEWAL_PSK].name || r->lists.name ? r->look_at : UINT64_MAX;
}

/* --- start, reload, stop --- */

int renewal_start(struct renewal *r)
{
	const struct client_config *config = r->config;
	struct renewal_read read;
	int error = renewal_read(config, &read);
	if (error < 0)
		return error;
	r->credential = read.credential;
	r->crl = read.crl;
	if (tscf_renewed_file_begin(&r->own[RENEWAL_CERTIFICATE], config->cert) < 0 ||
	    tscf_renewed_file_begin(&r->own[RENEWAL_KEY], config->key) < 0 ||
	    tscf_renewed_file_begin(&r->own[RENEWAL_PSK], config->psk_file) < 0 ||
	    tscf_renewed_file_begin(&r->lists, config->ca_crl) < 0)
		return -ENOMEM;
	r->look_at = tscf_timers_now(r->timers) + TSCF_RENEWAL_MS;
	tscf_timers_add(r->timers, &r->timer, next_due, tick, r);
	return 0;
}

void renewal_take(struct renewal *r, struct renewal_read *fresh)
{
	take_credential(r, fresh->credential);
	take_lists(r, fresh->crl);
	*fresh = (struct renewal_read){.credential = NULL};
	r->credential_changed(r->context);
	if (r->crl)
		r->lists_changed(r->context);
}

void renewal_stop(struct renewal *r)
{
	end_files(r->own, &r->lists);
	take_credential(r, NULL);
	take_lists(r, NULL);
}

/* --- servers --- */

const char *renewal_check_server(void *context, const struct tscf_chain_link *links, unsigned count)
{
	const struct renewal *r = context;
	return tscf_server_crl_check(r->crl, links, count);
}

bool renewal_revokes(const struct renewal *r, const uint8_t *chain, size_t length)
{
	return r->crl && chain && tscf_server_crl_revokes(r->crl, chain, length);
}

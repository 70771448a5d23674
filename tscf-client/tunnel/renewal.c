/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/renewal.h"

#include "common/base/log.h"

#include <errno.h>
#include <string.h>

#define STAYS "what was read before stays in use"

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

/* --- files that change --- */

static void renew_credential(struct renewal *r)
{
	struct tscf_credential *fresh;
	char error[TSCF_PROOF_ERROR];
	if (!read_credential(r->config, &fresh, error)) {
		/* Certificate and key are replaced one after the other, and do not match in between. */
		tscf_warning("%s; " STAYS, error);
		return;
	}
	take_credential(r, fresh);
	if (r->config->cert)
		tscf_info("the changed certificate is shown to servers from now on: %s", r->config->cert);
	else
		tscf_info("the changed pre-shared key is used from now on: %s", r->config->psk_file);
	r->credential_changed(r->context);
}

static void renew_lists(struct renewal *r)
{
	struct tscf_server_crl *fresh;
	char error[TSCF_PROOF_ERROR];
	if (!read_lists(r->config, &fresh, error)) {
		tscf_error("%s; " STAYS, error);
		return;
	}
	take_lists(r, fresh);
	tscf_info("the changed revocation lists are in use: %s", r->config->ca_crl);
	r->lists_changed(r->context);
}

static void tick(void *context)
{
	struct renewal *r = context;
	r->look_at = tscf_timers_now(r->timers) + TSCF_RENEWAL_MS;
	if (tscf_renewed_files_settled(r->own, RENEWAL_OWN))
		renew_credential(r);
	if (tscf_renewed_files_settled(&r->lists, 1))
		renew_lists(r);
}

static uint64_t next_due(const void *context)
{
	const struct renewal *r = context;
	return r->own[RENEWAL_CERTIFICATE].name || r->own[RENEWAL_PSK].name || r->lists.name ? r->look_at : UINT64_MAX;
}

/* --- start, reload, stop --- */

int renewal_check(const struct client_config *config)
{
	struct tscf_credential *credential = NULL;
	struct tscf_server_crl *lists = NULL;
	char error[TSCF_PROOF_ERROR];
	bool usable = read_credential(config, &credential, error) && read_lists(config, &lists, error);
	if (!usable)
		tscf_error("%s", error);
	tscf_credential_drop(credential);
	tscf_server_crl_free(lists);
	return usable ? 0 : -EINVAL;
}

int renewal_start(struct renewal *r)
{
	const struct client_config *config = r->config;
	char error[TSCF_PROOF_ERROR];
	if (!read_credential(config, &r->credential, error) || !read_lists(config, &r->crl, error)) {
		tscf_error("%s", error);
		return -EINVAL;
	}
	if (tscf_renewed_file_begin(&r->own[RENEWAL_CERTIFICATE], config->cert) < 0 ||
	    tscf_renewed_file_begin(&r->own[RENEWAL_KEY], config->key) < 0 ||
	    tscf_renewed_file_begin(&r->own[RENEWAL_PSK], config->psk_file) < 0 ||
	    tscf_renewed_file_begin(&r->lists, config->ca_crl) < 0)
		return -ENOMEM;
	r->look_at = tscf_timers_now(r->timers) + TSCF_RENEWAL_MS;
	tscf_timers_add(r->timers, &r->timer, next_due, tick, r);
	return 0;
}

int renewal_reload(struct renewal *r)
{
	struct tscf_credential *credential;
	struct tscf_server_crl *lists = NULL;
	char error[TSCF_PROOF_ERROR];
	if (!read_credential(r->config, &credential, error) || !read_lists(r->config, &lists, error)) {
		tscf_credential_drop(credential);
		tscf_error("%s; " STAYS, error);
		return -EINVAL;
	}
	take_credential(r, credential);
	take_lists(r, lists);
	r->credential_changed(r->context);
	if (r->crl)
		r->lists_changed(r->context);
	return 0;
}

void renewal_stop(struct renewal *r)
{
	for (unsigned n = 0; n < RENEWAL_OWN; n++)
		tscf_renewed_file_end(&r->own[n]);
	tscf_renewed_file_end(&r->lists);
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

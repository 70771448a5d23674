/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/enrolment.h"

#include "common/base/log.h"
#include "tscf-client/tunnel/connector.h"

#include <string.h>

/** @return the key share that goes with a one-time invitation; NULL: there is none, or it has been used. */
static const struct tscf_share *invited_share(const struct connector_try *try)
{
	const struct tscf_credential *credential = try->proving.credential;
	return credential ? tscf_credential_share(credential) : NULL;
}

int enrolment_offer(struct connector_try *try, struct tscf_writer *w)
{
	const struct tscf_share *share = invited_share(try);
	/* Before it is asked who it is, the client does not show the invitation. */
	try->enrolling = share && try->proving.must_prove;
	if (!try->enrolling)
		return tscf_offer_write(&try->offer, w);
	tscf_offer_write_share(&try->offer, share, w);
	return 0;
}

const char *enrolment_take(struct connector_try *try)
{
	const char *file = try->connector->config->psk_file;
	uint8_t lasting[TSCF_LASTING_KEY_SIZE];
	if (!try->enrolling)
		return "the server gives a key that was not asked for";
	/* Another try may have got the key before. */
	if (!invited_share(try))
		return NULL;
	const char *reason = tscf_agreement_take(&try->offer, &try->response, try->proving.key, lasting);
	if (reason)
		return reason;
	int error = tscf_credential_enrolled(try->proving.credential, file, lasting);
	explicit_bzero(lasting, sizeof(lasting));
	if (error == 0)
		tscf_info("the invitation is used: this client has a key of its own, in %s", file);
	else
		tscf_warning("%s: the lasting key cannot be written: %s; the next run gets it again", file,
			     strerror(-error));
	return NULL;
}

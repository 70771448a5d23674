/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/auth/server_crl.h"

#include "common/auth/ca_store.h"
#include "common/auth/crl_store.h"
#include "common/auth/refusal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct tscf_server_crl {
	struct tscf_ca_store cas;
	struct tscf_crl_store *lists;
};

struct tscf_server_crl *tscf_server_crl_read(const char *file, const char *ca_file, char *error)
{
	struct tscf_server_crl *c = calloc(1, sizeof(*c));
	int err = c ? tscf_ca_store_read(&c->cas, ca_file) : -ENOMEM;

	if (err == 0)
		c->lists = tscf_crl_store_read(file, &c->cas, error);
	else
		snprintf(error, TSCF_PROOF_ERROR, "%s: %s", ca_file,
			 err == -EINVAL ? "holds no certificate of a CA in PEM" : strerror(-err));
	if (c && c->lists)
		return c;
	tscf_server_crl_free(c);
	return NULL;
}

void tscf_server_crl_free(struct tscf_server_crl *c)
{
	if (!c)
		return;
	tscf_crl_store_free(c->lists);
	tscf_ca_store_free(&c->cas);
	free(c);
}

const char *tscf_server_crl_check(struct tscf_server_crl *c, const struct tscf_chain_link *links, unsigned count)
{
	uint8_t signer[TSCF_PIN_SIZE];
	struct tscf_chain_link ca;
	const char *why = tscf_ca_store_verify(&c->cas, links, count, signer);

	if (why)
		return why;
	return tscf_ca_store_find(&c->cas, signer, &ca) ? tscf_crl_store_check(c->lists, links, count, &ca, time(NULL))
							: TSCF_REFUSAL_UNKNOWN_CA;
}

bool tscf_server_crl_revokes(struct tscf_server_crl *c, const uint8_t *chain, size_t length)
{
	struct tscf_chain_link links[TSCF_CHAIN_LINKS];
	unsigned count = tscf_chain_split(chain, length, links);
	const char *why = count > 0 ? tscf_server_crl_check(c, links, count) : NULL;

	return why && strcmp(why, TSCF_REFUSAL_REVOKED) == 0;
}

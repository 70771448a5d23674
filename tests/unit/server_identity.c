/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/server_identity.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct tscf_identity *server_identity_make(char *pin)
{
	char folder[] = "/tmp/tscf-identity-XXXXXX", cert[64], key[64], error[TSCF_TLS_ERROR];
	struct tscf_identity *identity;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(cert, sizeof(cert), "%s/crt", folder);
	snprintf(key, sizeof(key), "%s/key", folder);
	ck_assert_int_eq(tscf_tls_make_identity(cert, key, "server.example", error), 0);
	identity = tscf_identity_read(cert, key, error, sizeof(error));
	ck_assert_msg(identity != NULL, "%s", error);
	if (pin)
		ck_assert_int_eq(tscf_tls_pin_of_file(cert, pin), 0);
	unlink(cert);
	unlink(key);
	rmdir(folder);
	return identity;
}

uint32_t server_identity_refuse(struct tscf_identity *identity, const struct tscf_message *m, const uint8_t *psk,
				struct tscf_writer *t)
{
	struct tscf_seal unused;
	int length = tscf_agreement_answer(identity, m, psk, t, &unused);

	ck_assert_int_gt(length, 0);
	return (uint32_t)length;
}

void server_identity_write_chain(struct tscf_identity *identity, const struct tscf_message *m, struct tscf_writer *t)
{
	struct tscf_chain_part part;
	struct tscf_tlv tlv;

	ck_assert(tscf_message_find(m, TSCF_TLV_CHAIN_PART, &tlv));
	ck_assert_int_eq(tscf_tlv_chain_part(&tlv, &part), 0);
	part = tscf_identity_part(identity, part.offset, 200);
	tscf_write_chain_part(t, &part);
}

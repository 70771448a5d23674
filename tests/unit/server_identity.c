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

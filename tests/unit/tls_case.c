/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/tls_case.h"
#include "tests/unit/certs.h"
#include "tests/unit/runner.h"

#include <stdio.h>

char tls_case_pin[TSCF_PIN_TEXT];

void tls_case_prepare(void)
{
	static const struct certs_spec specs[] = {
	    {.name = "ca", .ca = true},
	    {.name = "other-ca", .ca = true},
	    {.name = "good", .issuer = "ca", .dns = {"vpn.example.org"}, .ip = "127.0.0.1"},
	    {.name = "expired", .issuer = "ca", .dns = {"vpn.example.org"}, .expired = true},
	    {.name = "self", .dns = {"vpn.example.org"}},
	    {.name = "phone", .issuer = "ca", .dns = {"vpn.example.org"}, .client = true},
	    {.name = "weak", .issuer = "ca", .dns = {"vpn.example.org"}, .sha1 = true},
	};

	certs_make_directory();
	for (unsigned i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
		certs_make(&specs[i]);
}

struct tscf_tls *tls_case_server(const char *name)
{
	char cert[64], key[64], error[TSCF_TLS_ERROR];
	struct tscf_tls *tls;

	snprintf(cert, sizeof(cert), "%s.pem", name);
	snprintf(key, sizeof(key), "%s.key", name);
	ck_assert_int_eq(tscf_tls_pin_of_file(certs_path(cert), tls_case_pin), 0);
	tls = tscf_tls_server(certs_path(cert), certs_path(key), error);
	ck_assert_msg(tls != NULL, "%s", error);
	return tls;
}

struct tscf_tls *tls_case_client(const char *ca, const char *name, const char *pin)
{
	char error[TSCF_TLS_ERROR];
	struct tscf_tls *tls = tscf_tls_client(ca ? certs_path(ca) : NULL, name, pin, error);

	ck_assert_msg(tls != NULL, "%s", error);
	return tls;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Revocation lists: what is read, what is refused, and who is let in with them. */
#include "common/auth/crl_store.h"
#include "common/auth/server_crl.h"
#include "common/tls/crl.h"
#include "tests/unit/certs.h"
#include "tests/unit/runner.h"

#include <nettle/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct tscf_ca_store cas;
static char error[TSCF_PROOF_ERROR];
static uint8_t ders[3][4096];
static struct tscf_chain_link links[3]; /* phone, middle; and the CA */
static struct tscf_chain_link ca;

static void make_all(void)
{
	static const struct certs_spec specs[] = {{.name = "ca", .ca = true},
						  {.name = "other", .ca = true},
						  {.name = "middle", .issuer = "ca", .ca = true},
						  {.name = "phone", .issuer = "middle"},
						  {.name = "direct", .issuer = "ca"}};

	certs_make_directory();
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
		certs_make(&specs[i]);
}

static struct tscf_chain_link load(const char *name, uint8_t *der)
{
	return (struct tscf_chain_link){.der = der, .length = (size_t)certs_der(name, der, 4096)};
}

static void setup(void)
{
	ck_assert_int_eq(tscf_ca_store_read(&cas, certs_path("ca.pem")), 0);
	links[0] = load("phone", ders[0]);
	links[1] = load("middle", ders[1]);
	ca = load("ca", ders[2]);
}

static void teardown(void)
{
	tscf_ca_store_free(&cas);
}

/** A file of these lists, as DER or PEM. */
static const char *write_lists(const struct certs_crl_spec *specs, unsigned count, bool pem)
{
	FILE *f = fopen(certs_path("lists"), "w");

	ck_assert_ptr_nonnull(f);
	for (unsigned i = 0; i < count; i++) {
		static char text[BASE64_ENCODE_RAW_LENGTH(4096) + 1];
		uint8_t der[4096];
		const size_t length = (size_t)certs_crl(&specs[i], der);

		memset(text, 0, sizeof(text));
		base64_encode_raw(text, length, der);
		if (pem)
			fprintf(f, "A list\n-----BEGIN X509 CRL-----\n%s\n-----END X509 CRL-----\n", text);
		else
			fwrite(der, 1, length, f);
	}
	fclose(f);
	return certs_path("lists");
}

static struct tscf_crl_store *read_lists(const struct certs_crl_spec *specs, unsigned count, bool pem)
{
	struct tscf_crl_store *s = tscf_crl_store_read(write_lists(specs, count, pem), &cas, error);

	ck_assert_msg(s != NULL, "%s", error);
	return s;
}

/** @return what is said of the phone, whose chain is two certificates long, with these lists. */
static const char *said(const struct certs_crl_spec *specs, unsigned count)
{
	struct tscf_crl_store *s = read_lists(specs, count, false);
	const char *why = tscf_crl_store_check(s, links, 2, &ca, time(NULL));

	/* The second time the signature is known. */
	ck_assert_ptr_eq(tscf_crl_store_check(s, links, 2, &ca, time(NULL)), why);
	tscf_crl_store_free(s);
	return why;
}

/* PEM or DER, in any order, old ones among them. */
START_TEST(checked)
{
	const struct certs_crl_spec good[] = {{.issuer = "ca", .expired = true},
					      {.issuer = "middle", .revoked = {"direct"}},
					      {.issuer = "other"},
					      {.issuer = "ca", .revoked = {"direct", "other"}}};
	struct tscf_crl_store *s = read_lists(good, 4, _i == 1);
	struct tscf_chain_link direct;
	uint8_t der[4096];

	ck_assert_ptr_null(tscf_crl_store_check(s, links, 2, &ca, time(NULL)));
	direct = load("direct", der);
	ck_assert_str_eq(tscf_crl_store_check(s, &direct, 1, &ca, time(NULL)), "the certificate has been revoked");
	tscf_crl_store_free(s);
}
END_TEST

START_TEST(refused)
{
	const struct {
		struct certs_crl_spec specs[2];
		const char *why;
	} cases[] = {
	    {{{.issuer = "ca"}, {.issuer = "other"}}, "there is no revocation list of the certificate's CA"},
	    {{{.issuer = "middle"}, {.issuer = "other"}}, "there is no revocation list of the certificate's CA"},
	    {{{.issuer = "ca"}, {.issuer = "middle", .expired = true}},
	     "the revocation list of the certificate's CA has expired"},
	    {{{.issuer = "ca", .early = true}, {.issuer = "middle"}},
	     "the revocation list of the certificate's CA is not valid yet"},
	    {{{.issuer = "ca"}, {.issuer = "middle", .signer = "other"}},
	     "the revocation list of the certificate's CA is not signed by it"},
	    {{{.issuer = "ca"}, {.issuer = "middle", .revoked = {"direct", "phone"}}},
	     "the certificate has been revoked"},
	    {{{.issuer = "ca", .revoked = {"middle"}}, {.issuer = "middle"}}, "the certificate has been revoked"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_str_eq(said(cases[i].specs, 2), cases[i].why);
}
END_TEST

static struct tscf_server_crl *read_of_server(const struct certs_crl_spec *specs, unsigned count)
{
	const char *file = write_lists(specs, count, true);
	struct tscf_server_crl *s = tscf_server_crl_read(file, certs_path("ca.pem"), error);

	ck_assert_msg(s != NULL, "%s", error);
	return s;
}

/* A client checks its server in the same way; the lists of its CA must be there. */
START_TEST(of_servers)
{
	const struct certs_crl_spec good[] = {{.issuer = "ca"}, {.issuer = "middle"}},
				    bad[] = {{.issuer = "ca"}, {.issuer = "middle", .revoked = {"phone"}}};
	struct tscf_server_crl *s = read_of_server(good, 2);
	uint8_t chain[8192];
	size_t length = 0;

	for (unsigned i = 0; i < 2; i++) {
		memcpy(chain + length, links[i].der, links[i].length);
		length += links[i].length;
	}
	ck_assert_pstr_eq(tscf_server_crl_check(s, links, 2), NULL);
	ck_assert(!tscf_server_crl_revokes(s, chain, length));
	tscf_server_crl_free(s);
	/* One that cannot be checked is refused, and not revoked. */
	s = read_of_server(good, 1);
	ck_assert_str_eq(tscf_server_crl_check(s, links, 2), "there is no revocation list of the certificate's CA");
	ck_assert(!tscf_server_crl_revokes(s, chain, length));
	tscf_server_crl_free(s);
	s = read_of_server(bad, 2);
	ck_assert_str_eq(tscf_server_crl_check(s, links, 2), "the certificate has been revoked");
	ck_assert(tscf_server_crl_revokes(s, chain, length));
	tscf_server_crl_free(s);
	ck_assert_ptr_null(tscf_server_crl_read(certs_path("none"), certs_path("ca.pem"), error));
	ck_assert_ptr_nonnull(strstr(error, "none: No such file"));
	ck_assert_ptr_null(tscf_server_crl_read(certs_path("lists"), certs_path("lists"), error));
	ck_assert_ptr_nonnull(strstr(error, "holds no certificate of a CA in PEM"));
}
END_TEST

/* Who is connected is found by what is noted of the certificates. */
START_TEST(later)
{
	const struct certs_crl_spec specs[] = {{.issuer = "ca"}, {.issuer = "middle", .revoked = {"phone"}}};
	struct tscf_client_name who = {.certificate_count = 2};
	struct tscf_cert_names names;
	struct tscf_crl_store *s;

	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(tscf_cert_names(links[i].der, links[i].length, &names), 0);
		tscf_revocation_id(&names, who.certificates[i]);
	}
	s = read_lists(specs, 2, false);
	ck_assert(tscf_crl_store_revokes(s, &who));
	who.certificates[0][0] ^= 1;
	ck_assert(!tscf_crl_store_revokes(s, &who));
	tscf_crl_store_free(s);
	s = read_lists(specs, 1, false);
	who.certificates[0][0] ^= 1;
	ck_assert(!tscf_crl_store_revokes(s, &who));
	tscf_crl_store_free(s);
}
END_TEST

static void unreadable(const struct certs_crl_spec *spec, const char *why)
{
	const char *file = write_lists(spec, 1, false);

	ck_assert_ptr_null(tscf_crl_store_read(file, &cas, error));
	ck_assert_msg(strstr(error, why) != NULL, "%s", error);
	ck_assert_ptr_nonnull(strstr(error, "lists: "));
}

START_TEST(bad_files)
{
	const struct certs_crl_spec good = {.issuer = "ca", .revoked = {"phone", "direct"}};
	uint8_t der[4096];
	FILE *f;
	int length;

	unreadable(&(struct certs_crl_spec){.issuer = "ca", .signer = "other"}, "is not signed by its CA");
	unreadable(&(struct certs_crl_spec){.issuer = "ca", .endless = true}, "does not say until when it is valid");
	unreadable(&(struct certs_crl_spec){.issuer = "ca", .critical = true}, "is not one for all certificates");
	ck_assert_ptr_null(tscf_crl_store_read("/nonexistent", &cas, error));
	ck_assert_str_eq(error, "/nonexistent: No such file or directory");
	ck_assert_ptr_null(tscf_crl_store_read(certs_path("ca.pem"), &cas, error));
	ck_assert_ptr_nonnull(strstr(error, "holds no revocation list"));
	length = certs_crl(&good, der);
	f = fopen(certs_path("lists"), "w");
	fwrite(der, 1, (size_t)length - 1, f);
	fclose(f);
	ck_assert_ptr_null(tscf_crl_store_read(certs_path("lists"), &cas, error));
	ck_assert_ptr_nonnull(strstr(error, "is malformed"));
	f = fopen(certs_path("lists"), "w");
	fputs("-----BEGIN X509 CRL-----\nMII!\n-----END X509 CRL-----\n", f);
	fclose(f);
	ck_assert_ptr_null(tscf_crl_store_read(certs_path("lists"), &cas, error));
	ck_assert_ptr_nonnull(strstr(error, "is not in base64"));
	f = fopen(certs_path("lists"), "w");
	fputs("-----BEGIN X509 CRL-----\nMII", f);
	fclose(f);
	ck_assert_ptr_null(tscf_crl_store_read(certs_path("lists"), &cas, error));
	ck_assert_ptr_nonnull(strstr(error, "is cut short"));
}
END_TEST

/* Cut or altered anywhere, it is read without harm, and no longer has the CA's signature. */
START_TEST(altered)
{
	const struct certs_crl_spec good = {.issuer = "ca", .revoked = {"phone", "direct"}};
	struct tscf_crl crl;
	uint8_t der[4096];
	const int length = certs_crl(&good, der);

	for (int i = 0; i < length; i++) {
		uint8_t *exact = malloc((size_t)i + 1);
		const uint8_t *at = exact;
		struct tscf_crl_store *s;
		size_t left = (size_t)i;
		FILE *f;

		memcpy(exact, der, (size_t)i);
		ck_assert_ptr_nonnull(tscf_crl_parse(&at, &left, &crl));
		free(exact);
		der[i] ^= 0x01;
		f = fopen(certs_path("lists"), "w");
		fwrite(der, 1, (size_t)length, f);
		fclose(f);
		/* With another issuer it is the list of a CA that is not known. */
		s = tscf_crl_store_read(certs_path("lists"), &cas, error);
		if (s) {
			tscf_crl_store_free(s);
			at = der;
			left = (size_t)length;
			ck_assert_ptr_null(tscf_crl_parse(&at, &left, &crl));
			ck_assert(i >= crl.issuer.at - der && i < crl.issuer.at - der + (int)crl.issuer.left);
		}
		der[i] ^= 0x01;
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("crl");
	TCase *t = tcase_create("crl");

	tcase_add_unchecked_fixture(t, make_all, certs_remove);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, checked, 0, 2);
	tcase_add_test(t, refused);
	tcase_add_test(t, of_servers);
	tcase_add_test(t, later);
	tcase_add_test(t, bad_files);
	tcase_add_test(t, altered);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

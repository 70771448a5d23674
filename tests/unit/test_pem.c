/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of several certificates, one of which is broken: the others count, and the log names the file and the number.
 */
#include "common/auth/ca_store.h"
#include "common/auth/identity.h"
#include "common/crypto/crypto.h"
#include "common/tls/tls_ca.h"
#include "tests/unit/certs.h"
#include "tests/unit/config_case.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static char first[4096], second[4096];

static void read_text(const char *name, char *text, size_t size)
{
	FILE *f = fopen(certs_path(name), "r");
	size_t length;

	ck_assert_ptr_nonnull(f);
	length = fread(text, 1, size - 1, f);
	ck_assert_uint_lt(length, size - 1);
	text[length] = '\0';
	fclose(f);
}

static void make_all(void)
{
	static const struct certs_spec specs[] = {
	    {.name = "first", .ca = true}, {.name = "second", .ca = true}, {.name = "phone", .issuer = "second"}};

	certs_make_directory();
	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++)
		certs_make(&specs[i]);
	read_text("first.pem", first, sizeof(first));
	read_text("second.pem", second, sizeof(second));
}

static void setup(void)
{
	ck_assert_int_eq(tscf_crypto_acquire(), 0);
}

static void teardown(void)
{
	tscf_crypto_release();
}

/* What is in the place of the second certificate. */
static const char *const broken[] = {
    "-----BEGIN CERTIFICATE-----\nthis is not base64 !\n-----END CERTIFICATE-----\n",
    "-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n",
    "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    "-----BEGIN CERTIFICATE-----\r\nTUlJ\r\nnobody has written its end\r\n",
};
#define BROKEN (int)(sizeof(broken) / sizeof(*broken))

static const char *write_file(const char *middle, const char *last)
{
	const char *path = certs_path("several");
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fprintf(f, "The first one:\n%s\n# the second one\n%s\nand the third one\n%s\nno newline at the end", first,
		middle, last);
	fclose(f);
	return path;
}

static void expect_warning(const char *log, const char *path, unsigned number)
{
	char text[600];

	snprintf(text, sizeof(text), "warning: %s: certificate %u ", path, number);
	ck_assert_msg(strstr(log, text) != NULL, "expected '%s', logged '%s'", text, log);
	ck_assert_ptr_null(strstr(strstr(log, text) + 1, "warning"));
}

START_TEST(cas_of_a_client)
{
	struct tscf_tls_cas cas = {0};
	const char *path = write_file(broken[_i], second);
	int error;

	capture_begin();
	error = tscf_tls_cas_read(&cas, path);
	expect_warning(capture_end(), path, 2);
	ck_assert_int_eq(error, 0);
	ck_assert_uint_eq(cas.count, 2);
	tscf_tls_cas_free(&cas);
}
END_TEST

START_TEST(cas_of_a_server)
{
	struct tscf_ca_store store = {0};
	const char *path = write_file(broken[_i], second);
	uint8_t der[4096], signer[TSCF_PIN_SIZE];
	struct tscf_chain_link link = {.der = der, .length = (size_t)certs_der("phone", der, sizeof(der))};
	int error;

	capture_begin();
	error = tscf_ca_store_read(&store, path);
	expect_warning(capture_end(), path, 2);
	ck_assert_int_eq(error, 0);
	ck_assert_uint_eq(store.count, 2);
	ck_assert_pstr_eq(tscf_ca_store_verify(&store, &link, 1, signer), NULL);
	tscf_ca_store_free(&store);
}
END_TEST

/* A chain is not shown to clients with a hole in it. */
START_TEST(chain_of_a_server)
{
	char error[256];
	const char *path = write_file(broken[_i], second);

	capture_begin();
	ck_assert_ptr_null(tscf_identity_read(path, certs_path("first.key"), error, sizeof(error)));
	expect_warning(capture_end(), path, 2);
	ck_assert_ptr_nonnull(strstr(error, "several: holds a certificate that cannot be read"));
}
END_TEST

/* A certificate that is read, but of a key that is too short: RSA, 512 bits. */
static const char short_key[] = "-----BEGIN CERTIFICATE-----\n"
				"MIIBeTCCASOgAwIBAgIUQRk06FZ5mfF+MnkJ6PGMGpKqluIwDQYJKoZIhvcNAQEL\n"
				"BQAwEDEOMAwGA1UEAwwFc2hvcnQwIBcNMjYxMTI5MTQwMzIyWhgPMjEyNjExMDUx\n"
				"NDAzMjJaMBAxDjAMBgNVBAMMBXNob3J0MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJB\n"
				"AKr6lJ2eFrrfm0z7gx0dA8ihMIiq35/ap4PvTiGJ8B7N/UwwcX3LEoJJ6lSCi9jo\n"
				"/cZWHqqeCGpw8wa9XpDT9PUCAwEAAaNTMFEwHQYDVR0OBBYEFF2i/sfJcBw948FQ\n"
				"dXF+qQ3V87c/MB8GA1UdIwQYMBaAFF2i/sfJcBw948FQdXF+qQ3V87c/MA8GA1Ud\n"
				"EwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADQQB09BvPVvoQwSDFQfSJ9qMivYfb\n"
				"tN278ROO1diHfuzpbsY8MTaHBsEQRncJBxasDVELJ2rcR0TqtMa3V+rt9g6T\n"
				"-----END CERTIFICATE-----\n";

START_TEST(refused_ca)
{
	struct tscf_tls_cas cas = {0};
	struct tscf_ca_store store = {0};
	const char *path = write_file(short_key, second);

	capture_begin();
	ck_assert_int_eq(tscf_tls_cas_read(&cas, path), 0);
	expect_warning(capture_end(), path, 2);
	ck_assert_uint_eq(cas.count, 2);
	capture_begin();
	ck_assert_int_eq(tscf_ca_store_read(&store, path), 0);
	expect_warning(capture_end(), path, 2);
	ck_assert_uint_eq(store.count, 2);
	tscf_tls_cas_free(&cas);
	tscf_ca_store_free(&store);
}
END_TEST

static int stop(void *context, const struct tscf_pem_certificate *one)
{
	unsigned *calls = context;

	ck_assert_uint_eq(one->number, ++*calls);
	return -ECANCELED;
}

START_TEST(ends_when_told)
{
	unsigned calls = 0;

	ck_assert_int_eq(tscf_pem_each(write_file(second, second), stop, &calls), -ECANCELED);
	ck_assert_uint_eq(calls, 1);
	ck_assert_int_eq(tscf_pem_each("/nonexistent", stop, &calls), -ENOENT);
	ck_assert_int_eq(tscf_pem_each(certs_path("first.key"), stop, &calls), 0);
	ck_assert_uint_eq(calls, 1);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("pem");
	TCase *t = tcase_create("pem");

	tcase_add_unchecked_fixture(t, make_all, certs_remove);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, cas_of_a_client, 0, BROKEN);
	tcase_add_loop_test(t, cas_of_a_server, 0, BROKEN);
	tcase_add_loop_test(t, chain_of_a_server, 0, BROKEN);
	tcase_add_test(t, refused_ca);
	tcase_add_test(t, ends_when_told);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates: names, pins, identities made by ourselves, and contexts that say what is wrong with their files. */
#include "common/base/log.h"
#include "common/crypto/crypto.h"
#include "common/tls/cert.h"
#include "common/tls/tls_context.h"
#include "common/tls/tls_dates.h"

#include "tests/unit/certs.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The 32 bytes 0, 1 .. 31. */
#define PIN_TEXT "sha256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static char error[TSCF_TLS_ERROR];

static void setup(void)
{
	ck_assert_int_eq(tscf_crypto_acquire(), 0);
	certs_clear();
}

static void teardown(void)
{
	tscf_crypto_release();
}

static bool dns_matches(const char *pattern, const char *name)
{
	return tscf_cert_dns_matches(pattern, strlen(pattern), name);
}

START_TEST(dns_names_match_as_in_rfc6125)
{
	ck_assert(dns_matches("vpn.example.org", "vpn.example.org"));
	ck_assert(dns_matches("VPN.example.org", "vpn.EXAMPLE.org"));
	ck_assert(dns_matches("vpn.example.org", "vpn.example.org."));
	ck_assert(dns_matches("*.example.org", "vpn.example.org"));
	ck_assert(!dns_matches("*.example.org", "example.org"));
	ck_assert(!dns_matches("*.example.org", ".example.org"));
	ck_assert(!dns_matches("*.example.org", "a.b.example.org"));
	ck_assert(!dns_matches("*.org", "example.org"));
	ck_assert(!dns_matches("*.", "example."));
	ck_assert(!dns_matches("*", "example"));
	ck_assert(!dns_matches("v*.example.org", "vpn.example.org"));
	ck_assert(!dns_matches("vpn.*.org", "vpn.example.org"));
	ck_assert(!dns_matches("vpn.example.org", "vpn.example.orgs"));
	ck_assert(!dns_matches("vpn.example.orgs", "vpn.example.org"));
	ck_assert(!dns_matches("", ""));
	ck_assert(!tscf_cert_dns_matches("vpn.example.org\0.evil.org", 25, "vpn.example.org"));
}
END_TEST

START_TEST(certificates_are_for_their_names)
{
	static const struct certs_spec spec = {
	    .name = "common", .dns = {"vpn.example.org", "*.example.net"}, .ip = "192.0.2.7"};
	unsigned char der[4096];
	size_t length;

	certs_make(&spec);
	length = (size_t)certs_der("common", der, sizeof(der));
	ck_assert(tscf_cert_is_for(der, length, "vpn.example.org"));
	ck_assert(tscf_cert_is_for(der, length, "a.example.net"));
	ck_assert(tscf_cert_is_for(der, length, "192.0.2.7"));
	ck_assert(!tscf_cert_is_for(der, length, "192.0.2.8"));
	ck_assert(!tscf_cert_is_for(der, length, "example.net"));
	ck_assert(!tscf_cert_is_for(der, length, "2001:db8::7"));
	/* Not by its common name. */
	ck_assert(!tscf_cert_is_for(der, length, "common"));
	ck_assert(!tscf_cert_is_for(der, 10, "vpn.example.org"));
}
END_TEST

START_TEST(ip_addresses_are_no_dns_names)
{
	static const struct certs_spec v6 = {.name = "v6", .ip = "2001:db8::7"};
	static const struct certs_spec text = {.name = "text", .dns = {"192.0.2.7"}};
	unsigned char der[4096];
	size_t length;

	certs_make(&v6);
	length = (size_t)certs_der("v6", der, sizeof(der));
	ck_assert(tscf_cert_is_for(der, length, "2001:db8:0::7"));
	ck_assert(!tscf_cert_is_for(der, length, "2001:db8::8"));
	certs_make(&text);
	length = (size_t)certs_der("text", der, sizeof(der));
	ck_assert(!tscf_cert_is_for(der, length, "192.0.2.7"));
}
END_TEST

START_TEST(pins_are_read_and_written)
{
	uint8_t digest[TSCF_PIN_SIZE];
	char text[TSCF_PIN_TEXT];

	ck_assert_int_eq(tscf_pin_parse(PIN_TEXT, digest), 0);
	for (unsigned i = 0; i < TSCF_PIN_SIZE; i++)
		ck_assert_uint_eq(digest[i], i);
	ck_assert_str_eq(tscf_pin_format(digest, text), PIN_TEXT);
	ck_assert(tscf_tls_pin_valid(PIN_TEXT));
	ck_assert(!tscf_tls_pin_valid(""));
	ck_assert(!tscf_tls_pin_valid("sha256:"));
	ck_assert(!tscf_tls_pin_valid("sha1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="));
	ck_assert(!tscf_tls_pin_valid("sha256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"));
	ck_assert(!tscf_tls_pin_valid("sha256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=="));
	ck_assert(!tscf_tls_pin_valid("sha256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8!"));
	ck_assert(!tscf_tls_pin_valid("sha256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIj"));
}
END_TEST

/* A certificate of "openssl req -x509", and its pin by "openssl x509 -pubkey | openssl pkey -pubin -outform der |
 * openssl sha256". */
START_TEST(a_pin_is_that_of_openssl)
{
	static const char pem[] = "-----BEGIN CERTIFICATE-----\n"
				  "MIIBiTCCAS+gAwIBAgIUIoxMcproq7i/03EsiOjPD1HVvv8wCgYIKoZIzj0EAwIw\n"
				  "GjEYMBYGA1UEAwwPdnBuLmV4YW1wbGUub3JnMB4XDTI2MTEyMjExMTE1N1oXDTM2\n"
				  "MTExOTExMTE1N1owGjEYMBYGA1UEAwwPdnBuLmV4YW1wbGUub3JnMFkwEwYHKoZI\n"
				  "zj0CAQYIKoZIzj0DAQcDQgAE6/VaEBA+Y9aLGuJwQWNGrToD3N3OwCHbGTMtcUcG\n"
				  "FKNg8cKppcmSYecqTI1+IwDtxBFtmNCiMtbrbey4m7VNhKNTMFEwHQYDVR0OBBYE\n"
				  "FH30qnxsVgP7k7eZeYHInj+RiT6QMB8GA1UdIwQYMBaAFH30qnxsVgP7k7eZeYHI\n"
				  "nj+RiT6QMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAJo9SUcS\n"
				  "nMplbc/pM0yZ1yjitSQuuJ44NcQEMo2XZHdFAiBw9bbnUfGs+dRwllyqVtlXmqTa\n"
				  "LJW4A4lrIstHvd0AAQ==\n"
				  "-----END CERTIFICATE-----\n";
	char pin[TSCF_PIN_TEXT];
	FILE *f = fopen(certs_path("openssl.pem"), "w");

	ck_assert_ptr_nonnull(f);
	fputs(pem, f);
	fclose(f);
	ck_assert_int_eq(tscf_tls_pin_of_file(certs_path("openssl.pem"), pin), 0);
	ck_assert_str_eq(pin, "sha256:fBTrAjok923cxFUtdDR+GBcoseHDdIW+au8xwgMw7vA=");
	ck_assert_int_eq(tscf_tls_pin_of_file(certs_path("none.pem"), pin), -ENOENT);
	ck_assert_int_eq(tscf_tls_pin_of_file("/etc/passwd", pin), -EINVAL);
}
END_TEST

/* Bytes behind the end are never read (AddressSanitizer sees it), and only the part that has the key has a key. */
START_TEST(truncated_certificates_have_no_key)
{
	static const struct certs_spec spec = {.name = "server", .dns = {"vpn.example.org"}};
	unsigned char der[4096];
	const uint8_t *spki;
	size_t spki_length, length, with_key;

	certs_make(&spec);
	length = (size_t)certs_der("server", der, sizeof(der));
	ck_assert_int_eq(tscf_cert_spki(der, length, &spki, &spki_length), 0);
	with_key = length;
	for (size_t i = 0; i < length; i++) {
		unsigned char *copy = malloc(i > 0 ? i : 1);

		memcpy(copy, der, i);
		if (tscf_cert_spki(copy, i, &spki, &spki_length) == 0 && i < with_key)
			with_key = i;
		tscf_cert_is_for(copy, i, "vpn.example.org");
		free(copy);
	}
	ck_assert_uint_eq(with_key, length);
}
END_TEST

START_TEST(an_identity_is_made_once)
{
	char cert[512], key[512], pin[TSCF_PIN_TEXT], again[TSCF_PIN_TEXT];
	unsigned char der[4096];
	struct tscf_tls *tls;
	struct stat st;
	size_t length;

	strcpy(cert, certs_path("id.pem"));
	strcpy(key, certs_path("id.key"));
	ck_assert_int_eq(tscf_tls_make_identity(cert, key, _i == 0 ? "vpn.example.org" : "192.0.2.7", error), 0);
	ck_assert_int_eq(stat(key, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	length = (size_t)certs_der("id", der, sizeof(der));
	ck_assert(tscf_cert_is_for(der, length, "vpn.example.org") == (_i == 0));
	ck_assert(tscf_cert_is_for(der, length, "192.0.2.7") == (_i == 1));
	tls = tscf_tls_server(cert, key, error);
	ck_assert_ptr_nonnull(tls);
	tscf_tls_free(tls);
	ck_assert_int_eq(tscf_tls_pin_of_file(cert, pin), 0);
	ck_assert_int_eq(tscf_tls_make_identity(cert, key, "other.example.org", error), 0);
	ck_assert_int_eq(tscf_tls_pin_of_file(cert, again), 0);
	ck_assert_str_eq(pin, again);
}
END_TEST

/* What a run that was killed leaves behind. */
START_TEST(a_key_without_certificate_is_kept)
{
	char cert[512], key[512], pin[TSCF_PIN_TEXT], again[TSCF_PIN_TEXT];

	strcpy(cert, certs_path("id.pem"));
	strcpy(key, certs_path("id.key"));
	ck_assert_int_eq(tscf_tls_make_identity(cert, key, "vpn.example.org", error), 0);
	ck_assert_int_eq(tscf_tls_pin_of_file(cert, pin), 0);
	ck_assert_int_eq(unlink(cert), 0);
	ck_assert_int_eq(tscf_tls_make_identity(cert, key, "vpn.example.org", error), 0);
	ck_assert_int_eq(tscf_tls_pin_of_file(cert, again), 0);
	ck_assert_str_eq(pin, again);
}
END_TEST

START_TEST(an_identity_that_cannot_be_made_says_why)
{
	static const struct certs_spec spec = {.name = "server"};
	char cert[512], name[80] = "";

	certs_make(&spec);
	ck_assert_int_eq(unlink(certs_path("server.key")), 0);
	strcpy(cert, certs_path("server.pem"));
	ck_assert_int_eq(tscf_tls_make_identity(cert, certs_path("server.key"), "a", error), -EEXIST);
	ck_assert_ptr_nonnull(strstr(error, cert));
	ck_assert_int_eq(tscf_tls_make_identity(certs_path("a/b.pem"), certs_path("a/b.key"), "a", error), -ENOENT);
	ck_assert_ptr_nonnull(strstr(error, "No such file"));
	ck_assert_int_eq(tscf_tls_make_identity(certs_path("b.pem"), certs_path("b.key"), "", error), -EINVAL);
	memset(name, 'a', sizeof(name) - 1);
	ck_assert_int_eq(tscf_tls_make_identity(certs_path("b.pem"), certs_path("b.key"), name, error), -EINVAL);
	ck_assert_int_ne(access(certs_path("b.key"), F_OK), 0);
}
END_TEST

static void refused(struct tscf_tls *tls, const char *text)
{
	ck_assert_ptr_null(tls);
	ck_assert_msg(strstr(error, text) != NULL, "\"%s\" does not say \"%s\"", error, text);
}

START_TEST(contexts_say_what_is_wrong)
{
	static const struct certs_spec a = {.name = "a"}, b = {.name = "b"};

	certs_make(&a);
	certs_make(&b);
	refused(tscf_tls_server(certs_path("none.pem"), certs_path("a.key"), error), "none.pem: No such file");
	refused(tscf_tls_server(certs_path("a.pem"), certs_path("none.key"), error), "none.key: No such file");
	refused(tscf_tls_server(certs_path("a.pem"), certs_path("b.key"), error), "b.key: is not the key");
	refused(tscf_tls_server(certs_path("a.key"), certs_path("a.key"), error), "a.key: holds no certificate in PEM");
	refused(tscf_tls_server(certs_path("a.pem"), certs_path("a.pem"), error), "a.pem: holds no private key in PEM");
	refused(tscf_tls_client(certs_path("none.pem"), "a", NULL, error), "none.pem: No such file");
	refused(tscf_tls_client(certs_path("a.key"), "a", NULL, error), "a.key: holds no certificate of a CA in PEM");
	refused(tscf_tls_client(certs_path(""), "a", NULL, error), "Is a directory");
}
END_TEST

START_TEST(a_server_starts_before_its_certificate_is_valid)
{
	static const struct certs_spec early = {.name = "early", .early = true};
	struct tscf_tls *tls;

	certs_make(&early);
	tls = tscf_tls_server(certs_path("early.pem"), certs_path("early.key"), error);
	ck_assert_msg(tls != NULL, "%s", error);
	tscf_tls_free(tls);
}
END_TEST

/* Nor is a CA that is not valid yet, or not any more, a reason for a client not to start: the clock may be wrong. */
START_TEST(cas_are_trusted_while_they_are_valid)
{
	static const struct certs_spec specs[] = {{.name = "early", .ca = true, .early = true},
						  {.name = "late", .ca = true, .expired = true},
						  {.name = "now", .ca = true}};
	struct tscf_tls_cas cas = {0};
	struct tscf_tls *tls;
	int64_t now = time(NULL);

	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
		certs_make(&specs[i]);
		tls = tscf_tls_client(certs_path(i == 0   ? "early.pem"
						 : i == 1 ? "late.pem"
							  : "now.pem"),
				      "a", NULL, error);
		ck_assert_msg(tls != NULL, "%s", error);
		tscf_tls_free(tls);
	}
	tls = tscf_tls_client(certs_path("now.pem"), "a", NULL, error);
	ck_assert_int_eq(tscf_tls_cas_read(&cas, certs_path("early.pem")), 0);
	ck_assert_str_eq(tscf_tls_cas_untrusted(&cas, now), "the CA's certificate is not valid yet");
	ck_assert_uint_eq(tscf_tls_cas_invalid(&cas, now), 1);
	ck_assert(!tscf_tls_cas_trust(&cas, now, tls->ctx, tls->stream_ctx));
	ck_assert_int_eq(tscf_tls_cas_read(&cas, certs_path("now.pem")), 0);
	ck_assert_uint_eq(cas.count, 2);
	ck_assert_uint_eq(tscf_tls_cas_invalid(&cas, now), 1);
	ck_assert_str_eq(tscf_tls_cas_untrusted(&cas, now), "signed by no known CA that is valid now");
	ck_assert(tscf_tls_cas_trust(&cas, now, tls->ctx, tls->stream_ctx));
	ck_assert(!tscf_tls_cas_trust(&cas, now, tls->ctx, tls->stream_ctx));
	ck_assert(!cas.list[0].trusted && cas.list[1].trusted);
	/* The clock is set, to the year 2000 and to one in which the first is valid. */
	ck_assert(tscf_tls_cas_trust(&cas, 946684800, tls->ctx, tls->stream_ctx));
	ck_assert(!cas.list[0].trusted && !cas.list[1].trusted);
	ck_assert(tscf_tls_cas_trust(&cas, cas.list[0].from, tls->ctx, tls->stream_ctx));
	ck_assert(cas.list[0].trusted);
	ck_assert_str_eq(tscf_tls_cas_untrusted(&cas, INT64_MAX), "the CA's certificate has expired");
	tscf_tls_cas_free(&cas);
	tscf_tls_free(tls);
}
END_TEST

/* @return how many warnings the log has when a client has read the CAs of @p file. */
static unsigned warnings_of(const char *file)
{
	struct tscf_log_past past[TSCF_LOG_RECENT];
	unsigned before = tscf_log_recent(past);
	struct tscf_tls *tls = tscf_tls_client(certs_path(file), "a", NULL, error);

	ck_assert_msg(tls != NULL, "%s", error);
	tscf_tls_free(tls);
	return tscf_log_recent(past) - before;
}

/* Of a collection, only what leaves nobody to trust is warned of. */
START_TEST(expired_cas_among_others)
{
	static const struct certs_spec specs[] = {{.name = "late", .ca = true, .expired = true},
						  {.name = "now", .ca = true}};
	char command[512];

	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++)
		certs_make(&specs[i]);
	snprintf(command, sizeof(command), "cd '%s' && cat late.pem now.pem >both.pem", certs_path("."));
	ck_assert_int_eq(system(command), 0);
	ck_assert_uint_eq(warnings_of("both.pem"), 0);
	ck_assert_uint_eq(warnings_of("late.pem"), 1);
}
END_TEST

/* Each certificate of a file is looked at; one that is valid is not spoken of, nor a file without any. */
START_TEST(dates_are_warned_of)
{
	static const struct certs_spec specs[] = {
	    {.name = "early", .early = true}, {.name = "late", .expired = true}, {.name = "now"}};

	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++)
		certs_make(&specs[i]);
	ck_assert_uint_eq(tscf_tls_dates_warn(certs_path("now.pem"), time(NULL)), 0);
	ck_assert_uint_eq(tscf_tls_dates_warn(certs_path("early.pem"), time(NULL)), 1);
	ck_assert_uint_eq(tscf_tls_dates_warn(certs_path("late.pem"), time(NULL)), 1);
	/* 2020-06-01 and 2040-06-01. */
	ck_assert_uint_eq(tscf_tls_dates_warn(certs_path("late.pem"), 1590969600), 0);
	ck_assert_uint_eq(tscf_tls_dates_warn(certs_path("early.pem"), 2222121600), 0);
	ck_assert_uint_eq(tscf_tls_dates_warn(certs_path("none.pem"), time(NULL)), 0);
}
END_TEST

/* There is no way to have a client that verifies nothing. */
START_TEST(a_client_must_verify)
{
	static const struct certs_spec a = {.name = "a"};
	struct tscf_tls *tls;

	certs_make(&a);
	refused(tscf_tls_client(NULL, "a", NULL, error), "neither");
	refused(tscf_tls_client(NULL, NULL, NULL, error), "neither");
	refused(tscf_tls_client(certs_path("a.pem"), NULL, NULL, error), "name");
	refused(tscf_tls_client(certs_path("a.pem"), "", NULL, error), "name");
	refused(tscf_tls_client(NULL, "a", "sha256:", error), "no pin");
	tls = tscf_tls_client(NULL, NULL, PIN_TEXT, error);
	ck_assert_ptr_nonnull(tls);
	tscf_tls_free(tls);
	tscf_tls_free(NULL);
}
END_TEST

/* --- what a client offers --- */

#define LENGTH_OF_RANDOM 32
#define DTLS_1_2         0xfefd

/** Bytes that are read from their beginning. */
struct view {
	const uint8_t *at;
	size_t left;
};

static unsigned take(struct view *v, unsigned bytes)
{
	unsigned number = 0;

	ck_assert_uint_ge(v->left, bytes);
	for (unsigned i = 0; i < bytes; i++)
		number = number << 8 | v->at[i];
	v->at += bytes;
	v->left -= bytes;
	return number;
}

/** Take @p length bytes. */
static struct view part(struct view *v, size_t length)
{
	struct view taken = {v->at, length};

	ck_assert_uint_ge(v->left, length);
	v->at += length;
	v->left -= length;
	return taken;
}

static struct view hello;

static int note(WOLFSSL *ssl, char *data, int length, void *context)
{
	static uint8_t bytes[1500];

	(void)ssl;
	(void)context;
	ck_assert_uint_le((unsigned)length, sizeof(bytes));
	memcpy(bytes, data, (size_t)length);
	hello = (struct view){bytes, (size_t)length};
	return length;
}

static int nothing_came(WOLFSSL *ssl, char *data, int room, void *context)
{
	(void)ssl;
	(void)data;
	(void)room;
	(void)context;
	return WOLFSSL_CBIO_ERR_WANT_READ;
}

/** Begin a handshake that goes no further; @p stream: by TLS, not DTLS. */
static void say_hello(bool stream)
{
	struct tscf_tls *tls = tscf_tls_client(NULL, NULL, PIN_TEXT, error);
	struct tscf_tls_check check;
	WOLFSSL *ssl = stream ? tscf_tls_stream_connection(tls, &check) : tscf_tls_connection(tls, &check);

	ck_assert_ptr_nonnull(ssl);
	wolfSSL_SSLSetIOSend(ssl, note);
	wolfSSL_SSLSetIORecv(ssl, nothing_came);
	ck_assert_int_ne(wolfSSL_connect(ssl), WOLFSSL_SUCCESS);
	wolfSSL_free(ssl);
	tscf_tls_free(tls);
}

/** Each number of two bytes in @p list must be one of @p known, which ends with 0. */
static void expect_known(struct view list, const uint16_t *known, const char *what)
{
	ck_assert_uint_gt(list.left, 0);
	while (list.left > 0) {
		const unsigned number = take(&list, 2);
		const uint16_t *k = known;

		while (*k != 0 && *k != number)
			k++;
		ck_assert_msg(*k != 0, "%s: 0x%04x", what, number);
	}
}

/** @return how many of the extensions that list groups, signatures and versions are there. */
static unsigned expect_extensions(struct view list)
{
	static const uint16_t groups[] = {23, 24, 25, 29, 0}, versions[] = {0x0304, 0x0303, 0};
	static const uint16_t signatures[] = {0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0809,
					      0x080a, 0x080b, 0x0401, 0x0501, 0x0601, 0};
	unsigned seen = 0;

	while (list.left > 0) {
		const unsigned type = take(&list, 2);
		struct view value = part(&list, take(&list, 2));

		seen += type == 10 || type == 13 || type == 43;
		if (type == 10)
			expect_known(part(&value, take(&value, 2)), groups, "group");
		else if (type == 13)
			expect_known(part(&value, take(&value, 2)), signatures, "signature");
		else if (type == 43)
			expect_known(part(&value, take(&value, 1)), versions, "version");
	}
	return seen;
}

/* Whoever the server is: nothing weak is offered to it (numbers: RFC 8446, 4.2 and B.4; RFC 5289; RFC 7905). */
START_TEST(a_client_offers_nothing_weak)
{
	/* 0xff: it knows of safe renegotiation (RFC 5746, 3.3). */
	static const uint16_t suites[] = {0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8,
					  0x1301, 0x1302, 0x1303, 0xff,   0};
	const bool stream = _i == 1;

	say_hello(stream);
	/* The headers of record and message. */
	part(&hello, stream ? 5 + 4 : 13 + 12);
	ck_assert_uint_eq(take(&hello, 2), stream ? TLS1_2_VERSION : DTLS_1_2);
	part(&hello, LENGTH_OF_RANDOM);
	part(&hello, take(&hello, 1));
	if (!stream)
		part(&hello, take(&hello, 1));
	expect_known(part(&hello, take(&hello, 2)), suites, "suite");
	part(&hello, take(&hello, 1));
	ck_assert_uint_eq(expect_extensions(part(&hello, take(&hello, 2))), stream ? 3 : 2);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("tls");
	TCase *tc = tcase_create("tls");

	tcase_add_unchecked_fixture(tc, certs_make_directory, certs_remove);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, dns_names_match_as_in_rfc6125);
	tcase_add_test(tc, certificates_are_for_their_names);
	tcase_add_test(tc, ip_addresses_are_no_dns_names);
	tcase_add_test(tc, pins_are_read_and_written);
	tcase_add_test(tc, a_pin_is_that_of_openssl);
	tcase_add_test(tc, truncated_certificates_have_no_key);
	tcase_add_loop_test(tc, an_identity_is_made_once, 0, 2);
	tcase_add_test(tc, a_key_without_certificate_is_kept);
	tcase_add_test(tc, an_identity_that_cannot_be_made_says_why);
	tcase_add_test(tc, contexts_say_what_is_wrong);
	tcase_add_test(tc, a_server_starts_before_its_certificate_is_valid);
	tcase_add_test(tc, cas_are_trusted_while_they_are_valid);
	tcase_add_test(tc, expired_cas_among_others);
	tcase_add_test(tc, dates_are_warned_of);
	tcase_add_test(tc, a_client_must_verify);
	tcase_add_loop_test(tc, a_client_offers_nothing_weak, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

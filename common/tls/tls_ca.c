/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/tls/tls_ca.h"

#include "common/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wolfssl/openssl/bio.h>
#include <wolfssl/openssl/pem.h>

int64_t tscf_tls_seconds(const WOLFSSL_ASN1_TIME *when)
{
	struct tm tm;

	return when && wolfSSL_ASN1_TIME_to_tm(when, &tm) == WOLFSSL_SUCCESS ? (int64_t)timegm(&tm) : 0;
}

static int add(struct tscf_tls_cas *cas, WOLFSSL_X509 *certificate)
{
	int length = 0;
	const uint8_t *der = wolfSSL_X509_get_der(certificate, &length);
	struct tscf_tls_ca *list = reallocarray(cas->list, cas->count + 1, sizeof(*list)), *one;

	if (!list)
		return -ENOMEM;
	cas->list = list;
	if (!der || length <= 0)
		return 0;
	one = &list[cas->count];
	*one = (struct tscf_tls_ca){.der = malloc((size_t)length),
				    .length = length,
				    .from = tscf_tls_seconds(wolfSSL_X509_get_notBefore(certificate)),
				    .until = tscf_tls_seconds(wolfSSL_X509_get_notAfter(certificate))};
	if (!one->der)
		return -ENOMEM;
	memcpy(one->der, der, (size_t)length);
	cas->count++;
	return 0;
}

int tscf_tls_cas_read(struct tscf_tls_cas *cas, const char *file)
{
	WOLFSSL_BIO *bio = wolfSSL_BIO_new_file(file, "r");
	WOLFSSL_X509 *certificate;
	int error = 0;

	while (bio && error == 0 && (certificate = wolfSSL_PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		error = add(cas, certificate);
		wolfSSL_X509_free(certificate);
	}
	wolfSSL_BIO_free(bio);
	if (error < 0)
		return error;
	return cas->count > 0 ? 0 : -EINVAL;
}

void tscf_tls_cas_free(struct tscf_tls_cas *cas)
{
	for (size_t i = 0; i < cas->count; i++)
		free(cas->list[i].der);
	free(cas->list);
	*cas = (struct tscf_tls_cas){0};
}

static bool is_valid(const struct tscf_tls_ca *one, int64_t now)
{
	return now >= one->from && now <= one->until;
}

/* A CA that wolfSSL refuses for another reason than its dates is left out. */
static void load(WOLFSSL_CTX *ctx, const struct tscf_tls_ca *one)
{
	if (wolfSSL_CTX_load_verify_buffer(ctx, one->der, one->length, WOLFSSL_FILETYPE_ASN1) != WOLFSSL_SUCCESS)
		tscf_debug("a CA's certificate cannot be used");
}

bool tscf_tls_cas_trust(struct tscf_tls_cas *cas, int64_t now, WOLFSSL_CTX *ctx, WOLFSSL_CTX *stream_ctx)
{
	bool changed = false;

	for (size_t i = 0; i < cas->count; i++) {
		bool valid = is_valid(&cas->list[i], now);

		changed |= valid != cas->list[i].trusted;
		cas->list[i].trusted = valid;
	}
	if (!changed)
		return false;
	wolfSSL_CTX_UnloadCAs(ctx);
	wolfSSL_CTX_UnloadCAs(stream_ctx);
	for (size_t i = 0; i < cas->count; i++)
		if (cas->list[i].trusted) {
			load(ctx, &cas->list[i]);
			load(stream_ctx, &cas->list[i]);
		}
	return true;
}

const char *tscf_tls_cas_untrusted(const struct tscf_tls_cas *cas, int64_t now)
{
	size_t early = 0, late = 0;

	for (size_t i = 0; i < cas->count; i++) {
		early += now < cas->list[i].from;
		late += now > cas->list[i].until;
	}
	if (early + late == 0)
		return NULL;
	if (early + late < cas->count)
		return "signed by no known CA that is valid now";
	return early > 0 ? "the CA's certificate is not valid yet" : "the CA's certificate has expired";
}

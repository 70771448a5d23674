/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/tls/tls_ca.h"

#include "common/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t tscf_tls_seconds(const WOLFSSL_ASN1_TIME *when)
{
	struct tm tm;

	return when && wolfSSL_ASN1_TIME_to_tm(when, &tm) == WOLFSSL_SUCCESS ? (int64_t)timegm(&tm) : 0;
}

WOLFSSL_CTX *tscf_tls_ca_hold(const uint8_t *der, int length)
{
	WOLFSSL_CTX *holder = wolfSSL_CTX_new(wolfTLSv1_2_client_method());

	if (holder && wolfSSL_CTX_load_verify_buffer_ex(holder, der, length, WOLFSSL_FILETYPE_ASN1, 0,
							WOLFSSL_LOAD_FLAG_DATE_ERR_OKAY) == WOLFSSL_SUCCESS)
		return holder;
	wolfSSL_CTX_free(holder);
	return NULL;
}

void tscf_tls_ca_left_out(const struct tscf_pem_certificate *certificate)
{
	tscf_warning("%s: certificate %u is not one of a CA that can be used: it is left out", certificate->file,
		     certificate->number);
}

static int add(void *context, const struct tscf_pem_certificate *certificate)
{
	struct tscf_tls_cas *cas = context;
	WOLFSSL_CTX *holder = tscf_tls_ca_hold(certificate->der, certificate->length);
	struct tscf_tls_ca *list, *one;

	if (!holder) {
		tscf_tls_ca_left_out(certificate);
		return 0;
	}
	wolfSSL_CTX_free(holder);
	list = reallocarray(cas->list, cas->count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	cas->list = list;
	one = &list[cas->count];
	*one = (struct tscf_tls_ca){.der = malloc((size_t)certificate->length),
				    .length = certificate->length,
				    .from = tscf_tls_seconds(wolfSSL_X509_get_notBefore(certificate->x509)),
				    .until = tscf_tls_seconds(wolfSSL_X509_get_notAfter(certificate->x509))};
	if (!one->der)
		return -ENOMEM;
	memcpy(one->der, certificate->der, (size_t)certificate->length);
	cas->count++;
	return 0;
}

int tscf_tls_cas_read(struct tscf_tls_cas *cas, const char *file)
{
	int result = tscf_pem_each(file, add, cas);

	if (result < 0)
		return result;
	return cas->count > 0 ? 0 : -EINVAL;
}

void tscf_tls_cas_free(struct tscf_tls_cas *cas)
{
	for (size_t i = 0; i < cas->count; i++)
		free(cas->list[i].der);
	free(cas->list);
	*cas = (struct tscf_tls_cas){0};
}

static void load(WOLFSSL_CTX *ctx, const struct tscf_tls_ca *one)
{
	if (wolfSSL_CTX_load_verify_buffer(ctx, one->der, one->length, WOLFSSL_FILETYPE_ASN1) != WOLFSSL_SUCCESS)
		tscf_debug("a CA's certificate cannot be used");
}

bool tscf_tls_cas_trust(struct tscf_tls_cas *cas, int64_t now, WOLFSSL_CTX *ctx, WOLFSSL_CTX *stream_ctx)
{
	bool changed = false;

	for (size_t i = 0; i < cas->count; i++) {
		bool valid = tscf_tls_ca_is_valid(&cas->list[i], now);

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

size_t tscf_tls_cas_invalid(const struct tscf_tls_cas *cas, int64_t now)
{
	size_t count = 0;

	for (size_t i = 0; i < cas->count; i++)
		count += !tscf_tls_ca_is_valid(&cas->list[i], now);
	return count;
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

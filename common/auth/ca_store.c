/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/auth/ca_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wolfssl/options.h>

#include <wolfssl/openssl/bio.h>
#include <wolfssl/openssl/pem.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

struct tscf_authority {
	WOLFSSL_CERT_MANAGER *manager; /* its table has a lock of its own */
	uint8_t pin[TSCF_PIN_SIZE];
};

/** @return 0, -ENOMEM, or -EINVAL: it is no CA's certificate, or not valid now. */
static int add(struct tscf_ca_store *a, const uint8_t *der, size_t length)
{
	struct tscf_authority *list = reallocarray(a->list, a->count + 1, sizeof(*list)), *one;

	if (!list)
		return -ENOMEM;
	a->list = list;
	one = &list[a->count];
	one->manager = wolfSSL_CertManagerNew();
	if (!one->manager)
		return -ENOMEM;
	if (tscf_cert_pin(der, length, one->pin) < 0 ||
	    wolfSSL_CertManagerLoadCABuffer(one->manager, der, (long)length, WOLFSSL_FILETYPE_ASN1) !=
		WOLFSSL_SUCCESS) {
		wolfSSL_CertManagerFree(one->manager);
		return -EINVAL;
	}
	a->count++;
	return 0;
}

int tscf_ca_store_read(struct tscf_ca_store *a, const char *file)
{
	WOLFSSL_BIO *bio = wolfSSL_BIO_new_file(file, "r");
	WOLFSSL_X509 *certificate;
	int err = 0;

	while (bio && err != -ENOMEM && (certificate = wolfSSL_PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		int length = 0;
		const uint8_t *der = wolfSSL_X509_get_der(certificate, &length);

		err = der && length > 0 ? add(a, der, (size_t)length) : -EINVAL;
		wolfSSL_X509_free(certificate);
	}
	wolfSSL_BIO_free(bio);
	if (err == -ENOMEM)
		return err;
	return a->count > 0 ? 0 : -EINVAL;
}

void tscf_ca_store_free(struct tscf_ca_store *a)
{
	for (size_t i = 0; i < a->count; i++)
		wolfSSL_CertManagerFree(a->list[i].manager);
	free(a->list);
	*a = (struct tscf_ca_store){0};
}

const char *tscf_ca_store_verify(const struct tscf_ca_store *a, const uint8_t *der, size_t length,
				 uint8_t signer[TSCF_PIN_SIZE])
{
	const char *why = "the certificate is not signed by a CA of this server";

	for (size_t i = 0; i < a->count; i++) {
		int code =
		    wolfSSL_CertManagerVerifyBuffer(a->list[i].manager, der, (long)length, WOLFSSL_FILETYPE_ASN1);

		if (code == WOLFSSL_SUCCESS) {
			memcpy(signer, a->list[i].pin, TSCF_PIN_SIZE);
			return NULL;
		}
		if (code == ASN_AFTER_DATE_E)
			why = "the certificate has expired";
	}
	return why;
}

bool tscf_ca_store_have(const struct tscf_ca_store *a, const uint8_t pin[TSCF_PIN_SIZE])
{
	for (size_t i = 0; i < a->count; i++)
		if (memcmp(a->list[i].pin, pin, TSCF_PIN_SIZE) == 0)
			return true;
	return false;
}

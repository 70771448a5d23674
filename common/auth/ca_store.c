/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/auth/ca_store.h"

#include "common/auth/refusal.h"

#include "common/base/log.h"
#include "common/tls/tls_ca.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wolfssl/options.h>

#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

struct tscf_authority {
	/* It has the CA's certificate; wolfSSL's table in it has its own lock.  wolfSSL would check the dates once,
	 * when it reads the certificate: they are checked here at every use. */
	WOLFSSL_CTX *holder;
	uint8_t *der;
	int length;
	int64_t from, until; /* validity in seconds */
	uint8_t pin[TSCF_PIN_SIZE];
};

/** The clock may be wrong, so invalid dates do not stop the start. */
static void warn(const char *file, const struct tscf_authority *one)
{
	if (time(NULL) < one->from)
		tscf_warning("%s: a CA is not valid yet: certificates that it has signed are refused until it is",
			     file);
	else if (time(NULL) > one->until)
		tscf_warning("%s: a CA has expired: certificates that it has signed are refused", file);
}

static int add(void *context, const struct tscf_pem_certificate *certificate)
{
	struct tscf_ca_store *a = context;
	struct tscf_authority *list = reallocarray(a->list, a->count + 1, sizeof(*list)), *one;

	if (!list)
		return -ENOMEM;
	a->list = list;
	one = &list[a->count];
	*one = (struct tscf_authority){.from = tscf_tls_seconds(wolfSSL_X509_get_notBefore(certificate->x509)),
				       .until = tscf_tls_seconds(wolfSSL_X509_get_notAfter(certificate->x509))};
	if (tscf_cert_pin(certificate->der, (size_t)certificate->length, one->pin) < 0)
		return -EINVAL;
	one->holder = tscf_tls_ca_hold(certificate->der, certificate->length);
	if (!one->holder) {
		tscf_tls_ca_left_out(certificate);
		return 0;
	}
	a->count++;
	one->der = malloc((size_t)certificate->length);
	if (!one->der)
		return -ENOMEM;
	memcpy(one->der, certificate->der, (size_t)certificate->length);
	one->length = certificate->length;
	warn(certificate->file, one);
	return 0;
}

int tscf_ca_store_read(struct tscf_ca_store *a, const char *file)
{
	int result = tscf_pem_each(file, add, a);

	if (result < 0)
		return result;
	return a->count > 0 ? 0 : -EINVAL;
}

void tscf_ca_store_free(struct tscf_ca_store *a)
{
	for (size_t i = 0; i < a->count; i++) {
		wolfSSL_CTX_free(a->list[i].holder);
		free(a->list[i].der);
	}
	free(a->list);
	*a = (struct tscf_ca_store){0};
}

/** Verify the chain by this CA alone.  @return WOLFSSL_SUCCESS, or wolfSSL's error. */
static int verify_chain(const struct tscf_authority *ca, const struct tscf_chain_link *links, unsigned count)
{
	/* Certificates that this client has brought must not be known to the next one. */
	WOLFSSL_CTX *holder = count > 1 ? tscf_tls_ca_hold(ca->der, ca->length) : NULL;
	int code = MEMORY_E;

	if (count == 1)
		return tscf_chain_verify(wolfSSL_CTX_GetCertManager(ca->holder), links, 1);
	if (holder)
		code = tscf_chain_verify(wolfSSL_CTX_GetCertManager(holder), links, count);
	wolfSSL_CTX_free(holder);
	return code;
}

/** @return NULL if @p ca has signed the certificate, perhaps through others, and all are valid now; or why not. */
static const char *verify(const struct tscf_authority *ca, const struct tscf_chain_link *links, unsigned count)
{
	const int64_t now = time(NULL);

	switch (verify_chain(ca, links, count)) {
	case WOLFSSL_SUCCESS:
		if (now < ca->from)
			return "the CA that signed the certificate is not valid yet";
		return now > ca->until ? "the CA that signed the certificate has expired" : NULL;
	case ASN_AFTER_DATE_E:
		return "the certificate has expired";
	case ASN_BEFORE_DATE_E:
		return "the certificate is not valid yet";
	default:
		return TSCF_REFUSAL_UNKNOWN_CA;
	}
}

const char *tscf_ca_store_verify(const struct tscf_ca_store *a, const struct tscf_chain_link *links, unsigned count,
				 uint8_t signer[TSCF_PIN_SIZE])
{
	const char *why = TSCF_REFUSAL_UNKNOWN_CA;

	for (unsigned n = 0; n < count; n++)
		if (tscf_cert_is_weakly_signed(links[n].der, links[n].length))
			return "the certificate is signed with SHA-1 or MD5";
	for (size_t i = 0; i < a->count; i++) {
		const char *this = verify(&a->list[i], links, count);

		if (!this) {
			memcpy(signer, a->list[i].pin, TSCF_PIN_SIZE);
			return NULL;
		}
		if (strcmp(this, TSCF_REFUSAL_UNKNOWN_CA) != 0)
			why = this;
	}
	return why;
}

bool tscf_ca_store_get(const struct tscf_ca_store *a, size_t i, struct tscf_chain_link *out)
{
	if (i >= a->count)
		return false;
	*out = (struct tscf_chain_link){.der = a->list[i].der, .length = (size_t)a->list[i].length};
	return true;
}

bool tscf_ca_store_find(const struct tscf_ca_store *a, const uint8_t pin[TSCF_PIN_SIZE], struct tscf_chain_link *out)
{
	for (size_t i = 0; i < a->count; i++)
		if (memcmp(a->list[i].pin, pin, TSCF_PIN_SIZE) == 0)
			return tscf_ca_store_get(a, i, out);
	return false;
}

bool tscf_ca_store_have(const struct tscf_ca_store *a, const uint8_t pin[TSCF_PIN_SIZE])
{
	struct tscf_chain_link unused;

	return tscf_ca_store_find(a, pin, &unused);
}

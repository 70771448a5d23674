/* SPDX-License-Identifier: GPL-3.0-or-later */
/* credential.c - the client's half of proof.h. */
#include "common/auth/proof_subject.h"

#include "common/auth/signature.h"
#include "common/base/log.h"
#include "common/crypto/crypto.h"
#include "common/crypto/hash.h"
#include "common/tls/tls_context.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct tscf_credential {
	unsigned method;
	struct tscf_psk psk;
	WOLFSSL_EVP_PKEY *key;
	WOLFSSL_X509 *certificate;
};

static struct tscf_credential *new_credential(unsigned method, char *error)
{
	struct tscf_credential *c;

	error[0] = '\0';
	if (tscf_crypto_acquire() < 0) {
		snprintf(error, TSCF_PROOF_ERROR, "wolfSSL cannot start");
		return NULL;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		tscf_crypto_release();
		snprintf(error, TSCF_PROOF_ERROR, "%s", strerror(ENOMEM));
		return NULL;
	}
	c->method = method;
	return c;
}

static struct tscf_credential *fail(struct tscf_credential *c, char *error, const char *file, const char *why)
{
	snprintf(error, TSCF_PROOF_ERROR, "%s: %s", file, why);
	tscf_credential_free(c);
	return NULL;
}

struct tscf_credential *tscf_credential_psk(const char *file, const char *identity, char *error)
{
	struct tscf_credential *c = new_credential(TSCF_PROOF_PSK, error);
	const struct tscf_psk *found = NULL;
	struct tscf_psks psks;

	if (!c)
		return NULL;
	if (tscf_psks_read(file, &psks, error, TSCF_PROOF_ERROR) < 0) {
		tscf_credential_free(c);
		return NULL;
	}
	if (identity)
		found = tscf_psks_find(&psks, identity, strlen(identity));
	else if (psks.count == 1)
		found = psks.list;
	if (found)
		c->psk = *found;
	tscf_psks_free(&psks);
	if (!found)
		return fail(c, error, file,
			    identity ? "has no key of that identity"
				     : "has more or less than one key: name the identity");
	return c;
}

/** @return the DER of the certificate and its size, which fits in a message; or NULL. */
static const uint8_t *der_of(const struct tscf_credential *c, uint16_t *size)
{
	int length = 0;
	const uint8_t *der = wolfSSL_X509_get_der(c->certificate, &length);

	if (!der || length <= 0 || length > TSCF_CERTIFICATE_MAX)
		return NULL;
	*size = (uint16_t)length;
	return der;
}

/* Only a warning: servers check the dates by their own clocks. */
static void warn(const char *file, const WOLFSSL_X509 *certificate)
{
	int64_t now = time(NULL);

	if (now < tscf_tls_seconds(wolfSSL_X509_get_notBefore(certificate)))
		tscf_warning("%s: is not valid yet by this host's clock: servers may refuse it", file);
	else if (now > tscf_tls_seconds(wolfSSL_X509_get_notAfter(certificate)))
		tscf_warning("%s: has expired by this host's clock: servers may refuse it", file);
}

struct tscf_credential *tscf_credential_certificate(const char *cert_file, const char *key_file, char *error)
{
	struct tscf_credential *c = new_credential(TSCF_PROOF_CERTIFICATE, error);
	uint16_t size;

	if (!c)
		return NULL;
	c->certificate = wolfSSL_X509_load_certificate_file(cert_file, WOLFSSL_FILETYPE_PEM);
	if (!c->certificate)
		return fail(c, error, cert_file, "holds no certificate in PEM");
	if (!der_of(c, &size))
		return fail(c, error, cert_file, "is too large for a message: use one with an elliptic curve key");
	c->key = tscf_signature_key(key_file);
	if (!c->key)
		return fail(c, error, key_file, "holds no private key in PEM, or one with a passphrase");
	if (wolfSSL_X509_check_private_key(c->certificate, c->key) != WOLFSSL_SUCCESS ||
	    !tscf_tls_key_fits(cert_file, key_file))
		return fail(c, error, key_file, "is not the key of the certificate");
	warn(cert_file, c->certificate);
	return c;
}

void tscf_credential_free(struct tscf_credential *c)
{
	if (!c)
		return;
	wolfSSL_EVP_PKEY_free(c->key);
	wolfSSL_X509_free(c->certificate);
	explicit_bzero(c, sizeof(*c));
	free(c);
	tscf_crypto_release();
}

unsigned tscf_credential_method(const struct tscf_credential *c)
{
	return c->method;
}

bool tscf_credential_key(const struct tscf_credential *c, uint8_t key[32])
{
	if (c->method != TSCF_PROOF_PSK)
		return false;
	tscf_sha256(c->psk.key, c->psk.key_length, key);
	return true;
}

/* Method (1 byte), length of the identity (1), identity, MAC (32). */
static int prove_by_psk(const struct tscf_credential *c, const uint8_t *subject, uint32_t length, struct tscf_writer *w)
{
	uint8_t value[2 + TSCF_PSK_IDENTITY_MAX + TSCF_PROOF_MAC];
	const size_t identity = strlen(c->psk.identity);

	value[0] = TSCF_PROOF_PSK;
	value[1] = (uint8_t)identity;
	memcpy(value + 2, c->psk.identity, identity);
	tscf_mac(c->psk.key, c->psk.key_length, subject, length, value + 2 + identity);
	tscf_write_bytes(w, TSCF_TLV_AUTH_PROOF, value, (uint16_t)(2 + identity + TSCF_PROOF_MAC));
	return 0;
}

/* Method (1 byte), signature. */
static int prove_by_certificate(const struct tscf_credential *c, const uint8_t *subject, uint32_t length,
				struct tscf_writer *w)
{
	uint8_t value[TSCF_PROOF_MAX];
	size_t size = sizeof(value) - 1;
	uint16_t der_size;
	const uint8_t *der = der_of(c, &der_size);

	if (!der || (size_t)wolfSSL_EVP_PKEY_size(c->key) > size)
		return -EMSGSIZE;
	value[0] = TSCF_PROOF_CERTIFICATE;
	if (!tscf_signature_make(c->key, subject, length, value + 1, &size))
		return -EINVAL;
	tscf_write_bytes(w, TSCF_TLV_AUTH_PROOF, value, (uint16_t)(1 + size));
	tscf_write_bytes(w, TSCF_TLV_AUTH_CERTIFICATE, der, der_size);
	return 0;
}

int tscf_credential_prove(const struct tscf_credential *c, const struct tscf_proof_subject *s, struct tscf_writer *w)
{
	uint8_t subject[TSCF_PROOF_SUBJECT_MAX];
	const uint32_t length = tscf_proof_subject_bytes(s, subject);

	if (length == 0)
		return -EINVAL;
	return c->method == TSCF_PROOF_PSK ? prove_by_psk(c, subject, length, w)
					   : prove_by_certificate(c, subject, length, w);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* credential.c - the client's half of proof.h. */
#include "common/auth/proof_subject.h"

#include "common/auth/signature.h"
#include "common/base/log.h"
#include "common/crypto/crypto.h"
#include "common/crypto/hash.h"
#include "common/tls/pem.h"
#include "common/tls/tls_context.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/** Largest signature: RSA with 4096 bits. */
#define SIGNATURE_MAX 512
/** A certificate goes beside the proof if both together have at most this size: then the request fits a record of DTLS.
 */
#define BESIDE_PROOF_MAX 1200

struct tscf_credential {
	unsigned holds;
	unsigned method;
	struct tscf_psk psk;
	struct tscf_share share; /* if psk.kind is TSCF_PSK_JOINING */
	WOLFSSL_EVP_PKEY *key;
	WOLFSSL_X509 *certificate; /* its own */
	uint8_t *chain;            /* this and those between it and the CA, DER back to back */
	size_t length;
	unsigned count;
	bool in_parts; /* they do not fit a message */
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
	c->holds = 1;
	c->method = method;
	return c;
}

static struct tscf_credential *fail(struct tscf_credential *c, char *error, const char *file, const char *why)
{
	snprintf(error, TSCF_PROOF_ERROR, "%s: %s", file, why);
	tscf_credential_drop(c);
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
		tscf_credential_drop(c);
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
	if (c->psk.kind == TSCF_PSK_INVITED)
		return fail(c, error, file, "is a server's file: a client gets its key by tscf-client join");
	if (c->psk.kind == TSCF_PSK_JOINING && tscf_share_from(c->psk.share, &c->share) < 0)
		return fail(c, error, file, "has a key share that is of no use");
	return c;
}

static int add_certificate(void *context, const struct tscf_pem_certificate *certificate)
{
	struct tscf_credential *c = context;
	const size_t length = (size_t)certificate->length;
	uint8_t *chain = realloc(c->chain, c->length + length);

	if (!chain)
		return -ENOMEM;
	memcpy(chain + c->length, certificate->der, length);
	c->chain = chain;
	c->length += length;
	c->count++;
	return 0;
}

/** @return NULL with the certificates of @p file, or what is wrong with it. */
static const char *read_chain(struct tscf_credential *c, const char *file)
{
	const int result = tscf_pem_each(file, add_certificate, c);
	const uint8_t *rest = c->chain, *der;
	size_t left = c->length, length;

	if (result < 0)
		return strerror(-result);
	if (result > 0)
		return "holds a certificate that cannot be read";
	if (c->count == 0 || tscf_cert_take(&rest, &left, &der, &length) < 0)
		return "holds no certificate in PEM";
	if (c->count > TSCF_CERTIFICATES_MAX)
		return "holds more certificates than servers take: 4, the client's own and 3 between it and the CA";
	if (c->length > TSCF_CERTIFICATES_SIZE)
		return "holds larger certificates than servers take: 8192 bytes in DER together";
	c->certificate = wolfSSL_X509_load_certificate_buffer(der, (int)length, WOLFSSL_FILETYPE_ASN1);
	return c->certificate ? NULL : "holds a certificate that cannot be read";
}

/** @return NULL with the key, or what is wrong with it. */
static const char *read_key(struct tscf_credential *c, const char *cert_file, const char *key_file)
{
	int size;

	c->key = tscf_signature_key(key_file);
	if (!c->key)
		return errno != 0 ? strerror(errno) : "holds no private key in PEM, or one with a passphrase";
	if (wolfSSL_X509_check_private_key(c->certificate, c->key) != WOLFSSL_SUCCESS ||
	    !tscf_tls_key_fits(cert_file, key_file))
		return "is not the key of the certificate";
	size = wolfSSL_EVP_PKEY_size(c->key);
	if (size <= 0 || size > SIGNATURE_MAX)
		return "is a larger key than servers take: RSA with 4096 bits";
	c->in_parts = c->count > 1 || c->length > TSCF_CERTIFICATE_MAX || c->length + (size_t)size > BESIDE_PROOF_MAX;
	return NULL;
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
	const char *why;

	if (!c)
		return NULL;
	why = read_chain(c, cert_file);
	if (why)
		return fail(c, error, cert_file, why);
	why = read_key(c, cert_file, key_file);
	if (why)
		return fail(c, error, key_file, why);
	warn(cert_file, c->certificate);
	return c;
}

struct tscf_credential *tscf_credential_hold(struct tscf_credential *c)
{
	if (c)
		c->holds++;
	return c;
}

void tscf_credential_drop(struct tscf_credential *c)
{
	if (!c || --c->holds > 0)
		return;
	wolfSSL_EVP_PKEY_free(c->key);
	wolfSSL_X509_free(c->certificate);
	free(c->chain);
	explicit_bzero(c, sizeof(*c));
	free(c);
	tscf_crypto_release();
}

unsigned tscf_credential_method(const struct tscf_credential *c)
{
	return c->method;
}

const struct tscf_share *tscf_credential_share(const struct tscf_credential *c)
{
	return c->psk.kind == TSCF_PSK_JOINING ? &c->share : NULL;
}

int tscf_credential_enrolled(struct tscf_credential *c, const char *file, const uint8_t lasting[TSCF_LASTING_KEY_SIZE])
{
	explicit_bzero(&c->share, sizeof(c->share));
	explicit_bzero(c->psk.share, sizeof(c->psk.share));
	explicit_bzero(c->psk.key, sizeof(c->psk.key));
	memcpy(c->psk.key, lasting, TSCF_LASTING_KEY_SIZE);
	c->psk.key_length = TSCF_LASTING_KEY_SIZE;
	c->psk.kind = TSCF_PSK_LASTING;
	return tscf_psks_replace(file, &c->psk);
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

/** Write who it is that proves this.  @return 0 or -errno. */
static int write_certificate(const struct tscf_credential *c, bool encrypted, struct tscf_writer *w)
{
	const uint8_t *spki;
	uint8_t digest[32];
	size_t length;

	if (!c->in_parts) {
		tscf_write_bytes(w, TSCF_TLV_AUTH_CERTIFICATE, c->chain, (uint16_t)c->length);
		return 0;
	}
	if (!encrypted) {
		tscf_sha256(c->chain, c->length, digest);
		tscf_write_bytes(w, TSCF_TLV_CHAIN_DIGEST, digest, sizeof(digest));
		return 0;
	}
	if (tscf_cert_spki(c->chain, c->length, &spki, &length) < 0 || length > TSCF_PUBLIC_KEY_MAX)
		return -EMSGSIZE;
	tscf_write_bytes(w, TSCF_TLV_AUTH_KEY, spki, (uint16_t)length);
	return 0;
}

/* Method (1 byte), signature. */
static int prove_by_certificate(const struct tscf_credential *c, const uint8_t *subject, uint32_t length,
				bool encrypted, struct tscf_writer *w)
{
	uint8_t value[TSCF_PROOF_MAX];
	size_t size = sizeof(value) - 1;

	value[0] = TSCF_PROOF_CERTIFICATE;
	if (!tscf_signature_make(c->key, subject, length, value + 1, &size))
		return -EINVAL;
	tscf_write_bytes(w, TSCF_TLV_AUTH_PROOF, value, (uint16_t)(1 + size));
	return write_certificate(c, encrypted, w);
}

const uint8_t *tscf_credential_parts(const struct tscf_credential *c, uint16_t *length)
{
	*length = (uint16_t)c->length;
	return c->in_parts ? c->chain : NULL;
}

int tscf_credential_prove(const struct tscf_credential *c, const struct tscf_proof_subject *s, struct tscf_writer *w)
{
	uint8_t subject[TSCF_PROOF_SUBJECT_MAX];
	const uint32_t length = tscf_proof_subject_bytes(s, subject);

	if (length == 0)
		return -EINVAL;
	return c->method == TSCF_PROOF_PSK ? prove_by_psk(c, subject, length, w)
					   : prove_by_certificate(c, subject, length, s->encrypted, w);
}

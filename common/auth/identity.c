/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/auth/identity.h"

#include "common/auth/signature.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/crypto/crypto.h"
#include "common/crypto/hash.h"
#include "common/tls/pem.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As in RFC 8446, 4.4.3: data signed by TLS begins differently, so that no signature is valid for the other purpose. */
#define STATEMENT_SPACES 64
#define STATEMENT_LABEL  "tscf plain tunnel, server"
_Static_assert(TSCF_STATEMENT_SIZE == STATEMENT_SPACES + sizeof(STATEMENT_LABEL) + 32 + TSCF_KEY_SHARE_SIZE,
	       "the statement's size");

struct content {
	uint8_t *chain;
	uint16_t length;
	uint8_t digest[32];
	WOLFSSL_EVP_PKEY *key;
	struct tscf_share share;
	uint64_t made; /* when the share was made, monotonic ms */
	uint8_t signature[TSCF_SIGNATURE_MAX];
	uint16_t signature_length;
};

struct tscf_identity {
	pthread_rwlock_t renewal;
	struct content now;
};

/* --- key shares --- */

int tscf_share_make(struct tscf_share *s)
{
	s->bytes[0] = TSCF_SUITE;
	return tscf_x25519_generate(s->secret, s->bytes + 1);
}

int tscf_share_from(const uint8_t secret[TSCF_X25519_SIZE], struct tscf_share *s)
{
	memcpy(s->secret, secret, sizeof(s->secret));
	s->bytes[0] = TSCF_SUITE;
	return tscf_x25519_point(secret, s->bytes + 1);
}

int tscf_share_agree(const struct tscf_share *s, const uint8_t theirs[TSCF_KEY_SHARE_SIZE],
		     uint8_t shared[TSCF_X25519_SIZE])
{
	return theirs[0] == TSCF_SUITE ? tscf_x25519_agree(s->secret, theirs + 1, shared) : -EINVAL;
}

void tscf_share_statement(const uint8_t digest[32], const uint8_t bytes[TSCF_KEY_SHARE_SIZE],
			  uint8_t out[TSCF_STATEMENT_SIZE])
{
	memset(out, ' ', STATEMENT_SPACES);
	out += STATEMENT_SPACES;
	memcpy(out, STATEMENT_LABEL, sizeof(STATEMENT_LABEL));
	out += sizeof(STATEMENT_LABEL);
	memcpy(out, digest, 32);
	memcpy(out + 32, bytes, TSCF_KEY_SHARE_SIZE);
}

/** @return whether a new share, and its signature, were made. */
static bool make_share(struct content *c)
{
	uint8_t statement[TSCF_STATEMENT_SIZE], signature[TSCF_SIGNATURE_MAX];
	size_t size = sizeof(signature);
	struct tscf_share fresh;
	bool made = tscf_share_make(&fresh) == 0;

	tscf_share_statement(c->digest, fresh.bytes, statement);
	made = made && tscf_signature_make(c->key, statement, sizeof(statement), signature, &size) &&
	       size <= sizeof(signature);
	if (made) {
		memcpy(c->signature, signature, size);
		c->signature_length = (uint16_t)size;
		c->share = fresh;
	}
	c->made = tscf_clock_now();
	explicit_bzero(&fresh, sizeof(fresh));
	return made;
}

/* --- reading --- */

static int add_certificate(void *context, const struct tscf_pem_certificate *certificate)
{
	struct content *c = context;
	uint8_t *chain;

	if (certificate->length > TSCF_CHAIN_MAX - c->length)
		return -EMSGSIZE;
	chain = realloc(c->chain, c->length + (size_t)certificate->length);
	if (!chain)
		return -ENOMEM;
	memcpy(chain + c->length, certificate->der, (size_t)certificate->length);
	c->chain = chain;
	c->length = (uint16_t)(c->length + certificate->length);
	return 0;
}

/** @return NULL, or the error in @p file.  Clients would not accept a chain that lacks a link. */
static const char *read_chain(struct content *c, const char *file)
{
	int result = tscf_pem_each(file, add_certificate, c);

	if (result == -EMSGSIZE)
		return "has more certificates than clients take, 8192 bytes in DER";
	if (result < 0)
		return strerror(-result);
	if (result > 0)
		return "holds a certificate that cannot be read";
	if (c->length == 0)
		return "holds no certificate in PEM";
	tscf_sha256(c->chain, c->length, c->digest);
	return NULL;
}

static const char *read_key(struct content *c, const char *file)
{
	int size;

	c->key = tscf_signature_key(file);
	if (!c->key)
		return errno != 0 ? strerror(errno) : "holds no private key in PEM, or one with a passphrase";
	size = wolfSSL_EVP_PKEY_size(c->key);
	if (size <= 0 || size > TSCF_SIGNATURE_MAX)
		return "is a larger key than clients take, 4096 bits";
	return make_share(c) ? NULL : "does not sign";
}

struct tscf_identity *tscf_identity_read(const char *cert_file, const char *key_file, char *error, size_t size)
{
	struct tscf_identity *i;
	const char *file = cert_file, *why;

	if (tscf_crypto_acquire() < 0) {
		snprintf(error, size, "wolfSSL cannot start");
		return NULL;
	}
	i = calloc(1, sizeof(*i));
	if (!i) {
		tscf_crypto_release();
		snprintf(error, size, "%s", strerror(ENOMEM));
		return NULL;
	}
	pthread_rwlock_init(&i->renewal, NULL);
	why = read_chain(&i->now, cert_file);
	if (!why) {
		file = key_file;
		why = read_key(&i->now, key_file);
	}
	if (!why)
		return i;
	snprintf(error, size, "%s: %s", file, why);
	tscf_identity_free(i);
	return NULL;
}

void tscf_identity_renew(struct tscf_identity *i, struct tscf_identity *fresh)
{
	struct content old;

	pthread_rwlock_wrlock(&i->renewal);
	old = i->now;
	i->now = fresh->now;
	fresh->now = old;
	pthread_rwlock_unlock(&i->renewal);
	explicit_bzero(&old, sizeof(old));
	tscf_identity_free(fresh);
}

void tscf_identity_free(struct tscf_identity *i)
{
	if (!i)
		return;
	free(i->now.chain);
	wolfSSL_EVP_PKEY_free(i->now.key);
	pthread_rwlock_destroy(&i->renewal);
	explicit_bzero(i, sizeof(*i));
	free(i);
	tscf_crypto_release();
}

void tscf_identity_tick(struct tscf_identity *i, uint64_t now)
{
	bool old;

	pthread_rwlock_rdlock(&i->renewal);
	old = now >= i->now.made + TSCF_SHARE_MS;
	pthread_rwlock_unlock(&i->renewal);
	if (!old)
		return;
	pthread_rwlock_wrlock(&i->renewal);
	/* Another thread may have made the share meanwhile. */
	if (now >= i->now.made + TSCF_SHARE_MS && !make_share(&i->now))
		tscf_warning("cannot sign a new key share: the last one stays in use");
	pthread_rwlock_unlock(&i->renewal);
}

/* --- using --- */

void tscf_identity_lock(struct tscf_identity *i)
{
	pthread_rwlock_rdlock(&i->renewal);
}

void tscf_identity_unlock(struct tscf_identity *i)
{
	pthread_rwlock_unlock(&i->renewal);
}

const uint8_t *tscf_identity_digest(const struct tscf_identity *i)
{
	return i->now.digest;
}

struct tscf_chain_part tscf_identity_part(const struct tscf_identity *i, uint32_t offset, uint16_t most)
{
	const struct content *c = &i->now;
	uint32_t from = offset < c->length ? offset : c->length;
	uint32_t left = c->length - from;

	return (struct tscf_chain_part){.total = c->length,
					.offset = (uint16_t)from,
					.length = (uint16_t)(left < most ? left : most),
					.bytes = c->chain + from};
}

const struct tscf_share *tscf_identity_share(const struct tscf_identity *i)
{
	return &i->now.share;
}

const uint8_t *tscf_identity_signature(const struct tscf_identity *i, uint16_t *length)
{
	*length = i->now.signature_length;
	return i->now.signature;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/auth/crl_store.h"

#include "common/auth/refusal.h"
#include "common/auth/signature.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/crypto/hash.h"
#include "common/tls/crl.h"

#include <errno.h>
#include <nettle/base64.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BEGIN    "-----BEGIN X509 CRL-----"
#define END      "-----END X509 CRL-----"
#define FILE_MAX (16U << 20)

struct list {
	struct tscf_crl crl;
	uint8_t *der; /* its bytes */
	uint8_t (*ids)[TSCF_REVOCATION_ID];
	bool known; /* it is signed by the key with this pin; changes under the lock */
	uint8_t signer[TSCF_PIN_SIZE];
};

struct tscf_crl_store {
	pthread_mutex_t lock;
	struct list *lists;
	size_t count;
};

/* --- names of certificates --- */

static void make_id(const uint8_t issuer[32], const struct tscf_der *serial, uint8_t id[TSCF_REVOCATION_ID])
{
	uint8_t both[64], digest[32];

	memcpy(both, issuer, 32);
	tscf_sha256(serial->at, serial->left, both + 32);
	tscf_sha256(both, sizeof(both), digest);
	memcpy(id, digest, TSCF_REVOCATION_ID);
}

void tscf_revocation_id(const struct tscf_cert_names *names, uint8_t id[TSCF_REVOCATION_ID])
{
	uint8_t issuer[32];

	tscf_sha256(names->issuer.at, names->issuer.left, issuer);
	make_id(issuer, &names->serial, id);
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, TSCF_REVOCATION_ID);
}

static bool revokes(const struct list *l, const uint8_t id[TSCF_REVOCATION_ID])
{
	return l->crl.count > 0 && bsearch(id, l->ids, l->crl.count, TSCF_REVOCATION_ID, compare);
}

static bool same(const struct tscf_der *a, const struct tscf_der *b)
{
	return a->left == b->left && memcmp(a->at, b->at, a->left) == 0;
}

/* --- signatures --- */

/** @return the hash function of a signature with this object identifier, or NULL: not known here. */
static const WOLFSSL_EVP_MD *hash_of(const struct tscf_der *algorithm)
{
	/* RFC 4055, section 5, and RFC 5758, section 3.2; the last byte says which hash function. */
	static const uint8_t rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01},
			     ecdsa[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03};
	unsigned which;

	if (algorithm->left == sizeof(rsa) + 1 && memcmp(algorithm->at, rsa, sizeof(rsa)) == 0)
		which = algorithm->at[sizeof(rsa)] - 11U;
	else if (algorithm->left == sizeof(ecdsa) + 1 && memcmp(algorithm->at, ecdsa, sizeof(ecdsa)) == 0)
		which = algorithm->at[sizeof(ecdsa)] - 2U;
	else
		return NULL;
	switch (which) {
	case 0:
		return wolfSSL_EVP_sha256();
	case 1:
		return wolfSSL_EVP_sha384();
	case 2:
		return wolfSSL_EVP_sha512();
	default:
		return NULL;
	}
}

static bool verify(const struct tscf_crl *crl, const uint8_t *spki, size_t length)
{
	const WOLFSSL_EVP_MD *hash = hash_of(&crl->algorithm);
	WOLFSSL_EVP_PKEY *key = hash ? tscf_signature_public_key(spki, length) : NULL;
	bool right =
	    key && tscf_signature_with(key, hash, crl->tbs.at, crl->tbs.left, crl->signature.at, crl->signature.left);

	wolfSSL_EVP_PKEY_free(key);
	return right;
}

/** @return whether the key of this certificate has signed @p l.  That is computed once for a key: lists may be long. */
static bool is_signed_by(struct tscf_crl_store *s, struct list *l, const struct tscf_chain_link *certificate)
{
	uint8_t pin[TSCF_PIN_SIZE];
	const uint8_t *spki;
	size_t length;
	bool known;

	if (tscf_cert_spki(certificate->der, certificate->length, &spki, &length) < 0)
		return false;
	tscf_sha256(spki, length, pin);
	pthread_mutex_lock(&s->lock);
	known = l->known && memcmp(l->signer, pin, sizeof(pin)) == 0;
	pthread_mutex_unlock(&s->lock);
	if (known)
		return true;
	if (!verify(&l->crl, spki, length))
		return false;
	pthread_mutex_lock(&s->lock);
	l->known = true;
	memcpy(l->signer, pin, sizeof(pin));
	pthread_mutex_unlock(&s->lock);
	return true;
}

static bool is_issuer(const struct tscf_chain_link *certificate, const struct tscf_der *issuer)
{
	struct tscf_cert_names names;

	return tscf_cert_names(certificate->der, certificate->length, &names) == 0 && same(&names.subject, issuer);
}

/* --- reading --- */

/** @return NULL, or what is wrong with a list of one of the CAs. */
static const char *verify_known(struct tscf_crl_store *s, struct list *l, const struct tscf_ca_store *cas)
{
	struct tscf_chain_link ca;
	bool found = false;

	for (size_t i = 0; tscf_ca_store_get(cas, i, &ca); i++) {
		if (!is_issuer(&ca, &l->crl.issuer))
			continue;
		if (is_signed_by(s, l, &ca))
			return NULL;
		found = true;
	}
	return found ? "is not signed by its CA" : NULL;
}

/** @return NULL, or what is wrong. */
static const char *index_list(struct list *l)
{
	struct tscf_der at = l->crl.revoked, serial;
	uint8_t issuer[32];
	size_t i = 0;

	if (!hash_of(&l->crl.algorithm))
		return "is signed in a way that is not known here: RSA or ECDSA with SHA-256, 384 or 512 is";
	if (l->crl.count == 0)
		return NULL;
	l->ids = calloc(l->crl.count, sizeof(*l->ids));
	if (!l->ids)
		return strerror(ENOMEM);
	tscf_sha256(l->crl.issuer.at, l->crl.issuer.left, issuer);
	while (i < l->crl.count && tscf_crl_next(&at, &serial))
		make_id(issuer, &serial, l->ids[i++]);
	qsort(l->ids, l->crl.count, sizeof(*l->ids), compare);
	return NULL;
}

/** Take one list, a copy of these bytes.  @return NULL, or what is wrong with it. */
static const char *take_one(struct tscf_crl_store *s, const struct tscf_ca_store *cas, const uint8_t *der,
			    size_t length)
{
	struct list *lists = reallocarray(s->lists, s->count + 1, sizeof(*lists)), *l;
	const uint8_t *at;
	const char *why;

	if (!lists)
		return strerror(ENOMEM);
	s->lists = lists;
	l = &lists[s->count++];
	*l = (struct list){.der = malloc(length)};
	if (!l->der)
		return strerror(ENOMEM);
	memcpy(l->der, der, length);
	at = l->der;
	why = tscf_crl_parse(&at, &length, &l->crl);
	if (!why)
		why = index_list(l);
	return why ? why : verify_known(s, l, cas);
}

/** Take the lists in these bytes, which are back to back.  @return NULL, or what is wrong with the last. */
static const char *take(struct tscf_crl_store *s, const struct tscf_ca_store *cas, const uint8_t *der, size_t length)
{
	struct tscf_der all = {.at = der, .left = length}, whole, content;
	const char *why = NULL;

	while (all.left > 0 && !why) {
		/* Bytes that are no list are given to the parser, which says so. */
		if (!tscf_der_take(&all, TSCF_DER_SEQUENCE, &whole, &content)) {
			whole = all;
			all.left = 0;
		}
		why = take_one(s, cas, whole.at, whole.left);
	}
	return why;
}

/** The same, for PEM text. */
static const char *take_pem(struct tscf_crl_store *s, const struct tscf_ca_store *cas, const char *text)
{
	const char *why = NULL, *begin, *end;

	while (!why && (begin = strstr(text, BEGIN)) != NULL) {
		struct base64_decode_ctx ctx;
		uint8_t *der;
		size_t length;

		begin += strlen(BEGIN);
		end = strstr(begin, END);
		if (!end)
			return "is cut short";
		length = BASE64_DECODE_LENGTH((size_t)(end - begin));
		der = malloc(length);
		if (!der)
			return strerror(ENOMEM);
		base64_decode_init(&ctx);
		if (base64_decode_update(&ctx, &length, der, (size_t)(end - begin), begin) && base64_decode_final(&ctx))
			why = take_one(s, cas, der, length);
		else
			why = "is not in base64";
		free(der);
		text = end + strlen(END);
	}
	return why;
}

/** Read all of @p file, with a NUL behind it.  @return the bytes, or NULL with errno. */
static char *read_all(const char *file, size_t *length)
{
	char *data = malloc(FILE_MAX + 1);
	int got = data ? tscf_file_read(file, data, FILE_MAX + 1) : -ENOMEM;

	if (got < 0) {
		free(data);
		errno = -got;
		return NULL;
	}
	*length = (size_t)got;
	data[got] = '\0';
	return data;
}

static void warn(const struct tscf_crl_store *s, const char *file)
{
	const int64_t now = time(NULL);

	for (size_t i = 0; i < s->count; i++) {
		const struct tscf_crl *crl = &s->lists[i].crl;

		if (now > crl->until || now < crl->from)
			tscf_warning("%s: revocation list %zu %s: certificates that need it are refused", file, i + 1,
				     now < crl->from ? "is not valid yet" : "has expired");
	}
}

struct tscf_crl_store *tscf_crl_store_read(const char *file, const struct tscf_ca_store *cas, char *error)
{
	struct tscf_crl_store *s = calloc(1, sizeof(*s));
	const char *why;
	size_t length = 0;
	char *data;

	if (!s) {
		snprintf(error, TSCF_PROOF_ERROR, "%s", strerror(ENOMEM));
		return NULL;
	}
	pthread_mutex_init(&s->lock, NULL);
	data = read_all(file, &length);
	if (!data) {
		snprintf(error, TSCF_PROOF_ERROR, "%s: %s", file, strerror(errno));
		tscf_crl_store_free(s);
		return NULL;
	}
	why = data[0] == TSCF_DER_SEQUENCE ? take(s, cas, (const uint8_t *)data, length) : take_pem(s, cas, data);
	free(data);
	if (!why && s->count > 0) {
		warn(s, file);
		return s;
	}
	if (why)
		snprintf(error, TSCF_PROOF_ERROR, "%s: a revocation list %s", file, why);
	else
		snprintf(error, TSCF_PROOF_ERROR, "%s: holds no revocation list in PEM or DER", file);
	tscf_crl_store_free(s);
	return NULL;
}

void tscf_crl_store_free(struct tscf_crl_store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++) {
		free(s->lists[i].der);
		free(s->lists[i].ids);
	}
	free(s->lists);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* --- checking --- */

/** Check that @p l is valid and signed by its issuer, which is the CA or one of the certificates. */
static const char *check_list(struct tscf_crl_store *s, struct list *l, const struct tscf_chain_link *links,
			      unsigned count, const struct tscf_chain_link *ca, int64_t now)
{
	bool is_signed = is_issuer(ca, &l->crl.issuer) && is_signed_by(s, l, ca);

	for (unsigned i = 1; i < count && !is_signed; i++)
		is_signed = is_issuer(&links[i], &l->crl.issuer) && is_signed_by(s, l, &links[i]);
	if (!is_signed)
		return "the revocation list of the certificate's CA is not signed by it";
	if (now < l->crl.from)
		return "the revocation list of the certificate's CA is not valid yet";
	return now > l->crl.until ? "the revocation list of the certificate's CA has expired" : NULL;
}

const char *tscf_crl_store_check(struct tscf_crl_store *s, const struct tscf_chain_link *links, unsigned count,
				 const struct tscf_chain_link *ca, int64_t now)
{
	for (unsigned i = 0; i < count; i++) {
		const char *why = "there is no revocation list of the certificate's CA";
		struct tscf_cert_names names;
		uint8_t id[TSCF_REVOCATION_ID];

		if (tscf_cert_names(links[i].der, links[i].length, &names) < 0)
			return TSCF_REFUSAL_MALFORMED;
		tscf_revocation_id(&names, id);
		/* There may be an old list besides the new one. */
		for (size_t n = 0; n < s->count; n++) {
			if (!same(&s->lists[n].crl.issuer, &names.issuer))
				continue;
			if (revokes(&s->lists[n], id))
				return TSCF_REFUSAL_REVOKED;
			if (why)
				why = check_list(s, &s->lists[n], links, count, ca, now);
		}
		if (why)
			return why;
	}
	return NULL;
}

bool tscf_crl_store_revokes(const struct tscf_crl_store *s, const struct tscf_client_name *who)
{
	for (unsigned i = 0; i < who->certificate_count; i++)
		for (size_t n = 0; n < s->count; n++)
			if (revokes(&s->lists[n], who->certificates[i]))
				return true;
	return false;
}

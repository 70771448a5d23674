/* SPDX-License-Identifier: GPL-3.0-or-later */
/* client_auth.c - the server's half of proof.h. */
#include "common/auth/proof_subject.h"

#include "common/auth/ca_store.h"
#include "common/auth/crl_store.h"
#include "common/auth/refusal.h"
#include "common/auth/signature.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/crypto/crypto.h"
#include "common/crypto/hash.h"
#include "common/tls/cert.h"
#include "common/tls/tls.h"
#include "common/tls/tls_ca.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <wolfssl/options.h>

#include <wolfssl/openssl/x509v3.h>
#include <wolfssl/ssl.h>

struct tscf_client_auth {
	atomic_uint holders;
	unsigned methods;
	struct tscf_psks psks;
	struct tscf_ca_store cas;
	struct tscf_enrolments *record; /* NULL: no invitation can be used */
	struct tscf_crl_store *crls;    /* NULL: revocation is not checked */
	char **denied;
	size_t denied_count;
};

/* --- reading --- */

static int deny(struct tscf_client_auth *c, const char *text, size_t length)
{
	char **list = reallocarray(c->denied, c->denied_count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	c->denied = list;
	list[c->denied_count] = strndup(text, length);
	if (!list[c->denied_count])
		return -ENOMEM;
	c->denied_count++;
	return 0;
}

/** @return 0, or -errno: -EINVAL if there is a NUL byte, which would hide what comes after it. */
static int read_denied_line(struct tscf_client_auth *c, const char *line, size_t length)
{
	const char *name = tscf_text_strip(line, &length);

	if (memchr(name, '\0', length))
		return -EINVAL;
	return length > 0 && name[0] != '#' ? deny(c, name, length) : 0;
}

/** @return 0, or -errno with the error of TSCF_PROOF_ERROR bytes. */
static int read_denied(struct tscf_client_auth *c, const char *file, char *error)
{
	FILE *f = tscf_file_stream(file);
	unsigned number = 0;
	size_t size = 0;
	char *line = NULL;
	ssize_t length;
	int err = f ? 0 : -errno;

	while (err == 0 && (length = getline(&line, &size, f)) > 0) {
		number++;
		err = read_denied_line(c, line, (size_t)length);
	}
	if (err == 0 && ferror(f))
		err = -EIO;
	if (err == -EINVAL)
		snprintf(error, TSCF_PROOF_ERROR, "%s:%u: NUL byte", file, number);
	else if (err < 0)
		snprintf(error, TSCF_PROOF_ERROR, "%s: %s", file, strerror(-err));
	free(line);
	if (f)
		fclose(f);
	return err;
}

static struct tscf_client_auth *fail(struct tscf_client_auth *c, char *error, const char *file, const char *why)
{
	snprintf(error, TSCF_PROOF_ERROR, "%s%s%s", file, file[0] ? ": " : "", why);
	tscf_client_auth_drop(c);
	return NULL;
}

struct tscf_client_auth *tscf_client_auth_read(const char *psk_file, const char *ca_file, const char *denied_file,
					       const char *crl_file, char *error)
{
	struct tscf_client_auth *c;
	int err;

	if (tscf_crypto_acquire() < 0)
		return fail(NULL, error, "wolfSSL", "cannot start");
	c = calloc(1, sizeof(*c));
	if (!c) {
		tscf_crypto_release();
		return fail(NULL, error, "", strerror(ENOMEM));
	}
	c->holders = 1;
	c->methods = (psk_file ? TSCF_PROOF_PSK : 0) | (ca_file ? TSCF_PROOF_CERTIFICATE : 0);
	if (psk_file && tscf_psks_read(psk_file, &c->psks, error, TSCF_PROOF_ERROR) < 0) {
		tscf_client_auth_drop(c);
		return NULL;
	}
	for (size_t i = 0; i < c->psks.count; i++)
		if (c->psks.list[i].kind == TSCF_PSK_JOINING)
			return fail(c, error, psk_file, "is a client's file");
	err = ca_file ? tscf_ca_store_read(&c->cas, ca_file) : 0;
	if (err < 0)
		return fail(c, error, ca_file, err == -EINVAL ? "holds no certificate of a CA in PEM" : strerror(-err));
	if (crl_file)
		c->crls = tscf_crl_store_read(crl_file, &c->cas, error);
	if ((crl_file && !c->crls) || (denied_file && read_denied(c, denied_file, error) < 0)) {
		tscf_client_auth_drop(c);
		return NULL;
	}
	return c;
}

void tscf_client_auth_record(struct tscf_client_auth *c, struct tscf_enrolments *record)
{
	c->record = record;
}

struct tscf_client_auth *tscf_client_auth_hold(struct tscf_client_auth *c)
{
	atomic_fetch_add_explicit(&c->holders, 1, memory_order_relaxed);
	return c;
}

void tscf_client_auth_drop(struct tscf_client_auth *c)
{
	if (!c || atomic_fetch_sub_explicit(&c->holders, 1, memory_order_acq_rel) > 1)
		return;
	tscf_psks_free(&c->psks);
	tscf_ca_store_free(&c->cas);
	tscf_crl_store_free(c->crls);
	for (size_t i = 0; i < c->denied_count; i++)
		free(c->denied[i]);
	free(c->denied);
	free(c);
	tscf_crypto_release();
}

const uint8_t *tscf_client_name_key(const struct tscf_client_name *who)
{
	return who && who->name[0] == 'p' ? who->key : NULL;
}

unsigned tscf_client_auth_methods(const struct tscf_client_auth *c)
{
	return c->methods;
}

/* --- checking --- */

/** @return whether @p mac is that of the subject under the key. */
static bool is_mac(const uint8_t *key, size_t size, const uint8_t *subject, uint32_t length, const uint8_t *mac)
{
	uint8_t right[TSCF_PROOF_MAC];

	tscf_mac(key, size, subject, length, right);
	return tscf_equal_secret(right, mac, sizeof(right));
}

/** Check a client that was invited once: it has a lasting key, or shows its invitation, which it may use only then. */
static const char *check_invited(const struct tscf_client_auth *c, const struct tscf_psk *psk, const uint8_t *subject,
				 uint32_t length, const uint8_t *mac, struct tscf_client_name *who)
{
	struct tscf_enrolment used;
	bool has_lasting;

	if (!tscf_enrolments_have(c->record, psk))
		return TSCF_REFUSAL_LOST;
	has_lasting =
	    tscf_enrolments_find(c->record, psk, &used) && is_mac(used.key, sizeof(used.key), subject, length, mac);
	if (has_lasting)
		tscf_sha256(used.key, sizeof(used.key), who->key);
	explicit_bzero(&used, sizeof(used));
	if (has_lasting)
		return NULL;
	if (!is_mac(psk->key, psk->key_length, subject, length, mac))
		return TSCF_REFUSAL_WRONG_KEY;
	tscf_sha256(psk->key, psk->key_length, who->key);
	who->invited = true;
	return NULL;
}

static const char *check_psk(const struct tscf_client_auth *c, const uint8_t *subject, uint32_t length,
			     const struct tscf_tlv *proof, struct tscf_client_name *who)
{
	const uint32_t identity = proof->value[1];
	const uint8_t *mac = proof->value + 2 + identity;
	const struct tscf_psk *psk;

	if (proof->length != 2 + identity + TSCF_PROOF_MAC)
		return TSCF_REFUSAL_MALFORMED;
	snprintf(who->name, sizeof(who->name), "psk %.*s", (int)identity, (const char *)proof->value + 2);
	psk = tscf_psks_find(&c->psks, proof->value + 2, identity);
	if (!psk)
		return TSCF_REFUSAL_UNKNOWN;
	if (psk->kind == TSCF_PSK_INVITED)
		return check_invited(c, psk, subject, length, mac, who);
	if (!is_mac(psk->key, psk->key_length, subject, length, mac))
		return TSCF_REFUSAL_WRONG_KEY;
	tscf_sha256(psk->key, psk->key_length, who->key);
	return NULL;
}

/** The name shown to people: the common name, or the pin of a certificate that has none. */
static void name_certificate(WOLFSSL_X509 *certificate, struct tscf_client_name *who)
{
	const char *cn = wolfSSL_X509_get_subjectCN(certificate);
	char pin[TSCF_PIN_TEXT];

	snprintf(who->name, sizeof(who->name), "certificate %s", cn && cn[0] ? cn : tscf_pin_format(who->key, pin));
	for (char *p = who->name; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
}

/** Note who the certificate says that its owner is, which is not proved. */
static const char *take_name(WOLFSSL_X509 *certificate, const struct tscf_chain_link *own, struct tscf_client_name *who)
{
	if (tscf_cert_pin(own->der, own->length, who->key) < 0)
		return "the certificate has no public key";
	name_certificate(certificate, who);
	return NULL;
}

static const char *check_parsed(WOLFSSL_X509 *certificate, const uint8_t *subject, uint32_t length,
				const struct tscf_tlv *proof)
{
	const unsigned usage = wolfSSL_X509_get_extended_key_usage(certificate);

	if (usage != 0 && usage != UINT32_MAX && !(usage & XKU_SSL_CLIENT))
		return "the certificate is not for clients";
	if (!tscf_signature_good(certificate, subject, length, proof->value + 1, proof->length - 1U))
		return TSCF_REFUSAL_OTHER_KEY;
	return NULL;
}

/** @return the last second in which all certificates are valid, or 0. */
static int64_t end_of(const struct tscf_chain_link *links, unsigned count)
{
	int64_t until = INT64_MAX;

	for (unsigned i = 0; i < count; i++) {
		WOLFSSL_X509 *x =
		    wolfSSL_X509_load_certificate_buffer(links[i].der, (int)links[i].length, WOLFSSL_FILETYPE_ASN1);
		int64_t end = x ? tscf_tls_seconds(wolfSSL_X509_get_notAfter(x)) : 0;

		wolfSSL_X509_free(x);
		if (end < until)
			until = end;
	}
	return until;
}

static void note_certificates(const struct tscf_chain_link *links, unsigned count, struct tscf_client_name *who)
{
	struct tscf_cert_names names;

	for (unsigned i = 0; i < count; i++)
		if (tscf_cert_names(links[i].der, links[i].length, &names) == 0)
			tscf_revocation_id(&names, who->certificates[who->certificate_count++]);
}

static const char *check_revocation(const struct tscf_client_auth *c, const struct tscf_chain_link *links,
				    unsigned count, const uint8_t signer[TSCF_PIN_SIZE])
{
	struct tscf_chain_link ca;

	if (!c->crls)
		return NULL;
	return tscf_ca_store_find(&c->cas, signer, &ca) ? tscf_crl_store_check(c->crls, links, count, &ca, time(NULL))
							: TSCF_REFUSAL_UNKNOWN_CA;
}

const uint8_t *tscf_proof_names(const struct tscf_message *m)
{
	struct tscf_tlv proof, digest, whole;

	if (!tscf_message_find(m, TSCF_TLV_AUTH_PROOF, &proof) || proof.value[0] != TSCF_PROOF_CERTIFICATE ||
	    tscf_message_find(m, TSCF_TLV_AUTH_CERTIFICATE, &whole) ||
	    !tscf_message_find(m, TSCF_TLV_CHAIN_DIGEST, &digest))
		return NULL;
	return digest.value;
}

/** Find the certificates of the proof.  @return how many there are. */
static unsigned certificates_of(const struct tscf_message *m, const struct tscf_certificates *sent,
				struct tscf_chain_link links[TSCF_CHAIN_LINKS])
{
	struct tscf_tlv der;

	if (tscf_message_find(m, TSCF_TLV_AUTH_CERTIFICATE, &der)) {
		links[0] = (struct tscf_chain_link){der.value, der.length};
		return 1;
	}
	return tscf_chain_split(sent->der, sent->length, links);
}

static const char *check_certificate(const struct tscf_client_auth *c, const struct tscf_message *m,
				     const struct tscf_certificates *sent, const uint8_t *subject, uint32_t length,
				     const struct tscf_tlv *proof, struct tscf_client_name *who)
{
	struct tscf_chain_link links[TSCF_CHAIN_LINKS];
	const unsigned count = certificates_of(m, sent, links);
	WOLFSSL_X509 *certificate;
	const char *why;

	if (count == 0)
		return TSCF_REFUSAL_MALFORMED;
	if (count > TSCF_CERTIFICATES_MAX)
		return "too many certificates: 4 are accepted";
	certificate = wolfSSL_X509_load_certificate_buffer(links[0].der, (int)links[0].length, WOLFSSL_FILETYPE_ASN1);
	if (!certificate)
		return TSCF_REFUSAL_MALFORMED;
	why = take_name(certificate, &links[0], who);
	/* For an unknown client, no operation with its key is done. */
	if (!why)
		why = tscf_ca_store_verify(&c->cas, links, count, who->ca);
	if (!why)
		why = check_parsed(certificate, subject, length, proof);
	wolfSSL_X509_free(certificate);
	if (why)
		return why;
	who->until = end_of(links, count);
	note_certificates(links, count, who);
	why = check_revocation(c, links, count, who->ca);
	if (!why && who->until <= 0)
		why = "the certificate has no end";
	return why;
}

/** A common name that is longer than the room for it was cut: what is left of it is compared. */
static bool is_denied(const struct tscf_client_auth *c, const struct tscf_client_name *who)
{
	const char *name = strchr(who->name, ' ') + 1;
	const size_t whole = sizeof(who->name) - 1, room = whole - (size_t)(name - who->name);
	char pin[TSCF_PIN_TEXT];

	tscf_pin_format(who->key, pin);
	for (size_t i = 0; i < c->denied_count; i++)
		if (strncmp(c->denied[i], name, room) == 0 || strncmp(c->denied[i], who->name, whole) == 0 ||
		    strcmp(c->denied[i], pin) == 0)
			return true;
	return false;
}

const char *tscf_client_auth_check(const struct tscf_client_auth *c, const struct tscf_proof_subject *s,
				   const struct tscf_message *m, const struct tscf_certificates *certificates,
				   struct tscf_client_name *who)
{
	uint8_t subject[TSCF_PROOF_SUBJECT_MAX];
	const uint32_t length = tscf_proof_subject_bytes(s, subject);
	struct tscf_tlv proof;
	const char *why;

	memset(who, 0, sizeof(*who));
	if (length == 0 || !tscf_message_find(m, TSCF_TLV_AUTH_PROOF, &proof))
		return TSCF_REFUSAL_NO_PROOF;
	if (!(proof.value[0] & c->methods) || (proof.value[0] & (proof.value[0] - 1)))
		return proof.value[0] == TSCF_PROOF_PSK ? TSCF_REFUSAL_NO_KEYS : TSCF_REFUSAL_NO_CERTIFICATES;
	why = proof.value[0] == TSCF_PROOF_PSK ? check_psk(c, subject, length, &proof, who)
					       : check_certificate(c, m, certificates, subject, length, &proof, who);
	if (!why && is_denied(c, who))
		why = TSCF_REFUSAL_DENIED;
	return why;
}

const char *tscf_client_auth_enrol(const struct tscf_client_auth *c, const struct tscf_client_name *who,
				   const uint8_t *share, uint8_t lasting[TSCF_LASTING_KEY_SIZE], bool *waits)
{
	const char *name = strchr(who->name, ' ') + 1, *why = NULL;
	const struct tscf_psk *psk = tscf_psks_find(&c->psks, name, strlen(name));
	struct tscf_enrolment used;
	int err;

	*waits = false;
	if (!psk || !tscf_enrolments_have(c->record, psk))
		return TSCF_REFUSAL_LOST;
	if (!tscf_enrolments_find(c->record, psk, &used) && time(NULL) > psk->until)
		return TSCF_REFUSAL_TOO_LATE;
	err = tscf_enrolments_add(c->record, psk, share, &used);
	*waits = err == -EINPROGRESS;
	if (*waits)
		return NULL;
	if (err < 0) {
		tscf_error("cannot record that %s uses its invitation: %s", name, strerror(-err));
		why = TSCF_REFUSAL_NOT_RECORDED;
	} else if (memcmp(used.share, share, sizeof(used.share)) != 0) {
		why = TSCF_REFUSAL_USED;
	} else {
		memcpy(lasting, used.key, TSCF_LASTING_KEY_SIZE);
	}
	explicit_bzero(&used, sizeof(used));
	return why;
}

bool tscf_client_expired(const struct tscf_client_name *who, int64_t today)
{
	return who->until != 0 && today > who->until;
}

static const char *still_certified(const struct tscf_client_auth *c, const struct tscf_client_name *who, int64_t today)
{
	if (!(c->methods & TSCF_PROOF_CERTIFICATE))
		return TSCF_REFUSAL_NO_CERTIFICATES;
	if (!tscf_ca_store_have(&c->cas, who->ca))
		return TSCF_REFUSAL_UNKNOWN_CA;
	if (c->crls && tscf_crl_store_revokes(c->crls, who))
		return TSCF_REFUSAL_REVOKED;
	return tscf_client_expired(who, today) ? "the certificate has expired" : NULL;
}

/** @return NULL with the SHA-256 of the key that @p psk stands for now, or why it has none. */
static const char *present_key(const struct tscf_client_auth *c, const struct tscf_psk *psk, uint8_t key[32])
{
	struct tscf_enrolment used;

	if (psk->kind != TSCF_PSK_INVITED) {
		tscf_sha256(psk->key, psk->key_length, key);
		return NULL;
	}
	if (!tscf_enrolments_have(c->record, psk))
		return TSCF_REFUSAL_LOST;
	if (!tscf_enrolments_find(c->record, psk, &used))
		return "the key has been changed";
	tscf_sha256(used.key, sizeof(used.key), key);
	explicit_bzero(&used, sizeof(used));
	return NULL;
}

static const char *still_has_key(const struct tscf_client_auth *c, const struct tscf_client_name *who, const char *name)
{
	const struct tscf_psk *psk = tscf_psks_find(&c->psks, name, strlen(name));
	uint8_t key[32];
	const char *why = psk ? present_key(c, psk, key) : TSCF_REFUSAL_DENIED;

	if (why)
		return why;
	return tscf_equal_secret(key, who->key, sizeof(key)) ? NULL : "the key has been changed";
}

const char *tscf_client_auth_still(const struct tscf_client_auth *c, const struct tscf_client_name *who, int64_t today)
{
	const char *name;

	if (!who)
		return TSCF_REFUSAL_NO_PROOF;
	name = strchr(who->name, ' ');
	if (!name || is_denied(c, who))
		return TSCF_REFUSAL_DENIED;
	return who->name[0] == 'c' ? still_certified(c, who, today) : still_has_key(c, who, name + 1);
}

static const char *check_key(const struct tscf_client_name *who, const uint8_t *subject, uint32_t length,
			     const struct tscf_tlv *proof, const struct tscf_tlv *spki)
{
	WOLFSSL_EVP_PKEY *key;
	uint8_t pin[TSCF_PIN_SIZE];
	bool right;

	tscf_sha256(spki->value, spki->length, pin);
	if (!tscf_equal_secret(pin, who->key, sizeof(pin)))
		return TSCF_REFUSAL_OTHER_KEY;
	key = tscf_signature_public_key(spki->value, spki->length);
	right = key && tscf_signature_by(key, subject, length, proof->value + 1, proof->length - 1U);
	wolfSSL_EVP_PKEY_free(key);
	return right ? NULL : TSCF_REFUSAL_OTHER_KEY;
}

const char *tscf_client_auth_check_key(const struct tscf_client_auth *c, const struct tscf_proof_subject *s,
				       const struct tscf_message *m, const struct tscf_client_name *who)
{
	uint8_t subject[TSCF_PROOF_SUBJECT_MAX];
	const uint32_t length = tscf_proof_subject_bytes(s, subject);
	const char *why = tscf_client_auth_still(c, who, time(NULL));
	struct tscf_tlv proof, spki;

	if (why)
		return why;
	if (length == 0 || !tscf_message_find(m, TSCF_TLV_AUTH_PROOF, &proof))
		return TSCF_REFUSAL_NO_PROOF;
	if (who->name[0] != 'c' || proof.value[0] != TSCF_PROOF_CERTIFICATE ||
	    !tscf_message_find(m, TSCF_TLV_AUTH_KEY, &spki))
		return TSCF_REFUSAL_MALFORMED;
	return check_key(who, subject, length, &proof, &spki);
}

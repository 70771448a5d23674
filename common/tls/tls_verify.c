/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client's rules.  With a CA, the chain must be valid and signed with SHA-256 or better, the server's own
 * certificate must be for the configured name, and no certificate may be revoked, if that is checked.  With a pin, the
 * server's own key must be the pinned one.  Every configured check must succeed, and at least one is always configured.
 * With a pin alone, chain, name and dates do not matter: the pin names the key itself, and the handshake proves that
 * the server has it.
 */
#include "common/crypto/hash.h"
#include "common/tls/tls_context.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

int tscf_tls_refuse(struct tscf_tls_check *check, const char *reason)
{
	check->verified = false;
	/* Keep the first reason: it is the cause of the later ones. */
	if (check->reason[0] == '\0')
		snprintf(check->reason, sizeof(check->reason), "%s", reason);
	return 0;
}

/* wolfSSL reports some errors with its own negative numbers, some with OpenSSL's positive ones. */
int tscf_tls_refuse_chain(struct tscf_tls_check *check, int error)
{
	char text[TSCF_TLS_ERROR];
	const char *untrusted;

	switch (error) {
	case ASN_AFTER_DATE_E:
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
		return tscf_tls_refuse(check, "certificate has expired");
	case ASN_BEFORE_DATE_E:
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
		return tscf_tls_refuse(check, "certificate is not valid yet");
	case EXTKEYUSE_AUTH_E:
		return tscf_tls_refuse(check, TSCF_TLS_NOT_FOR_SERVERS);
	case ASN_NO_SIGNER_E:
	case ASN_SELF_SIGNED_E:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		untrusted = tscf_tls_cas_untrusted(&check->tls->cas, time(NULL));
		return tscf_tls_refuse(check, untrusted ? untrusted : "certificate is not signed by a known CA");
	default:
		snprintf(text, sizeof(text), "certificate is not valid: %s",
			 error < 0 ? wolfSSL_ERR_reason_error_string((unsigned long)-error)
				   : wolfSSL_X509_verify_cert_error_string(error));
		return tscf_tls_refuse(check, text);
	}
}

static bool name_is_right(struct tscf_tls_check *check, const uint8_t *leaf, size_t length)
{
	char text[TSCF_TLS_ERROR];

	if (tscf_cert_is_for(leaf, length, check->tls->server_name))
		return true;
	snprintf(text, sizeof(text), "certificate is not valid for %s", check->tls->server_name);
	tscf_tls_refuse(check, text);
	return false;
}

static bool pin_is_right(struct tscf_tls_check *check, const uint8_t *leaf, size_t length)
{
	char pin[TSCF_PIN_TEXT], text[TSCF_TLS_ERROR];
	uint8_t digest[TSCF_PIN_SIZE];

	if (tscf_cert_pin(leaf, length, digest) < 0) {
		tscf_tls_refuse(check, "certificate has no public key");
		return false;
	}
	if (tscf_equal_secret(digest, check->tls->pin, sizeof(digest)))
		return true;
	snprintf(text, sizeof(text), "pin does not match: server has %s", tscf_pin_format(digest, pin));
	tscf_tls_refuse(check, text);
	return false;
}

static bool is_revoked(struct tscf_tls_check *check, const struct tscf_chain_link *links, unsigned count)
{
	const struct tscf_tls *tls = check->tls;
	const char *why = tls->revocation ? tls->revocation(tls->revocation_context, links, count) : NULL;

	if (why)
		tscf_tls_refuse(check, why);
	return why != NULL;
}

/** wolfSSL takes such signatures in certificates, whatever the list of algorithms for the handshake says. */
static bool is_weakly_signed(struct tscf_tls_check *check, const struct tscf_chain_link *links, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (!tscf_cert_is_weakly_signed(links[i].der, links[i].length))
			continue;
		tscf_tls_refuse(check, "certificate is signed with SHA-1 or MD5");
		return true;
	}
	return false;
}

int tscf_tls_judge(struct tscf_tls_check *check, const struct tscf_chain_link *links, unsigned count)
{
	const struct tscf_chain_link *leaf = &links[0];

	if (check->tls->has_ca && (is_weakly_signed(check, links, count) ||
				   !name_is_right(check, leaf->der, leaf->length) || is_revoked(check, links, count)))
		return 0;
	if (check->tls->has_pin && !pin_is_right(check, leaf->der, leaf->length))
		return 0;
	check->verified = check->tls->has_ca || check->tls->has_pin;
	return check->verified;
}

int tscf_tls_verify(int valid, WOLFSSL_X509_STORE_CTX *store)
{
	struct tscf_tls_check *check = store->userCtx;
	struct tscf_chain_link links[TSCF_CHAIN_LINKS];
	unsigned count = 0;

	if (!check)
		return 0;
	if (check->tls->has_ca && !valid)
		return tscf_tls_refuse_chain(check, store->error);
	/* Depth 0 is the server's own certificate; it is checked last. */
	if (store->error_depth != 0)
		return 1;
	if (store->totalCerts < 1 || !store->certs)
		return tscf_tls_refuse(check, "server has no certificate");
	for (; count < TSCF_CHAIN_LINKS && (int)count < store->totalCerts; count++)
		links[count] = (struct tscf_chain_link){store->certs[count].buffer, store->certs[count].length};
	return tscf_tls_judge(check, links, count);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls_chain.c - the rules of tls_verify.c, for certificates that the client received on a plain tunnel. */
#include "common/tls/tls_chain.h"

#include "common/tls/tls_context.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <wolfssl/openssl/x509v3.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

/**
 * @return whether the key of this certificate may sign others, of which @p below sign others again: wolfSSL does not
 * check that here.
 */
static bool may_sign(const struct tscf_chain_link *l, unsigned below)
{
	WOLFSSL_X509 *x = wolfSSL_X509_load_certificate_buffer(l->der, (int)l->length, WOLFSSL_FILETYPE_ASN1);
	unsigned usage = x ? wolfSSL_X509_get_keyUsage(x) : 0;
	/* Without the extension the key may be used for everything (RFC 5280, 4.2.1.3). */
	bool may = x && wolfSSL_X509_get_isCA(x) == 1 && (usage == 0 || usage & KEYUSE_KEY_CERT_SIGN);

	if (may && wolfSSL_X509_get_isSet_pathLength(x))
		may = below <= wolfSSL_X509_get_pathLength(x);
	wolfSSL_X509_free(x);
	return may;
}

static bool is_for_servers(const struct tscf_chain_link *l)
{
	WOLFSSL_X509 *x = wolfSSL_X509_load_certificate_buffer(l->der, (int)l->length, WOLFSSL_FILETYPE_ASN1);
	unsigned usage = x ? wolfSSL_X509_get_extended_key_usage(x) : 0;
	bool is = x && (usage == 0 || usage == UINT32_MAX || usage & (XKU_SSL_SERVER | XKU_ANYEKU));

	wolfSSL_X509_free(x);
	return is;
}

/** Load the CAs that are valid now.  @return WOLFSSL_SUCCESS, or an error if there is none. */
static int load_cas(WOLFSSL_CERT_MANAGER *to, const struct tscf_tls_cas *cas)
{
	const int64_t now = time(NULL);
	int code = ASN_NO_SIGNER_E;

	for (size_t i = 0; i < cas->count; i++)
		if (tscf_tls_ca_is_valid(&cas->list[i], now) &&
		    wolfSSL_CertManagerLoadCABuffer(to, cas->list[i].der, cas->list[i].length, WOLFSSL_FILETYPE_ASN1) ==
			WOLFSSL_SUCCESS)
			code = WOLFSSL_SUCCESS;
	return code;
}

unsigned tscf_chain_split(const uint8_t *chain, size_t length, struct tscf_chain_link links[TSCF_CHAIN_LINKS])
{
	unsigned count = 0;

	while (count < TSCF_CHAIN_LINKS && length > 0 &&
	       tscf_cert_take(&chain, &length, &links[count].der, &links[count].length) == 0)
		count++;
	return count;
}

static int verify_one(WOLFSSL_CERT_MANAGER *cas, const struct tscf_chain_link *l)
{
	return wolfSSL_CertManagerVerifyBuffer(cas, l->der, (long)l->length, WOLFSSL_FILETYPE_ASN1);
}

static bool is_of_dates(int code)
{
	return code == ASN_AFTER_DATE_E || code == ASN_BEFORE_DATE_E;
}

/* From the top: each certificate is verified before it is used to verify another. */
int tscf_chain_verify(WOLFSSL_CERT_MANAGER *cas, const struct tscf_chain_link *links, unsigned count)
{
	int code, dates = WOLFSSL_SUCCESS;

	for (unsigned i = count; i-- > 1;) {
		code = verify_one(cas, &links[i]);
		if (is_of_dates(code))
			dates = code;
		if (code != WOLFSSL_SUCCESS || !may_sign(&links[i], i - 1))
			continue;
		code = wolfSSL_CertManagerLoadCABuffer(cas, links[i].der, (long)links[i].length, WOLFSSL_FILETYPE_ASN1);
		if (code != WOLFSSL_SUCCESS)
			return code;
	}
	code = verify_one(cas, &links[0]);
	/* It says more that a certificate between has expired than that its owner is unknown. */
	return code == ASN_NO_SIGNER_E && dates != WOLFSSL_SUCCESS ? dates : code;
}

/** Check that a chain leads from the first certificate to a CA of @p tls.  @return WOLFSSL_SUCCESS, or wolfSSL's
 * error. */
static int verify(const struct tscf_tls *tls, const struct tscf_chain_link *links, unsigned count)
{
	WOLFSSL_CERT_MANAGER *cas = wolfSSL_CertManagerNew();
	int code = cas ? load_cas(cas, &tls->cas) : MEMORY_E;

	if (code == WOLFSSL_SUCCESS)
		code = tscf_chain_verify(cas, links, count);
	wolfSSL_CertManagerFree(cas);
	return code;
}

int tscf_tls_check_chain(const struct tscf_tls *tls, const uint8_t *chain, size_t length, const uint8_t **leaf,
			 size_t *leaf_length, char *reason)
{
	struct tscf_tls_check check = {.tls = tls};
	struct tscf_chain_link links[TSCF_CHAIN_LINKS];
	unsigned count = tscf_chain_split(chain, length, links);
	int code = WOLFSSL_SUCCESS;

	if (count == 0)
		tscf_tls_refuse(&check, "server has no certificate");
	else if (tls->has_ca)
		code = verify(tls, links, count);
	if (code != WOLFSSL_SUCCESS)
		tscf_tls_refuse_chain(&check, code);
	else if (count > 0 && tls->has_ca && !is_for_servers(&links[0]))
		tscf_tls_refuse(&check, TSCF_TLS_NOT_FOR_SERVERS);
	else if (count > 0)
		tscf_tls_judge(&check, links, count);
	snprintf(reason, TSCF_TLS_ERROR, "%s", check.reason);
	if (!check.verified)
		return -EINVAL;
	*leaf = links[0].der;
	*leaf_length = links[0].length;
	return 0;
}

bool tscf_tls_has_pin(const struct tscf_tls *tls)
{
	return tls->has_pin;
}

bool tscf_tls_has_ca(const struct tscf_tls *tls)
{
	return tls->has_ca;
}

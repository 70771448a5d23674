/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <wolfssl/options.h>

#include "common/tls/cert.h"

#include "common/base/addr.h"
#include "common/crypto/hash.h"
#include "common/tls/der.h"
#include "common/tls/tls.h"

#include <errno.h>
#include <nettle/base64.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/asn.h>

#define PIN_PREFIX "sha256:"

_Static_assert(sizeof(PIN_PREFIX) + BASE64_ENCODE_RAW_LENGTH(TSCF_PIN_SIZE) <= TSCF_PIN_TEXT, "a pin fits its text");

int tscf_cert_take(const uint8_t **at, size_t *length, const uint8_t **der, size_t *der_length)
{
	struct tscf_der all = {.at = *at, .left = *length}, whole, content;

	if (!tscf_der_take(&all, TSCF_DER_SEQUENCE, &whole, &content))
		return -EINVAL;
	*der = whole.at;
	*der_length = whole.left;
	*at = all.at;
	*length = all.left;
	return 0;
}

int tscf_cert_spki(const uint8_t *der, size_t length, const uint8_t **spki, size_t *spki_length)
{
	/* signature algorithm, issuer, validity, subject: between the serial number and the key */
	static const unsigned between = 4;
	struct tscf_der all = {.at = der, .left = length}, cert, tbs, whole, content;

	if (!tscf_der_take(&all, TSCF_DER_SEQUENCE, &whole, &cert) ||
	    !tscf_der_take(&cert, TSCF_DER_SEQUENCE, &whole, &tbs))
		return -EINVAL;
	/* Version 1 certificates have no version field. */
	tscf_der_take(&tbs, TSCF_DER_CONTEXT_0, &whole, &content);
	if (!tscf_der_take(&tbs, TSCF_DER_INTEGER, &whole, &content))
		return -EINVAL;
	for (unsigned i = 0; i < between; i++)
		if (!tscf_der_take(&tbs, TSCF_DER_SEQUENCE, &whole, &content))
			return -EINVAL;
	if (!tscf_der_take(&tbs, TSCF_DER_SEQUENCE, &whole, &content))
		return -EINVAL;
	*spki = whole.at;
	*spki_length = whole.left;
	return 0;
}

int tscf_cert_names(const uint8_t *der, size_t length, struct tscf_cert_names *out)
{
	struct tscf_der all = {.at = der, .left = length}, cert, tbs, whole, content;

	if (!tscf_der_take(&all, TSCF_DER_SEQUENCE, &whole, &cert) ||
	    !tscf_der_take(&cert, TSCF_DER_SEQUENCE, &whole, &tbs))
		return -EINVAL;
	tscf_der_take(&tbs, TSCF_DER_CONTEXT_0, &whole, &content);
	/* Between them: the signature algorithm, and the dates. */
	return tscf_der_take(&tbs, TSCF_DER_INTEGER, &whole, &out->serial) &&
		       tscf_der_take(&tbs, TSCF_DER_SEQUENCE, &whole, &content) &&
		       tscf_der_take(&tbs, TSCF_DER_SEQUENCE, &out->issuer, &content) &&
		       tscf_der_take(&tbs, TSCF_DER_SEQUENCE, &whole, &content) &&
		       tscf_der_take(&tbs, TSCF_DER_SEQUENCE, &out->subject, &content)
		   ? 0
		   : -EINVAL;
}

int tscf_cert_pin(const uint8_t *der, size_t length, uint8_t digest[TSCF_PIN_SIZE])
{
	const uint8_t *spki;
	size_t spki_length;
	int err = tscf_cert_spki(der, length, &spki, &spki_length);

	if (err == 0)
		tscf_sha256(spki, spki_length, digest);
	return err;
}

int tscf_pin_parse(const char *text, uint8_t digest[TSCF_PIN_SIZE])
{
	uint8_t decoded[BASE64_DECODE_LENGTH(BASE64_ENCODE_RAW_LENGTH(TSCF_PIN_SIZE))];
	size_t length = sizeof(decoded);
	struct base64_decode_ctx ctx;

	if (strncmp(text, PIN_PREFIX, strlen(PIN_PREFIX)) != 0)
		return -EINVAL;
	text += strlen(PIN_PREFIX);
	if (strlen(text) != BASE64_ENCODE_RAW_LENGTH(TSCF_PIN_SIZE))
		return -EINVAL;
	base64_decode_init(&ctx);
	if (!base64_decode_update(&ctx, &length, decoded, strlen(text), text) || !base64_decode_final(&ctx) ||
	    length != TSCF_PIN_SIZE)
		return -EINVAL;
	memcpy(digest, decoded, TSCF_PIN_SIZE);
	return 0;
}

const char *tscf_pin_format(const uint8_t digest[TSCF_PIN_SIZE], char *text)
{
	char encoded[BASE64_ENCODE_RAW_LENGTH(TSCF_PIN_SIZE) + 1] = "";

	base64_encode_raw(encoded, TSCF_PIN_SIZE, digest);
	snprintf(text, TSCF_PIN_TEXT, PIN_PREFIX "%s", encoded);
	return text;
}

bool tscf_tls_pin_valid(const char *pin)
{
	uint8_t digest[TSCF_PIN_SIZE];

	return tscf_pin_parse(pin, digest) == 0;
}

static size_t without_last_dot(const char *name, size_t length)
{
	return length > 1 && name[length - 1] == '.' ? length - 1 : length;
}

bool tscf_cert_dns_matches(const char *pattern, size_t length, const char *name)
{
	size_t name_length = without_last_dot(name, strlen(name));
	const char *dot;

	length = without_last_dot(pattern, length);
	/* Attackers put a NUL byte inside a name: a C string ends there, the name in the certificate does not. */
	if (length == 0 || name_length == 0 || memchr(pattern, 0, length))
		return false;
	if (length > 2 && pattern[0] == '*' && pattern[1] == '.') {
		pattern += 1;
		length -= 1;
		/* The star stands for one label, and never for all names of a top-level domain. */
		if (!memchr(pattern + 1, '.', length - 1))
			return false;
		dot = memchr(name, '.', name_length);
		if (!dot || dot == name)
			return false;
		name_length -= (size_t)(dot - name);
		name = dot;
	}
	return length == name_length && strncasecmp(pattern, name, length) == 0;
}

static bool entry_matches(const DNS_entry *entry, const char *name, const struct tscf_addr *addr)
{
	if (entry->len <= 0 || !entry->name)
		return false;
	if (addr)
		return entry->type == ASN_IP_TYPE && (size_t)entry->len == tscf_addr_size(addr->family) &&
		       memcmp(entry->name, addr->bytes, (size_t)entry->len) == 0;
	return entry->type == ASN_DNS_TYPE && tscf_cert_dns_matches(entry->name, (size_t)entry->len, name);
}

static bool is_weak(word32 signature)
{
	return signature == CTC_SHAwRSA || signature == CTC_SHAwECDSA || signature == CTC_SHAwDSA ||
	       signature == CTC_MD5wRSA || signature == CTC_MD2wRSA;
}

bool tscf_cert_is_weakly_signed(const uint8_t *der, size_t length)
{
	struct DecodedCert cert;
	bool is = false;

	if (length > INT32_MAX)
		return false;
	wc_InitDecodedCert(&cert, der, (word32)length, NULL);
	if (wc_ParseCert(&cert, CERT_TYPE, NO_VERIFY, NULL) == 0)
		is = !cert.selfSigned && is_weak(cert.signatureOID);
	wc_FreeDecodedCert(&cert);
	return is;
}

bool tscf_cert_is_for(const uint8_t *der, size_t length, const char *name)
{
	struct DecodedCert cert;
	struct tscf_addr addr;
	bool is_addr = tscf_addr_parse(name, &addr) == 0;
	bool found = false;

	if (length > INT32_MAX)
		return false;
	wc_InitDecodedCert(&cert, der, (word32)length, NULL);
	if (wc_ParseCert(&cert, CERT_TYPE, NO_VERIFY, NULL) == 0)
		for (const DNS_entry *entry = cert.altNames; entry && !found; entry = entry->next)
			found = entry_matches(entry, name, is_addr ? &addr : NULL);
	wc_FreeDecodedCert(&cert);
	return found;
}

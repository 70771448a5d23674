/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cert.h - reads names and public key from a DER certificate.
 *
 * Pure functions.  Nothing here verifies a certificate; wolfSSL does that (tls_verify.c).
 */
#ifndef TSCF_CERT_H
#define TSCF_CERT_H

#include "common/tls/der.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of the digest in a pin. */
#define TSCF_PIN_SIZE 32

/**
 * Find the SubjectPublicKeyInfo (RFC 5280, 4.1) in the certificate of @p length bytes at @p der.
 *
 * @return 0 with the element, its header included, in *spki, or -EINVAL.
 */
int tscf_cert_spki(const uint8_t *der, size_t length, const uint8_t **spki, size_t *spki_length);
/**
 * Take the first of several certificates that lie back to back in *length bytes at *at; *at and *length then describe
 * the rest.
 *
 * @return 0 with the certificate in *der, or -EINVAL: no certificate begins there, or it is cut short.
 */
int tscf_cert_take(const uint8_t **at, size_t *length, const uint8_t **der, size_t *der_length);
/** Who has signed a certificate of whom; these point into the certificate. */
struct tscf_cert_names {
	struct tscf_der serial;          /**< the number's bytes */
	struct tscf_der issuer, subject; /**< Names, whole */
};
/** @return 0, or -EINVAL. */
int tscf_cert_names(const uint8_t *der, size_t length, struct tscf_cert_names *out);
/** SHA-256 of the SubjectPublicKeyInfo (RFC 7469, 2.4).  @return 0, or -EINVAL. */
int tscf_cert_pin(const uint8_t *der, size_t length, uint8_t digest[TSCF_PIN_SIZE]);

/** Read the digest from the text of a pin.  @return 0, or -EINVAL. */
int tscf_pin_parse(const char *text, uint8_t digest[TSCF_PIN_SIZE]);
/** Write the text of a pin into @p text of TSCF_PIN_TEXT bytes.  @return text. */
const char *tscf_pin_format(const uint8_t digest[TSCF_PIN_SIZE], char *text);

/** @return whether another certificate has signed this one with SHA-1 or MD5, so that anybody may have forged it. */
bool tscf_cert_is_weakly_signed(const uint8_t *der, size_t length);
/**
 * @return whether a subject alternative name of the certificate is @p name: a DNS name (RFC 6125, with "*" for one
 * whole first label) or, if @p name is the text of an IP address, that address.  The common name is ignored (RFC 9525).
 */
bool tscf_cert_is_for(const uint8_t *der, size_t length, const char *name);
/** @return whether @p name matches the DNS name @p pattern of @p length bytes from a certificate. */
bool tscf_cert_dns_matches(const char *pattern, size_t length, const char *name);

#endif

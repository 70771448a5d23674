/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pem.h - the certificates of a PEM file, one by one. */
#ifndef TSCF_PEM_H
#define TSCF_PEM_H

#include <wolfssl/options.h>

#include <stdint.h>
#include <wolfssl/ssl.h>

/** A certificate in a file; valid during the call. */
struct tscf_pem_certificate {
	const char *file;
	unsigned number; /**< its place among the certificates of the file, from 1 */
	WOLFSSL_X509 *x509;
	const uint8_t *der;
	int length; /**< of der, more than 0 */
};

/**
 * Pass each certificate of @p file to @p each, until that returns a negative number.  Other content is skipped.  A
 * certificate that cannot be parsed is logged as a warning and counted; the next ones are read nevertheless.
 *
 * @return the number of certificates that cannot be parsed, or a negative number: -errno if the file cannot be read, or
 * the result of @p each.
 */
int tscf_pem_each(const char *file, int (*each)(void *context, const struct tscf_pem_certificate *one), void *context);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypto_curve.h - elliptic curve operations of the crypto device (crypto.h): P-256 by nettle (p256.h). */
#ifndef TSCF_CRYPTO_CURVE_H
#define TSCF_CRYPTO_CURVE_H

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/cryptocb.h>

/**
 * Do an operation of WC_ALGO_TYPE_PK.  @return 0, an error of wolfSSL, or CRYPTOCB_UNAVAILABLE: wolfSSL does it itself.
 */
int tscf_crypto_curve(wc_CryptoInfo *info);

#endif

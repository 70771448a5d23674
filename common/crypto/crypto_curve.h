/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crypto_curve.h - what the crypto device (crypto.h) does with elliptic curves: P-256 by nettle (p256.h). */
#ifndef TSCF_CRYPTO_CURVE_H
#define TSCF_CRYPTO_CURVE_H

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/cryptocb.h>

/** An operation of WC_ALGO_TYPE_PK.  @return 0, an error of wolfSSL, or CRYPTOCB_UNAVAILABLE: wolfSSL does it itself.
 */
int tscf_crypto_curve(wc_CryptoInfo *info);

#endif

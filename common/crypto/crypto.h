/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crypto.h - wolfSSL's cryptography done by nettle.
 *
 * The distribution's wolfSSL uses no instructions for AES and SHA-256, and its elliptic curves are slow; nettle's are
 * not. wolfSSL offers its AES-GCM, its random numbers, SHA-256 and P-256 to a "crypto device" (wc_CryptoCb), and this
 * is one. Contexts whose device id is TSCF_CRYPTO_DEVICE use it.
 *
 * wolfSSL has no place of its own for a prepared key that it would also free.  So a connection's keys live in a
 * tscf_crypto_session that its owner names before every call into wolfSSL.
 */
#ifndef TSCF_CRYPTO_H
#define TSCF_CRYPTO_H

#include "common/crypto/gcm.h"

#include <stdbool.h>

/** Our device id, for wolfSSL_CTX_SetDevId. */
#define TSCF_CRYPTO_DEVICE 0x74736366

/** The prepared keys of one connection. */
struct tscf_crypto_session {
	struct tscf_gcm *encrypt;
	struct tscf_gcm *decrypt;
};

/** Start wolfSSL and register the device; any number of times, each with its tscf_crypto_release.  @return 0, or
 * -errno. */
int tscf_crypto_acquire(void);
void tscf_crypto_release(void);

/** @return 0, or -ENOMEM with nothing left to free. */
int tscf_crypto_session_init(struct tscf_crypto_session *session);
/** Wipe and free what is in @p session; also one that is all zero. */
void tscf_crypto_session_free(struct tscf_crypto_session *session);
/** The calls into wolfSSL that follow on this thread belong to @p session; NULL: to none, and wolfSSL does AES-GCM
 * itself. */
void tscf_crypto_use(struct tscf_crypto_session *session);

/** @return whether the CPU has what makes AES-GCM faster than ChaCha20-Poly1305. */
bool tscf_crypto_has_aes(void);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crypto.h - wolfSSL's cryptography done by nettle.
 *
 * The distribution's wolfSSL uses no CPU instructions for AES and SHA-256, and its elliptic curves are slow; nettle is
 * fast. wolfSSL offers its AES-GCM, its random numbers, SHA-256 and P-256 to a "crypto device" (wc_CryptoCb), and this
 * is such a device.  Contexts whose device id is TSCF_CRYPTO_DEVICE use it.
 *
 * wolfSSL has no place for a prepared key that it would also free.  So the keys of a connection live in a
 * tscf_crypto_session, which its owner selects before every call into wolfSSL.
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

/**
 * Start wolfSSL and register the device.  May be called any number of times; each call that returns 0 needs its
 * tscf_crypto_release.
 *
 * @return 0, or -errno.
 */
int tscf_crypto_acquire(void);
/** The last release stops wolfSSL. */
void tscf_crypto_release(void);

/** Free what wolfSSL keeps for this thread.  A thread that reads keys or certificates calls it before it ends. */
void tscf_crypto_thread_end(void);

/** @return 0, or -ENOMEM with nothing left to free. */
int tscf_crypto_session_init(struct tscf_crypto_session *session);
/** Wipe and free the content of @p session; a session that is all zero is allowed. */
void tscf_crypto_session_free(struct tscf_crypto_session *session);
/** Following calls into wolfSSL on this thread belong to @p session; NULL: to none, and wolfSSL does AES-GCM itself. */
void tscf_crypto_use(struct tscf_crypto_session *session);

/** @return whether the CPU has the instructions that make AES-GCM faster than ChaCha20-Poly1305. */
bool tscf_crypto_has_aes(void);

#endif

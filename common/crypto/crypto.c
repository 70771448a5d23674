/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <wolfssl/options.h>

#include "common/crypto/crypto.h"

#include "common/crypto/crypto_curve.h"
#include "common/crypto/p256.h"
#include "common/crypto/random.h"
#include "common/crypto/sha256.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/cryptocb.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/sha256.h>

#ifdef __aarch64__
#include <sys/auxv.h>
#endif

/* wolfSSL asks for random bytes for every record, a few at a time; one system call fetches this many. */
#define RANDOM_BLOCK 4096

struct random_pool {
	uint8_t bytes[RANDOM_BLOCK];
	size_t left; /* unused bytes, at the beginning of `bytes` */
};

/* wolfSSL's registry of devices is global, and its callback does not get the connection. */
static _Thread_local struct tscf_crypto_session *current;
static _Thread_local struct random_pool pool;

int tscf_crypto_session_init(struct tscf_crypto_session *session)
{
	session->encrypt = tscf_gcm_new();
	session->decrypt = tscf_gcm_new();
	if (session->encrypt && session->decrypt)
		return 0;
	tscf_crypto_session_free(session);
	return -ENOMEM;
}

void tscf_crypto_session_free(struct tscf_crypto_session *session)
{
	if (current == session)
		current = NULL;
	tscf_gcm_free(session->encrypt);
	tscf_gcm_free(session->decrypt);
	*session = (struct tscf_crypto_session){.encrypt = NULL};
}

void tscf_crypto_use(struct tscf_crypto_session *session)
{
	current = session;
}

/* wolfSSL handles other parameters in software. */
static bool can_do(const Aes *aes, word32 nonce_length, word32 tag_length)
{
	return current && tscf_gcm_key_length_valid((uint32_t)aes->keylen) && nonce_length == TSCF_GCM_NONCE &&
	       tag_length == TSCF_GCM_TAG;
}

static int encrypt(const wc_CryptoInfo *info)
{
	const Aes *aes = info->cipher.aesgcm_enc.aes;
	struct tscf_gcm_text text = {
	    .nonce = info->cipher.aesgcm_enc.iv,
	    .header = info->cipher.aesgcm_enc.authIn,
	    .header_length = info->cipher.aesgcm_enc.authInSz,
	    .in = info->cipher.aesgcm_enc.in,
	    .out = info->cipher.aesgcm_enc.out,
	    .length = info->cipher.aesgcm_enc.sz,
	};

	if (!can_do(aes, info->cipher.aesgcm_enc.ivSz, info->cipher.aesgcm_enc.authTagSz))
		return CRYPTOCB_UNAVAILABLE;
	tscf_gcm_seal(current->encrypt, (const uint8_t *)aes->devKey, (uint32_t)aes->keylen, &text,
		      info->cipher.aesgcm_enc.authTag);
	return 0;
}

static int decrypt(const wc_CryptoInfo *info)
{
	const Aes *aes = info->cipher.aesgcm_dec.aes;
	struct tscf_gcm_text text = {
	    .nonce = info->cipher.aesgcm_dec.iv,
	    .header = info->cipher.aesgcm_dec.authIn,
	    .header_length = info->cipher.aesgcm_dec.authInSz,
	    .in = info->cipher.aesgcm_dec.in,
	    .out = info->cipher.aesgcm_dec.out,
	    .length = info->cipher.aesgcm_dec.sz,
	};
	bool good;

	if (!can_do(aes, info->cipher.aesgcm_dec.ivSz, info->cipher.aesgcm_dec.authTagSz))
		return CRYPTOCB_UNAVAILABLE;
	good = tscf_gcm_open(current->decrypt, (const uint8_t *)aes->devKey, (uint32_t)aes->keylen, &text,
			     info->cipher.aesgcm_dec.authTag);
	return good ? 0 : AES_GCM_AUTH_E;
}

static int random_bytes(byte *out, word32 length)
{
	if (length > sizeof(pool.bytes)) {
		tscf_random(out, length);
		return 0;
	}
	if (length > pool.left) {
		tscf_random(pool.bytes, sizeof(pool.bytes));
		pool.left = sizeof(pool.bytes);
	}
	pool.left -= length;
	memcpy(out, pool.bytes + pool.left, length);
	/* Keys are made of these bytes: no copy may stay here. */
	explicit_bzero(pool.bytes + pool.left, length);
	return 0;
}

/* Add a part of a text (digest NULL), or finish the digest. */
static int sha256(wc_Sha256 *context, const byte *in, word32 length, byte *digest)
{
	struct tscf_sha256_state state;

	if (!context)
		return CRYPTOCB_UNAVAILABLE;
	state = (struct tscf_sha256_state){
	    .words = context->digest,
	    .block = (uint8_t *)context->buffer,
	    .length = (uint64_t)context->hiLen << 32 | context->loLen,
	};
	if (in)
		tscf_sha256_update(&state, in, length);
	if (digest)
		tscf_sha256_finish(&state, digest);
	context->loLen = (word32)state.length;
	context->hiLen = (word32)(state.length >> 32);
	context->buffLen = context->loLen % WC_SHA256_BLOCK_SIZE;
	return 0;
}

static int device(int id, wc_CryptoInfo *info, void *context)
{
	(void)id;
	(void)context;
	if (info->algo_type == WC_ALGO_TYPE_CIPHER && info->cipher.type == WC_CIPHER_AES_GCM)
		return info->cipher.enc ? encrypt(info) : decrypt(info);
	if (info->algo_type == WC_ALGO_TYPE_RNG)
		return random_bytes(info->rng.out, info->rng.sz);
	/*
	 * wolfSSL would seed a generator for every connection from a file that may be missing, and then ask us for the
	 * random bytes anyway.
	 */
	if (info->algo_type == WC_ALGO_TYPE_SEED)
		return random_bytes(info->seed.seed, info->seed.sz);
	if (info->algo_type == WC_ALGO_TYPE_PK)
		return tscf_crypto_curve(info);
	if (info->algo_type == WC_ALGO_TYPE_HASH && info->hash.type == WC_HASH_TYPE_SHA256)
		return sha256(info->hash.sha256, info->hash.in, info->hash.inSz, info->hash.digest);
	return CRYPTOCB_UNAVAILABLE;
}

/* After fork() both processes would use the same bytes. */
static void forget_pool(void)
{
	explicit_bzero(&pool, sizeof(pool));
}

static void watch_fork(void)
{
	pthread_atfork(NULL, NULL, forget_pool);
}

int tscf_crypto_acquire(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, watch_fork);
	tscf_p256_begin();
	if (wolfSSL_Init() != WOLFSSL_SUCCESS)
		return -ENOMEM;
	if (wc_CryptoCb_RegisterDevice(TSCF_CRYPTO_DEVICE, device, NULL) != 0) {
		wolfSSL_Cleanup();
		return -ENOMEM;
	}
	return 0;
}

void tscf_crypto_release(void)
{
	wolfSSL_Cleanup();
}

/* A table of points on the curves, 1.6 MB. */
void tscf_crypto_thread_end(void)
{
	wc_ecc_fp_free();
}

bool tscf_crypto_has_aes(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_cpu_init();
	return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
#elif defined(__aarch64__)
	return (getauxval(AT_HWCAP) & HWCAP_AES) != 0 && (getauxval(AT_HWCAP) & HWCAP_PMULL) != 0;
#else
	return false;
#endif
}

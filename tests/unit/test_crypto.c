/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AES-GCM and SHA-256 by nettle give what the standards say and what wolfSSL's own code gives; random numbers. */
#include <wolfssl/options.h>

#include "common/crypto/crypto.h"
#include "common/crypto/hash.h"
#include "common/crypto/random.h"
#include "tests/unit/runner.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/sha256.h>

/* Test cases 4 and 16 of "The Galois/Counter Mode of Operation" (McGrew and Viega, 2004). */
static const uint8_t key[32] = {
    0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08,
    0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08,
};
static const uint8_t nonce[12] = {0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88};
static const uint8_t plain[60] = {
    0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59, 0x09, 0xc5, 0xaf, 0xf5, 0x26,
    0x9a, 0x86, 0xa7, 0xa9, 0x53, 0x15, 0x34, 0xf7, 0xda, 0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31,
    0x8a, 0x72, 0x1c, 0x3c, 0x0c, 0x95, 0x95, 0x68, 0x09, 0x53, 0x2f, 0xcf, 0x0e, 0x24, 0x49,
    0xa6, 0xb5, 0x25, 0xb1, 0x6a, 0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57, 0xba, 0x63, 0x7b, 0x39,
};
static const uint8_t header[20] = {
    0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed,
    0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2,
};
static const uint8_t sealed128[60] = {
    0x42, 0x83, 0x1e, 0xc2, 0x21, 0x77, 0x74, 0x24, 0x4b, 0x72, 0x21, 0xb7, 0x84, 0xd0, 0xd4,
    0x9c, 0xe3, 0xaa, 0x21, 0x2f, 0x2c, 0x02, 0xa4, 0xe0, 0x35, 0xc1, 0x7e, 0x23, 0x29, 0xac,
    0xa1, 0x2e, 0x21, 0xd5, 0x14, 0xb2, 0x54, 0x66, 0x93, 0x1c, 0x7d, 0x8f, 0x6a, 0x5a, 0xac,
    0x84, 0xaa, 0x05, 0x1b, 0xa3, 0x0b, 0x39, 0x6a, 0x0a, 0xac, 0x97, 0x3d, 0x58, 0xe0, 0x91,
};
static const uint8_t tag128[16] = {
    0x5b, 0xc9, 0x4f, 0xbc, 0x32, 0x21, 0xa5, 0xdb, 0x94, 0xfa, 0xe9, 0x5a, 0xe7, 0x12, 0x1a, 0x47,
};
static const uint8_t sealed256[60] = {
    0x52, 0x2d, 0xc1, 0xf0, 0x99, 0x56, 0x7d, 0x07, 0xf4, 0x7f, 0x37, 0xa3, 0x2a, 0x84, 0x42,
    0x7d, 0x64, 0x3a, 0x8c, 0xdc, 0xbf, 0xe5, 0xc0, 0xc9, 0x75, 0x98, 0xa2, 0xbd, 0x25, 0x55,
    0xd1, 0xaa, 0x8c, 0xb0, 0x8e, 0x48, 0x59, 0x0d, 0xbb, 0x3d, 0xa7, 0xb0, 0x8b, 0x10, 0x56,
    0x82, 0x88, 0x38, 0xc5, 0xf6, 0x1e, 0x63, 0x93, 0xba, 0x7a, 0x0a, 0xbc, 0xc9, 0xf6, 0x62,
};
static const uint8_t tag256[16] = {
    0x76, 0xfc, 0x6e, 0xce, 0x0f, 0x4e, 0x17, 0x68, 0xcd, 0xdf, 0x88, 0x53, 0xbb, 0x2d, 0x55, 0x1b,
};

static struct tscf_crypto_session session;

static void setup(void)
{
	ck_assert_int_eq(tscf_crypto_acquire(), 0);
	ck_assert_int_eq(tscf_crypto_session_init(&session), 0);
}

static void teardown(void)
{
	tscf_crypto_session_free(&session);
	tscf_crypto_release();
}

START_TEST(gcm_gives_the_published_results)
{
	const uint8_t *sealed = _i == 0 ? sealed128 : sealed256, *right = _i == 0 ? tag128 : tag256;
	uint32_t key_length = _i == 0 ? 16 : 32;
	uint8_t out[60], tag[16];
	struct tscf_gcm_text text = {
	    .nonce = nonce,
	    .header = header,
	    .header_length = sizeof(header),
	    .in = plain,
	    .out = out,
	    .length = sizeof(plain),
	};

	tscf_gcm_seal(session.encrypt, key, key_length, &text, tag);
	ck_assert_mem_eq(out, sealed, sizeof(out));
	ck_assert_mem_eq(tag, right, sizeof(tag));
	text.in = out;
	ck_assert(tscf_gcm_open(session.decrypt, key, key_length, &text, tag));
	ck_assert_mem_eq(out, plain, sizeof(out));
}
END_TEST

START_TEST(a_wrong_tag_gives_nothing)
{
	static const uint8_t zero[60];
	uint8_t out[60], tag[16];
	struct tscf_gcm_text text = {
	    .nonce = nonce,
	    .header = header,
	    .header_length = sizeof(header),
	    .in = sealed128,
	    .out = out,
	    .length = sizeof(out),
	};

	memcpy(tag, tag128, sizeof(tag));
	tag[15] ^= 1;
	ck_assert(!tscf_gcm_open(session.decrypt, key, 16, &text, tag));
	ck_assert_mem_eq(out, zero, sizeof(out));
}
END_TEST

START_TEST(key_lengths_are_those_of_aes)
{
	ck_assert(tscf_gcm_key_length_valid(16));
	ck_assert(tscf_gcm_key_length_valid(32));
	ck_assert(!tscf_gcm_key_length_valid(24));
	ck_assert(!tscf_gcm_key_length_valid(0));
}
END_TEST

static void seal_by_wolfssl(int device, const uint8_t *k, uint32_t key_length, const uint8_t *in, uint32_t length,
			    uint8_t *out, uint8_t *tag)
{
	Aes aes;

	ck_assert_int_eq(wc_AesInit(&aes, NULL, device), 0);
	ck_assert_int_eq(wc_AesGcmSetKey(&aes, k, key_length), 0);
	ck_assert_int_eq(wc_AesGcmEncrypt(&aes, out, in, length, nonce, sizeof(nonce), tag, 16, header, sizeof(header)),
			 0);
	wc_AesFree(&aes);
}

static int open_by_wolfssl(int device, const uint8_t *k, uint32_t key_length, const uint8_t *in, uint32_t length,
			   uint8_t *out, const uint8_t *tag)
{
	int result;
	Aes aes;

	ck_assert_int_eq(wc_AesInit(&aes, NULL, device), 0);
	ck_assert_int_eq(wc_AesGcmSetKey(&aes, k, key_length), 0);
	result = wc_AesGcmDecrypt(&aes, out, in, length, nonce, sizeof(nonce), tag, 16, header, sizeof(header));
	wc_AesFree(&aes);
	return result;
}

/* Both directions, both key sizes, all lengths, with the key changing all the time, and without a session. */
START_TEST(the_device_agrees_with_the_software)
{
	uint8_t in[1500], ours[1500], theirs[1500], back[1500], our_tag[16], their_tag[16], k[32];

	for (uint32_t length = 0; length <= sizeof(in); length += 1 + length / 7) {
		for (uint32_t key_length = 16; key_length <= 32; key_length += 16) {
			tscf_random(in, sizeof(in));
			tscf_random(k, sizeof(k));
			tscf_crypto_use(length % 2 == 0 ? &session : NULL);
			seal_by_wolfssl(TSCF_CRYPTO_DEVICE, k, key_length, in, length, ours, our_tag);
			seal_by_wolfssl(INVALID_DEVID, k, key_length, in, length, theirs, their_tag);
			ck_assert_mem_eq(ours, theirs, length);
			ck_assert_mem_eq(our_tag, their_tag, sizeof(our_tag));
			ck_assert_int_eq(
			    open_by_wolfssl(TSCF_CRYPTO_DEVICE, k, key_length, ours, length, back, our_tag), 0);
			ck_assert_mem_eq(back, in, length);
			our_tag[0] ^= 1;
			ck_assert_int_eq(
			    open_by_wolfssl(TSCF_CRYPTO_DEVICE, k, key_length, ours, length, back, our_tag),
			    AES_GCM_AUTH_E);
		}
	}
	tscf_crypto_use(NULL);
}
END_TEST

START_TEST(random_numbers_differ)
{
	uint8_t a[5000], b[5000], small[64][8];
	WC_RNG rng;

	ck_assert_int_eq(wc_InitRng_ex(&rng, NULL, TSCF_CRYPTO_DEVICE), 0);
	ck_assert_int_eq(wc_RNG_GenerateBlock(&rng, a, sizeof(a)), 0);
	ck_assert_int_eq(wc_RNG_GenerateBlock(&rng, b, sizeof(b)), 0);
	ck_assert_mem_ne(a, b, sizeof(a));
	for (unsigned i = 0; i < 64; i++) {
		ck_assert_int_eq(wc_RNG_GenerateBlock(&rng, small[i], sizeof(small[i])), 0);
		for (unsigned j = 0; j < i; j++)
			ck_assert_mem_ne(small[i], small[j], sizeof(small[i]));
	}
	wc_FreeRng(&rng);
}
END_TEST

/* Two processes that began with the same memory must not draw the same numbers. */
START_TEST(random_numbers_differ_after_fork)
{
	uint8_t first[8], ours[64], theirs[64];
	int pipes[2], status;
	WC_RNG rng;
	pid_t child;

	ck_assert_int_eq(wc_InitRng_ex(&rng, NULL, TSCF_CRYPTO_DEVICE), 0);
	ck_assert_int_eq(wc_RNG_GenerateBlock(&rng, first, sizeof(first)), 0);
	ck_assert_int_eq(pipe(pipes), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		wc_RNG_GenerateBlock(&rng, theirs, sizeof(theirs));
		_exit(write(pipes[1], theirs, sizeof(theirs)) == sizeof(theirs) ? 0 : 1);
	}
	ck_assert_int_eq(wc_RNG_GenerateBlock(&rng, ours, sizeof(ours)), 0);
	ck_assert_int_eq(read(pipes[0], theirs, sizeof(theirs)), sizeof(theirs));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_mem_ne(ours, theirs, sizeof(ours));
	close(pipes[0]);
	close(pipes[1]);
	wc_FreeRng(&rng);
}
END_TEST

START_TEST(sha256_gives_the_published_result)
{
	/* FIPS 180-2, B.1 */
	static const uint8_t right[32] = {
	    0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
	    0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
	};
	uint8_t digest[32];

	tscf_sha256("abc", 3, digest);
	ck_assert_mem_eq(digest, right, sizeof(digest));
}
END_TEST

/* All lengths, in pieces of all sizes, going on after the digest so far was taken, and in a copy. */
START_TEST(the_device_makes_digests_like_the_software)
{
	uint8_t in[300], ours[32], theirs[32];
	wc_Sha256 device, copy;

	tscf_random(in, sizeof(in));
	ck_assert_int_eq(wc_InitSha256_ex(&device, NULL, TSCF_CRYPTO_DEVICE), 0);
	for (uint32_t length = 0; length <= sizeof(in); length++) {
		uint32_t piece = 1 + length % 130;

		for (uint32_t at = 0; at < length; at += piece) {
			ck_assert_int_eq(wc_Sha256Update(&device, in + at, length - at < piece ? length - at : piece),
					 0);
			ck_assert_int_eq(wc_Sha256GetHash(&device, ours), 0);
		}
		ck_assert_int_eq(wc_Sha256Copy(&device, &copy), 0);
		/* The same state does for the next length. */
		ck_assert_int_eq(wc_Sha256Final(&device, ours), 0);
		ck_assert_int_eq(wc_Sha256Hash(in, length, theirs), 0);
		ck_assert_mem_eq(ours, theirs, sizeof(ours));
		ck_assert_int_eq(wc_Sha256Final(&copy, ours), 0);
		ck_assert_mem_eq(ours, theirs, sizeof(ours));
		wc_Sha256Free(&copy);
	}
	wc_Sha256Free(&device);
}
END_TEST

START_TEST(secrets_are_compared)
{
	ck_assert(tscf_equal_secret("secret", "secret", 6));
	ck_assert(!tscf_equal_secret("secret", "secreT", 6));
	ck_assert(tscf_equal_secret("a", "b", 0));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("crypto");
	TCase *tc = tcase_create("crypto");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, gcm_gives_the_published_results, 0, 2);
	tcase_add_test(tc, a_wrong_tag_gives_nothing);
	tcase_add_test(tc, key_lengths_are_those_of_aes);
	tcase_add_test(tc, the_device_agrees_with_the_software);
	tcase_add_test(tc, random_numbers_differ);
	tcase_add_test(tc, random_numbers_differ_after_fork);
	tcase_add_test(tc, sha256_gives_the_published_result);
	tcase_add_test(tc, the_device_makes_digests_like_the_software);
	tcase_add_test(tc, secrets_are_compared);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

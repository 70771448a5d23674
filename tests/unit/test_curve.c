/* SPDX-License-Identifier: GPL-3.0-or-later */
/* P-256 by nettle gives what the standards say and what wolfSSL's own code gives, in both directions; bad input is
 * refused. */
#include <wolfssl/options.h>

#include "common/crypto/crypto.h"
#include "common/crypto/hash.h"
#include "common/crypto/p256.h"
#include "common/crypto/random.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <string.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

/* RFC 5903, 8.1. */
#define I_SECRET "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433"
#define I_POINT                                                                                                        \
	"DAD0B65394221CF9B051E1FECA5787D098DFE637FC90B9EF945D0C3772581180"                                             \
	"5271A0461CDB8252D61F1C456FA3E59AB1F45B33ACCF5F58389E0577B8990BB3"
#define R_SECRET "C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53"
#define R_POINT                                                                                                        \
	"D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63"                                             \
	"56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB"
#define SHARED "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE"

/* RFC 6979, A.2.5: SHA-256 of "sample". */
#define SIGNER_SECRET "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"
#define SIGNER_POINT                                                                                                   \
	"60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"                                             \
	"7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
#define SIGNATURE                                                                                                      \
	"EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"                                             \
	"F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"

/* SP 800-186, 3.2.1.3: the prime, the order, and a point whose x is 0. */
#define PRIME  "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF"
#define ORDER  "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"
#define ZERO   "0000000000000000000000000000000000000000000000000000000000000000"
#define ROOT_B "66485C780E2F83D72433BD5D84A06BB6541C2AF31DAE871728BF856A174F93F4"

static WC_RNG rng;

static const uint8_t *hex(const char *text, uint8_t *out)
{
	for (size_t i = 0; text[2 * i] != '\0'; i++) {
		unsigned byte;

		ck_assert_int_eq(sscanf(text + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return out;
}

static void setup(void)
{
	ck_assert_int_eq(tscf_crypto_acquire(), 0);
	ck_assert_int_eq(wc_InitRng(&rng), 0);
}

static void teardown(void)
{
	wc_FreeRng(&rng);
	tscf_crypto_release();
}

START_TEST(both_ends_agree_on_the_published_secret)
{
	uint8_t secret[32], point[64], right[32], shared[32];

	hex(SHARED, right);
	ck_assert_int_eq(tscf_p256_agree(hex(I_SECRET, secret), hex(R_POINT, point), shared), 0);
	ck_assert_mem_eq(shared, right, sizeof(right));
	ck_assert_int_eq(tscf_p256_agree(hex(R_SECRET, secret), hex(I_POINT, point), shared), 0);
	ck_assert_mem_eq(shared, right, sizeof(right));
}
END_TEST

static const struct {
	const char *secret, *point;
	int result;
} pairs[] = {
    {I_SECRET, ZERO ROOT_B, 0},         {I_SECRET, PRIME ROOT_B, -EINVAL}, /* the same point, in a form that is not
									      allowed */
    {I_SECRET, ZERO ZERO, -EINVAL},                                        /* infinity, in some programs */
    {I_SECRET, ROOT_B ROOT_B, -EINVAL},                                    /* on another curve */
    {I_SECRET, ORDER PRIME, -EINVAL},   {ZERO, R_POINT, -EINVAL},          {ORDER, R_POINT, -EINVAL},
    {PRIME, R_POINT, -EINVAL},
};

START_TEST(only_points_and_secrets_of_the_curve_are_taken)
{
	uint8_t secret[32], point[64], shared[32];

	hex(pairs[_i].secret, secret);
	hex(pairs[_i].point, point);
	ck_assert_int_eq(tscf_p256_agree(secret, point, shared), pairs[_i].result);
}
END_TEST

START_TEST(the_published_signature_is_good)
{
	uint8_t point[64], signature[64], digest[32], secret[32];

	tscf_sha256("sample", 6, digest);
	hex(SIGNER_POINT, point);
	hex(SIGNATURE, signature);
	ck_assert(tscf_p256_verify(point, digest, sizeof(digest), signature));
	for (size_t i = 0; i < sizeof(signature); i += 7) {
		signature[i] ^= 1;
		ck_assert(!tscf_p256_verify(point, digest, sizeof(digest), signature));
		signature[i] ^= 1;
	}
	digest[31] ^= 1;
	ck_assert(!tscf_p256_verify(point, digest, sizeof(digest), signature));
	ck_assert_int_eq(tscf_p256_sign(hex(SIGNER_SECRET, secret), digest, sizeof(digest), signature), 0);
	ck_assert(tscf_p256_verify(point, digest, sizeof(digest), signature));
	ck_assert(!tscf_p256_verify(hex(PRIME ROOT_B, point), digest, sizeof(digest), signature));
	ck_assert_int_eq(tscf_p256_sign(hex(ORDER, secret), digest, sizeof(digest), signature), -EINVAL);
}
END_TEST

/* Numbers out of range are no signature: with zeros, a careless program accepts anything. */
START_TEST(signatures_out_of_range_are_refused)
{
	uint8_t point[64], signature[64], digest[32] = {0};

	hex(SIGNER_POINT, point);
	ck_assert(!tscf_p256_verify(point, digest, sizeof(digest), hex(ZERO ZERO, signature)));
	ck_assert(!tscf_p256_verify(point, digest, sizeof(digest), hex(ORDER ORDER, signature)));
}
END_TEST

/* As wolfSSL: one key by the device, one by its own code. */
static void make_key(ecc_key *key, int device, int size)
{
	ck_assert_int_eq(wc_ecc_init_ex(key, NULL, device), 0);
	ck_assert_int_eq(wc_ecc_make_key(&rng, size, key), 0);
	ck_assert_int_eq(wc_ecc_set_rng(key, &rng), 0);
}

/* 48: a curve that the device leaves to wolfSSL. */
static const int sizes[] = {32, 48};

START_TEST(the_device_agrees_with_the_software)
{
	uint8_t ours[48], theirs[48];
	word32 our_length, their_length;
	ecc_key device, software;

	for (int round = 0; round < 20; round++) {
		our_length = their_length = sizeof(ours);
		make_key(&device, TSCF_CRYPTO_DEVICE, sizes[_i]);
		make_key(&software, INVALID_DEVID, sizes[_i]);
		ck_assert_int_eq(wc_ecc_check_key(&device), 0);
		ck_assert_int_eq(wc_ecc_shared_secret(&device, &software, ours, &our_length), 0);
		ck_assert_int_eq(wc_ecc_shared_secret(&software, &device, theirs, &their_length), 0);
		ck_assert_uint_eq(our_length, (word32)sizes[_i]);
		ck_assert_uint_eq(their_length, our_length);
		ck_assert_mem_eq(ours, theirs, our_length);
		wc_ecc_free(&device);
		wc_ecc_free(&software);
	}
}
END_TEST

/* The public half of @p from, as another implementation gets it, in @p to. */
static void copy_public(ecc_key *from, ecc_key *to, int device)
{
	uint8_t bytes[200];
	word32 length = sizeof(bytes);

	ck_assert_int_eq(wc_ecc_export_x963(from, bytes, &length), 0);
	ck_assert_int_eq(wc_ecc_init_ex(to, NULL, device), 0);
	ck_assert_int_eq(wc_ecc_import_x963(bytes, length, to), 0);
}

static void sign_and_verify(int signer_device, int verifier_device, int size)
{
	ecc_key signer, verifier;
	uint8_t digest[48], signature[150];
	int good;

	make_key(&signer, signer_device, size);
	copy_public(&signer, &verifier, verifier_device);
	/* Digests shorter and longer than the numbers of the curve. */
	for (word32 digest_length = 20; digest_length <= sizeof(digest); digest_length += 14) {
		word32 length = sizeof(signature);

		tscf_random(digest, sizeof(digest));
		ck_assert_int_eq(wc_ecc_sign_hash(digest, digest_length, signature, &length, &rng, &signer), 0);
		ck_assert_int_eq(wc_ecc_verify_hash(signature, length, digest, digest_length, &good, &verifier), 0);
		ck_assert_int_eq(good, 1);
		digest[3] ^= 1;
		ck_assert_int_eq(wc_ecc_verify_hash(signature, length, digest, digest_length, &good, &verifier), 0);
		ck_assert_int_eq(good, 0);
		good = 1;
		ck_assert_int_ne(wc_ecc_verify_hash(signature, length - 1, digest, digest_length, &good, &verifier), 0);
	}
	wc_ecc_free(&signer);
	wc_ecc_free(&verifier);
}

START_TEST(signatures_are_understood)
{
	for (int round = 0; round < 10; round++) {
		sign_and_verify(TSCF_CRYPTO_DEVICE, INVALID_DEVID, sizes[_i]);
		sign_and_verify(INVALID_DEVID, TSCF_CRYPTO_DEVICE, sizes[_i]);
	}
}
END_TEST

START_TEST(the_device_refuses_a_point_off_the_curve)
{
	uint8_t bytes[65] = {4}, shared[32];
	word32 length = sizeof(shared);
	ecc_key ours, theirs;

	hex(ROOT_B ROOT_B, bytes + 1);
	make_key(&ours, TSCF_CRYPTO_DEVICE, 32);
	ck_assert_int_eq(wc_ecc_init_ex(&theirs, NULL, TSCF_CRYPTO_DEVICE), 0);
	ck_assert_int_eq(wc_ecc_import_x963(bytes, sizeof(bytes), &theirs), 0);
	ck_assert_int_eq(wc_ecc_shared_secret(&ours, &theirs, shared, &length), IS_POINT_E);
	wc_ecc_free(&ours);
	wc_ecc_free(&theirs);
}
END_TEST

/* A sequence whose first integer is longer than any of this curve. */
START_TEST(the_device_refuses_signatures_of_another_form)
{
	uint8_t signature[200] = {0x30, 0x43, 0x02, 0x3e, 1}, digest[32] = {1};
	ecc_key signer, verifier;
	int good = 1;

	memcpy(signature + 66, "\x02\x01\x01", 3);
	make_key(&signer, TSCF_CRYPTO_DEVICE, 32);
	copy_public(&signer, &verifier, TSCF_CRYPTO_DEVICE);
	ck_assert_int_ne(wc_ecc_verify_hash(signature, 69, digest, sizeof(digest), &good, &verifier), 0);
	ck_assert_int_eq(good, 0);
	memcpy(signature, "\x30\x81\xc5\x02\x81\xbf\x01", 7);
	good = 1;
	ck_assert_int_ne(wc_ecc_verify_hash(signature, sizeof(signature), digest, sizeof(digest), &good, &verifier), 0);
	ck_assert_int_eq(good, 0);
	wc_ecc_free(&signer);
	wc_ecc_free(&verifier);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("curve");
	TCase *tc = tcase_create("curve");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, both_ends_agree_on_the_published_secret);
	tcase_add_loop_test(tc, only_points_and_secrets_of_the_curve_are_taken, 0, sizeof(pairs) / sizeof(pairs[0]));
	tcase_add_test(tc, the_published_signature_is_good);
	tcase_add_test(tc, signatures_out_of_range_are_refused);
	tcase_add_loop_test(tc, the_device_agrees_with_the_software, 0, 2);
	tcase_add_loop_test(tc, signatures_are_understood, 0, 2);
	tcase_add_test(tc, the_device_refuses_a_point_off_the_curve);
	tcase_add_test(tc, the_device_refuses_signatures_of_another_form);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

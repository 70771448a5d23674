/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/crypto/p256.h"

#include "common/crypto/random.h"

#include <errno.h>
#include <gmp.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void *wiping_realloc(void *old, size_t old_size, size_t size)
{
	void *new = malloc(size);

	/* GMP cannot handle an allocation failure. */
	if (!new)
		abort();
	memcpy(new, old, old_size < size ? old_size : size);
	explicit_bzero(old, old_size);
	free(old);
	return new;
}

static void wiping_free(void *old, size_t size)
{
	explicit_bzero(old, size);
	free(old);
}

static void set_memory_functions(void)
{
	void *(*allocate)(size_t);

	mp_get_memory_functions(&allocate, NULL, NULL);
	mp_set_memory_functions(allocate, wiping_realloc, wiping_free);
}

void tscf_p256_begin(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_memory_functions);
}

static void random_bytes(void *context, size_t length, uint8_t *out)
{
	(void)context;
	tscf_random(out, length);
}

static void read_number(mpz_t number, const uint8_t bytes[TSCF_P256_SIZE])
{
	mpz_init(number);
	mpz_import(number, TSCF_P256_SIZE, 1, 1, 1, 0, bytes);
}

/* @p number is less than 2 to the 256. */
static void write_number(uint8_t bytes[TSCF_P256_SIZE], const mpz_t number)
{
	size_t length = (mpz_sizeinbase(number, 2) + 7) / 8;

	memset(bytes, 0, TSCF_P256_SIZE);
	mpz_export(bytes + TSCF_P256_SIZE - length, NULL, 1, 1, 1, 0, number);
}

/* @return whether @p bytes are a valid secret; the caller clears @p secret in any case. */
static bool read_secret(struct ecc_scalar *secret, const uint8_t bytes[TSCF_P256_SIZE])
{
	mpz_t number;
	bool good;

	ecc_scalar_init(secret, nettle_get_secp_256r1());
	read_number(number, bytes);
	good = ecc_scalar_set(secret, number) != 0;
	mpz_clear(number);
	return good;
}

/*
 * @return whether @p bytes are a point of the curve (infinity cannot be encoded); the caller clears @p point in any
 * case.
 */
static bool read_point(struct ecc_point *point, const uint8_t bytes[TSCF_P256_PAIR])
{
	mpz_t x, y;
	bool good;

	ecc_point_init(point, nettle_get_secp_256r1());
	read_number(x, bytes);
	read_number(y, bytes + TSCF_P256_SIZE);
	good = ecc_point_set(point, x, y) != 0;
	mpz_clears(x, y, NULL);
	return good;
}

static void write_point(uint8_t bytes[TSCF_P256_PAIR], const struct ecc_point *point)
{
	mpz_t x, y;

	mpz_inits(x, y, NULL);
	ecc_point_get(point, x, y);
	write_number(bytes, x);
	write_number(bytes + TSCF_P256_SIZE, y);
	mpz_clears(x, y, NULL);
}

void tscf_p256_generate(uint8_t secret[TSCF_P256_SIZE], uint8_t point[TSCF_P256_PAIR])
{
	struct ecc_scalar scalar;
	struct ecc_point public;
	mpz_t number;

	ecc_scalar_init(&scalar, nettle_get_secp_256r1());
	ecc_point_init(&public, nettle_get_secp_256r1());
	mpz_init(number);
	ecc_scalar_random(&scalar, NULL, random_bytes);
	ecc_point_mul_g(&public, &scalar);
	ecc_scalar_get(&scalar, number);
	write_number(secret, number);
	write_point(point, &public);
	mpz_clear(number);
	ecc_point_clear(&public);
	ecc_scalar_clear(&scalar);
}

int tscf_p256_agree(const uint8_t secret[TSCF_P256_SIZE], const uint8_t point[TSCF_P256_PAIR],
		    uint8_t shared[TSCF_P256_SIZE])
{
	uint8_t both[TSCF_P256_PAIR];
	struct ecc_point theirs, product;
	struct ecc_scalar scalar;
	bool good = read_secret(&scalar, secret);

	good = read_point(&theirs, point) && good;
	if (good) {
		ecc_point_init(&product, nettle_get_secp_256r1());
		/* The order of the curve is prime, so the product is never infinity. */
		ecc_point_mul(&product, &scalar, &theirs);
		write_point(both, &product);
		ecc_point_clear(&product);
		memcpy(shared, both, TSCF_P256_SIZE);
		explicit_bzero(both, sizeof(both));
	}
	ecc_point_clear(&theirs);
	ecc_scalar_clear(&scalar);
	return good ? 0 : -EINVAL;
}

int tscf_p256_sign(const uint8_t secret[TSCF_P256_SIZE], const uint8_t *digest, size_t length,
		   uint8_t signature[TSCF_P256_PAIR])
{
	struct dsa_signature made;
	struct ecc_scalar scalar;
	bool good = read_secret(&scalar, secret);

	if (good) {
		dsa_signature_init(&made);
		ecdsa_sign(&scalar, NULL, random_bytes, length, digest, &made);
		write_number(signature, made.r);
		write_number(signature + TSCF_P256_SIZE, made.s);
		dsa_signature_clear(&made);
	}
	ecc_scalar_clear(&scalar);
	return good ? 0 : -EINVAL;
}

bool tscf_p256_verify(const uint8_t point[TSCF_P256_PAIR], const uint8_t *digest, size_t length,
		      const uint8_t signature[TSCF_P256_PAIR])
{
	struct dsa_signature given;
	struct ecc_point public;
	bool good = read_point(&public, point);

	if (good) {
		read_number(given.r, signature);
		read_number(given.s, signature + TSCF_P256_SIZE);
		good = ecdsa_verify(&public, length, digest, &given) != 0;
		dsa_signature_clear(&given);
	}
	ecc_point_clear(&public);
	return good;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A server's own key and certificate, for clients that pin the key.
 *
 * The key is written first.  If a run ended between the two writes, there is a key without certificate.  The next run
 * makes a certificate for it and never replaces the key: it may come from the administrator.
 */
#include "common/tls/tls_context.h"

#include "common/base/addr.h"
#include "common/base/file.h"
#include "common/crypto/crypto.h"
#include "common/tls/cert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>

#define KEY_SIZE   32 /* P-256 */
#define DAYS_VALID (20 * 365)
#define FILE_MAX   16384
/* A file with a whole chain, perhaps with text between the certificates. */
#define CHAIN_FILE_MAX 65536

/* GeneralName (RFC 5280, 4.2.1.6), implicit tags. */
#define SAN_DNS      0x82
#define SAN_IP       0x87
#define DER_SEQUENCE 0x30

static int fail(char *error, const char *file, int err, const char *why)
{
	snprintf(error, TSCF_TLS_ERROR, "%s: %s", file, why ? why : strerror(-err));
	return err;
}

/* Write @p der as PEM of @p type.  @return 0, or -errno. */
static int write_pem(const char *file, mode_t mode, const uint8_t *der, int der_length, int type)
{
	uint8_t pem[FILE_MAX];
	int length = wc_DerToPem(der, (word32)der_length, pem, sizeof(pem), type);
	int err = length > 0 ? tscf_file_replace(file, mode, pem, (size_t)length) : -EINVAL;

	explicit_bzero(pem, sizeof(pem));
	return err;
}

static int make_key(const char *key_file, ecc_key *key, WC_RNG *rng, char *error)
{
	uint8_t der[512];
	int length, err;

	if (wc_ecc_make_key_ex(rng, KEY_SIZE, key, ECC_SECP256R1) != 0)
		return fail(error, key_file, -EINVAL, "cannot make a key");
	length = wc_EccKeyToDer(key, der, sizeof(der));
	err = length > 0 ? write_pem(key_file, 0600, der, length, ECC_PRIVATEKEY_TYPE) : -EINVAL;
	explicit_bzero(der, sizeof(der));
	return err < 0 ? fail(error, key_file, err, NULL) : 0;
}

static int load_key(const char *key_file, ecc_key *key, char *error)
{
	uint8_t pem[FILE_MAX], der[FILE_MAX];
	int length = tscf_file_read(key_file, pem, sizeof(pem));
	word32 at = 0;
	int result;

	if (length < 0)
		return fail(error, key_file, length, NULL);
	length = wc_KeyPemToDer(pem, length, der, sizeof(der), NULL);
	result = length > 0 ? wc_EccPrivateKeyDecode(der, &at, key, (word32)length) : -1;
	/* Some file formats leave out the public key. */
	if (result == 0)
		result = wc_ecc_make_pub(key, NULL);
	explicit_bzero(pem, sizeof(pem));
	explicit_bzero(der, sizeof(der));
	return result != 0
		   ? fail(error, key_file, -EINVAL, "is no elliptic curve key, and there is no certificate for it")
		   : 0;
}

bool tscf_tls_key_fits(const char *cert_file, const char *key_file)
{
	uint8_t pem[CHAIN_FILE_MAX], der[FILE_MAX], point[1 + 2 * MAX_ECC_BYTES];
	char error[TSCF_TLS_ERROR];
	word32 point_length = sizeof(point);
	const uint8_t *spki;
	size_t spki_length;
	bool fits = true;
	ecc_key key;
	int length;

	if (wc_ecc_init(&key) != 0)
		return false;
	if (load_key(key_file, &key, error) == 0 && wc_ecc_export_x963(&key, point, &point_length) == 0) {
		length = tscf_file_read(cert_file, pem, sizeof(pem));
		if (length > 0)
			length = wc_CertPemToDer(pem, length, der, sizeof(der), CERT_TYPE);
		/* The point is at the end of the SubjectPublicKeyInfo (RFC 5480, 2.2). */
		fits = length > 0 && tscf_cert_spki(der, (size_t)length, &spki, &spki_length) == 0 &&
		       spki_length > point_length &&
		       memcmp(spki + spki_length - point_length, point, point_length) == 0;
	}
	wc_ecc_free(&key);
	return fits;
}

static void set_names(Cert *cert, const char *name)
{
	struct tscf_addr addr;
	bool is_addr = tscf_addr_parse(name, &addr) == 0;
	const void *value = is_addr ? (const void *)addr.bytes : name;
	size_t length = is_addr ? tscf_addr_size(addr.family) : strlen(name);

	snprintf(cert->subject.commonName, sizeof(cert->subject.commonName), "%s", name);
	cert->altNames[0] = DER_SEQUENCE;
	cert->altNames[1] = (byte)(length + 2);
	cert->altNames[2] = is_addr ? SAN_IP : SAN_DNS;
	cert->altNames[3] = (byte)length;
	memcpy(cert->altNames + 4, value, length);
	cert->altNamesSz = (int)length + 4;
}

static int make_certificate(const char *cert_file, ecc_key *key, WC_RNG *rng, const char *name, char *error)
{
	uint8_t der[4096];
	Cert cert;
	int length, err;

	if (wc_InitCert(&cert) != 0)
		return fail(error, cert_file, -ENOMEM, NULL);
	cert.sigType = CTC_SHA256wECDSA;
	cert.daysValid = DAYS_VALID;
	set_names(&cert, name);
	length = wc_MakeCert_ex(&cert, der, sizeof(der), ECC_TYPE, key, rng);
	if (length > 0)
		length = wc_SignCert_ex(cert.bodySz, cert.sigType, der, sizeof(der), ECC_TYPE, key, rng);
	if (length <= 0)
		return fail(error, cert_file, -EINVAL, "cannot make a certificate");
	err = write_pem(cert_file, 0644, der, length, CERT_TYPE);
	return err < 0 ? fail(error, cert_file, err, NULL) : 0;
}

static int make_both(const char *cert_file, const char *key_file, bool have_key, const char *name, char *error)
{
	ecc_key key;
	WC_RNG rng;
	int err;

	if (wc_InitRng(&rng) != 0)
		return fail(error, key_file, -EIO, "no random numbers");
	if (wc_ecc_init(&key) != 0) {
		wc_FreeRng(&rng);
		return fail(error, key_file, -ENOMEM, NULL);
	}
	/* Blinds the computations with the private key. */
	wc_ecc_set_rng(&key, &rng);
	err = have_key ? load_key(key_file, &key, error) : make_key(key_file, &key, &rng, error);
	if (err == 0)
		err = make_certificate(cert_file, &key, &rng, name, error);
	wc_ecc_free(&key);
	wc_FreeRng(&rng);
	return err;
}

int tscf_tls_make_identity(const char *cert_file, const char *key_file, const char *common_name, char *error)
{
	bool have_cert = access(cert_file, F_OK) == 0;
	bool have_key = access(key_file, F_OK) == 0;
	int err;

	error[0] = '\0';
	if (have_cert && have_key)
		return 0;
	if (have_cert)
		return fail(error, cert_file, -EEXIST, "is there without its key");
	/*
	 * The encoding here has one byte for the length of a name, and a common name may have 64 bytes (RFC 5280, A.1).
	 */
	if (common_name[0] == '\0' || strlen(common_name) > 64)
		return fail(error, cert_file, -EINVAL, "the name must have 1 to 64 characters");
	err = tscf_crypto_acquire();
	if (err < 0)
		return fail(error, "wolfSSL", err, NULL);
	err = make_both(cert_file, key_file, have_key, common_name, error);
	tscf_crypto_release();
	return err;
}

int tscf_tls_pin_of_file(const char *cert_file, char *pin)
{
	uint8_t pem[CHAIN_FILE_MAX], der[FILE_MAX], digest[TSCF_PIN_SIZE];
	int length = tscf_file_read(cert_file, pem, sizeof(pem));
	int err;

	if (length < 0)
		return length;
	length = wc_CertPemToDer(pem, length, der, sizeof(der), CERT_TYPE);
	if (length <= 0)
		return -EINVAL;
	err = tscf_cert_pin(der, (size_t)length, digest);
	if (err == 0)
		tscf_pin_format(digest, pin);
	return err;
}

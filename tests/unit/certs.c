/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <wolfssl/options.h>

#include "tests/unit/certs.h"

#include "common/base/addr.h"
#include "common/tls/cert.h"
#include "tests/unit/runner.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/rsa.h>
#include <wolfssl/wolfcrypt/sha256.h>

static char directory[64];

void certs_make_directory(void)
{
	snprintf(directory, sizeof(directory), "/tmp/tscf-certs-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

void certs_clear(void)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			unlink(certs_path(entry->d_name));
	closedir(dir);
}

void certs_remove(void)
{
	certs_clear();
	rmdir(directory);
}

const char *certs_path(const char *name)
{
	static char paths[4][512];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static const char *path_of(const char *name, const char *suffix)
{
	char file[128];

	snprintf(file, sizeof(file), "%s%s", name, suffix);
	return certs_path(file);
}

static void write_pem(const char *file, const byte *der, int length, int type)
{
	byte pem[8192];
	int pem_length = wc_DerToPem(der, (word32)length, pem, sizeof(pem), type);
	FILE *f = fopen(file, "w");

	ck_assert_int_gt(pem_length, 0);
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(pem, 1, (size_t)pem_length, f), (size_t)pem_length);
	fclose(f);
}

static int read_pem(const char *file, byte *der, int size, bool key)
{
	byte pem[8192];
	FILE *f = fopen(file, "r");
	size_t length;
	int result;

	ck_assert_ptr_nonnull(f);
	length = fread(pem, 1, sizeof(pem), f);
	fclose(f);
	result = key ? wc_KeyPemToDer(pem, (int)length, der, size, NULL)
		     : wc_CertPemToDer(pem, (int)length, der, size, CERT_TYPE);
	ck_assert_int_gt(result, 0);
	return result;
}

int certs_der(const char *name, unsigned char *der, int size)
{
	return read_pem(path_of(name, ".pem"), der, size, false);
}

static void add_name(Cert *cert, byte type, const void *value, size_t length)
{
	byte *at = cert->altNames + 2 + cert->altNames[1];

	at[0] = type;
	at[1] = (byte)length;
	memcpy(at + 2, value, length);
	cert->altNames[1] = (byte)(cert->altNames[1] + length + 2);
	cert->altNamesSz = cert->altNames[1] + 2;
}

static void set_names(Cert *cert, const struct certs_spec *spec)
{
	struct tscf_addr addr;

	snprintf(cert->subject.commonName, sizeof(cert->subject.commonName), "%s", spec->name);
	cert->altNames[0] = 0x30;
	for (unsigned i = 0; i < 2; i++)
		if (spec->dns[i])
			add_name(cert, 0x82, spec->dns[i], strlen(spec->dns[i]));
	if (spec->ip) {
		ck_assert_int_eq(tscf_addr_parse(spec->ip, &addr), 0);
		add_name(cert, 0x87, addr.bytes, tscf_addr_size(addr.family));
	}
}

/** @p year  two digits; valid for a year. */
static void set_dates(Cert *cert, unsigned year)
{
	/* UTCTime (RFC 5280, 4.1.2.5.1) */
	snprintf((char *)cert->beforeDate, sizeof(cert->beforeDate), "\x17\x0d%02u0101000000Z", year);
	snprintf((char *)cert->afterDate, sizeof(cert->afterDate), "\x17\x0d%02u0101000000Z", year + 1);
	cert->beforeDateSz = cert->afterDateSz = 15;
}

static void load_issuer(Cert *cert, ecc_key *key, const char *issuer)
{
	byte der[4096];
	word32 at = 0;
	int length = certs_der(issuer, der, sizeof(der));

	ck_assert_int_eq(wc_SetIssuerBuffer(cert, der, length), 0);
	length = read_pem(path_of(issuer, ".key"), der, sizeof(der), true);
	ck_assert_int_eq(wc_EccPrivateKeyDecode(der, &at, key, (word32)length), 0);
}

static void set_usage(Cert *cert, const struct certs_spec *spec)
{
	if (spec->server || spec->client)
		ck_assert_int_eq(wc_SetExtKeyUsage(cert, spec->server ? "serverAuth" : "clientAuth"), 0);
	if (spec->no_signer)
		ck_assert_int_eq(wc_SetKeyUsage(cert, "digitalSignature"), 0);
	cert->pathLenSet = spec->last;
}

/** A key of one kind, and the type that wolfSSL has for that kind. */
struct key {
	int type;
	ecc_key ecc;
	RsaKey rsa;
};

static void *key_of(struct key *key)
{
	return key->type == RSA_TYPE ? (void *)&key->rsa : (void *)&key->ecc;
}

/** @p rsa: its bits; 0: a key of ECDSA. */
static void make_key(struct key *key, int rsa, WC_RNG *rng)
{
	key->type = rsa ? RSA_TYPE : ECC_TYPE;
	ck_assert_int_eq(wc_ecc_init(&key->ecc), 0);
	ck_assert_int_eq(wc_InitRsaKey(&key->rsa, NULL), 0);
	if (rsa)
		ck_assert_int_eq(wc_MakeRsaKey(&key->rsa, rsa, WC_RSA_EXPONENT, rng), 0);
	else
		ck_assert_int_eq(wc_ecc_make_key(rng, 32, &key->ecc), 0);
}

static void free_key(struct key *key)
{
	wc_ecc_free(&key->ecc);
	wc_FreeRsaKey(&key->rsa);
}

static void write_key(const char *file, struct key *key)
{
	byte der[4096];
	bool rsa = key->type == RSA_TYPE;
	int length = rsa ? wc_RsaKeyToDer(&key->rsa, der, sizeof(der)) : wc_EccKeyToDer(&key->ecc, der, sizeof(der));

	ck_assert_int_gt(length, 0);
	write_pem(file, der, length, rsa ? PRIVATEKEY_TYPE : ECC_PRIVATEKEY_TYPE);
}

void certs_make(const struct certs_spec *spec)
{
	struct key key, issuer = {.type = ECC_TYPE}, *signer = spec->issuer ? &issuer : &key;
	byte der[4096];
	WC_RNG rng;
	Cert cert;
	int length;

	ck_assert_int_eq(wc_InitRng(&rng), 0);
	ck_assert_int_eq(wc_ecc_init(&issuer.ecc), 0);
	make_key(&key, spec->rsa, &rng);
	write_key(path_of(spec->name, ".key"), &key);
	ck_assert_int_eq(wc_InitCert(&cert), 0);
	cert.sigType = signer->type == RSA_TYPE ? CTC_SHA256wRSA : spec->sha1 ? CTC_SHAwECDSA : CTC_SHA256wECDSA;
	cert.daysValid = 10;
	cert.isCA = spec->ca;
	set_usage(&cert, spec);
	set_names(&cert, spec);
	if (spec->expired || spec->early)
		set_dates(&cert, spec->early ? 40 : 20);
	if (spec->issuer)
		load_issuer(&cert, &issuer.ecc, spec->issuer);
	length = wc_MakeCert_ex(&cert, der, sizeof(der), key.type, key_of(&key), &rng);
	ck_assert_int_gt(length, 0);
	length = wc_SignCert_ex(cert.bodySz, cert.sigType, der, sizeof(der), signer->type, key_of(signer), &rng);
	ck_assert_int_gt(length, 0);
	write_pem(path_of(spec->name, ".pem"), der, length, CERT_TYPE);
	wc_ecc_free(&issuer.ecc);
	free_key(&key);
	wc_FreeRng(&rng);
}

void certs_make_clients(void)
{
	static const struct certs_spec specs[] = {{.name = "ca", .ca = true},
						  {.name = "other", .ca = true},
						  {.name = "phone", .issuer = "ca"},
						  {.name = "website", .issuer = "ca", .server = true},
						  {.name = "late", .issuer = "ca", .expired = true},
						  {.name = "early", .issuer = "ca", .early = true},
						  {.name = "future", .ca = true, .early = true},
						  {.name = "past", .ca = true, .expired = true},
						  {.name = "orphan", .issuer = "past"},
						  {.name = "heir", .issuer = "future"},
						  {.name = "middle", .issuer = "ca", .ca = true},
						  {.name = "deep", .issuer = "middle"},
						  {.name = "old-middle", .issuer = "ca", .ca = true, .expired = true},
						  {.name = "old-deep", .issuer = "old-middle"},
						  {.name = "child", .issuer = "phone"},
						  {.name = "weak", .issuer = "ca", .sha1 = true},
						  {.name = "weak-middle", .issuer = "ca", .ca = true, .sha1 = true},
						  {.name = "weak-deep", .issuer = "weak-middle"},
						  {.name = "stranger", .issuer = "other"}};

	certs_make_directory();
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
		certs_make(&specs[i]);
}

/* --- revocation lists --- */

static const byte ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};

/** Append @p length bytes. */
static void put(byte *out, int *at, const void *bytes, size_t length)
{
	memcpy(out + *at, bytes, length);
	*at += (int)length;
}

/** Put a header in front of what is in @p out from @p from on. */
static void wrap(byte *out, int *at, int from, byte tag)
{
	const int length = *at - from;

	memmove(out + from + 4, out + from, (size_t)length);
	out[from] = tag;
	out[from + 1] = 0x82;
	out[from + 2] = (byte)(length >> 8);
	out[from + 3] = (byte)length;
	*at += 4;
}

static void put_time(byte *out, int *at, unsigned year)
{
	char text[16];

	snprintf(text, sizeof(text), "\x17\x0d%02u0101000000Z", year);
	put(out, at, text, 15);
}

static void put_entries(byte *out, int *at, const struct certs_crl_spec *spec)
{
	const int begin = *at;

	for (unsigned i = 0; i < 3 && spec->revoked[i]; i++) {
		struct tscf_cert_names names;
		byte der[4096], header[2] = {0x02};
		const int from = *at, length = certs_der(spec->revoked[i], der, sizeof(der));

		ck_assert_int_eq(tscf_cert_names(der, (size_t)length, &names), 0);
		header[1] = (byte)names.serial.left;
		put(out, at, header, 2);
		put(out, at, names.serial.at, names.serial.left);
		put_time(out, at, 20);
		wrap(out, at, from, 0x30);
	}
	if (*at > begin)
		wrap(out, at, begin, 0x30);
}

static void put_extension(byte *out, int *at)
{
	/* [0] { SEQUENCE { SEQUENCE { issuingDistributionPoint, TRUE, "" } } } */
	static const byte critical[] = {0xa0, 0x0e, 0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03,
					0x55, 0x1d, 0x1c, 0x01, 0x01, 0xff, 0x04, 0x00};

	put(out, at, critical, sizeof(critical));
}

static void sign(byte *out, int *at, const char *signer)
{
	byte der[4096], hash[WC_SHA256_DIGEST_SIZE], signature[128];
	word32 size = sizeof(signature), offset = 0;
	int length = read_pem(path_of(signer, ".key"), der, sizeof(der), true), from;
	ecc_key key;
	WC_RNG rng;

	ck_assert_int_eq(wc_InitRng(&rng), 0);
	ck_assert_int_eq(wc_ecc_init(&key), 0);
	ck_assert_int_eq(wc_EccPrivateKeyDecode(der, &offset, &key, (word32)length), 0);
	ck_assert_int_eq(wc_Sha256Hash(out, (word32)*at, hash), 0);
	ck_assert_int_eq(wc_ecc_sign_hash(hash, sizeof(hash), signature, &size, &rng, &key), 0);
	put(out, at, ecdsa_sha256, sizeof(ecdsa_sha256));
	from = *at;
	put(out, at, "", 1);
	put(out, at, signature, size);
	wrap(out, at, from, 0x03);
	wc_ecc_free(&key);
	wc_FreeRng(&rng);
}

int certs_crl(const struct certs_crl_spec *spec, unsigned char *out)
{
	struct tscf_cert_names names;
	byte der[4096];
	const int length = certs_der(spec->issuer, der, sizeof(der));
	int at = 0;

	ck_assert_int_eq(tscf_cert_names(der, (size_t)length, &names), 0);
	put(out, &at, "\x02\x01\x01", 3);
	put(out, &at, ecdsa_sha256, sizeof(ecdsa_sha256));
	put(out, &at, names.subject.at, names.subject.left);
	put_time(out, &at, spec->early ? 40 : 20);
	if (!spec->endless)
		put_time(out, &at, spec->expired ? 21 : 41);
	put_entries(out, &at, spec);
	if (spec->critical)
		put_extension(out, &at);
	wrap(out, &at, 0, 0x30);
	sign(out, &at, spec->signer ? spec->signer : spec->issuer);
	wrap(out, &at, 0, 0x30);
	return at;
}

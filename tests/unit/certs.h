/* SPDX-License-Identifier: GPL-3.0-or-later */
/* certs.h - certificates of every sort, made on the spot in a temporary directory. */
#ifndef TSCF_TESTS_CERTS_H
#define TSCF_TESTS_CERTS_H

#include <stdbool.h>

/**
 * A temporary directory for the files; removed with all that is in it by certs_remove.  For unchecked fixtures: those
 * of a test that fails are not torn down.
 */
void certs_make_directory(void);
void certs_remove(void);
/** Remove all files in it. */
void certs_clear(void);
/** @return the path of @p name in the directory; valid until the fourth call after this one. */
const char *certs_path(const char *name);

struct certs_spec {
	const char *name;   /**< files NAME.pem and NAME.key are made; also the common name */
	const char *issuer; /**< name of an earlier one; NULL: self-signed */
	const char *dns[2]; /**< DNS names, or NULL */
	const char *ip;     /**< IP address, or NULL */
	bool ca;
	bool expired;
	bool early;     /**< not valid before the year 2040 */
	bool server;    /**< for servers only */
	bool client;    /**< for clients only */
	bool last;      /**< of a CA: it signs no CAs (path length 0) */
	bool no_signer; /**< of a CA: its key is not for certificates (key usage) */
	bool sha1;      /**< signed with SHA-1, by a key of ECDSA */
	int rsa;        /**< bits of an RSA key; 0: the key is one of ECDSA, as that of each issuer is */
};

void certs_make(const struct certs_spec *spec);
/**
 * Make certificates of clients, good and bad ones, in a new directory: "phone" and "deep" are good where "ca" is the CA
 * (deep: with "middle"); the list in certs.c says what is wrong with the others.
 */
void certs_make_clients(void);
/** A revocation list of ISSUER, signed by its key. */
struct certs_crl_spec {
	const char *issuer;
	const char *signer;     /**< another key; NULL: the issuer's */
	const char *revoked[3]; /**< names of certificates, or NULL */
	bool expired;
	bool early;    /**< not valid before the year 2040 */
	bool endless;  /**< without next update */
	bool critical; /**< with an extension that must be known */
};
/** Write it in DER to @p out of 4096 bytes.  @return its length. */
int certs_crl(const struct certs_crl_spec *spec, unsigned char *out);
/** Read the certificate NAME.pem as DER.  @return its length. */
int certs_der(const char *name, unsigned char *der, int size);

#endif

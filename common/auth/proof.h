/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proof.h - how a client proves who it is: by a pre-shared key, or by a certificate and its key.
 *
 * The same proof is used on every tunnel, plain or encrypted, over every transport: a MAC or a signature over what the
 * tunnel is, a challenge that only this attempt has, and the client identifier.  tscf(7), "CLIENT AUTHENTICATION".
 */
#ifndef TSCF_PROOF_H
#define TSCF_PROOF_H

#include "common/auth/psk.h"
#include "common/packet/message.h"

#include <stdbool.h>
#include <stdint.h>

/** Methods, as bits of TSCF_TLV_AUTH_METHODS and as the first byte of TSCF_TLV_AUTH_PROOF. */
#define TSCF_PROOF_PSK         0x01U
#define TSCF_PROOF_CERTIFICATE 0x02U

#define TSCF_PROOF_ERROR 256
/** Room for the name of a client: "psk NAME", or "certificate NAME". */
#define TSCF_PROOF_NAME 96

/** What a proof is for. */
struct tscf_proof_subject {
	bool encrypted;
	const uint8_t *challenge; /**< plain: the cookie; encrypted: reserved TSID and reservation secret */
	uint32_t challenge_length;
	const uint8_t *client_id; /**< 16 bytes */
	const uint8_t *share; /**< plain: the client's KEY_SHARE, TSCF_KEY_SHARE_SIZE bytes: who proves has its key */
};

/** What a client can prove with. */
struct tscf_credential;

/** @return the credential of @p identity in @p file (psk.h; the only one if identity is NULL), or NULL with an error of
 * TSCF_PROOF_ERROR bytes. */
struct tscf_credential *tscf_credential_psk(const char *file, const char *identity, char *error);
/** @return the credential of a certificate and its key, PEM files, or NULL with an error. */
struct tscf_credential *tscf_credential_certificate(const char *cert_file, const char *key_file, char *error);
/** Wipe and free; NULL is allowed. */
void tscf_credential_free(struct tscf_credential *credential);
/** @return its method, TSCF_PROOF_*. */
unsigned tscf_credential_method(const struct tscf_credential *credential);
/** Where the credential is a pre-shared key, what goes into the keys of a tunnel of it.  @return whether it is one. */
bool tscf_credential_key(const struct tscf_credential *credential, uint8_t key[32]);
/** Write the proof into a request.  @return 0 or -errno. */
int tscf_credential_prove(const struct tscf_credential *credential, const struct tscf_proof_subject *subject,
			  struct tscf_writer *w);

/** Who a server lets in. */
struct tscf_client_auth;

/** A client that has proved who it is. */
struct tscf_client_name {
	char name[TSCF_PROOF_NAME];
	uint8_t key[32]; /**< PSK: SHA-256 of its key; certificate: its pin (cert.h) */
	uint8_t ca[32];  /**< certificate: pin of the CA that has signed it */
	int64_t until;   /**< certificate: its last second, Unix time; PSK: 0, for ever */
};

/**
 * Read who is let in.
 *
 * @param psk_file     psk.h, or NULL: no client has a key
 * @param ca_file      PEM of the CAs that sign clients' certificates, or NULL: no certificate is accepted
 * @param denied_file  names or pins that are not let in all the same, one on a line, or NULL
 * @return NULL with an error of TSCF_PROOF_ERROR bytes if something cannot be read.
 */
struct tscf_client_auth *tscf_client_auth_read(const char *psk_file, const char *ca_file, const char *denied_file,
					       char *error);
/** May be used by several threads at a time; one holder more, and one less: the last frees. */
struct tscf_client_auth *tscf_client_auth_hold(struct tscf_client_auth *client_auth);
void tscf_client_auth_drop(struct tscf_client_auth *client_auth);
/** @return what of @p who goes into the keys of its tunnel (agreement.h), 32 bytes, or NULL: it has no pre-shared key.
 */
const uint8_t *tscf_client_name_key(const struct tscf_client_name *who);
/** @return the methods by which a client may prove who it is. */
unsigned tscf_client_auth_methods(const struct tscf_client_auth *client_auth);

/**
 * Check the proof in @p m.
 *
 * @return NULL with *who, or why it is not accepted, for the client's user.
 */
const char *tscf_client_auth_check(const struct tscf_client_auth *client_auth, const struct tscf_proof_subject *subject,
				   const struct tscf_message *m, struct tscf_client_name *who);
/**
 * @return NULL if a client that has proved to be @p who is still let in at @p today, Unix time, or why not.
 *
 * @param who  NULL: it was not asked
 */
const char *tscf_client_auth_still(const struct tscf_client_auth *client_auth, const struct tscf_client_name *who,
				   int64_t today);
/** @return whether the certificate by which @p who was proved has expired at @p today. */
bool tscf_client_expired(const struct tscf_client_name *who, int64_t today);

#endif

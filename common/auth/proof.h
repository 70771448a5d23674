/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proof.h - how a client proves its identity: by a pre-shared key, or by a certificate and its key.
 *
 * The same proof is used on every tunnel, plain or encrypted, over every transport: a MAC or a signature over the kind
 * of tunnel, a challenge that is used for this attempt only, and the client identifier.  tscf(7), "CLIENT
 * AUTHENTICATION".
 */
#ifndef TSCF_PROOF_H
#define TSCF_PROOF_H

#include "common/auth/enrolments.h"
#include "common/auth/identity.h"
#include "common/auth/psk.h"
#include "common/packet/message.h"

#include <stdbool.h>
#include <stdint.h>

/** Methods, as bits of TSCF_TLV_AUTH_METHODS and as the first byte of TSCF_TLV_AUTH_PROOF. */
#define TSCF_PROOF_PSK         0x01U
#define TSCF_PROOF_CERTIFICATE 0x02U
/** Another bit of TSCF_TLV_AUTH_METHODS: the server takes the certificates of a client in parts. */
#define TSCF_PROOF_PARTS 0x04U

#define TSCF_PROOF_ERROR 256
/** Bytes of the name by which revocation lists know a certificate: of its issuer and its number. */
#define TSCF_REVOCATION_ID 16
/** Room for the name of a client: "psk NAME", or "certificate NAME". */
#define TSCF_PROOF_NAME 96

/** The data that a proof covers. */
struct tscf_proof_subject {
	bool encrypted;
	const uint8_t *challenge; /**< plain: the cookie; encrypted: reserved TSID and reservation secret */
	uint32_t challenge_length;
	const uint8_t *client_id; /**< 16 bytes */
	const uint8_t
	    *share; /**< plain: the client's KEY_SHARE, TSCF_KEY_SHARE_SIZE bytes: binds the share to the proof */
};

/** The key, or certificate and key, of a client. */
struct tscf_credential;

/** @return the credential of @p identity in @p file (psk.h; the only one if identity is NULL), or NULL with an error of
 * TSCF_PROOF_ERROR bytes. */
struct tscf_credential *tscf_credential_psk(const char *file, const char *identity, char *error);
/** @return the credential of a certificate and its key, PEM files, or NULL with an error. */
struct tscf_credential *tscf_credential_certificate(const char *cert_file, const char *key_file, char *error);
/** Take a reference, in the thread that has made it; NULL is allowed.  @return credential. */
struct tscf_credential *tscf_credential_hold(struct tscf_credential *credential);
/** Release a reference: the last release wipes and frees.  NULL is allowed. */
void tscf_credential_drop(struct tscf_credential *credential);
/**
 * @return the certificates that the client must send in parts before a proof on a plain tunnel, DER back to back, its
 * own first; NULL: the proof holds what is needed.
 */
const uint8_t *tscf_credential_parts(const struct tscf_credential *credential, uint16_t *length);
/** @return the method of the credential, TSCF_PROOF_*. */
unsigned tscf_credential_method(const struct tscf_credential *credential);
/** @return the key share that the client must offer with the key of a one-time invitation; NULL: it makes new ones. */
const struct tscf_share *tscf_credential_share(const struct tscf_credential *credential);
/**
 * The invitation is used: from now on the client proves its identity by the lasting key, which takes the place of the
 * other in @p file, too.
 *
 * @return 0, or -errno: the file is as it was, and the next run will get the same key.
 */
int tscf_credential_enrolled(struct tscf_credential *credential, const char *file,
			     const uint8_t lasting[TSCF_LASTING_KEY_SIZE]);
/**
 * If the credential is a pre-shared key, get its contribution to the keys of a tunnel.  @return whether it is a
 * pre-shared key.
 */
bool tscf_credential_key(const struct tscf_credential *credential, uint8_t key[32]);
/**
 * Write the proof into a request.  Certificates that go in parts are named by their digest on a plain tunnel; on an
 * encrypted one, only the key is sent.
 *
 * @return 0 or -errno.
 */
int tscf_credential_prove(const struct tscf_credential *credential, const struct tscf_proof_subject *subject,
			  struct tscf_writer *w);

/** The clients that a server admits. */
struct tscf_client_auth;

/** A client that has proved its identity. */
struct tscf_client_name {
	char name[TSCF_PROOF_NAME];
	uint8_t key[32]; /**< PSK: SHA-256 of the client's key; certificate: its pin (cert.h) */
	uint8_t ca[32];  /**< certificate: pin of the CA that has signed it */
	uint8_t certificates[TSCF_CERTIFICATES_MAX]
			    [TSCF_REVOCATION_ID]; /**< its own, and those between it and the CA */
	unsigned certificate_count;
	int64_t until; /**< certificate: the last second of its validity, Unix time; PSK: 0, never expires */
	bool invited;  /**< it has shown a one-time invitation, by which it gets nothing but a lasting key */
};

/**
 * Read which clients are admitted.
 *
 * @param psk_file     psk.h, or NULL: no client has a key
 * @param ca_file      PEM of the CAs that sign clients' certificates, or NULL: no certificate is accepted
 * @param denied_file  names or pins of clients that are refused nevertheless, one per line, or NULL
 * @param crl_file     revocation lists of these CAs (crl_store.h), or NULL: no certificate is checked for that
 * @return NULL with an error of TSCF_PROOF_ERROR bytes if something cannot be read.
 */
struct tscf_client_auth *tscf_client_auth_read(const char *psk_file, const char *ca_file, const char *denied_file,
					       const char *crl_file, char *error);
/**
 * Set where the use of one-time invitations is recorded.  It must outlive the object.  Without a record, as at first,
 * they are refused.
 */
void tscf_client_auth_record(struct tscf_client_auth *client_auth, struct tscf_enrolments *record);
/** Take a reference, and release one: the last release frees.  Several threads may use the object at a time. */
struct tscf_client_auth *tscf_client_auth_hold(struct tscf_client_auth *client_auth);
void tscf_client_auth_drop(struct tscf_client_auth *client_auth);
/**
 * @return the contribution of @p who to the keys of its tunnel (agreement.h), 32 bytes, or NULL: it has no pre-shared
 * key.
 */
const uint8_t *tscf_client_name_key(const struct tscf_client_name *who);
/** @return the methods by which a client may prove its identity. */
unsigned tscf_client_auth_methods(const struct tscf_client_auth *client_auth);

/** Certificates that a client has sent in parts before its proof, DER back to back; length 0: none. */
struct tscf_certificates {
	const uint8_t *der;
	size_t length;
};

/** @return the digest of the certificates that @p m names and does not hold, 32 bytes; or NULL. */
const uint8_t *tscf_proof_names(const struct tscf_message *m);
/**
 * Check the proof in @p m.
 *
 * @param certificates  those that tscf_proof_names names, if it names any
 * @return NULL with *who set, or why the proof is not accepted, for the client's user; who->name is what the client
 * says it is then, or "".
 */
const char *tscf_client_auth_check(const struct tscf_client_auth *client_auth, const struct tscf_proof_subject *subject,
				   const struct tscf_message *m, const struct tscf_certificates *certificates,
				   struct tscf_client_name *who);
/**
 * Use the one-time invitation that @p who has shown.
 *
 * @param share    the client's key share, TSCF_KEY_SHARE_SIZE bytes, which its proof covers
 * @param lasting  the client's key from now on
 * @param waits    whether it is being recorded, and there is no key yet: call again when that is done
 * @return NULL, or why not, for the client's user.
 */
const char *tscf_client_auth_enrol(const struct tscf_client_auth *client_auth, const struct tscf_client_name *who,
				   const uint8_t *share, uint8_t lasting[TSCF_LASTING_KEY_SIZE], bool *waits);
/**
 * Check the proof in @p m by the key of a certificate that the client @p who has shown before; @p who may be NULL.
 *
 * @return NULL, or why it is not accepted, as above.
 */
const char *tscf_client_auth_check_key(const struct tscf_client_auth *client_auth,
				       const struct tscf_proof_subject *subject, const struct tscf_message *m,
				       const struct tscf_client_name *who);
/**
 * @return NULL if the client @p who, which has proved its identity, is still admitted at @p today, Unix time; or why
 * not.
 *
 * @param who  NULL: no proof was required
 */
const char *tscf_client_auth_still(const struct tscf_client_auth *client_auth, const struct tscf_client_name *who,
				   int64_t today);
/** @return whether the certificate of @p who has expired at @p today. */
bool tscf_client_expired(const struct tscf_client_name *who, int64_t today);

#endif

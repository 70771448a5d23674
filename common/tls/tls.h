/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls.h - peer authentication with certificates, keys and pins, and the cipher policy, as wolfSSL contexts.
 *
 * Rule 4 (tscf(7), "SECURITY CONSIDERATIONS"): a client always verifies its server, against a CA and a name or against
 * a pin; there is no unverified mode.  TLS 1.2 or later (DTLS 1.2), AEAD and forward secrecy only. nettle does AES-GCM,
 * through wolfSSL's crypto callback (crypto.h).  AES-128-GCM is preferred where the CPU has AES instructions,
 * ChaCha20-Poly1305 elsewhere.
 */
#ifndef TSCF_TLS_H
#define TSCF_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tscf_tls;

/** Text of a pin: "sha256:" and the base64 of SHA-256 over the DER SubjectPublicKeyInfo, as in RFC 7469. */
#define TSCF_PIN_TEXT 64

/** Message about the last step that failed, for people: file name, reason. */
#define TSCF_TLS_ERROR 256

/**
 * A server context, for DTLS and TLS, from PEM files.  The cookie secret is random.
 *
 * @return the context, or NULL with a message in @p error (TSCF_TLS_ERROR bytes).
 */
struct tscf_tls *tscf_tls_server(const char *cert_file, const char *key_file, char *error);

/**
 * A client context, for DTLS and TLS.  At least one of @p ca_file and @p pin must be given; with a CA, the certificate
 * must be valid for
 * @p server_name (DNS name or IP address text).  With CA and pin, both checks must succeed.
 *
 * A CA that is not valid yet, or has expired, does not make this fail: the clock may be wrong.  It is logged, and
 * trusted for a connection if it is valid when that connection is made.
 *
 * @return the context, or NULL with a message in @p error.
 */
struct tscf_tls *tscf_tls_client(const char *ca_file, const char *server_name, const char *pin, char *error);

struct tscf_chain_link;
/**
 * @return NULL, or why a server is refused that has these verified certificates, @p count of them, its own first; a
 * text that stays valid.
 */
typedef const char *(*tscf_tls_revocation)(void *context, const struct tscf_chain_link *links, unsigned count);
/**
 * Have the client @p tls, which verifies its server by a CA, ask @p check about each server, too.  It resumes no
 * sessions then, because in a resumed handshake there are no certificates.
 */
void tscf_tls_check_revocation(struct tscf_tls *tls, tscf_tls_revocation check, void *context);

/**
 * Verify DER certificates, back to back, the server's own first, as a handshake of client @p tls would.
 *
 * @return 0 with the server's own certificate in *leaf, or -EINVAL with a reason of TSCF_TLS_ERROR bytes.
 */
int tscf_tls_check_chain(const struct tscf_tls *tls, const uint8_t *chain, size_t length, const uint8_t **leaf,
			 size_t *leaf_length, char *reason);
/**
 * tscf_tls_has_pin: @return whether the client @p tls verifies its server by a pin.  tscf_tls_has_ca: by a CA and a
 * name.
 */
bool tscf_tls_has_pin(const struct tscf_tls *tls);
bool tscf_tls_has_ca(const struct tscf_tls *tls);

/**
 * From now on @p tls makes connections with the certificate and key of @p fresh; @p fresh is freed.  Existing
 * connections continue.  Both are server contexts.  Other threads may make connections of @p tls meanwhile.
 */
void tscf_tls_renew(struct tscf_tls *tls, struct tscf_tls *fresh);

/** Free it; NULL is allowed. */
void tscf_tls_free(struct tscf_tls *tls);

/**
 * From now on connections of @p tls write their keys (key_log.h) to @p fd, which must stay open until @p tls is freed;
 * negative: they do not.  They do not use TLS 1.3 then, whose keys wolfSSL 5.5.4 keeps to itself.
 */
void tscf_tls_log_keys(struct tscf_tls *tls, int fd);

/**
 * Make a P-256 key and a self-signed certificate for @p common_name, valid for 20 years, and write both (key mode
 * 0600), atomically, unless both files exist already.
 *
 * @return 0 (made, or they existed), or -errno with a message in @p error.
 */
int tscf_tls_make_identity(const char *cert_file, const char *key_file, const char *common_name, char *error);

/** Write the pin of the certificate in @p cert_file to @p pin (TSCF_PIN_TEXT bytes).  @return 0 or -errno. */
int tscf_tls_pin_of_file(const char *cert_file, char *pin);
/** @return whether @p pin has the form of a pin. */
bool tscf_tls_pin_valid(const char *pin);

#endif

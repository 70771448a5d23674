/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls_case.h - TLS contexts for tests of the encrypted transports: certificates of every sort, servers that have them,
 * and clients that verify them.
 */
#ifndef TSCF_TESTS_TLS_CASE_H
#define TSCF_TESTS_TLS_CASE_H

#include "common/tls/tls_context.h"

/** The pin of the certificate of the last tls_case_server. */
extern char tls_case_pin[TSCF_PIN_TEXT];

/**
 * Make the certificates in a directory that certs_remove removes: two CAs, "ca" and "other-ca"; signed by "ca": "good",
 * for vpn.example.org and 127.0.0.1, and "expired"; and "self", which signs itself.
 */
void tls_case_prepare(void);
/** @return a context of the server that has the certificate @p name; the caller frees it. */
struct tscf_tls *tls_case_server(const char *name);
/**
 * @return a context of a client that verifies by the CA in the file @p ca and the server's @p name, or by a @p pin;
 * each may be NULL.  The caller frees it.
 */
struct tscf_tls *tls_case_client(const char *ca, const char *name, const char *pin);

#endif

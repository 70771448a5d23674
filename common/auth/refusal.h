/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * refusal.h - why a server does not accept a proof: texts that the client's user sees, which the server's counters tell
 * apart.
 */
#ifndef TSCF_REFUSAL_H
#define TSCF_REFUSAL_H

#define TSCF_REFUSAL_NO_PROOF        "this server demands a client certificate or a pre-shared key"
#define TSCF_REFUSAL_MALFORMED       "the proof is malformed"
#define TSCF_REFUSAL_NO_KEYS         "this server takes no pre-shared keys"
#define TSCF_REFUSAL_NO_CERTIFICATES "this server takes no certificates"
#define TSCF_REFUSAL_UNKNOWN         "unknown identity"
#define TSCF_REFUSAL_UNKNOWN_CA      "the certificate is not signed by a CA of this server"
#define TSCF_REFUSAL_REVOKED         "the certificate has been revoked"
#define TSCF_REFUSAL_WRONG_KEY       "wrong key"
#define TSCF_REFUSAL_OTHER_KEY       "the key is not that of the certificate"
#define TSCF_REFUSAL_USED            "this invitation has been used"
#define TSCF_REFUSAL_TOO_LATE        "this invitation is no longer valid"
#define TSCF_REFUSAL_LOST            "the server has lost its record of used invitations: this client needs a new invitation"
#define TSCF_REFUSAL_NOT_RECORDED    "the server cannot record that this invitation is used: see its log"
#define TSCF_REFUSAL_DENIED          "access has been withdrawn"

#endif

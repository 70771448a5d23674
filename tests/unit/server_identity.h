/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server_identity.h - a certificate and key of a server, made on the spot. */
#ifndef TSCF_TESTS_SERVER_IDENTITY_H
#define TSCF_TESTS_SERVER_IDENTITY_H

#include "common/auth/agreement.h"
#include "common/tls/tls.h"

/** @return one that the caller frees; its pin is in @p pin, of TSCF_PIN_TEXT bytes, unless that is NULL. */
struct tscf_identity *server_identity_make(char *pin);

#endif

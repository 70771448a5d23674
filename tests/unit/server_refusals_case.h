/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server_refusals_case.h - clients that a server refuses, in every way that refusals.h has.
 */
#ifndef TSCF_TESTS_SERVER_REFUSALS_CASE_H
#define TSCF_TESTS_SERVER_REFUSALS_CASE_H

#include "tests/unit/certs.h"
#include "tests/unit/refusals.h"
#include "tests/unit/server_admission_case.h"

#include <check.h>

/** Another client, at another address. */
extern struct world_client b;

/* refuse_NAME, for each row: afterwards the last answer of the server is that refusal. */
#define DECLARE(name, ...) void refuse_##name(void);
REFUSALS(DECLARE)

/** Make the certificates, in a directory of certs.h.  An unchecked fixture. */
void proofs_begin(void);
/** Client a asks for a plain tunnel, and proves who it is by the certificate NAME.pem. */
void ask_by_certificate(const char *name);
/** Let those in whose CA is "ca", and whom these lists do not exclude. */
void let_in_unless(const struct certs_crl_spec *lists, unsigned count);
/** Free what a refusal has made, when its world is gone. */
void proofs_end(void);
void radius_end(void);

/** The tests of tunnels that the server ends, with the same fixtures. */
void endings_add(TCase *t);

#endif

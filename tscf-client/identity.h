/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * identity.h - who this client is for servers, in every run: so that it gets its internal addresses again.
 *
 * The identifier is in the file client-id of the state directory, 32 hexadecimal digits and a newline, readable by its
 * owner only.  tscf(7), CLIENT_ID.  Two clients with one identifier would take each other's addresses, so the file is
 * locked while a client uses it.
 */
#ifndef TSCF_CLIENT_IDENTITY_H
#define TSCF_CLIENT_IDENTITY_H

#include <stdint.h>

#define CLIENT_ID_SIZE 16

struct client_identity {
	uint8_t id[CLIENT_ID_SIZE];
	int lock; /**< the locked file; -1: the identifier is of this run only */
};

/**
 * Read the identifier from @p state_dir; it is made if there is none.  Where that cannot be, or another client uses it,
 * a warning says so and the identifier is one of this run.
 */
void client_identity_open(struct client_identity *identity, const char *state_dir);
void client_identity_close(struct client_identity *identity);

#endif

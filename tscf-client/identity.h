/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * identity.h - who this client is for servers, in every run: so that it gets its internal addresses again.
 *
 * The identifier is in the file client-id of the state directory, 32 hexadecimal digits and a newline, readable by its
 * owner only; then a line that says which machine it is of, a hash with the identifier of /etc/machine-id.  tscf(7),
 * CLIENT_ID.  Two clients with one identifier would take each other's addresses, so the file is locked while a client
 * uses it, and one that has been copied to another machine is not used there.
 */
#ifndef TSCF_CLIENT_IDENTITY_H
#define TSCF_CLIENT_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#define CLIENT_ID_SIZE 16

struct client_identity {
	uint8_t id[CLIENT_ID_SIZE];
	uint64_t run; /**< random: by it a server knows this process from another one with the same identifier */
	int lock;     /**< the locked file; -1: the identifier is of this run only */
	bool shared;  /**< a server has said that another client has it, too */
};

/** Where the machine says which one it is (machine-id(5)). */
#define CLIENT_MACHINE_FILE "/etc/machine-id"

/**
 * Read the identifier from @p state_dir; it is made if there is none, or if it is of another machine than @p machine_file
 * says.  Where that cannot be, or another client uses it,
 * a warning says so and the identifier is one of this run.
 */
void client_identity_open(struct client_identity *identity, const char *state_dir, const char *machine_file);
/** A server says that another client has this identifier, too: the log says so, once. */
void client_identity_shared(struct client_identity *identity);
void client_identity_close(struct client_identity *identity);

#endif

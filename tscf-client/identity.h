/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * identity.h - the identifier of this client for servers, the same in every run, so that the client gets its internal
 * addresses again.
 *
 * The identifier is in the file client-id of the state directory, 32 hexadecimal digits and a newline, readable by its
 * owner only; then a line that identifies the machine, a hash with the identifier of /etc/machine-id.  tscf(7),
 * CLIENT_ID.  Two clients with one identifier would take each other's addresses, so the file is locked while a client
 * uses it, and a copy on another machine is not used.
 */
#ifndef TSCF_CLIENT_IDENTITY_H
#define TSCF_CLIENT_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#define CLIENT_ID_SIZE 16

struct client_identity {
	uint8_t id[CLIENT_ID_SIZE];
	uint64_t run; /**< random: a server tells this process by it from another one with the same identifier */
	int lock;     /**< the locked file; -1: the identifier is valid for this run only */
	bool shared;  /**< a server has reported that another client uses it, too */
};

/** The file with the machine's identifier (machine-id(5)). */
#define CLIENT_MACHINE_FILE "/etc/machine-id"

/**
 * Read the identifier from @p state_dir; a new one is made if there is none, or if it belongs to another machine than
 * that of @p machine_file.  If that fails, or another client uses the identifier, a warning is logged and an identifier
 * for this run only is used.
 */
void client_identity_open(struct client_identity *identity, const char *state_dir, const char *machine_file);
/** A server reports that another client uses this identifier, too: log it, once. */
void client_identity_shared(struct client_identity *identity);
void client_identity_close(struct client_identity *identity);

#endif

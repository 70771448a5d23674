/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resume_secret.h - the secret that proves to a server that this client had the encrypted tunnel before: tscf(7),
 * RESUME_SECRET.
 *
 * The server sends it on the encrypted tunnel, a new one for each tunnel.  The client keeps it in the file
 * resume-secret of the state directory, 32 bytes, readable by its owner only.  So a client that was killed and is
 * started again need not wait until the server has found the old tunnel dead.
 */
#ifndef TSCF_CLIENT_RESUME_SECRET_H
#define TSCF_CLIENT_RESUME_SECRET_H

#include "common/packet/message.h"

#include <stdbool.h>
#include <stdint.h>

#define RESUME_SECRET_SIZE 32

struct resume_secret {
	uint8_t bytes[RESUME_SECRET_SIZE];
	bool known;
	bool former_run; /**< an earlier run of the client got it: that run's bindings are not known any more */
	int file;        /**< -1: the secret is not kept beyond this run */
};

/** Read the secret that an earlier run left in @p state_dir, which exists.  NULL: nothing is read or kept. */
void resume_secret_open(struct resume_secret *s, const char *state_dir);
void resume_secret_close(struct resume_secret *s);

/** Take the secret from the server's Configuration_Response on the encrypted tunnel, which may have none. */
void resume_secret_take(struct resume_secret *s, const struct tscf_message *response);

/** Write the secret, if there is one, into the Configuration_Request on the encrypted tunnel. */
void resume_secret_write(const struct resume_secret *s, struct tscf_writer *w);

#endif

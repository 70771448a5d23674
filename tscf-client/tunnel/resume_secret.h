/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resume_secret.h - what proves to a server that this client had the encrypted tunnel before: tscf(7), RESUME_SECRET.
 *
 * The server gives it on the encrypted tunnel, and another one with each tunnel.  It is kept in the file resume-secret
 * of the state directory, 32 bytes, readable by its owner only, so that a client that was killed and is started again
 * need not wait until the server has found its old tunnel dead.
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
	bool former_run; /**< an earlier run of the client got it: what that had bound is not known any more */
	int file;        /**< -1: it is of this run only */
};

/** Read what an earlier run left in @p state_dir, which exists.  @p state_dir NULL: nothing is read or kept. */
void resume_secret_open(struct resume_secret *s, const char *state_dir);
void resume_secret_close(struct resume_secret *s);

/** Take it from the server's Configuration_Response on the encrypted tunnel, which may have none. */
void resume_secret_take(struct resume_secret *s, const struct tscf_message *response);

/** Show it in the Configuration_Request on the encrypted tunnel, if there is one. */
void resume_secret_write(const struct resume_secret *s, struct tscf_writer *w);

#endif

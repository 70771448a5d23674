/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * enrolment.h - the client that was invited once gets its lasting key from the server.
 *
 * tscf(7), "ONE-TIME INVITATIONS".  Until then each try offers the key share that the file of the client's key names,
 * so that the server gives this client the same lasting key as often as it asks.
 */
#ifndef TSCF_CLIENT_ENROLMENT_H
#define TSCF_CLIENT_ENROLMENT_H

#include "common/packet/message.h"

struct connector_try;

/** Write the key share of a configuration request, and note in try->enrolling whether it uses the invitation.  @return
 * 0, or -EINVAL: none can be made. */
int enrolment_offer(struct connector_try *try, struct tscf_writer *w);
/** Take the lasting key from the verified response of @p try, and keep it.  @return NULL, or why not. */
const char *enrolment_take(struct connector_try *try);

#endif

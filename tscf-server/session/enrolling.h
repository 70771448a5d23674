/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * enrolling.h - requests that wait until the disk has the record that their invitation is used
 * (common/auth/enrolments.h).
 *
 * They are handled again then, and answered.  Only a client that has proved its address and shows an invitation can
 * make the server keep anything.
 */
#ifndef TSCF_SERVER_ENROLLING_H
#define TSCF_SERVER_ENROLLING_H

#include "tscf-server/session/authorisation.h"

/** Most requests that wait in each worker; a client repeats one that finds no room. */
#define SERVER_ENROLLING_MAX 256

struct server_enrolling_request;

struct server_enrolling {
	struct server_enrolling_request *list;
	unsigned count;
};

/** Keep a copy of the request @p r, unless one from its place waits already, or there is no room or no memory: the
 * client repeats it. */
void server_enrolling_wait(struct server_enrolling *all, const struct server_request *r);
/** Something has been written: handle all requests that wait; some may wait again. */
void server_enrolling_again(struct server_enrolling *all, server_authorised handle, void *context);
/** Forget all requests that wait. */
void server_enrolling_free(struct server_enrolling *all);

#endif

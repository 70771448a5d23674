/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * who.h - which clients an administrator means.
 */
#ifndef TSCF_SERVER_WHO_H
#define TSCF_SERVER_WHO_H

#include "tscf-server/session/session.h"

/** The clients that are meant: those of whom one of these is true. */
struct server_who {
	const char *identity;     /**< as in struct tscf_client_name, with or without the kind; borrowed */
	uint64_t tsid;            /**< TSCF_TSID_NONE: not meant by a TSID */
	struct tscf_addr address; /**< outer or internal; family 0: not meant by an address */
	uint16_t port;            /**< of the outer address; 0: any */
};

/** Read an identity, a TSID of 16 hexadecimal digits, or an address, perhaps with a port. */
void server_who_read(const char *text, struct server_who *out);
/** @return whether the client of @p s is meant by this session. */
bool server_who_means(const struct server_who *who, const struct server_session *s);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * radius.h - requests to a RADIUS server (RFC 2865, RFC 2866) by libradcli.
 *
 * The settings name a file of libradcli, radiusclient.conf(5): servers, secrets, time-outs.  A request blocks until it
 * is answered or has timed out, so only threads that carry no packets make any.  An object is used by one thread at a
 * time.
 *
 * Built without libradcli (configure --without-radius), the settings that need it are refused, and nothing of this is
 * used.
 */
#ifndef TSCF_SERVER_RADIUS_H
#define TSCF_SERVER_RADIUS_H

#include "common/base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Most bytes of an attribute's value. */
#define SERVER_RADIUS_VALUE 253

/** Seconds between two records that an Access-Accept may set: at least what RFC 2869, 5.16, allows. */
#define SERVER_RADIUS_INTERIM_MIN 60
#define SERVER_RADIUS_INTERIM_MAX 86400

/** Room for a message from the RADIUS server to the user. */
#define SERVER_RADIUS_MESSAGE 128

struct server_radius;
struct server_radius_request;

/** What an Access-Accept grants. */
struct server_radius_grant {
	struct tscf_addrs address;          /**< family 0: any */
	uint32_t seconds;                   /**< how long the tunnel may be there; 0: without limit */
	uint32_t up, down;                  /**< bits per second from and to the client; 0: without limit */
	uint32_t interim;                   /**< seconds between records, as received: not checked; 0: not named */
	uint8_t class_length;               /**< 0: none */
	uint8_t class[SERVER_RADIUS_VALUE]; /**< goes into the records of the tunnel */
};

/** @return whether this program has been built with libradcli. */
bool server_radius_built(void);

/** Read a file of libradcli.  @return 0 with the object in *out; or -EINVAL (logged): it is of no use. */
int server_radius_open(const char *file, struct server_radius **out);
/** NULL is allowed. */
void server_radius_close(struct server_radius *r);

/** @return an empty request, or NULL when out of memory. */
struct server_radius_request *server_radius_request_new(const struct server_radius *r);
void server_radius_request_free(struct server_radius_request *q);

/* Add an attribute by its number.  If one cannot be added, sending fails with -ENOMEM. */
void server_radius_add_number(struct server_radius_request *q, unsigned attribute, uint32_t value);
void server_radius_add_text(struct server_radius_request *q, unsigned attribute, const char *value);
void server_radius_add_bytes(struct server_radius_request *q, unsigned attribute, const void *value, size_t length);
/** Framed-IP-Address or Framed-IPv6-Address. */
void server_radius_add_address(struct server_radius_request *q, const struct tscf_addr *address);

/**
 * Send an Accounting-Request and wait for the answer.
 *
 * @return 0: it was accepted; or -ETIMEDOUT, -EPROTO (an answer of no use), -EIO (not sent), -ENOMEM.
 */
int server_radius_account(struct server_radius *r, struct server_radius_request *q);

/**
 * Send an Access-Request and wait for the answer.
 *
 * @param message  set to the Reply-Message, with characters of other kinds replaced, or ""
 * @return 0: access is granted, with *grant; -EACCES: it is refused; or as server_radius_account.
 */
int server_radius_access(struct server_radius *r, struct server_radius_request *q, struct server_radius_grant *grant,
			 char message[SERVER_RADIUS_MESSAGE]);

#endif

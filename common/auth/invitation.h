/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * invitation.h - one line of text that tells a client its servers, how to verify them, and its own key.
 *
 *     tscf://HOST[:PORT]?pin=PIN&id=IDENTITY&key=KEY[&use=once][&transport=udp|tcp][&server=HOST[:PORT]]...
 *
 * A URI (RFC 3986).  tscf(7), "INVITATIONS", specifies it.  Pure functions: no allocation, no I/O.  An invitation holds
 * a key: the caller wipes what it no longer needs.
 */
#ifndef TSCF_INVITATION_H
#define TSCF_INVITATION_H

#include "common/auth/psk.h"
#include "common/tls/cert.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Most servers in one invitation. */
#define TSCF_INVITATION_SERVERS_MAX 4
/** Most characters of a host name (RFC 1035, 2.3.4, without the last dot). */
#define TSCF_INVITATION_HOST_MAX 253
/** Room for the longest invitation and its NUL. */
#define TSCF_INVITATION_TEXT 2048
/** Room for a message about an error. */
#define TSCF_INVITATION_ERROR 160

/** Which transports the servers have. */
enum tscf_invitation_transport {
	TSCF_INVITATION_AUTO, /**< UDP and TCP */
	TSCF_INVITATION_UDP,
	TSCF_INVITATION_TCP,
};

struct tscf_invitation_server {
	char host[TSCF_INVITATION_HOST_MAX + 1]; /**< name or address; an IPv6 address without brackets */
	uint16_t port;                           /**< plain port, 1 to 65534 */
};

struct tscf_invitation {
	struct tscf_invitation_server servers[TSCF_INVITATION_SERVERS_MAX]; /**< in order of preference */
	unsigned server_count;                                              /**< at least one */
	enum tscf_invitation_transport transport;
	uint8_t pin[TSCF_PIN_SIZE]; /**< of the key of every server */
	struct tscf_psk psk;        /**< identity and key */
	bool once;                  /**< the key can be used once, to get a lasting one */
};

/**
 * Parse "HOST", "HOST:PORT", "[V6]" or "[V6]:PORT"; @p port is the default.  A host consists of letters, digits, '-',
 * '.' and '_'; link-local addresses are refused, because they mean nothing on another host.
 *
 * @return 0, or -EINVAL.
 */
int tscf_invitation_server_parse(const char *text, size_t length, uint16_t port, struct tscf_invitation_server *out);

/** Write "HOST:PORT" or "[V6]:PORT" into @p text of TSCF_INVITATION_HOST_MAX + 9 bytes.  @return text. */
const char *tscf_invitation_server_format(const struct tscf_invitation_server *server, char *text);

/**
 * Parse a whole invitation.  Parameters may come in any order; each but server may be given once.  An unknown parameter
 * is an error, because it may be one that protects.
 *
 * @param error  of TSCF_INVITATION_ERROR bytes: what is wrong; it never shows the key
 * @return 0, or -EINVAL with *out wiped.
 */
int tscf_invitation_parse(const char *text, struct tscf_invitation *out, char *error);

/**
 * Write an invitation, which is valid, into @p text of TSCF_INVITATION_TEXT bytes.
 *
 * @return its length.
 */
size_t tscf_invitation_format(const struct tscf_invitation *invitation, char *text);

#endif

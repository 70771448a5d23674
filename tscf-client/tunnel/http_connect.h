/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http_connect.h - the CONNECT request to an HTTP proxy and its answer (RFC 9110, section 9.3.6; RFC 9112): pure
 * functions on text.
 */
#ifndef TSCF_CLIENT_HTTP_CONNECT_H
#define TSCF_CLIENT_HTTP_CONNECT_H

#include <stddef.h>
#include <stdint.h>

/** An answer with a longer header is refused. */
#define HTTP_CONNECT_MAX 8192
/** Room for the text of a refusal. */
#define HTTP_CONNECT_REASON 200

/**
 * Write the request for a connection to @p host (name or address) and @p port.
 *
 * @param credentials  base64 of "user:password", or NULL
 * @return its length (no NUL is added), or -EMSGSIZE.
 */
int http_connect_request(char *out, size_t size, const char *host, uint16_t port, const char *credentials);

/** The state of an answer so far. */
enum http_connect_answer {
	HTTP_CONNECT_MORE,    /**< its header is not complete */
	HTTP_CONNECT_DONE,    /**< accepted: *used bytes are the answer, the rest comes from the other end */
	HTTP_CONNECT_REFUSED, /**< refused, or not a valid answer; the reason says which */
};

/**
 * Parse the answer of a proxy, of which @p length bytes have arrived.
 *
 * @param authenticated  whether the request contained credentials
 * @param reason         HTTP_CONNECT_REASON bytes; written if refused, control characters replaced
 */
enum http_connect_answer http_connect_answer(const char *data, size_t length, int authenticated, size_t *used,
					     char *reason);

#endif

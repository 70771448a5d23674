/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/tunnel/http_connect.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/** "HTTP/1.x NNN" */
#define STATUS_LINE_MIN 12

int http_connect_request(char *out, size_t size, const char *host, uint16_t port, const char *credentials)
{
	const char *open = strchr(host, ':') ? "[" : "", *close = strchr(host, ':') ? "]" : "";
	int n = snprintf(out, size, "CONNECT %s%s%s:%u HTTP/1.1\r\nHost: %s%s%s:%u\r\n%s%s%s\r\n", open, host, close,
			 port, open, host, close, port, credentials ? "Proxy-Authorization: Basic " : "",
			 credentials ? credentials : "", credentials ? "\r\n" : "");
	return n < 0 || (size_t)n >= size ? -EMSGSIZE : n;
}

/* The header ends with an empty line; some end lines with LF alone (RFC 9112, section 2.2).  @return its length, or 0.
 */
static size_t header_length(const char *data, size_t length)
{
	for (size_t i = 0; i + 1 < length; i++) {
		if (data[i] != '\n')
			continue;
		if (data[i + 1] == '\n')
			return i + 2;
		if (i + 2 < length && data[i + 1] == '\r' && data[i + 2] == '\n')
			return i + 3;
	}
	return 0;
}

/* @return the status code, or -1. */
static int status_of(const char *data, size_t length)
{
	if (length < STATUS_LINE_MIN || memcmp(data, "HTTP/1.", 7) != 0 || !isdigit((unsigned char)data[7]) ||
	    data[8] != ' ')
		return -1;
	for (int i = 9; i < 12; i++)
		if (!isdigit((unsigned char)data[i]))
			return -1;
	if (length > 12 && data[12] != ' ' && data[12] != '\r' && data[12] != '\n')
		return -1;
	return (data[9] - '0') * 100 + (data[10] - '0') * 10 + (data[11] - '0');
}

/* The proxy's reason phrase, with unprintable characters replaced. */
static void phrase_of(const char *data, size_t length, char *out, size_t size)
{
	size_t n = 0;
	for (size_t i = STATUS_LINE_MIN; i < length && n + 1 < size && data[i] != '\r' && data[i] != '\n'; i++)
		out[n++] = isprint((unsigned char)data[i]) ? data[i] : '?';
	out[n] = '\0';
}

static void explain(int status, const char *data, size_t length, int authenticated, char *reason)
{
	char phrase[100];
	phrase_of(data, length, phrase, sizeof(phrase));
	/* Some proxies answer as if they were the server (tinyproxy, to a wrong password). */
	if (status == 407 || status == 401)
		snprintf(reason, HTTP_CONNECT_REASON, "%s",
			 authenticated ? "the proxy refuses the user and password"
				       : "the proxy wants a user and password");
	else if (status == 403)
		snprintf(reason, HTTP_CONNECT_REASON,
			 "the proxy does not allow a connection to the server's port (403%s)", phrase);
	else
		snprintf(reason, HTTP_CONNECT_REASON, "the proxy cannot connect to the server (%d%s)", status, phrase);
}

enum http_connect_answer http_connect_answer(const char *data, size_t length, int authenticated, size_t *used,
					     char *reason)
{
	static const char begin[] = "HTTP/1.";
	size_t known = length < sizeof(begin) - 1 ? length : sizeof(begin) - 1;
	size_t header = header_length(data, length < HTTP_CONNECT_MAX ? length : HTTP_CONNECT_MAX);
	int status = header ? status_of(data, header) : -1;
	/* Do not wait for the rest of an answer that is not HTTP. */
	if (memcmp(data, begin, known) != 0 || (header && status < 0)) {
		snprintf(reason, HTTP_CONNECT_REASON, "the proxy does not answer in HTTP/1");
		return HTTP_CONNECT_REFUSED;
	}
	if (!header && length < HTTP_CONNECT_MAX)
		return HTTP_CONNECT_MORE;
	if (!header) {
		snprintf(reason, HTTP_CONNECT_REASON, "the proxy's answer is too long");
		return HTTP_CONNECT_REFUSED;
	}
	if (status < 200 || status > 299) {
		explain(status, data, header, authenticated, reason);
		return HTTP_CONNECT_REFUSED;
	}
	*used = header;
	return HTTP_CONNECT_DONE;
}

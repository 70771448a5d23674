/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/auth/invitation.h"

#include "common/auth/base64url.h"
#include "common/base/addr.h"
#include "common/base/text.h"
#include "common/packet/message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SCHEME "tscf://"
/** The encrypted port is the next one. */
#define PORT_MAX 65534
/** Longest value of a parameter, decoded. */
#define VALUE_MAX 512

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/** RFC 3986, 2.3. */
static bool is_unreserved(char c)
{
	return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* --- servers --- */

static bool is_link_local(const struct tscf_addr *a)
{
	return a->family == AF_INET6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

static int parse_port(const char *text, size_t length, uint16_t *port)
{
	unsigned value = 0;

	if (length == 0 || length > 5)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	if (value == 0 || value > PORT_MAX)
		return -EINVAL;
	*port = (uint16_t)value;
	return 0;
}

/** An IPv6 address, without its brackets. */
static int take_ipv6(const char *text, size_t length, char *host)
{
	struct tscf_addr a;

	if (length >= TSCF_ADDR_TEXT)
		return -EINVAL;
	memcpy(host, text, length);
	host[length] = '\0';
	return tscf_addr_parse(host, &a) == 0 && memchr(text, ':', length) && !is_link_local(&a) ? 0 : -EINVAL;
}

/** A name, or an IPv4 address. */
static int take_name(const char *text, size_t length, char *host)
{
	if (length == 0 || length > TSCF_INVITATION_HOST_MAX || text[0] == '-')
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		if (!is_alphanumeric(text[i]) && text[i] != '-' && text[i] != '.' && text[i] != '_')
			return -EINVAL;
	memcpy(host, text, length);
	host[length] = '\0';
	return 0;
}

int tscf_invitation_server_parse(const char *text, size_t length, uint16_t port, struct tscf_invitation_server *out)
{
	const char *close, *end = text + length, *rest;
	int err;

	memset(out, 0, sizeof(*out));
	out->port = port;
	if (length > 0 && text[0] == '[') {
		close = memchr(text, ']', length);
		err = close ? take_ipv6(text + 1, (size_t)(close - text) - 1, out->host) : -EINVAL;
		rest = close ? close + 1 : end;
	} else {
		rest = memchr(text, ':', length);
		rest = rest ? rest : end;
		err = take_name(text, (size_t)(rest - text), out->host);
	}
	if (err < 0 || rest == end)
		return err;
	return *rest == ':' ? parse_port(rest + 1, (size_t)(end - rest) - 1, &out->port) : -EINVAL;
}

const char *tscf_invitation_server_format(const struct tscf_invitation_server *server, char *text)
{
	if (strchr(server->host, ':'))
		snprintf(text, TSCF_INVITATION_HOST_MAX + 9, "[%s]:%u", server->host, server->port);
	else
		snprintf(text, TSCF_INVITATION_HOST_MAX + 9, "%s:%u", server->host, server->port);
	return text;
}

/* --- reading --- */

/** Which parameters there were, as bits. */
enum seen { SEEN_PIN = 1, SEEN_ID = 2, SEEN_KEY = 4, SEEN_TRANSPORT = 8, SEEN_USE = 16 };

struct reader {
	struct tscf_invitation *out;
	unsigned seen;
	char *error;
};

static int wrong(const struct reader *r, const char *what)
{
	snprintf(r->error, TSCF_INVITATION_ERROR, "%s", what);
	return -EINVAL;
}

/** Characters that a query may have besides '%' and '&' (RFC 3986, 3.4). */
static bool is_query(char c)
{
	return is_unreserved(c) || (c != '\0' && strchr("!$'()*+,;=:@/?", c));
}

/** Decode percent-encoding into @p out of VALUE_MAX bytes.  @return the length, or -EINVAL. */
static int decode(const char *text, size_t length, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		int byte = (unsigned char)text[i];

		if (n == VALUE_MAX)
			return -EINVAL;
		if (text[i] == '%') {
			int high = length - i > 2 ? tscf_hex_digit(text[i + 1]) : -1;
			int low = length - i > 2 ? tscf_hex_digit(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -EINVAL;
			byte = high << 4 | low;
			i += 2;
		} else if (!is_query(text[i])) {
			return -EINVAL;
		}
		out[n++] = (char)byte;
	}
	return (int)n;
}

static int take_server(const struct reader *r, const char *value, size_t length)
{
	struct tscf_invitation *out = r->out;

	if (out->server_count == TSCF_INVITATION_SERVERS_MAX)
		return wrong(r, "it has too many servers: expected at most 4");
	if (tscf_invitation_server_parse(value, length, TSCF_PORT, &out->servers[out->server_count]) < 0)
		return wrong(r, "a server is wrong: expected HOST or HOST:PORT, PORT from 1 to 65534");
	out->server_count++;
	return 0;
}

static int take_pin(const struct reader *r, const char *value, size_t length)
{
	if (tscf_base64url_decode(value, length, r->out->pin, TSCF_PIN_SIZE) != TSCF_PIN_SIZE)
		return wrong(r, "pin is wrong: expected 43 characters of base64url");
	return 0;
}

static int take_id(const struct reader *r, const char *value, size_t length)
{
	if (!tscf_psk_identity_valid(value, length))
		return wrong(r, "id is wrong: expected 1 to 64 printable characters");
	memcpy(r->out->psk.identity, value, length);
	return 0;
}

static int take_key(const struct reader *r, const char *value, size_t length)
{
	int got = tscf_base64url_decode(value, length, r->out->psk.key, TSCF_PSK_KEY_MAX);

	if (got < TSCF_PSK_KEY_MIN)
		return wrong(r, "key is wrong: expected 16 to 64 bytes in base64url");
	r->out->psk.key_length = (uint8_t)got;
	return 0;
}

static int take_transport(const struct reader *r, const char *value, size_t length)
{
	if (length != 3 || (memcmp(value, "udp", 3) != 0 && memcmp(value, "tcp", 3) != 0))
		return wrong(r, "transport is wrong: expected udp or tcp");
	r->out->transport = value[0] == 'u' ? TSCF_INVITATION_UDP : TSCF_INVITATION_TCP;
	return 0;
}

static int take_use(const struct reader *r, const char *value, size_t length)
{
	if (length != 4 || memcmp(value, "once", 4) != 0)
		return wrong(r, "use is wrong: expected once");
	r->out->once = true;
	return 0;
}

static const struct parameter {
	const char *name;
	int (*take)(const struct reader *r, const char *value, size_t length);
	unsigned seen; /**< enum seen; 0: may be given several times */
} parameters[] = {
    {"pin", take_pin, SEEN_PIN}, {"id", take_id, SEEN_ID},
    {"key", take_key, SEEN_KEY}, {"transport", take_transport, SEEN_TRANSPORT},
    {"use", take_use, SEEN_USE}, {"server", take_server, 0},
};

#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

static const struct parameter *find_parameter(const char *name, size_t length)
{
	for (unsigned i = 0; i < PARAMETERS; i++)
		if (strlen(parameters[i].name) == length && memcmp(parameters[i].name, name, length) == 0)
			return &parameters[i];
	return NULL;
}

/** One NAME=VALUE. */
static int take_parameter(struct reader *r, const char *text, size_t length)
{
	const char *equals = memchr(text, '=', length);
	const struct parameter *p = equals ? find_parameter(text, (size_t)(equals - text)) : NULL;
	char value[VALUE_MAX];
	int size, err;

	if (!equals)
		return wrong(r, "a parameter has no value: expected NAME=VALUE");
	if (!p)
		return wrong(r, "it has an unknown parameter: a newer version may know it");
	if (r->seen & p->seen)
		return wrong(r, "a parameter is there twice");
	r->seen |= p->seen;
	size = decode(equals + 1, (size_t)(text + length - equals) - 1, value);
	err = size < 0 ? wrong(r, "a value is not percent-encoded as RFC 3986 says") : p->take(r, value, (size_t)size);
	explicit_bzero(value, sizeof(value));
	return err;
}

static int take_all(struct reader *r, const char *text)
{
	size_t length;
	int err;

	if (strlen(text) >= TSCF_INVITATION_TEXT)
		return wrong(r, "it is too long");
	if (strncasecmp(text, SCHEME, strlen(SCHEME)) != 0)
		return wrong(r, "expected a text that begins with " SCHEME);
	text += strlen(SCHEME);
	length = strcspn(text, "?");
	err = take_server(r, text, length);
	text += length;
	while (err == 0 && *text != '\0') {
		text++;
		length = strcspn(text, "&");
		err = take_parameter(r, text, length);
		text += length;
	}
	if (err < 0)
		return err;
	if (!(r->seen & SEEN_PIN))
		return wrong(r, "it has no pin (is it in quotes, and whole?)");
	if (!(r->seen & SEEN_ID) || !(r->seen & SEEN_KEY))
		return wrong(r, "it has no id or no key (is it in quotes, and whole?)");
	return 0;
}

int tscf_invitation_parse(const char *text, struct tscf_invitation *out, char *error)
{
	struct reader r = {.out = out, .error = error};
	int err;

	memset(out, 0, sizeof(*out));
	err = take_all(&r, text);
	if (err < 0)
		explicit_bzero(out, sizeof(*out));
	return err;
}

/* --- writing --- */

/** @return the length of @p text encoded at @p out, which has three bytes for each character. */
static size_t encode(const char *text, char *out)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (is_unreserved(*text)) {
			out[n++] = *text;
			continue;
		}
		out[n++] = '%';
		out[n++] = digits[(uint8_t)*text >> 4];
		out[n++] = digits[(uint8_t)*text & 15];
	}
	return n;
}

size_t tscf_invitation_format(const struct tscf_invitation *i, char *text)
{
	static const char *const transports[] = {"", "&transport=udp", "&transport=tcp"};
	char server[TSCF_INVITATION_HOST_MAX + 9];
	char *at = text;

	at += sprintf(at, SCHEME "%s?pin=", tscf_invitation_server_format(&i->servers[0], server));
	at += tscf_base64url_encode(i->pin, TSCF_PIN_SIZE, at);
	at = stpcpy(at, "&id=");
	at += encode(i->psk.identity, at);
	at = stpcpy(at, "&key=");
	at += tscf_base64url_encode(i->psk.key, i->psk.key_length, at);
	at = stpcpy(at, i->once ? "&use=once" : "");
	at = stpcpy(at, transports[i->transport]);
	for (unsigned n = 1; n < i->server_count; n++) {
		/* Brackets may not stand in a query. */
		at = stpcpy(at, "&server=");
		at += encode(tscf_invitation_server_format(&i->servers[n], server), at);
	}
	*at = '\0';
	return (size_t)(at - text);
}

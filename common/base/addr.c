/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define IPV6_SOURCE_BYTES 8

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

struct tscf_addr tscf_addr_v4(const void *bytes)
{
	struct tscf_addr a = {.family = AF_INET};

	memcpy(a.bytes, bytes, 4);
	return a;
}

struct tscf_addr tscf_addr_v6(const void *bytes)
{
	struct tscf_addr a = {.family = AF_INET6};

	if (memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0)
		return tscf_addr_v4((const uint8_t *)bytes + sizeof(mapped_prefix));
	memcpy(a.bytes, bytes, 16);
	return a;
}

size_t tscf_addr_size(uint8_t family)
{
	switch (family) {
	case AF_INET:
		return 4;
	case AF_INET6:
		return 16;
	default:
		return 0;
	}
}

bool tscf_addr_equal(const struct tscf_addr *a, const struct tscf_addr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, tscf_addr_size(a->family)) == 0;
}

bool tscf_addr_is_any(const struct tscf_addr *a)
{
	static const uint8_t zero[sizeof(a->bytes)];

	return memcmp(a->bytes, zero, tscf_addr_size(a->family)) == 0;
}

struct tscf_addr tscf_addr_source(const struct tscf_addr *a)
{
	struct tscf_addr source = *a;

	if (a->family == AF_INET6)
		memset(source.bytes + IPV6_SOURCE_BYTES, 0, sizeof(source.bytes) - IPV6_SOURCE_BYTES);
	return source;
}

int tscf_addr_parse(const char *text, struct tscf_addr *out)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		*out = tscf_addr_v4(bytes);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*out = tscf_addr_v6(bytes);
	else
		return -EINVAL;
	return 0;
}

const char *tscf_addr_format(const struct tscf_addr *a, char *buf)
{
	if (tscf_addr_size(a->family) == 0 || !inet_ntop(a->family, a->bytes, buf, TSCF_ADDR_TEXT))
		snprintf(buf, TSCF_ADDR_TEXT, "none");
	return buf;
}

/** Parse a decimal number of digits only: signs, spaces and "0x", which strtoul accepts, are refused. */
static int parse_number(const char *text, unsigned max, unsigned *out)
{
	unsigned n = 0;

	if (*text == '\0')
		return -EINVAL;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		n = n * 10 + (unsigned)(*text - '0');
		if (n > max)
			return -EINVAL;
	}
	*out = n;
	return 0;
}

/** Copy the text from @p begin up to @p end into @p buf of TSCF_ADDR_TEXT bytes.  @return 0, or -EINVAL: too long. */
static int copy_part(const char *begin, const char *end, char *buf)
{
	size_t length = (size_t)(end - begin);

	if (length >= TSCF_ADDR_TEXT)
		return -EINVAL;
	memcpy(buf, begin, length);
	buf[length] = '\0';
	return 0;
}

static unsigned whole_length(uint8_t family)
{
	return (unsigned)tscf_addr_size(family) * 8;
}

bool tscf_addrs_equal(const struct tscf_addrs *a, const struct tscf_addrs *b)
{
	for (unsigned i = 0; i < TSCF_FAMILIES; i++)
		if (!tscf_addr_equal(&a->of[i], &b->of[i]))
			return false;
	return true;
}

bool tscf_addrs_have(const struct tscf_addrs *addrs, const struct tscf_addr *a)
{
	return a->family != 0 && tscf_addr_equal(&addrs->of[tscf_family_index(a->family)], a);
}

const char *tscf_addrs_format(const struct tscf_addrs *addrs, char *buf)
{
	char text[TSCF_ADDR_TEXT];

	buf[0] = '\0';
	for (unsigned i = 0; i < TSCF_FAMILIES; i++) {
		if (addrs->of[i].family == 0)
			continue;
		if (buf[0] != '\0')
			strcat(buf, ", ");
		strcat(buf, tscf_addr_format(&addrs->of[i], text));
	}
	return buf;
}

int tscf_prefix_parse(const char *text, struct tscf_prefix *out)
{
	const char *slash = strchr(text, '/');
	char part[TSCF_ADDR_TEXT];
	struct tscf_addr addr;
	unsigned length, mapped;

	if (copy_part(text, slash ? slash : text + strlen(text), part) < 0 || tscf_addr_parse(part, &addr) < 0)
		return -EINVAL;
	length = whole_length(addr.family);
	if (slash) {
		/* "::ffff:192.0.2.0/120" has an IPv6 prefix length, but becomes an IPv4 prefix. */
		mapped = addr.family == AF_INET && strchr(part, ':') ? 8 * (unsigned)sizeof(mapped_prefix) : 0;
		if (parse_number(slash + 1, length + mapped, &length) < 0 || length < mapped)
			return -EINVAL;
		length -= mapped;
	}
	out->addr = addr;
	out->length = (uint8_t)length;
	return 0;
}

const char *tscf_prefix_format(const struct tscf_prefix *p, char *buf)
{
	size_t used;

	tscf_addr_format(&p->addr, buf);
	used = strlen(buf);
	snprintf(buf + used, TSCF_ADDR_TEXT - used, "/%u", (unsigned)p->length);
	return buf;
}

/** @return the bits of byte @p i of an address that are inside a prefix of @p length bits. */
static uint8_t network_bits(unsigned length, size_t i)
{
	unsigned before = 8 * (unsigned)i;

	if (length >= before + 8)
		return 0xff;
	if (length <= before)
		return 0;
	return (uint8_t)(0xff00U >> (length - before));
}

bool tscf_prefix_contains(const struct tscf_prefix *p, const struct tscf_addr *a)
{
	size_t size = tscf_addr_size(p->addr.family);

	if (size == 0 || a->family != p->addr.family)
		return false;
	for (size_t i = 0; i < size; i++) {
		if ((p->addr.bytes[i] ^ a->bytes[i]) & network_bits(p->length, i))
			return false;
	}
	return true;
}

bool tscf_prefix_equal(const struct tscf_prefix *a, const struct tscf_prefix *b)
{
	return a->length == b->length && tscf_prefix_contains(a, &b->addr);
}

bool tscf_prefix_overlap(const struct tscf_prefix *a, const struct tscf_prefix *b)
{
	return tscf_prefix_contains(a, &b->addr) || tscf_prefix_contains(b, &a->addr);
}

bool tscf_prefix_covers(const struct tscf_prefix *a, const struct tscf_prefix *b)
{
	return a->length <= b->length && tscf_prefix_contains(a, &b->addr);
}

struct tscf_prefix tscf_prefix_split(struct tscf_prefix *p)
{
	struct tscf_prefix upper = *p;

	upper.addr.bytes[p->length / 8] |= (uint8_t)(0x80 >> p->length % 8);
	upper.length = ++p->length;
	return upper;
}

void tscf_prefix_normalize(struct tscf_prefix *p)
{
	for (size_t i = 0; i < sizeof(p->addr.bytes); i++)
		p->addr.bytes[i] &= network_bits(p->length, i);
}

socklen_t tscf_endpoint_size(const union tscf_endpoint *e)
{
	switch (e->sa.sa_family) {
	case AF_INET:
		return sizeof(e->in);
	case AF_INET6:
		return sizeof(e->in6);
	default:
		return 0;
	}
}

bool tscf_endpoint_equal(const union tscf_endpoint *a, const union tscf_endpoint *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	switch (a->sa.sa_family) {
	case AF_INET:
		return a->in.sin_port == b->in.sin_port && a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	case AF_INET6:
		return a->in6.sin6_port == b->in6.sin6_port && a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
		       memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr)) == 0;
	default:
		return true;
	}
}

int tscf_endpoint_from_sockaddr(const struct sockaddr *sa, socklen_t len, union tscf_endpoint *out)
{
	union tscf_endpoint e;

	if (len < sizeof(sa->sa_family))
		return -EAFNOSUPPORT;
	memset(&e, 0, sizeof(e));
	if (sa->sa_family == AF_INET && len >= sizeof(e.in)) {
		memcpy(&e.in, sa, sizeof(e.in));
		memset(e.in.sin_zero, 0, sizeof(e.in.sin_zero));
	} else if (sa->sa_family == AF_INET6 && len >= sizeof(e.in6)) {
		memcpy(&e.in6, sa, sizeof(e.in6));
		e.in6.sin6_flowinfo = 0; /* belongs to a packet, not to an address */
	} else {
		return -EAFNOSUPPORT;
	}
	*out = e;
	return 0;
}

void tscf_endpoint_make(const struct tscf_addr *a, uint16_t port, union tscf_endpoint *out)
{
	memset(out, 0, sizeof(*out));
	out->sa.sa_family = a->family;
	if (a->family == AF_INET)
		memcpy(&out->in.sin_addr, a->bytes, sizeof(out->in.sin_addr));
	else if (a->family == AF_INET6)
		memcpy(&out->in6.sin6_addr, a->bytes, sizeof(out->in6.sin6_addr));
	tscf_endpoint_set_port(out, port);
}

struct tscf_addr tscf_endpoint_addr(const union tscf_endpoint *e)
{
	switch (e->sa.sa_family) {
	case AF_INET:
		return tscf_addr_v4(&e->in.sin_addr);
	case AF_INET6:
		return tscf_addr_v6(&e->in6.sin6_addr);
	default:
		return (struct tscf_addr){0};
	}
}

uint16_t tscf_endpoint_port(const union tscf_endpoint *e)
{
	switch (e->sa.sa_family) {
	case AF_INET:
		return ntohs(e->in.sin_port);
	case AF_INET6:
		return ntohs(e->in6.sin6_port);
	default:
		return 0;
	}
}

void tscf_endpoint_set_port(union tscf_endpoint *e, uint16_t port)
{
	if (e->sa.sa_family == AF_INET)
		e->in.sin_port = htons(port);
	else if (e->sa.sa_family == AF_INET6)
		e->in6.sin6_port = htons(port);
}

const char *tscf_endpoint_format(const union tscf_endpoint *e, char *buf)
{
	struct tscf_addr a = tscf_endpoint_addr(e);
	char text[TSCF_ADDR_TEXT];

	tscf_addr_format(&a, text);
	if (a.family == 0)
		snprintf(buf, TSCF_ADDR_TEXT, "none");
	else if (a.family == AF_INET6 && e->in6.sin6_scope_id != 0)
		snprintf(buf, TSCF_ADDR_TEXT, "[%.40s%%%u]:%u", text, (unsigned)e->in6.sin6_scope_id,
			 (unsigned)tscf_endpoint_port(e));
	else
		snprintf(buf, TSCF_ADDR_TEXT, a.family == AF_INET6 ? "[%.46s]:%u" : "%.46s:%u", text,
			 (unsigned)tscf_endpoint_port(e));
	return buf;
}

/** Parse "[V6]" or "[V6]:PORT" into its parts; @p rest then points after the bracket. */
static int parse_bracketed(const char *text, struct tscf_addr *a, const char **rest)
{
	const char *close = strchr(text, ']');
	char part[TSCF_ADDR_TEXT];

	if (!close || copy_part(text + 1, close, part) < 0 || !strchr(part, ':') || tscf_addr_parse(part, a) < 0)
		return -EINVAL;
	*rest = close + 1;
	return 0;
}

/** Parse "V4" or "V4:PORT" in the same way. */
static int parse_unbracketed(const char *text, struct tscf_addr *a, const char **rest)
{
	char part[TSCF_ADDR_TEXT];

	*rest = text + strcspn(text, ":");
	if (copy_part(text, *rest, part) < 0)
		return -EINVAL;
	return tscf_addr_parse(part, a);
}

int tscf_endpoint_parse(const char *text, uint16_t port, union tscf_endpoint *out)
{
	struct tscf_addr a;
	const char *rest = "";
	unsigned number = port;

	/* A bare IPv6 address is also valid: the digits after its last colon are not a port. */
	if (tscf_addr_parse(text, &a) < 0) {
		if ((text[0] == '[' ? parse_bracketed : parse_unbracketed)(text, &a, &rest) < 0)
			return -EINVAL;
	}
	if (*rest != '\0' && (*rest != ':' || parse_number(rest + 1, UINT16_MAX, &number) < 0))
		return -EINVAL;
	tscf_endpoint_make(&a, (uint16_t)number, out);
	return 0;
}

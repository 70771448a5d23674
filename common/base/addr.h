/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * addr.h - IP addresses, prefixes and outer endpoints of either family.
 *
 * Pure functions and plain values: no allocation, no I/O.  Addresses are kept in network byte order, ports of
 * this header in host byte order unless a name says otherwise.
 */
#ifndef TSCF_ADDR_H
#define TSCF_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/** One IP address.  Unused bytes are zero, so that equal addresses are equal memory. */
struct tscf_addr {
	uint8_t bytes[16]; /**< 4 or 16 of them are used */
	uint8_t family;    /**< AF_INET, AF_INET6, or 0 for "none" (a wildcard in a binding key) */
};

/** An address block in CIDR notation; host bits of addr may be set. */
struct tscf_prefix {
	struct tscf_addr addr;
	uint8_t length; /**< bits, 0 to 32 or 128 */
};

/**
 * Address and port of an outer socket: as the socket calls expect it, but smaller than the 128 bytes of
 * sockaddr_storage.
 */
union tscf_endpoint {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/** Number of address families, for arrays with one element for each. */
#define TSCF_FAMILIES 2

/** @return the index of @p family in such an array: 0 for AF_INET, 1 for AF_INET6. */
static inline unsigned tscf_family_index(int family)
{
	return family == AF_INET6;
}

/** @return the family with that index. */
static inline int tscf_family(unsigned index)
{
	return index == 0 ? AF_INET : AF_INET6;
}

/** An address of each family; family 0: none of that family. */
struct tscf_addrs {
	struct tscf_addr of[TSCF_FAMILIES];
};

/** Room for any text that this module writes: an IPv6 address, brackets, a port or prefix length, and the NUL. */
#define TSCF_ADDR_TEXT 64

/** @return the address of 4 bytes (network order) at @p bytes. */
struct tscf_addr tscf_addr_v4(const void *bytes);
/** @return the address of 16 bytes at @p bytes; an IPv4-mapped one becomes the IPv4 address it carries. */
struct tscf_addr tscf_addr_v6(const void *bytes);
/** @return the number of bytes an address of @p family has: 4, 16, or 0. */
size_t tscf_addr_size(uint8_t family);
/** @return whether family and bytes are the same; two that are no address are equal. */
bool tscf_addr_equal(const struct tscf_addr *a, const struct tscf_addr *b);
/** @return whether @p a is the wildcard address of its family, or no address at all. */
bool tscf_addr_is_any(const struct tscf_addr *a);
/**
 * @return the source that limits are counted for: an IPv4 address, or the /64 of an IPv6 address, since an owner of one
 * address has the whole /64.
 */
struct tscf_addr tscf_addr_source(const struct tscf_addr *a);
/** Parse numeric text such as "192.0.2.1".  @return 0, or -EINVAL. */
int tscf_addr_parse(const char *text, struct tscf_addr *out);
/** Write @p a as text into @p buf of TSCF_ADDR_TEXT bytes.  @return buf. */
const char *tscf_addr_format(const struct tscf_addr *a, char *buf);

/** @return whether both families have the same address, or none. */
bool tscf_addrs_equal(const struct tscf_addrs *a, const struct tscf_addrs *b);
/** @return whether @p a is in @p addrs. */
bool tscf_addrs_have(const struct tscf_addrs *addrs, const struct tscf_addr *a);
/** Room for tscf_addrs_format. */
#define TSCF_ADDRS_TEXT (TSCF_FAMILIES * TSCF_ADDR_TEXT)
/** Write the addresses as text, separated by ", ", into @p buf of TSCF_ADDRS_TEXT bytes.  @return buf. */
const char *tscf_addrs_format(const struct tscf_addrs *addrs, char *buf);

/** Parse "ADDRESS/LENGTH"; a bare address has the full prefix length.  @return 0, or -EINVAL. */
int tscf_prefix_parse(const char *text, struct tscf_prefix *out);
/** Write "ADDRESS/LENGTH" into @p buf of TSCF_ADDR_TEXT bytes.  @return buf. */
const char *tscf_prefix_format(const struct tscf_prefix *p, char *buf);
/** @return whether @p a is in the prefix, and of its family. */
bool tscf_prefix_contains(const struct tscf_prefix *p, const struct tscf_addr *a);
/** @return whether both are the same network; host bits do not count. */
bool tscf_prefix_equal(const struct tscf_prefix *a, const struct tscf_prefix *b);
/** @return whether the prefixes have a common address. */
bool tscf_prefix_overlap(const struct tscf_prefix *a, const struct tscf_prefix *b);
/** @return whether all of @p b is in @p a. */
bool tscf_prefix_covers(const struct tscf_prefix *a, const struct tscf_prefix *b);
/** Clear the host bits. */
void tscf_prefix_normalize(struct tscf_prefix *p);
/** Make @p p, without host bits and not a single address, its own lower half.  @return the upper half. */
struct tscf_prefix tscf_prefix_split(struct tscf_prefix *p);

/** @return the size to pass to bind(), connect() and sendto() with @p e. */
socklen_t tscf_endpoint_size(const union tscf_endpoint *e);
/** @return whether address and port are the same. */
bool tscf_endpoint_equal(const union tscf_endpoint *a, const union tscf_endpoint *b);
/** Read address and port from a kernel sockaddr.  @return 0, or -EAFNOSUPPORT. */
int tscf_endpoint_from_sockaddr(const struct sockaddr *sa, socklen_t len, union tscf_endpoint *out);
/** Set *out to the address and the @p port, which is in host byte order here as everywhere in this file. */
void tscf_endpoint_make(const struct tscf_addr *a, uint16_t port, union tscf_endpoint *out);
/** @return the address part; an IPv4-mapped IPv6 address becomes IPv4. */
struct tscf_addr tscf_endpoint_addr(const union tscf_endpoint *e);
/** @return the port in host byte order; 0 of an endpoint without a family. */
uint16_t tscf_endpoint_port(const union tscf_endpoint *e);
void tscf_endpoint_set_port(union tscf_endpoint *e, uint16_t port);
/** Write "192.0.2.1:2004", "[2001:db8::1]:2004" or, with the number of its interface, "[fe80::1%2]:2004" into @p buf of
 * TSCF_ADDR_TEXT bytes.  @return buf. */
const char *tscf_endpoint_format(const union tscf_endpoint *e, char *buf);
/** Parse numeric "ADDR", "ADDR:PORT", "[V6]", "[V6]:PORT"; @p port is the default.  @return 0 or -EINVAL. */
int tscf_endpoint_parse(const char *text, uint16_t port, union tscf_endpoint *out);

#endif

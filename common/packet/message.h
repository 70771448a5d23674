/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message.h - control messages: the wire format in one place.
 *
 * tscf(7), "MESSAGES", is the specification; this header holds its numbers and limits.  Pure functions: encode and
 * decode never read or write outside their buffers, allocate nothing and do no I/O.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-------+---+---+---------------+-------------------------------+
 *     |version|ind|rsv|     type      |           TLV count           |
 *     +-------+---+---+---------------+-------------------------------+
 *     |                   tunnel session id (TSID)                    |
 *     |                                                               |
 *     +---------------------------------------------------------------+
 *     |                           sequence                            |
 *     +---------------------------------------------------------------+
 *     | TLVs: type (2 bytes), length of the value (2 bytes), value ... |
 *
 * Network byte order.  The version is 1; a first nibble of 4 or 6 is an inner IP packet instead, and
 * one of 5 a packet of redundancy: on datagrams those of redundancy/repair.h, on streams that of copy.h.
 */
#ifndef TSCF_MESSAGE_H
#define TSCF_MESSAGE_H

#include "common/base/addr.h"
#include "common/packet/binding.h"
#include "common/packet/services.h"

#include <stdbool.h>
#include <stdint.h>

#define TSCF_MESSAGE_VERSION 1
#define TSCF_MESSAGE_HEADER  16
/** Largest control message: it fits every outer path in one datagram. */
#define TSCF_MESSAGE_MAX 1200
/** Largest message that is accepted: keepalives are padded up to this size to find the path MTU (tscf(7), "MTU"). */
#define TSCF_PROBE_MAX 1600
/** The smallest inner MTU that makes a tunnel for IPv4 useful, and the minimum of IPv6 (RFC 8200, section 5). */
#define TSCF_MTU_FLOOR_IPV4 576
#define TSCF_MTU_FLOOR_IPV6 1280
/** Type and length in front of a TLV's value. */
#define TSCF_TLV_HEADER 4
/** Most bytes of text in a response. */
#define TSCF_RESPONSE_TEXT_MAX 200
/** Largest proof of a client's identity, largest certificate beside it, and largest public key. */
#define TSCF_PROOF_MAX       640
#define TSCF_CERTIFICATE_MAX 1100
#define TSCF_PUBLIC_KEY_MAX  640
/** Most certificates of a client, and most bytes of them. */
#define TSCF_CERTIFICATES_MAX  4
#define TSCF_CERTIFICATES_SIZE 8192
/** Largest signature of a server, and largest part of the certificates of either end in one message. */
#define TSCF_SIGNATURE_MAX  512
#define TSCF_CHAIN_PART_MAX 1000
/** Suite (1 byte) and point; and the size of a MAC. */
#define TSCF_KEY_SHARE_SIZE 33
#define TSCF_MAC_SIZE       16
/** Size of the key that a client gets for a one-time invitation. */
#define TSCF_LASTING_KEY_SIZE 32
/** Number and MAC of a control message. */
#define TSCF_SEAL_VALUE_SIZE 24
/** TSID of a request that has no tunnel yet. */
#define TSCF_TSID_NONE UINT64_MAX
/** Most addresses of each kind, DNS and SIP_SERVER, in a configuration response. */
#define TSCF_SERVICE_ADDRS_MAX 4
/** Default plain port; the encrypted one is the next. */
#define TSCF_PORT 2004

/** CM_Type.  The number of a response is that of its request plus one. */
enum tscf_message_type {
	TSCF_CONFIGURATION_REQUEST = 1,
	TSCF_CONFIGURATION_RESPONSE = 2,
	TSCF_RESUME_REQUEST = 3,
	TSCF_RESUME_RESPONSE = 4,
	TSCF_RELEASE_REQUEST = 5,
	TSCF_RELEASE_RESPONSE = 6,
	TSCF_KEEPALIVE_REQUEST = 7,
	TSCF_KEEPALIVE_RESPONSE = 8,
	TSCF_SERVICE_REQUEST = 9,
	TSCF_SERVICE_RESPONSE = 10,
	TSCF_CHAIN_REQUEST = 11,
	TSCF_CHAIN_RESPONSE = 12,
	TSCF_CERTIFICATE_REQUEST = 13,
	TSCF_CERTIFICATE_RESPONSE = 14,
};

/** Most bytes of a connection id. */
#define TSCF_CONNECTION_ID_MAX 8

/** TLV types.  Unknown ones are skipped.  Sizes are those of the value. */
enum tscf_tlv_type {
	TSCF_TLV_INTERNAL_IPV4 = 1, /**< 5: address, prefix length.  Request: the client's previous address */
	TSCF_TLV_INTERNAL_IPV6 = 2, /**< 17: address, prefix length */
	TSCF_TLV_ROUTE_IPV4 = 3,    /**< 5: destination, prefix length; repeats */
	TSCF_TLV_ROUTE_IPV6 = 4,    /**< 17; repeats */
	TSCF_TLV_DNS = 5,           /**< 4 or 16: address; repeats */
	TSCF_TLV_SIP_SERVER = 6,    /**< 4 or 16: address; repeats */
	TSCF_TLV_MTU = 7,       /**< 2: inner MTU, the same for both tunnels; keepalive request: the MTU of the path */
	TSCF_TLV_KEEPALIVE = 8, /**< 2: seconds of silence before a keepalive; 0: as if absent */
	TSCF_TLV_RESPONSE_CODE = 9,  /**< 2 + text: enum tscf_response, then UTF-8 text for people, at most 200 bytes */
	TSCF_TLV_SERVICE_TYPE = 10,  /**< 2: enum tscf_service */
	TSCF_TLV_RESERVED_TSID = 11, /**< 8: TSID of the encrypted tunnel that is reserved */
	TSCF_TLV_BINDING = 12,       /**< a socket binding, see struct tscf_wire_binding; repeats */
	TSCF_TLV_OBSERVED_ADDRESS = 13, /**< 6 or 18: outer address and port of the client as the server sees them */
	TSCF_TLV_RESUME_SECRET = 14,    /**< 32; only ever on an encrypted tunnel */
	TSCF_TLV_CLIENT_ID = 15,        /**< 16: random, chosen once by the client and kept for all its runs */
	TSCF_TLV_COOKIE = 16,           /**< 1 to 64, opaque, echoed */
	TSCF_TLV_PADDING = 17,          /**< any size, ignored: makes a request large enough for its answer */
	TSCF_TLV_RESERVATION_HASH =
	    18, /**< 32: SHA-256 of the reservation secret; in a service request on the plain tunnel */
	TSCF_TLV_RESERVATION_SECRET = 19, /**< 32: the secret; in a configuration request on the encrypted tunnel */
	TSCF_TLV_QUIET = 20,              /**< 0: send nothing down the plain tunnel before the shields are complete */
	TSCF_TLV_COMPLETE = 21,           /**< 0: in a shield request: this was the last one, quiet ends;
					   * in a bind request: all sockets are bound, others end */
	TSCF_TLV_PERSISTENCE = 22,        /**< 2: seconds after which an idle tunnel is closed */
	TSCF_TLV_SHIELD_LOCK = 23,        /**< 32: SHA-256 of the key that lifts this client's shields */
	TSCF_TLV_SHIELD_KEY = 24,         /**< 32: the key; in an unshield request, together with the next lock */
	TSCF_TLV_RESUME_LOCK =
	    25,                   /**< 32: SHA-256 of the key that resumes this plain tunnel at another outer address */
	TSCF_TLV_RESUME_KEY = 26, /**< 32: the key; in a resume request, together with the next lock */
	TSCF_TLV_AUTH_METHODS = 27,     /**< 1: with a cookie: how the client may prove its identity, bits of proof.h */
	TSCF_TLV_AUTH_PROOF = 28,       /**< 2 to 640: the proof of a client (proof.h) */
	TSCF_TLV_AUTH_CERTIFICATE = 29, /**< 1 to 1100: DER of the client's certificate */
	TSCF_TLV_SHARED_ID = 30,        /**< 0: keepalive response: another client has the same identifier */
	TSCF_TLV_RUN = 31,              /**< 8: random, constant while the client runs; with CLIENT_ID */
	TSCF_TLV_KEY_SHARE = 32,        /**< 33: suite, public key (agreement.h) */
	TSCF_TLV_CHAIN_DIGEST = 33,     /**< 32: SHA-256 of the certificates of the sender, as sent in parts */
	TSCF_TLV_SIGNATURE =
	    34,            /**< 1 to 512: signature of the server's key share, by the key of the first certificate */
	TSCF_TLV_MAC = 35, /**< 16: over everything before it; the last TLV */
	TSCF_TLV_CHAIN_PART = 36, /**< 4 to 1004: total length, offset (2 each), bytes of the certificates of one end */
	/**
	 * Encrypted configuration.  Request: 0, the client can send records with a connection id; response: 1 to 8, the
	 * id
	 */
	TSCF_TLV_CONNECTION_ID = 40,
	TSCF_TLV_ASIDE = 41, /**< 0: encrypted keepalive request: encrypted-preferred sockets are in clear at present */
	TSCF_TLV_SEAL = 42,  /**< 24: number (8) and MAC (16) of a message of a plain tunnel; the last TLV (seal.h) */
	TSCF_TLV_AUTH_KEY = 43,      /**< 1 to 640: DER SubjectPublicKeyInfo of the client's certificate */
	TSCF_TLV_SOCKET = 45,        /**< what a socket asks for, see struct tscf_wire_socket; repeats */
	TSCF_TLV_SOCKET_ANSWER = 46, /**< 3: what it gets, see struct tscf_wire_answer; one for each SOCKET, in order */
	TSCF_TLV_SOCKETS_DUE = 47,   /**< 0: keepalive, from the server: it does not know what sockets ask for */
	TSCF_TLV_LASTING_KEY = 48,   /**< 32: the client's new key, encrypted for it (agreement.h) */
	TSCF_TLV_NAGLE = 50,         /**< 2: milliseconds that a stream may hold a small packet; absent: 0 */
	TSCF_TLV_NEED =
	    51, /**< 1: highest level of the sockets that the encrypted tunnel is for; absent: encrypted-only */
	TSCF_TLV_YIELD =
	    52, /**< 0: encrypted keepalive, from the server: give the tunnel up for encrypted-only sockets */
	TSCF_TLV_NETWORKS = 53,     /**< 0: plain keepalive request, from the server: these are the routes, DNS and SIP
				       servers from now on */
	TSCF_TLV_ENTRIES_LEFT = 54, /**< 0: plain keepalive response: the server has entries of a former tunnel */
};

enum tscf_service {
	TSCF_SERVICE_ENABLE_DTTE =
	    1,                 /**< on a plain tunnel: reserve an encrypted tunnel (TSC_TLV_SERVICE_TYPE_ENABLE_DTTE) */
	TSCF_SERVICE_BIND = 2, /**< on an encrypted tunnel: bind, re-level, release or close the given sockets */
	TSCF_SERVICE_SHIELD = 3,     /**< on a plain tunnel: carry no packets of the given sockets */
	TSCF_SERVICE_UNSHIELD = 4,   /**< on a plain tunnel: lift the given shields; needs the key of their lock */
	TSCF_SERVICE_SOCKETS = 5,    /**< on either: what the given sockets ask for, whatever tunnel they are in */
	TSCF_SERVICE_ENABLE_DDT = 6, /**< on a stream: offer a media way; by datagrams, with the secret: open it */
	TSCF_SERVICE_ENABLE_REDUNDANCY =
	    7, /**< on a stream: offer a copy way; by another connection, with the secret: open it */
};

enum tscf_response {
	TSCF_RESPONSE_SUCCESS = 0, /**< tsc_response_code_success */
	TSCF_RESPONSE_SERVICE_UNAVAILABLE =
	    1,                        /**< tsc_response_service_unavailable: DTTE is not enabled here, or no capacity */
	TSCF_RESPONSE_MALFORMED = 2,  /**< the request lacks a TLV or has an illegal value */
	TSCF_RESPONSE_NO_SESSION = 3, /**< no tunnel with that TSID here: send a new configuration request */
	TSCF_RESPONSE_NO_ADDRESS = 4, /**< the address pool is exhausted */
	TSCF_RESPONSE_LIMIT = 5,      /**< a limit of the server is reached (tunnels, bindings) */
	TSCF_RESPONSE_NOT_ALLOWED = 6, /**< not on this kind of tunnel, or it belongs to another client */
	TSCF_RESPONSE_RESERVATION = 7, /**< unknown, used or expired reservation, or the wrong secret */
	TSCF_RESPONSE_TOO_SMALL = 8,   /**< the request must be padded: the answer would be over three times its size */
	TSCF_RESPONSE_SHUTDOWN = 9,    /**< release request by the server, which is stopping or ends the tunnel */
	TSCF_RESPONSE_COOKIE = 10, /**< repeat the request with the given cookie, and a proof if methods are given */
	TSCF_RESPONSE_UNAUTHORIZED = 11, /**< the server does not know, or does not accept, the client's identity */
	TSCF_RESPONSE_CERTIFICATES = 12, /**< repeat the request when the certificates have been sent in parts */
	TSCF_RESPONSE_ENROLLED = 13,     /**< an invitation is used: repeat the request with the given lasting key */
	TSCF_RESPONSE_BUSY = 14,         /**< room for an encrypted tunnel is being made: ask again in a moment */
};

/** What a binding TLV asks for. */
enum tscf_bind_action {
	TSCF_BIND_ACTION_BIND = 0,    /**< bind at the given level */
	TSCF_BIND_ACTION_RELEASE = 1, /**< the socket moves back to the plain tunnel */
	TSCF_BIND_ACTION_CLOSE = 2,   /**< the socket is closed: the binding becomes a tombstone */
};

/** The socket was plain until now: clear packets may still be in transit. */
#define TSCF_BIND_FLAG_MOVED 0x01

/**
 * Value of TSCF_TLV_BINDING: action (1 byte), level (1), flags (1), protocol (1), family 4 or 6 (1), has-remote 0 or 1
 * (1), local port (2), local address (4 or 16) [, remote port (2), remote address (4 or 16)].
 */
struct tscf_wire_binding {
	struct tscf_binding_key key;
	enum tscf_bind_action action;
	enum tscf_level level;
	uint8_t flags;
};

/** Most SOCKETs in one message: those of IPv6 with a remote take 46 bytes. */
#define TSCF_SOCKETS_PER_MESSAGE 24
/** The socket prefers datagrams. */
#define TSCF_SOCKET_FLAG_DATAGRAM 0x01

/**
 * Value of TSCF_TLV_SOCKET: redundancy (1 byte), flags (1), 0 (1), and the rest as in a binding, from the protocol on.
 * A socket that asks for nothing (redundancy 0, no flags) has no entry afterwards.
 */
struct tscf_wire_socket {
	struct tscf_binding_key key;
	struct tscf_services_of services;
};

/** Value of TSCF_TLV_SOCKET_ANSWER: response code (1 byte), redundancy in force (1), flags in force (1). */
struct tscf_wire_answer {
	enum tscf_response code;
	struct tscf_services_of services;
};

/** The DNS or the SIP servers of a service network. */
struct tscf_service_addrs {
	struct tscf_addr addr[TSCF_SERVICE_ADDRS_MAX];
	unsigned count;
};

/** A decoded header, and the position of its TLVs. */
struct tscf_message {
	enum tscf_message_type type;
	uint16_t tlv_count;
	uint64_t tsid;
	uint32_t sequence;
	const uint8_t *tlvs; /**< points into the decoded buffer */
	uint32_t tlvs_length;
};

/** One TLV of a message; value points into the decoded buffer. */
struct tscf_tlv {
	uint16_t type;
	uint16_t length;
	const uint8_t *value;
};

/** The kinds of data that a first byte can begin. */
enum tscf_kind { TSCF_KIND_INVALID, TSCF_KIND_CONTROL, TSCF_KIND_IPV4, TSCF_KIND_IPV6, TSCF_KIND_REDUNDANCY };
enum tscf_kind tscf_kind_of(uint8_t first_byte);

/** @return the name of the constant in words, such as "configuration request"; "unknown" out of range. */
const char *tscf_response_name(enum tscf_response code);

/**
 * Decode exactly one message of at most TSCF_PROBE_MAX bytes: the header and its TLVs.  There must be tlv_count TLVs,
 * they must end exactly at the end of the message, and every TLV that this header knows must have a legal size.
 *
 * @return 0, -EINVAL for an illegal value (version, indication, reserved bits, type, TLV), -EMSGSIZE for a wrong
 * length.
 */
int tscf_message_decode(const uint8_t *data, uint32_t length, struct tscf_message *out);

/**
 * Length of the message that begins at @p data, of which @p available bytes are there: for streams.
 *
 * @return the length, 0 if more bytes are needed to find it, or -EINVAL if no message begins here.
 */
int tscf_message_length(const uint8_t *data, uint32_t available);

/** Walk the TLVs: start with @p offset 0.  @return true with the next TLV, false at the end. */
bool tscf_message_next(const struct tscf_message *m, uint32_t *offset, struct tscf_tlv *out);
/** Find the first TLV of @p type.  @return whether there is one. */
bool tscf_message_find(const struct tscf_message *m, uint16_t type, struct tscf_tlv *out);

/** @return the bytes of a decoded message from its header on; *length is their number. */
const uint8_t *tscf_message_bytes(const struct tscf_message *m, uint32_t *length);

/** Copy a decoded message into @p bytes, and decode the copy into *out. */
void tscf_message_keep(const struct tscf_message *m, uint8_t bytes[TSCF_PROBE_MAX], struct tscf_message *out);

/** A CHAIN_PART: @p total and @p offset in bytes; the part itself is @p length bytes at @p bytes. */
struct tscf_chain_part {
	uint16_t total, offset, length;
	const uint8_t *bytes;
};

/** Values of TLVs.  Each function returns 0, or -EINVAL when the TLV has another size or an illegal value. */
int tscf_tlv_u16(const struct tscf_tlv *t, uint16_t *out);
int tscf_tlv_u64(const struct tscf_tlv *t, uint64_t *out);
/** INTERNAL_*, ROUTE_*: address and prefix length. */
int tscf_tlv_prefix(const struct tscf_tlv *t, struct tscf_prefix *out);
/** @return the addresses in the first INTERNAL_IPV4 and INTERNAL_IPV6. */
struct tscf_addrs tscf_message_internal(const struct tscf_message *m);
/** DNS, SIP_SERVER. */
int tscf_tlv_addr(const struct tscf_tlv *t, struct tscf_addr *out);
int tscf_tlv_endpoint(const struct tscf_tlv *t, union tscf_endpoint *out);
/** Get all addresses of @p type, DNS or SIP_SERVER, in @p m; those beyond TSCF_SERVICE_ADDRS_MAX are left out. */
void tscf_message_addrs(const struct tscf_message *m, uint16_t type, struct tscf_service_addrs *out);
/**
 * RESPONSE_CODE; @p text gets at most @p size - 1 bytes, with control characters replaced, and a NUL.  text may be
 * NULL.
 */
int tscf_tlv_response(const struct tscf_tlv *t, enum tscf_response *code, char *text, size_t size);
int tscf_tlv_binding(const struct tscf_tlv *t, struct tscf_wire_binding *out);
int tscf_tlv_socket(const struct tscf_tlv *t, struct tscf_wire_socket *out);
int tscf_tlv_socket_answer(const struct tscf_tlv *t, struct tscf_wire_answer *out);
/** CHAIN_PART; the part is checked to lie inside the total. */
int tscf_tlv_chain_part(const struct tscf_tlv *t, struct tscf_chain_part *out);

/** Shorthand: the response code of @p m, or -EINVAL if it has no legal one. */
int tscf_message_response(const struct tscf_message *m, enum tscf_response *code, char *text, size_t size);
/**
 * Shorthand: @return whether @p m says, by NEED, that the encrypted tunnel is for encrypted-preferred sockets at most.
 * A client that does not say so may have encrypted-only ones.
 */
bool tscf_message_needs_preferred(const struct tscf_message *m);
/** Shorthand: the service type of @p m.  @return 0 or -EINVAL. */
int tscf_message_service(const struct tscf_message *m, enum tscf_service *out);

/**
 * A message that is being written.  After an overflow every further call does nothing and tscf_write_finish returns an
 * error.
 */
struct tscf_writer {
	uint8_t *data;
	uint32_t size, length;
	uint16_t tlv_count;
	bool overflow;
};

/** Begin a message in @p data, which holds @p size bytes (at most TSCF_PROBE_MAX of them are used). */
void tscf_write_begin(struct tscf_writer *w, uint8_t *data, uint32_t size, enum tscf_message_type type, uint64_t tsid,
		      uint32_t sequence);
/* Each of these adds a TLV of @p type, or the one that it is named after. */

/** The @p length bytes at @p value, as they are. */
void tscf_write_bytes(struct tscf_writer *w, uint16_t type, const void *value, uint16_t length);
void tscf_write_u16(struct tscf_writer *w, uint16_t type, uint16_t value);
void tscf_write_u64(struct tscf_writer *w, uint16_t type, uint64_t value);
/** INTERNAL_* or ROUTE_*, by @p ipv4_type (the IPv6 type is the next number). */
void tscf_write_prefix(struct tscf_writer *w, uint16_t ipv4_type, const struct tscf_prefix *p);
void tscf_write_addr(struct tscf_writer *w, uint16_t type, const struct tscf_addr *a);
void tscf_write_addrs(struct tscf_writer *w, uint16_t type, const struct tscf_service_addrs *list);
void tscf_write_endpoint(struct tscf_writer *w, uint16_t type, const union tscf_endpoint *e);
/** NEED: @p level is the highest of the sockets that the encrypted tunnel is for. */
void tscf_write_need(struct tscf_writer *w, enum tscf_level level);
void tscf_write_response(struct tscf_writer *w, enum tscf_response code, const char *text);
void tscf_write_binding(struct tscf_writer *w, const struct tscf_wire_binding *b);
void tscf_write_socket(struct tscf_writer *w, const struct tscf_wire_socket *s);
void tscf_write_socket_answer(struct tscf_writer *w, const struct tscf_wire_answer *a);
void tscf_write_chain_part(struct tscf_writer *w, const struct tscf_chain_part *part);
/** Pad with one PADDING TLV so that the message has at least @p length bytes.  An empty PADDING TLV takes 4 bytes. */
void tscf_write_pad(struct tscf_writer *w, uint32_t length);
/**
 * Add a TLV, as the last one, to the finished message of @p length bytes in @p data, which has room for it.  The caller
 * fills in its value of @p size bytes.  @return where the value is.
 */
uint8_t *tscf_message_add_last(uint8_t *data, uint32_t length, uint16_t type, uint16_t size);
/** Set the TSID of a finished message. */
void tscf_message_set_tsid(uint8_t *data, uint64_t tsid);
/** Write the TLV count.  @return the length of the message, or -EMSGSIZE after an overflow. */
int tscf_write_finish(struct tscf_writer *w);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * request_refusals.h - why a client that has a tunnel does not get what it asks for on it, for the tests of both ends.
 *
 * test_server_request_refusals.c provokes each of these: the server logs the reason and sends it.
 * test_client_request_refusals.c has a server send each of these: the client's status or log show it.
 */
#ifndef TSCF_TESTS_REQUEST_REFUSALS_H
#define TSCF_TESTS_REQUEST_REFUSALS_H

#include "common/packet/message.h"

/** What is refused. */
enum refused_request {
	REFUSED_BIND,
	REFUSED_SHIELD,
	REFUSED_UNSHIELD,
	REFUSED_SOCKETS,
	REFUSED_MEDIA,      /**< a media way, when it is offered by the stream */
	REFUSED_MEDIA_OPEN, /**< the same by its own transport */
	REFUSED_COPIES,
	REFUSED_COPIES_OPEN,
	REFUSED_RESUME,
	REFUSED_STRANGE, /**< requests that tscf-client does not make */
	REFUSED_REQUESTS
};

/** X(name, what is refused, response code, reason) */
#define REQUEST_REFUSALS(X)                                                                                            \
	X(bind_many, BIND, LIMIT, "too many bindings")                                                                 \
	X(bind_quota, BIND, LIMIT, "too many bindings")                                                                \
	X(bind_other, BIND, NOT_ALLOWED, "not an address of this client")                                              \
	X(bind_illegal, BIND, MALFORMED, "illegal binding")                                                            \
	X(shield_many, SHIELD, LIMIT, "too many bindings")                                                             \
	X(shield_other, SHIELD, NOT_ALLOWED, "not an address of this client")                                          \
	X(shield_illegal, SHIELD, MALFORMED, "illegal binding")                                                        \
	X(unshield_illegal, UNSHIELD, MALFORMED, "illegal binding")                                                    \
	X(unshield_no_lock, UNSHIELD, MALFORMED, "no next lock")                                                       \
	X(unshield_wrong_key, UNSHIELD, NOT_ALLOWED, "not the key of the shields")                                     \
	X(sockets_unassigned, SOCKETS, SERVICE_UNAVAILABLE, "not among the assigned services of this interface")       \
	X(sockets_many, SOCKETS, LIMIT, "too many sockets ask for services")                                           \
	X(sockets_other, SOCKETS, NOT_ALLOWED, "not an address of this client")                                        \
	X(sockets_illegal, SOCKETS, MALFORMED, "illegal socket")                                                       \
	X(media_unassigned, MEDIA, SERVICE_UNAVAILABLE, "DDT is not enabled on this interface")                        \
	X(media_no_datagrams, MEDIA, SERVICE_UNAVAILABLE, "no datagrams beside this tunnel")                           \
	X(media_no_hash, MEDIA, MALFORMED, "no reservation hash")                                                      \
	X(media_beside, MEDIA, NOT_ALLOWED, "not by a side way")                                                       \
	X(media_wrong_secret, MEDIA_OPEN, RESERVATION, "not the secret of an offered way")                             \
	X(copies_unassigned, COPIES, SERVICE_UNAVAILABLE, "redundancy is not enabled on this interface")               \
	X(copies_no_stream, COPIES, SERVICE_UNAVAILABLE, "this tunnel is no stream")                                   \
	X(copies_no_hash, COPIES, MALFORMED, "no reservation hash")                                                    \
	X(copies_wrong_secret, COPIES_OPEN, RESERVATION, "not the secret of an offered way")                           \
	X(resume_no_key, RESUME, MALFORMED, "no key, or no next lock")                                                 \
	X(resume_wrong_key, RESUME, NOT_ALLOWED, "not the key of this tunnel")                                         \
	X(no_service, STRANGE, MALFORMED, "no service type")                                                           \
	X(wrong_tunnel, STRANGE, NOT_ALLOWED, "not on this kind of tunnel")

/** A row of the table, and the table. */
struct request_refusal {
	const char *name;
	enum refused_request what;
	enum tscf_response code;
	const char *why;
};

#define REQUEST_REFUSAL_ROW(name, what, code, why) {#name, REFUSED_##what, TSCF_RESPONSE_##code, why},
static const struct request_refusal request_refusals[] = {REQUEST_REFUSALS(REQUEST_REFUSAL_ROW)};

#define REQUEST_REFUSAL_COUNT ((int)(sizeof(request_refusals) / sizeof(request_refusals[0])))

#endif

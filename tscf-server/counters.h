/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * counters.h - the server's own counters, besides those of its transports and devices: one counter per reason for which
 * a packet is dropped or a request refused, and counters of what happens to sessions.
 *
 * `tscf-server status` shows these names; tscf-server(8) lists them.
 */
#ifndef TSCF_SERVER_COUNTERS_H
#define TSCF_SERVER_COUNTERS_H

#include <stdint.h>

#define SERVER_COUNTERS(X)                                                                                             \
	/* inner packets dropped */                                                                                    \
	X(PACKET_TRUNCATED, "packet_truncated")                                                                        \
	X(PACKET_MALFORMED, "packet_malformed")                                                                        \
	X(PACKET_VERSION, "packet_version")                                                                            \
	X(NO_SESSION, "no_session")                                                                                    \
	X(UNCONFIGURED, "unconfigured")                                                                                \
	X(SPOOFED, "spoofed")                                                                                          \
	X(INTER_CLIENT, "inter_client")                                                                                \
	X(CLEAR_REFUSED, "clear_refused")                                                                              \
	X(SHIELDED, "shielded")                                                                                        \
	X(TOMBSTONE, "tombstone")                                                                                      \
	X(QUIET, "quiet")                                                                                              \
	X(FRAGMENT_UNKNOWN, "fragment_unknown")                                                                        \
	X(QUOTE_UNKNOWN, "quote_unknown")                                                                              \
	X(UNKNOWN_DESTINATION, "unknown_destination")                                                                  \
	X(NO_PLAIN_TUNNEL, "no_plain_tunnel")                                                                          \
	X(NO_CONNECTION, "no_connection")                                                                              \
	X(BINDING_LIMIT, "binding_limit")                                                                              \
	X(OVER_RATE, "over_rate")                                                                                      \
	X(TOO_BIG, "too_big")                                                                                          \
	X(CONGESTION, "congestion")                                                                                    \
	/* control messages that were not executed */                                                                  \
	X(CONTROL_MALFORMED, "control_malformed")                                                                      \
	X(CONTROL_UNEXPECTED, "control_unexpected")                                                                    \
	X(CONTROL_WRONG_TSID, "control_wrong_tsid")                                                                    \
	X(CONTROL_UNSEALED, "control_unsealed")                                                                        \
	X(CONTROL_FORGED, "control_forged")                                                                            \
	X(CONTROL_REPLAYED, "control_replayed")                                                                        \
	X(CONTROL_NO_SESSION, "control_no_session")                                                                    \
	X(CONTROL_REPEATED, "control_repeated")                                                                        \
	X(CONTROL_UNANSWERED, "control_unanswered")                                                                    \
	/* requests refused */                                                                                         \
	X(REFUSED_LIMIT, "refused_limit")                                                                              \
	X(REFUSED_DISABLED, "refused_disabled")                                                                        \
	X(REFUSED_HALF_OPEN, "refused_half_open")                                                                      \
	X(REFUSED_SOURCE, "refused_source")                                                                            \
	X(REFUSED_TUNNELS, "refused_tunnels")                                                                          \
	X(REFUSED_ADDRESS, "refused_address")                                                                          \
	X(REFUSED_TOO_SMALL, "refused_too_small")                                                                      \
	X(REFUSED_SERVICE, "refused_service")                                                                          \
	X(BUSY, "busy")                                                                                                \
	X(REFUSED_RESERVATION, "refused_reservation")                                                                  \
	X(REFUSED_BINDING, "refused_binding")                                                                          \
	X(REFUSED_RESUME, "refused_resume")                                                                            \
	X(REFUSED_CLIENT_LIMIT, "refused_client_limit")                                                                \
	X(REFUSED_CLIENT, "refused_client")                                                                            \
	X(REFUSED_NO_PROOF, "refused_no_proof")                                                                        \
	X(REFUSED_UNKNOWN, "refused_unknown")                                                                          \
	X(REFUSED_KEY, "refused_key")                                                                                  \
	X(REFUSED_CERTIFICATE, "refused_certificate")                                                                  \
	X(REFUSED_INVITATION, "refused_invitation")                                                                    \
	X(REFUSED_DENIED, "refused_denied")                                                                            \
	X(REFUSED_RADIUS, "refused_radius")                                                                            \
	X(REFUSED_NO_RADIUS, "refused_no_radius")                                                                      \
	X(REFUSED_SHARE, "refused_share")                                                                              \
	X(COOKIES, "cookies")                                                                                          \
	/* what became of sessions */                                                                                  \
	X(PLAIN_ESTABLISHED, "plain_established")                                                                      \
	X(PLAIN_ENDED, "plain_ended")                                                                                  \
	X(PLAIN_RESUMED, "plain_resumed")                                                                              \
	X(ENCRYPTED_ESTABLISHED, "encrypted_established")                                                              \
	X(ENCRYPTED_PROBED, "encrypted_probed")                                                                        \
	X(ENCRYPTED_ASIDE, "encrypted_aside")                                                                          \
	X(ENCRYPTED_MOVED, "encrypted_moved")                                                                          \
	X(YIELDS_ASKED, "yields_asked")                                                                                \
	X(YIELDS_FORCED, "yields_forced")                                                                              \
	X(ENCRYPTED_YIELDED, "encrypted_yielded")                                                                      \
	X(MEDIA_OPENED, "media_opened")                                                                                \
	X(COPY_WAYS_OPENED, "copy_ways_opened")                                                                        \
	X(ENCRYPTED_ENDED, "encrypted_ended")                                                                          \
	X(UNCONFIRMED_ENDED, "unconfirmed_ended")                                                                      \
	X(SHARED_ID, "shared_id")                                                                                      \
	X(LINES_OMITTED, "lines_omitted")

#define SERVER_COUNTER_ENUM(constant, name) SERVER_COUNT_##constant,
enum server_counter { SERVER_COUNTERS(SERVER_COUNTER_ENUM) SERVER_COUNT_NUMBER };
#undef SERVER_COUNTER_ENUM

struct server_counters {
	uint64_t value[SERVER_COUNT_NUMBER];
};

static inline void server_count(struct server_counters *c, enum server_counter which)
{
	c->value[which]++;
}

/** @return the name shown for @p which. */
const char *server_counter_name(enum server_counter which);

#endif

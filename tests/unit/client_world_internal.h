/* SPDX-License-Identifier: GPL-3.0-or-later */
/* client_world_internal.h - what the parts of client_world know of each other. */
#ifndef TSCF_TESTS_CLIENT_WORLD_INTERNAL_H
#define TSCF_TESTS_CLIENT_WORLD_INTERNAL_H

#include "common/transport/dtls.h"
#include "common/transport/tcp.h"
#include "common/transport/tls_stream.h"
#include "common/transport/udp.h"
#include "tests/unit/client_world.h"
#include "tscf-client/sockets/searches.h"

/* ld --wrap: the client calls these instead of the product's own. */
extern __typeof__(tscf_udp_connect) __wrap_tscf_udp_connect;
extern __typeof__(tscf_dtls_connect) __wrap_tscf_dtls_connect;
extern __typeof__(tscf_tcp_connect) __wrap_tscf_tcp_connect;
extern __typeof__(tscf_tcp_attach) __wrap_tscf_tcp_attach;
extern __typeof__(tscf_tls_stream_connect) __wrap_tscf_tls_stream_connect;
extern __typeof__(tscf_tls_stream_attach) __wrap_tscf_tls_stream_attach;
extern __typeof__(tscf_control_listen) __wrap_tscf_control_listen;
extern __typeof__(tscf_control_close) __wrap_tscf_control_close;
extern __typeof__(tscf_control_release) __wrap_tscf_control_release;
extern __typeof__(tscf_control_discard) __wrap_tscf_control_discard;
extern __typeof__(tscf_control_mode) __wrap_tscf_control_mode;
extern __typeof__(tscf_control_answer) __wrap_tscf_control_answer;
extern __typeof__(tscf_control_answer_with) __wrap_tscf_control_answer_with;
extern __typeof__(tscf_control_keep) __wrap_tscf_control_keep;
extern __typeof__(tscf_control_push) __wrap_tscf_control_push;
extern __typeof__(tscf_sockdiag_open) __wrap_tscf_sockdiag_open;
extern __typeof__(tscf_sockdiag_open) __real_tscf_sockdiag_open;
extern __typeof__(searches_begin) __wrap_searches_begin;

/** @return the one world of this process. */
struct client_world *world_of_process(void);

/* client_world_link.c */
void world_free_links(struct client_world *w);

/* client_world_server.c */
void world_set_up_server(struct client_world *w);
void world_free_server(struct client_world *w);
/** The client has sent a control message by @p l. */
void world_message(struct world_link *l, const uint8_t *data, uint32_t length);
/** Have the client receive what the server has answered since.  @return whether that was anything. */
bool world_give_answers(struct client_world *w);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proxy.h - a TCP connection through an HTTP proxy: connects to the proxy and asks it for the other end, without
 * blocking.
 */
#ifndef TSCF_CLIENT_PROXY_H
#define TSCF_CLIENT_PROXY_H

#include "common/transport/transport.h"

/** If the proxy has not made the connection within this time, the dialogue has failed. */
#define PROXY_SECONDS 10

struct proxy_dialogue;

/** The end of a dialogue, which is freed when this returns.  @p fd is the connection, which the callee now owns; or -1,
 * and @p reason says why. */
typedef void (*proxy_done)(void *context, int fd, const char *reason);

/** What a proxy is asked for. */
struct proxy_request {
	union tscf_endpoint proxy;
	const char *host; /**< the other end: name or address */
	uint16_t port;
	const char *credentials; /**< base64 of "user:password", or NULL */
};

/**
 * Ask the proxy for the connection.  @p done is called from the event loop.  What @p request and @p options point to is
 * not used after the return.
 *
 * @return 0 with the dialogue in *out, or -errno.
 */
int proxy_connect(struct ev_loop *loop, const struct proxy_request *request, const struct tscf_outer_options *options,
		  proxy_done done, void *context, struct proxy_dialogue **out);
/** Cancel the dialogue; done is not called. */
void proxy_cancel(struct proxy_dialogue *d);

#endif

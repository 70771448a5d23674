/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sessions.h - the daemon's half of `tscf-server sessions`: the list in pages, each of which one request asks for.
 *
 * The text of the request is a JSON object with these members, all of which may be missing: `after`, the `next` of the
 * page before, or the `place` of a session; `identity`, a shell pattern; `outer`, see server_outer_parse; `client`, see
 * server_who_read.  The reply is a JSON object: `sessions`, as tscf-server(8) describes them, perhaps none; and `next`,
 * missing in the last page.  A request holds a worker up for one page of its sessions (roster.h), whether or not they
 * are asked for.
 */
#ifndef TSCF_SERVER_SESSIONS_H
#define TSCF_SERVER_SESSIONS_H

#include "tscf-server/admin/roster.h"
#include "tscf-server/context.h"

/** Outer addresses that are asked for. */
struct server_outer {
	struct tscf_prefix prefix;
	uint16_t port; /**< 0: any */
};

/** Read an address, an address with a port, or a prefix.  @return 0, or -EINVAL. */
int server_outer_parse(const char *text, struct server_outer *out);
/** @return whether @p e is one of the outer addresses that @p outer stands for. */
bool server_outer_matches(const struct server_outer *outer, const union tscf_endpoint *e);

/** Where a list goes on: behind a session, which may have ended. */
struct server_after {
	unsigned worker;
	struct server_roster_place place;
};

/** Read a session's `place`, or a page's `next`.  @return 0, or -EINVAL. */
int server_after_parse(const char *text, struct server_after *out);

/**
 * Make one page.
 *
 * @param question the text of the request; NULL: none
 * @return 0 with JSON text in *text (malloc'ed, the caller frees), -EINVAL: the question is wrong, or -ENOMEM.
 */
int server_sessions_page(struct server *server, const char *question, char **text);

#endif

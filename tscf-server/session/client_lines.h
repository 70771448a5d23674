/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client_lines.h - how many lines of the log there are about what clients do: tunnels that come, go and move, and ways
 * beside them.
 *
 * A client can do these things as often as it likes, and must not fill the log.  There are SERVER_CLIENT_LINES lines in
 * SERVER_CLIENT_LINES_MS about the clients of one source (tscf_addr_source): an office behind one address can restart
 * all its phones.  What is more is left to the level debug, counted, and the next line about that source says how many
 * there were.
 */
#ifndef TSCF_SERVER_CLIENT_LINES_H
#define TSCF_SERVER_CLIENT_LINES_H

#include "common/base/addr.h"
#include "common/base/log.h"

#include <stdint.h>

#define SERVER_CLIENT_LINES    200
#define SERVER_CLIENT_LINES_MS 60000
/** Sources are spread over so many places by a keyed hash; those of one place share its lines. */
#define SERVER_CLIENT_LINES_PLACES 1024

/** All zero at first. */
struct server_client_lines {
	struct server_client_lines_place {
		uint64_t since; /**< ms: when `lines` began */
		unsigned lines;
		unsigned omitted; /**< since the last line */
	} place[SERVER_CLIENT_LINES_PLACES];
};

struct server_state;

/**
 * There is something to log about a client at @p outer.  Call it once for each line, and log nothing else by it.
 *
 * @return the level of that line: info; or debug, and it has been counted as left out.
 */
enum tscf_log_level server_client_line(struct server_state *state, const union tscf_endpoint *outer, uint64_t now);

#endif

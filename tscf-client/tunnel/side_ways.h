/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * side_ways.h - all that a tunnel may have beside its stream: a media way (media.h) and copy ways (copy_ways.h).
 */
#ifndef TSCF_CLIENT_SIDE_WAYS_H
#define TSCF_CLIENT_SIDE_WAYS_H

#include "tscf-client/tunnel/copy_ways.h"
#include "tscf-client/tunnel/media.h"

struct side_ways {
	struct side_way media;
	struct copy_ways copies;
};

/** No way yet beside @p stream. */
static inline void side_ways_init(struct side_ways *w, const struct tunnel_host *host, struct tunnel *stream)
{
	side_way_init(&w->media, &media_kind, host, stream);
	copy_ways_init(&w->copies, host, stream);
}

/** The stream's tunnel is closed, or has another transport or session: begin anew. */
static inline void side_ways_restart(struct side_ways *w)
{
	side_way_restart(&w->media);
	copy_ways_restart(&w->copies);
}

#endif

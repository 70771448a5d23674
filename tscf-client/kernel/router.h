/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * router.h - how a part of the client has the rules written again when its facts have changed.
 *
 * The facts are those of all parts (routing.h), so the client itself collects and writes them.
 */
#ifndef TSCF_CLIENT_ROUTER_H
#define TSCF_CLIENT_ROUTER_H

struct router {
	void (*write)(void *context);
	void *context;
};

/** Write the present facts into the kernel. */
static inline void router_write(const struct router *r)
{
	r->write(r->context);
}

#endif

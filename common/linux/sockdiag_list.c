/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sockdiag_list.c - a dump for callers without an event loop. */
#include "common/linux/sockdiag.h"

#include <errno.h>
#include <ev.h>

struct listing {
	void (*each)(void *context, const struct tscf_socket *s);
	void *context;
	int error;
};

static void see(void *context, const struct tscf_socket *s)
{
	const struct listing *l = context;

	l->each(l->context, s);
}

static void done(void *context, int error)
{
	struct listing *l = context;

	l->error = error;
}

int tscf_sockdiag_list(uint32_t mask, void (*each)(void *context, const struct tscf_socket *s), void *context)
{
	static const struct tscf_sockdiag_handler handler = {see, done, NULL};
	struct listing l = {.each = each, .context = context};
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct tscf_sockdiag *diag;
	int err = loop ? tscf_sockdiag_open(loop, mask, &handler, &l, &diag) : -ENOMEM;

	if (err == 0) {
		err = tscf_sockdiag_dump_now(diag);
		tscf_sockdiag_close(diag);
	}
	if (loop)
		ev_loop_destroy(loop);
	return err < 0 ? err : l.error;
}

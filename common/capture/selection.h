/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * selection.h - which packets a capture is of: what the command asks for, and the daemon reads from its request.
 *
 * Protocol and port of the client's side are members of the request.  The rest is its text, a JSON object with these
 * members, all of which may be missing: `client`, for the server; `remote`, an address or a prefix; `remote_port`.
 * Without any there is no text.
 */
#ifndef TSCF_CAPTURE_SELECTION_H
#define TSCF_CAPTURE_SELECTION_H

#include "common/capture/tap.h"
#include "common/control/control.h"

struct tscf_capture_selection {
	struct tscf_tap_filter filter;
	const char *client; /**< of the server's, as a user names it; NULL: all */
};

/** Fill in what the request @p out has of @p s.  @return 0 with its text in *text, malloc'ed or NULL; or -ENOMEM. */
int tscf_capture_selection_write(const struct tscf_capture_selection *s, struct tscf_control_request *out, char **text);
/**
 * Read @p request with @p text, NULL: none.
 *
 * @return 0, and *owner has the texts of *out: the caller frees it by tscf_capture_selection_free; or -EINVAL.
 */
int tscf_capture_selection_read(const struct tscf_control_request *request, const char *text,
				struct tscf_capture_selection *out, void **owner);
/** Free the texts of a selection that was read; NULL is allowed. */
void tscf_capture_selection_free(void *owner);

#endif

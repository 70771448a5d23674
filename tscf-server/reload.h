/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reload.h - reading the configuration again while the server runs; tscf-server(8), reload.
 *
 * A file may be on a file system that does not answer.  So a thread reads all files, and the main thread takes what was
 * read.  A reload that has not read them in SERVER_RELOAD_PATIENCE_MS is refused, and what it reads later is not taken.
 */
#ifndef TSCF_SERVER_RELOAD_H
#define TSCF_SERVER_RELOAD_H

#include "tscf-server/context.h"

/** How long a reload waits for its files. */
#define SERVER_RELOAD_PATIENCE_MS 5000

struct tscf_control_call_in;

/**
 * Read the configuration again and apply it.  No tunnel ends whose client is still allowed to have it.  Errors, and
 * settings that change only with a restart, are logged.
 *
 * @param call  is answered in the end: with EINVAL and nothing changed when the configuration or a file that it names
 * has errors, or ETIMEDOUT when one does not answer.  NULL: nobody waits.
 */
void server_reload(struct server *server, struct tscf_control_call_in *call);
/** The caller is gone, of whatever request. */
void server_reload_gone(struct tscf_control_call_in *call);

#endif

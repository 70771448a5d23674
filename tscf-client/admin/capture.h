/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * capture.h - `tscf-client capture`: writes what is in the tunnels to a file.
 */
#ifndef TSCF_CLIENT_CAPTURE_H
#define TSCF_CLIENT_CAPTURE_H

#include "common/daemon/cli.h"
#include "tscf-client/settings/config.h"

/** @return the exit status of the program. */
int capture_run(const struct tscf_cli *cli, const struct client_config *config);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flush.h - removes what a killed client has left in the kernel.
 */
#ifndef TSCF_CLIENT_FLUSH_H
#define TSCF_CLIENT_FLUSH_H

#include "tscf-client/settings/config.h"

/**
 * Remove the rules and routes that a dead daemon with this configuration left.  For `tscf-client flush` when no daemon
 * answers.
 *
 * @return 0 or -errno.
 */
int client_flush(const struct client_config *config);

#endif

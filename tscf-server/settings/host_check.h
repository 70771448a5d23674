/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * host_check.h - what is allowed, and yet keeps clients from what they expect: warnings at the start, at a reload and
 * by --check-config.
 */
#ifndef TSCF_SERVER_HOST_CHECK_H
#define TSCF_SERVER_HOST_CHECK_H

#include "tscf-server/settings/config.h"

/**
 * Warn of services that are not assigned, of pools that this host has a network or a route for, other than by the
 * server's own devices, and of forwarding that is off.
 */
void server_config_warn(const struct server_config *c);

/** @return the setting, as sysctl(8) names it, by which this host does not forward packets of an address family
 * (tscf_family_index); NULL: it does. */
const char *server_host_keeps(unsigned family_index);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings.h - the settings of tscf-server by name; tscf-server.conf(5).
 */
#ifndef TSCF_SERVER_SETTINGS_H
#define TSCF_SERVER_SETTINGS_H

#include "common/daemon/settings.h"

#include "tscf-server/settings/config.h"

/** One tscf-port section. */
struct server_port {
	struct tscf_addr address;
	uint16_t port;
	enum server_protocol protocol;
};

/** Settings of the whole server; they fill a struct server_config. */
extern const struct tscf_setting server_settings[];
/** Settings of a tscf-interface section, and of its tscf-address-pool; they fill a struct server_interface_config. */
extern const struct tscf_setting server_interface_settings[];
extern const struct tscf_setting server_pool_settings[];
/** Settings of a tscf-port section; they fill a struct server_port. */
extern const struct tscf_setting server_port_settings[];
/** Settings of the first interface that the command line may give: listen, pool, encrypted-pool, services; they fill a
 * struct server_interface_config. */
extern const struct tscf_setting server_first_interface_settings[];

/** Most settings in one of the tables. */
#define SERVER_SETTINGS_MAX 32

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings.h - the settings of tscf-client by name; tscf-client.conf(5).
 */
#ifndef TSCF_CLIENT_SETTINGS_H
#define TSCF_CLIENT_SETTINGS_H

#include "common/daemon/settings.h"

/** The settings of a struct client_config. */
extern const struct tscf_setting client_settings[];

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * service.h - the daemon as a service of systemd.
 */
#ifndef TSCF_CLIENT_SERVICE_H
#define TSCF_CLIENT_SERVICE_H

#include <stdbool.h>

/** @return whether this host is run by systemd (sd_booted(3)). */
bool service_available(void);
/** Start the service, again if it runs, now and at every boot.  @return 0, or -EIO (logged). */
int service_start(void);
/** Stop it, and do not start it at boot.  If systemd has no such unit, do nothing.  @return 0, or -EIO (logged). */
int service_stop(void);

#endif

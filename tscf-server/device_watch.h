/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * device_watch.h - keeps the two devices as the server wants them, whatever other programs do to them: there, with
 * their names, up, with their MTU, addresses, networks and settings.
 *
 * The main thread does this, so that no packet waits for it.  It looks when the kernel says that something has changed,
 * and when a worker cannot read from a device.  A device that was deleted, or moved to another network namespace, is
 * made again: each worker gives its part away, and gets the part of the new device.  If that fails, it is tried again
 * and again; meanwhile the packets of clients are dropped.  How often the server looks, and so what a program can cost
 * that fights it, is limited (common/linux/pace.h).
 *
 * While a device is not there, the routes of shut.h keep packets to clients from leaving by other devices.
 */
#ifndef TSCF_SERVER_DEVICE_WATCH_H
#define TSCF_SERVER_DEVICE_WATCH_H

#include "tscf-server/context.h"

/** Begin to watch the devices of server_devices_open; the workers' threads run.  Without notices of the kernel, which
 * is logged, only workers say that a device is gone. */
void server_device_watch_start(struct server *server);
/** Watch nothing any more; the devices stay as they are. */
void server_device_watch_stop(struct server *server);

#endif

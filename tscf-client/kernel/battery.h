/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * battery.h - whether this host runs on its battery, as the kernel's power supplies say.
 *
 * Documentation/ABI/testing/sysfs-class-power of the kernel.
 */
#ifndef TSCF_CLIENT_BATTERY_H
#define TSCF_CLIENT_BATTERY_H

#include "tscf-client/settings/condition.h"

/** Where the kernel shows its power supplies. */
#define BATTERY_FOLDER "/sys/class/power_supply"

/**
 * Look at the power supplies in @p folder.  Batteries of devices, such as a mouse, do not count.
 *
 * @return HOLDS if the host has a battery and nothing else gives power, FAILS if something does or there is no battery,
 * UNKNOWN if the folder cannot be read or the battery does not say what it does.
 */
enum condition_state battery_look(const char *folder);

#endif

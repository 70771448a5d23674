/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/kernel/battery.h"

#include "common/base/file.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define TEXT 32

/** What all supplies together say. */
struct supplies {
	bool powered;     /**< something else than a battery gives power */
	bool battery;     /**< there is a battery of the host */
	bool discharging; /**< one of them gives power */
	bool silent;      /**< one of them does not say what it does */
};

/** One line of a supply's file, without its end; "": it has none. */
static void read_line(const char *folder, const char *supply, const char *file, char text[TEXT])
{
	char path[PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s/%s/%s", folder, supply, file);

	text[0] = '\0';
	if (length >= (int)sizeof(path))
		return;
	length = tscf_file_read(path, text, TEXT - 1);
	text[length > 0 ? length : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static void look_at(const char *folder, const char *supply, struct supplies *all)
{
	char type[TEXT], scope[TEXT], state[TEXT];

	read_line(folder, supply, "type", type);
	read_line(folder, supply, "scope", scope);
	if (type[0] == '\0' || strcmp(scope, "Device") == 0)
		return;
	if (strcmp(type, "Battery") != 0) {
		read_line(folder, supply, "online", state);
		all->powered |= state[0] >= '1' && state[0] <= '9';
		return;
	}
	read_line(folder, supply, "status", state);
	all->battery = true;
	all->discharging |= strcmp(state, "Discharging") == 0;
	all->silent |= state[0] == '\0' || strcmp(state, "Unknown") == 0;
}

enum condition_state battery_look(const char *folder)
{
	struct supplies all = {.powered = false};
	DIR *d = opendir(folder);
	struct dirent *one;

	if (!d)
		return CONDITION_UNKNOWN;
	while ((one = readdir(d)))
		if (one->d_name[0] != '.')
			look_at(folder, one->d_name, &all);
	closedir(d);
	if (all.powered || !all.battery)
		return CONDITION_FAILS;
	if (all.discharging)
		return CONDITION_HOLDS;
	return all.silent ? CONDITION_UNKNOWN : CONDITION_FAILS;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/admin/service.h"

#include "common/base/log.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/** Run systemctl with up to two words before the name of the unit. */
static int systemctl(const char *verb, const char *option)
{
	static char program[] = "systemctl", unit[] = "tscf-client.service";
	char *const arguments[] = {program, (char *)verb, option ? (char *)option : unit, option ? unit : NULL, NULL};
	int status = 0, err;
	pid_t child;

	err = posix_spawnp(&child, program, NULL, NULL, arguments, environ);
	if (err != 0) {
		tscf_error("cannot run systemctl: %s", strerror(err));
		return -EIO;
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -EIO;
	if (status == 0)
		return 0;
	tscf_error("systemctl %s %s has failed", verb, unit);
	return -EIO;
}

bool service_available(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

int service_start(void)
{
	int err = systemctl("enable", "--quiet");

	/* A service that runs has another configuration. */
	return err < 0 ? err : systemctl("restart", NULL);
}

/** @return whether systemd says that there is no such unit; it cannot be disabled then. */
static bool is_absent(void)
{
	FILE *answer = popen("systemctl show --property=LoadState tscf-client.service", "re");
	char line[64] = "";
	bool absent;

	if (!answer)
		return false;
	absent = fgets(line, sizeof(line), answer) && strcmp(line, "LoadState=not-found\n") == 0;
	return pclose(answer) == 0 && absent;
}

int service_stop(void)
{
	return is_absent() ? 0 : systemctl("disable", "--now");
}

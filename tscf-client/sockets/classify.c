/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/classify.h"

#include "common/base/cgroup.h"
#include "common/control/control.h"
#include "tscf-client/sockets/processes.h"

#include <limits.h>

/** @return the policies, as bits, that name the program of the process. */
static uint32_t programs_of(const struct guard *guard, pid_t pid)
{
	char name[POLICY_PROGRAM];

	processes_executable(pid, name, sizeof(name));
	return guard->on ? guard_programs_of(&guard->programs, &guard->config->policies, pid, name)
			 : policies_of_program(&guard->config->policies, name);
}

uint32_t classify(const struct guard *guard, int fd, const struct tscf_socket *s, pid_t pid, enum tscf_level otherwise)
{
	const struct client_config *config = guard->config;
	const struct policies *policies = &config->policies;
	char cgroup[PATH_MAX] = "";
	struct policy_subject subject = {.socket = s, .cgroup = cgroup};

	if (policies_numbered(policies) > 0) {
		int dscp = tscf_socket_dscp(fd);

		subject.dscp = dscp > 0 ? (uint8_t)dscp : 0;
		subject.programs = programs_of(guard, pid);
		if (policies_by_cgroup(policies))
			tscf_cgroup_of(pid, cgroup, sizeof(cgroup));
	}
	return policies_value(policies, config->fwmark_mask, &subject, otherwise);
}

bool classify_changes(const struct guard *guard, int fd, const struct tscf_socket *s, pid_t pid,
		      enum tscf_level otherwise, uint32_t *fresh)
{
	uint32_t value = tscf_mark_get(s->mark, guard->config->fwmark_mask);

	/* The socket has no mark though it ought to have one: a program has removed it. */
	if (value & TSCF_MARK_EXPLICIT || (value == 0 && otherwise != TSCF_LEVEL_DEFAULT))
		return false;
	*fresh = classify(guard, fd, s, pid, otherwise);
	return *fresh != value;
}

enum tscf_level classify_default_of(const struct guard *guard, pid_t pid)
{
	enum tscf_level level = guard_run_level(guard, pid);
	char text[32];

	/* A program cannot change that level through its environment. */
	if (level != TSCF_LEVEL_DEFAULT)
		return level;
	/* As in the library: an invalid level is meant to be encrypted. */
	if (processes_environment(pid, TSCF_ENV_LEVEL, text, sizeof(text)) && text[0] != '\0' &&
	    tscf_level_parse(text, &level) != 0)
		level = TSCF_LEVEL_ENCRYPTED_ONLY;
	return level;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/preload/environment.h"

#include "common/base/datagram.h"
#include "common/base/redundancy.h"
#include "common/control/control.h"
#include "common/control/socket_level.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/*
 * The environment is read once and copied, as a program may change or overwrite it (some write their process title over
 * it) while other threads open sockets.  A thread that finds no copy reads the environment itself.  One such thread
 * stores its copy, and no thread waits for another.
 */
enum copy_state { COPY_NONE, COPY_IN_WORK, COPY_READY };
static _Atomic enum copy_state copy_state = COPY_NONE;
static struct preload_environment copy;

/** A variable of the dynamic loader (glibc): the stack as the kernel made it, with argc, argv and the environment in
 * sequence. */
extern long *__libc_stack_end;

/* getenv() finds nothing before libc's own constructor has run; reading that as "no level" would send packets in clear.
 */
static const char *get_variable(const char *name)
{
	char **variable = environ;
	size_t length = strlen(name);

	if (!variable)
		variable = (char **)(__libc_stack_end + 1 + __libc_stack_end[0] + 1);
	for (; *variable; variable++)
		if (strncmp(*variable, name, length) == 0 && (*variable)[length] == '=')
			return *variable + length + 1;
	return NULL;
}

void preload_environment_parse(const struct preload_variables *is, bool trusted, struct preload_environment *out)
{
	const char *control = is->control;
	size_t length;

	*out = (struct preload_environment){.level = TSCF_LEVEL_DEFAULT, .trusted = trusted};
	if (trusted && is->level && is->level[0] != '\0' && tscf_level_parse(is->level, &out->level) != 0)
		out->level = TSCF_LEVEL_ENCRYPTED_ONLY;
	if (trusted && is->redundancy && tscf_redundancy_parse(is->redundancy, &out->redundancy) != 0)
		out->redundancy = TSCF_REDUNDANCY_NONE;
	if (trusted && is->datagram && tscf_datagram_parse(is->datagram, &out->datagram) != 0)
		out->datagram = TSCF_DATAGRAM_DEFAULT;
	if (!trusted || !control || control[0] == '\0')
		control = TSCF_CLIENT_CONTROL_DEFAULT;
	length = strlen(control);
	if (length < sizeof(out->control))
		memcpy(out->control, control, length);
}

void preload_environment_get(struct preload_environment *out)
{
	enum copy_state none = COPY_NONE;
	struct preload_variables is;

	if (atomic_load_explicit(&copy_state, memory_order_acquire) == COPY_READY) {
		*out = copy;
		return;
	}
	is = (struct preload_variables){.level = get_variable(TSCF_ENV_LEVEL),
					.redundancy = get_variable(TSCF_ENV_REDUNDANCY),
					.datagram = get_variable(TSCF_ENV_DATAGRAM),
					.control = get_variable(TSCF_ENV_CONTROL)};
	preload_environment_parse(&is, getauxval(AT_SECURE) == 0, out);
	out->must_ask = out->trusted && (get_variable(TSCF_ENV_MUST) || tscf_socket_must_tell(out->control));
	if (atomic_compare_exchange_strong(&copy_state, &none, COPY_IN_WORK)) {
		copy = *out;
		atomic_store_explicit(&copy_state, COPY_READY, memory_order_release);
	}
}

/*
 * Run early, while there is one thread and the environment is unchanged.  Later the program or its children may no
 * longer see the file.
 */
__attribute__((constructor)) static void read_environment(void)
{
	struct preload_environment environment;

	preload_environment_get(&environment);
	if (environment.must_ask)
		setenv(TSCF_ENV_MUST, "1", 1);
}

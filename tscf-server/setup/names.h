/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * names.h - the names of clients that a command is given.
 */
#ifndef TSCF_SERVER_NAMES_H
#define TSCF_SERVER_NAMES_H

#include "common/daemon/cli.h"

#include <stddef.h>

/** Most names at a time. */
#define NAMES_MAX 100000

struct names {
	char **list; /**< owned */
	size_t count;
};

/**
 * Take the arguments of the command line, then the lines of the file of --from, if it is given.  Empty lines and lines
 * that begin with # are ignored.
 *
 * @return 0, or -errno (logged): a name is none, or is there twice, or the file cannot be read.  Free *out in any case.
 */
int names_collect(const struct tscf_cli *cli, struct names *out);
void names_free(struct names *names);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/names.h"

#include "common/auth/psk.h"
#include "common/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add(struct names *names, const char *name)
{
	char **list;

	if (names->count == NAMES_MAX) {
		tscf_error("too many names: expected at most %d", NAMES_MAX);
		return -E2BIG;
	}
	list = reallocarray(names->list, names->count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	names->list = list;
	list[names->count] = strdup(name);
	if (!list[names->count])
		return -ENOMEM;
	names->count++;
	return 0;
}

static int take_lines(struct names *names, FILE *f, const char *file)
{
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	for (unsigned number = 1; err == 0 && getline(&line, &size, f) >= 0; number++) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (tscf_psk_identity_valid(line, strlen(line))) {
			err = add(names, line);
			continue;
		}
		tscf_error("%s:%u: expected a name of 1 to 64 printable characters without blank and ':'", file,
			   number);
		err = -EINVAL;
	}
	if (err == 0 && ferror(f)) {
		tscf_error("%s: cannot be read", file);
		err = -EIO;
	}
	free(line);
	return err;
}

static int take_file(struct names *names, const char *file)
{
	FILE *f = fopen(file, "re");
	int err;

	if (!f) {
		err = -errno;
		tscf_error("%s: %s", file, strerror(-err));
		return err;
	}
	err = take_lines(names, f, file);
	fclose(f);
	if (err == 0 && names->count == 0) {
		tscf_error("%s: no name is in it", file);
		err = -EINVAL;
	}
	return err;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/** @return 0, or -EINVAL if a name is there twice. */
static int check_twice(const struct names *names)
{
	char **sorted = calloc(names->count + 1, sizeof(*sorted));
	int err = 0;

	if (!sorted)
		return -ENOMEM;
	if (names->count > 0) {
		memcpy(sorted, names->list, names->count * sizeof(*sorted));
		qsort(sorted, names->count, sizeof(*sorted), by_text);
	}
	for (size_t i = 1; i < names->count && err == 0; i++) {
		if (strcmp(sorted[i - 1], sorted[i]) != 0)
			continue;
		tscf_error("the name %s is given twice", sorted[i]);
		err = -EINVAL;
	}
	free(sorted);
	return err;
}

int names_collect(const struct tscf_cli *cli, struct names *out)
{
	const char *file = tscf_cli_value(cli, "from");
	int err = 0;

	*out = (struct names){0};
	for (unsigned i = 0; i < cli->argument_count && err == 0; i++)
		err = add(out, cli->arguments[i]);
	if (err == 0 && file)
		err = take_file(out, file);
	if (err == 0)
		err = check_twice(out);
	if (err == -ENOMEM)
		tscf_error("%s", strerror(ENOMEM));
	return err;
}

void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i]);
	free(names->list);
	*names = (struct names){0};
}

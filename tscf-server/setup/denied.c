/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/denied.h"

#include "common/base/log.h"
#include "common/base/text.h"
#include "tscf-server/setup/force.h"
#include "tscf-server/setup/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/** Most interfaces, and so files. */
#define FILES_MAX 64

/** The files that the configuration names, each once, open. */
struct files {
	struct text_file list[FILES_MAX];
	unsigned count;
};

/* --- files --- */

static bool is_open(const struct files *files, const char *name)
{
	for (unsigned n = 0; n < files->count; n++)
		if (strcmp(files->list[n].name, name) == 0)
			return true;
	return false;
}

static void close_all(struct files *files)
{
	while (files->count > 0)
		text_file_close(&files->list[--files->count]);
}

static int open_all(struct files *files, const struct server_config *c, int flags)
{
	int err = 0;

	files->count = 0;
	for (const struct server_interface_config *i = c->interfaces; i && err == 0; i = i->next) {
		if (!i->enabled || !i->denied_clients || is_open(files, i->denied_clients))
			continue;
		err = files->count == FILES_MAX
			  ? -E2BIG
			  : text_file_open(&files->list[files->count], i->denied_clients, flags, 0644);
		files->count += err == 0;
	}
	if (err == 0 && files->count == 0) {
		tscf_error("no interface has a file of denied clients: expected denied-clients in the configuration");
		err = -ENOENT;
	}
	if (err < 0)
		close_all(files);
	return err;
}

/* --- lines --- */

/** @return the length of the line at @p line, its end included. */
static size_t line_length(const char *line)
{
	size_t length = strcspn(line, "\n");

	return length + (line[length] == '\n');
}

/** @return whether the line denies @p name, as the server reads it. */
static bool is_line_of(const char *line, const char *name)
{
	size_t length = line_length(line);
	const char *text = tscf_text_strip(line, &length);

	return length > 0 && text[0] != '#' && strlen(name) == length && memcmp(text, name, length) == 0;
}

static bool has(const struct text_file *f, const char *name)
{
	for (const char *line = f->text; *line != '\0'; line += line_length(line))
		if (is_line_of(line, name))
			return true;
	return false;
}

static bool is_of_one(const char *line, const struct tscf_cli *cli)
{
	for (unsigned i = 0; i < cli->argument_count; i++)
		if (is_line_of(line, cli->arguments[i]))
			return true;
	return false;
}

/** Write the file with the names that it does not have yet.  @return 0 or -errno (logged). */
static int add_to(const struct text_file *f, const struct tscf_cli *cli)
{
	size_t size = f->length + 1;
	char *text, *at;
	int err;

	for (unsigned i = 0; i < cli->argument_count; i++)
		size += strlen(cli->arguments[i]) + 1;
	text = malloc(size);
	if (!text) {
		tscf_error("%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	at = mempcpy(text, f->text, f->length);
	if (f->length > 0 && at[-1] != '\n')
		*at++ = '\n';
	for (unsigned i = 0; i < cli->argument_count; i++) {
		if (has(f, cli->arguments[i]))
			continue;
		at = mempcpy(at, cli->arguments[i], strlen(cli->arguments[i]));
		*at++ = '\n';
	}
	err = text_file_write(f, text, (size_t)(at - text));
	free(text);
	return err;
}

/** Write the file without the names.  @return 0 or -errno (logged). */
static int remove_from(const struct text_file *f, const struct tscf_cli *cli)
{
	char *text = malloc(f->length + 1), *at = text;
	int err;

	if (!text) {
		tscf_error("%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	for (const char *line = f->text; *line != '\0'; line += line_length(line))
		if (!is_of_one(line, cli))
			at = mempcpy(at, line, line_length(line));
	err = text_file_write(f, text, (size_t)(at - text));
	free(text);
	return err;
}

/* --- commands --- */

/** A name is a line of the file that is no comment, and has no blanks around it. */
static int check_names(const struct tscf_cli *cli)
{
	for (unsigned i = 0; i < cli->argument_count; i++) {
		const char *name = cli->arguments[i];
		size_t length = strlen(name);

		tscf_text_strip(name, &length);
		if (name[0] != '\0' && name[0] != '#' && !strpbrk(name, "\r\n") && name[length] == '\0')
			continue;
		tscf_error("'%s': expected an identity, a common name or a pin", name);
		return -EINVAL;
	}
	return 0;
}

static int check_denied(const struct files *files, const struct tscf_cli *cli)
{
	for (unsigned i = 0; i < cli->argument_count; i++) {
		bool found = false;

		for (unsigned n = 0; n < files->count; n++)
			found |= has(&files->list[n], cli->arguments[i]);
		if (found)
			continue;
		tscf_error("%s: %s is not denied there", files->list[0].name, cli->arguments[i]);
		return -ENOENT;
	}
	return 0;
}

/** Change every file.  @return 0, or -errno (logged): those that come before the one that failed are changed. */
static int change_all(const struct files *files, const struct tscf_cli *cli,
		      int (*change)(const struct text_file *f, const struct tscf_cli *cli))
{
	int err = 0;

	for (unsigned n = 0; n < files->count && err == 0; n++)
		err = change(&files->list[n], cli);
	return err;
}

/** @return the exit status. */
static int finish(const struct server_config *c)
{
	if (force_files(c) == 0)
		return EXIT_SUCCESS;
	tscf_error("the file is changed, but the running server goes on as before: see its log, then reload it");
	return EXIT_FAILURE;
}

int denied_add(const struct tscf_cli *cli, const struct server_config *c)
{
	struct files files;
	int err = check_names(cli);

	if (err < 0 || open_all(&files, c, O_CREAT) < 0)
		return EXIT_FAILURE;
	err = change_all(&files, cli, add_to);
	close_all(&files);
	return err < 0 ? EXIT_FAILURE : finish(c);
}

int denied_remove(const struct tscf_cli *cli, const struct server_config *c)
{
	struct files files;
	int err;

	if (open_all(&files, c, 0) < 0)
		return EXIT_FAILURE;
	err = check_denied(&files, cli);
	if (err == 0)
		err = change_all(&files, cli, remove_from);
	close_all(&files);
	return err < 0 ? EXIT_FAILURE : finish(c);
}

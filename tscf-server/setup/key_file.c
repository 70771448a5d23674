/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/setup/key_file.h"

#include "common/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

int key_file_open(struct key_file *f, const char *name, bool make)
{
	char error[512];
	int err = text_file_open(&f->file, name, make ? O_CREAT : 0, 0600);

	if (err < 0)
		return err;
	err = tscf_psks_read(name, &f->psks, error, sizeof(error));
	if (err < 0) {
		tscf_error("%s", error);
		text_file_close(&f->file);
	}
	return err;
}

void key_file_close(struct key_file *f)
{
	tscf_psks_free(&f->psks);
	text_file_close(&f->file);
}

int key_file_put_back(const struct key_file *f)
{
	return text_file_write(&f->file, f->file.text, f->file.length);
}

int key_file_add(const struct key_file *f, const struct tscf_psk *more, size_t count)
{
	const size_t size = f->file.length + 1 + count * TSCF_PSK_LINE;
	char *text = calloc(1, size), *at;
	int err;

	if (!text) {
		tscf_error("%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	memcpy(text, f->file.text, f->file.length);
	at = text + f->file.length;
	if (f->file.length > 0 && at[-1] != '\n')
		*at++ = '\n';
	for (size_t i = 0; i < count; i++) {
		at += tscf_psk_format(&more[i], at);
		*at++ = '\n';
	}
	err = text_file_write(&f->file, text, (size_t)(at - text));
	explicit_bzero(text, size);
	free(text);
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/** @return whether the line of @p length bytes is that of one of the sorted @p names. */
static bool is_of(const char *line, size_t length, const char *const *names, size_t count)
{
	char identity[TSCF_PSK_IDENTITY_MAX + 1];
	const char *key = identity, *colon = memchr(line, ':', length);

	if (!colon || line[0] == '#' || colon - line > TSCF_PSK_IDENTITY_MAX)
		return false;
	memcpy(identity, line, (size_t)(colon - line));
	identity[colon - line] = '\0';
	return bsearch(&key, names, count, sizeof(*names), by_name) != NULL;
}

int key_file_remove(const struct key_file *f, const char *const *identities, size_t count)
{
	const char **names = calloc(count, sizeof(*names));
	char *text = malloc(f->file.length + 1), *at = text;
	int err = -ENOMEM;

	if (names && text) {
		memcpy(names, identities, count * sizeof(*names));
		qsort(names, count, sizeof(*names), by_name);
		for (const char *line = f->file.text; *line != '\0';) {
			size_t length = strcspn(line, "\n");

			length += line[length] == '\n';
			if (!is_of(line, length, names, count))
				at = mempcpy(at, line, length);
			line += length;
		}
		err = text_file_write(&f->file, text, (size_t)(at - text));
		explicit_bzero(text, f->file.length);
	} else {
		tscf_error("%s", strerror(ENOMEM));
	}
	free(text);
	free(names);
	return err;
}

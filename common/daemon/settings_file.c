/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a configuration file: see settings.h. */
#include "common/daemon/settings.h"

#include "common/base/log.h"
#include "common/base/reading.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define FILE_MAX   (1U << 20)
#define ERROR_TEXT 1024

/** Append the names that are allowed in the section, since libconfuse only reports the wrong name. */
static void append_known(char *text, size_t size, const cfg_t *cfg)
{
	size_t used = strlen(text);

	for (const cfg_opt_t *o = cfg->opts; o->name && used < size; o++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", o == cfg->opts ? "; expected one of " : ", ",
					 o->name);
}

/** Settings that earlier versions had. */
static const struct {
	const char *name, *why;
} gone[] = {
    {"strict-tsid", "a wrong session id always ends a tunnel; remove the line"},
};

/** libconfuse does not know the setting that @p text names.  @return whether an earlier version did: then say so. */
static bool explain_gone(char *text, size_t size)
{
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		const char *name = strchr(text, '\'');
		size_t length = strlen(gone[i].name);

		if (!name || strncmp(name + 1, gone[i].name, length) != 0 || name[1 + length] != '\'')
			continue;
		snprintf(text, size, "%s is gone: %s", gone[i].name, gone[i].why);
		return true;
	}
	return false;
}

static bool is_named(const cfg_opt_t *o, const char *name, size_t length)
{
	return strlen(o->name) == length && strncmp(o->name, name, length) == 0;
}

/** @return the section among @p options, or in one of them, that has this setting; or NULL. */
static const char *section_with(const cfg_opt_t *options, const char *name, size_t length)
{
	const char *found = NULL;

	for (const cfg_opt_t *o = options; o->name && !found; o++) {
		if (o->type != CFGT_SEC || !o->subopts)
			continue;
		for (const cfg_opt_t *inner = o->subopts; inner->name && !found; inner++)
			if (is_named(inner, name, length))
				found = o->name;
		if (!found)
			found = section_with(o->subopts, name, length);
	}
	return found;
}

/** @return whether the setting that @p text names is one of a section: then say of which. */
static bool explain_section(char *text, size_t size, const cfg_t *cfg)
{
	const char *name = strchr(text, '\'');
	size_t length = name ? strcspn(name + 1, "'") : 0;
	const char *section = name ? section_with(cfg->opts, name + 1, length) : NULL;
	size_t used = strlen(text);

	if (section)
		snprintf(text + used, size - used, " here: it belongs in a section %s { ... }", section);
	return section != NULL;
}

/** Errors in which libconfuse does not say what it expected. */
static const struct {
	const char *begin, *expected;
	bool named; /**< the name in the error comes before what is expected */
} terse[] = {
    {"missing title for section", " TITLE { ... }", true},
    {"missing equal sign after option", " = VALUE", true},
    {"unexpected token '{'", "one value, not a list", false},
    {"premature end of file", "a value", false},
};

static void append_expected(char *text, size_t size)
{
	const char *name = strchr(text, '\'');
	size_t used = strlen(text), length = name ? strcspn(name + 1, "'") : 0;

	for (size_t i = 0; i < sizeof(terse) / sizeof(terse[0]); i++)
		if (strncmp(text, terse[i].begin, strlen(terse[i].begin)) == 0)
			snprintf(text + used, size - used, ": expected %.*s%s", terse[i].named ? (int)length : 0,
				 name ? name + 1 : "", terse[i].expected);
}

static void __attribute__((format(printf, 2, 0))) report(cfg_t *cfg, const char *format, va_list ap)
{
	char text[ERROR_TEXT];

	vsnprintf(text, sizeof(text), format, ap);
	if (strncmp(text, "no such option", strlen("no such option")) == 0 && !explain_gone(text, sizeof(text)) &&
	    !explain_section(text, sizeof(text), cfg))
		append_known(text, sizeof(text), cfg);
	append_expected(text, sizeof(text));
	tscf_error("%s:%d: %s", cfg->filename, cfg->line, text);
}

/** @return the quote that ends the string beginning at @p c, or NULL: there is none on its line. */
static char *end_of_string(char *c)
{
	char quote = *c++;

	while (*c != '\0' && *c != '\n' && *c != quote)
		c += c[0] == '\\' && c[1] != '\0' ? 2 : 1;
	return *c == quote ? c : NULL;
}

static char *blank_until(char *c, const char *end)
{
	char *stop = strstr(c, end);

	if (!stop)
		stop = c + strlen(c);
	for (; c < stop; c++)
		if (*c != '\n')
			*c = ' ';
	return c;
}

/**
 * Blank out the comment that begins at @p c.  @return the character after it; @p c if there is no comment; NULL: the
 * comment has no end.
 */
static char *blank_comment(char *c, bool in_word)
{
	/* Inside an unquoted word "//" is part of the word, as in a URL. */
	if (*c == '#' || (!in_word && c[0] == '/' && c[1] == '/'))
		return blank_until(c, "\n");
	if (c[0] != '/' || c[1] != '*')
		return c;
	if (!strstr(c + 2, "*/"))
		return NULL;
	memset(c, ' ', 2);
	c = blank_until(c, "*/");
	memset(c, ' ', 2);
	return c;
}

/**
 * Replace comments by blanks.  libconfuse 3.3 counts the end of a one-line comment three times and that of a block
 * comment twice, so every line number after a comment would be wrong.  It also accepts the end of the file in place of
 * a closing brace, and if a quote is missing it takes what follows for a text of several lines.
 *
 * @return NULL, or the construct that has no end, with what was expected in *expected.
 */
static const char *prepare(char *text, const char **expected)
{
	const char *brace = NULL; /* the outermost open brace */
	unsigned depth = 0;
	bool word = false;

	for (char *c = text, *next; *c != '\0'; c = next) {
		bool quoted = *c == '"' || *c == '\'';

		next = quoted ? end_of_string(c) : blank_comment(c, word);
		*expected = quoted ? "quote without end: expected another one on the same line"
				   : "comment without end: expected */";
		if (!next)
			return c;
		word = next == c && !strchr(" \t\r\n={}(),+", *c);
		if (*c == '{' && depth++ == 0)
			brace = c;
		if (*c == '}' && depth > 0)
			depth--;
		if (quoted || next == c)
			next++;
	}
	*expected = "brace without end: expected }";
	return depth > 0 ? brace : NULL;
}

static int line_of(const char *text, const char *position)
{
	int line = 1;

	for (; text < position; text++)
		line += *text == '\n';
	return line;
}

/**
 * @return the whole file, its last line ended with a newline, which the caller frees, or NULL with the reason logged
 * and in *err.
 */
static char *read_file(const char *file, int *err)
{
	char *text = malloc(FILE_MAX + 2);
	FILE *stream;
	size_t length = 0;

	tscf_reading_note(file);
	stream = fopen(file, "re");
	*err = 0;
	if (!stream || !text)
		*err = -errno;
	if (*err == 0) {
		length = fread(text, 1, FILE_MAX + 1, stream);
		if (ferror(stream))
			*err = -errno;
		else if (length > FILE_MAX)
			*err = -EFBIG;
	}
	if (stream)
		fclose(stream);
	if (*err == 0 && memchr(text, '\0', length)) {
		tscf_error("%s: holds a zero byte: expected text", file);
		*err = -EINVAL;
	} else if (*err != 0) {
		tscf_error("%s: %s", file, strerror(-*err));
	}
	if (*err != 0) {
		free(text);
		return NULL;
	}
	if (length == 0 || text[length - 1] != '\n')
		text[length++] = '\n';
	text[length] = '\0';
	return text;
}

/** Parse @p text, the contents of @p file.  @return 0, -EINVAL or -ENOMEM. */
static int parse_text(cfg_t *cfg, const char *file, char *text)
{
	const char *expected, *open = prepare(text, &expected);
	FILE *stream;
	int err = 0;

	if (open) {
		tscf_error("%s:%d: %s", file, line_of(text, open), expected);
		return -EINVAL;
	}
	cfg_set_error_function(cfg, report);
	/* libconfuse frees this name with cfg. */
	cfg->filename = strdup(file);
	stream = fmemopen(text, strlen(text), "r");
	if (!cfg->filename || !stream)
		err = -ENOMEM;
	else if (cfg_parse_fp(cfg, stream) != CFG_SUCCESS)
		err = -EINVAL;
	if (stream)
		fclose(stream);
	return err;
}

void tscf_settings_quote(FILE *f, const char *text)
{
	/* In single quotes only these two need a backslash, and $ means nothing. */
	fputc('\'', f);
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			fputc('\\', f);
		fputc(*text, f);
	}
	fputc('\'', f);
}

int tscf_settings_parse(cfg_t *cfg, const char *file)
{
	int err;
	char *text = read_file(file, &err);

	if (text)
		err = parse_text(cfg, file, text);
	free(text);
	return err;
}

/** Reading it ends at once. */
static bool is_null_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

int tscf_settings_check_again(const char *file)
{
	struct stat st;

	tscf_reading_note(file);
	if (stat(file, &st) < 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || is_null_device(&st))
		return 0;
	tscf_error("%s: not an ordinary file: it was read at the start and cannot be read again", file);
	return -EOPNOTSUPP;
}

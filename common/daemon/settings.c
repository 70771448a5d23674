/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/daemon/settings.h"

#include "common/base/level.h"
#include "common/base/log.h"

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

int tscf_number_parse(const char *text, unsigned long low, unsigned long high, unsigned long *out)
{
	int base = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
	unsigned long value;
	char *end;

	/* strtoul accepts signs, white space and a second "0x"; we do not. */
	if (!isxdigit((unsigned char)text[base == 16 ? 2 : 0]))
		return -EINVAL;
	errno = 0;
	value = strtoul(text, &end, base);
	if (errno != 0 || *end != '\0' || value < low || value > high)
		return -EINVAL;
	*out = value;
	return 0;
}

int tscf_setting_number(const struct tscf_setting *s, const char *text, void *field)
{
	unsigned long value;

	if (tscf_number_parse(text, s->low, s->high, &value) != 0)
		return -EINVAL;
	if (field)
		*(unsigned *)field = (unsigned)value;
	return 0;
}

int tscf_setting_number_or_zero(const struct tscf_setting *s, const char *text, void *field)
{
	unsigned long value;

	if (tscf_number_parse(text, 0, 0, &value) != 0)
		return tscf_setting_number(s, text, field);
	if (field)
		*(unsigned *)field = 0;
	return 0;
}

int tscf_setting_port(const struct tscf_setting *s, const char *text, void *field)
{
	unsigned long value;

	if (tscf_number_parse(text, s->low, s->high, &value) != 0)
		return -EINVAL;
	if (field)
		*(uint16_t *)field = (uint16_t)value;
	return 0;
}

int tscf_setting_bool(const struct tscf_setting *s, const char *text, void *field)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};

	(void)s;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]) != 0)
			continue;
		if (field)
			*(bool *)field = i % 2 == 1;
		return 0;
	}
	return -EINVAL;
}

int tscf_setting_replace(char **field, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

int tscf_setting_text(const struct tscf_setting *s, const char *text, void *field)
{
	(void)s;
	if (text[0] == '\0')
		return -EINVAL;
	return field ? tscf_setting_replace(field, text) : 0;
}

int tscf_setting_path(const struct tscf_setting *s, const char *text, void *field)
{
	return text[0] == '/' ? tscf_setting_text(s, text, field) : -EINVAL;
}

int tscf_setting_socket(const struct tscf_setting *s, const char *text, void *field)
{
	if (strlen(text) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return -EINVAL;
	return tscf_setting_path(s, text, field);
}

int tscf_setting_device(const struct tscf_setting *s, const char *text, void *field)
{
	if (strlen(text) >= IFNAMSIZ || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return -EINVAL;
	/* The kernel would take '%' for a request to choose a number. */
	for (const char *c = text; *c != '\0'; c++)
		if (!isgraph((unsigned char)*c) || strchr("/:%", *c))
			return -EINVAL;
	return tscf_setting_text(s, text, field);
}

int tscf_setting_level(const struct tscf_setting *s, const char *text, void *field)
{
	enum tscf_level level;

	(void)s;
	if (tscf_level_parse(text, &level) != 0)
		return -EINVAL;
	if (field)
		*(enum tscf_level *)field = level;
	return 0;
}

int tscf_setting_log_level(const struct tscf_setting *s, const char *text, void *field)
{
	enum tscf_log_level level;

	(void)s;
	if (tscf_log_level_parse(text, &level) != 0)
		return -EINVAL;
	if (field)
		*(enum tscf_log_level *)field = level;
	return 0;
}

const struct tscf_setting *tscf_setting_find(const struct tscf_setting *table, const char *name)
{
	for (const struct tscf_setting *s = table; s->name; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

static void *field_of(const struct tscf_setting *s, void *base)
{
	return base ? (char *)base + s->offset : NULL;
}

/** @return the text that messages show for a value. */
static const char *shown(const struct tscf_setting *s, const char *text)
{
	return (s->flags & TSCF_SETTING_SECRET) ? "..." : text;
}

int tscf_setting_option(const struct tscf_setting *table, const char *name, const char *text, void *base)
{
	const struct tscf_setting *s = tscf_setting_find(table, name);
	int err = s->parse(s, text, field_of(s, base));

	if (err == -EINVAL)
		tscf_error("--%s %s: expected %s", name, shown(s, text), s->expected);
	else if (err != 0)
		tscf_error("--%s: %s", name, strerror(-err));
	return err;
}

unsigned tscf_settings_declare(const struct tscf_setting *table, cfg_opt_t *options, cfg_validate_callback_t validate)
{
	unsigned count = 0;

	/* All settings are strings for libconfuse, so that every wrong value is reported in our words. */
	for (const struct tscf_setting *s = table; s->name; s++) {
		cfg_opt_t plain = CFG_STR(s->name, NULL, CFGF_NODEFAULT);
		cfg_opt_t list = CFG_STR_LIST(s->name, NULL, CFGF_NODEFAULT);

		options[count] = (s->flags & TSCF_SETTING_LIST) ? list : plain;
		options[count++].validcb = validate;
	}
	return count;
}

int tscf_settings_validate(const struct tscf_setting *table, cfg_t *cfg, cfg_opt_t *opt)
{
	const struct tscf_setting *s = tscf_setting_find(table, cfg_opt_name(opt));
	unsigned count = cfg_opt_size(opt);
	const char *text = count > 0 ? cfg_opt_getnstr(opt, count - 1) : NULL;

	bool many = (s->flags & TSCF_SETTING_LIST) && s->high > 0 && count > s->high;

	if (!text || (!many && s->parse(s, text, NULL) != -EINVAL))
		return 0;
	cfg_error(cfg, "%s = \"%s\": expected %s", s->name, shown(s, text), s->expected);
	return -1;
}

int tscf_settings_take(const struct tscf_setting *table, cfg_t *cfg, void *base)
{
	for (const struct tscf_setting *s = table; s->name; s++) {
		cfg_opt_t *opt = cfg_getopt(cfg, s->name);

		for (unsigned i = 0; i < cfg_opt_size(opt); i++) {
			int err = s->parse(s, cfg_opt_getnstr(opt, i), field_of(s, base));

			if (err != 0)
				return err;
		}
	}
	return 0;
}

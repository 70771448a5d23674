/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings.h - settings by name: from a configuration file (libconfuse) and from the command line.
 *
 * A table gives, for each setting, how its text is parsed, where the value is stored and what is expected.  File and
 * command line use the same table, so both accept the same texts and report errors in the same words:
 *
 *     tscf-client: error: /etc/tscf/tscf-client.conf:7: mtu = "9000": expected a number from 576 to 1500 (...)
 *     tscf-client: error: --mtu 9000: expected a number from 576 to 1500 (...)
 */
#ifndef TSCF_SETTINGS_H
#define TSCF_SETTINGS_H

#include <confuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** May be given as a list { "a", "b" }; parse is called for each element.  A file has at most `high` of them (0: any
 * number). */
#define TSCF_SETTING_LIST 0x01U
/**
 * A file name.  In a file it must be absolute (the daemon changes its directory); on the command line a relative name
 * is made absolute.
 */
#define TSCF_SETTING_PATH 0x02U
/** May hold a password: the value is not shown in messages. */
#define TSCF_SETTING_SECRET 0x04U

struct tscf_setting {
	const char *name;     /**< NULL ends a table */
	const char *expected; /**< completes "expected ..." */
	/** Parse @p text into @p field (NULL: only check it).  @return 0, -EINVAL, or -ENOMEM. */
	int (*parse)(const struct tscf_setting *s, const char *text, void *field);
	size_t offset;           /**< of the field in the structure that is filled in */
	unsigned long low, high; /**< bounds of numbers */
	unsigned flags;          /**< TSCF_SETTING_* */
};

/** @return the setting called @p name, or NULL. */
const struct tscf_setting *tscf_setting_find(const struct tscf_setting *table, const char *name);

/**
 * Store the value of --NAME TEXT from the command line in the structure at @p base (NULL: only check).  Errors are
 * logged.
 *
 * @return 0, -EINVAL, or -ENOMEM.
 */
int tscf_setting_option(const struct tscf_setting *table, const char *name, const char *text, void *base);

/* --- parsers of texts; each is a `parse` --- */

/** unsigned: decimal or 0x hexadecimal, from low to high. */
int tscf_setting_number(const struct tscf_setting *s, const char *text, void *field);
/** unsigned: 0, or from low to high. */
int tscf_setting_number_or_zero(const struct tscf_setting *s, const char *text, void *field);
/** uint16_t: from low to high. */
int tscf_setting_port(const struct tscf_setting *s, const char *text, void *field);
/** bool: true, yes, on, 1 and their opposites. */
int tscf_setting_bool(const struct tscf_setting *s, const char *text, void *field);
/** char *: not empty; the old text is freed. */
int tscf_setting_text(const struct tscf_setting *s, const char *text, void *field);
/** char *: an absolute file name; the old text is freed. */
int tscf_setting_path(const struct tscf_setting *s, const char *text, void *field);
/** char *: like tscf_setting_path, and short enough for the address of a Unix socket. */
int tscf_setting_socket(const struct tscf_setting *s, const char *text, void *field);
/** char *: a name that the kernel accepts for a network device. */
int tscf_setting_device(const struct tscf_setting *s, const char *text, void *field);
/** enum tscf_level, enum tscf_log_level: by name. */
int tscf_setting_level(const struct tscf_setting *s, const char *text, void *field);
int tscf_setting_log_level(const struct tscf_setting *s, const char *text, void *field);

/** Replace the string *field by a copy of @p text.  @return 0 or -ENOMEM. */
int tscf_setting_replace(char **field, const char *text);
/** Parse a whole text as one number; no sign, no white space.  @return 0 or -EINVAL. */
int tscf_number_parse(const char *text, unsigned long low, unsigned long high, unsigned long *out);

/* --- configuration files --- */

/** Write @p text to @p f in quotes, so that a configuration file has it as it is. */
void tscf_settings_quote(FILE *f, const char *text);

/**
 * Declare a table's settings to libconfuse: fills @p options, one for each setting.  Each is checked by @p validate,
 * which calls tscf_settings_validate.
 *
 * @return the number of options filled; the caller adds sections and CFG_END().
 */
unsigned tscf_settings_declare(const struct tscf_setting *table, cfg_opt_t *options, cfg_validate_callback_t validate);
/** Check the value of @p opt that was read last.  @return 0, or -1 with the error reported through cfg_error(). */
int tscf_settings_validate(const struct tscf_setting *table, cfg_t *cfg, cfg_opt_t *opt);
/** Store every setting that @p cfg holds in the structure at @p base.  @return 0 or -ENOMEM. */
int tscf_settings_take(const struct tscf_setting *table, cfg_t *cfg, void *base);
/**
 * Read @p file (at most 1 MiB) into @p cfg.  Errors are logged with file and line.
 *
 * @return 0, -EINVAL (its content is wrong), or -errno (it cannot be read).
 */
int tscf_settings_parse(cfg_t *cfg, const char *file);

/**
 * For a daemon that runs: a FIFO or a terminal instead of the file would stop its event loop.  A file that cannot be
 * looked at is left to tscf_settings_parse.
 *
 * @return 0, or -EOPNOTSUPP (logged) if reading @p file might wait.
 */
int tscf_settings_check_again(const char *file);

#endif

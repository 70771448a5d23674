/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log.h - log lines; every message of the programs to people goes through here.
 *
 * Lines go to standard error, one write() each: "tscf-client: warning: text"; those of a daemon that runs, by a thread
 * of their own (log_queue.h).  When standard error is the journal ($JOURNAL_STREAM names it) lines carry the
 * sd-daemon(3) "<N>" prefix instead of name and word: the journal has the name already.  A line with fields goes to the
 * journal's own socket then (journal.h).  Control characters in the text are shown as '?', lines longer than 1023 bytes
 * are cut.  Nothing here is ever called per packet.  Any thread may
 * write lines and set the level.
 */
#ifndef TSCF_LOG_H
#define TSCF_LOG_H

#include "common/base/journal.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum tscf_log_level { TSCF_LOG_ERROR, TSCF_LOG_WARNING, TSCF_LOG_INFO, TSCF_LOG_DEBUG };

/** Set the name lines begin with and the least important level that is still shown.  @p program must stay valid. */
void tscf_log_init(const char *program, enum tscf_log_level level);
/** From now on lines go to syslog(3): for a daemon that has left its terminal. */
void tscf_log_to_syslog(void);
/** Set the least important level that is still shown. */
void tscf_log_set_level(enum tscf_log_level level);
/** "error", "warning", "info", "debug".  @return 0, or -EINVAL. */
int tscf_log_level_parse(const char *name, enum tscf_log_level *out);
/** @return whether lines of @p level are shown: to save the work of a line that is not. */
bool tscf_log_enabled(enum tscf_log_level level);

/** Takes a line of at most 1024 bytes, of which the last is a newline. */
typedef void (*tscf_log_sink)(enum tscf_log_level level, const char *line, size_t length);
/** From now on @p sink gets the lines instead; it may be called by any thread (log_queue.h). */
void tscf_log_divert(tscf_log_sink sink);
/** Write a line that a sink was given to where lines go; this may block. */
void tscf_log_write(enum tscf_log_level level, const char *line, size_t length);

/** Write one line; a newline is added.  errno is kept. */
void tscf_log(enum tscf_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** The same with fields, up to one with name NULL, by which people can find the line in the journal.  Elsewhere they
 * are left out. */
void tscf_log_fields(enum tscf_log_level level, const struct tscf_log_field *fields, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** What these are given is evaluated only if the line is shown: addresses are formatted there, for thousands of tunnels
 * a second. */
#define TSCF_LOG_IF_SHOWN(level, ...) (tscf_log_enabled(level) ? tscf_log(level, __VA_ARGS__) : (void)0)
#define tscf_error(...)               TSCF_LOG_IF_SHOWN(TSCF_LOG_ERROR, __VA_ARGS__)
#define tscf_warning(...)             TSCF_LOG_IF_SHOWN(TSCF_LOG_WARNING, __VA_ARGS__)
#define tscf_info(...)                TSCF_LOG_IF_SHOWN(TSCF_LOG_INFO, __VA_ARGS__)
#define tscf_debug(...)               TSCF_LOG_IF_SHOWN(TSCF_LOG_DEBUG, __VA_ARGS__)

/** Warnings and errors that are kept, each cut to so many bytes. */
#define TSCF_LOG_RECENT      8
#define TSCF_LOG_RECENT_TEXT 240

struct tscf_log_past {
	time_t first, last; /**< when it was written, or first and last if the same text came again and again */
	unsigned count;     /**< how often */
	char text[TSCF_LOG_RECENT_TEXT];
};

/** Copy the last different warnings and errors of this process, the oldest first.  @return how many. */
unsigned tscf_log_recent(struct tscf_log_past out[TSCF_LOG_RECENT]);

#endif

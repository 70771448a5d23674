/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/base/log.h"

#include "common/base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

/** Longest line, newline included; longer lines are cut.  Below PIPE_BUF, so that lines of two processes never mix. */
#define LINE_MAX_BYTES 1024

static const struct {
	const char *name;
	unsigned priority; /* sd-daemon(3) */
} levels[] = {
    [TSCF_LOG_ERROR] = {"error", 3},
    [TSCF_LOG_WARNING] = {"warning", 4},
    [TSCF_LOG_INFO] = {"info", 6},
    [TSCF_LOG_DEBUG] = {"debug", 7},
};

#define LEVELS (sizeof(levels) / sizeof(levels[0]))

static struct {
	const char *program;
	bool journal;
	/* These may change while other threads write lines. */
	_Atomic(enum tscf_log_level) level;
	atomic_bool syslog;
	_Atomic(tscf_log_sink) sink; /**< NULL: lines are written at once */
	/* The warnings and errors that are kept, for one thread at a time. */
	atomic_flag busy;
	unsigned past_count;
	struct tscf_log_past past[TSCF_LOG_RECENT];
} log_state = {.program = "tscf", .level = TSCF_LOG_INFO, .busy = ATOMIC_FLAG_INIT};

/** Every process that a service starts inherits $JOURNAL_STREAM: it applies only if it names our own standard error. */
static bool stderr_is_journal(void)
{
	const char *text = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat st;

	if (!text || sscanf(text, "%ju:%ju", &device, &inode) != 2 || fstat(STDERR_FILENO, &st) < 0)
		return false;
	return st.st_dev == device && st.st_ino == inode;
}

void tscf_log_init(const char *program, enum tscf_log_level level)
{
	log_state.program = program;
	log_state.level = level;
	log_state.journal = stderr_is_journal();
}

void tscf_log_to_syslog(void)
{
	openlog(log_state.program, LOG_PID, LOG_DAEMON);
	log_state.syslog = true;
}

void tscf_log_set_level(enum tscf_log_level level)
{
	log_state.level = level;
}

int tscf_log_level_parse(const char *name, enum tscf_log_level *out)
{
	for (size_t i = 0; i < LEVELS; i++) {
		if (strcmp(name, levels[i].name) == 0) {
			*out = (enum tscf_log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

bool tscf_log_enabled(enum tscf_log_level level)
{
	return level <= log_state.level;
}

/** Put the line at @p i behind the others, in its place for the newest. */
static void make_newest(unsigned i)
{
	struct tscf_log_past one = log_state.past[i];

	memmove(&log_state.past[i], &log_state.past[i + 1], (log_state.past_count - 1 - i) * sizeof(one));
	log_state.past[log_state.past_count - 1] = one;
}

/** Keep a line.  Another thread that does the same at this moment wins: nobody waits here. */
static void keep(const char *text)
{
	struct tscf_log_past one = {.first = time(NULL), .count = 0};
	unsigned i = 0;

	snprintf(one.text, sizeof(one.text), "%.*s", (int)sizeof(one.text) - 1, text);
	if (atomic_flag_test_and_set(&log_state.busy))
		return;
	while (i < log_state.past_count && strcmp(log_state.past[i].text, one.text) != 0)
		i++;
	if (i == log_state.past_count && i < TSCF_LOG_RECENT)
		log_state.past[log_state.past_count++] = one;
	else if (i == log_state.past_count)
		log_state.past[i = 0] = one;
	log_state.past[i].last = one.first;
	log_state.past[i].count++;
	make_newest(i);
	atomic_flag_clear(&log_state.busy);
}

unsigned tscf_log_recent(struct tscf_log_past out[TSCF_LOG_RECENT])
{
	unsigned count = 0;

	if (atomic_flag_test_and_set(&log_state.busy))
		return 0;
	count = log_state.past_count;
	memcpy(out, log_state.past, count * sizeof(*out));
	atomic_flag_clear(&log_state.busy);
	return count;
}

/** @return the number of bytes that a printf wrote into @p room bytes, given its result. */
static size_t printed(int result, size_t room)
{
	if (result < 0)
		return 0;
	return (size_t)result < room ? (size_t)result : room - 1;
}

void tscf_log_divert(tscf_log_sink sink)
{
	log_state.sink = sink;
}

void tscf_log_write(enum tscf_log_level level, const char *line, size_t length)
{
	if (log_state.syslog)
		syslog((int)levels[level].priority, "%.*s", (int)length - 1, line);
	else
		(void)!write(STDERR_FILENO, line, length); /* a failure cannot be reported anywhere */
}

/* The text begins at @p head of @p line; there is room for a newline behind it. */
static void pass_on(enum tscf_log_level level, const struct tscf_log_field *fields, char *line, size_t head,
		    size_t length)
{
	const tscf_log_sink sink = log_state.sink;

	/* This does not wait; if the journal takes nothing now, the line waits with the others. */
	if (fields && !log_state.syslog && log_state.journal &&
	    tscf_journal_send(TSCF_JOURNAL_SOCKET, levels[level].priority, log_state.program, line + head, fields) == 0)
		return;
	line[length++] = '\n';
	(sink ? sink : tscf_log_write)(level, line, length);
}

static void __attribute__((format(printf, 3, 0)))
log_line(enum tscf_log_level level, const struct tscf_log_field *fields, const char *format, va_list arguments)
{
	int saved = errno;
	char line[LINE_MAX_BYTES];
	size_t room = sizeof(line), head, length;

	if ((size_t)level >= LEVELS || !tscf_log_enabled(level))
		return;

	if (log_state.syslog)
		head = 0;
	else if (log_state.journal)
		head = printed(snprintf(line, room, "<%u>", levels[level].priority), room);
	else
		head = printed(snprintf(line, room, "%s: %s: ", log_state.program, levels[level].name), room);

	errno = saved; /* for %m */
	length = head + printed(vsnprintf(line + head, room - head, format, arguments), room - head);

	/* Texts from the other end reach the log. */
	tscf_text_hide_controls(line + head, length - head);
	line[length] = '\0';
	if (level <= TSCF_LOG_WARNING)
		keep(line + head);
	pass_on(level, fields, line, head, length);
	errno = saved;
}

void tscf_log(enum tscf_log_level level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(level, NULL, format, arguments);
	va_end(arguments);
}

void tscf_log_fields(enum tscf_log_level level, const struct tscf_log_field *fields, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_line(level, fields, format, arguments);
	va_end(arguments);
}

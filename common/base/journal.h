/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal.h - sends a line of the log with fields to systemd's journal, in its native protocol
 * (https://systemd.io/JOURNAL_NATIVE_PROTOCOL), without its library: that waits when the journal is slow.
 */
#ifndef TSCF_JOURNAL_H
#define TSCF_JOURNAL_H

#define TSCF_JOURNAL_SOCKET "/run/systemd/journal/socket"

/** A field of a line.  @p name is of upper case letters and underscores; control characters in @p value are sent as
 * '?'. */
struct tscf_log_field {
	const char *name, *value;
};

/**
 * Send one line to the journal whose socket is @p path, without waiting.
 *
 * @param priority as in sd-daemon(3)
 * @param program what the line is shown with
 * @param text without control characters
 * @param fields up to one with name NULL
 * @return 0, or -errno: -EAGAIN the journal is busy, -EMSGSIZE more than 4 KB, -ENOENT there is none.
 */
int tscf_journal_send(const char *path, unsigned priority, const char *program, const char *text,
		      const struct tscf_log_field *fields);

#endif

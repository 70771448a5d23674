/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * capture_file.h - the file that a capture is written to: pcapng (pcapng.h), with one interface for each place of
 * tap.h.
 */
#ifndef TSCF_CAPTURE_FILE_H
#define TSCF_CAPTURE_FILE_H

#include "common/capture/tap.h"

#include <stdio.h>

struct tscf_capture_file {
	FILE *out;
	const char *name; /**< for messages */
};

/**
 * Make the file @p name, with mode 0600; "-" is standard output.  A file that exists is an error, unless @p force is
 * set: then it is replaced, if it is an ordinary file.  @p program is named as the writer.
 *
 * @return 0 with the file in *out, or -errno (logged).
 */
int tscf_capture_file_open(const char *name, bool force, const char *program, struct tscf_capture_file *out);
/** Write the packet at @p data, whose comment is at @p comment.  @return 0 or -errno. */
int tscf_capture_file_packet(struct tscf_capture_file *file, const struct tscf_tap_record *record, const char *comment,
			     const uint8_t *data);
/** Write all that is buffered.  @return 0 or -errno. */
int tscf_capture_file_flush(struct tscf_capture_file *file);
/** Write the statistics, unless @p counts is NULL, and close the file.  @return 0 or -errno. */
int tscf_capture_file_close(struct tscf_capture_file *file, const struct tscf_tap_counts *counts);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * capture_command.h - the commands `tscf-client capture` and `tscf-server capture`: get the packets from the daemon
 * (capture.h) and write them to a file (capture_file.h), until a signal, a limit, or the end of the daemon.
 */
#ifndef TSCF_CAPTURE_COMMAND_H
#define TSCF_CAPTURE_COMMAND_H

#include "common/capture/selection.h"
#include "common/capture/tap.h"
#include "common/control/control.h"
#include "common/daemon/cli.h"

struct tscf_capture_command {
	const char *program; /**< of the daemon */
	const char *writer;  /**< program and version, for the file */
	const char *control; /**< path of the control socket */
	struct tscf_capture_selection selection;
	const char *file;
	bool force;            /**< replace the file if it exists */
	unsigned long count;   /**< end after so many packets; 0: no limit */
	unsigned long seconds; /**< end after so long; 0: no limit */
	/** @return whether this packet is to be written.  NULL: all. */
	bool (*wanted)(void *context, const struct tscf_tap_record *record, const uint8_t *data);
	void *context;
};

/**
 * Read FILE, --proto, --port, --remote, --count, --seconds and --force of a command line into *out,
 * whose other members are 0.
 *
 * @return 0, or -EINVAL (logged).
 */
int tscf_capture_command_read(const struct tscf_cli *cli, struct tscf_capture_command *out);
/** @return the exit status of the program; errors are logged. */
int tscf_capture_command_run(const struct tscf_capture_command *command);

#endif

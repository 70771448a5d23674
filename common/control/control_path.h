/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control_path.h - the file system side of a listening control socket.
 */
#ifndef TSCF_CONTROL_PATH_H
#define TSCF_CONTROL_PATH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** Which socket file is ours: another daemon may since have put its own in the same place. */
struct tscf_control_file {
	uint32_t device_major, device_minor;
	uint64_t inode;
	int64_t born_ns; /**< since 1970; 0 if the file system does not know */
	mode_t mode;     /**< when it was looked at */
};

/**
 * A listening, non-blocking Unix stream socket at @p path; see tscf_control_listen for what happens to a file that is
 * already there.
 *
 * @return the socket, or -errno.
 */
int tscf_control_path_listen(const char *path, mode_t mode, struct tscf_control_file *file);
/** @return whether the file at @p path is still the one in @p file. */
bool tscf_control_path_is_ours(const char *path, const struct tscf_control_file *file);
/** Give it @p mode, if it is still the one in @p file.  @return 0 or -errno. */
int tscf_control_path_mode(const char *path, const struct tscf_control_file *file, mode_t mode);
/** Remove the socket file if it is still the one in @p file. */
void tscf_control_path_remove(const char *path, const struct tscf_control_file *file);

#endif

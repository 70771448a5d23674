/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control_path.h - the file system side of a listening control socket.
 */
#ifndef TSCF_CONTROL_PATH_H
#define TSCF_CONTROL_PATH_H

#include <sys/types.h>

/** Which socket file is ours: another daemon may have put its own in the same place since. */
struct tscf_control_file {
	dev_t device;
	ino_t inode;
};

/**
 * A listening, non-blocking Unix stream socket at @p path; see tscf_control_listen for what happens to what is there
 * already.
 *
 * @return the socket, or -errno.
 */
int tscf_control_path_listen(const char *path, mode_t mode, struct tscf_control_file *file);
/** Remove the socket file if it is still the one in @p file. */
void tscf_control_path_remove(const char *path, const struct tscf_control_file *file);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * real.h - the real functions behind our hooks: those of the next library in line, which need not be libc (preloaded
 * libraries may be stacked).
 */
#ifndef TSCF_PRELOAD_REAL_H
#define TSCF_PRELOAD_REAL_H

#include <sys/socket.h>

/** Makes a function visible to the program; everything else in the library is hidden. */
#define PRELOAD_HOOK __attribute__((visibility("default")))

/* Each does what the function of its name does, and sets errno as that does.  If no library has it, the kernel is
 * called. */
int preload_real_socket(int domain, int type, int protocol);
int preload_real_bind(int fd, const struct sockaddr *address, socklen_t length);
int preload_real_connect(int fd, const struct sockaddr *address, socklen_t length);
int preload_real_setsockopt(int fd, int level, int option, const void *value, socklen_t length);
int preload_real_getsockopt(int fd, int level, int option, void *value, socklen_t *length);
ssize_t preload_real_sendmsg(int fd, const struct msghdr *message, int flags);
int preload_real_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);

#endif

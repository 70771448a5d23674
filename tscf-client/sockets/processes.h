/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * processes.h - which process owns a socket: from socket inodes to processes and back, through /proc and
 * pidfd_getfd(2).
 */
#ifndef TSCF_CLIENT_PROCESSES_H
#define TSCF_CLIENT_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** A process that has a socket. */
struct owner {
	uint32_t inode;
	pid_t pid;
	char program[32]; /**< /proc/PID/comm, as text (text.h) */
	uint32_t note;    /**< for the caller's use */
};

/**
 * Find a process for each of the @p count inodes in @p owners (inode set), which are sorted by inode; pid stays 0 where
 * none is found.  This process is named only if no other has the socket: it may have a copy for a moment.
 */
void processes_find_owners(struct owner *owners, unsigned count);

/** In place of the user that owns a process. */
#define PROCESSES_ANY_OWNER ((int64_t)-1)

/**
 * Call @p each with a duplicate of every socket descriptor of process @p pid, which must belong to @p owner; the callee
 * owns the descriptor.
 *
 * @return the number of sockets, or -errno: -ESRCH no such process, -EPERM; @p each may have been called for some
 * sockets even then.
 */
int processes_each_socket(pid_t pid, int64_t owner, void (*each)(void *context, pid_t pid, int fd), void *context);

/** Duplicate the descriptor of process @p pid, which must belong to @p owner, that refers to the socket with @p inode.
 * @return a descriptor, or -errno. */
int processes_take_socket(pid_t pid, int64_t owner, uint32_t inode);

/** Which sockets are wanted, and what becomes of them. */
struct processes_wish {
	/** @return whether the socket with @p inode is wanted, still. */
	bool (*wants)(void *context, uint32_t inode);
	/** Process @p pid has a wanted socket.  @p fd: a duplicate, which is the callee's; or -errno: that process does
	 * not give it (-EPERM). */
	void (*take)(void *context, pid_t pid, uint32_t inode, int fd);
	void *context;
};

/**
 * Take the wanted sockets of process @p pid, which must belong to @p owner.
 *
 * @return 0 or -errno: -ESRCH no such process, -EPERM; some may have been taken even then.
 */
int processes_take(pid_t pid, int64_t owner, const struct processes_wish *wish);

/**
 * Take the wanted sockets of all processes; those of others than @p owner are offered with -EPERM.  A socket may have
 * several processes, of which some have it for a moment only: each is asked, while the socket is wanted, and this
 * process last.
 *
 * @return 0, or -errno if a process could not be looked at; others have been, even then.
 */
int processes_take_any(int64_t owner, const struct processes_wish *wish);

/** @return 1 if @p is holds for any socket descriptor of any process that this one may inspect, 0 if not, or -errno if
 * it cannot be known; @p is gets a duplicate. */
int processes_any_socket(bool (*is)(void *context, int fd), void *context);

/** The name of process @p pid (/proc/PID/comm) as text; "" if it is not known. */
void processes_program(pid_t pid, char *name, size_t size);

/** The file that process @p pid runs from, absolute; "" if that is not known, or too long for @p size. */
void processes_executable(pid_t pid, char *name, size_t size);

/** The value of a variable in the environment that @p pid was started with, truncated to @p size.  @return whether it
 * is set. */
bool processes_environment(pid_t pid, const char *variable, char *value, size_t size);

/** Call @p each for every process. */
void processes_each(void (*each)(void *context, pid_t pid), void *context);

/** @return whether process @p pid has a file mapped whose name ends with @p suffix. */
bool processes_has_mapped(pid_t pid, const char *suffix);

/** @return the user that owns the process @p pid, or -1 if there is no such process. */
int64_t processes_uid(pid_t pid);

#endif

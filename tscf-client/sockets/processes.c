/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/sockets/processes.h"

#include "common/base/text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/** A socket descriptor of a process. */
struct found {
	pid_t pid;
	int fd;
	uint32_t inode;
};

/* Call `visit` for each socket descriptor of a process, until it returns nonzero.  @return that, or -errno. */
static int walk_sockets(pid_t pid, int (*visit)(void *context, const struct found *f), void *context)
{
	char path[64], link[64];
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	int result = 0, error = 0;
	struct dirent *entry;
	while (result == 0 && (entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);
		if (n <= 0) {
			/* A descriptor closed meanwhile is no error. */
			if (n < 0 && errno != ENOENT && errno != EINVAL && error == 0)
				error = -errno;
			continue;
		}
		link[n] = '\0';
		struct found f = {.pid = pid, .fd = atoi(entry->d_name)};
		if (sscanf(link, "socket:[%u]", &f.inode) == 1)
			result = visit(context, &f);
	}
	closedir(dir);
	return result != 0 ? result : error;
}

struct owners {
	struct owner *list;
	unsigned count;
};

static int by_inode(const void *a, const void *b)
{
	uint32_t x = ((const struct owner *)a)->inode, y = ((const struct owner *)b)->inode;
	return (x > y) - (x < y);
}

void processes_program(pid_t pid, char *program, size_t size)
{
	char path[64], name[64];
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, name, sizeof(name));
	/* A newline ends it.  The name itself may hold any bytes, and the kernel may have cut a character in two. */
	tscf_text_copy(name, n > 0 ? (size_t)n - 1 : 0, program, size);
	if (fd >= 0)
		close(fd);
}

/* A socket may be listed twice.  A process without a name has probably just ended: another one may have the socket. */
static int note_owner(void *context, const struct found *f)
{
	struct owners *o = context;
	struct owner key = {.inode = f->inode};
	struct owner *hit = bsearch(&key, o->list, o->count, sizeof(key), by_inode), *end = o->list + o->count;
	if (!hit || hit->program[0] != '\0' || (hit->pid != 0 && f->pid == getpid()))
		return 0;
	while (hit > o->list && hit[-1].inode == f->inode)
		hit--;
	for (; hit < end && hit->inode == f->inode; hit++) {
		hit->pid = f->pid;
		processes_program(f->pid, hit->program, sizeof(hit->program));
	}
	return 0;
}

void processes_find_owners(struct owner *owners, unsigned count)
{
	struct owners o = {owners, count};
	DIR *proc = count > 0 ? opendir("/proc") : NULL;
	if (!proc)
		return;
	qsort(owners, count, sizeof(*owners), by_inode);
	struct dirent *entry;
	while ((entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) && atoi(entry->d_name) != getpid())
			walk_sockets(atoi(entry->d_name), note_owner, &o);
	closedir(proc);
	walk_sockets(getpid(), note_owner, &o);
}

/* A descriptor of the process stands for it: its number may be another process's soon.  @return that, or -errno: -EPERM
 * it does not belong to @p owner. */
static int open_process(pid_t pid, int64_t owner)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return -errno;
	if (owner == PROCESSES_ANY_OWNER || processes_uid(pid) == owner)
		return pidfd;
	close(pidfd);
	return -EPERM;
}

static int take_fd(int pidfd, int fd)
{
	int copy = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	return copy < 0 ? -errno : copy;
}

struct each {
	int pidfd;
	void (*each)(void *context, pid_t pid, int fd);
	void *context;
	int count, error;
};

static int give_socket(void *context, const struct found *f)
{
	struct each *e = context;
	int fd = take_fd(e->pidfd, f->fd);
	if (fd >= 0) {
		e->count++;
		e->each(e->context, f->pid, fd);
	} else if (fd != -EBADF) {
		/* A descriptor closed meanwhile is no error; a missing permission is. */
		e->error = fd;
	}
	return 0;
}

int processes_each_socket(pid_t pid, int64_t owner, void (*each)(void *context, pid_t pid, int fd), void *context)
{
	struct each e = {open_process(pid, owner), each, context, 0, 0};
	if (e.pidfd < 0)
		return e.pidfd;
	int error = walk_sockets(pid, give_socket, &e);
	close(e.pidfd);
	if (error < 0)
		return error;
	return e.error < 0 ? e.error : e.count;
}

struct wanted {
	uint32_t inode;
	int fd;
};

static int is_wanted(void *context, const struct found *f)
{
	struct wanted *w = context;
	if (f->inode != w->inode)
		return 0;
	w->fd = f->fd;
	return 1;
}

int processes_take_socket(pid_t pid, int64_t owner, uint32_t inode)
{
	struct wanted w = {inode, -1};
	int pidfd = open_process(pid, owner), fd;
	if (pidfd < 0)
		return pidfd;
	fd = walk_sockets(pid, is_wanted, &w);
	if (fd >= 0)
		fd = w.fd < 0 ? -ENOENT : take_fd(pidfd, w.fd);
	close(pidfd);
	return fd;
}

struct taking {
	int pidfd; /* or -errno */
	const struct processes_wish *wish;
};

static bool is_inode(int fd, uint32_t inode)
{
	struct stat st;
	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) && (uint32_t)st.st_ino == inode;
}

static int take_wanted(void *context, const struct found *f)
{
	const struct taking *t = context;
	if (!t->wish->wants(t->wish->context, f->inode))
		return 0;
	int fd = t->pidfd < 0 ? t->pidfd : take_fd(t->pidfd, f->fd);
	/* The descriptor was closed meanwhile, and its number may be another file's, or the process has ended. */
	if (fd == -EBADF || fd == -ESRCH)
		return 0;
	if (fd >= 0 && !is_inode(fd, f->inode))
		close(fd);
	else
		t->wish->take(t->wish->context, f->pid, f->inode, fd);
	return 0;
}

int processes_take(pid_t pid, int64_t owner, const struct processes_wish *wish)
{
	struct taking t = {open_process(pid, owner), wish};
	if (t.pidfd < 0)
		return t.pidfd;
	int error = walk_sockets(pid, take_wanted, &t);
	close(t.pidfd);
	return error;
}

/* Sockets of a process that may not be looked into are found with no process. */
static int take_of_one(pid_t pid, int64_t owner, const struct processes_wish *wish)
{
	struct taking t = {open_process(pid, owner), wish};
	int error = t.pidfd;
	if (t.pidfd >= 0 || t.pidfd == -EPERM)
		error = walk_sockets(pid, take_wanted, &t);
	if (t.pidfd >= 0)
		close(t.pidfd);
	return error == -ESRCH || error == -EPERM || error == -EACCES ? 0 : error;
}

int processes_take_any(int64_t owner, const struct processes_wish *wish)
{
	DIR *proc = opendir("/proc");
	if (!proc)
		return -errno;
	int result = 0, error;
	struct dirent *entry;
	while ((entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]) || atoi(entry->d_name) == getpid())
			continue;
		error = take_of_one(atoi(entry->d_name), owner, wish);
		result = result < 0 ? result : error;
	}
	closedir(proc);
	error = take_of_one(getpid(), owner, wish);
	return result < 0 ? result : error;
}

struct any {
	int pidfd;
	bool (*is)(void *context, int fd);
	void *context;
};

static int is_any(void *context, const struct found *f)
{
	const struct any *a = context;
	int fd = take_fd(a->pidfd, f->fd);
	if (fd < 0)
		return fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM ? fd : 0;
	bool is = a->is(a->context, fd);
	close(fd);
	return is;
}

/* @return 1, 0, or -errno: want of descriptors or memory, not of a right. */
static int has_any(pid_t pid, struct any *a)
{
	a->pidfd = open_process(pid, PROCESSES_ANY_OWNER);
	int found = a->pidfd < 0 ? a->pidfd : walk_sockets(pid, is_any, a);
	if (a->pidfd >= 0)
		close(a->pidfd);
	return found == -ESRCH || found == -EPERM || found == -EACCES ? 0 : found;
}

int processes_any_socket(bool (*is)(void *context, int fd), void *context)
{
	struct any a = {-1, is, context};
	int found = 0;
	DIR *proc = opendir("/proc");
	if (!proc)
		return -errno;
	struct dirent *entry;
	while (found == 0 && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			found = has_any(atoi(entry->d_name), &a);
	closedir(proc);
	return found;
}

int64_t processes_uid(pid_t pid)
{
	char path[64];
	struct stat st;
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return stat(path, &st) < 0 ? -1 : (int64_t)st.st_uid;
}

void processes_executable(pid_t pid, char *name, size_t size)
{
	static const char replaced[] = " (deleted)";
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	ssize_t n = readlink(path, name, size);
	size_t length = n > 0 && (size_t)n < size ? (size_t)n : 0;
	name[length] = '\0';
	/* The program was upgraded while it runs. */
	if (length > sizeof(replaced) && strcmp(name + length - (sizeof(replaced) - 1), replaced) == 0)
		name[length - (sizeof(replaced) - 1)] = '\0';
}

static FILE *open_of(pid_t pid, const char *file)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return fopen(path, "re");
}

bool processes_environment(pid_t pid, const char *variable, char *value, size_t size)
{
	FILE *file = open_of(pid, "environ");
	size_t length = strlen(variable), room = 0;
	char *entry = NULL;
	bool found = false;
	while (file && !found && getdelim(&entry, &room, '\0', file) > 0) {
		found = strncmp(entry, variable, length) == 0 && entry[length] == '=';
		if (found)
			snprintf(value, size, "%s", entry + length + 1);
	}
	free(entry);
	if (file)
		fclose(file);
	return found;
}

bool processes_has_mapped(pid_t pid, const char *suffix)
{
	FILE *file = open_of(pid, "maps");
	size_t room = 0, length = strlen(suffix);
	char *line = NULL;
	ssize_t n;
	bool found = false;
	while (file && !found && (n = getline(&line, &room, file)) > 0)
		found = (size_t)n > length && strncmp(line + n - 1 - length, suffix, length) == 0;
	free(line);
	if (file)
		fclose(file);
	return found;
}

void processes_each(void (*each)(void *context, pid_t pid), void *context)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	while (proc && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			each(context, atoi(entry->d_name));
	if (proc)
		closedir(proc);
}

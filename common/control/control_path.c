/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/control/control_path.h"

#include "common/control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define DIRECTORY_MODE 0755
#define LOCK_ATTEMPTS  50
#define LOCK_PAUSE_MS  10

static int make_directory(const char *path)
{
	if (mkdir(path, DIRECTORY_MODE) != 0)
		return errno == EEXIST ? 0 : -errno;
	/* Whatever the umask: every user must be able to reach the socket. */
	return chmod(path, DIRECTORY_MODE) == 0 ? 0 : -errno;
}

/* Make the missing directories above @p path; leave the nearest one in @p parent. */
static int make_parents(const char *path, char *parent, size_t size)
{
	char *slash;

	if (strlen(path) >= size)
		return -ENAMETOOLONG;
	strcpy(parent, path);
	for (slash = strchr(parent + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int error;

		*slash = '\0';
		error = make_directory(parent);
		if (error != 0)
			return error;
		*slash = '/';
	}
	slash = strrchr(parent, '/');
	if (!slash)
		strcpy(parent, ".");
	else
		slash[slash == parent ? 1 : 0] = '\0';
	return 0;
}

/*
 * Two daemons that start at once must not take each other's fresh socket for a stale one.  The directory itself is
 * locked, so that no lock file stays behind.  Any user who can read the directory could hold that lock, so a lock that
 * cannot be had does not stop the daemon.
 */
static int lock_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int attempt;

	for (attempt = 0; fd >= 0 && attempt < LOCK_ATTEMPTS; attempt++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
			break;
		poll(NULL, 0, LOCK_PAUSE_MS);
	}
	return fd;
}

/* @return 0 if no program answers at @p address, -EADDRINUSE if one does, -EEXIST if the file is not ours to remove, or
 * another -errno. */
static int check_stale(const struct sockaddr_un *address)
{
	struct stat status;
	int sock, error;

	if (lstat(address->sun_path, &status) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return -errno;
	error = connect(sock, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : errno;
	close(sock);
	return error == ECONNREFUSED || error == ENOENT ? 0 : -EADDRINUSE;
}

void tscf_control_flush(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return;
	strcpy(address.sun_path, path);
	if (check_stale(&address) == 0)
		unlink(path);
}

static int bind_socket(int sock, const struct sockaddr_un *address, mode_t mode)
{
	int error;

	/* The file is created with the mode of the socket's inode: it never has more rights than asked for. */
	if (fchmod(sock, mode) != 0)
		return -errno;
	if (bind(sock, (const struct sockaddr *)address, sizeof(*address)) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	error = check_stale(address);
	if (error != 0)
		return error;
	if (unlink(address->sun_path) != 0 && errno != ENOENT)
		return -errno;
	return bind(sock, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : -errno;
}

/* An inode number may be used again at once; its birth time, where the file system has one, tells the two apart. */
static int look_at(const char *path, struct tscf_control_file *file)
{
	struct statx status;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_MODE | STATX_BTIME, &status) != 0)
		return -errno;
	*file = (struct tscf_control_file){.device_major = status.stx_dev_major,
					   .device_minor = status.stx_dev_minor,
					   .inode = status.stx_ino,
					   .mode = status.stx_mode & 07777};
	if (status.stx_mask & STATX_BTIME)
		file->born_ns = status.stx_btime.tv_sec * INT64_C(1000000000) + status.stx_btime.tv_nsec;
	return 0;
}

static bool same(const struct tscf_control_file *a, const struct tscf_control_file *b)
{
	return a->device_major == b->device_major && a->device_minor == b->device_minor && a->inode == b->inode &&
	       a->born_ns == b->born_ns;
}

static int listen_locked(int sock, const struct sockaddr_un *address, mode_t mode, struct tscf_control_file *file)
{
	int error = bind_socket(sock, address, mode);

	if (error != 0)
		return error;
	/* bind() applied the umask, which may have taken too much away. */
	if (look_at(address->sun_path, file) == 0 && chmod(address->sun_path, mode) == 0 &&
	    listen(sock, SOMAXCONN) == 0)
		return 0;
	error = -errno;
	unlink(address->sun_path);
	return error;
}

int tscf_control_path_listen(const char *path, mode_t mode, struct tscf_control_file *file)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char directory[PATH_MAX];
	int sock, lock, error;

	if (path[0] == '\0')
		return -EINVAL;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	error = make_parents(path, directory, sizeof(directory));
	if (error != 0)
		return error;
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return -errno;
	lock = lock_directory(directory);
	error = listen_locked(sock, &address, mode, file);
	if (lock >= 0)
		close(lock);
	if (error != 0)
		close(sock);
	return error != 0 ? error : sock;
}

bool tscf_control_path_is_ours(const char *path, const struct tscf_control_file *file)
{
	struct tscf_control_file there;

	return look_at(path, &there) == 0 && same(&there, file);
}

int tscf_control_path_mode(const char *path, const struct tscf_control_file *file, mode_t mode)
{
	struct tscf_control_file there;

	if (look_at(path, &there) != 0 || !same(&there, file) || there.mode == mode)
		return 0;
	return chmod(path, mode) == 0 ? 0 : -errno;
}

void tscf_control_path_remove(const char *path, const struct tscf_control_file *file)
{
	if (tscf_control_path_is_ours(path, file))
		unlink(path);
}

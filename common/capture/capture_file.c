/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/capture/capture_file.h"

#include "common/base/log.h"
#include "common/capture/pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char *name, *description;
} places[TSCF_TAP_PLACES] = {
    [TSCF_TAP_PLAIN] = {"plain", "carried by the plain tunnel"},
    [TSCF_TAP_ENCRYPTED] = {"encrypted", "carried by the encrypted tunnel"},
    [TSCF_TAP_HELD] = {"held", "waited for the encrypted tunnel"},
    [TSCF_TAP_DROPPED] = {"dropped", "not carried; the comment says why"},
};

static int put(struct tscf_capture_file *file, const uint8_t *block, size_t length)
{
	if (length > 0 && fwrite(block, 1, length, file->out) == length)
		return 0;
	return errno > 0 ? -errno : -EIO;
}

/** Only an ordinary file is replaced, and what a name points to is not. */
static int remove_old(const char *name)
{
	struct stat status;

	if (lstat(name, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISREG(status.st_mode))
		return -EEXIST;
	return unlink(name) < 0 ? -errno : 0;
}

static int make(const char *name, bool force, FILE **out)
{
	int err = force ? remove_old(name) : 0;
	int fd;

	if (err < 0)
		return err;
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	*out = fdopen(fd, "wb");
	if (*out)
		return 0;
	err = -errno;
	close(fd);
	return err;
}

static int put_head(struct tscf_capture_file *file, const char *program)
{
	uint8_t block[TSCF_PCAPNG_BLOCK];
	int err = put(file, block, tscf_pcapng_section(block, sizeof(block), program));

	for (unsigned i = 0; err == 0 && i < TSCF_TAP_PLACES; i++)
		err = put(file, block,
			  tscf_pcapng_interface(block, sizeof(block), places[i].name, places[i].description));
	return err == 0 ? tscf_capture_file_flush(file) : err;
}

int tscf_capture_file_open(const char *name, bool force, const char *program, struct tscf_capture_file *out)
{
	int err = 0;

	if (strcmp(name, "-") == 0) {
		*out = (struct tscf_capture_file){.out = stdout, .name = "standard output"};
		if (isatty(STDOUT_FILENO)) {
			tscf_error("capture: a terminal cannot show it: name a file, or pipe it to wireshark -k -i -");
			return -EINVAL;
		}
	} else {
		*out = (struct tscf_capture_file){.name = name};
		err = make(name, force, &out->out);
	}
	if (err == -EEXIST && !force)
		tscf_error("%s exists: choose another name, or use --force", name);
	else if (err == -EEXIST)
		tscf_error("%s is no ordinary file: it is not replaced", name);
	else if (err < 0 || (err = put_head(out, program)) < 0)
		tscf_error("%s: %s", out->name, strerror(-err));
	return err;
}

int tscf_capture_file_packet(struct tscf_capture_file *file, const struct tscf_tap_record *record, const char *comment,
			     const uint8_t *data)
{
	uint8_t block[TSCF_PCAPNG_BLOCK + TSCF_TAP_CAPTURED_MAX];
	const struct tscf_pcapng_packet packet = {.interface = record->place,
						  .direction = record->direction == TSCF_TAP_IN ? TSCF_PCAPNG_INBOUND
												: TSCF_PCAPNG_OUTBOUND,
						  .time = record->time,
						  .data = data,
						  .captured = record->captured,
						  .original = record->original,
						  .comment = record->comment_length > 0 ? comment : NULL,
						  .comment_length = record->comment_length};

	return put(file, block, tscf_pcapng_packet(block, sizeof(block), &packet));
}

int tscf_capture_file_flush(struct tscf_capture_file *file)
{
	return fflush(file->out) == 0 ? 0 : -errno;
}

static int put_statistics(struct tscf_capture_file *file, const struct tscf_tap_counts *counts)
{
	uint8_t block[TSCF_PCAPNG_BLOCK];
	struct timespec now;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	for (unsigned i = 0; err == 0 && i < TSCF_TAP_PLACES; i++)
		err = put(file, block,
			  tscf_pcapng_statistics(block, sizeof(block), i,
						 (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec,
						 counts->seen[i], counts->lost[i]));
	return err;
}

int tscf_capture_file_close(struct tscf_capture_file *file, const struct tscf_tap_counts *counts)
{
	int err = counts ? put_statistics(file, counts) : 0;

	if (fclose(file->out) != 0 && err == 0)
		err = -errno;
	return err;
}

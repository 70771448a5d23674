/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/auth/enrolments.h"

#include "common/base/file.h"
#include "common/base/text.h"
#include "common/base/thread.h"
#include "common/crypto/hash.h"
#include "common/crypto/random.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define HEADER "# Invitations that were used once, and the keys of their clients.  Record "
/** The header, the name of the record, and a newline. */
#define HEADER_SIZE (sizeof(HEADER) - 1 + 2 * (size_t)TSCF_PSK_RECORD + 1)
/** Enough for more clients than a server has room for. */
#define FILE_MAX (256L << 20)

struct entry {
	struct tscf_enrolment enrolment;
	bool waits; /* to be written */
	int err;    /* why it could not be written; nobody was told */
	struct entry *next;
	UT_hash_handle hh;
};

struct tscf_enrolments {
	pthread_mutex_t lock;
	int fd;       /* the thread's, if there is one, with the next member */
	off_t length; /* of the complete lines */
	uint8_t name[TSCF_PSK_RECORD];
	struct entry *by_invitation;
	struct entry *first; /* of those that wait; the thread is writing it */
	pthread_t thread;
	pthread_cond_t wake, stopped;
	bool running, stop, ended;
	bool hangs; /* the thread was left behind, and may still use all this */
	void (*written)(void *context);
	void *context;
};

/* --- lines --- */

size_t tscf_enrolment_format(const struct tscf_enrolment *e, char line[TSCF_ENROLMENT_LINE])
{
	char *at = stpcpy(line, e->identity);

	*at++ = ':';
	at = tscf_hex_put(at, e->invitation, sizeof(e->invitation));
	*at++ = ':';
	at = tscf_hex_put(at, e->share, sizeof(e->share));
	*at++ = ':';
	at = tscf_hex_put(at, e->key, sizeof(e->key));
	*at++ = '\n';
	*at = '\0';
	return (size_t)(at - line);
}

/** Take ":" and the digits of @p size bytes from the front of the text. */
static bool take_field(const char **text, size_t *length, uint8_t *out, size_t size)
{
	if (*length < 1 + 2 * size || **text != ':' || !tscf_hex_get(*text + 1, 2 * size, out, size))
		return false;
	*text += 1 + 2 * size;
	*length -= 1 + 2 * size;
	return true;
}

int tscf_enrolment_parse(const char *line, size_t length, struct tscf_enrolment *out)
{
	const char *colon = memchr(line, ':', length);
	const size_t size = colon ? (size_t)(colon - line) : 0;

	memset(out, 0, sizeof(*out));
	if (!tscf_psk_identity_valid(line, size))
		return -EINVAL;
	memcpy(out->identity, line, size);
	line += size;
	length -= size;
	return take_field(&line, &length, out->invitation, sizeof(out->invitation)) &&
		       take_field(&line, &length, out->share, sizeof(out->share)) &&
		       take_field(&line, &length, out->key, sizeof(out->key)) && length == 0
		   ? 0
		   : -EINVAL;
}

/* --- reading --- */

int tscf_enrolments_make(const char *file)
{
	char text[HEADER_SIZE + 1];
	uint8_t name[TSCF_PSK_RECORD];
	int err;

	tscf_random(name, sizeof(name));
	*tscf_hex_put(stpcpy(text, HEADER), name, sizeof(name)) = '\n';
	err = tscf_file_create(file, 0600, text, HEADER_SIZE);
	return err == -EEXIST ? 0 : err;
}

/** @return the entry, or NULL: out of memory. */
static struct entry *keep(struct tscf_enrolments *e, const struct tscf_enrolment *enrolment)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->enrolment = *enrolment;
	HASH_ADD(hh, e->by_invitation, enrolment.invitation, sizeof(enrolment->invitation), entry);
	if (entry->hh.tbl)
		return entry;
	explicit_bzero(entry, sizeof(*entry));
	free(entry);
	return NULL;
}

static void drop(struct tscf_enrolments *e, struct entry *entry)
{
	HASH_DEL(e->by_invitation, entry);
	explicit_bzero(entry, sizeof(*entry));
	free(entry);
}

/** Read the complete lines of @p text after the first.  @return 0, or -errno with the error. */
static int take_lines(struct tscf_enrolments *e, const char *file, const char *text, size_t length, char *error,
		      size_t size)
{
	const char *at = text + HEADER_SIZE, *end;
	struct tscf_enrolment enrolment;
	unsigned number = 1;
	int err = 0;

	while (err == 0 && (end = memchr(at, '\n', length - (size_t)(at - text))) != NULL) {
		number++;
		err = tscf_enrolment_parse(at, (size_t)(end - at), &enrolment);
		if (err == 0 && !keep(e, &enrolment))
			err = -ENOMEM;
		if (err < 0)
			snprintf(error, size, "%s:%u: %s", file, number,
				 err == -EINVAL ? "expected IDENTITY:INVITATION:SHARE:KEY" : strerror(-err));
		at = end + 1;
	}
	e->length = at - text;
	explicit_bzero(&enrolment, sizeof(enrolment));
	return err;
}

static int take_text(struct tscf_enrolments *e, const char *file, const char *text, size_t length, char *error,
		     size_t size)
{
	const size_t before = sizeof(HEADER) - 1;

	if (length >= HEADER_SIZE && memcmp(text, HEADER, before) == 0 && text[HEADER_SIZE - 1] == '\n' &&
	    tscf_hex_get(text + before, 2 * sizeof(e->name), e->name, sizeof(e->name)))
		return take_lines(e, file, text, length, error, size);
	snprintf(error, size, "%s:1: is not a record of used invitations", file);
	return -EINVAL;
}

/** Read at most @p size bytes.  @return how many, or -errno. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t got = pread(fd, text + length, size - length, (off_t)length);

		if (got == 0)
			break;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			length += (size_t)got;
	}
	return (ssize_t)length;
}

static int take_file(struct tscf_enrolments *e, const char *file, char *error, size_t size)
{
	struct stat st;
	char *text = NULL;
	ssize_t length = fstat(e->fd, &st) < 0 ? -errno : st.st_size > FILE_MAX ? -EFBIG : 0;
	int err;

	if (length == 0) {
		text = malloc((size_t)st.st_size + 1);
		length = text ? read_all(e->fd, text, (size_t)st.st_size) : -ENOMEM;
	}
	err = length < 0 ? (int)length : take_text(e, file, text, (size_t)length, error, size);
	if (length < 0)
		snprintf(error, size, "%s: %s", file, strerror(-err));
	if (text)
		explicit_bzero(text, (size_t)st.st_size);
	free(text);
	return err;
}

struct tscf_enrolments *tscf_enrolments_open(const char *file, bool add, char *error, size_t size)
{
	struct tscf_enrolments *e = calloc(1, sizeof(*e));
	int err;

	if (!e) {
		snprintf(error, size, "%s", strerror(ENOMEM));
		return NULL;
	}
	pthread_mutex_init(&e->lock, NULL);
	tscf_condition_init(&e->wake);
	tscf_condition_init(&e->stopped);
	e->fd = open(file, (add ? O_RDWR | O_APPEND : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW);
	err = e->fd < 0 ? -errno : 0;
	if (err < 0)
		snprintf(error, size, "%s: %s", file, strerror(-err));
	if (err == 0)
		err = take_file(e, file, error, size);
	if (err == 0 && add && ftruncate(e->fd, e->length) < 0) {
		err = -errno;
		snprintf(error, size, "%s: %s", file, strerror(-err));
	}
	if (err == 0)
		return e;
	tscf_enrolments_free(e);
	return NULL;
}

void tscf_enrolments_free(struct tscf_enrolments *e)
{
	struct entry *entry, *next;

	if (!e)
		return;
	tscf_enrolments_stop(e);
	if (e->hangs)
		return;
	HASH_ITER(hh, e->by_invitation, entry, next)
		drop(e, entry);
	if (e->fd >= 0)
		close(e->fd);
	pthread_cond_destroy(&e->wake);
	pthread_cond_destroy(&e->stopped);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

/* --- use --- */

const uint8_t *tscf_enrolments_name(const struct tscf_enrolments *e)
{
	return e->name;
}

bool tscf_enrolments_have(const struct tscf_enrolments *e, const struct tscf_psk *psk)
{
	return e && memcmp(e->name, psk->record, sizeof(e->name)) == 0;
}

/** @return the entry of the invitation @p psk, or NULL; the caller holds the lock. */
static struct entry *find(const struct tscf_enrolments *e, const struct tscf_psk *psk)
{
	uint8_t invitation[32];
	struct entry *entry;

	tscf_sha256(psk->key, psk->key_length, invitation);
	HASH_FIND(hh, e->by_invitation, invitation, sizeof(invitation), entry);
	return entry && strcmp(entry->enrolment.identity, psk->identity) == 0 ? entry : NULL;
}

bool tscf_enrolments_find(struct tscf_enrolments *e, const struct tscf_psk *psk, struct tscf_enrolment *out)
{
	const struct entry *entry;

	pthread_mutex_lock(&e->lock);
	entry = find(e, psk);
	if (entry && (entry->waits || entry->err < 0))
		entry = NULL;
	if (entry)
		*out = entry->enrolment;
	pthread_mutex_unlock(&e->lock);
	return entry != NULL;
}

/** Write a line to the disk.  @return 0, or -errno with the file as it was. */
static int write_line(struct tscf_enrolments *e, const struct tscf_enrolment *enrolment)
{
	char line[TSCF_ENROLMENT_LINE];
	const size_t length = tscf_enrolment_format(enrolment, line);
	struct stat st;
	int err = fstat(e->fd, &st) < 0 ? -errno : 0;

	/* After the next start the server would not find what it writes into a file that was removed. */
	if (err == 0 && st.st_nlink == 0)
		err = -ENOENT;
	if (err == 0)
		err = tscf_file_write_all(e->fd, line, length);
	explicit_bzero(line, sizeof(line));
	if (err == 0)
		e->length += (off_t)length;
	else if (ftruncate(e->fd, e->length) < 0)
		err = -errno;
	return err;
}

/** Write @p entry, here or in the thread.  @return 0, -EINPROGRESS, or another -errno. */
static int record(struct tscf_enrolments *e, struct entry *entry)
{
	struct entry **end = &e->first;

	if (!e->running)
		return write_line(e, &entry->enrolment);
	if (e->stop)
		return -ESHUTDOWN;
	while (*end)
		end = &(*end)->next;
	*end = entry;
	entry->waits = true;
	pthread_cond_signal(&e->wake);
	return -EINPROGRESS;
}

/** @return what the caller is told of the entry @p known, which is forgotten if it could not be written. */
static int tell(struct tscf_enrolments *e, struct entry *known, struct tscf_enrolment *out)
{
	int err = known->waits ? -EINPROGRESS : known->err;

	*out = known->enrolment;
	if (err < 0 && !known->waits)
		drop(e, known);
	return err;
}

static int add(struct tscf_enrolments *e, const struct tscf_psk *psk, const uint8_t *share, struct tscf_enrolment *out)
{
	struct entry *known = find(e, psk), *entry;
	int err;

	if (known)
		return tell(e, known, out);
	memset(out, 0, sizeof(*out));
	memcpy(out->identity, psk->identity, sizeof(out->identity));
	tscf_sha256(psk->key, psk->key_length, out->invitation);
	memcpy(out->share, share, sizeof(out->share));
	tscf_random(out->key, sizeof(out->key));
	entry = keep(e, out);
	err = entry ? record(e, entry) : -ENOMEM;
	if (entry && err < 0 && err != -EINPROGRESS)
		drop(e, entry);
	return err;
}

int tscf_enrolments_add(struct tscf_enrolments *e, const struct tscf_psk *psk, const uint8_t share[TSCF_KEY_SHARE_SIZE],
			struct tscf_enrolment *out)
{
	int err;

	pthread_mutex_lock(&e->lock);
	err = add(e, psk, share, out);
	pthread_mutex_unlock(&e->lock);
	return err;
}

/* --- the thread --- */

static void *write_waiting(void *argument)
{
	struct tscf_enrolments *e = argument;
	struct entry *entry;
	int err;

	pthread_mutex_lock(&e->lock);
	while (e->first || !e->stop) {
		entry = e->first;
		if (!entry) {
			pthread_cond_wait(&e->wake, &e->lock);
			continue;
		}
		/* An entry that waits stays as it is. */
		pthread_mutex_unlock(&e->lock);
		err = write_line(e, &entry->enrolment);
		pthread_mutex_lock(&e->lock);
		e->first = entry->next;
		entry->waits = false;
		entry->err = err;
		if (e->written)
			e->written(e->context);
	}
	e->ended = true;
	pthread_cond_signal(&e->stopped);
	pthread_mutex_unlock(&e->lock);
	return NULL;
}

int tscf_enrolments_start(struct tscf_enrolments *e, void (*written)(void *context), void *context)
{
	int err;

	e->written = written;
	e->context = context;
	err = tscf_thread_begin(&e->thread, write_waiting, e);
	e->running = err == 0;
	return err;
}

void tscf_enrolments_stop(struct tscf_enrolments *e)
{
	const struct timespec patience = tscf_deadline(TSCF_ENROLMENTS_PATIENCE_MS);
	int err = 0;

	if (!e || !e->running || e->stop)
		return;
	pthread_mutex_lock(&e->lock);
	e->stop = true;
	e->written = NULL;
	pthread_cond_signal(&e->wake);
	while (!e->ended && err == 0)
		err = pthread_cond_timedwait(&e->stopped, &e->lock, &patience);
	e->hangs = !e->ended;
	pthread_mutex_unlock(&e->lock);
	if (e->hangs)
		pthread_detach(e->thread);
	else
		pthread_join(e->thread, NULL);
}

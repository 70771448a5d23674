/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * enrolments.h - a server's record of the one-time invitations that have been used, and of the lasting keys that their
 * clients have got.
 *
 * tscf(7), "ONE-TIME INVITATIONS", is the specification.  An invitation is bound to the key share of the client that
 * uses it first.  That client gets the same lasting key as often as it asks, so that a loss of power at either end does
 * no harm; every other client is refused.
 *
 * The record is a file of lines "IDENTITY:INVITATION:SHARE:KEY" below a first line with the name of the record.  Lines
 * are only added.  An invitation names its record: if that is lost, the invitation is not valid in another one.
 * Several threads may use a record at a time.
 */
#ifndef TSCF_ENROLMENTS_H
#define TSCF_ENROLMENTS_H

#include "common/auth/psk.h"
#include "common/packet/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Name of the record's file in the state directory. */
#define TSCF_ENROLMENTS_FILE "enrolled-clients"

/** One invitation that has been used. */
struct tscf_enrolment {
	char identity[TSCF_PSK_IDENTITY_MAX + 1];
	uint8_t invitation[32];             /**< SHA-256 of its key */
	uint8_t share[TSCF_KEY_SHARE_SIZE]; /**< of the client that has used it */
	uint8_t key[TSCF_LASTING_KEY_SIZE]; /**< what that client has got */
};

/** Room for a line with its newline, and a NUL. */
#define TSCF_ENROLMENT_LINE (TSCF_PSK_IDENTITY_MAX + 2 * (32 + TSCF_KEY_SHARE_SIZE + TSCF_LASTING_KEY_SIZE) + 5)
/** Write the line of @p e, with its newline.  @return its length. */
size_t tscf_enrolment_format(const struct tscf_enrolment *e, char line[TSCF_ENROLMENT_LINE]);
/** Parse a line without its newline.  @return 0, or -EINVAL. */
int tscf_enrolment_parse(const char *line, size_t length, struct tscf_enrolment *out);

/** How long the end waits for a disk. */
#define TSCF_ENROLMENTS_PATIENCE_MS 2000

struct tscf_enrolments;

/** Make the file of a new record, unless there is one.  @return 0 or -errno. */
int tscf_enrolments_make(const char *file);
/**
 * Read a record.  What comes after the last newline was never written completely, and was never answered.
 *
 * @param add    whether tscf_enrolments_add will be called
 * @param error  of @p size bytes
 * @return the record, or NULL with the error.
 */
struct tscf_enrolments *tscf_enrolments_open(const char *file, bool add, char *error, size_t size);
/**
 * From now on a thread writes, so that packets do not wait for a disk.
 *
 * @param written  called in the thread when an invitation was recorded, or cannot be; it must not use the record
 * @return 0 or -errno.
 */
int tscf_enrolments_start(struct tscf_enrolments *e, void (*written)(void *context), void *context);
/** End the thread, and wait for what it writes, at most TSCF_ENROLMENTS_PATIENCE_MS; `written` is not called any more.
 * NULL is allowed. */
void tscf_enrolments_stop(struct tscf_enrolments *e);
/** Wipe and free; NULL is allowed. */
void tscf_enrolments_free(struct tscf_enrolments *e);

/** @return whether @p psk, of kind TSCF_PSK_INVITED, was made for this record; @p e may be NULL: no record. */
bool tscf_enrolments_have(const struct tscf_enrolments *e, const struct tscf_psk *psk);
/** @return the name of the record. */
const uint8_t *tscf_enrolments_name(const struct tscf_enrolments *e);
/** Find the invitation @p psk.  @return whether it is recorded that it has been used. */
bool tscf_enrolments_find(struct tscf_enrolments *e, const struct tscf_psk *psk, struct tscf_enrolment *out);
/**
 * Record that the client with this key share uses the invitation @p psk, unless it has been used.
 *
 * @return 0 with the entry of the invitation, which may be another client's, and is on the disk; -EINPROGRESS: the
 * thread writes an entry of it; or another -errno: it could not be written, and the next call tries again.
 */
int tscf_enrolments_add(struct tscf_enrolments *e, const struct tscf_psk *psk, const uint8_t share[TSCF_KEY_SHARE_SIZE],
			struct tscf_enrolment *out);

#endif

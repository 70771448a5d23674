/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * psk.h - pre-shared keys: a file of lines "IDENTITY:KEY", the key in hexadecimal.
 *
 * Empty lines and lines that begin with # are ignored.  An identity is 1 to 64 printable characters without blanks and
 * colons, a key 16 to 64 bytes.  Only the owner may have access to the file (mode 0600).
 *
 * The key of a one-time invitation is followed by ":until=SECONDS,record=ID" in the server's file, and by
 * ":share=SECRET" in the client's (enrolments.h).
 */
#ifndef TSCF_PSK_H
#define TSCF_PSK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TSCF_PSK_IDENTITY_MAX 64
#define TSCF_PSK_KEY_MIN      16
#define TSCF_PSK_KEY_MAX      64
/** Bytes of the name of a server's record of used invitations, and of the secret of a client's key share. */
#define TSCF_PSK_RECORD 8
#define TSCF_PSK_SHARE  32

enum tscf_psk_kind {
	TSCF_PSK_LASTING,
	TSCF_PSK_INVITED, /**< the server's line of a one-time invitation */
	TSCF_PSK_JOINING, /**< the client's */
};

struct tscf_psk {
	char identity[TSCF_PSK_IDENTITY_MAX + 1];
	uint8_t key[TSCF_PSK_KEY_MAX];
	uint8_t key_length;
	uint8_t kind;                    /**< enum tscf_psk_kind */
	int64_t until;                   /**< INVITED: last second in which it can be used, Unix time */
	uint8_t record[TSCF_PSK_RECORD]; /**< INVITED: where its use is recorded */
	uint8_t share[TSCF_PSK_SHARE];   /**< JOINING: the client's secret X25519 key, until it has a lasting key */
};

/** Sorted by identity. */
struct tscf_psks {
	struct tscf_psk *list;
	size_t count;
};

/**
 * Parse one line without its newline.
 *
 * @return 1 with *out, 0 for an empty line or a comment, or -EINVAL with the expected format in *expected.
 */
int tscf_psk_parse(const char *line, size_t length, struct tscf_psk *out, const char **expected);

/**
 * @return whether the @p length bytes at @p text are an identity: 1 to 64 printable ASCII characters without blanks and
 * colons, and not beginning with #.
 */
bool tscf_psk_identity_valid(const char *text, size_t length);

/** Room for a line and its NUL. */
#define TSCF_PSK_LINE (TSCF_PSK_IDENTITY_MAX + 1 + 2 * TSCF_PSK_KEY_MAX + 80)
/** Write the line of a key, without a newline, into @p line of TSCF_PSK_LINE bytes.  @return its length. */
size_t tscf_psk_format(const struct tscf_psk *psk, char *line);

/**
 * Read a file.
 *
 * @param error  of @p size bytes: the error, with file and line
 * @return 0, or -errno with nothing to free.
 */
int tscf_psks_read(const char *file, struct tscf_psks *out, char *error, size_t size);
/**
 * Replace the line of the identity of @p psk in a file by that of @p psk, atomically, and sync it to the disk.
 *
 * @return 0, or -errno: -ENOENT if the file has no such line.
 */
int tscf_psks_replace(const char *file, const struct tscf_psk *psk);
/** Wipe and free. */
void tscf_psks_free(struct tscf_psks *psks);
/** @return the key whose identity is the @p length bytes at @p identity, or NULL. */
const struct tscf_psk *tscf_psks_find(const struct tscf_psks *psks, const void *identity, size_t length);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * key_log.h - writes the keys of TLS and DTLS connections to a file, for debugging: whoever has the file can read and
 * forge what these connections carry.
 *
 * The format is that of SSLKEYLOGFILE, which Wireshark reads: a line "CLIENT_RANDOM", the client's random value, the
 * master secret of TLS 1.2 or DTLS 1.2.
 */
#ifndef TSCF_KEY_LOG_H
#define TSCF_KEY_LOG_H

struct WOLFSSL;

/**
 * Open the file @p path for keys, or make it, with mode 0600.  It must be an ordinary file that belongs to
 * this user, who alone can read and write it.  A warning is logged.
 *
 * @return a descriptor, or -errno (logged).
 */
int tscf_key_log_open(const char *path);
/** Make @p ssl, which is new, keep what the line needs until its handshake is done.  @p fd negative: nothing. */
void tscf_key_log_prepare(int fd, struct WOLFSSL *ssl);
/** The handshake of @p ssl is done: write its line.  Lines of several threads do not mix.  @p fd negative: nothing. */
void tscf_key_log_write(int fd, struct WOLFSSL *ssl);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * qr.h - a text as a QR code on the terminal, by the program qrencode.
 */
#ifndef TSCF_SERVER_QR_H
#define TSCF_SERVER_QR_H

/** Print the code of @p text, which goes to the program by a pipe, since other users see its arguments.  @return 0, or
 * -errno (logged): -ENOENT if qrencode is not installed. */
int qr_print(const char *text);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mark.h - marks that a program sets itself.
 *
 * The level of a socket is some bits of its mark.  A program that has the right to set marks knows nothing of them, and
 * would take the level away with its own: here they are put back into what it asks for.
 */
#ifndef TSCF_PRELOAD_MARK_H
#define TSCF_PRELOAD_MARK_H

#include <stdint.h>

/**
 * @p mark, which the program wants to set on @p fd or on a packet of it, with the client's bits as the socket has them.
 *
 * @return 0 with the mark in *out, or -EACCES if it is not known which bits those are, and a level may depend on them.
 */
int preload_mark_merge(int fd, uint32_t mark, uint32_t *out);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mark.h - handles marks that a program sets itself.
 *
 * The level of a socket is some bits of its mark.  A program that may set marks does not know these bits, and its own
 * mark would remove the level.  So the bits are added to the mark that it sets.
 */
#ifndef TSCF_PRELOAD_MARK_H
#define TSCF_PRELOAD_MARK_H

#include <stdint.h>

/**
 * Combine @p mark, which the program wants to set on @p fd or on one of its packets, with the client's bits of the
 * socket.
 *
 * @return 0 with the mark in *out, or -EACCES if those bits are not known, and a level may depend on them.
 */
int preload_mark_merge(int fd, uint32_t mark, uint32_t *out);

#endif

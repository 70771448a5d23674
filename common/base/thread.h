/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * thread.h - threads that no other thread joins.
 */
#ifndef TSCF_THREAD_H
#define TSCF_THREAD_H

#include <stddef.h>

/**
 * Start a detached thread that runs @p run with @p argument on a stack of @p stack bytes.  All signals are blocked in
 * it: the thread of the event loop handles them.
 *
 * @return 0 or -errno.
 */
int tscf_thread_start(void *(*run)(void *argument), void *argument, size_t stack);

#endif

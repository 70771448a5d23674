/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * terminal.h - the whole screen of a terminal, with its keys, for a command that shows something live.
 *
 * While a terminal is open it shows the alternate screen without a cursor, and keys come at once and are not echoed.
 * Signals that end or stop a program come as keys: so the terminal is restored before they have their effect.  Only
 * SIGKILL and crashes leave it as it is (reset(1) helps).  Escape sequences are those of ECMA-48, which every terminal
 * of today understands.
 */
#ifndef TSCF_TERMINAL_H
#define TSCF_TERMINAL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

/** Keys besides characters. */
enum tscf_key {
	TSCF_KEY_NONE = 0, /**< the time is over */
	TSCF_KEY_ESCAPE = 27,
	TSCF_KEY_UP = 0x100,
	TSCF_KEY_DOWN,
	TSCF_KEY_PAGE_UP,
	TSCF_KEY_PAGE_DOWN,
	TSCF_KEY_HOME,
	TSCF_KEY_END,
	TSCF_KEY_REDRAW, /**< the size has changed, or the program was stopped and goes on */
	TSCF_KEY_LEAVE,  /**< a signal ends the program, or the terminal is gone */
};

struct tscf_terminal {
	int in, out, signals;  /**< descriptors; signals: a signalfd(2) */
	struct termios before; /**< settings to restore */
	sigset_t mask;         /**< signals that were blocked before */
	int ended_by;          /**< the signal of TSCF_KEY_LEAVE, 0 if there was none */
	char typed[64];        /**< read and not yet returned */
	size_t typed_length;
};

/** @return whether standard input and output are a terminal that has a cursor. */
bool tscf_terminal_usable(void);

/** Take over standard input and output.  @return 0, or -errno with nothing changed. */
int tscf_terminal_open(struct tscf_terminal *t);
/** Restore everything.  If a signal has ended it, the process ends by that signal here. */
void tscf_terminal_close(struct tscf_terminal *t);

/** The number of lines and columns; 24 and 80 if the terminal does not say. */
void tscf_terminal_size(const struct tscf_terminal *t, unsigned *lines, unsigned *columns);
/** Write all of @p text.  @return 0 or -errno. */
int tscf_terminal_write(const struct tscf_terminal *t, const char *text, size_t length);
/** Wait for a key, at most @p ms milliseconds.  @return a character or one of enum tscf_key. */
int tscf_terminal_key(struct tscf_terminal *t, int ms);

#endif

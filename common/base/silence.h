/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * silence.h - timers that conclude something from silence, such as that a peer is gone.
 *
 * A process that got no processor for a while finds expired timers and what has arrived meanwhile at the same time.
 * libev calls timers first, so a peer that has answered would be taken for silent.  These timers get a lower priority:
 * in each turn of the loop, what has arrived is read before they are called.
 */
#ifndef TSCF_SILENCE_H
#define TSCF_SILENCE_H

/** For ev_set_priority, before the timer starts.  Sockets have 0, and EV_MINPRI is work that is put off. */
#define TSCF_SILENCE_PRIORITY (-1)

#endif

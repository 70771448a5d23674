/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inherited.h - the sockets that a program gets from whoever starts it; tscf-run(1), "Sockets that are inherited".
 */
#ifndef TSCF_RUN_INHERITED_H
#define TSCF_RUN_INHERITED_H

#include "common/base/level.h"

/**
 * Give @p level to the internet sockets among the descriptors that the program will inherit from this process, as to
 * new sockets.  It is an error if one does not get it and @p level is encrypted-only; with other levels there is a
 * warning.  Does nothing if @p level is the default.
 *
 * @return 0, or -1 after an error message.
 */
int run_inherited(const char *control, enum tscf_level level);

#endif

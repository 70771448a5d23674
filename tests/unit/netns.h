/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * netns.h - network namespaces for tests of what goes through the kernel.
 */
#ifndef TSCF_TESTS_NETNS_H
#define TSCF_TESTS_NETNS_H

#include <stdbool.h>

/**
 * @return whether this process may make network namespaces and use TUN devices in them; if not, the reason is
 * printed.
 */
bool tscf_netns_possible(void);

/**
 * Move this process into a new network namespace with the loopback device up; it goes with the process.  Fails the
 * test if it cannot.
 */
void tscf_netns_enter(void);

/** Run a shell command that must succeed. */
void tscf_netns_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** @return what a shell command prints (malloc'ed), blanks before line ends taken away, whatever its exit status. */
char *tscf_netns_output(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

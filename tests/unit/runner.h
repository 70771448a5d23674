/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * runner.h - the main of every check suite.
 *
 *     int main(void)
 *     {
 *             return tscf_test_main(make_suite);
 *     }
 */
#ifndef TSCF_TESTS_RUNNER_H
#define TSCF_TESTS_RUNNER_H

#include <check.h>

/** Exit status that automake takes for "skipped": what the test needs is not there. */
#define TSCF_TEST_SKIP 77

/**
 * Run the suite that @p make returns; CK_FORK, CK_RUN_CASE and the other variables of check hold.
 *
 * @return the exit status for main: EXIT_SUCCESS if every test passed, else EXIT_FAILURE.
 */
int tscf_test_main(Suite *(*make)(void));

#endif

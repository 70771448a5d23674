/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/runner.h"

#include <stdlib.h>

/** Seconds that a test may take, unless its case says otherwise: enough for a machine that is busy with something else.
 */
#define TIMEOUT "60"

int tscf_test_main(Suite *(*make)(void))
{
	SRunner *runner;
	int run, failed;

	/* check reads it when cases are made; its own default is 4. */
	setenv("CK_DEFAULT_TIMEOUT", TIMEOUT, 0);
	runner = srunner_create(make());
	srunner_run_all(runner, CK_ENV);
	run = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	/* A suite of which nothing ran proves nothing. */
	return run > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runner.h"

#include <stdlib.h>

int tscf_test_main(Suite *(*make)(void))
{
	SRunner *runner = srunner_create(make());
	int run, failed;

	srunner_run_all(runner, CK_ENV);
	run = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	/* A suite of which nothing ran proves nothing. */
	return run > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

include tests/unit/local.mk
include tests/fuzz/local.mk
include tests/net/local.mk
include tests/bench/local.mk

EXTRA_DIST += tests/README

check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)

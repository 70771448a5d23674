#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# test_emodel.sh - the E-model of tests/bench/emodel.py gives the values that ITU-T G.107 and G.113 give.
# Environment (set by make check): TSCF_SRC.

: "${TSCF_SRC:=$(cd "$(dirname "$0")/../.." && pwd)}"
exec python3 -B - "$TSCF_SRC/tests/bench" <<'END_OF_TEST'
import sys

sys.path.insert(0, sys.argv[1])
import emodel

failed = 0


def check(what, got, expected, tolerance=0.005):
    global failed
    good = abs(got - expected) <= tolerance
    failed += not good
    print(f"{'ok' if good else 'not ok'} - {what}: {got:.4f}" + ("" if good else f", expected {expected}"))


# Table B.1 of G.107: R and MOS.
for r, mos in ((90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)):
    check(f"MOS of R = {r}", emodel.opinion(r), mos, 0.01)
check("MOS of the best rating", emodel.opinion(93.2), 4.41)
check("nothing is worse than 1", emodel.opinion(-5), 1)
check("nor at small ratings, where the formula alone would be", min(emodel.opinion(r / 10) for r in range(0, 200)), 1)
check("nothing is better than 4.5", emodel.opinion(105), 4.5)
check("it is continuous at the ends", emodel.opinion(99.9999), 4.5, 0.001)

check("R without loss", emodel.rating(0), 93.2)
# G.113, appendix I: half of the 95 points are lost where the loss is as large as Bpl.
check("R at a loss of Bpl", emodel.rating(25.1), 93.2 - 95 / 2)
check("R at 5 %", emodel.rating(5), 93.2 - 95 * 5 / 30.1)
check("R at 5 %, twice as bursty", emodel.rating(5, 2), 93.2 - 95 * 5 / 27.6)
check("MOS at 10 %", emodel.opinion(emodel.rating(10)), 3.41)
check("MOS when all is lost", emodel.opinion(emodel.rating(100)), 1.18)

check("burst ratio without loss", emodel.burst_ratio([False] * 10), 1)
check("of single losses", emodel.burst_ratio([True, False] * 10), 1)
check("of runs of 4 at 40 %", emodel.burst_ratio(([True] * 4 + [False] * 6) * 10), 4 * 0.6)
check("when all is lost", emodel.burst_ratio([True] * 10), 1)
sys.exit(failed != 0)
END_OF_TEST

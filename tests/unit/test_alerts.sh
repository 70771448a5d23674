#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# test_alerts.sh - Prometheus accepts the alert rules, and they fire when they should (tests/unit/alerts.yml).  Needs
# promtool, of the Debian package prometheus.
# Environment (set by make check): TSCF_SRC.

set -u

: "${TSCF_SRC:=$(pwd)}"
command -v promtool >/dev/null || {
	echo "needs promtool"
	exit 77
}
T=$(mktemp -d "${TMPDIR:-/tmp}/tscf-test.XXXXXX") || exit 99
trap 'rm -rf "$T"' EXIT
# The rules are named beside the test, which a source that may not be written to does not have.
cp "$TSCF_SRC/contrib/monitoring/tscf-alerts.yml" "$TSCF_SRC/tests/unit/alerts.yml" "$T" || exit 99
cd "$T" || exit 99
promtool check rules tscf-alerts.yml && promtool test rules alerts.yml

#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# levels-tcp.sh - the table of levels, over TCP and TLS.  It proves all that levels.sh proves over UDP and DTLS.
TSCF_TEST_TRANSPORT=tcp exec bash "$(dirname "$0")/levels.sh"

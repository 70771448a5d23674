#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# shortage-tcp.sh - too few encrypted tunnels, over TCP and TLS.  It proves all that shortage.sh proves over UDP and DTLS.
TSCF_TEST_TRANSPORT=tcp exec bash "$(dirname "$0")/shortage.sh"

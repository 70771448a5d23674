#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# server-killed-tcp.sh - the server dies and comes back, over TCP and TLS.  It proves all that server-killed.sh proves
# over UDP and DTLS.
TSCF_TEST_TRANSPORT=tcp exec bash "$(dirname "$0")/server-killed.sh"

#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# move-tcp.sh - moves under load, over TCP and TLS.  It proves all that move.sh proves over UDP and DTLS.
TSCF_TEST_TRANSPORT=tcp exec bash "$(dirname "$0")/move.sh"

#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# restart-tcp.sh - the server is stopped or killed and started again, over TCP and TLS.  It proves what restart.sh
# proves over UDP and DTLS, except that nothing is sent before the client has connected again.
TSCF_TEST_TRANSPORT=tcp exec bash "$(dirname "$0")/restart.sh"

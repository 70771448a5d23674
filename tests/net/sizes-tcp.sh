#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# sizes-tcp.sh - packets of every size over TCP and TLS.  It proves all that sizes.sh proves over UDP and DTLS.
TSCF_TEST_TRANSPORT=tcp exec bash "$(dirname "$0")/sizes.sh"

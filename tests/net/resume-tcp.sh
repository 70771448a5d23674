#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# resume-tcp.sh - the client has another address or port, stood still, or its link was down, over TCP and TLS.  It
# proves what resume.sh proves over UDP and DTLS.
TSCF_TEST_TRANSPORT=tcp exec bash "$(dirname "$0")/resume.sh"

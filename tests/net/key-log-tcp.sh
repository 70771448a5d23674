#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# key-log-tcp.sh - the keys of TLS, by which Wireshark shows what is in it.  It proves all that key-log.sh proves of DTLS.
TSCF_TEST_TRANSPORT=tcp exec bash "$(dirname "$0")/key-log.sh"

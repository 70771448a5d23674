#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# resume-tcp.sh - the client's address is replaced, its link goes down and comes up, and what it sends first is lost, over TCP and TLS:
# what resume.sh proves over UDP and DTLS.
TSCF_TEST_TRANSPORT=tcp exec bash "$(dirname "$0")/resume.sh"

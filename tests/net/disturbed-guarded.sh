#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# disturbed-guarded.sh - what others delete and change, where the kernel lets the client have its guard: all that disturbed.sh proves without it.
TSCF_GUARD=auto exec bash "$(dirname "$0")/disturbed.sh" "$@"

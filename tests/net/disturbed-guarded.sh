#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# disturbed-guarded.sh - other programs delete and change what the client put into the kernel, where the kernel allows
# the guard.  It proves all that disturbed.sh proves without the guard.
TSCF_GUARD=auto exec bash "$(dirname "$0")/disturbed.sh" "$@"

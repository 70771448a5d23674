#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# accept-queue-unguarded.sh - connections in the queue of a listening socket, without the guard.  It proves what
# accept-queue.sh proves, except for a client that is killed.
GUARD=off exec bash "$(dirname "$0")/accept-queue.sh"

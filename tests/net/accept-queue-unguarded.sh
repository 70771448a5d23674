#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# accept-queue-unguarded.sh - connections in the queue of a socket that listens, without the guard: what accept-queue.sh proves but for a client that is killed.
GUARD=off exec bash "$(dirname "$0")/accept-queue.sh"

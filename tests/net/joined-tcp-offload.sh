#!/bin/bash
TSCF_TUN_OFFLOADS=tcp exec bash "$TSCF_SRC/tests/net/joined.sh"

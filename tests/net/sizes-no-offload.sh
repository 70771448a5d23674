#!/bin/bash
TSCF_TUN_OFFLOADS=none TSCF_UDP_OFFLOADS=none exec bash "$TSCF_SRC/tests/net/sizes.sh"

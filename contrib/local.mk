# contrib
EXTRA_DIST += contrib/check contrib/packages
EXTRA_DIST += contrib/demo contrib/demo.d/all.sh contrib/demo.d/audio.py contrib/demo.d/baresip.config contrib/demo.d/combination.sh contrib/demo.d/kamailio.cfg contrib/demo.d/sip.sh

EXTRA_DIST += contrib/wireshark/tscf.lua
EXTRA_DIST += contrib/examples/tsc-call.c contrib/examples/tscf-dns

#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# server-killed.sh - tscf-server dies by SIGKILL and is started again, and then both daemons, while an encrypted-only
# socket sends and receives.  The program sees an error while there is no tunnel, nothing is in clear in either
# direction, both tunnels come back by themselves with the same addresses, and the socket goes on.
. "$(dirname "$0")/lib.sh"

topology
start_capture
echo_server
CLIENT_CONF=("hold-time = 500" "keepalive = 2")
start_server
start_client
address=$PHONE_INNER pin=$PIN
program only encrypted-only \
	"$TSCF_TOOLS/flow" --bind $ANY:5004 --to $HOST:7000 --rate 100 --marker "M-only " --report 50
only=$LAST_PID
# The far end begins when the server knows the socket: before that, it could not be protected.
must 10 'encrypted_up && [ "$(last only .echoed)" -gt 20 ]'
background remote "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST:7001 --to "$PHONE_INNER:5004" --rate 200 --marker "M-down " --report 50
must 10 'encrypted_up && [ "$(last only .foreign)" -gt 50 ]'

# The first time there may be none: the tunnel may be up before the socket has its port.
confirmed() { grep -c "has confirmed all 1 bindings" "$T/client.log"; }
before=$(confirmed)
kill_server
killed=$(now)
must 15 '[ "$(last only ".send_errors.EACCES // 0")" -gt 20 ]' "the program sees EACCES"
note "first error $(elapsed "$killed" "$(last only .first_error)") ms after the server was killed"
must 10 '! plain_up && ! encrypted_up' "the client knows that there is no tunnel"

start_server
started=$(now)
is "the server's pin is the same" "$PIN" = "$pin"
must 20 'plain_up && encrypted_up' "both tunnels come back"
note "encrypted again $(elapsed "$started") ms after the server's start"
is "the internal address is the same" "$(client_status '.plain.internal[0]' | cut -d/ -f1)" = "$address"
must 5 '[ "$(confirmed)" -gt "$before" ]' "the server is told of the socket again"
grows only .echoed 50 "the same socket sends again"
grows only .foreign 50 "and receives again"

# --- the client as well: neither daemon knows the socket now, and its port has the same address again ---
background flood "$SERVICE" "$TSCF_TOOLS/flow" --bind $HOST2:7002 --to "$PHONE_INNER:5004" --rate 3000 --marker "M-down " --report 50
kill_client
kill_server
start_server
start_client
is "the internal address is the same again" "$PHONE_INNER" = "$address"
must 20 'encrypted_up' "the encrypted tunnel comes back"
grows only .foreign 50 "the same socket receives again"
stop_capture
is "the socket was never in clear" "$(in_clear M-only)" -eq 0
is "nor what was sent to it" "$(in_clear M-down)" -eq 0
is "no packet of the socket in the plain tunnel" "$(socket_in_clear udp 5004)" -eq 0

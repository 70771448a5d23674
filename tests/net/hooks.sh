#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# hooks.sh - the client's script runs when tunnels come, go and change, one run at a time, with every variable that
# tscf-client(8) promises and no others.  A script that hangs is ended after its time, and packets flow meanwhile.
. "$(dirname "$0")/lib.sh"

cat >"$T/hook" <<END
#!/bin/bash
exec >>"$T/hook.out" 2>&1
[ ! -e "$T/running" ] || echo "two at a time"
: >"$T/running"
echo "begin \$TSCF_REASON"
env | sort >"$T/env.\$TSCF_REASON"
ls -l /proc/self/fd | grep -v -e total -e ' [012] -> ' -e '/proc/' | sed 's/^/descriptor /'
if [ -e "$T/hang" ]; then
	trap 'echo told to end' TERM
	command sleep 60 &
	while :; do wait; done
fi
rm "$T/running"
echo "end \$TSCF_REASON"
[ ! -e "$T/fail" ]
END
chmod 755 "$T/hook"
value() { sed -n "s/^$2=//p" "$T/env.$1"; }
times() { grep -cx -- "$1" "$T/hook.out"; }
runs() { must 10 "[ \$(times 'end $1') -ge ${2:-1} ]" "the script is run: $1 ${2:-1}"; pass "run: $1"; }

topology
echo_server
CLIENT_CONF=("persistence = 0" "script = \"$T/hook\"" "script-timeout = 1")

# --- wrong settings ---
SERVICES="DTTE, SIP" start_server --dns 192.0.2.53 --dns 2001:db8::53 --sip-server $HOST --route 198.18.0.0/16
chmod 777 "$T/hook"
launch_client
check "a script that others can write to is refused" eval '! finish "$CLIENT_PID" 10 && grep -q "others could change it" "$T/client.log"'
chmod 755 "$T/hook"

# --- plain ---
start_client
runs plain-up
is "device" "$(value plain-up TSCF_DEVICE)" = tscf0
is "addresses" "$(value plain-up TSCF_ADDRESSES)" = "$PHONE_INNER"
is "routes" "$(value plain-up TSCF_ROUTES)" = "$SERVICE_NET 198.18.0.0/16"
is "DNS" "$(value plain-up TSCF_DNS)" = "192.0.2.53 2001:db8::53"
is "SIP" "$(value plain-up TSCF_SIP)" = "$HOST"
is "MTU" "$(value plain-up TSCF_MTU)" = 1340
is "server" "$(value plain-up TSCF_SERVER)" = "$SERVER_OUTER:$PORT"
is "transport" "$(value plain-up TSCF_TRANSPORT)" = udp
is "control" "$(value plain-up TSCF_CONTROL)" = "$CLIENT_CONTROL"
is "NAT address" "$(value plain-up TSCF_NAT)" = "$(client_status .plain.nat)"
is "and nothing else" "$(sed 's/=.*//' "$T/env.plain-up" | grep -v -e '^_$' -e '^PWD$' -e '^SHLVL$' -e '^OLDPWD$' | tr '\n' ' ')" = \
	"PATH TSCF_ADDRESSES TSCF_CONTROL TSCF_DEVICE TSCF_DNS TSCF_MTU TSCF_NAT TSCF_REASON TSCF_ROUTES TSCF_SERVER TSCF_SIP TSCF_TRANSPORT "

# --- encrypted ---
program only encrypted-only "$TSCF_TOOLS/flow" --bind 0.0.0.0:5004 --to $HOST:7000 --rate 50 --report 50
only=$LAST_PID
runs encrypted-up
is "encrypted device" "$(value encrypted-up TSCF_DEVICE)" = tscf1
is "encrypted addresses" "$(value encrypted-up TSCF_ADDRESSES)" = "$(client_status '.encrypted.internal[0]' | cut -d/ -f1)"
is "encrypted transport" "$(value encrypted-up TSCF_TRANSPORT)" = dtls
kill "$only"
finish "$only"
runs encrypted-down
is "what has gone is named" "$(value encrypted-down TSCF_ADDRESSES)" = "$(value encrypted-up TSCF_ADDRESSES)"

# --- another server in its place: changed, since it was not away for long ---
: >"$T/fail"
stop_server
rm -f "$T"/state/server.db*
start_server --dns 192.0.2.54
wait_until 10 plain_up
must 10 '[ "$(times "end plain-changed")" -ge 1 ] || [ "$(times "end plain-up")" -ge 2 ]'
is "the new DNS server" "$(cat "$T/env.plain-changed" "$T/env.plain-up" 2>/dev/null | grep -c '^TSCF_DNS=192.0.2.54$')" -eq 1
must 5 'grep -q "exit status 1" "$T/client.log"' "a script that fails is in the log"
rm "$T/fail"

# --- a script that hangs ---
: >"$T/hang"
program again encrypted-only "$TSCF_TOOLS/flow" --bind 0.0.0.0:5006 --to $HOST:7000 --rate 100 --report 50 --linger 10000
again=$LAST_PID
must 5 '[ "$(times "begin encrypted-up")" -eq 2 ]'
began=$(now)
grows again .echoed 60 "packets flow while it hangs"
must 8 'grep -q "took longer than allowed" "$T/client.log"' "it is ended"
# A second, plus the delay of a busy machine; the script itself would end after a minute.
is "within its time" "$(elapsed "$began")" -le 10000
is "it was told to end first" "$(times 'told to end')" -ge 1
check "nothing of it is left" eval '! pgrep -f "$T/hook"'
rm -f "$T/hang" "$T/running"
# What is on its way counts as lost until it is back.
kill "$again"
finish "$again" 15
is "no packet was lost" "$(last again .lost)" -eq 0

# --- the end ---
stop_client
is "at the end: plain-down" "$(times 'end plain-down')" -ge 1
is "never two at a time" "$(times 'two at a time')" -eq 0
is "no descriptor of the client" "$(grep -c '^descriptor' "$T/hook.out")" -eq 0

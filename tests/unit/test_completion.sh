#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# test_completion.sh - the completion for bash offers the commands, options and values that there are.
# Environment (set by make check): TSCF_BUILD, TSCF_SRC.

: "${TSCF_BUILD:=$(pwd)}"
: "${TSCF_SRC:=$TSCF_BUILD}"
. "$TSCF_SRC/contrib/completions/tscf-client"
client=$TSCF_BUILD/tscf-client/tscf-client
server=$TSCF_BUILD/tscf-server/tscf-server
run=$TSCF_BUILD/tscf-client/run/tscf-run
failed=0

# offers LIST WORD...: what is offered for the last word is exactly this, sorted; ... at the end: and more.
offers() {
	local wanted=$1 got function=_tscf
	shift
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	[ "${1##*/}" != tscf-run ] || function=_tscf_run
	$function "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
	got=${COMPREPLY[*]}
	case $wanted in
	*...) [[ "$got" == "${wanted%...}"* ]] ;;
	*) [ "$got" = "$wanted" ] ;;
	esac || {
		echo "not ok - ${*##*/}: got '$got', expected '$wanted'"
		failed=1
	}
}

offers "capture datagram flush join leave level redundancy reload sip sockets status stop" "$client" ""
offers "sip sockets status stop" "$client" s
offers "add-client allow capture deny disconnect init list-clients reload remove-client sessions status stop" "$server" ""
offers "default encrypted-only encrypted-preferred unencrypted" "$client" level ""
offers "encrypted-only encrypted-preferred" "$client" level enc
offers "1 2 3 4 auto balance none" "$client" redundancy ""
offers "default never preferred" "$client" datagram ""
offers "--pid --pin --plain-dev --port --proto --proxy --psk-file --psk-identity" "$client" level encrypted-only --p
offers "udp" "$client" level encrypted-only --proto u
offers "--table-encrypted --table-plain --transport" "$client" --t
offers "auto tcp udp" "$client" --transport ""
offers "auto off required" "$client" --guard ""
offers "tcp udp udp,tcp" "$server" --transport ""
offers "received" "$server" sessions --sort r
offers "" "$server" --pool ""
offers "" "$server" --cert ""
offers "" "$client" status ""
offers "" "$client" capture ""
offers "--cgroup --control --datagram --help --level --redundancy --version" "$run" --
offers "default never preferred" "$run" --datagram =
offers "never" "$run" --datagram = n
offers "1 2 3 4 auto balance none" "$run" --level unencrypted --redundancy = ""
offers "bash..." "$run" --datagram = never --redundancy bash
offers "encrypted-only encrypted-preferred" "$run" -l enc
offers "bash..." "$run" --level unencrypted bash
offers "" "$run" --level unencrypted baresip --level ""
[ "$failed" -eq 0 ] && echo "ok"
exit "$failed"

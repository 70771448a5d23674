#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# test_tlvs.sh - the lists of message types, TLVs and response codes are the same in common/packet, tscf(7), the Wireshark dissector, and the
# reader of captures.
# Environment (set by make check): TSCF_SRC.

set -u

: "${TSCF_SRC:=$(pwd)}"
HEADER=$TSCF_SRC/common/packet/message.h
MAN=$TSCF_SRC/man/tscf.7
LUA=$TSCF_SRC/contrib/wireshark/tscf.lua
WIRE=$TSCF_SRC/tests/net/wire.py
FAILED=0

# same WHAT LEAST ONE OTHER: two lists of at least LEAST lines are equal.
same() {
	local what=$1 least=$2 one=$3 other=$4

	if [ "$(wc -l <<<"$one")" -ge "$least" ] && [ "$one" = "$other" ]; then
		printf 'ok - %s\n' "$what"
	else
		printf 'not ok - %s\n' "$what"
		diff <(echo "$one") <(echo "$other") | sed 's/^/# /'
		FAILED=1
	fi
}

# enumerators ENUM PREFIX: "NUMBER NAME" lines from the header.
enumerators() {
	sed -n "/^enum $1 {/,/^}/p" "$HEADER" | tr '\n\t' '  ' | grep -oE "\<$2[A-Z0-9_]+ = +[0-9]+" |
		sed -E "s/$2([A-Z0-9_]+) = +([0-9]+)/\2 \1/" | sort -n
}

lua_table() {
	awk -v begin="^local $1 = {" '$0 ~ begin { on = 1 } on { print } on && /}$/ { exit }' "$LUA"
}

# lua_names TABLE: the same from a table of the dissector.
lua_names() {
	lua_table "$1" | grep -oE '\[[0-9]+\] = "[^"]*"' | sed -E 's/\[([0-9]+)\] = "(.*)"/\1 \2/' | sort -n
}

# lua_sizes: "NUMBER SIZES" lines; SIZES are single ones, or LEAST-MOST.
lua_sizes() {
	lua_table tlvs | sed -nE 's/^\t\[([0-9]+)\] = \{ (one_of|between)\(([0-9, ]+)\).*/\1 \2 \3/p' |
		awk '{ gsub(",", ""); if ($2 == "between") print $1, $3 "-" $4; else { $2 = ""; print } }' | tr -s ' ' | sort -n
}

# man_table: "NUMBER NAME SIZE" lines of the table of TLVs.
man_table() {
	sed -n '/^\.Ss TLVs/,/^\.El/p' "$MAN" | sed -nE 's/^\.It ([0-9]+) Ta ([A-Z0-9_]+) Ta ([^T]*) Ta .*/\1 \2 \3/p'
}

# The page gives the sizes of BINDING and SOCKET elsewhere, and those of PADDING in a word.
man_sizes() {
	man_table | awk '{ $2 = ""; print }' | sed -E 's/ ([0-9]+) to ([0-9]+)$/ \1-\2/; s/,//g; s/ any$/ 0-65535/; s/^(12|45) .*/\1 12 18 24 42/' |
		tr -s ' '
}

wire_names() {
	sed -n '/^TLVS = {/,/^}/p' "$WIRE" | grep -oE '[0-9]+: "[A-Z0-9_]+"' | sed -E 's/([0-9]+): "(.*)"/\1 \2/' | sort -n
}

man_types() {
	sed -n '/^\.Ss Types/,/^\.El/p' "$MAN" | sed -nE 's/^\.It ([0-9]+) Ta ([A-Za-z_]+) Ta .*/\1 \2/p'
}

# The names that people see, by the names of the code.
response_names() {
	local number name text

	enumerators tscf_response TSCF_RESPONSE_ | while read -r number name; do
		text=$(grep -A1 "case TSCF_RESPONSE_$name:" "$TSCF_SRC/common/packet/message.c" | sed -nE 's/.*return "(.*)";/\1/p')
		echo "$number $text"
	done
}

TLVS=$(enumerators tscf_tlv_type TSCF_TLV_)
same "TLVs of the Wireshark dissector" 38 "$TLVS" "$(lua_names tlv_names)"
same "TLVs of the reader of captures" 38 "$TLVS" "$(wire_names)"
same "TLVs of tscf(7)" 38 "$TLVS" "$(man_table | cut -d' ' -f1,2)"
same "sizes of TLVs in tscf(7) and in the dissector" 38 "$(man_sizes)" "$(lua_sizes)"
same "message types of tscf(7) and of the dissector" 12 "$(man_types)" "$(lua_names types)"
same "numbers of message types" 12 "$(sed -n '/^enum tscf_message_type/,/^}/p' "$HEADER" | grep -oE '= [0-9]+' | tr -d '= ')" \
	"$(lua_names types | cut -d' ' -f1)"
same "services" 5 "$(enumerators tscf_service TSCF_SERVICE_)" "$(lua_names services)"
same "response codes" 12 "$(response_names)" "$(lua_names responses)"
exit "$FAILED"

# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# lib_ca.sh - CAs, certificates and revocation lists, as files in $T.  It comes after lib.sh.

command -v openssl >/dev/null || skip "needs openssl"

# What kind of key is made (openssl req -newkey); a test may change it.
NEW_KEY=(ec -pkeyopt ec_paramgen_curve:prime256v1)

# authority NAME: NAME.crt and NAME.key, of a CA that nobody else has signed.
authority() {
	openssl req -x509 -newkey "${NEW_KEY[@]}" -nodes -keyout "$T/$1.key" -subj "/CN=$1" -days 2 \
		-addext basicConstraints=critical,CA:TRUE -out "$T/$1.crt" 2>/dev/null || die "openssl"
}
# [SUBJECT=TEXT] [DAYS=NUMBER] certificate NAME ISSUER [EXTENSION...]: NAME.crt and NAME.key, signed by ISSUER, of /CN=NAME and for 2 days
# unless it is said.
certificate() {
	local name=$1 issuer=$2
	shift 2
	openssl req -utf8 -newkey "${NEW_KEY[@]}" -nodes -keyout "$T/$name.key" -subj "${SUBJECT:-/CN=$name}" -out "$T/$name.csr" 2>/dev/null ||
		die "openssl req"
	openssl x509 -req -in "$T/$name.csr" -CA "$T/$issuer.crt" -CAkey "$T/$issuer.key" -CAcreateserial -days "${DAYS:-2}" \
		-extfile <(printf '%s\n' "$@") -out "$T/$name.crt" 2>/dev/null || die "openssl x509"
}
# middle NAME ISSUER [CONSTRAINT]: a CA that another has signed.
middle() { certificate "$1" "$2" "basicConstraints = critical, CA:TRUE${3:+, $3}" "keyUsage = critical, keyCertSign, cRLSign"; }

# ca_tool ISSUER OPTION...: openssl ca, with a record of what ISSUER has revoked.
ca_tool() {
	local issuer=$1
	shift
	[ -e "$T/$issuer.revoked" ] || : >"$T/$issuer.revoked"
	openssl ca -config <(printf '[ca]\ndefault_ca = it\n[it]\ndatabase = %s\ndefault_md = sha256\ndefault_crl_days = 2\n' "$T/$issuer.revoked") \
		-keyfile "$T/$issuer.key" -cert "$T/$issuer.crt" "$@" >/dev/null 2>&1 || die "openssl ca"
}
# revoke ISSUER NAME
revoke() { ca_tool "$1" -revoke "$T/$2.crt"; }
# new_list ISSUER FILE [OPTION...]: a list of what ISSUER has revoked takes the place of FILE at once.
new_list() {
	local issuer=$1 file=$2
	shift 2
	ca_tool "$issuer" -gencrl -out "$file.new" "$@"
	mv "$file.new" "$file"
}

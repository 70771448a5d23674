# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# rpmbuild.sh - for contrib/rpm and contrib/rpm-try, which source this.

# build_rpms SRC SPEC TOPDIR [OPTION...]: build the packages of SPEC in TOPDIR, with the sources in SRC.
build_rpms() {
	local src=$1 spec=$2 topdir=$3
	local -a options=("${@:4}")
	# Where no package is rpm's, the libraries to build with are not either.
	if ! rpm --query rpm >/dev/null 2>&1; then options+=(--nodeps); fi
	if [ "$(rpm --eval '%{?systemd_post:1}')" != 1 ]; then options+=(--load "$src/contrib/fedora/macros"); fi
	rpmbuild -bb "${options[@]}" --define "_topdir $topdir" --define "_smp_mflags -j$(nproc)" "$spec"
}

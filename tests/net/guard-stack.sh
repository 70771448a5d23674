#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# guard-stack.sh - no program of the guard needs more stack than Linux 6.1 allows: 512 bytes for a program and the
# functions that it calls in turn, where each counts in steps of 32.  Later kernels count less, and load it in any case.
# The compiler says what each function needs, and libbpf which one calls which.
. "$(dirname "$0")/lib.sh"

OBJECT=$TSCF_BUILD/tscf-client/guard/guard.bpf.o
NEEDS=$TSCF_BUILD/tscf-client/guard/guard.bpf.su
PINS=/sys/fs/bpf/tscf-test-$$
[ -e "$NEEDS" ] || skip "needs the guard's object (--with-bpf)"
command -v bpftool >/dev/null || skip "needs bpftool"
# A BPF file system that ends with this command.
unshare --mount bash -c 'mount -t bpf bpf /sys/fs/bpf && bpftool -d prog loadall "$1" "$2"' - "$OBJECT" "$PINS" >"$T/load.log" 2>&1 ||
	skip "no BPF here: $(grep -m1 -E 'Error|failed' "$T/load.log")"

# deepest: for each program its name and the bytes of its longest chain of calls.
deepest() {
	python3 - "$NEEDS" "$T/load.log" <<-'END'
		import re, sys
		need, calls, programs = {}, {}, []
		for line in open(sys.argv[1]):
		    place, size = line.split("\t")[:2]
		    need[place.split(":")[-1]] = max(32, -int(size) // 32 * -32)
		for line in open(sys.argv[2], errors="replace"):
		    call = re.search(r"prog '(\w+)': insn .* points to subprog '(\w+)'", line)
		    if call:
		        calls.setdefault(call[1], set()).add(call[2])
		    program = re.search(r"prog '(\w+)': -- BEGIN PROG LOAD LOG", line)
		    if program:
		        programs.append(program[1])
		def deep(name):
		    return need[name] + max(map(deep, calls.get(name, ())), default=0)
		for name in programs:
		    print(name, deep(name))
	END
}
deepest >"$T/deepest"
is "programs" "$(wc -l <"$T/deepest")" = 14
is "bytes of the deepest: $(sort -k2,2n "$T/deepest" | tail -n 1)" "$(sort -k2,2n "$T/deepest" | tail -n 1 | cut -d' ' -f2)" -le 512

#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# handles.sh - programs that get at the C library in unusual ways are covered, too: by its handle, as foreign-function
# interfaces do; in a plugin that is bound to itself first; and in one that is loaded into another linker namespace.
# Shims that look up the next function in this way still work, and so does a program with the address sanitizer.
. "$(dirname "$0")/lib.sh"

CC=${CC:-cc}
cat >"$T/plugin.c" <<'END'
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
int speak(const char *text, const char *to)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(7000)};
	struct sockaddr_in6 b = {.sin6_family = AF_INET6, .sin6_port = htons(7000)};
	int four = inet_pton(AF_INET, to, &a.sin_addr);
	int fd = socket(four ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
	inet_pton(AF_INET6, to, &b.sin6_addr);
	return (int)sendto(fd, text, strlen(text), 0, four ? (void *)&a : (void *)&b, four ? sizeof a : sizeof b);
}
END
cat >"$T/speak.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
	int flags = RTLD_NOW | (strcmp(argv[1], "deep") == 0 ? RTLD_DEEPBIND : 0);
	void *plugin = strcmp(argv[1], "world") == 0 ? dlmopen(LM_ID_NEWLM, argv[4], flags) : dlopen(argv[4], flags);
	int (*speak)(const char *, const char *) = plugin ? (int (*)(const char *, const char *))dlsym(plugin, "speak") : NULL;
	int said = speak ? speak(argv[2], argv[3]) : -1;
	printf("%d\n", said);
	return argc > 4 && said > 0 ? 0 : (fprintf(stderr, "%s\n", plugin ? "not sent" : dlerror()), 1);
}
END
cat >"$T/handle.py" <<'END'
import ctypes, socket, sys
libc = ctypes.CDLL("libc.so.6")
host = sys.argv[2]
s = socket.socket(fileno=libc.socket(10 if ":" in host else 2, 2, 0))
print(s.sendto(sys.argv[1].encode(), (host, 7000)))
END
# Shims before and behind ours, which find the next function in both ways.
cat >"$T/shim.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/socket.h>
int socket(int domain, int type, int protocol)
{
	static int (*next)(int, int, int);
	if (!next)
		next = (int (*)(int, int, int))dlsym(BY_HANDLE ? dlopen("libc.so.6", RTLD_NOW) : RTLD_NEXT, "socket");
	return next(domain, type, protocol);
}
END

topology
start_capture
echo_server
start_server
start_client
$CC -shared -fPIC -o "$T/plugin.so" "$T/plugin.c" && $CC -o "$T/speak" "$T/speak.c" -ldl || skip "no C compiler"
for by in 0 1; do $CC -shared -fPIC -DBY_HANDLE=$by -o "$T/shim$by.so" "$T/shim.c" -ldl; done
program holder encrypted-only "$TSCF_TOOLS/flow" --to $HOST:7000 --rate 10 --report 20
must 10 encrypted_up
up=$(client_status .counters.up_encrypted)
check "by the C library's handle" run encrypted-only python3 "$T/handle.py" M-handle $HOST
for how in usual deep world; do check "a plugin, $how" run encrypted-only "$T/speak" $how M-$how $HOST "$T/plugin.so"; done
at encrypted-only
for shim in shim0 shim1; do
	check "$shim behind the library" in_phone env LD_PRELOAD="$T/$shim.so" "${AT[@]}" "$T/speak" usual M-$shim $HOST "$T/plugin.so"
	check "$shim in front of it" in_phone "${AT[@]}" env LD_PRELOAD="$T/$shim.so:$TSCF_PRELOAD" "$T/speak" usual M-$shim $HOST "$T/plugin.so"
done
is "they were encrypted: packets" "$(($(client_status .counters.up_encrypted) - up))" -ge 8
if $CC -fsanitize=address -o "$T/asan" "$T/speak.c" -ldl 2>/dev/null && "$T/asan" 2>/dev/null usual M-none 127.0.0.1 "$T/plugin.so"; then
	check "a program with the address sanitizer" run encrypted-only "$T/asan" usual M-asan $HOST "$T/plugin.so"
	is "its options are kept" "$(in_phone env ASAN_OPTIONS=verbosity=0 "${AT[@]}" bash -c 'echo "$ASAN_OPTIONS"')" = "verbosity=0:verify_asan_link_order=0"
else
	note "no address sanitizer: not tested"
fi
stop_capture
for marker in M-handle M-usual M-deep M-world M-shim0 M-shim1 M-asan; do is "in clear: $marker" "$(in_clear $marker)" -eq 0; done

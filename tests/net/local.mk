# End-to-end tests in network namespaces, against an installation of their own, so that what is tested is what is installed.
# They need root and are skipped without it.
NET_TESTS = \
	tests/net/accounting.sh \
	tests/net/accept-queue.sh \
	tests/net/accept-queue-unguarded.sh \
	tests/net/asked-address.sh \
	tests/net/auth.sh \
	tests/net/blocked.sh \
	tests/net/black-hole.sh \
	tests/net/boot.sh \
	tests/net/bound-device.sh \
	tests/net/candidates.sh \
	tests/net/capture.sh \
	tests/net/certificate.sh \
	tests/net/cli.sh \
	tests/net/client-killed.sh \
	tests/net/client-limits.sh \
	tests/net/conditions.sh \
	tests/net/clock.sh \
	tests/net/cloned.sh \
	tests/net/control.sh \
	tests/net/control-held.sh \
	tests/net/disturbed.sh \
	tests/net/disturbed-guarded.sh \
	tests/net/ddt.sh \
	tests/net/ddt-moves.sh \
	tests/net/ddt-sockets.sh \
	tests/net/device-named.sh \
	tests/net/dtte-off.sh \
	tests/net/dual-stack.sh \
	tests/net/ecn.sh \
	tests/net/enrol.sh \
	tests/net/firewall.sh \
	tests/net/firewall-change.sh \
	tests/net/flood.sh \
	tests/net/forged.sh \
	tests/net/fragments.sh \
	tests/net/full-table.sh \
	tests/net/guard.sh \
	tests/net/guard-cgroup.sh \
	tests/net/guard-asks.sh \
	tests/net/guard-builds.sh \
	tests/net/guard-class.sh \
	tests/net/guard-beside.sh \
	tests/net/guard-events.sh \
	tests/net/guard-flushed.sh \
	tests/net/guard-killed.sh \
	tests/net/guard-lost.sh \
	tests/net/guard-none.sh \
	tests/net/guard-older.sh \
	tests/net/guard-option.sh \
	tests/net/guard-programs.sh \
	tests/net/guard-restarted.sh \
	tests/net/guard-run.sh \
	tests/net/guard-stack.sh \
	tests/net/guard-stranger.sh \
	tests/net/guard-systemd.sh \
	tests/net/guard-unseen.sh \
	tests/net/handles.sh \
	tests/net/held.sh \
	tests/net/hooks.sh \
	tests/net/icmp.sh \
	tests/net/inter-client.sh \
	tests/net/inherited.sh \
	tests/net/init.sh \
	tests/net/interfaces.sh \
	tests/net/ipsec.sh \
	tests/net/join.sh \
	tests/net/joined.sh \
	tests/net/keepalive.sh \
	tests/net/killed-port.sh \
	tests/net/killed-port-plain.sh \
	tests/net/key-log.sh \
	tests/net/key-log-tcp.sh \
	tests/net/leftovers.sh \
	tests/net/levels.sh \
	tests/net/levels-tcp.sh \
	tests/net/libtsc.sh \
	tests/net/live-level.sh \
	tests/net/many-addresses.sh \
	tests/net/many-sockets.sh \
	tests/net/masquerade.sh \
	tests/net/metrics.sh \
	tests/net/move.sh \
	tests/net/move-lossy.sh \
	tests/net/move-tcp.sh \
	tests/net/mtu.sh \
	tests/net/multipath.sh \
	tests/net/nagle.sh \
	tests/net/network-manager.sh \
	tests/net/offline.sh \
	tests/net/one-time.sh \
	tests/net/options.sh \
	tests/net/orphan.sh \
	tests/net/outer-path.sh \
	tests/net/overtaken.sh \
	tests/net/own-mark.sh \
	tests/net/plot.sh \
	tests/net/policy.sh \
	tests/net/phones.sh \
	tests/net/policy-gone.sh \
	tests/net/policy-library.sh \
	tests/net/policy-listener.sh \
	tests/net/policy-reload.sh \
	tests/net/port-again.sh \
	tests/net/program-killed.sh \
	tests/net/sandbox.sh \
	tests/net/redundancy.sh \
	tests/net/redundancy-streams.sh \
	tests/net/redundancy-balance.sh \
	tests/net/reload.sh \
	tests/net/reload-interfaces.sh \
	tests/net/restart.sh \
	tests/net/restart-policy.sh \
	tests/net/reverse-path.sh \
	tests/net/restart-tcp.sh \
	tests/net/proxy.sh \
	tests/net/down.sh \
	tests/net/refusals.sh \
	tests/net/renewed.sh \
	tests/net/renewed-key.sh \
	tests/net/server-revoked.sh \
	tests/net/radius.sh \
	tests/net/radius-access.sh \
	tests/net/rebind.sh \
	tests/net/redundancy-request.sh \
	tests/net/resume.sh \
	tests/net/resume-tcp.sh \
	tests/net/resume-ways.sh \
	tests/net/revoked.sh \
	tests/net/rights.sh \
	tests/net/sequence.sh \
	tests/net/sessions.sh \
	tests/net/sessions-pieces.sh \
	tests/net/sizes.sh \
	tests/net/sizes-tcp.sh \
	tests/net/server-keepalive.sh \
	tests/net/server-disturbed.sh \
	tests/net/server-killed.sh \
	tests/net/server-killed-tcp.sh \
	tests/net/shared-port.sh \
	tests/net/shortage.sh \
	tests/net/shortage-tcp.sh \
	tests/net/source-route.sh \
	tests/net/spoof.sh \
	tests/net/start.sh \
	tests/net/sticky.sh \
	tests/net/strangers.sh \
	tests/net/storm.sh \
	tests/net/streams.sh \
	tests/net/stuck-files.sh \
	tests/net/stuck-files-server.sh \
	tests/net/slow-disk.sh \
	tests/net/full-disk.sh \
	tests/net/systemd.sh \
	tests/net/tcp.sh \
	tests/net/tombstone.sh \
	tests/net/too-large.sh \
	tests/net/tunnel-blocked.sh \
	tests/net/trusted.sh \
	tests/net/trusted-default.sh \
	tests/net/unlisted.sh \
	tests/net/twinkle.sh \
	tests/net/voice.sh \
	tests/net/warnings.sh \
	tests/net/watch.sh \
	tests/net/workers.sh
TESTS += $(NET_TESTS)
EXTRA_DIST += tests/tsan.supp $(NET_TESTS) tests/net/lib.sh tests/net/lib_topology.sh tests/net/lib_ca.sh tests/net/lib_link.sh tests/net/lib_radius.sh \
	tests/net/lib_systemd.sh tests/net/lib_phones.sh tests/net/lib_streams.sh \
	tests/net/terminal.py tests/net/wire.py tests/net/ask.py tests/net/forge.py tests/net/flood.py tests/net/delay.py tests/net/lossy.py tests/net/dns.py \
	tests/net/too_large.py tests/net/dtls.py tests/net/slow_link.py tests/net/stuck_files.py

TEST_EXTENSIONS = .sh
# A test that hangs is ended, and cleans up.
SH_LOG_COMPILER = timeout --foreground -k 20 300
NET_ROOT = $(abs_builddir)/tests/root
# The time that check gives a test is for a machine with nothing else to do.
AM_TESTS_ENVIRONMENT = \
	TSCF_SRC='$(abs_srcdir)'; TSCF_BUILD='$(abs_builddir)'; TSCF_TOOLS='$(abs_builddir)/tests/net'; \
	TSCF_BINDIR='$(NET_ROOT)$(bindir)'; TSCF_SBINDIR='$(NET_ROOT)$(sbindir)'; \
	TSCF_PRELOAD='$(NET_ROOT)$(pkglibdir)/libtscf-preload.so'; \
	export TSCF_SRC TSCF_BUILD TSCF_TOOLS TSCF_BINDIR TSCF_SBINDIR TSCF_PRELOAD; \
	CK_TIMEOUT_MULTIPLIER=$${CK_TIMEOUT_MULTIPLIER:-5}; export CK_TIMEOUT_MULTIPLIER;

# The tools are ordinary programs, also in a sanitizer build: they run with the library preloaded.
NET_CFLAGS = $(TSCF_STD) $(TSCF_WARN)
check_PROGRAMS += tests/net/flow tests/net/hammer tests/net/sizes tests/net/tcp
tests_net_flow_SOURCES = tests/net/flow.c tests/net/tool.c tests/net/tool.h
tests_net_flow_CFLAGS = $(NET_CFLAGS)
tests_net_flow_LDFLAGS =
tests_net_hammer_SOURCES = tests/net/hammer.c tests/net/tool.c tests/net/tool.h
tests_net_hammer_CFLAGS = $(NET_CFLAGS)
tests_net_hammer_LDFLAGS =
tests_net_sizes_SOURCES = tests/net/sizes.c tests/net/tool.c tests/net/tool.h
tests_net_sizes_CFLAGS = $(NET_CFLAGS)
tests_net_sizes_LDFLAGS =
tests_net_tcp_SOURCES = tests/net/tcp.c tests/net/tool.c tests/net/tool.h
tests_net_tcp_CFLAGS = $(NET_CFLAGS)
tests_net_tcp_LDFLAGS =
if DBUS
check_PROGRAMS += tests/net/network-manager
endif
tests_net_network_manager_SOURCES = tests/net/network-manager.c tests/net/tool.c tests/net/tool.h
tests_net_network_manager_CFLAGS = $(NET_CFLAGS) $(LIBSYSTEMD_CFLAGS)
tests_net_network_manager_LDFLAGS =
tests_net_network_manager_LDADD = $(LIBSYSTEMD_LIBS)

# Libraries that tests preload into the daemons.
check_LTLIBRARIES += tests/net/libkey-log.la tests/net/libclock.la tests/net/libslow-disk.la
tests_net_libkey_log_la_SOURCES = tests/net/key_log.c
tests_net_libkey_log_la_CFLAGS = $(NET_CFLAGS) $(WOLFSSL_CFLAGS)
# With a folder to be installed in, libtool makes a shared library of it; nothing installs it.
tests_net_libkey_log_la_LDFLAGS = -module -avoid-version -rpath $(abs_builddir)
tests_net_libclock_la_SOURCES = tests/net/clock.c
tests_net_libclock_la_CFLAGS = $(NET_CFLAGS)
tests_net_libclock_la_LDFLAGS = -module -avoid-version -rpath $(abs_builddir)
tests_net_libslow_disk_la_SOURCES = tests/net/slow_disk.c
tests_net_libslow_disk_la_CFLAGS = $(NET_CFLAGS)
tests_net_libslow_disk_la_LDFLAGS = -module -avoid-version -rpath $(abs_builddir)

# Programs that tests of the guard build themselves, static ones and in Go.
EXTRA_DIST += tests/net/guard/born.c tests/net/guard/program.c tests/net/guard/uring.c tests/net/guard/confine.c tests/net/guard/opener.c \
	tests/net/guard/births.py tests/net/guard/handed.py \
	tests/net/guard/program.go tests/net/guard/asks.c tests/net/guard/asks.go tests/net/guard/foreign.bpf.c

check_DATA = tests/root.stamp
tests/root.stamp: $(sbin_PROGRAMS) $(bin_PROGRAMS) $(pkglib_LTLIBRARIES) $(lib_LTLIBRARIES)
	$(AM_V_GEN)rm -rf '$(NET_ROOT)' && $(MAKE) $(AM_MAKEFLAGS) DESTDIR='$(NET_ROOT)' install >tests/root.log 2>&1 || \
		{ cat tests/root.log; exit 1; }
	$(AM_V_at)touch $@
CLEANFILES += tests/root.stamp tests/root.log
clean-local: clean-net-root
clean-net-root:
	rm -rf '$(NET_ROOT)' tests/net/guard/go-cache
.PHONY: clean-net-root

# The same tests with another address family: NAME-ipv6 has IPv6 inside, NAME-over-ipv6 has it outside, NAME-all-ipv6 both.
NET_FAMILY_TESTS = \
	tests/net/accept-queue-ipv6.sh \
	tests/net/bound-device-ipv6.sh \
	tests/net/client-killed-ipv6.sh \
	tests/net/dtte-off-ipv6.sh \
	tests/net/ecn-all-ipv6.sh \
	tests/net/firewall-change-all-ipv6.sh \
	tests/net/forged-all-ipv6.sh \
	tests/net/fragments-ipv6.sh \
	tests/net/guard-programs-ipv6.sh \
	tests/net/icmp-ipv6.sh \
	tests/net/inter-client-ipv6.sh \
	tests/net/joined-ipv6.sh \
	tests/net/levels-ipv6.sh \
	tests/net/levels-tcp-all-ipv6.sh \
	tests/net/live-level-ipv6.sh \
	tests/net/move-ipv6.sh \
	tests/net/move-tcp-all-ipv6.sh \
	tests/net/mtu-all-ipv6.sh \
	tests/net/overtaken-all-ipv6.sh \
	tests/net/policy-ipv6.sh \
	tests/net/program-killed-ipv6.sh \
	tests/net/proxy-all-ipv6.sh \
	tests/net/restart-all-ipv6.sh \
	tests/net/reverse-path-ipv6.sh \
	tests/net/resume-all-ipv6.sh \
	tests/net/sequence-over-ipv6.sh \
	tests/net/server-disturbed-ipv6.sh \
	tests/net/server-killed-ipv6.sh \
	tests/net/shared-port-ipv6.sh \
	tests/net/sizes-ipv6.sh \
	tests/net/spoof-ipv6.sh \
	tests/net/streams-all-ipv6.sh \
	tests/net/tcp-all-ipv6.sh \
	tests/net/tombstone-ipv6.sh \
	tests/net/too-large-ipv6.sh \
	tests/net/trusted-all-ipv6.sh \
	tests/net/tunnel-blocked-all-ipv6.sh \
	tests/net/unlisted-ipv6.sh
TESTS += $(NET_FAMILY_TESTS)
CLEANFILES += $(NET_FAMILY_TESTS)
$(NET_FAMILY_TESTS): tests/net/local.mk
	$(AM_V_GEN)name=`basename $@ .sh`; inner=4; outer=4; \
	case $$name in \
	*-all-ipv6) inner=6; outer=6; name=$${name%-all-ipv6} ;; \
	*-over-ipv6) outer=6; name=$${name%-over-ipv6} ;; \
	*) inner=6; name=$${name%-ipv6} ;; \
	esac; \
	$(MKDIR_P) tests/net && \
	printf '#!/bin/bash\nTSCF_INNER=%s TSCF_OUTER=%s exec bash "$$TSCF_SRC/tests/net/%s.sh"\n' $$inner $$outer $$name >$@ && \
	chmod +x $@

# The same tests on kernels that can do less: NAME-no-offload has no offload at all, NAME-tcp-offload all but those of UDP on the devices.
NET_OFFLOAD_TESTS = \
	tests/net/ecn-no-offload.sh \
	tests/net/joined-no-offload.sh \
	tests/net/joined-tcp-offload.sh \
	tests/net/move-no-offload.sh \
	tests/net/mtu-no-offload.sh \
	tests/net/sizes-no-offload.sh \
	tests/net/tcp-no-offload.sh \
	tests/net/tcp-tcp-offload.sh
TESTS += $(NET_OFFLOAD_TESTS)
CLEANFILES += $(NET_OFFLOAD_TESTS)
$(NET_OFFLOAD_TESTS): tests/net/local.mk
	$(AM_V_GEN)name=`basename $@ .sh`; \
	case $$name in \
	*-tcp-offload) switches='TSCF_TUN_OFFLOADS=tcp'; name=$${name%-tcp-offload} ;; \
	*) switches='TSCF_TUN_OFFLOADS=none TSCF_UDP_OFFLOADS=none'; name=$${name%-no-offload} ;; \
	esac; \
	$(MKDIR_P) tests/net && \
	printf '#!/bin/bash\n%s exec bash "$$TSCF_SRC/tests/net/%s.sh"\n' "$$switches" $$name >$@ && \
	chmod +x $@

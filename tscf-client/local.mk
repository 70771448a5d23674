# tscf-client
# libtscf-client: the daemon without its main(), so that tests can link it.
noinst_LIBRARIES += libtscf-client.a
libtscf_client_a_SOURCES = \
	tscf-client/admin/capture.c \
	tscf-client/admin/capture.h \
	tscf-client/admin/commands.c \
	tscf-client/admin/flush.c \
	tscf-client/admin/flush.h \
	tscf-client/admin/hook.c \
	tscf-client/admin/hook.h \
	tscf-client/admin/hook_process.c \
	tscf-client/admin/hook_process.h \
	tscf-client/admin/hook_reason.c \
	tscf-client/admin/join.c \
	tscf-client/admin/join.h \
	tscf-client/admin/join_files.c \
	tscf-client/admin/join_files.h \
	tscf-client/admin/listing.c \
	tscf-client/admin/port_sockets.c \
	tscf-client/admin/port_sockets.h \
	tscf-client/admin/query.c \
	tscf-client/admin/query.h \
	tscf-client/admin/reload.c \
	tscf-client/admin/reload.h \
	tscf-client/admin/report.c \
	tscf-client/admin/service.c \
	tscf-client/admin/service.h \
	tscf-client/admin/show.c \
	tscf-client/admin/show.h \
	tscf-client/admin/waiters.c \
	tscf-client/admin/waiters.h \
	tscf-client/admin/watch_sockets.c \
	tscf-client/admin/watch_sockets.h \
	tscf-client/client.c \
	tscf-client/clock.c \
	tscf-client/parts.c \
	tscf-client/route.c \
	tscf-client/client.h \
	tscf-client/context.h \
	tscf-client/decide.c \
	tscf-client/decide.h \
	tscf-client/kernel/delivery.c \
	tscf-client/kernel/delivery.h \
	tscf-client/device_loop.c \
	tscf-client/dtte.c \
	tscf-client/dtte.h \
	tscf-client/events.c \
	tscf-client/held.c \
	tscf-client/hold.c \
	tscf-client/hold.h tscf-client/refuse.c tscf-client/refuse.h \
	tscf-client/identity.c \
	tscf-client/identity.h \
	tscf-client/kernel/barrier.c \
	tscf-client/kernel/barrier.h \
	tscf-client/kernel/battery.c \
	tscf-client/kernel/battery.h \
	tscf-client/kernel/network_manager.h \
	tscf-client/kernel/monitor.c \
	tscf-client/kernel/monitor.h \
	tscf-client/kernel/name_watch.c \
	tscf-client/kernel/name_watch.h \
	tscf-client/kernel/wall_clock.c \
	tscf-client/kernel/wall_clock.h \
	tscf-client/kernel/router.h \
	tscf-client/kernel/nat_probe.c tscf-client/kernel/nat_probe.h tscf-client/kernel/routing.c \
	tscf-client/kernel/routing.h \
	tscf-client/kernel/routing_look.c \
	tscf-client/kernel/upkeep.c \
	tscf-client/kernel/upkeep.h \
	tscf-client/kernel/wifi.c \
	tscf-client/kernel/wifi.h \
	tscf-client/path.c \
	tscf-client/path_redundancy.c \
	tscf-client/path_redundancy.h \
	tscf-client/settings/accept.c \
	tscf-client/settings/accept.h \
	tscf-client/settings/condition.c \
	tscf-client/settings/condition.h \
	tscf-client/settings/config.c \
	tscf-client/settings/config.h \
	tscf-client/settings/in_force.c \
	tscf-client/settings/in_force.h \
	tscf-client/settings/options.c \
	tscf-client/settings/options.h \
	tscf-client/settings/server_list.c \
	tscf-client/settings/server_list.h \
	tscf-client/settings/settings.h \
	tscf-client/sockets/accept_queue.c \
	tscf-client/sockets/accept_queue.h \
	tscf-client/sockets/accepted.c \
	tscf-client/sockets/accepted.h \
	tscf-client/sockets/asks.c \
	tscf-client/sockets/asks.h \
	tscf-client/sockets/asks_call.c \
	tscf-client/sockets/asks_table.c \
	tscf-client/sockets/asks_table.h \
	tscf-client/sockets/asks_wire.c \
	tscf-client/sockets/classify.c \
	tscf-client/sockets/classify.h \
	tscf-client/sockets/suspects.c \
	tscf-client/sockets/suspects.h \
	tscf-client/sockets/device_bound.c \
	tscf-client/sockets/registry_cover.c \
	tscf-client/sockets/registry_dump.c \
	tscf-client/sockets/registry_entry.h \
	tscf-client/sockets/registry_guest.c \
	tscf-client/sockets/known.c \
	tscf-client/sockets/known.h \
	tscf-client/sockets/registry_see.c \
	tscf-client/sockets/registry_told.c \
	tscf-client/sockets/shares.c \
	tscf-client/sockets/shares.h \
	tscf-client/sockets/device_bound.h \
	tscf-client/sockets/asked.c \
	tscf-client/sockets/asked.h \
	tscf-client/sockets/searches.c \
	tscf-client/sockets/searches.h \
	tscf-client/sockets/guarded.c \
	tscf-client/sockets/guarded.h \
	tscf-client/sockets/live_sockets.c \
	tscf-client/sockets/live_sockets.h \
	tscf-client/sockets/moves.c \
	tscf-client/sockets/moves.h \
	tscf-client/settings/networks.c \
	tscf-client/settings/networks.h \
	tscf-client/settings/policy.c \
	tscf-client/settings/policy.h \
	tscf-client/sockets/history.c \
	tscf-client/sockets/history.h \
	tscf-client/sockets/move_log.c \
	tscf-client/sockets/move_log.h \
	tscf-client/sockets/moves_answer.c \
	tscf-client/sockets/moves_answer.h \
	tscf-client/sockets/moves_note.c \
	tscf-client/sockets/moves_note.h \
	tscf-client/sockets/named.c \
	tscf-client/sockets/named.h \
	tscf-client/sockets/port_traffic.c \
	tscf-client/sockets/port_traffic.h \
	tscf-client/sockets/processes.c \
	tscf-client/sockets/processes.h \
	tscf-client/sockets/need.c \
	tscf-client/sockets/need.h \
	tscf-client/sockets/preferred.c \
	tscf-client/sockets/preferred.h \
	tscf-client/sockets/registry.c \
	tscf-client/sockets/registry.h \
	tscf-client/sockets/registry_wire.c \
	tscf-client/sockets/registry_wire.h \
	tscf-client/sockets/subscriptions.c \
	tscf-client/sockets/subscriptions.h \
	tscf-client/sockets/wrong_source.c \
	tscf-client/sockets/wrong_source.h \
	tscf-client/tunnel/candidates.c \
	tscf-client/tunnel/candidates.h \
	tscf-client/tunnel/conditions.c \
	tscf-client/tunnel/conditions.h \
	tscf-client/tunnel/connector.c \
	tscf-client/tunnel/connector.h \
	tscf-client/tunnel/encrypted.c \
	tscf-client/tunnel/encrypted.h \
	tscf-client/tunnel/endpoints.c \
	tscf-client/tunnel/enrolment.c \
	tscf-client/tunnel/enrolment.h \
	tscf-client/tunnel/endpoints.h \
	tscf-client/tunnel/http_connect.c \
	tscf-client/tunnel/http_connect.h \
	tscf-client/tunnel/copy_ways.c \
	tscf-client/tunnel/copy_ways.h \
	tscf-client/tunnel/side_way.c \
	tscf-client/tunnel/side_way.h \
	tscf-client/tunnel/side_ways.h \
	tscf-client/tunnel/media.c \
	tscf-client/tunnel/media.h \
	tscf-client/tunnel/internal.c \
	tscf-client/tunnel/internal.h \
	tscf-client/tunnel/mtu.c \
	tscf-client/tunnel/mtu.h \
	tscf-client/tunnel/outage.c \
	tscf-client/tunnel/outage.h \
	tscf-client/tunnel/plain.c \
	tscf-client/tunnel/plain.h \
	tscf-client/tunnel/plain_events.c \
	tscf-client/tunnel/pushed.c \
	tscf-client/tunnel/pushed.h \
	tscf-client/tunnel/quality.c \
	tscf-client/tunnel/quality.h \
	tscf-client/tunnel/pmtu.c \
	tscf-client/tunnel/pmtu.h \
	tscf-client/tunnel/proving.c \
	tscf-client/tunnel/proving.h \
	tscf-client/tunnel/proxy.c \
	tscf-client/tunnel/proxy.h \
	tscf-client/tunnel/request.c \
	tscf-client/tunnel/request.h \
	tscf-client/tunnel/resolver.c \
	tscf-client/tunnel/resolver.h \
	tscf-client/tunnel/resume.c \
	tscf-client/tunnel/rtp_flows.c \
	tscf-client/tunnel/rtp_flows.h \
	tscf-client/tunnel/resume.h \
	tscf-client/tunnel/resume_secret.c \
	tscf-client/tunnel/resume_secret.h \
	tscf-client/tunnel/sealing.c \
	tscf-client/tunnel/sealing.h \
	tscf-client/tunnel/refusal.c \
	tscf-client/tunnel/refusal.h \
	tscf-client/tunnel/renewal.c \
	tscf-client/tunnel/renewal.h \
	tscf-client/tunnel/trust.c \
	tscf-client/tunnel/trust.h \
	tscf-client/tunnel/tunnel.c \
	tscf-client/tunnel/tunnel.h \
	tscf-client/tunnel/tunnel_open.c \
	tscf-client/tunnel/tunnel_recall.c \
	tscf-client/tunnel/tunnel_recall.h \
	tscf-client/tunnel/tunnel_path.c
# Going on at another address.
# The guard: a BPF object within the daemon.
libtscf_client_a_SOURCES += tscf-client/guard/guard.c tscf-client/guard/guard.h tscf-client/guard/guard_events.h tscf-client/guard/guard_cgroup.c tscf-client/guard/guard_cgroup.h tscf-client/guard/guard_groups.c tscf-client/guard/guard_groups.h tscf-client/guard/guard_runs.c tscf-client/guard/guard_runs.h tscf-client/guard/guard_map.h tscf-client/guard/guard_place.c tscf-client/guard/guard_place.h \
	tscf-client/guard/guard_living.c tscf-client/guard/guard_living.h \
	tscf-client/guard/guard_plan.c tscf-client/guard/guard_plan.h tscf-client/guard/guard_programs.c tscf-client/guard/guard_programs.h \
	tscf-client/guard/guard_refusals.c tscf-client/guard/guard_refusals.h \
	tscf-client/guard/guard_set.h tscf-client/guard/guard_waiting.h tscf-client/guard/guard_asked.h
GUARD_BPF = tscf-client/guard/guard.bpf.c tscf-client/guard/guard_asks.bpf.h tscf-client/guard/guard_class.bpf.h tscf-client/guard/guard_connect.bpf.h tscf-client/guard/guard_maps.bpf.h tscf-client/guard/guard_option.bpf.h \
	tscf-client/guard/guard_policies.h tscf-client/guard/guard_tell.bpf.h
EXTRA_DIST += $(GUARD_BPF)
if BPF
libtscf_client_a_SOURCES += tscf-client/guard/cgroup_root.c tscf-client/guard/cgroup_root.h tscf-client/guard/guard_events.c tscf-client/guard/guard_found.c \
	tscf-client/guard/guard_found.h tscf-client/guard/guard_kernel.c tscf-client/guard/guard_kernel.h tscf-client/guard/guard_set.c tscf-client/guard/guard_sweep.c tscf-client/guard/guard_sweep.h \
	tscf-client/guard/guard_waiting.c tscf-client/guard/guard_asked.c
nodist_libtscf_client_a_SOURCES = tscf-client/guard/guard.skel.h
BUILT_SOURCES += tscf-client/guard/guard.skel.h
CLEANFILES += tscf-client/guard/guard.skel.h tscf-client/guard/guard.bpf.o tscf-client/guard/guard.bpf.su
else
libtscf_client_a_SOURCES += tscf-client/guard/guard_set_none.c
endif
if DBUS
libtscf_client_a_SOURCES += tscf-client/kernel/network_manager.c
else
libtscf_client_a_SOURCES += tscf-client/kernel/network_manager_none.c
endif
# What each function needs of the stack is in guard.bpf.su.
tscf-client/guard/guard.bpf.o: $(GUARD_BPF) tscf-client/guard/guard_map.h
	$(AM_V_GEN)$(MKDIR_P) tscf-client/guard && $(BPF_CLANG) -O2 -g -fstack-usage -Wall -Wextra -Werror -target bpf -I$(srcdir) \
		$(BPF_CPPFLAGS) -c $(srcdir)/tscf-client/guard/guard.bpf.c -o $@
tscf-client/guard/guard.skel.h: tscf-client/guard/guard.bpf.o
	$(AM_V_GEN)$(BPFTOOL) gen skeleton tscf-client/guard/guard.bpf.o name guard_bpf >$@.new && mv $@.new $@
libtscf_client_a_CFLAGS = $(AM_CFLAGS) $(CONFUSE_CFLAGS) $(JANSSON_CFLAGS) $(LIBNL_CFLAGS) $(CAPNG_CFLAGS) $(LIBBPF_CFLAGS) $(LIBSYSTEMD_CFLAGS)
CLIENT_LIBS = libtscf-client.a $(COMMON_LIBS) $(CONFUSE_LIBS) $(JANSSON_LIBS) $(CAPNG_LIBS) $(LIBBPF_LIBS) $(LIBSYSTEMD_LIBS)

sbin_PROGRAMS += tscf-client/tscf-client
tscf_client_tscf_client_SOURCES = tscf-client/main.c
tscf_client_tscf_client_LDADD = $(CLIENT_LIBS)

# The preload library: it goes into other people's programs, so nothing but libc, and no sanitizer, which would have to be in them too.
pkglib_LTLIBRARIES += libtscf-preload.la
libtscf_preload_la_SOURCES = tscf-client/preload/bind.c tscf-client/preload/connect.c tscf-client/preload/environment.c \
	tscf-client/preload/environment.h tscf-client/preload/getsockopt.c tscf-client/preload/handle.c \
	tscf-client/preload/level.c tscf-client/preload/level.h tscf-client/preload/mark.c tscf-client/preload/mark.h \
	tscf-client/preload/real.c tscf-client/preload/real.h tscf-client/preload/sendmsg.c tscf-client/preload/setsockopt.c tscf-client/preload/socket.c \
	tscf-client/libtsc/tsc.h common/control/control.h common/control/control_call.c common/control/control_wire.h common/base/level.c common/base/level.h \
	common/control/socket_level.c common/control/socket_level.h \
	common/base/redundancy.c common/base/redundancy.h tscf-client/libtsc/redundancy.c tscf-client/libtsc/redundancy.h \
	common/base/datagram.c common/base/datagram.h tscf-client/libtsc/datagram.c tscf-client/libtsc/datagram.h \
	tscf-client/libtsc/option.c tscf-client/libtsc/option.h
libtscf_preload_la_CFLAGS = $(TSCF_STD) $(TSCF_WARN) -fvisibility=hidden
# What the library says of its own functions is of its own, whoever stands before it.
libtscf_preload_la_LDFLAGS = -module -avoid-version -shared -Wl,-z,now -Wl,--no-undefined -Wl,-Bsymbolic-functions

# libtsc: the same for programs that know, so no sanitizer either.  Its symbols are those of libtsc.map.
lib_LTLIBRARIES += libtsc.la
libtsc_la_SOURCES = tscf-client/libtsc/address.c tscf-client/libtsc/address.h tscf-client/libtsc/config.c tscf-client/libtsc/deliver.c tscf-client/libtsc/handle.c tscf-client/libtsc/handle.h tscf-client/libtsc/watch.c tscf-client/libtsc/notification.c \
	tscf-client/libtsc/sockets.c tscf-client/libtsc/tsc.h tscf-client/libtsc/tunnel.c \
	common/control/control.h common/control/control_call.c common/control/control_query.c common/control/control_wire.h common/base/level.c common/base/level.h \
	common/control/socket_level.c common/control/socket_level.h \
	common/base/redundancy.c common/base/redundancy.h tscf-client/libtsc/redundancy.c tscf-client/libtsc/redundancy.h \
	common/base/datagram.c common/base/datagram.h tscf-client/libtsc/datagram.c tscf-client/libtsc/datagram.h \
	tscf-client/libtsc/option.c tscf-client/libtsc/option.h
libtsc_la_CFLAGS = $(TSCF_STD) $(TSCF_WARN) -fvisibility=hidden -pthread
# current:revision:age; see "Updating library version information" in the manual of libtool.
libtsc_la_LDFLAGS = -version-info 0:0:0 -pthread -Wl,-z,now -Wl,--no-undefined \
	-Wl,--version-script=$(srcdir)/tscf-client/libtsc/libtsc.map
libtsc_la_DEPENDENCIES = tscf-client/libtsc/libtsc.map
EXTRA_DIST += tscf-client/libtsc/libtsc.map
tscincludedir = $(includedir)/tscf
tscinclude_HEADERS = tscf-client/libtsc/tsc.h
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = tscf-client/libtsc/tsc.pc

# tscf-run: small and quick to start, so only the sources it needs.
bin_PROGRAMS += tscf-client/run/tscf-run
tscf_client_run_tscf_run_SOURCES = tscf-client/run/elf_file.c tscf-client/run/elf_file.h tscf-client/run/inspect.c \
	tscf-client/run/inspect.h tscf-client/run/main.c tscf-client/run/cgroup.c tscf-client/run/cgroup.h \
	tscf-client/run/inherited.c tscf-client/run/inherited.h tscf-client/run/program.c tscf-client/run/program.h common/control/control.h \
	common/control/control_call.c common/control/control_wire.h common/control/socket_level.c common/control/socket_level.h common/base/cgroup.c common/base/cgroup.h \
	common/base/journal.c common/base/journal.h common/base/level.c common/base/level.h common/base/log.c common/base/log.h common/base/redundancy.c common/base/redundancy.h \
	common/base/datagram.c common/base/datagram.h common/base/text.c common/base/text.h
tscf_client_run_tscf_run_CFLAGS = $(AM_CFLAGS)

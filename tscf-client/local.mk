# tscf-client
# libtscf-client: the daemon without its main(), so that tests can link it.
noinst_LTLIBRARIES += libtscf-client.la
libtscf_client_la_SOURCES = tscf-client/config.c tscf-client/config.h tscf-client/options.c tscf-client/options.h \
	tscf-client/query.c tscf-client/query.h tscf-client/show.c tscf-client/show.h tscf-client/settings.h \
	tscf-client/client.h
libtscf_client_la_SOURCES += tscf-client/client.c tscf-client/commands.c tscf-client/context.h tscf-client/decide.c tscf-client/decide.h tscf-client/dtte.c tscf-client/mtu.c tscf-client/mtu.h tscf-client/pmtu.c tscf-client/pmtu.h \
	tscf-client/dtte.h tscf-client/encrypted.c tscf-client/hold.c tscf-client/hold.h tscf-client/identity.c tscf-client/identity.h tscf-client/moves.c tscf-client/moves.h \
	tscf-client/notices.c tscf-client/notices.h \
	tscf-client/path.c tscf-client/plain.c tscf-client/processes.c tscf-client/processes.h tscf-client/registry.c \
	tscf-client/registry.h tscf-client/registry_wire.c tscf-client/registry_wire.h tscf-client/report.c tscf-client/request.c \
	tscf-client/request.h tscf-client/routing.c tscf-client/routing.h tscf-client/tunnel.c tscf-client/tunnel.h
libtscf_client_la_SOURCES += tscf-client/running.c tscf-client/running.h tscf-client/classify.c tscf-client/classify.h tscf-client/policy.c tscf-client/policy.h
# Trusted networks.
libtscf_client_la_SOURCES += tscf-client/networks.c tscf-client/networks.h tscf-client/trust.c tscf-client/trust.h
# Going on at another address.
libtscf_client_la_SOURCES += tscf-client/monitor.c tscf-client/monitor.h tscf-client/resume.c tscf-client/resume.h
# The ways to the servers.
libtscf_client_la_SOURCES += tscf-client/encrypted.h tscf-client/plain.h tscf-client/search.c tscf-client/search.h \
	tscf-client/candidates.c tscf-client/candidates.h tscf-client/http_connect.c tscf-client/http_connect.h \
	tscf-client/proxy.c tscf-client/proxy.h tscf-client/resolver.c tscf-client/resolver.h \
	tscf-client/server_list.c tscf-client/server_list.h tscf-client/tunnel_open.c tscf-client/ways.c tscf-client/ways.h
libtscf_client_la_SOURCES += tscf-client/hook.c tscf-client/hook.h tscf-client/hook_process.c tscf-client/hook_process.h \
	tscf-client/hook_reason.c
libtscf_client_la_CFLAGS = $(AM_CFLAGS) $(CONFUSE_CFLAGS) $(JANSSON_CFLAGS) $(LIBNL_CFLAGS) $(CAPNG_CFLAGS)
libtscf_client_la_LIBADD = libtscf-common.la $(CONFUSE_LIBS) $(JANSSON_LIBS) $(CAPNG_LIBS)

sbin_PROGRAMS += tscf-client/tscf-client
tscf_client_tscf_client_SOURCES = tscf-client/main.c
tscf_client_tscf_client_LDADD = libtscf-client.la

# The preload library: it goes into other people's programs, so nothing but libc, and no sanitizer, which would have to be in them too.
pkglib_LTLIBRARIES += libtscf-preload.la
libtscf_preload_la_SOURCES = tscf-client/preload/bind.c tscf-client/preload/connect.c tscf-client/preload/environment.c \
	tscf-client/preload/environment.h tscf-client/preload/getsockopt.c tscf-client/preload/level.c tscf-client/preload/level.h \
	tscf-client/preload/real.c tscf-client/preload/real.h tscf-client/preload/setsockopt.c tscf-client/preload/socket.c \
	tscf-client/libtsc/tsc.h common/control.h common/control_call.c common/control_wire.h common/level.c common/level.h \
	common/socket_level.c common/socket_level.h
libtscf_preload_la_CFLAGS = $(TSCF_STD) $(TSCF_WARN) -fvisibility=hidden
libtscf_preload_la_LDFLAGS = -module -avoid-version -shared -Wl,-z,now -Wl,--no-undefined

# libtsc: the same for programs that know, so no sanitizer either.  Its symbols are those of libtsc.map.
lib_LTLIBRARIES += libtsc.la
libtsc_la_SOURCES = tscf-client/libtsc/config.c tscf-client/libtsc/handle.h tscf-client/libtsc/notification.c \
	tscf-client/libtsc/sockets.c tscf-client/libtsc/tsc.h tscf-client/libtsc/tunnel.c \
	common/control.h common/control_call.c common/control_query.c common/control_wire.h common/level.c common/level.h \
	common/socket_level.c common/socket_level.h
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
	tscf-client/run/inspect.h tscf-client/run/main.c tscf-client/run/program.c tscf-client/run/program.h common/control.h \
	common/control_call.c common/control_wire.h common/level.c common/level.h common/log.c common/log.h
tscf_client_run_tscf_run_CFLAGS = $(AM_CFLAGS)

# tscf-server
# libtscf-server: the daemon without its main(), so that tests can link it.
noinst_LTLIBRARIES += libtscf-server.la
libtscf_server_la_SOURCES = \
	tscf-server/address/allocator.c \
	tscf-server/address/allocator.h \
	tscf-server/address/lease.c \
	tscf-server/address/lease.h \
	tscf-server/address/pool.c \
	tscf-server/address/pool.h \
	tscf-server/address/pools.c \
	tscf-server/address/pools.h \
	tscf-server/admin/query.c \
	tscf-server/admin/query.h \
	tscf-server/admin/report.c \
	tscf-server/admin/report.h \
	tscf-server/admin/show.c \
	tscf-server/admin/show.h \
	tscf-server/context.h \
	tscf-server/session/bind.c \
	tscf-server/session/bind.h \
	tscf-server/control/configure.c \
	tscf-server/control/dispatch.c \
	tscf-server/control/dispatch.h \
	tscf-server/control/kinds.h \
	tscf-server/session/reply.c \
	tscf-server/session/reply.h \
	tscf-server/session/reply_cache.c \
	tscf-server/session/reply_cache.h \
	tscf-server/session/request.h \
	tscf-server/control/services.c \
	tscf-server/counters.c \
	tscf-server/counters.h \
	tscf-server/devices.c \
	tscf-server/devices.h \
	tscf-server/dtte.c \
	tscf-server/reverse_path.c \
	tscf-server/reverse_path.h \
	tscf-server/session/refusals.c \
	tscf-server/session/refusals.h \
	tscf-server/dtte.h \
	tscf-server/session/hold.c \
	tscf-server/session/hold.h \
	tscf-server/certificate.c \
	tscf-server/certificate.h \
	tscf-server/interface.c \
	tscf-server/interface.h \
	tscf-server/mailbox.c \
	tscf-server/mailbox.h \
	tscf-server/path.c \
	tscf-server/path.h \
	tscf-server/pmtu_routes.c \
	tscf-server/pmtu_routes.h \
	tscf-server/reload.c \
	tscf-server/reload.h \
	tscf-server/server.c \
	tscf-server/server.h \
	tscf-server/session/admission.c \
	tscf-server/session/admission.h \
	tscf-server/session/cookie.c \
	tscf-server/session/cookie.h \
	tscf-server/session/liveness.c \
	tscf-server/session/liveness.h \
	tscf-server/control/migrate.c \
	tscf-server/control/migrate.h \
	tscf-server/store/record.c \
	tscf-server/store/record.h \
	tscf-server/session/reservation.c \
	tscf-server/session/reservation.h \
	tscf-server/control/resume.c \
	tscf-server/control/resume.h \
	tscf-server/session/rival.c \
	tscf-server/session/rival.h \
	tscf-server/session/session.c \
	tscf-server/session/session.h \
	tscf-server/session/session_send.c \
	tscf-server/settings/certificate_files.c \
	tscf-server/settings/certificate_files.h \
	tscf-server/settings/config.c \
	tscf-server/settings/config.h \
	tscf-server/settings/config_check.c \
	tscf-server/settings/options.c \
	tscf-server/settings/options.h \
	tscf-server/settings/prefixes.c \
	tscf-server/settings/prefixes.h \
	tscf-server/settings/settings.c \
	tscf-server/settings/settings.h \
	tscf-server/setup/clients.c \
	tscf-server/setup/clients.h \
	tscf-server/setup/invite.c \
	tscf-server/setup/invite.h \
	tscf-server/setup/key_file.c \
	tscf-server/setup/key_file.h \
	tscf-server/setup/names.c \
	tscf-server/setup/names.h \
	tscf-server/setup/qr.c \
	tscf-server/setup/qr.h \
	tscf-server/state.c \
	tscf-server/state.h \
	tscf-server/store/change_key.c \
	tscf-server/store/change_key.h \
	tscf-server/session/deferred_replies.c \
	tscf-server/session/deferred_replies.h \
	tscf-server/store/journal.c \
	tscf-server/store/journal.h \
	tscf-server/store/pending.c \
	tscf-server/store/pending.h \
	tscf-server/restore.c \
	tscf-server/restore.h \
	tscf-server/store/store.c \
	tscf-server/store/store.h \
	tscf-server/store/store_file.c \
	tscf-server/store/store_file.h \
	tscf-server/worker.c \
	tscf-server/worker.h \
	tscf-server/workers_each.c \
	tscf-server/workers_each.h
libtscf_server_la_CFLAGS = $(AM_CFLAGS) $(CONFUSE_CFLAGS) $(JANSSON_CFLAGS) $(CAPNG_CFLAGS) $(SQLITE_CFLAGS)
libtscf_server_la_LIBADD = libtscf-common.la $(CONFUSE_LIBS) $(JANSSON_LIBS) $(CAPNG_LIBS) $(SQLITE_LIBS)

libtscf_server_la_LIBADD += $(EV_LIBS) -lpthread

sbin_PROGRAMS += tscf-server/tscf-server
tscf_server_tscf_server_SOURCES = tscf-server/main.c
tscf_server_tscf_server_LDADD = libtscf-server.la

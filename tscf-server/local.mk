# tscf-server
# libtscf-server: the daemon without its main(), so that tests can link it.
noinst_LTLIBRARIES += libtscf-server.la
libtscf_server_la_SOURCES = tscf-server/config.c tscf-server/config.h tscf-server/config_check.c tscf-server/options.c tscf-server/options.h \
	tscf-server/query.c tscf-server/query.h tscf-server/show.c tscf-server/show.h tscf-server/settings.c \
	tscf-server/settings.h tscf-server/server.h
libtscf_server_la_CFLAGS = $(AM_CFLAGS) $(CONFUSE_CFLAGS) $(JANSSON_CFLAGS) $(CAPNG_CFLAGS) $(SQLITE_CFLAGS)
libtscf_server_la_LIBADD = libtscf-common.la $(CONFUSE_LIBS) $(JANSSON_LIBS) $(CAPNG_LIBS) $(SQLITE_LIBS)

# The daemon proper: what it knows and decides, without I/O, and what it does I/O with.
libtscf_server_la_SOURCES += tscf-server/admission.c tscf-server/admission.h tscf-server/answer.c tscf-server/answer.h tscf-server/bind.c tscf-server/bind.h tscf-server/configure.c tscf-server/cookie.c tscf-server/cookie.h tscf-server/counters.c tscf-server/counters.h \
	tscf-server/doubt.c tscf-server/doubt.h tscf-server/dtte.c tscf-server/dtte.h tscf-server/hold.c tscf-server/hold.h tscf-server/lease.c tscf-server/lease.h tscf-server/pool.c tscf-server/pool.h tscf-server/pools.c tscf-server/pools.h \
	tscf-server/request.h tscf-server/requests.c tscf-server/requests.h tscf-server/reservation.c tscf-server/reservation.h \
	tscf-server/resume.c tscf-server/resume.h \
	tscf-server/journal.c tscf-server/journal.h tscf-server/record.c tscf-server/record.h \
	tscf-server/store.c tscf-server/store.h tscf-server/store_file.c tscf-server/store_file.h \
	tscf-server/withhold.c tscf-server/withhold.h tscf-server/migrate.c tscf-server/migrate.h \
	tscf-server/services.c tscf-server/session.c tscf-server/session.h tscf-server/source.c tscf-server/source.h tscf-server/state.c tscf-server/state.h tscf-server/stock.h
libtscf_server_la_SOURCES += tscf-server/context.h tscf-server/devices.c tscf-server/devices.h tscf-server/identity.c tscf-server/identity.h \
	tscf-server/interface.c tscf-server/interface.h tscf-server/mailbox.c tscf-server/mailbox.h tscf-server/narrow.c tscf-server/narrow.h tscf-server/path.c tscf-server/path.h tscf-server/report.c \
	tscf-server/reload.c tscf-server/reload.h tscf-server/report.h tscf-server/restore.c tscf-server/restore.h tscf-server/server.c tscf-server/stock.c tscf-server/worker.c tscf-server/worker.h
libtscf_server_la_LIBADD += $(EV_LIBS) -lpthread

sbin_PROGRAMS += tscf-server/tscf-server
tscf_server_tscf_server_SOURCES = tscf-server/main.c
tscf_server_tscf_server_LDADD = libtscf-server.la

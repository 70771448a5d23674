# contrib
EXTRA_DIST += contrib/bare contrib/check contrib/circles contrib/copy-source contrib/layers contrib/man-pages contrib/named contrib/packages contrib/vm
EXTRA_DIST += contrib/demo contrib/demo.d/all.sh contrib/demo.d/audio.py contrib/demo.d/baresip.config contrib/demo.d/combination.sh contrib/demo.d/kamailio.cfg contrib/demo.d/sip.sh contrib/demo.d/voice.sh

EXTRA_DIST += contrib/plot contrib/wireshark/tscf.lua contrib/monitoring/tscf-metrics contrib/monitoring/tscf-alerts.yml \
	contrib/monitoring/tscf-dashboard.json
EXTRA_DIST += contrib/examples/tsc-call.c contrib/examples/tscf-renewed

# Every setting, commented out; the programs read the file without .example.
confexampledir = $(sysconfdir)/tscf
dist_confexample_DATA = contrib/examples/tscf-client.conf.example contrib/examples/tscf-server.conf.example

# The script that join has the client run.
dist_pkglibexec_SCRIPTS = contrib/tscf-dns

# Debian packages.
EXTRA_DIST += contrib/deb contrib/debian/changelog contrib/debian/control contrib/debian/copyright contrib/debian/rules \
	contrib/debian/source/format contrib/debian/libtsc-dev.install contrib/debian/libtsc0.install \
	contrib/debian/tscf-client.install contrib/debian/tscf-common.docs contrib/debian/tscf-common.examples contrib/debian/tscf-common.install \
	contrib/debian/tscf-server.install contrib/debian/tscf-server.logrotate \
	contrib/debian/tscf-client.postrm contrib/debian/tscf-server.postrm contrib/deb-repo contrib/deb-try contrib/try.sh
EXTRA_DIST += contrib/apparmor/abstractions/tscf contrib/apparmor/tscf-client contrib/apparmor/tscf-server contrib/confined contrib/confined.d/services.sh

# RPM packages, and container images.
EXTRA_DIST += contrib/rpm contrib/rpm-try contrib/fedora/macros contrib/fedora/rpmbuild.sh contrib/fedora/rpmlint.toml \
	contrib/fedora/tscf.spec
EXTRA_DIST += contrib/oci contrib/oci-try contrib/oci.d/tscf-server-entry

# Service files.  The name of the program is known when its directory is.
SYSTEMD_UNITS = contrib/systemd/tscf-client.service contrib/systemd/tscf-server.service
EXTRA_DIST += $(SYSTEMD_UNITS:=.in) contrib/systemd/tscf.conf contrib/systemd/networkd.conf.d/tscf-client.conf
CLEANFILES += $(SYSTEMD_UNITS)
if SYSTEMD
systemdsystemunit_DATA = $(SYSTEMD_UNITS)
sysusers_DATA = contrib/systemd/tscf.conf
# What networkd must leave alone.
networkdconfdir = $(systemdsystemunitdir:/system=/networkd.conf.d)
networkdconf_DATA = contrib/systemd/networkd.conf.d/tscf-client.conf
endif
contrib/systemd/%.service: contrib/systemd/%.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) contrib/systemd && sed 's|[@]sbindir@|$(sbindir)|; s|[@]sysconfdir@|$(sysconfdir)|g' '$<' >$@

# Completion for bash, which looks for a file with the name of the command.
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = contrib/completions/tscf-client
install-data-hook: link-completions
link-completions:
	$(AM_V_at)cd '$(DESTDIR)$(bashcompletiondir)' && for name in tscf-server tscf-run; do rm -f $$name && $(LN_S) tscf-client $$name || exit 1; done
uninstall-hook: unlink-completions
unlink-completions:
	$(AM_V_at)cd '$(DESTDIR)$(bashcompletiondir)' 2>/dev/null && rm -f tscf-server tscf-run || :
.PHONY: link-completions unlink-completions

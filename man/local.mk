# man
dist_man_MANS += man/tscf.7 man/tscf-guide.7 man/tscf-client.8 man/tscf-client.conf.5 man/tscf-run.1 man/tscf-server.8 man/tscf-server.conf.5
dist_man_MANS += man/tsc.3 man/tsc_ctrl_new_tunnel.3 man/tsc_get_config.3 man/tsc_notification_enable.3 man/tsc_socket.3

# Functions that share a page, PAGE:FUNCTION.
TSC_PAGES = tsc_ctrl_new_tunnel:tsc_delete_tunnel tsc_notification_enable:tsc_notification_disable \
	tsc_notification_enable:tsc_notification_fd tsc_notification_enable:tsc_notification_dispatch \
	tsc_socket:tsc_bind tsc_socket:tsc_setsockopt tsc_socket:tsc_getsockopt tsc_socket:tsc_close \
	tsc_socket:tsc_get_tunnel tsc_get_config:tsc_get_tunnel_socket_info \
	tsc_get_config:tsc_ip_address_to_str tsc_get_config:tsc_ip_port_address_to_str
install-data-hook:
	for pair in $(TSC_PAGES); do \
		ln -sf "$${pair%:*}.3" "$(DESTDIR)$(man3dir)/$${pair#*:}.3" || exit 1; \
	done
uninstall-hook:
	for pair in $(TSC_PAGES); do rm -f "$(DESTDIR)$(man3dir)/$${pair#*:}.3"; done

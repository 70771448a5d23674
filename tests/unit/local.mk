# Unit tests (check): pure code, and what can be tried in a network namespace that the test makes for itself.
UNIT_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
# What tests share: each is linked with what it needs of it.
EXTRA_LIBRARIES += tests/unit/libcases.a
CLEANFILES += tests/unit/libcases.a
tests_unit_libcases_a_SOURCES = tests/unit/certs.c tests/unit/certs.h tests/unit/config_case.c tests/unit/config_case.h \
	tests/unit/copy_file.c tests/unit/copy_file.h tests/unit/dtls_inside.c tests/unit/dtls_inside.h tests/unit/dtls_world.c \
	tests/unit/dtls_world.h tests/unit/endings.h tests/unit/event.h tests/unit/netns.c tests/unit/netns.h tests/unit/numbered.c \
	tests/unit/numbered.h tests/unit/offload_build.c tests/unit/offload_build.h tests/unit/packet_build.c tests/unit/packet_build.h \
	tests/unit/refuse.c tests/unit/refuse.h tests/unit/relay.c tests/unit/relay.h tests/unit/runner.c tests/unit/runner.h \
	tests/unit/server_endings.c tests/unit/server_identity.c tests/unit/server_identity.h tests/unit/server_radius_refusals.c \
	tests/unit/server_requests_case.c tests/unit/server_requests_case.h tests/unit/server_world.c tests/unit/server_world.h \
	tests/unit/server_world_packets.c tests/unit/server_world_packets.h tests/unit/thread_loop.c tests/unit/thread_loop.h \
	tests/unit/tls_case.c tests/unit/tls_case.h tests/unit/transport_end.c tests/unit/transport_end.h tests/unit/wireless_build.c \
	tests/unit/wireless_build.h
tests_unit_libcases_a_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS) $(WOLFSSL_CFLAGS) $(LIBNL_CFLAGS)
CASES = tests/unit/libcases.a
UNIT_LDADD = $(CASES) $(COMMON_LIBS) $(CHECK_LIBS)
SERVER_LDADD = $(CASES) $(SERVER_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)
CLIENT_LDADD = $(CASES) $(CLIENT_LIBS) $(COMMON_LIBS) $(CHECK_LIBS)
UNIT_TESTS =

UNIT_TESTS += tests/unit/test_addr
tests_unit_test_addr_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_batch
tests_unit_test_batch_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_binding tests/unit/test_binding_lookup tests/unit/test_binding_life
BINDING_TEST_SOURCES = tests/unit/binding_case.c tests/unit/binding_case.h
tests_unit_test_binding_SOURCES = tests/unit/test_binding.c $(BINDING_TEST_SOURCES)
tests_unit_test_binding_LDADD = $(UNIT_LDADD)
tests_unit_test_binding_lookup_SOURCES = tests/unit/test_binding_lookup.c $(BINDING_TEST_SOURCES)
tests_unit_test_binding_lookup_LDADD = $(UNIT_LDADD)
tests_unit_test_binding_life_SOURCES = tests/unit/test_binding_life.c $(BINDING_TEST_SOURCES)
tests_unit_test_binding_life_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_services
tests_unit_test_services_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_cgroup
tests_unit_test_cgroup_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_renewed_file
tests_unit_test_renewed_file_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_reader
tests_unit_test_reader_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_command_line
tests_unit_test_command_line_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_wireless
tests_unit_test_wireless_CFLAGS = $(UNIT_CFLAGS) $(LIBNL_CFLAGS)
tests_unit_test_wireless_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=tscf_netlink_connect -Wl,--wrap=tscf_netlink_dump
tests_unit_test_wireless_LDADD = $(UNIT_LDADD) $(LIBNL_LIBS)

UNIT_TESTS += tests/unit/test_pcapng
tests_unit_test_pcapng_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_selection
tests_unit_test_selection_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_selection_LDADD = $(UNIT_LDADD) $(JANSSON_LIBS)
UNIT_TESTS += tests/unit/test_tap
tests_unit_test_tap_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_file
tests_unit_test_file_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_show
tests_unit_test_show_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_show_LDADD = $(UNIT_LDADD) $(JANSSON_LIBS)

UNIT_TESTS += tests/unit/test_watch_rows
tests_unit_test_watch_rows_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_watch_rows_LDADD = $(UNIT_LDADD) $(JANSSON_LIBS)

UNIT_TESTS += tests/unit/test_fragment
tests_unit_test_fragment_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_level
tests_unit_test_level_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_log
tests_unit_test_log_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_redundancy tests/unit/test_redundancy_code
tests_unit_test_redundancy_SOURCES = tests/unit/test_redundancy.c tests/unit/redundancy_case.c tests/unit/redundancy_case.h
tests_unit_test_redundancy_LDADD = $(UNIT_LDADD)
tests_unit_test_redundancy_code_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_copy
tests_unit_test_copy_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_siphash
tests_unit_test_siphash_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_packet tests/unit/test_packet_icmp tests/unit/test_packet_ipv6
UNIT_TESTS += tests/unit/test_message tests/unit/test_message_tlvs
PACKET_TEST_SOURCES = tests/unit/packet_case.c tests/unit/packet_case.h
tests_unit_test_packet_SOURCES = tests/unit/test_packet.c $(PACKET_TEST_SOURCES)
tests_unit_test_packet_LDADD = $(UNIT_LDADD)
tests_unit_test_packet_icmp_SOURCES = tests/unit/test_packet_icmp.c $(PACKET_TEST_SOURCES)
tests_unit_test_packet_icmp_LDADD = $(UNIT_LDADD)
tests_unit_test_packet_ipv6_SOURCES = tests/unit/test_packet_ipv6.c $(PACKET_TEST_SOURCES)
tests_unit_test_packet_ipv6_LDADD = $(UNIT_LDADD)
MESSAGE_TEST_SOURCES = tests/unit/message_case.c tests/unit/message_case.h
tests_unit_test_message_SOURCES = tests/unit/test_message.c $(MESSAGE_TEST_SOURCES)
tests_unit_test_message_LDADD = $(UNIT_LDADD)
tests_unit_test_message_tlvs_SOURCES = tests/unit/test_message_tlvs.c $(MESSAGE_TEST_SOURCES)
tests_unit_test_message_tlvs_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_client_config tests/unit/test_server_config tests/unit/test_server_quota
tests_unit_test_server_quota_LDADD = $(SERVER_LDADD)
UNIT_TESTS += tests/unit/test_server_radius
tests_unit_test_server_radius_LDADD = $(SERVER_LDADD)
tests_unit_test_client_config_LDADD = $(CLIENT_LDADD)
tests_unit_test_server_config_LDADD = $(SERVER_LDADD)

# Scripts that run the commands of the programs, and scripts that run what is in contrib.
COMMAND_TESTS = tests/unit/test_cli.sh tests/unit/test_client_join.sh tests/unit/test_completion.sh \
	tests/unit/test_server_clients.sh tests/unit/test_server_denied.sh tests/unit/test_tlvs.sh
CONTRIB_TESTS = tests/unit/test_alerts.sh tests/unit/test_dns.sh tests/unit/test_emodel.sh tests/unit/test_plot.sh
TESTS += $(COMMAND_TESTS) $(CONTRIB_TESTS)
EXTRA_DIST += tests/unit/command.sh tests/unit/alerts.yml tests/unit/plot.pcapng tests/unit/plot-log.txt $(COMMAND_TESTS) $(CONTRIB_TESTS)

# The client.
UNIT_TESTS += tests/unit/test_http_connect
tests_unit_test_http_connect_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_pushed
tests_unit_test_client_pushed_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_endpoints
tests_unit_test_client_endpoints_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_name_watch
tests_unit_test_client_name_watch_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_outage
tests_unit_test_client_outage_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_resolver
tests_unit_test_client_resolver_LDADD = $(CLIENT_LDADD)
UNIT_TESTS += tests/unit/test_client_searches
tests_unit_test_client_searches_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_hook
tests_unit_test_client_hook_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_candidates
tests_unit_test_client_candidates_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_dtte tests/unit/test_client_request tests/unit/test_client_routing tests/unit/test_client_decide \
	tests/unit/test_client_mtu
UNIT_TESTS += tests/unit/test_client_preferred
tests_unit_test_client_preferred_LDADD = $(CLIENT_LDADD)
UNIT_TESTS += tests/unit/test_client_wifi
tests_unit_test_client_wifi_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=tunnel_path -Wl,--wrap=tscf_wireless_look -Wl,--wrap=tscf_link_get
tests_unit_test_client_wifi_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_conditions
tests_unit_test_client_conditions_LDADD = $(CLIENT_LDADD)
UNIT_TESTS += tests/unit/test_client_policy
tests_unit_test_client_policy_LDADD = $(CLIENT_LDADD)
tests_unit_test_client_dtte_LDADD = $(CLIENT_LDADD)
tests_unit_test_client_mtu_LDADD = $(CLIENT_LDADD)
tests_unit_test_client_request_LDADD = $(CLIENT_LDADD)
UNIT_TESTS += tests/unit/test_client_port_sockets
tests_unit_test_client_port_sockets_LDADD = $(CLIENT_LDADD)
UNIT_TESTS += tests/unit/test_client_upkeep
tests_unit_test_client_upkeep_LDADD = $(CLIENT_LDADD)
UNIT_TESTS += tests/unit/test_client_groups
tests_unit_test_client_groups_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_runs
tests_unit_test_client_runs_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_living
tests_unit_test_client_living_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_guard
tests_unit_test_client_guard_LDADD = $(CLIENT_LDADD)
tests_unit_test_client_routing_LDADD = $(CLIENT_LDADD)
tests_unit_test_client_decide_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_resume
tests_unit_test_client_resume_LDADD = $(CLIENT_LDADD)
UNIT_TESTS += tests/unit/test_server_yield
tests_unit_test_server_yield_LDADD = $(SERVER_LDADD)
UNIT_TESTS += tests/unit/test_server_liveness
tests_unit_test_server_liveness_LDADD = $(SERVER_LDADD)
UNIT_TESTS += tests/unit/test_client_tunnel
tests_unit_test_client_tunnel_LDADD = $(CLIENT_LDADD)
UNIT_TESTS += tests/unit/test_client_identity
tests_unit_test_client_identity_LDADD = $(CLIENT_LDADD)

# The whole client in a world of its own.
EXTRA_LIBRARIES += tests/unit/libclient-world.a
CLEANFILES += tests/unit/libclient-world.a
tests_unit_libclient_world_a_SOURCES = tests/unit/client_world.c tests/unit/client_world.h tests/unit/client_world_internal.h \
	tests/unit/client_world_kernel.c tests/unit/client_world_link.c tests/unit/client_world_server.c
tests_unit_libclient_world_a_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
CLIENT_WORLD_LIBS = tests/unit/libclient-world.a $(CLIENT_LDADD) $(EV_LIBS) $(JANSSON_LIBS)
CLIENT_WORLD_WRAP = $(AM_LDFLAGS) -Wl,--wrap=tscf_udp_connect -Wl,--wrap=tscf_dtls_connect -Wl,--wrap=tscf_tcp_connect \
	-Wl,--wrap=tscf_tls_stream_connect -Wl,--wrap=tscf_tcp_attach -Wl,--wrap=tscf_tls_stream_attach -Wl,--wrap=tscf_control_listen \
	-Wl,--wrap=tscf_control_close -Wl,--wrap=tscf_control_release -Wl,--wrap=tscf_control_discard -Wl,--wrap=tscf_control_mode \
	-Wl,--wrap=tscf_control_answer -Wl,--wrap=tscf_control_answer_with -Wl,--wrap=tscf_control_keep -Wl,--wrap=tscf_control_push \
	-Wl,--wrap=tscf_sockdiag_open -Wl,--undefined=__wrap_tscf_sockdiag_open -Wl,--wrap=searches_begin
UNIT_TESTS += tests/unit/test_client_connector
tests_unit_test_client_connector_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_connector_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_connector_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_told
tests_unit_test_client_told_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_told_LDFLAGS = $(CLIENT_WORLD_WRAP) -Wl,--wrap=guard_is_heard -Wl,--wrap=guard_has_lost -Wl,--wrap=guard_listen \
	-Wl,--wrap=guard_catch_up -Wl,--wrap=tscf_bindings_bind
tests_unit_test_client_told_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_encrypted
tests_unit_test_client_encrypted_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_encrypted_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_encrypted_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_copy_ways
tests_unit_test_client_copy_ways_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_copy_ways_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_copy_ways_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_media
tests_unit_test_client_media_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_media_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_media_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_put_back
tests_unit_test_client_put_back_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_put_back_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_put_back_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_yield
tests_unit_test_client_yield_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_yield_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_yield_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_moves
tests_unit_test_client_moves_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_moves_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_moves_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_path
tests_unit_test_client_path_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_path_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_path_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_plain
tests_unit_test_client_plain_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_plain_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_plain_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_enrolment
tests_unit_test_client_enrolment_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_enrolment_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_enrolment_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_trust
tests_unit_test_client_trust_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_trust_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_trust_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_sealing
tests_unit_test_client_sealing_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_sealing_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_sealing_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_programs
tests_unit_test_client_programs_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_programs_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_programs_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_asks
tests_unit_test_client_asks_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_asks_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_asks_LDADD = $(CLIENT_WORLD_LIBS)

UNIT_TESTS += tests/unit/test_client_registry_wire
tests_unit_test_client_registry_wire_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_registry_wire_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_registry_wire_LDADD = $(CLIENT_WORLD_LIBS)

UNIT_TESTS += tests/unit/test_client_shields
tests_unit_test_client_shields_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_shields_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_shields_LDADD = $(CLIENT_WORLD_LIBS)

UNIT_TESTS += tests/unit/test_client_refusals
tests_unit_test_client_refusals_SOURCES = tests/unit/test_client_refusals.c tests/unit/refusals.h
tests_unit_test_client_refusals_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_refusals_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_refusals_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_request_refusals
tests_unit_test_client_request_refusals_SOURCES = tests/unit/test_client_request_refusals.c tests/unit/request_refusals.h
tests_unit_test_client_request_refusals_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_request_refusals_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_request_refusals_LDADD = $(CLIENT_WORLD_LIBS)

# The control socket, the preload library and tscf-run.  preload_child runs under the library, which has no sanitizer in it.
UNIT_TESTS += tests/unit/test_control tests/unit/test_control_misuse tests/unit/test_control_file
UNIT_TESTS += tests/unit/test_preload tests/unit/test_run
PRELOAD_TEST_DEFINES = -DTEST_LIBRARY='"$(abs_top_builddir)/.libs/libtscf-preload.so"' \
	-DTEST_CHILD='"$(abs_top_builddir)/tests/unit/preload_child"' -DTEST_RUN='"$(abs_top_builddir)/tscf-client/run/tscf-run"'
CONTROL_TEST_SOURCES = tests/unit/control_case.c tests/unit/control_case.h
tests_unit_test_control_SOURCES = tests/unit/test_control.c $(CONTROL_TEST_SOURCES)
tests_unit_test_control_LDADD = $(UNIT_LDADD)
tests_unit_test_control_misuse_SOURCES = tests/unit/test_control_misuse.c $(CONTROL_TEST_SOURCES)
tests_unit_test_control_misuse_LDADD = $(UNIT_LDADD)
tests_unit_test_control_file_SOURCES = tests/unit/test_control_file.c $(CONTROL_TEST_SOURCES)
tests_unit_test_control_file_LDADD = $(UNIT_LDADD)
tests_unit_test_preload_SOURCES = tests/unit/test_preload.c tscf-client/preload/environment.c tscf-client/preload/environment.h \
	common/control/socket_level.c common/control/socket_level.h
tests_unit_test_preload_CFLAGS = $(UNIT_CFLAGS) $(PRELOAD_TEST_DEFINES)
tests_unit_test_preload_LDADD = $(UNIT_LDADD)
tests_unit_test_run_CFLAGS = $(UNIT_CFLAGS) $(PRELOAD_TEST_DEFINES)
tests_unit_test_run_LDADD = $(UNIT_LDADD)
EXTRA_tests_unit_test_preload_DEPENDENCIES = libtscf-preload.la tests/unit/preload_child$(EXEEXT)
EXTRA_tests_unit_test_run_DEPENDENCIES = libtscf-preload.la tests/unit/preload_child$(EXEEXT) tscf-client/run/tscf-run$(EXEEXT)
check_PROGRAMS += tests/unit/preload_child
tests_unit_preload_child_SOURCES = tests/unit/preload_child.c tscf-client/libtsc/tsc.h
tests_unit_preload_child_CFLAGS = $(TSCF_STD) $(TSCF_WARN)
tests_unit_preload_child_LDFLAGS = -pthread

# libtsc, against a daemon that the test plays.
UNIT_TESTS += tests/unit/test_tsc tests/unit/test_tsc_address
tests_unit_test_tsc_address_LDADD = $(CASES) libtsc.la $(UNIT_LDADD)
tests_unit_test_tsc_LDADD = $(CASES) libtsc.la $(UNIT_LDADD) $(EV_LIBS)

UNIT_TESTS += tests/unit/test_pace
tests_unit_test_pace_LDADD = $(UNIT_LDADD)

# The kernel's side, in network namespaces (skipped without the right to make them).
UNIT_TESTS += tests/unit/test_netlink tests/unit/test_netlink_rules tests/unit/test_tun tests/unit/test_sockdiag
UNIT_TESTS += tests/unit/test_sockdiag_events tests/unit/test_sockdiag_socket tests/unit/test_reuseport
tests_unit_test_reuseport_LDADD = $(UNIT_LDADD)
NETLINK_TEST_SOURCES = tests/unit/netlink_case.c tests/unit/netlink_case.h
tests_unit_test_netlink_SOURCES = tests/unit/test_netlink.c $(NETLINK_TEST_SOURCES)
tests_unit_test_netlink_LDADD = $(UNIT_LDADD)
tests_unit_test_netlink_rules_SOURCES = tests/unit/test_netlink_rules.c $(NETLINK_TEST_SOURCES)
tests_unit_test_netlink_rules_LDADD = $(UNIT_LDADD)
tests_unit_test_tun_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=writev
tests_unit_test_tun_LDADD = $(UNIT_LDADD)
SOCKDIAG_TEST_SOURCES = tests/unit/sockdiag_case.c tests/unit/sockdiag_case.h
tests_unit_test_sockdiag_SOURCES = tests/unit/test_sockdiag.c $(SOCKDIAG_TEST_SOURCES)
tests_unit_test_sockdiag_CFLAGS = $(UNIT_CFLAGS) $(LIBNL_CFLAGS)
tests_unit_test_sockdiag_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=send -Wl,--wrap=recv
tests_unit_test_sockdiag_LDADD = $(UNIT_LDADD) $(LIBNL_LIBS) $(EV_LIBS)
tests_unit_test_sockdiag_events_SOURCES = tests/unit/test_sockdiag_events.c $(SOCKDIAG_TEST_SOURCES)
tests_unit_test_sockdiag_events_CFLAGS = $(UNIT_CFLAGS) $(LIBNL_CFLAGS)
tests_unit_test_sockdiag_events_LDADD = $(UNIT_LDADD) $(LIBNL_LIBS) $(EV_LIBS)
tests_unit_test_sockdiag_socket_SOURCES = tests/unit/test_sockdiag_socket.c $(SOCKDIAG_TEST_SOURCES)
tests_unit_test_sockdiag_socket_CFLAGS = $(UNIT_CFLAGS) $(LIBNL_CFLAGS)
tests_unit_test_sockdiag_socket_LDADD = $(UNIT_LDADD) $(LIBNL_LIBS) $(EV_LIBS)

UNIT_TESTS += tests/unit/test_server_migrate
tests_unit_test_server_migrate_LDADD = $(SERVER_LDADD) $(EV_LIBS)

UNIT_TESTS += tests/unit/test_server_pool tests/unit/test_server_admission tests/unit/test_server_certificates tests/unit/test_server_cookie
UNIT_TESTS += tests/unit/test_server_mtu tests/unit/test_server_dtte_down tests/unit/test_server_dtte_up
tests_unit_test_server_pool_LDADD = $(SERVER_LDADD)
UNIT_TESTS += tests/unit/test_server_return_route
tests_unit_test_server_return_route_LDADD = $(SERVER_LDADD)
tests_unit_test_server_certificates_LDADD = $(SERVER_LDADD)
tests_unit_test_server_admission_SOURCES = tests/unit/test_server_admission.c tests/unit/server_admission_case.c \
	tests/unit/server_admission_case.h
tests_unit_test_server_admission_LDADD = $(SERVER_LDADD)
tests_unit_test_server_cookie_LDADD = $(SERVER_LDADD)
tests_unit_test_server_mtu_LDADD = $(SERVER_LDADD)
SERVER_DTTE_TEST_SOURCES = tests/unit/server_dtte_case.c tests/unit/server_dtte_case.h
tests_unit_test_server_dtte_down_SOURCES = tests/unit/test_server_dtte_down.c $(SERVER_DTTE_TEST_SOURCES)
tests_unit_test_server_dtte_down_LDADD = $(SERVER_LDADD)
tests_unit_test_server_dtte_up_SOURCES = tests/unit/test_server_dtte_up.c $(SERVER_DTTE_TEST_SOURCES)
tests_unit_test_server_dtte_up_LDADD = $(SERVER_LDADD)
UNIT_TESTS += tests/unit/test_server_no_memory
tests_unit_test_server_no_memory_SOURCES = tests/unit/test_server_no_memory.c $(SERVER_DTTE_TEST_SOURCES)
tests_unit_test_server_no_memory_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=tscf_bindings_bind -Wl,--wrap=tscf_bindings_shield
tests_unit_test_server_no_memory_LDADD = $(SERVER_LDADD)

UNIT_TESTS += tests/unit/test_server_requests tests/unit/test_server_configuration tests/unit/test_server_reservation
UNIT_TESTS += tests/unit/test_server_limits tests/unit/test_server_bindings tests/unit/test_server_shields
UNIT_TESTS += tests/unit/test_server_sockets tests/unit/test_server_expiry tests/unit/test_server_networks
tests_unit_test_server_networks_LDADD = $(SERVER_LDADD)
tests_unit_test_server_expiry_LDADD = $(SERVER_LDADD)
UNIT_TESTS += tests/unit/test_server_resume tests/unit/test_server_stream_requests tests/unit/test_server_media
UNIT_TESTS += tests/unit/test_server_copy_ways
tests_unit_test_server_copy_ways_LDADD = $(SERVER_LDADD)
tests_unit_test_server_media_LDADD = $(SERVER_LDADD)
tests_unit_test_server_requests_LDADD = $(SERVER_LDADD)
tests_unit_test_server_configuration_LDADD = $(SERVER_LDADD)
tests_unit_test_server_reservation_LDADD = $(SERVER_LDADD)
tests_unit_test_server_limits_LDADD = $(SERVER_LDADD)
tests_unit_test_server_sockets_LDADD = $(SERVER_LDADD)
tests_unit_test_server_bindings_LDADD = $(SERVER_LDADD)
tests_unit_test_server_shields_LDADD = $(SERVER_LDADD)
tests_unit_test_server_resume_LDADD = $(SERVER_LDADD)
tests_unit_test_server_stream_requests_LDADD = $(SERVER_LDADD)

UNIT_TESTS += tests/unit/test_server_setup
tests_unit_test_server_setup_LDADD = $(SERVER_LDADD)

UNIT_TESTS += tests/unit/test_server_sealing
tests_unit_test_server_sealing_LDADD = $(SERVER_LDADD)

UNIT_TESTS += tests/unit/test_server_store
tests_unit_test_server_store_LDADD = $(SERVER_LDADD)

# The outer side: transports over loopback in a network namespace, and the keys.
UNIT_TESTS += tests/unit/test_udp tests/unit/test_dtls tests/unit/test_tls tests/unit/test_tls_threads tests/unit/test_proof \
	tests/unit/test_psk tests/unit/test_crypto tests/unit/test_curve tests/unit/test_deferred_work tests/unit/test_timers \
	tests/unit/test_protect
UNIT_TESTS += tests/unit/test_outer
tests_unit_test_outer_LDADD = $(UNIT_LDADD)
tests_unit_test_udp_LDADD = $(UNIT_LDADD) $(EV_LIBS)
UNIT_TESTS += tests/unit/test_outer_read
tests_unit_test_outer_read_LDADD = $(UNIT_LDADD) $(EV_LIBS)
# Certificates, TLS contexts that have them, and ends of transports with connections.
UNIT_TESTS += tests/unit/test_dtls_handshake tests/unit/test_dtls_verify tests/unit/test_dtls_id
tests_unit_test_dtls_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_dtls_LDADD = $(UNIT_LDADD) $(EV_LIBS) $(WOLFSSL_LIBS)
tests_unit_test_dtls_handshake_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_dtls_handshake_LDADD = $(UNIT_LDADD) $(EV_LIBS) $(WOLFSSL_LIBS)
tests_unit_test_dtls_verify_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_dtls_verify_LDADD = $(UNIT_LDADD) $(EV_LIBS) $(WOLFSSL_LIBS)
tests_unit_test_dtls_id_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_dtls_id_LDADD = $(UNIT_LDADD) $(EV_LIBS) $(WOLFSSL_LIBS)
tests_unit_test_tls_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_tls_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)
tests_unit_test_tls_threads_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_tls_threads_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)
UNIT_TESTS += tests/unit/test_crl
tests_unit_test_crl_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_crl_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)
tests_unit_test_proof_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_proof_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)
UNIT_TESTS += tests/unit/test_pem
tests_unit_test_pem_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_pem_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)
UNIT_TESTS += tests/unit/test_enrolments
tests_unit_test_enrolments_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_enrolments_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)
UNIT_TESTS += tests/unit/test_agreement
tests_unit_test_agreement_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_agreement_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)

UNIT_TESTS += tests/unit/test_seal
tests_unit_test_seal_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/test_invitation
tests_unit_test_invitation_LDADD = $(UNIT_LDADD)
tests_unit_test_psk_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_psk_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)
tests_unit_test_deferred_work_LDADD = $(UNIT_LDADD) $(EV_LIBS)
tests_unit_test_timers_LDADD = $(UNIT_LDADD) $(EV_LIBS)
tests_unit_test_protect_LDADD = $(UNIT_LDADD)
tests_unit_test_curve_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_curve_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)
tests_unit_test_crypto_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_crypto_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)

UNIT_TESTS += tests/unit/test_stream_queue tests/unit/test_stream tests/unit/test_stream_ends
UNIT_TESTS += tests/unit/test_stream_tls tests/unit/test_stream_hold tests/unit/test_stream_progress
tests_unit_test_stream_progress_LDADD = $(UNIT_LDADD)
tests_unit_test_stream_hold_SOURCES = tests/unit/test_stream_hold.c $(STREAM_TEST_SOURCES)
tests_unit_test_stream_hold_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_stream_hold_LDADD = $(UNIT_LDADD) $(EV_LIBS) $(WOLFSSL_LIBS)
STREAM_TEST_SOURCES = tests/unit/stream_case.c tests/unit/stream_case.h
tests_unit_test_stream_SOURCES = tests/unit/test_stream.c $(STREAM_TEST_SOURCES)
tests_unit_test_stream_queue_LDADD = $(UNIT_LDADD)
tests_unit_test_stream_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_stream_LDADD = $(UNIT_LDADD) $(EV_LIBS) $(WOLFSSL_LIBS)
tests_unit_test_stream_ends_SOURCES = tests/unit/test_stream_ends.c $(STREAM_TEST_SOURCES)
tests_unit_test_stream_ends_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_stream_ends_LDADD = $(UNIT_LDADD) $(EV_LIBS) $(WOLFSSL_LIBS)
tests_unit_test_stream_tls_SOURCES = tests/unit/test_stream_tls.c $(STREAM_TEST_SOURCES)
tests_unit_test_stream_tls_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_stream_tls_LDADD = $(UNIT_LDADD) $(EV_LIBS) $(WOLFSSL_LIBS)

# Offloads of TUN devices; test_offload has the kernel's own super-packets in it.
UNIT_TESTS += tests/unit/test_packet_sniffers
tests_unit_test_packet_sniffers_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/test_dscp tests/unit/test_ecn
tests_unit_test_dscp_LDADD = $(UNIT_LDADD)
tests_unit_test_ecn_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/test_checksum tests/unit/test_segment tests/unit/test_coalesce
UNIT_TESTS += tests/unit/test_coalesce_apart tests/unit/test_offload
tests_unit_test_checksum_LDADD = $(UNIT_LDADD)
tests_unit_test_segment_LDADD = $(UNIT_LDADD)
COALESCE_TEST_SOURCES = tests/unit/coalesce_case.c tests/unit/coalesce_case.h
tests_unit_test_coalesce_SOURCES = tests/unit/test_coalesce.c $(COALESCE_TEST_SOURCES)
tests_unit_test_coalesce_LDADD = $(UNIT_LDADD)
tests_unit_test_coalesce_apart_SOURCES = tests/unit/test_coalesce_apart.c $(COALESCE_TEST_SOURCES)
tests_unit_test_coalesce_apart_LDADD = $(UNIT_LDADD)
tests_unit_test_offload_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_aqm
tests_unit_test_aqm_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_server_sessions
tests_unit_test_server_sessions_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_server_sessions_LDADD = $(SERVER_LDADD) $(JANSSON_LIBS)

UNIT_TESTS += tests/unit/test_session_order
tests_unit_test_session_order_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_session_order_LDADD = $(SERVER_LDADD) $(JANSSON_LIBS)

UNIT_TESTS += tests/unit/test_server_accounting
tests_unit_test_server_accounting_LDADD = $(SERVER_LDADD) $(JANSSON_LIBS)

UNIT_TESTS += tests/unit/test_server_authorisation
tests_unit_test_server_authorisation_LDADD = $(SERVER_LDADD)

UNIT_TESTS += tests/unit/test_server_disconnect
tests_unit_test_server_disconnect_LDADD = $(SERVER_LDADD)

UNIT_TESTS += tests/unit/test_server_refusals
tests_unit_test_server_refusals_SOURCES = tests/unit/test_server_refusals.c tests/unit/server_proof_refusals.c \
	tests/unit/server_refusals_case.h tests/unit/refusals.h tests/unit/server_admission_case.c tests/unit/server_admission_case.h
tests_unit_test_server_refusals_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_server_refusals_LDADD = $(SERVER_LDADD) $(WOLFSSL_LIBS)

UNIT_TESTS += tests/unit/test_server_request_refusals
tests_unit_test_server_request_refusals_SOURCES = tests/unit/test_server_request_refusals.c tests/unit/request_refusals.h
tests_unit_test_server_request_refusals_LDADD = $(SERVER_LDADD)

UNIT_TESTS += tests/unit/test_server_rejections
tests_unit_test_server_rejections_LDADD = $(SERVER_LDADD)

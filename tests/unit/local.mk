# Unit tests (check): pure code, and what can be tried in a network namespace that the test makes for itself.
UNIT_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
UNIT_LDADD = libtscf-common.la $(CHECK_LIBS)
UNIT_TESTS =

UNIT_TESTS += tests/unit/test_addr
tests_unit_test_addr_SOURCES = tests/unit/test_addr.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_addr_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_addr_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_batch
tests_unit_test_batch_SOURCES = tests/unit/test_batch.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_batch_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_batch_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_binding tests/unit/test_binding_lookup tests/unit/test_binding_life
BINDING_TEST_SOURCES = tests/unit/binding_case.c tests/unit/binding_case.h \
	tests/unit/runner.h tests/unit/runner.c
tests_unit_test_binding_SOURCES = tests/unit/test_binding.c $(BINDING_TEST_SOURCES)
tests_unit_test_binding_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_binding_LDADD = $(UNIT_LDADD)
tests_unit_test_binding_lookup_SOURCES = tests/unit/test_binding_lookup.c $(BINDING_TEST_SOURCES)
tests_unit_test_binding_lookup_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_binding_lookup_LDADD = $(UNIT_LDADD)
tests_unit_test_binding_life_SOURCES = tests/unit/test_binding_life.c $(BINDING_TEST_SOURCES)
tests_unit_test_binding_life_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_binding_life_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_cgroup
tests_unit_test_cgroup_SOURCES = tests/unit/test_cgroup.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_cgroup_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_cgroup_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_file
tests_unit_test_file_SOURCES = tests/unit/test_file.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_file_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_file_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_show
tests_unit_test_show_SOURCES = tests/unit/test_show.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_show_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_show_LDADD = $(UNIT_LDADD) $(JANSSON_LIBS)

UNIT_TESTS += tests/unit/test_watch_rows
tests_unit_test_watch_rows_SOURCES = tests/unit/test_watch_rows.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_watch_rows_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_watch_rows_LDADD = $(UNIT_LDADD) $(JANSSON_LIBS)

UNIT_TESTS += tests/unit/test_fragment
tests_unit_test_fragment_SOURCES = tests/unit/test_fragment.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_fragment_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_fragment_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_level
tests_unit_test_level_SOURCES = tests/unit/test_level.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_level_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_level_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_log
tests_unit_test_log_SOURCES = tests/unit/test_log.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_log_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_log_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_siphash
tests_unit_test_siphash_SOURCES = tests/unit/test_siphash.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_siphash_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_siphash_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_packet tests/unit/test_packet_icmp tests/unit/test_packet_ipv6
UNIT_TESTS += tests/unit/test_message tests/unit/test_message_tlvs
PACKET_TEST_SOURCES = tests/unit/packet_case.c tests/unit/packet_case.h \
	tests/unit/packet_build.c tests/unit/packet_build.h tests/unit/runner.h tests/unit/runner.c
tests_unit_test_packet_SOURCES = tests/unit/test_packet.c $(PACKET_TEST_SOURCES)
tests_unit_test_packet_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_packet_LDADD = $(UNIT_LDADD)
tests_unit_test_packet_icmp_SOURCES = tests/unit/test_packet_icmp.c $(PACKET_TEST_SOURCES)
tests_unit_test_packet_icmp_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_packet_icmp_LDADD = $(UNIT_LDADD)
tests_unit_test_packet_ipv6_SOURCES = tests/unit/test_packet_ipv6.c $(PACKET_TEST_SOURCES)
tests_unit_test_packet_ipv6_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_packet_ipv6_LDADD = $(UNIT_LDADD)
MESSAGE_TEST_SOURCES = tests/unit/message_case.c tests/unit/message_case.h \
	tests/unit/runner.h tests/unit/runner.c
tests_unit_test_message_SOURCES = tests/unit/test_message.c $(MESSAGE_TEST_SOURCES)
tests_unit_test_message_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_message_LDADD = $(UNIT_LDADD)
tests_unit_test_message_tlvs_SOURCES = tests/unit/test_message_tlvs.c $(MESSAGE_TEST_SOURCES)
tests_unit_test_message_tlvs_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_message_tlvs_LDADD = $(UNIT_LDADD)

CONFIG_TEST_SOURCES = tests/unit/config_case.c tests/unit/config_case.h tests/unit/runner.h tests/unit/runner.c
UNIT_TESTS += tests/unit/test_client_config tests/unit/test_server_config tests/unit/test_server_quota
tests_unit_test_server_quota_SOURCES = tests/unit/test_server_quota.c $(CONFIG_TEST_SOURCES)
tests_unit_test_server_quota_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_quota_LDADD = libtscf-server.la $(UNIT_LDADD)
tests_unit_test_client_config_SOURCES = tests/unit/test_client_config.c $(CONFIG_TEST_SOURCES)
tests_unit_test_client_config_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_config_LDADD = libtscf-client.la $(UNIT_LDADD)
tests_unit_test_server_config_SOURCES = tests/unit/test_server_config.c $(CONFIG_TEST_SOURCES)
tests_unit_test_server_config_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_config_LDADD = libtscf-server.la $(UNIT_LDADD)

TESTS += tests/unit/test_alerts.sh tests/unit/test_cli.sh tests/unit/test_client_join.sh tests/unit/test_completion.sh tests/unit/test_dns.sh tests/unit/test_server_clients.sh tests/unit/test_server_denied.sh tests/unit/test_tlvs.sh
EXTRA_DIST += tests/unit/command.sh tests/unit/alerts.yml tests/unit/test_alerts.sh tests/unit/test_cli.sh tests/unit/test_client_join.sh tests/unit/test_completion.sh tests/unit/test_dns.sh tests/unit/test_server_clients.sh tests/unit/test_server_denied.sh tests/unit/test_tlvs.sh

# The client.
CLIENT_LDADD = libtscf-client.la $(UNIT_LDADD)
UNIT_TESTS += tests/unit/test_http_connect
tests_unit_test_http_connect_SOURCES = tests/unit/test_http_connect.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_http_connect_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_http_connect_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_pushed
tests_unit_test_client_pushed_SOURCES = tests/unit/test_client_pushed.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_pushed_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_pushed_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_endpoints
tests_unit_test_client_endpoints_SOURCES = tests/unit/test_client_endpoints.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_endpoints_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_endpoints_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_name_watch
tests_unit_test_client_name_watch_SOURCES = tests/unit/test_client_name_watch.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_name_watch_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_name_watch_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_outage
tests_unit_test_client_outage_SOURCES = tests/unit/test_client_outage.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_outage_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_outage_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_resolver
tests_unit_test_client_resolver_SOURCES = tests/unit/test_client_resolver.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_resolver_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_resolver_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_hook
tests_unit_test_client_hook_SOURCES = tests/unit/test_client_hook.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_hook_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_hook_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_candidates
tests_unit_test_client_candidates_SOURCES = tests/unit/test_client_candidates.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_candidates_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_candidates_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_dtte tests/unit/test_client_request tests/unit/test_client_routing tests/unit/test_client_decide tests/unit/test_client_mtu
UNIT_TESTS += tests/unit/test_client_trusted_network
tests_unit_test_client_trusted_network_SOURCES = tests/unit/test_client_trusted_network.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_trusted_network_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_trusted_network_LDADD = $(CLIENT_LDADD)
UNIT_TESTS += tests/unit/test_client_policy
tests_unit_test_client_policy_SOURCES = tests/unit/test_client_policy.c $(CONFIG_TEST_SOURCES)
tests_unit_test_client_policy_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_policy_LDADD = $(CLIENT_LDADD)
tests_unit_test_client_dtte_SOURCES = tests/unit/test_client_dtte.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_dtte_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_dtte_LDADD = $(CLIENT_LDADD)
tests_unit_test_client_mtu_SOURCES = tests/unit/test_client_mtu.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_mtu_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_mtu_LDADD = $(CLIENT_LDADD)
tests_unit_test_client_request_SOURCES = tests/unit/test_client_request.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_request_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_request_LDADD = $(CLIENT_LDADD)
UNIT_TESTS += tests/unit/test_client_port_sockets
tests_unit_test_client_port_sockets_SOURCES = tests/unit/test_client_port_sockets.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_port_sockets_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_port_sockets_LDADD = $(CLIENT_LDADD)
UNIT_TESTS += tests/unit/test_client_upkeep
tests_unit_test_client_upkeep_SOURCES = tests/unit/test_client_upkeep.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_upkeep_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_upkeep_LDADD = $(CLIENT_LDADD)
UNIT_TESTS += tests/unit/test_client_groups
tests_unit_test_client_groups_SOURCES = tests/unit/test_client_groups.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_groups_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_groups_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_runs
tests_unit_test_client_runs_SOURCES = tests/unit/test_client_runs.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_runs_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_runs_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_guard
tests_unit_test_client_guard_SOURCES = tests/unit/test_client_guard.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_guard_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_guard_LDADD = $(CLIENT_LDADD)
tests_unit_test_client_routing_SOURCES = tests/unit/test_client_routing.c tests/unit/netns.c tests/unit/netns.h \
	tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_routing_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_routing_LDADD = $(CLIENT_LDADD)
tests_unit_test_client_decide_SOURCES = tests/unit/test_client_decide.c tests/unit/packet_build.c tests/unit/packet_build.h \
	tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_decide_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_decide_LDADD = $(CLIENT_LDADD)

UNIT_TESTS += tests/unit/test_client_resume
tests_unit_test_client_resume_SOURCES = tests/unit/test_client_resume.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_resume_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_resume_LDADD = $(CLIENT_LDADD)
UNIT_TESTS += tests/unit/test_server_liveness
tests_unit_test_server_liveness_SOURCES = tests/unit/test_server_liveness.c tests/unit/server_world.c tests/unit/server_world.h tests/unit/server_identity.c tests/unit/server_identity.h \
	tests/unit/runner.c tests/unit/runner.h
tests_unit_test_server_liveness_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_liveness_LDADD = libtscf-server.la $(UNIT_LDADD)
UNIT_TESTS += tests/unit/test_client_tunnel
tests_unit_test_client_tunnel_SOURCES = tests/unit/test_client_tunnel.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_tunnel_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_tunnel_LDADD = $(CLIENT_LDADD)
UNIT_TESTS += tests/unit/test_client_identity
tests_unit_test_client_identity_SOURCES = tests/unit/test_client_identity.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_client_identity_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_client_identity_LDADD = $(CLIENT_LDADD)

# The whole client in a world of its own.
check_LTLIBRARIES = tests/unit/libclient-world.la
tests_unit_libclient_world_la_SOURCES = tests/unit/client_world.c tests/unit/client_world.h tests/unit/client_world_internal.h \
	tests/unit/client_world_kernel.c tests/unit/client_world_link.c tests/unit/client_world_server.c \
	tests/unit/netns.c tests/unit/netns.h tests/unit/server_identity.c tests/unit/server_identity.h \
	tests/unit/runner.h tests/unit/runner.c
tests_unit_libclient_world_la_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
CLIENT_WORLD_LIBS = tests/unit/libclient-world.la $(CLIENT_LDADD) $(EV_LIBS) $(JANSSON_LIBS)
CLIENT_WORLD_WRAP = $(AM_LDFLAGS) -Wl,--wrap=tscf_udp_connect -Wl,--wrap=tscf_dtls_connect -Wl,--wrap=tscf_tcp_connect \
	-Wl,--wrap=tscf_tls_stream_connect -Wl,--wrap=tscf_tcp_attach -Wl,--wrap=tscf_tls_stream_attach \
	-Wl,--wrap=tscf_control_listen -Wl,--wrap=tscf_control_close -Wl,--wrap=tscf_control_release \
	-Wl,--wrap=tscf_control_discard -Wl,--wrap=tscf_control_mode -Wl,--wrap=tscf_control_answer \
	-Wl,--wrap=tscf_control_answer_with -Wl,--wrap=tscf_control_keep -Wl,--wrap=tscf_control_push \
	-Wl,--wrap=tscf_sockdiag_open -Wl,--undefined=__wrap_tscf_sockdiag_open
UNIT_TESTS += tests/unit/test_client_connector
tests_unit_test_client_connector_SOURCES = tests/unit/test_client_connector.c
tests_unit_test_client_connector_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_connector_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_connector_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_told
tests_unit_test_client_told_SOURCES = tests/unit/test_client_told.c
tests_unit_test_client_told_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_told_LDFLAGS = $(CLIENT_WORLD_WRAP) -Wl,--wrap=guard_is_heard -Wl,--wrap=guard_has_lost -Wl,--wrap=guard_listen \
	-Wl,--wrap=guard_catch_up
tests_unit_test_client_told_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_encrypted
tests_unit_test_client_encrypted_SOURCES = tests/unit/test_client_encrypted.c
tests_unit_test_client_encrypted_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_encrypted_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_encrypted_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_put_back
tests_unit_test_client_put_back_SOURCES = tests/unit/test_client_put_back.c
tests_unit_test_client_put_back_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_put_back_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_put_back_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_moves
tests_unit_test_client_moves_SOURCES = tests/unit/test_client_moves.c
tests_unit_test_client_moves_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_moves_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_moves_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_path
tests_unit_test_client_path_SOURCES = tests/unit/test_client_path.c tests/unit/config_case.c tests/unit/config_case.h
tests_unit_test_client_path_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_path_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_path_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_plain
tests_unit_test_client_plain_SOURCES = tests/unit/test_client_plain.c
tests_unit_test_client_plain_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_plain_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_plain_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_trust
tests_unit_test_client_trust_SOURCES = tests/unit/test_client_trust.c
tests_unit_test_client_trust_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_trust_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_trust_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_sealing
tests_unit_test_client_sealing_SOURCES = tests/unit/test_client_sealing.c
tests_unit_test_client_sealing_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_sealing_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_sealing_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_programs
tests_unit_test_client_programs_SOURCES = tests/unit/test_client_programs.c
tests_unit_test_client_programs_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_programs_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_programs_LDADD = $(CLIENT_WORLD_LIBS)
UNIT_TESTS += tests/unit/test_client_registry_wire
tests_unit_test_client_registry_wire_SOURCES = tests/unit/test_client_registry_wire.c
tests_unit_test_client_registry_wire_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_client_registry_wire_LDFLAGS = $(CLIENT_WORLD_WRAP)
tests_unit_test_client_registry_wire_LDADD = $(CLIENT_WORLD_LIBS)

# The control socket, the preload library and tscf-run.  preload_child runs under the library, which has no sanitizer in it.
UNIT_TESTS += tests/unit/test_control tests/unit/test_control_misuse tests/unit/test_control_file
UNIT_TESTS += tests/unit/test_preload tests/unit/test_run
PRELOAD_TEST_DEFINES = -DTEST_LIBRARY='"$(abs_top_builddir)/.libs/libtscf-preload.so"' \
	-DTEST_CHILD='"$(abs_top_builddir)/tests/unit/preload_child"' -DTEST_RUN='"$(abs_top_builddir)/tscf-client/run/tscf-run"'
THREAD_LOOP_SOURCES = tests/unit/thread_loop.c tests/unit/thread_loop.h
CONTROL_TEST_SOURCES = tests/unit/control_case.c tests/unit/control_case.h $(THREAD_LOOP_SOURCES) \
	tests/unit/runner.h tests/unit/runner.c
tests_unit_test_control_SOURCES = tests/unit/test_control.c $(CONTROL_TEST_SOURCES)
tests_unit_test_control_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_control_LDADD = $(UNIT_LDADD)
tests_unit_test_control_misuse_SOURCES = tests/unit/test_control_misuse.c $(CONTROL_TEST_SOURCES)
tests_unit_test_control_misuse_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_control_misuse_LDADD = $(UNIT_LDADD)
tests_unit_test_control_file_SOURCES = tests/unit/test_control_file.c $(CONTROL_TEST_SOURCES)
tests_unit_test_control_file_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_control_file_LDADD = $(UNIT_LDADD)
tests_unit_test_preload_SOURCES = tests/unit/test_preload.c tscf-client/preload/environment.c tscf-client/preload/environment.h \
	common/control/socket_level.c common/control/socket_level.h tests/unit/copy_file.c tests/unit/copy_file.h \
	tests/unit/runner.h tests/unit/runner.c
tests_unit_test_preload_CFLAGS = $(UNIT_CFLAGS) $(PRELOAD_TEST_DEFINES)
tests_unit_test_preload_LDADD = $(UNIT_LDADD)
tests_unit_test_run_SOURCES = tests/unit/test_run.c tests/unit/copy_file.c tests/unit/copy_file.h tests/unit/runner.h tests/unit/runner.c
tests_unit_test_run_CFLAGS = $(UNIT_CFLAGS) $(PRELOAD_TEST_DEFINES)
tests_unit_test_run_LDADD = $(UNIT_LDADD)
EXTRA_tests_unit_test_preload_DEPENDENCIES = libtscf-preload.la tests/unit/preload_child$(EXEEXT)
EXTRA_tests_unit_test_run_DEPENDENCIES = libtscf-preload.la tests/unit/preload_child$(EXEEXT) tscf-client/run/tscf-run$(EXEEXT)
check_PROGRAMS += tests/unit/preload_child
tests_unit_preload_child_SOURCES = tests/unit/preload_child.c tscf-client/libtsc/tsc.h
tests_unit_preload_child_CFLAGS = $(TSCF_STD) $(TSCF_WARN)
tests_unit_preload_child_LDFLAGS = -pthread

# libtsc, against a daemon that the test plays.
UNIT_TESTS += tests/unit/test_tsc
tests_unit_test_tsc_SOURCES = tests/unit/test_tsc.c $(THREAD_LOOP_SOURCES) tests/unit/runner.h tests/unit/runner.c
tests_unit_test_tsc_CFLAGS = $(UNIT_CFLAGS) -pthread
tests_unit_test_tsc_LDADD = libtsc.la $(UNIT_LDADD) $(EV_LIBS)

# The kernel's side, in network namespaces (skipped without the right to make them).
NETNS_TEST_SOURCES = tests/unit/netns.c tests/unit/netns.h tests/unit/runner.h tests/unit/runner.c
UNIT_TESTS += tests/unit/test_netlink tests/unit/test_netlink_rules tests/unit/test_tun tests/unit/test_sockdiag
UNIT_TESTS += tests/unit/test_sockdiag_events tests/unit/test_sockdiag_socket tests/unit/test_reuseport
tests_unit_test_reuseport_SOURCES = tests/unit/test_reuseport.c $(NETNS_TEST_SOURCES)
tests_unit_test_reuseport_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_reuseport_LDADD = $(UNIT_LDADD)
NETLINK_TEST_SOURCES = tests/unit/netlink_case.c tests/unit/netlink_case.h $(NETNS_TEST_SOURCES)
tests_unit_test_netlink_SOURCES = tests/unit/test_netlink.c $(NETLINK_TEST_SOURCES)
tests_unit_test_netlink_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_netlink_LDADD = $(UNIT_LDADD)
tests_unit_test_netlink_rules_SOURCES = tests/unit/test_netlink_rules.c $(NETLINK_TEST_SOURCES)
tests_unit_test_netlink_rules_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_netlink_rules_LDADD = $(UNIT_LDADD)
tests_unit_test_tun_SOURCES = tests/unit/test_tun.c tests/unit/refuse.c tests/unit/refuse.h $(NETNS_TEST_SOURCES)
tests_unit_test_tun_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_tun_LDADD = $(UNIT_LDADD)
SOCKDIAG_TEST_SOURCES = tests/unit/sockdiag_case.c tests/unit/sockdiag_case.h $(NETNS_TEST_SOURCES)
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
tests_unit_test_server_migrate_SOURCES = tests/unit/test_server_migrate.c tests/unit/server_identity.c tests/unit/server_identity.h tests/unit/event.h tests/unit/runner.h \
	tests/unit/runner.c
tests_unit_test_server_migrate_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_migrate_LDADD = libtscf-server.la $(UNIT_LDADD) $(EV_LIBS)

UNIT_TESTS += tests/unit/test_server_pool tests/unit/test_server_admission tests/unit/test_server_certificates tests/unit/test_server_cookie
UNIT_TESTS += tests/unit/test_server_mtu tests/unit/test_server_dtte_down tests/unit/test_server_dtte_up
tests_unit_test_server_pool_SOURCES = tests/unit/test_server_pool.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_server_pool_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_pool_LDADD = libtscf-server.la $(UNIT_LDADD)
tests_unit_test_server_certificates_SOURCES = tests/unit/test_server_certificates.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_server_certificates_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_certificates_LDADD = libtscf-server.la $(UNIT_LDADD)
tests_unit_test_server_admission_SOURCES = tests/unit/test_server_admission.c tests/unit/server_world.c tests/unit/server_world.h tests/unit/server_identity.c tests/unit/server_identity.h \
	tests/unit/runner.h tests/unit/runner.c
tests_unit_test_server_admission_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_admission_LDADD = libtscf-server.la $(UNIT_LDADD)
tests_unit_test_server_cookie_SOURCES = tests/unit/test_server_cookie.c  \
	tests/unit/runner.h tests/unit/runner.c
tests_unit_test_server_cookie_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_cookie_LDADD = libtscf-server.la $(UNIT_LDADD)
tests_unit_test_server_mtu_SOURCES = tests/unit/test_server_mtu.c tests/unit/server_world.c tests/unit/server_world.h tests/unit/server_identity.c tests/unit/server_identity.h \
	tests/unit/runner.h tests/unit/runner.c
tests_unit_test_server_mtu_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_mtu_LDADD = libtscf-server.la $(UNIT_LDADD)
SERVER_DTTE_TEST_SOURCES = tests/unit/server_dtte_case.c tests/unit/server_dtte_case.h \
	tests/unit/server_world.c tests/unit/server_world.h tests/unit/server_identity.c tests/unit/server_identity.h tests/unit/runner.h tests/unit/runner.c
tests_unit_test_server_dtte_down_SOURCES = tests/unit/test_server_dtte_down.c $(SERVER_DTTE_TEST_SOURCES)
tests_unit_test_server_dtte_down_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_dtte_down_LDADD = libtscf-server.la $(UNIT_LDADD)
tests_unit_test_server_dtte_up_SOURCES = tests/unit/test_server_dtte_up.c $(SERVER_DTTE_TEST_SOURCES)
tests_unit_test_server_dtte_up_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_dtte_up_LDADD = libtscf-server.la $(UNIT_LDADD)

SERVER_REQUESTS_TEST_SOURCES = tests/unit/server_requests_case.c tests/unit/server_requests_case.h \
	tests/unit/server_world.c tests/unit/server_world.h tests/unit/server_identity.c tests/unit/server_identity.h tests/unit/runner.h tests/unit/runner.c
UNIT_TESTS += tests/unit/test_server_requests tests/unit/test_server_configuration tests/unit/test_server_reservation
UNIT_TESTS += tests/unit/test_server_limits tests/unit/test_server_bindings tests/unit/test_server_shields
UNIT_TESTS += tests/unit/test_server_resume tests/unit/test_server_stream_requests
tests_unit_test_server_requests_SOURCES = tests/unit/test_server_requests.c $(SERVER_REQUESTS_TEST_SOURCES)
tests_unit_test_server_requests_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_requests_LDADD = libtscf-server.la $(UNIT_LDADD)
tests_unit_test_server_configuration_SOURCES = tests/unit/test_server_configuration.c $(SERVER_REQUESTS_TEST_SOURCES)
tests_unit_test_server_configuration_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_configuration_LDADD = libtscf-server.la $(UNIT_LDADD)
tests_unit_test_server_reservation_SOURCES = tests/unit/test_server_reservation.c $(SERVER_REQUESTS_TEST_SOURCES)
tests_unit_test_server_reservation_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_reservation_LDADD = libtscf-server.la $(UNIT_LDADD)
tests_unit_test_server_limits_SOURCES = tests/unit/test_server_limits.c tests/unit/config_case.c tests/unit/config_case.h $(SERVER_REQUESTS_TEST_SOURCES)
tests_unit_test_server_limits_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_limits_LDADD = libtscf-server.la $(UNIT_LDADD)
tests_unit_test_server_bindings_SOURCES = tests/unit/test_server_bindings.c $(SERVER_REQUESTS_TEST_SOURCES)
tests_unit_test_server_bindings_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_bindings_LDADD = libtscf-server.la $(UNIT_LDADD)
tests_unit_test_server_shields_SOURCES = tests/unit/test_server_shields.c $(SERVER_REQUESTS_TEST_SOURCES)
tests_unit_test_server_shields_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_shields_LDADD = libtscf-server.la $(UNIT_LDADD)
tests_unit_test_server_resume_SOURCES = tests/unit/test_server_resume.c $(SERVER_REQUESTS_TEST_SOURCES)
tests_unit_test_server_resume_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_resume_LDADD = libtscf-server.la $(UNIT_LDADD)
tests_unit_test_server_stream_requests_SOURCES = tests/unit/test_server_stream_requests.c $(SERVER_REQUESTS_TEST_SOURCES)
tests_unit_test_server_stream_requests_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_stream_requests_LDADD = libtscf-server.la $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_server_setup
tests_unit_test_server_setup_SOURCES = tests/unit/test_server_setup.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_server_setup_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_setup_LDADD = libtscf-server.la $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_server_sealing
tests_unit_test_server_sealing_SOURCES = tests/unit/test_server_sealing.c $(SERVER_REQUESTS_TEST_SOURCES)
tests_unit_test_server_sealing_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_sealing_LDADD = libtscf-server.la $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_server_store
tests_unit_test_server_store_SOURCES = tests/unit/test_server_store.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_server_store_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_store_LDADD = libtscf-server.la $(UNIT_LDADD)

# The outer side: transports over loopback in a network namespace, and the keys.
UNIT_TESTS += tests/unit/test_udp tests/unit/test_dtls tests/unit/test_tls tests/unit/test_tls_threads tests/unit/test_proof tests/unit/test_psk tests/unit/test_crypto tests/unit/test_curve tests/unit/test_deferred_work tests/unit/test_timers tests/unit/test_protect
NUMBERED_SOURCES = tests/unit/numbered.c tests/unit/numbered.h
UNIT_TESTS += tests/unit/test_outer
tests_unit_test_outer_SOURCES = tests/unit/test_outer.c tests/unit/refuse.c tests/unit/refuse.h $(NETNS_TEST_SOURCES)
tests_unit_test_outer_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_outer_LDADD = $(UNIT_LDADD)
tests_unit_test_udp_SOURCES = tests/unit/test_udp.c tests/unit/event.h $(NUMBERED_SOURCES) $(NETNS_TEST_SOURCES)
tests_unit_test_udp_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_udp_LDADD = $(UNIT_LDADD) $(EV_LIBS)
UNIT_TESTS += tests/unit/test_outer_read
tests_unit_test_outer_read_SOURCES = tests/unit/test_outer_read.c $(NETNS_TEST_SOURCES)
tests_unit_test_outer_read_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_outer_read_LDADD = $(UNIT_LDADD) $(EV_LIBS)
# Certificates, TLS contexts that have them, and ends of transports with connections.
TLS_CASE_SOURCES = tests/unit/tls_case.c tests/unit/tls_case.h tests/unit/certs.c tests/unit/certs.h \
	tests/unit/transport_end.c tests/unit/transport_end.h
DTLS_TEST_SOURCES = tests/unit/dtls_world.c tests/unit/dtls_world.h tests/unit/dtls_inside.c tests/unit/dtls_inside.h \
	tests/unit/event.h $(TLS_CASE_SOURCES) $(NUMBERED_SOURCES) tests/unit/relay.c tests/unit/relay.h $(NETNS_TEST_SOURCES)
UNIT_TESTS += tests/unit/test_dtls_handshake tests/unit/test_dtls_verify tests/unit/test_dtls_id
tests_unit_test_dtls_SOURCES = tests/unit/test_dtls.c $(DTLS_TEST_SOURCES)
tests_unit_test_dtls_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_dtls_LDADD = $(UNIT_LDADD) $(EV_LIBS) $(WOLFSSL_LIBS)
tests_unit_test_dtls_handshake_SOURCES = tests/unit/test_dtls_handshake.c $(DTLS_TEST_SOURCES)
tests_unit_test_dtls_handshake_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_dtls_handshake_LDADD = $(UNIT_LDADD) $(EV_LIBS) $(WOLFSSL_LIBS)
tests_unit_test_dtls_verify_SOURCES = tests/unit/test_dtls_verify.c $(DTLS_TEST_SOURCES)
tests_unit_test_dtls_verify_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_dtls_verify_LDADD = $(UNIT_LDADD) $(EV_LIBS) $(WOLFSSL_LIBS)
tests_unit_test_dtls_id_SOURCES = tests/unit/test_dtls_id.c $(DTLS_TEST_SOURCES)
tests_unit_test_dtls_id_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_dtls_id_LDADD = $(UNIT_LDADD) $(EV_LIBS) $(WOLFSSL_LIBS)
tests_unit_test_tls_SOURCES = tests/unit/test_tls.c tests/unit/certs.c tests/unit/certs.h tests/unit/runner.h tests/unit/runner.c
tests_unit_test_tls_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_tls_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)
tests_unit_test_tls_threads_SOURCES = tests/unit/test_tls_threads.c tests/unit/certs.c tests/unit/certs.h \
	tests/unit/runner.h tests/unit/runner.c
tests_unit_test_tls_threads_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_tls_threads_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)
UNIT_TESTS += tests/unit/test_crl
tests_unit_test_crl_SOURCES = tests/unit/test_crl.c tests/unit/certs.c tests/unit/certs.h tests/unit/runner.h tests/unit/runner.c
tests_unit_test_crl_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_crl_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)
tests_unit_test_proof_SOURCES = tests/unit/test_proof.c tests/unit/certs.c tests/unit/certs.h tests/unit/runner.h tests/unit/runner.c
tests_unit_test_proof_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_proof_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)
UNIT_TESTS += tests/unit/test_pem
tests_unit_test_pem_SOURCES = tests/unit/test_pem.c tests/unit/certs.c tests/unit/certs.h tests/unit/config_case.c \
	tests/unit/config_case.h tests/unit/runner.h tests/unit/runner.c
tests_unit_test_pem_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_pem_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)
UNIT_TESTS += tests/unit/test_agreement
tests_unit_test_agreement_SOURCES = tests/unit/test_agreement.c tests/unit/certs.c tests/unit/certs.h tests/unit/runner.h tests/unit/runner.c
tests_unit_test_agreement_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_agreement_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)

UNIT_TESTS += tests/unit/test_seal
tests_unit_test_seal_SOURCES = tests/unit/test_seal.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_seal_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_seal_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/test_invitation
tests_unit_test_invitation_SOURCES = tests/unit/test_invitation.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_invitation_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_invitation_LDADD = $(UNIT_LDADD)
tests_unit_test_psk_SOURCES = tests/unit/test_psk.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_psk_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_psk_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)
tests_unit_test_deferred_work_SOURCES = tests/unit/test_deferred_work.c tests/unit/event.h tests/unit/runner.h tests/unit/runner.c
tests_unit_test_deferred_work_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_deferred_work_LDADD = $(UNIT_LDADD) $(EV_LIBS)
tests_unit_test_timers_SOURCES = tests/unit/test_timers.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_timers_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_timers_LDADD = $(UNIT_LDADD) $(EV_LIBS)
tests_unit_test_protect_SOURCES = tests/unit/test_protect.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_protect_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_protect_LDADD = $(UNIT_LDADD)
tests_unit_test_curve_SOURCES = tests/unit/test_curve.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_curve_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_curve_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)
tests_unit_test_crypto_SOURCES = tests/unit/test_crypto.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_crypto_CFLAGS = $(UNIT_CFLAGS) $(WOLFSSL_CFLAGS)
tests_unit_test_crypto_LDADD = $(UNIT_LDADD) $(WOLFSSL_LIBS)

UNIT_TESTS += tests/unit/test_stream_queue tests/unit/test_stream tests/unit/test_stream_ends
UNIT_TESTS += tests/unit/test_stream_tls
STREAM_TEST_SOURCES = tests/unit/stream_case.c tests/unit/stream_case.h \
	tests/unit/event.h $(TLS_CASE_SOURCES) $(NETNS_TEST_SOURCES)
tests_unit_test_stream_SOURCES = tests/unit/test_stream.c $(STREAM_TEST_SOURCES)
tests_unit_test_stream_queue_SOURCES = tests/unit/test_stream_queue.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_stream_queue_CFLAGS = $(UNIT_CFLAGS)
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
OFFLOAD_TEST_SOURCES = tests/unit/offload_build.c tests/unit/offload_build.h tests/unit/runner.h tests/unit/runner.c
UNIT_TESTS += tests/unit/test_packet_sniffers
tests_unit_test_packet_sniffers_SOURCES = tests/unit/test_packet_sniffers.c tests/unit/netns.c tests/unit/netns.h tests/unit/runner.h \
	tests/unit/runner.c
tests_unit_test_packet_sniffers_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_packet_sniffers_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/test_dscp tests/unit/test_ecn
tests_unit_test_dscp_SOURCES = tests/unit/test_dscp.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_dscp_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_dscp_LDADD = $(UNIT_LDADD)
tests_unit_test_ecn_SOURCES = tests/unit/test_ecn.c $(OFFLOAD_TEST_SOURCES)
tests_unit_test_ecn_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_ecn_LDADD = $(UNIT_LDADD)
UNIT_TESTS += tests/unit/test_checksum tests/unit/test_segment tests/unit/test_coalesce
UNIT_TESTS += tests/unit/test_coalesce_apart tests/unit/test_offload
tests_unit_test_checksum_SOURCES = tests/unit/test_checksum.c $(OFFLOAD_TEST_SOURCES)
tests_unit_test_checksum_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_checksum_LDADD = $(UNIT_LDADD)
tests_unit_test_segment_SOURCES = tests/unit/test_segment.c $(OFFLOAD_TEST_SOURCES)
tests_unit_test_segment_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_segment_LDADD = $(UNIT_LDADD)
COALESCE_TEST_SOURCES = tests/unit/coalesce_case.c tests/unit/coalesce_case.h $(OFFLOAD_TEST_SOURCES)
tests_unit_test_coalesce_SOURCES = tests/unit/test_coalesce.c $(COALESCE_TEST_SOURCES)
tests_unit_test_coalesce_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_coalesce_LDADD = $(UNIT_LDADD)
tests_unit_test_coalesce_apart_SOURCES = tests/unit/test_coalesce_apart.c $(COALESCE_TEST_SOURCES)
tests_unit_test_coalesce_apart_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_coalesce_apart_LDADD = $(UNIT_LDADD)
tests_unit_test_offload_SOURCES = tests/unit/test_offload.c tests/unit/netns.c tests/unit/netns.h $(OFFLOAD_TEST_SOURCES)
tests_unit_test_offload_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_offload_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_aqm
tests_unit_test_aqm_SOURCES = tests/unit/test_aqm.c tests/unit/runner.h tests/unit/runner.c
tests_unit_test_aqm_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_aqm_LDADD = $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_server_sessions
tests_unit_test_server_sessions_SOURCES = tests/unit/test_server_sessions.c tests/unit/server_world.c tests/unit/server_world.h tests/unit/server_identity.c tests/unit/server_identity.h \
	tests/unit/runner.c tests/unit/runner.h
tests_unit_test_server_sessions_CFLAGS = $(UNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_server_sessions_LDADD = libtscf-server.la $(UNIT_LDADD) $(JANSSON_LIBS)

UNIT_TESTS += tests/unit/test_server_accounting
tests_unit_test_server_accounting_SOURCES = tests/unit/test_server_accounting.c tests/unit/server_world.c tests/unit/server_world.h tests/unit/server_identity.c tests/unit/server_identity.h \
	tests/unit/runner.c tests/unit/runner.h
tests_unit_test_server_accounting_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_accounting_LDADD = libtscf-server.la $(UNIT_LDADD) $(JANSSON_LIBS)

UNIT_TESTS += tests/unit/test_server_authorisation
tests_unit_test_server_authorisation_SOURCES = tests/unit/test_server_authorisation.c tests/unit/server_world.c tests/unit/server_world.h tests/unit/server_identity.c tests/unit/server_identity.h \
	tests/unit/runner.c tests/unit/runner.h
tests_unit_test_server_authorisation_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_authorisation_LDADD = libtscf-server.la $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_server_disconnect
tests_unit_test_server_disconnect_SOURCES = tests/unit/test_server_disconnect.c tests/unit/server_world.c tests/unit/server_world.h tests/unit/server_identity.c tests/unit/server_identity.h \
	tests/unit/runner.c tests/unit/runner.h
tests_unit_test_server_disconnect_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_disconnect_LDADD = libtscf-server.la $(UNIT_LDADD)

UNIT_TESTS += tests/unit/test_server_rejections
tests_unit_test_server_rejections_SOURCES = tests/unit/test_server_rejections.c tests/unit/server_world.c tests/unit/server_world.h tests/unit/server_identity.c tests/unit/server_identity.h \
	$(CONFIG_TEST_SOURCES)
tests_unit_test_server_rejections_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_server_rejections_LDADD = libtscf-server.la $(UNIT_LDADD)

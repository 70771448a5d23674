# Measurements: never part of make check, and nothing in them is asserted.  tests/bench/README says how to read them.
# The generators are ordinary programs, also in a sanitizer build.
BENCH_TOOLS = tests/bench/tscf-load tests/bench/traffic tests/bench/move-flow tests/bench/socket-cost
EXTRA_PROGRAMS += $(BENCH_TOOLS)
CLEANFILES += $(BENCH_TOOLS)
# An end-to-end test needs many clients too.
check_PROGRAMS += tests/bench/tscf-load
EXTRA_DIST += tests/bench/README tests/bench/run tests/bench/move tests/bench/guard-cost tests/bench/idle tests/bench/scale tests/bench/scale-bindings \
	tests/bench/scale-figures tests/bench/redundancy-cost tests/bench/voice tests/bench/calls.py tests/bench/emodel.py tests/bench/voice_figures.py tests/bench/voice_report.py

tests_bench_tscf_load_SOURCES = tests/bench/load.c tests/bench/load.h tests/bench/load_options.c tests/bench/load_wire.c \
	tests/bench/load_client.c tests/bench/load_encrypted.c tests/bench/load_calls.c tests/bench/load_phase.c \
	tests/bench/load_report.c tests/bench/histogram.c tests/bench/histogram.h
tests_bench_tscf_load_CFLAGS = $(AM_CFLAGS) $(WOLFSSL_CFLAGS) $(JANSSON_CFLAGS)
tests_bench_tscf_load_LDADD = $(COMMON_LIBS) $(WOLFSSL_LIBS) $(JANSSON_LIBS)

tests_bench_traffic_SOURCES = tests/bench/traffic.c tests/bench/histogram.c tests/bench/histogram.h tests/net/tool.c tests/net/tool.h
tests_bench_traffic_CFLAGS = $(NET_CFLAGS) -pthread
tests_bench_traffic_LDFLAGS = -pthread
tests_bench_move_flow_SOURCES = tests/bench/move-flow.c tests/bench/histogram.c tests/bench/histogram.h \
	tests/net/tool.c tests/net/tool.h
tests_bench_move_flow_CFLAGS = $(NET_CFLAGS) -pthread
tests_bench_move_flow_LDFLAGS = -pthread
tests_bench_socket_cost_SOURCES = tests/bench/socket-cost.c tests/net/tool.c tests/net/tool.h
tests_bench_socket_cost_CFLAGS = $(NET_CFLAGS)

# Results: run.json, run.txt and run.svg, move.json, guard-cost.json, redundancy-cost.json, idle.json, load-*.json in tests/bench of the build directory.
BENCH_OUT = $(abs_builddir)/tests/bench
BENCH_RUN = $(AM_TESTS_ENVIRONMENT) TSCF_BENCH='$(BENCH_OUT)'; export TSCF_BENCH;
bench: tests/root.stamp $(BENCH_TOOLS) tests/net/flow
	$(BENCH_RUN) '$(srcdir)/tests/bench/run' --out '$(BENCH_OUT)'
	$(BENCH_RUN) '$(srcdir)/tests/bench/move' --json '$(BENCH_OUT)/move.json'
	$(BENCH_RUN) '$(srcdir)/tests/bench/guard-cost' --out '$(BENCH_OUT)'
	$(BENCH_RUN) '$(srcdir)/tests/bench/redundancy-cost' --out '$(BENCH_OUT)'
	$(BENCH_RUN) '$(srcdir)/tests/bench/idle' --out '$(BENCH_OUT)'
	$(BENCH_RUN) '$(srcdir)/tests/bench/scale' --json '$(BENCH_OUT)/load-set-up.json' \
		--plain 20000 --encrypted 1000 --resumed 1000 --seconds 0
	$(BENCH_RUN) '$(srcdir)/tests/bench/scale' --json '$(BENCH_OUT)/load-calls.json' \
		--plain 20000 --encrypted 1000 --resumed 1000 --bindings 20 --active 100 --active-encrypted 100
.PHONY: bench

# Many tunnels: some five minutes, and 3 GB of memory.  Results: scale-plain.json, scale-encrypted.json,
# scale-encrypted-one-worker.json, scale-bindings.json.
bench-scale: tests/root.stamp $(BENCH_TOOLS)
	$(BENCH_RUN) '$(srcdir)/tests/bench/scale-figures' --out '$(BENCH_OUT)'
	$(BENCH_RUN) '$(srcdir)/tests/bench/scale-bindings' --out '$(BENCH_OUT)'
.PHONY: bench-scale

# Calls on a path that loses packets: some nine minutes.  Results: voice.json, voice.txt, voice.svg.
bench-voice: tests/root.stamp tests/net/flow
	$(BENCH_RUN) '$(srcdir)/tests/bench/voice' --out '$(BENCH_OUT)' $(VOICE_OPTIONS)
.PHONY: bench-voice
clean-local: clean-bench
clean-bench:
	rm -f tests/bench/*.json tests/bench/run.txt tests/bench/run.svg tests/bench/redundancy-cost.txt tests/bench/voice.txt tests/bench/voice.svg
.PHONY: clean-bench

# libFuzzer targets (./configure --enable-fuzzing CC=clang, then tests/fuzz/run [RUNS] or "make fuzz").
# The libraries have the fuzzer's instrumentation in such a build (TSCF_SANITIZERS), so a target names no sources but its own.
EXTRA_DIST += tests/fuzz/run tests/fuzz/seeds

if FUZZING
FUZZ_TARGETS = \
	tests/fuzz/fuzz_cert \
	tests/fuzz/fuzz_client_limits \
	tests/fuzz/fuzz_crl \
	tests/fuzz/fuzz_enrolment \
	tests/fuzz/fuzz_http_connect \
	tests/fuzz/fuzz_invitation \
	tests/fuzz/fuzz_message \
	tests/fuzz/fuzz_packet \
	tests/fuzz/fuzz_psk \
	tests/fuzz/fuzz_record \
	tests/fuzz/fuzz_redundancy \
	tests/fuzz/fuzz_segment \
	tests/fuzz/fuzz_stream \
	tests/fuzz/fuzz_wireless
noinst_PROGRAMS += $(FUZZ_TARGETS)
LINK_FUZZER = $(AM_LDFLAGS) -fsanitize=fuzzer

tests_fuzz_fuzz_cert_SOURCES = tests/fuzz/fuzz_cert.c
tests_fuzz_fuzz_cert_LDFLAGS = $(LINK_FUZZER)
tests_fuzz_fuzz_cert_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_client_limits_SOURCES = tests/fuzz/fuzz_client_limits.c
tests_fuzz_fuzz_client_limits_LDFLAGS = $(LINK_FUZZER)
tests_fuzz_fuzz_client_limits_LDADD = $(SERVER_LIBS)
tests_fuzz_fuzz_crl_SOURCES = tests/fuzz/fuzz_crl.c
tests_fuzz_fuzz_crl_LDFLAGS = $(LINK_FUZZER)
tests_fuzz_fuzz_crl_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_enrolment_SOURCES = tests/fuzz/fuzz_enrolment.c
tests_fuzz_fuzz_enrolment_LDFLAGS = $(LINK_FUZZER)
tests_fuzz_fuzz_enrolment_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_http_connect_SOURCES = tests/fuzz/fuzz_http_connect.c
tests_fuzz_fuzz_http_connect_LDFLAGS = $(LINK_FUZZER)
tests_fuzz_fuzz_http_connect_LDADD = $(CLIENT_LIBS)
tests_fuzz_fuzz_invitation_SOURCES = tests/fuzz/fuzz_invitation.c
tests_fuzz_fuzz_invitation_LDFLAGS = $(LINK_FUZZER)
tests_fuzz_fuzz_invitation_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_message_SOURCES = tests/fuzz/fuzz_message.c
tests_fuzz_fuzz_message_LDFLAGS = $(LINK_FUZZER)
tests_fuzz_fuzz_message_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_packet_SOURCES = tests/fuzz/fuzz_packet.c
tests_fuzz_fuzz_packet_LDFLAGS = $(LINK_FUZZER)
tests_fuzz_fuzz_packet_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_psk_SOURCES = tests/fuzz/fuzz_psk.c
tests_fuzz_fuzz_psk_LDFLAGS = $(LINK_FUZZER)
tests_fuzz_fuzz_psk_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_record_SOURCES = tests/fuzz/fuzz_record.c
tests_fuzz_fuzz_record_LDFLAGS = $(LINK_FUZZER)
tests_fuzz_fuzz_record_LDADD = $(SERVER_LIBS)
tests_fuzz_fuzz_redundancy_SOURCES = tests/fuzz/fuzz_redundancy.c
tests_fuzz_fuzz_redundancy_LDFLAGS = $(LINK_FUZZER)
tests_fuzz_fuzz_redundancy_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_segment_SOURCES = tests/fuzz/fuzz_segment.c
tests_fuzz_fuzz_segment_LDFLAGS = $(LINK_FUZZER)
tests_fuzz_fuzz_segment_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_stream_SOURCES = tests/fuzz/fuzz_stream.c
tests_fuzz_fuzz_stream_LDFLAGS = $(LINK_FUZZER)
tests_fuzz_fuzz_stream_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_wireless_SOURCES = tests/fuzz/fuzz_wireless.c
tests_fuzz_fuzz_wireless_LDFLAGS = $(LINK_FUZZER)
tests_fuzz_fuzz_wireless_LDADD = $(COMMON_LIBS)

fuzz: $(FUZZ_TARGETS)
	$(srcdir)/tests/fuzz/run 200000 tests/fuzz
endif

# The seeds are kept in the tree; made again when the formats change.
EXTRA_PROGRAMS = tests/fuzz/make_seeds
tests_fuzz_make_seeds_SOURCES = tests/fuzz/make_seeds.c tests/unit/packet_build.c tests/unit/packet_build.h \
	tests/unit/offload_build.c tests/unit/offload_build.h \
	tests/unit/wireless_build.c tests/unit/wireless_build.h
tests_fuzz_make_seeds_LDADD = $(COMMON_LIBS)

.PHONY: fuzz fuzz-seeds
fuzz-seeds: tests/fuzz/make_seeds
	tests/fuzz/make_seeds $(srcdir)/tests/fuzz/seeds

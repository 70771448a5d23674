# libFuzzer targets (./configure --enable-fuzzing CC=clang, then tests/fuzz/run [RUNS] or "make fuzz").
# What is under test is compiled into the target, with the fuzzer's instrumentation.
EXTRA_DIST += tests/fuzz/run tests/fuzz/seeds

if FUZZING
FUZZ_CFLAGS = $(TSCF_STD) $(TSCF_WARN) -g -O1 -fno-omit-frame-pointer \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_LDFLAGS = -fsanitize=fuzzer,address,undefined

noinst_PROGRAMS += tests/fuzz/fuzz_message tests/fuzz/fuzz_packet
tests_fuzz_fuzz_message_SOURCES = tests/fuzz/fuzz_message.c common/base/addr.c common/packet/message.c common/base/text.c common/packet/message_tlv.c \
	common/packet/message_write.c common/auth/seal.c common/crypto/hash.c
tests_fuzz_fuzz_message_CFLAGS = $(FUZZ_CFLAGS) $(NETTLE_CFLAGS)
tests_fuzz_fuzz_message_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_message_LDADD = $(NETTLE_LIBS)
tests_fuzz_fuzz_packet_SOURCES = tests/fuzz/fuzz_packet.c common/base/addr.c common/packet/packet.c common/packet/packet_ipv6.c \
	common/packet/packet_upper.c
tests_fuzz_fuzz_packet_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_packet_LDFLAGS = $(FUZZ_LDFLAGS)

noinst_PROGRAMS += tests/fuzz/fuzz_segment
tests_fuzz_fuzz_segment_SOURCES = tests/fuzz/fuzz_segment.c common/base/addr.c common/packet/checksum.c common/packet/coalesce.c \
	common/packet/coalesce_packet.c common/packet/packet.c common/packet/packet_ipv6.c common/packet/packet_upper.c common/packet/segment.c
tests_fuzz_fuzz_segment_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_segment_LDFLAGS = $(FUZZ_LDFLAGS)

noinst_PROGRAMS += tests/fuzz/fuzz_http_connect
tests_fuzz_fuzz_http_connect_SOURCES = tests/fuzz/fuzz_http_connect.c tscf-client/tunnel/http_connect.c
tests_fuzz_fuzz_http_connect_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_http_connect_LDFLAGS = $(FUZZ_LDFLAGS)

noinst_PROGRAMS += tests/fuzz/fuzz_record
tests_fuzz_fuzz_record_SOURCES = tests/fuzz/fuzz_record.c tscf-server/store/record.c common/base/addr.c common/packet/message.c common/base/text.c common/packet/message_tlv.c \
	common/packet/message_write.c
tests_fuzz_fuzz_record_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_record_LDFLAGS = $(FUZZ_LDFLAGS)

noinst_PROGRAMS += tests/fuzz/fuzz_psk
tests_fuzz_fuzz_psk_SOURCES = tests/fuzz/fuzz_psk.c common/auth/psk.c
tests_fuzz_fuzz_psk_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_psk_LDFLAGS = $(FUZZ_LDFLAGS)

noinst_PROGRAMS += tests/fuzz/fuzz_invitation
tests_fuzz_fuzz_invitation_SOURCES = tests/fuzz/fuzz_invitation.c common/auth/invitation.c common/auth/base64url.c common/auth/psk.c \
	common/base/addr.c
tests_fuzz_fuzz_invitation_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_invitation_LDFLAGS = $(FUZZ_LDFLAGS)

noinst_PROGRAMS += tests/fuzz/fuzz_cert
tests_fuzz_fuzz_cert_SOURCES = tests/fuzz/fuzz_cert.c common/tls/cert.c common/base/addr.c common/crypto/hash.c
tests_fuzz_fuzz_cert_CFLAGS = $(FUZZ_CFLAGS) $(WOLFSSL_CFLAGS) $(NETTLE_CFLAGS)
tests_fuzz_fuzz_cert_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_cert_LDADD = $(WOLFSSL_LIBS) $(NETTLE_LIBS)

noinst_PROGRAMS += tests/fuzz/fuzz_stream
tests_fuzz_fuzz_stream_SOURCES = tests/fuzz/fuzz_stream.c common/base/addr.c common/packet/message.c common/base/text.c common/packet/message_tlv.c common/transport/stream_frame.c
tests_fuzz_fuzz_stream_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_stream_LDFLAGS = $(FUZZ_LDFLAGS)

.PHONY: fuzz
fuzz: tests/fuzz/fuzz_cert tests/fuzz/fuzz_invitation tests/fuzz/fuzz_psk tests/fuzz/fuzz_http_connect tests/fuzz/fuzz_message tests/fuzz/fuzz_packet tests/fuzz/fuzz_record tests/fuzz/fuzz_segment \
	tests/fuzz/fuzz_stream
	$(srcdir)/tests/fuzz/run 200000 tests/fuzz
endif

# The seeds are kept in the tree; made again when the formats change.
EXTRA_PROGRAMS = tests/fuzz/make_seeds
tests_fuzz_make_seeds_SOURCES = tests/fuzz/make_seeds.c tests/unit/packet_build.c tests/unit/packet_build.h \
	tests/unit/offload_build.c tests/unit/offload_build.h
tests_fuzz_make_seeds_LDADD = libtscf-common.la

.PHONY: fuzz-seeds
fuzz-seeds: tests/fuzz/make_seeds
	tests/fuzz/make_seeds $(srcdir)/tests/fuzz/seeds

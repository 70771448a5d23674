# libtscf-common: what both daemons and the tests link.
noinst_LTLIBRARIES += libtscf-common.la
libtscf_common_la_SOURCES =
libtscf_common_la_CFLAGS = $(AM_CFLAGS) $(WOLFSSL_CFLAGS) $(NETTLE_CFLAGS) $(HOGWEED_CFLAGS) $(GMP_CFLAGS) $(LIBNL_CFLAGS) $(LIBNL_ROUTE_CFLAGS) $(LIBNL_IDIAG_CFLAGS)
libtscf_common_la_LIBADD = $(WOLFSSL_LIBS) $(HOGWEED_LIBS) $(NETTLE_LIBS) $(GMP_LIBS) $(LIBNL_LIBS) $(LIBNL_ROUTE_LIBS) $(LIBNL_IDIAG_LIBS) $(EV_LIBS)

libtscf_common_la_SOURCES += common/addr.c common/addr.h common/batch.c common/batch.h common/binding.c common/binding.h \
	common/fragment.c common/fragment.h common/level.c common/level.h common/log.c common/log.h \
	common/siphash.c common/siphash.h

# Settings, command lines and daemons: what the two programs share besides the tunnels.
libtscf_common_la_SOURCES += common/cli.c common/cli.h common/daemon.c common/daemon.h common/file.c common/file.h common/notify.c common/notify.h \
	common/query.c common/query.h common/settings.c common/settings.h common/settings_file.c \
	common/show.c common/show.h common/table.c common/table.h
libtscf_common_la_CFLAGS += $(CONFUSE_CFLAGS) $(JANSSON_CFLAGS)
libtscf_common_la_LIBADD += $(CONFUSE_LIBS) $(JANSSON_LIBS)

# The outer side: sockets, transports, keys.
libtscf_common_la_SOURCES += common/outer.h common/outer.c common/outer_read.c common/outer_write.c common/outer_key.h common/refusal.c common/refusal.h \
	common/ending.h common/ending.c common/datagram.h common/datagram.c common/transport.h common/transport.c common/udp.h common/udp.c \
	common/gcm.h common/gcm.c common/p256.h common/p256.c common/sha256.h common/sha256.c common/crypto_curve.h \
	common/crypto_curve.c common/crypto.h common/crypto.c common/secret.c common/cert.h common/cert.c \
	common/tls.h common/tls_context.h common/tls.c common/tls_verify.c common/tls_identity.c \
	common/dtls.h common/dtls_record.h common/dtls_record.c common/dtls_peer.h common/dtls_peer.c common/dtls_table.c \
	common/dtls_backlog.c common/dtls_keys.c common/dtls_protect.h common/dtls_protect.c common/replay.h common/replay.c common/dtls_io.c common/dtls_listen.c common/dtls.c common/later.h common/later.c
libtscf_common_la_SOURCES += common/shorten.h common/shorten.c common/stream.h common/stream_peer.h common/stream_frame.h common/stream_queue.h common/stream.c \
	common/stream_peer.c common/stream_accept.c common/stream_frame.c common/stream_queue.c common/tcp.h common/tcp.c common/tls_stream.h \
	common/tls_stream.c

# The kernel's side: TUN devices, rtnetlink and the register of sockets.
libtscf_common_la_SOURCES += common/barrier.c common/barrier.h common/netlink.c common/netlink.h common/netlink_internal.h common/netlink_link.c \
	common/netlink_route.c common/netlink_rule.c common/netlink_watch.c common/sockdiag.c common/sockdiag.h common/sockdiag_fd.c \
	common/sockdiag_message.c common/sockdiag_message.h common/tun.c common/tun.h common/tun_io.c common/steering.c common/steering.h common/spread.c common/spread.h common/aqm.c common/aqm.h

# The codec: inner packets and control messages, pure functions.
libtscf_common_la_SOURCES += common/bytes.h common/message.c common/message.h common/message_tlv.c common/message_write.c \
	common/packet.c common/packet.h common/packet_ipv6.c common/packet_parts.h common/packet_upper.c

# The control socket.
libtscf_common_la_SOURCES += common/control.h common/control_call.c common/control_path.c common/control_path.h \
	common/control_query.c common/control_server.c common/control_wire.h

libtscf_common_la_SOURCES += common/dscp.c common/dscp.h common/onlookers.c common/onlookers.h common/scheduling.c common/scheduling.h common/ecn.c common/ecn.h

# Who a client is.
libtscf_common_la_SOURCES += common/authorities.c common/authorities.h common/clientele.c common/credential.c common/proof.h common/proof_subject.h common/psk.c common/psk.h

# Offloads of TUN devices: super-packets from and to ordinary ones, pure functions.
libtscf_common_la_SOURCES += common/checksum.c common/checksum.h common/coalesce.c common/coalesce.h common/coalesce_packet.c \
	common/coalesce_packet.h common/header_fields.h common/segment.c common/segment.h

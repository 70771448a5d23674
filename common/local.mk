# libtscf-common: what both daemons and the tests link.
noinst_LTLIBRARIES += libtscf-common.la
libtscf_common_la_SOURCES =
libtscf_common_la_CFLAGS = $(AM_CFLAGS) $(WOLFSSL_CFLAGS) $(NETTLE_CFLAGS) $(HOGWEED_CFLAGS) $(GMP_CFLAGS) $(LIBNL_CFLAGS) $(LIBNL_ROUTE_CFLAGS) $(LIBNL_IDIAG_CFLAGS)
libtscf_common_la_LIBADD = $(WOLFSSL_LIBS) $(HOGWEED_LIBS) $(NETTLE_LIBS) $(GMP_LIBS) $(LIBNL_LIBS) $(LIBNL_ROUTE_LIBS) $(LIBNL_IDIAG_LIBS) $(EV_LIBS)

libtscf_common_la_SOURCES += common/base/addr.c common/base/addr.h common/packet/batch.c common/packet/batch.h common/packet/binding.c common/packet/binding.h \
	common/packet/fragment.c common/packet/fragment.h common/base/clock.c common/base/clock.h common/base/level.c common/base/level.h common/base/log.c common/base/log.h \
	common/base/siphash.c common/base/siphash.h

# Settings, command lines and daemons: what the two programs share besides the tunnels.
libtscf_common_la_SOURCES += common/daemon/cli.c common/daemon/cli.h common/daemon/daemon.c common/daemon/daemon.h common/base/file.c common/base/file.h common/daemon/notify.c common/daemon/notify.h \
	common/daemon/query.c common/daemon/query.h common/daemon/settings.c common/daemon/settings.h common/daemon/settings_file.c \
	common/daemon/show.c common/daemon/show.h common/daemon/table.c common/daemon/table.h
libtscf_common_la_CFLAGS += $(CONFUSE_CFLAGS) $(JANSSON_CFLAGS)
libtscf_common_la_LIBADD += $(CONFUSE_LIBS) $(JANSSON_LIBS)

# The outer side: sockets, transports, keys.
libtscf_common_la_SOURCES += common/transport/outer.h common/transport/outer.c common/transport/outer_read.c common/transport/outer_write.c common/base/outer_key.h common/transport/gso_fallback.c common/transport/gso_fallback.h \
	common/transport/reaper.h common/transport/reaper.c common/transport/datagram.h common/transport/datagram.c common/transport/transport.h common/transport/transport.c common/transport/udp.h common/transport/udp.c \
	common/crypto/gcm.h common/crypto/gcm.c common/crypto/p256.h common/crypto/p256.c common/crypto/sha256.h common/crypto/sha256.c common/crypto/crypto_curve.h \
	common/crypto/crypto_curve.c common/crypto/crypto.h common/crypto/crypto.c common/crypto/random.c common/crypto/random.h common/crypto/hash.c common/crypto/hash.h common/tls/cert.h common/tls/cert.c \
	common/tls/tls.h common/tls/tls_context.h common/tls/tls.c common/tls/tls_verify.c common/tls/tls_identity.c \
	common/transport/dtls.h common/transport/dtls_record.h common/transport/dtls_record.c common/transport/dtls_peer.h common/transport/dtls_peer.c common/transport/dtls_table.c \
	common/transport/dtls_backlog.c common/transport/dtls_handshakes.c common/transport/dtls_keys.c common/transport/dtls_protect.h common/transport/dtls_protect.c common/transport/replay.h common/transport/replay.c common/transport/dtls_io.c common/transport/dtls_listen.c common/transport/dtls.c common/transport/deferred_work.h common/transport/deferred_work.c
libtscf_common_la_SOURCES += common/transport/aqm_filter.h common/transport/aqm_filter.c common/transport/stream.h common/transport/stream_peer.h common/transport/stream_frame.h common/transport/stream_queue.h common/transport/stream.c \
	common/transport/stream_peer.c common/transport/stream_accept.c common/transport/stream_wait.c common/transport/stream_frame.c common/transport/stream_queue.c common/transport/tcp.h common/transport/tcp.c common/transport/tls_stream.h \
	common/transport/tls_stream.c

# The kernel's side: TUN devices, rtnetlink and the register of sockets.
libtscf_common_la_SOURCES += common/linux/xfrm_block.c common/linux/xfrm_block.h common/linux/netlink.c common/linux/netlink.h common/linux/netlink_internal.h common/linux/netlink_link.c \
	common/linux/netlink_route.c common/linux/netlink_rule.c common/linux/netlink_watch.c common/linux/sockdiag.c common/linux/sockdiag.h common/linux/sockdiag_fd.c common/linux/sockdiag_flow.c \
	common/linux/sockdiag_message.c common/linux/sockdiag_message.h common/linux/tun.c common/linux/tun.h common/linux/tun_io.c common/linux/tun_steering.c common/linux/tun_steering.h common/transport/reuseport.c common/transport/reuseport.h common/packet/aqm.c common/packet/aqm.h

# The codec: inner packets and control messages, pure functions.
libtscf_common_la_SOURCES += common/base/bytes.h common/packet/message.c common/packet/message.h common/packet/message_tlv.c common/packet/message_write.c \
	common/packet/packet.c common/packet/packet.h common/packet/packet_ipv6.c common/packet/packet_parts.h common/packet/packet_upper.c

# The control socket.
libtscf_common_la_SOURCES += common/control/control.h common/control/control_call.c common/control/control_path.c common/control/control_path.h \
	common/control/control_query.c common/control/control_server.c common/control/control_wire.h

libtscf_common_la_SOURCES += common/daemon/dscp_setting.c common/daemon/dscp_setting.h common/packet/dscp.h common/linux/packet_sniffers.c common/linux/packet_sniffers.h common/linux/scheduling.c common/linux/scheduling.h common/packet/ecn.c common/packet/ecn.h

# Who a client is.
libtscf_common_la_SOURCES += common/auth/ca_store.c common/auth/ca_store.h common/auth/client_auth.c common/auth/credential.c common/auth/proof.h common/auth/proof_subject.h common/auth/psk.c common/auth/psk.h

# Offloads of TUN devices: super-packets from and to ordinary ones, pure functions.
libtscf_common_la_SOURCES += common/packet/checksum.c common/packet/checksum.h common/packet/coalesce.c common/packet/coalesce.h common/packet/coalesce_packet.c \
	common/packet/coalesce_packet.h common/packet/header_fields.h common/packet/segment.c common/packet/segment.h

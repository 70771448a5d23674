/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tsc.h - tunneled services control: sockets in the tunnels of tscf-client(8), and their encryption.
 *
 * tsc(3) is the manual.  A program links libtsc (pkg-config tsc) and needs no privileges.  One that only wants to set
 * levels need not link anything: under tscf-run(1), or with libtscf-preload.so loaded in another way, setsockopt(2) and
 * getsockopt(2) themselves understand the three options, with the same values and results as
 * tsc_setsockopt() and tsc_getsockopt().
 *
 * Functions that return int return 0, or -1 with errno set, unless stated otherwise.
 */
#ifndef TSCF_TSC_H
#define TSCF_TSC_H

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Option of level SOL_SOCKET, an int; far from the numbers that the kernel uses. */
#define SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION 0x7453

enum tsc_so_tunnel_transport_encryption {
	tsc_so_tunnel_transport_default = 0,         /**< as the client's default-level says */
	tsc_so_tunnel_transport_unencrypted,         /**< in the plain tunnel */
	tsc_so_tunnel_transport_encrypted_only,      /**< in the encrypted tunnel, or not at all */
	tsc_so_tunnel_transport_encrypted_preferred, /**< in the encrypted tunnel if there is one */
};
typedef enum tsc_so_tunnel_transport_encryption tsc_so_tunnel_transport_encryption;

/** Option of level SOL_SOCKET, a struct tsc_so_redundancy: the packets of the socket survive loss, or are not delayed
 * by it. */
#define SO_TSC_REDUNDANCY 0x7456

/** A redundancy_factor: as many repair packets as the loss demands. */
#define TSC_REDUNDANCY_AUTO 255

/** How the packets travel.  EOPNOTSUPP: there is no other. */
enum tsc_so_redundancy_method {
	tsc_so_redundancy_method_udp_dtls = 0,         /**< followed by repair packets; over TCP and TLS in copies */
	tsc_so_redundancy_method_tcp_tls_load_balance, /**< over TCP and TLS by several connections in turn */
	tsc_so_redundancy_method_tcp_tls_fan_out,      /**< another name of udp_dtls: the tunnel decides which it is */
};
typedef enum tsc_so_redundancy_method tsc_so_redundancy_method;

struct tsc_so_redundancy {
	/** 0: none; 1 to 4: repair packets beside each packet; TSC_REDUNDANCY_AUTO.  To balance, any but 0. */
	int redundancy_factor;
	tsc_so_redundancy_method redundancy_method;
};
typedef struct tsc_so_redundancy tsc_so_redundancy;

/** Option of level SOL_SOCKET, an int: whether the packets of a UDP socket leave a tunnel over TCP or TLS (DDT). */
#define SO_TSC_TUNNEL_TRANSPORT 0x7457

enum tsc_so_tunnel_transport {
	tsc_so_tunnel_transport_by_packets = 0,     /**< media does: by the client's ddt-dscp and ddt-rtp */
	tsc_so_tunnel_transport_datagram_preferred, /**< all do, in both directions, where datagrams get through */
	tsc_so_tunnel_transport_datagram_never,     /**< none does */
};
typedef enum tsc_so_tunnel_transport tsc_so_tunnel_transport;

typedef enum tsc_bool { tsc_bool_false = 0, tsc_bool_true = 1 } tsc_bool;

/* --- tunnels --- */

/** A program's share in the tunnels that tscf-client holds. */
typedef struct tsc_tunnel *tsc_handle;

/** How to begin; all zero means the defaults. */
struct tsc_tunnel_params {
	const char *control;       /**< control socket of tscf-client; NULL: $TSCF_CONTROL, or /run/tscf/client.sock */
	int timeout_ms;            /**< how long to wait for the plain tunnel; 0: 10 s; negative: do not wait */
	unsigned flags;            /**< TSC_TUNNEL_* */
	unsigned long reserved[6]; /**< 0 */
};
typedef struct tsc_tunnel_params tsc_tunnel_params;

/** Only tsc_notification_dispatch() delivers notifications; no thread is started. */
#define TSC_TUNNEL_DISPATCH 0x01U

/** Take a share in the tunnels; @p params may be NULL.  @return the handle, or NULL with errno set. */
tsc_handle tsc_ctrl_new_tunnel(const tsc_tunnel_params *params);
/** Give it back, and end its notifications.  Its sockets remain open; those that are not encrypted-only get level
 * default. */
int tsc_delete_tunnel(tsc_handle handle);

/* --- sockets --- */

/** socket(2), for use in the tunnels.  @return the descriptor, or -1. */
int tsc_socket(tsc_handle handle, int domain, int type, int protocol);
/** bind(2). */
int tsc_bind(int socket, const struct sockaddr *address, socklen_t length);
/** setsockopt(2) and getsockopt(2) with the three options above; also of sockets that tsc_socket() has not
 * made. */
int tsc_setsockopt(int socket, int level, int option, const void *value, socklen_t length);
int tsc_getsockopt(int socket, int level, int option, void *value, socklen_t *length);
/** close(2). */
int tsc_close(int socket);
/** @return the handle that the socket belongs to, or NULL with errno set. */
tsc_handle tsc_get_tunnel(int socket);

/* --- addresses --- */

/** An address, perhaps with a port; sa.sa_family is AF_UNSPEC if there is none. */
union tsc_address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/** Room for every address with its port as text. */
#define TSC_ADDR_STR_LEN 56

/**
 * Write an address as text to the @p size bytes at @p to, without and with its port: 192.0.2.1:5060,
 * [2001:db8::1]:5060.
 *
 * @return @p to, or NULL with errno set.
 */
const char *tsc_ip_address_to_str(const union tsc_address *address, char *to, size_t size);
const char *tsc_ip_port_address_to_str(const union tsc_address *address, char *to, size_t size);

enum tsc_transport {
	tsc_transport_none = 0,
	tsc_transport_udp,
	tsc_transport_tcp,
	tsc_transport_tls,
	tsc_transport_dtls,
};
typedef enum tsc_transport tsc_transport;

/** The outer socket of the plain tunnel: where its packets are on the network. */
struct tsc_tunnel_socket_info {
	union tsc_address local;  /**< of this host */
	union tsc_address remote; /**< of the server, or of the HTTP proxy */
	union tsc_address nat;    /**< `local` as the server sees it */
	tsc_transport transport;
	unsigned long reserved[4];
};
typedef struct tsc_tunnel_socket_info tsc_tunnel_socket_info;

/** Get the present outer socket.  ENOTCONN: the plain tunnel is down. */
int tsc_get_tunnel_socket_info(tsc_handle handle, tsc_tunnel_socket_info *info);

/* --- notifications --- */

enum tsc_notification {
	tsc_notification_dtte = 1,   /**< packets of a socket are now sent encrypted, or no longer are */
	tsc_notification_tunnel,     /**< a tunnel has come up or gone down */
	tsc_notification_redundancy, /**< packets of a socket now survive loss, or no longer do */
	tsc_notification_ddt,        /**< packets of a socket now leave the stream as datagrams, or no longer do */
	tsc_notification_tunnel_socket_info,      /**< the plain tunnel has come up, or goes on by another socket */
	tsc_notification_tunnel_termination_info, /**< the plain tunnel has gone down */
};
typedef enum tsc_notification tsc_notification;

/** What a callback gets; valid until it returns. */
struct tsc_notification_data {
	tsc_notification type;
	tsc_handle handle;
	void *data;   /**< a struct tsc_notification_..._data, by type */
	void *opaque; /**< as given to tsc_notification_enable() */
};
typedef struct tsc_notification_data tsc_notification_data;

struct tsc_notification_dtte_info_data {
	tsc_bool available; /**< false: DTTE is not available for that socket now */
	tsc_bool enabled;   /**< true: every packet of the socket travels encrypted, both ways */
	int socket;
	const char *reason; /**< the state of the encrypted tunnel in words */
};
typedef struct tsc_notification_dtte_info_data tsc_notification_dtte_info_data;

struct tsc_notification_redundancy_info_data {
	tsc_bool available; /**< false: the server refuses it to that socket */
	tsc_bool enabled;   /**< true: the server has granted what the socket asks for */
	int socket;
	const char *reason; /**< in words */
};
typedef struct tsc_notification_redundancy_info_data tsc_notification_redundancy_info_data;

struct tsc_notification_ddt_info_data {
	tsc_bool available; /**< false: the server refuses datagrams to that socket */
	tsc_bool enabled;   /**< true: the packets of the socket, which prefers that, go by datagrams */
	int socket;
	const char *reason; /**< in words */
};
typedef struct tsc_notification_ddt_info_data tsc_notification_ddt_info_data;

struct tsc_notification_tunnel_info_data {
	tsc_bool encrypted; /**< which tunnel: false: the plain one */
	tsc_bool up;
	const char *reason; /**< in words */
};
typedef struct tsc_notification_tunnel_info_data tsc_notification_tunnel_info_data;

typedef tsc_tunnel_socket_info tsc_notification_tunnel_socket_info_data;

struct tsc_notification_tunnel_termination_info_data {
	const char *reason; /**< in words */
};
typedef struct tsc_notification_tunnel_termination_info_data tsc_notification_tunnel_termination_info_data;

typedef void (*tsc_notification_cb)(tsc_notification_data *notification);
typedef struct tsc_notification_handle tsc_notification_handle;

/** @return what tsc_notification_disable() takes, or NULL with errno set. */
tsc_notification_handle *tsc_notification_enable(tsc_handle handle, tsc_notification type, tsc_notification_cb callback,
						 void *opaque);
/** The callback is not running when this returns, unless it is the caller, and will not be called again. */
int tsc_notification_disable(tsc_notification_handle *notification);

/** @return a descriptor that is readable when tsc_notification_dispatch() has something to do.  It stays the same. */
int tsc_notification_fd(tsc_handle handle);
/** Call the callbacks for the events that have arrived; does not wait.  @return how many were called, or -1. */
int tsc_notification_dispatch(tsc_handle handle);

/* --- configuration --- */

#define TSC_SERVERS_MAX 4

struct tsc_config {
	tsc_bool up, encrypted_up;                        /**< the plain and the encrypted tunnel */
	unsigned mtu, encrypted_mtu;                      /**< of inner packets; 0 before the first configuration */
	union tsc_address internal_ipv4, internal_ipv6;   /**< what sockets have as their own address */
	union tsc_address encrypted_ipv4, encrypted_ipv6; /**< addresses of the encrypted tunnel */
	union tsc_address nat;    /**< the host's outer address and port as the server sees them */
	union tsc_address server; /**< the server's address and port */
	unsigned dns_count, sip_server_count;
	union tsc_address dns[TSC_SERVERS_MAX], sip_server[TSC_SERVERS_MAX];
	char device[IF_NAMESIZE], encrypted_device[IF_NAMESIZE];
	char transport[16], encrypted_transport[16]; /**< such as "udp", "dtls" */
	unsigned long reserved[16];
};
typedef struct tsc_config tsc_config;

/** Get the present state of the tunnels. */
int tsc_get_config(tsc_handle handle, tsc_config *config);

#ifdef __cplusplus
}
#endif

#endif

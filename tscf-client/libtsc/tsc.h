/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tsc.h - tunneled services control: sockets in the tunnels of tscf-client(8), and their encryption.
 *
 * tsc(3) is the manual.  A program links libtsc (pkg-config tsc) and needs no privileges.  One that only wants to set
 * levels need not link anything: under tscf-run(1), or with libtscf-preload.so loaded in another way, setsockopt(2) and
 * getsockopt(2) themselves understand SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION, with the same values and results as
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
	tsc_so_tunnel_transport_default = 0,         /**< stays where it is */
	tsc_so_tunnel_transport_unencrypted,         /**< in the plain tunnel */
	tsc_so_tunnel_transport_encrypted_only,      /**< in the encrypted tunnel, or not at all */
	tsc_so_tunnel_transport_encrypted_preferred, /**< in the encrypted tunnel if there is one */
};
typedef enum tsc_so_tunnel_transport_encryption tsc_so_tunnel_transport_encryption;

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
/** Give it back, end its notifications, and release the levels of its sockets.  They remain open. */
int tsc_delete_tunnel(tsc_handle handle);

/* --- sockets --- */

/** socket(2), for use in the tunnels.  @return the descriptor, or -1. */
int tsc_socket(tsc_handle handle, int domain, int type, int protocol);
/** bind(2). */
int tsc_bind(int socket, const struct sockaddr *address, socklen_t length);
/** setsockopt(2) and getsockopt(2) with SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION; also of sockets that tsc_socket() has not
 * made. */
int tsc_setsockopt(int socket, int level, int option, const void *value, socklen_t length);
int tsc_getsockopt(int socket, int level, int option, void *value, socklen_t *length);
/** close(2). */
int tsc_close(int socket);

/* --- notifications --- */

enum tsc_notification {
	tsc_notification_dtte = 1, /**< packets of a socket are now sent encrypted, or no longer are */
	tsc_notification_tunnel,   /**< a tunnel has come up or gone down */
};
typedef enum tsc_notification tsc_notification;

/** What a callback gets; valid until it returns. */
struct tsc_notification_data {
	tsc_notification type;
	tsc_handle handle;
	void *data; /**< struct tsc_notification_dtte_info_data or struct tsc_notification_tunnel_info_data, by type */
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

struct tsc_notification_tunnel_info_data {
	tsc_bool encrypted; /**< which tunnel: false: the plain one */
	tsc_bool up;
	const char *reason; /**< in words */
};
typedef struct tsc_notification_tunnel_info_data tsc_notification_tunnel_info_data;

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

/** An address, perhaps with a port; sa.sa_family is AF_UNSPEC if there is none. */
union tsc_address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

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

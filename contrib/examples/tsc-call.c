/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tsc-call.c - an example for tsc(3): a program that knows about its tunnels.
 *
 *     cc tsc-call.c -o tsc-call $(pkg-config --cflags --libs tsc)
 *     ./tsc-call ADDRESS PORT [LOCAL-PORT]
 *
 * It sends a datagram to ADDRESS every 20 ms, as a call does, and counts what comes back.  What is written to its
 * standard input while it runs gives its socket another level: default, unencrypted, encrypted-only,
 * encrypted-preferred; "config" shows the tunnels, and "quit" hangs up.  Every line of output begins with the time.
 */
#include <tsc.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define PERIOD_MS 20

static struct {
	unsigned sent, received, refused;
} count;

/* A line is one thread's: notifications come while the main thread prints. */
static void begin_line(void)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	flockfile(stdout);
	printf("%lld.%06ld ", (long long)now.tv_sec, (long)now.tv_usec);
}

static void end_line(void)
{
	putchar('\n');
	funlockfile(stdout);
}

/* Called by a thread of the library, see tsc(3). */
static void on_dtte(tsc_notification_data *notification)
{
	tsc_notification_dtte_info_data *dtte = (tsc_notification_dtte_info_data *)notification->data;

	begin_line();
	if (dtte->available == tsc_bool_false)
		printf("socket %d: encryption is not to be had (%s)", dtte->socket, dtte->reason);
	else if (dtte->enabled == tsc_bool_true)
		printf("socket %d: encryption is enabled", dtte->socket);
	else
		printf("socket %d: encryption is disabled (%s)", dtte->socket, dtte->reason);
	end_line();
}

static void on_tunnel(tsc_notification_data *notification)
{
	tsc_notification_tunnel_info_data *tunnel = (tsc_notification_tunnel_info_data *)notification->data;

	begin_line();
	printf("%s tunnel: %s (%s)", tunnel->encrypted == tsc_bool_true ? "encrypted" : "plain",
	       tunnel->up == tsc_bool_true ? "up" : "down", tunnel->reason);
	end_line();
}

static void on_socket_info(tsc_notification_data *notification)
{
	tsc_tunnel_socket_info *info = (tsc_tunnel_socket_info *)notification->data;
	char local[TSC_ADDR_STR_LEN] = "none", remote[TSC_ADDR_STR_LEN] = "none", nat[TSC_ADDR_STR_LEN] = "none";

	tsc_ip_port_address_to_str(&info->local, local, sizeof(local));
	tsc_ip_port_address_to_str(&info->remote, remote, sizeof(remote));
	tsc_ip_port_address_to_str(&info->nat, nat, sizeof(nat));
	begin_line();
	printf("outer socket: transport %d from %s to %s, seen as %s", info->transport, local, remote, nat);
	end_line();
}

static void on_termination(tsc_notification_data *notification)
{
	tsc_notification_tunnel_termination_info_data *end =
	    (tsc_notification_tunnel_termination_info_data *)notification->data;

	begin_line();
	printf("the tunnel has ended (%s)", end->reason);
	end_line();
}

static void show_address(const char *name, const union tsc_address *a)
{
	char text[INET6_ADDRSTRLEN] = "none";
	unsigned port = 0;

	if (a->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof(text));
		port = ntohs(a->in.sin_port);
	} else if (a->sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof(text));
		port = ntohs(a->in6.sin6_port);
	}
	printf(" %s=%s", name, text);
	if (port != 0)
		printf(",%u", port);
}

static void show_config(tsc_handle handle)
{
	tsc_config config;
	unsigned i;

	if (tsc_get_config(handle, &config) != 0) {
		perror("tsc_get_config");
		return;
	}
	begin_line();
	printf("config: up=%d encrypted_up=%d mtu=%u", config.up, config.encrypted_up, config.mtu);
	show_address("internal", &config.internal_ipv4);
	show_address("encrypted", &config.encrypted_ipv4);
	show_address("nat", &config.nat);
	show_address("server", &config.server);
	for (i = 0; i < config.dns_count; i++)
		show_address("dns", &config.dns[i]);
	for (i = 0; i < config.sip_server_count; i++)
		show_address("sip", &config.sip_server[i]);
	printf(" device=%s transport=%s encrypted_transport=%s", config.device, config.transport,
	       config.encrypted_transport);
	end_line();
}

static void set_level(int sock, const char *name)
{
	static const char *const names[] = {"default", "unencrypted", "encrypted-only", "encrypted-preferred"};
	int level;

	for (level = 0; level < 4 && strcmp(names[level], name) != 0; level++)
		;
	if (level == 4) {
		printf("expected a level, \"config\" or \"quit\"\n");
		return;
	}
	if (tsc_setsockopt(sock, SOL_SOCKET, SO_TSC_TUNNEL_TRANSPORT_ENCRYPTION, (char *)&level, sizeof(level)) == -1) {
		printf("the level is not set: %s\n", strerror(errno));
		return;
	}
	/* It holds; but packets travel encrypted only when on_dtte() says so. */
	begin_line();
	printf("socket %d: level %s", sock, name);
	end_line();
}

/* @return 0 to go on. */
static int take_command(tsc_handle handle, int sock)
{
	char line[64];

	if (!fgets(line, sizeof(line), stdin))
		return 1;
	line[strcspn(line, "\n")] = '\0';
	if (strcmp(line, "quit") == 0)
		return 1;
	if (strcmp(line, "config") == 0)
		show_config(handle);
	else
		set_level(sock, line);
	return 0;
}

static void receive(int sock)
{
	char datagram[256];

	while (recv(sock, datagram, sizeof(datagram), MSG_DONTWAIT) >= 0)
		count.received++;
}

static void send_one(int sock, const struct sockaddr_in *to)
{
	char datagram[160];

	memset(datagram, '.', sizeof(datagram));
	snprintf(datagram, sizeof(datagram), "tsc-call %u ", count.sent);
	if (sendto(sock, datagram, sizeof(datagram), 0, (const struct sockaddr *)to, sizeof(*to)) >= 0)
		count.sent++;
	else
		count.refused++;
}

static long long now_ms(void)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return now.tv_sec * 1000LL + now.tv_usec / 1000;
}

static void talk(tsc_handle handle, int sock, const struct sockaddr_in *to)
{
	struct pollfd ready[] = {{.fd = sock, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
	long long next = now_ms();

	for (;;) {
		long long wait = next - now_ms();

		if (wait <= 0) {
			send_one(sock, to);
			next += PERIOD_MS;
		} else if (poll(ready, 2, (int)wait) > 0) {
			receive(sock);
			if (ready[1].revents != 0 && take_command(handle, sock) != 0)
				return;
		}
	}
}

static int call(tsc_handle handle, const struct sockaddr_in *to, unsigned local_port)
{
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons((unsigned short)local_port)};
	int sock = tsc_socket(handle, AF_INET, SOCK_DGRAM, 0);

	if (sock < 0) {
		perror("tsc_socket");
		return EXIT_FAILURE;
	}
	if (tsc_bind(sock, (struct sockaddr *)&local, sizeof(local)) != 0) {
		perror("tsc_bind");
		return EXIT_FAILURE;
	}
	show_config(handle);
	talk(handle, sock, to);
	tsc_close(sock);
	begin_line();
	printf("sent %u, received %u, refused %u", count.sent, count.received, count.refused);
	end_line();
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	tsc_notification_handle *dtte, *tunnel, *socket_info, *termination;
	tsc_handle handle;
	int status;

	if (argc < 3 || argc > 4 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: tsc-call ADDRESS PORT [LOCAL-PORT]\n");
		return 2;
	}
	to.sin_port = htons((unsigned short)atoi(argv[2]));
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* poll() knows nothing of lines that have been read ahead. */
	setvbuf(stdin, NULL, _IONBF, 0);
	handle = tsc_ctrl_new_tunnel(NULL);
	if (!handle) {
		perror("tsc_ctrl_new_tunnel");
		return EXIT_FAILURE;
	}
	tunnel = tsc_notification_enable(handle, tsc_notification_tunnel, on_tunnel, NULL);
	dtte = tsc_notification_enable(handle, tsc_notification_dtte, on_dtte, NULL);
	socket_info = tsc_notification_enable(handle, tsc_notification_tunnel_socket_info, on_socket_info, NULL);
	termination = tsc_notification_enable(handle, tsc_notification_tunnel_termination_info, on_termination, NULL);
	if (!tunnel || !dtte || !socket_info || !termination) {
		perror("tsc_notification_enable");
		return EXIT_FAILURE;
	}
	status = call(handle, &to, argc > 3 ? (unsigned)atoi(argv[3]) : 0);
	tsc_notification_disable(dtte);
	tsc_notification_disable(tunnel);
	tsc_notification_disable(socket_info);
	tsc_notification_disable(termination);
	tsc_delete_tunnel(handle);
	return status;
}

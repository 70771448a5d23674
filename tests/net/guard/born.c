/* SPDX-License-Identifier: GPL-3.0-or-later */
/* born.c - a static program for tests that tells what its sockets are marked with. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
static int value(int fd)
{
	unsigned mark = 0;
	socklen_t length = sizeof mark;
	getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &length);
	return mark >> 24 & 0x7f;
}
/* @return the error of a TCP connection from a port that the kernel has chosen; ETIMEDOUT: it took more than a second.
 */
static int calls(struct sockaddr_in *to)
{
	struct sockaddr_in from = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0), error;
	struct timeval second = {1, 0};
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
	bind(fd, (struct sockaddr *)&from, sizeof from);
	error = connect(fd, (struct sockaddr *)to, sizeof *to) == 0 ? 0 : errno;
	close(fd);
	return error == EINPROGRESS ? ETIMEDOUT : error;
}
/* ADDRESS TEXT COMMAND...: v tells the value under the mask, lN waits until it is N, wFILE waits for that to exist, tN
 * sets the DSCP, bN binds to port N, sN sends N packets and tells how many came back, aADDRESS is the address from now
 * on, c connects to it, x tells the error of a TCP connection, k tells the value of one new socket of each kind. */
int main(int argc, char **argv)
{
	static const int kinds[][2] = {{SOCK_DGRAM, 0}, {SOCK_STREAM, 0}, {SOCK_RAW, IPPROTO_RAW}, {SOCK_DGRAM, 136}};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(7000)}, from = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct timeval wait = {2, 0};
	char buffer[2000];
	inet_pton(AF_INET, argv[1], &to.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	setvbuf(stdout, NULL, _IONBF, 0);
	for (int i = 3; i < argc; i++) {
		int n = atoi(argv[i] + 1), back = 0, tos = n << 2, error = 0;
		from.sin_port = htons((unsigned short)n);
		switch (argv[i][0]) {
		case 'v':
			printf("value=%d ", value(fd));
			break;
		case 'l':
			for (int k = 0; k < 1000 && value(fd) != n; k++)
				usleep(10000);
			printf("value=%d ", value(fd));
			break;
		case 'w':
			while (access(argv[i] + 1, F_OK) != 0)
				usleep(10000);
			break;
		case 't':
			setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
			break;
		case 'b':
			printf("bound=%d ", bind(fd, (struct sockaddr *)&from, sizeof from) == 0 ? 0 : errno);
			break;
		case 'a':
			inet_pton(AF_INET, argv[i] + 1, &to.sin_addr);
			break;
		case 'c':
			error = connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ? errno : 0;
			printf("connected=%d ", error);
			break;
		case 'x':
			printf("tcp=%d ", calls(&to));
			break;
		case 's':
			for (int k = 0; k < n; k++) {
				if (sendto(fd, argv[2], strlen(argv[2]), 0, (struct sockaddr *)&to, sizeof to) < 0)
					error = errno;
				else
					back += recv(fd, buffer, sizeof buffer, 0) > 0;
			}
			printf("back=%d/%d ", back, error);
			break;
		case 'k':
			for (unsigned k = 0; k < 8; k++) {
				int one = socket(k & 1 ? AF_INET6 : AF_INET, kinds[k / 2][0], kinds[k / 2][1]);
				printf("%d ", one < 0 ? -errno : value(one));
				close(one);
			}
		}
	}
	puts("");
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/netns.h"

#include <check.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX 262144

bool tscf_netns_possible(void)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(unshare(CLONE_NEWNET) == 0 ? 0 : errno);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return false;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		printf("skipped: no right to make a network namespace\n");
		return false;
	}
	if (access("/dev/net/tun", R_OK | W_OK) != 0) {
		printf("skipped: no /dev/net/tun\n");
		return false;
	}
	return true;
}

void tscf_netns_enter(void)
{
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;

	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
	close(fd);
}

static char *__attribute__((format(printf, 1, 0))) make_command(const char *format, va_list args)
{
	char *command;

	ck_assert_int_ge(vasprintf(&command, format, args), 0);
	return command;
}

void tscf_netns_run(const char *format, ...)
{
	char *command;
	va_list args;

	va_start(args, format);
	command = make_command(format, args);
	va_end(args);
	ck_assert_msg(system(command) == 0, "%s", command);
	free(command);
}

static void trim_lines(char *text)
{
	char *to = text;

	for (char *from = text; *from; from++) {
		if (*from == '\n')
			while (to > text && to[-1] == ' ')
				to--;
		*to++ = *from;
	}
	*to = '\0';
}

char *tscf_netns_output(const char *format, ...)
{
	char *command, *text = calloc(1, OUTPUT_MAX);
	va_list args;
	FILE *pipe;

	ck_assert_ptr_nonnull(text);
	va_start(args, format);
	command = make_command(format, args);
	va_end(args);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	ck_assert_uint_lt(fread(text, 1, OUTPUT_MAX - 1, pipe), OUTPUT_MAX - 1);
	pclose(pipe);
	free(command);
	trim_lines(text);
	return text;
}

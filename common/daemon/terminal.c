/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/daemon/terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

/** The rest of an escape sequence follows the escape character within this time; otherwise it is the key. */
#define SEQUENCE_MS 50

static const char enter[] = "\033[?1049h\033[?25l", leave[] = "\033[0m\033[?25h\033[?1049l";

bool tscf_terminal_usable(void)
{
	const char *kind = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && kind && strcmp(kind, "dumb") != 0;
}

/** Keys come one by one, unechoed; ^C, ^\ and ^Z are still signals. */
static int begin(struct tscf_terminal *t)
{
	struct termios raw = t->before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_iflag &= ~(tcflag_t)IXON;
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(t->in, TCSAFLUSH, &raw) < 0)
		return -errno;
	return tscf_terminal_write(t, enter, sizeof(enter) - 1);
}

static void end(struct tscf_terminal *t)
{
	tscf_terminal_write(t, leave, sizeof(leave) - 1);
	tcsetattr(t->in, TCSAFLUSH, &t->before);
}

int tscf_terminal_open(struct tscf_terminal *t)
{
	static const int taken[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGWINCH};
	sigset_t set;
	int err;

	*t = (struct tscf_terminal){.in = STDIN_FILENO, .out = STDOUT_FILENO, .signals = -1};
	if (tcgetattr(t->in, &t->before) < 0)
		return -errno;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(&set, taken[i]);
	t->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (t->signals < 0)
		return -errno;
	sigprocmask(SIG_BLOCK, &set, &t->mask);
	err = begin(t);
	if (err < 0)
		tscf_terminal_close(t);
	return err;
}

void tscf_terminal_close(struct tscf_terminal *t)
{
	end(t);
	close(t->signals);
	sigprocmask(SIG_SETMASK, &t->mask, NULL);
	if (t->ended_by != 0)
		raise(t->ended_by);
}

void tscf_terminal_size(const struct tscf_terminal *t, unsigned *lines, unsigned *columns)
{
	struct winsize size = {0};

	(void)ioctl(t->out, TIOCGWINSZ, &size);
	*lines = size.ws_row > 0 ? size.ws_row : 24;
	*columns = size.ws_col > 0 ? size.ws_col : 80;
}

int tscf_terminal_write(const struct tscf_terminal *t, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t n = write(t->out, text, length);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			length -= (size_t)n;
		}
	}
	return 0;
}

/** Stop as the user wants, with the terminal restored, and go on when continued. */
static int stop(struct tscf_terminal *t)
{
	end(t);
	raise(SIGSTOP);
	return begin(t) < 0 ? TSCF_KEY_LEAVE : TSCF_KEY_REDRAW;
}

static int read_signal(struct tscf_terminal *t)
{
	struct signalfd_siginfo info;

	if (read(t->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return TSCF_KEY_REDRAW;
	if (info.ssi_signo == SIGWINCH)
		return TSCF_KEY_REDRAW;
	if (info.ssi_signo == SIGTSTP)
		return stop(t);
	t->ended_by = (int)info.ssi_signo;
	return TSCF_KEY_LEAVE;
}

/** Read what was typed.  @return false if the terminal is gone. */
static bool read_typed(struct tscf_terminal *t)
{
	ssize_t n = read(t->in, t->typed + t->typed_length, sizeof(t->typed) - t->typed_length);

	if (n > 0)
		t->typed_length += (size_t)n;
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static void consume(struct tscf_terminal *t, size_t count)
{
	t->typed_length -= count;
	memmove(t->typed, t->typed + count, t->typed_length);
}

/** The sequence of a key that is no character. */
static int take_sequence(struct tscf_terminal *t)
{
	static const struct {
		const char *text;
		int key;
	} sequences[] = {
	    {"\033[A", TSCF_KEY_UP},         {"\033[B", TSCF_KEY_DOWN}, {"\033[5~", TSCF_KEY_PAGE_UP},
	    {"\033[6~", TSCF_KEY_PAGE_DOWN}, {"\033[H", TSCF_KEY_HOME}, {"\033[F", TSCF_KEY_END},
	    {"\033OA", TSCF_KEY_UP},         {"\033OB", TSCF_KEY_DOWN}, {"\033OH", TSCF_KEY_HOME},
	    {"\033OF", TSCF_KEY_END},
	};

	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		size_t length = strlen(sequences[i].text);

		if (t->typed_length >= length && memcmp(t->typed, sequences[i].text, length) == 0) {
			consume(t, length);
			return sequences[i].key;
		}
	}
	/* An unknown sequence does nothing. */
	if (t->typed_length > 1) {
		t->typed_length = 0;
		return TSCF_KEY_REDRAW;
	}
	consume(t, 1);
	return TSCF_KEY_ESCAPE;
}

static int take_key(struct tscf_terminal *t)
{
	struct pollfd more = {.fd = t->in, .events = POLLIN};
	int key = (unsigned char)t->typed[0];

	if (key != TSCF_KEY_ESCAPE) {
		consume(t, 1);
		return key;
	}
	if (t->typed_length == 1 && poll(&more, 1, SEQUENCE_MS) > 0 && !read_typed(t))
		return TSCF_KEY_LEAVE;
	return take_sequence(t);
}

int tscf_terminal_key(struct tscf_terminal *t, int ms)
{
	struct pollfd p[] = {{.fd = t->signals, .events = POLLIN}, {.fd = t->in, .events = POLLIN}};

	if (t->typed_length == 0) {
		int n = poll(p, 2, ms < 0 ? 0 : ms);

		if (n <= 0)
			return TSCF_KEY_NONE;
		if (p[0].revents != 0)
			return read_signal(t);
		if (!read_typed(t))
			return TSCF_KEY_LEAVE;
	}
	return t->typed_length > 0 ? take_key(t) : TSCF_KEY_NONE;
}

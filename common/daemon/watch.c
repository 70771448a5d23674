/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/daemon/watch.h"

#include "common/base/log.h"
#include "common/daemon/query.h"
#include "common/daemon/terminal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** Time between two readings; at most a tenth of the time is spent in reading. */
#define PAUSE_MS 1000
#define SHARE    10

/** The running watch. */
struct session {
	struct tscf_watch *watch;
	struct tscf_terminal terminal;
	struct tscf_watch_reading reading; /**< the last one that succeeded */
	int64_t read_at, next_at;          /**< milliseconds (tscf_query_now) */
	int error;                         /**< of the last reading */
	bool typing;                       /**< a filter */
	bool colours;
};

/** Read, and compare with the last reading. */
static void read_again(struct session *s, bool first)
{
	struct tscf_watch_reading fresh = {0};
	int64_t before = tscf_query_now(), now, spent;

	s->error = s->watch->read(s->watch->context, first, &fresh);
	now = tscf_query_now();
	spent = now - before;
	s->next_at = now + (spent * SHARE > PAUSE_MS ? spent * SHARE : PAUSE_MS);
	if (s->error != 0)
		return;
	tscf_watch_rates(fresh.rows, s->reading.rows, (double)(before - s->read_at) / 1000, &s->watch->view);
	json_decref(s->reading.rows);
	s->reading = fresh;
	s->read_at = before;
}

/** "sort: i PID ...": the keys of the columns. */
static void help(const struct tscf_watch_view *view, char *buf, size_t room)
{
	size_t used = (size_t)snprintf(buf, room, "sort:");

	for (unsigned c = 0; c < view->count && used < room; c++)
		if (view->columns[c].key != '\0')
			used += (size_t)snprintf(buf + used, room - used, " %c %s", view->columns[c].key,
						 view->columns[c].head);
}

/** @return 0 or -errno. */
static int draw(struct session *s)
{
	struct tscf_watch_view *view = &s->watch->view;
	struct tscf_watch_screen screen = {.colours = s->colours, .now = time(NULL)};
	json_t *chosen = tscf_watch_choose(s->reading.rows, view, screen.now);
	char title[256], failure[TSCF_WATCH_SUMMARY], prompt[256], *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	int err = -ENOMEM;

	tscf_terminal_size(&s->terminal, &screen.lines, &screen.columns);
	snprintf(title, sizeof(title), "%s: %zu %s, %zu shown%s%s   q quit  / filter", s->watch->title,
		 json_array_size(s->reading.rows), s->watch->nouns, json_array_size(chosen),
		 view->filter[0] ? ", filter: " : "", view->filter);
	snprintf(failure, sizeof(failure), "no answer: %s", strerror(abs(s->error)));
	if (s->typing)
		snprintf(prompt, sizeof(prompt), "filter: %s", view->filter);
	else
		help(view, prompt, sizeof(prompt));
	screen.title = title;
	screen.summary = s->error != 0 ? failure : s->reading.summary;
	screen.prompt = prompt;
	if (chosen && out)
		tscf_watch_draw(chosen, view, &screen, out);
	if (out && fclose(out) == 0)
		err = tscf_terminal_write(&s->terminal, text, length);
	free(text);
	json_decref(chosen);
	return err;
}

/* --- keys --- */

static void type_filter(struct session *s, int key)
{
	char *filter = s->watch->view.filter;
	size_t length = strlen(filter);

	if (key == '\n' || key == '\r' || key == TSCF_KEY_ESCAPE) {
		s->typing = false;
		if (key == TSCF_KEY_ESCAPE)
			filter[0] = '\0';
	} else if ((key == 0x7f || key == '\b') && length > 0) {
		filter[length - 1] = '\0';
	} else if (key >= ' ' && key < 0x7f && length + 1 < TSCF_WATCH_FILTER) {
		filter[length] = (char)key;
		filter[length + 1] = '\0';
	}
}

static void sort_by(struct tscf_watch_view *view, int key)
{
	for (unsigned c = 0; c < view->count; c++) {
		if (view->columns[c].key == '\0' || tolower(key) != tolower(view->columns[c].key))
			continue;
		view->reversed = c == view->sort && !view->reversed;
		view->sort = c;
	}
}

static void scroll(struct session *s, int key)
{
	struct tscf_watch_screen screen = {0};
	size_t *first = &s->watch->view.first, page;

	tscf_terminal_size(&s->terminal, &screen.lines, &screen.columns);
	page = tscf_watch_page(&screen);
	if (key == TSCF_KEY_DOWN)
		*first += 1;
	else if (key == TSCF_KEY_PAGE_DOWN)
		*first += page;
	else if (key == TSCF_KEY_END)
		*first = json_array_size(s->reading.rows);
	else if (key == TSCF_KEY_UP)
		*first -= *first > 0;
	else if (key == TSCF_KEY_PAGE_UP)
		*first -= *first < page ? *first : page;
	else if (key == TSCF_KEY_HOME)
		*first = 0;
}

/** @return false to leave. */
static bool press(struct session *s, int key)
{
	if (key == TSCF_KEY_LEAVE)
		return false;
	if (key >= TSCF_KEY_UP) {
		scroll(s, key);
	} else if (s->typing) {
		type_filter(s, key);
	} else if (key == 'q' || key == 'Q') {
		return false;
	} else if (key == '/') {
		s->typing = true;
	} else if (key == TSCF_KEY_ESCAPE) {
		s->watch->view.filter[0] = '\0';
	} else if (key == ' ') {
		s->next_at = 0;
	} else {
		sort_by(&s->watch->view, key);
	}
	return true;
}

/** @return 0, or -errno if the terminal is gone. */
static int loop(struct session *s)
{
	int err = 0, key = TSCF_KEY_NONE;

	while (err == 0) {
		int64_t left = s->next_at - tscf_query_now();

		if (left <= 0) {
			read_again(s, false);
			left = s->next_at - tscf_query_now();
		}
		err = draw(s);
		key = err == 0 ? tscf_terminal_key(&s->terminal, (int)left) : TSCF_KEY_LEAVE;
		if (key != TSCF_KEY_NONE && !press(s, key))
			break;
	}
	/* The terminal may be gone without a signal. */
	return key == TSCF_KEY_LEAVE && s->terminal.ended_by == 0 ? -EIO : err;
}

int tscf_watch_check(const struct tscf_cli *cli)
{
	if (tscf_cli_has(cli, "json"))
		tscf_error("expected either --watch or --json");
	else if (!tscf_terminal_usable())
		tscf_error("--watch: standard input and output must be a terminal; programs use --json");
	else
		return 0;
	return -EINVAL;
}

int tscf_watch_run(struct tscf_watch *watch)
{
	struct session s = {.watch = watch, .colours = !getenv("NO_COLOR")};
	int err;

	read_again(&s, true);
	if (s.error != 0)
		return EXIT_FAILURE;
	err = tscf_terminal_open(&s.terminal);
	if (err == 0) {
		err = loop(&s);
		tscf_terminal_close(&s.terminal);
	}
	json_decref(s.reading.rows);
	if (err < 0)
		tscf_error("--watch: the terminal: %s", strerror(-err));
	return err == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/admin/query_sessions.h"

#include "common/base/log.h"
#include "common/daemon/query.h"
#include "tscf-server/admin/session_order.h"
#include "tscf-server/admin/sessions.h"
#include "tscf-server/admin/show.h"
#include "tscf-server/admin/watch_sessions.h"
#include "tscf-server/settings/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "tscf-server"

/** What is printed, while it is put together. */
struct list {
	const struct session_key *sort; /**< NULL: in the order of the daemon */
	uint64_t limit;                 /**< UINT64_MAX: none */
	json_t *after;                  /**< sorted: the place behind which it begins; NULL: at the first session */
	bool as_json;
	json_t *kept;     /**< sessions that are printed at the end */
	json_t *last;     /**< of those that are printed; NULL: none is */
	uint64_t matched; /**< sessions so far */
	uint64_t printed; /**< elements of the JSON array so far */
	bool failed;      /**< something could not be written */
};

/* --- order --- */

static void set_last(struct list *l, json_t *session)
{
	json_incref(session);
	json_decref(l->last);
	l->last = session;
}

static int compare(const void *one, const void *other, void *key)
{
	return session_compare(*(json_t *const *)one, *(json_t *const *)other, key);
}

/** Sort what is kept.  @return 0 or -ENOMEM. */
static int sort(struct list *l)
{
	size_t count = json_array_size(l->kept);
	json_t **all = calloc(count + 1, sizeof(json_t *)), *sorted = json_array();

	if (!all || !sorted) {
		free(all);
		json_decref(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		all[i] = json_array_get(l->kept, i);
	qsort_r(all, count, sizeof(json_t *), compare, (void *)(uintptr_t)l->sort);
	for (size_t i = 0; i < count && i < l->limit; i++)
		json_array_append(sorted, all[i]);
	free(all);
	json_decref(l->kept);
	l->kept = sorted;
	set_last(l, json_array_get(sorted, json_array_size(sorted) - 1));
	return 0;
}

/* --- printing --- */

static void print_element(struct list *l, const json_t *element)
{
	fputs(l->printed++ == 0 ? "[\n" : ",\n", stdout);
	if (json_dumpf(element, stdout, JSON_COMPACT) < 0)
		l->failed = true;
}

static uint64_t left_out(const struct list *l)
{
	return l->matched > l->limit ? l->matched - l->limit : 0;
}

/** @return the place behind which the next list begins (the caller frees), or NULL: nothing is left out, or no place is
 * known. */
static char *next_place(const struct list *l)
{
	return left_out(l) > 0 && l->last ? session_place_format(l->last, l->sort) : NULL;
}

/** The last element, which is no session, says how many were left out, and how to get them. */
static void print_omitted(struct list *l, const char *next)
{
	json_t *o = json_pack("{s:{s:I,s:s*}}", "omitted", "sessions", (json_int_t)left_out(l), "next", next);

	if (!o)
		l->failed = true;
	else
		print_element(l, o);
	json_decref(o);
}

static void print_json(struct list *l, const char *next)
{
	for (size_t i = 0; i < json_array_size(l->kept); i++)
		print_element(l, json_array_get(l->kept, i));
	if (left_out(l) > 0)
		print_omitted(l, next);
	fputs(l->printed == 0 ? "[]\n" : "\n]\n", stdout);
}

static int print(struct list *l)
{
	char *next;

	if (l->sort && sort(l) < 0)
		l->failed = true;
	next = next_place(l);
	if (!l->failed && l->as_json)
		print_json(l, next);
	else if (!l->failed)
		show_sessions(l->kept, left_out(l), next, stdout);
	free(next);
	if (!l->failed && fflush(stdout) == 0)
		return EXIT_SUCCESS;
	tscf_error("the list cannot be written");
	return EXIT_FAILURE;
}

/* --- pages --- */

static void take(struct list *l, json_t *session)
{
	if (l->sort && l->after && session_compare(session, l->after, l->sort) <= 0)
		return;
	l->matched++;
	if (!l->sort && l->matched > l->limit)
		return;
	if (!l->sort)
		set_last(l, session);
	if (l->as_json && !l->sort) {
		print_element(l, session);
		return;
	}
	/* A table needs no bindings, and there may be many. */
	if (!l->as_json)
		json_object_del(session, "bindings");
	if (json_array_append(l->kept, session) < 0)
		l->failed = true;
}

/** @return the question for the first page (json_decref), or NULL.  Members without a value are left out. */
static json_t *first_question(const struct tscf_cli *cli, const struct list *l)
{
	return json_pack("{s:s*,s:s*,s:s*,s:s*}", "client", tscf_cli_value(cli, "client"), "identity",
			 tscf_cli_value(cli, "identity"), "outer", tscf_cli_value(cli, "outer"), "after",
			 l->sort ? NULL : tscf_cli_value(cli, "after"));
}

/** Ask for a page.  @return 0 with the page in *page, or nonzero, logged. */
static int ask(const struct server_config *config, const json_t *question, json_t **page)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC, .op = TSCF_CONTROL_SESSIONS};
	char *text = json_dumps(question, JSON_COMPACT);
	int err = text ? tscf_query_ask(PROGRAM, config->control, &request, text, TSCF_QUERY_MS, page) : -ENOMEM;

	free(text);
	return err;
}

/** Take every page.  @return 0, or nonzero, logged. */
static int take_pages(const struct server_config *config, json_t *question, struct list *l)
{
	bool more = true;

	while (more) {
		json_t *page = NULL, *session;
		size_t i;
		int err = ask(config, question, &page);

		if (err != 0)
			return err;
		json_array_foreach(json_object_get(page, "sessions"), i, session) take(l, session);
		more = json_is_string(json_object_get(page, "next"));
		json_object_set(question, "after", json_object_get(page, "next"));
		json_decref(page);
	}
	return 0;
}

/* --- options --- */

static int read_sort(const char *text, const struct session_key **out)
{
	*out = session_key_find(text);
	if (*out)
		return 0;
	tscf_error("--sort %s: expected " SESSION_KEYS, text);
	return -EINVAL;
}

static int read_limit(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0)
		return 0;
	tscf_error("--limit %s: expected a number", text);
	return -EINVAL;
}

static int read_outer(const char *text)
{
	struct server_outer outer;

	if (server_outer_parse(text, &outer) == 0)
		return 0;
	tscf_error("--outer %s: expected ADDRESS, ADDRESS:PORT or a prefix such as 198.51.100.0/24", text);
	return -EINVAL;
}

static int read_after(const char *text, struct list *l)
{
	l->after = session_place_parse(text, l->sort);
	if (l->after)
		return 0;
	tscf_error("--after %s: expected what a list with the same --sort has said", text);
	return -EINVAL;
}

static int read_options(const struct tscf_cli *cli, struct list *l)
{
	const char *text;
	int err = 0;

	l->as_json = tscf_cli_has(cli, "json");
	if ((text = tscf_cli_value(cli, "sort")))
		err = read_sort(text, &l->sort);
	if (err == 0 && (text = tscf_cli_value(cli, "limit")))
		err = read_limit(text, &l->limit);
	if (err == 0 && (text = tscf_cli_value(cli, "outer")))
		err = read_outer(text);
	if (err == 0 && (text = tscf_cli_value(cli, "after")))
		err = read_after(text, l);
	return err;
}

static int query(const struct tscf_cli *cli, const struct server_config *config, struct list *l)
{
	json_t *question = first_question(cli, l);
	int status = EXIT_FAILURE;

	l->kept = json_array();
	if (!question || !l->kept)
		tscf_error("%s", strerror(ENOMEM));
	else if (take_pages(config, question, l) == 0)
		status = print(l);
	json_decref(question);
	json_decref(l->kept);
	json_decref(l->last);
	return status;
}

int query_sessions(const struct tscf_cli *cli, const struct server_config *config)
{
	struct list l = {.limit = UINT64_MAX};
	int status;

	if (read_options(cli, &l) < 0) {
		server_options_hint();
		status = TSCF_EXIT_USAGE;
	} else if (tscf_cli_has(cli, "watch")) {
		status = watch_sessions(cli, config);
	} else {
		status = query(cli, config, &l);
	}
	json_decref(l.after);
	return status;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-server/admin/query_sessions.h"

#include "common/base/log.h"
#include "common/daemon/query.h"
#include "tscf-server/admin/sessions.h"
#include "tscf-server/admin/show.h"
#include "tscf-server/admin/watch_sessions.h"
#include "tscf-server/settings/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "tscf-server"

/** By what sessions can be sorted. */
struct sort_key {
	const char *name, *member;
	bool descending; /**< numbers: the largest first */
};

static const struct sort_key sort_keys[] = {
    {"identity", "identity", false}, {"internal", "internal", false},
    {"outer", "outer", false},       {"age", "age", true},
    {"idle", "idle", true},          {"received", "received_bytes", true},
    {"sent", "sent_bytes", true},
};

#define SORT_KEYS "identity, internal, outer, age, idle, received or sent"

/** What is printed, while it is put together. */
struct list {
	const struct sort_key *sort; /**< NULL: in the order of the daemon */
	uint64_t limit;              /**< UINT64_MAX: none */
	bool as_json;
	json_t *kept;     /**< sessions that are printed at the end */
	uint64_t matched; /**< sessions so far */
	uint64_t printed; /**< elements of the JSON array so far */
	bool failed;      /**< something could not be written */
};

/* --- order --- */

static const char *text_of(const json_t *session, const char *member)
{
	const json_t *value = json_object_get(session, member);
	const char *text = json_string_value(json_is_array(value) ? json_array_get(value, 0) : value);

	return text ? text : "";
}

static int compare(const void *a, const void *b, void *context)
{
	const struct sort_key *key = context;
	const json_t *one = *(json_t *const *)a, *other = *(json_t *const *)b;
	const json_int_t x = json_integer_value(json_object_get(one, key->member));
	const json_int_t y = json_integer_value(json_object_get(other, key->member));

	if (key->descending)
		return (x < y) - (x > y);
	return strcmp(text_of(one, key->member), text_of(other, key->member));
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

/** The last element, which is no session, says how many were left out. */
static void print_omitted(struct list *l)
{
	json_t *o = json_pack("{s:{s:I}}", "omitted", "sessions", (json_int_t)left_out(l));

	if (!o)
		l->failed = true;
	else
		print_element(l, o);
	json_decref(o);
}

static void print_json(struct list *l)
{
	for (size_t i = 0; i < json_array_size(l->kept); i++)
		print_element(l, json_array_get(l->kept, i));
	if (left_out(l) > 0)
		print_omitted(l);
	fputs(l->printed == 0 ? "[]\n" : "\n]\n", stdout);
}

static int print(struct list *l)
{
	if (l->sort && sort(l) < 0)
		l->failed = true;
	else if (l->as_json)
		print_json(l);
	else
		show_sessions(l->kept, left_out(l), stdout);
	if (!l->failed && fflush(stdout) == 0)
		return EXIT_SUCCESS;
	tscf_error("the list cannot be written");
	return EXIT_FAILURE;
}

/* --- pages --- */

static void take(struct list *l, json_t *session)
{
	l->matched++;
	if (!l->sort && l->matched > l->limit)
		return;
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

static int read_sort(const char *text, const struct sort_key **out)
{
	for (size_t i = 0; i < sizeof(sort_keys) / sizeof(sort_keys[0]); i++)
		if (strcmp(sort_keys[i].name, text) == 0) {
			*out = &sort_keys[i];
			return 0;
		}
	tscf_error("--sort %s: expected " SORT_KEYS, text);
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
	return err;
}

int query_sessions(const struct tscf_cli *cli, const struct server_config *config)
{
	struct list l = {.limit = UINT64_MAX};
	int status = EXIT_FAILURE;
	json_t *question;

	if (read_options(cli, &l) < 0) {
		server_options_hint();
		return TSCF_EXIT_USAGE;
	}
	if (tscf_cli_has(cli, "watch"))
		return watch_sessions(cli, config);
	/* Members without a value are left out. */
	question = json_pack("{s:s*,s:s*}", "identity", tscf_cli_value(cli, "identity"), "outer",
			     tscf_cli_value(cli, "outer"));
	l.kept = json_array();
	if (!question || !l.kept)
		tscf_error("%s", strerror(ENOMEM));
	else if (take_pages(config, question, &l) == 0)
		status = print(&l);
	json_decref(question);
	json_decref(l.kept);
	return status;
}

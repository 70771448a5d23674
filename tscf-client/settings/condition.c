/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/settings/condition.h"

#include "common/daemon/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/** The words of the configuration file. */
static const struct word {
	const char *name;
	enum condition_kind kind;
	bool negated;
	const char *unit; /* of what is measured; else NULL */
	unsigned max;
	bool named; /* a name follows */
} words[] = {
    {.name = "trusted", .kind = CONDITION_TRUSTED},
    {.name = "untrusted", .kind = CONDITION_TRUSTED, .negated = true},
    {.name = "battery", .kind = CONDITION_BATTERY},
    {.name = "wifi-open", .kind = CONDITION_WIFI_OPEN},
    {.name = "wifi-secure", .kind = CONDITION_WIFI_SECURE},
    {.name = "metered", .kind = CONDITION_METERED},
    {.name = "connection", .kind = CONDITION_CONNECTION, .named = true},
    {.name = "loss", .kind = CONDITION_LOSS, .unit = "%", .max = CONDITION_LOSS_MAX},
    {.name = "rtt", .kind = CONDITION_RTT, .unit = "ms", .max = CONDITION_RTT_MAX},
};

#define WORDS (sizeof(words) / sizeof(words[0]))

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *text)
{
	while (is_blank(*text))
		text++;
	return text;
}

/** Take @p word from the beginning of *text, if it is there as a whole. */
static bool take_word(const char **text, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*text, word, length) != 0 || isalnum((unsigned char)(*text)[length]))
		return false;
	*text = skip_blanks(*text + length);
	return true;
}

/** "> NUMBER UNIT".  @return 0 or -EINVAL. */
static int take_limit(const char **text, const struct word *word, unsigned *limit)
{
	size_t digits;
	char number[8];
	unsigned long value;

	if (**text != '>')
		return -EINVAL;
	*text = skip_blanks(*text + 1);
	digits = strspn(*text, "0123456789");
	if (digits >= sizeof(number))
		return -EINVAL;
	memcpy(number, *text, digits);
	number[digits] = '\0';
	*text = skip_blanks(*text + digits);
	if (tscf_number_parse(number, 1, word->max, &value) != 0 || !take_word(text, word->unit))
		return -EINVAL;
	*limit = (unsigned)value;
	return 0;
}

/** All that is left, but the blanks around it.  @return 0 or -EINVAL. */
static int take_name(const char **text, char name[CONDITION_NAME])
{
	size_t length = strlen(*text);

	/* "connection-less" is no connection. */
	if (length == 0 || !is_blank((*text)[-1]))
		return -EINVAL;
	while (is_blank((*text)[length - 1]))
		length--;
	if (length >= CONDITION_NAME)
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		if (iscntrl((unsigned char)(*text)[i]))
			return -EINVAL;
	memcpy(name, *text, length);
	name[length] = '\0';
	*text += strlen(*text);
	return 0;
}

int condition_parse(const char *text, struct condition *out)
{
	const struct word *word = NULL;
	bool negated;

	text = skip_blanks(text);
	negated = take_word(&text, "not");
	for (unsigned i = 0; i < WORDS && !word; i++)
		if (take_word(&text, words[i].name))
			word = &words[i];
	if (!word)
		return -EINVAL;
	*out = (struct condition){.kind = word->kind, .negated = negated != word->negated};
	if (word->unit && take_limit(&text, word, &out->limit) != 0)
		return -EINVAL;
	if (word->named && take_name(&text, out->name) != 0)
		return -EINVAL;
	return *text == '\0' ? 0 : -EINVAL;
}

/** The word for a condition of @p kind that is @p negated; NULL if there is none. */
static const struct word *word_of(enum condition_kind kind, bool negated)
{
	for (unsigned i = 0; i < WORDS; i++)
		if (words[i].kind == kind && words[i].negated == negated)
			return &words[i];
	return NULL;
}

const char *condition_format(const struct condition *c, char buf[CONDITION_TEXT])
{
	const struct word *own = word_of(c->kind, c->negated), *word = own ? own : word_of(c->kind, !c->negated);
	const char *negation = own ? "" : "not ";

	if (word->unit)
		snprintf(buf, CONDITION_TEXT, "%s%s > %u%s", negation, word->name, c->limit, word->unit);
	else if (word->named)
		snprintf(buf, CONDITION_TEXT, "%s%s %s", negation, word->name, c->name);
	else
		snprintf(buf, CONDITION_TEXT, "%s%s", negation, word->name);
	return buf;
}

bool condition_equal(const struct condition *a, const struct condition *b)
{
	return a->kind == b->kind && a->negated == b->negated && a->limit == b->limit && strcmp(a->name, b->name) == 0;
}

bool condition_is_measured(const struct condition *c)
{
	return c->kind == CONDITION_LOSS || c->kind == CONDITION_RTT;
}

static enum condition_state negate(enum condition_state state)
{
	if (state == CONDITION_UNKNOWN)
		return CONDITION_UNKNOWN;
	return state == CONDITION_HOLDS ? CONDITION_FAILS : CONDITION_HOLDS;
}

/** The verdict on @p value by a limit, both in the same unit; @p turning as in struct condition_watch. */
static enum condition_state measure(enum condition_state before, int value, int limit, uint64_t *turning, uint64_t now)
{
	enum condition_state here = value > limit ? CONDITION_HOLDS : CONDITION_FAILS;

	/* Between four fifths of the limit and the limit nothing ends or begins. */
	if (value < 0 || here == before || (before == CONDITION_HOLDS && 5 * value > 4 * limit)) {
		*turning = 0;
		return before;
	}
	if (before == CONDITION_UNKNOWN)
		return here;
	if (*turning == 0)
		*turning = now;
	if (now - *turning < CONDITION_HOLD_MS)
		return before;
	*turning = 0;
	return here;
}

/** Whether the host's connection, if it is known, is the one of that name. */
static enum condition_state compare(const char *connection, const char *name)
{
	if (!connection || connection[0] == '\0')
		return CONDITION_UNKNOWN;
	return strcmp(connection, name) == 0 ? CONDITION_HOLDS : CONDITION_FAILS;
}

bool condition_update(struct condition_watch *w, const struct condition_facts *facts, uint64_t now)
{
	enum condition_state before = w->is.negated ? negate(w->state) : w->state, state = before;

	switch (w->is.kind) {
	case CONDITION_TRUSTED:
		state = facts->trusted;
		break;
	case CONDITION_BATTERY:
		state = facts->battery;
		break;
	case CONDITION_WIFI_OPEN:
		state = facts->wifi_open;
		break;
	case CONDITION_WIFI_SECURE:
		state = facts->wifi_secure;
		break;
	case CONDITION_METERED:
		state = facts->metered;
		break;
	case CONDITION_CONNECTION:
		state = compare(facts->connection, w->is.name);
		break;
	case CONDITION_LOSS:
		state = measure(before, facts->loss, 10 * (int)w->is.limit, &w->turning, now);
		break;
	case CONDITION_RTT:
		state = measure(before, facts->rtt, (int)w->is.limit, &w->turning, now);
		break;
	}
	if (state == before)
		return false;
	w->state = w->is.negated ? negate(state) : state;
	w->since = now;
	return true;
}

uint64_t condition_due(const struct condition_watch *w)
{
	return w->turning != 0 ? w->turning + CONDITION_HOLD_MS : UINT64_MAX;
}

const char *condition_state_name(enum condition_state state)
{
	static const char *const names[] = {
	    [CONDITION_UNKNOWN] = "unknown", [CONDITION_HOLDS] = "holds", [CONDITION_FAILS] = "does not hold"};

	return names[state];
}

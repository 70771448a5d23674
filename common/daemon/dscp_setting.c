/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/daemon/dscp_setting.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define SEPARATORS ", \t\n"
#define WORD_MAX   8
#define DSCP_MAX   63

/**
 * The names of class selectors and assured forwarding follow from their numbers (RFC 2474, RFC 2597); the others are
 * listed here.
 */
static const struct {
	char name[4];
	unsigned value;
} names[] = {{"LE", 1}, {"VA", 44}, {"EF", 46}};

static bool digit(char c, char low, char high)
{
	return c >= low && c <= high;
}

/** @return the DSCP called @p word, or -EINVAL. */
static int parse_word(const char *word)
{
	unsigned long number;

	if (tscf_number_parse(word, 0, DSCP_MAX, &number) == 0)
		return (int)number;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(word, names[i].name) == 0)
			return (int)names[i].value;
	if (strncasecmp(word, "CS", 2) == 0 && strlen(word) == 3 && digit(word[2], '0', '7'))
		return 8 * (word[2] - '0');
	if (strncasecmp(word, "AF", 2) == 0 && strlen(word) == 4 && digit(word[2], '1', '4') &&
	    digit(word[3], '1', '3'))
		return 8 * (word[2] - '0') + 2 * (word[3] - '0');
	return -EINVAL;
}

int tscf_dscps_parse(const char *text, uint64_t *out)
{
	uint64_t set = 0;

	if (strcasecmp(text, "none") == 0) {
		*out = 0;
		return 0;
	}
	text += strspn(text, SEPARATORS);
	if (*text == '\0')
		return -EINVAL;
	while (*text != '\0') {
		size_t length = strcspn(text, SEPARATORS);
		char word[WORD_MAX] = "";
		int dscp;

		if (length >= sizeof(word))
			return -EINVAL;
		memcpy(word, text, length);
		dscp = parse_word(word);
		if (dscp < 0)
			return dscp;
		set |= 1ULL << dscp;
		text += length;
		text += strspn(text, SEPARATORS);
	}
	*out = set;
	return 0;
}

int tscf_setting_dscps(const struct tscf_setting *s, const char *text, void *field)
{
	uint64_t set;

	(void)s;
	if (tscf_dscps_parse(text, &set) != 0)
		return -EINVAL;
	if (field)
		*(uint64_t *)field = set;
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/netlink_case.h"
#include "tests/unit/netns.h"
#include "tests/unit/runner.h"

#include <stdlib.h>
#include <string.h>

struct tscf_netlink *nl;
struct tscf_tun tun;

void setup(void)
{
	tscf_netns_enter();
	ck_assert_int_eq(tscf_netlink_open(&nl), 0);
	ck_assert_int_eq(tscf_tun_open(&tun, "t0", true, TSCF_URGENT_DSCPS), 0);
	ck_assert_int_eq(tscf_link_up(nl, tun.index, 1340), 0);
}

void teardown(void)
{
	tscf_tun_close(&tun);
	tscf_netlink_close(nl);
}

struct tscf_prefix prefix(const char *text)
{
	struct tscf_prefix p;

	ck_assert_int_eq(tscf_prefix_parse(text, &p), 0);
	return p;
}

struct tscf_addr addr(const char *text)
{
	struct tscf_addr a;

	ck_assert_int_eq(tscf_addr_parse(text, &a), 0);
	return a;
}

unsigned count_lines(const char *command, const char *line)
{
	char *text = tscf_netns_output("%s", command), *rest = text, *one;
	unsigned count = 0;

	while ((one = strsep(&rest, "\n")))
		count += *one && (!line || strcmp(one, line) == 0);
	free(text);
	return count;
}

void check_lines(const char *command, const char *line, unsigned wanted)
{
	unsigned count = count_lines(command, line);

	if (count != wanted)
		ck_abort_msg("%u times \"%s\" in:\n%s", count, line ? line : "", tscf_netns_output("%s", command));
}

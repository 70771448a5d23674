/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invitations: what is taken and written, what is refused, and how that is said. */
#include "common/auth/invitation.h"

#include "common/auth/base64url.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* 32 and 16 bytes that count from 0. */
#define PIN  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define KEY  "AAECAwQFBgcICQoLDA0ODw"
#define TAIL "?pin=" PIN "&id=alice&key=" KEY

static struct tscf_invitation invitation;
static char error[TSCF_INVITATION_ERROR];
static char text[TSCF_INVITATION_TEXT];

static void taken(const char *from)
{
	ck_assert_msg(tscf_invitation_parse(from, &invitation, error) == 0, "%s: %s", from, error);
}

/** Written again it is @p to. */
static void written(const char *to)
{
	ck_assert_uint_eq(tscf_invitation_format(&invitation, text), strlen(to));
	ck_assert_str_eq(text, to);
}

static void refused(const char *from, const char *why)
{
	static const struct tscf_invitation none;

	strcpy(error, "");
	ck_assert_msg(tscf_invitation_parse(from, &invitation, error) == -EINVAL, "taken: %s", from);
	ck_assert_msg(strstr(error, why) != NULL, "%s: %s", from, error);
	ck_assert_msg(!strstr(error, KEY), "the key is shown: %s", error);
	ck_assert_mem_eq(&invitation, &none, sizeof(none));
}

START_TEST(one_server)
{
	taken("tscf://vpn.example.org" TAIL);
	ck_assert_uint_eq(invitation.server_count, 1);
	ck_assert_str_eq(invitation.servers[0].host, "vpn.example.org");
	ck_assert_uint_eq(invitation.servers[0].port, 2004);
	ck_assert_int_eq(invitation.transport, TSCF_INVITATION_AUTO);
	ck_assert_uint_eq(invitation.pin[31], 31);
	ck_assert_str_eq(invitation.psk.identity, "alice");
	ck_assert_uint_eq(invitation.psk.key_length, 16);
	ck_assert_uint_eq(invitation.psk.key[15], 15);
	written("tscf://vpn.example.org:2004" TAIL);
	taken("TSCF://192.0.2.1:65534" TAIL);
	ck_assert_uint_eq(invitation.servers[0].port, 65534);
}
END_TEST

START_TEST(can_be_used_once)
{
	taken("tscf://vpn.example.org" TAIL);
	ck_assert(!invitation.once);
	taken("tscf://vpn.example.org" TAIL "&use=once");
	ck_assert(invitation.once);
	written("tscf://vpn.example.org:2004" TAIL "&use=once");
	refused("tscf://vpn.example.org" TAIL "&use=twice", "use is wrong: expected once");
	refused("tscf://vpn.example.org" TAIL "&use=", "use is wrong: expected once");
	refused("tscf://vpn.example.org" TAIL "&use=once&use=once", "twice");
}
END_TEST

START_TEST(several_servers)
{
	taken("tscf://[2001:db8::1]:5000" TAIL "&transport=tcp&server=b.example&server=%5B2001%3adb8::2%5D%3A7");
	ck_assert_uint_eq(invitation.server_count, 3);
	ck_assert_str_eq(invitation.servers[0].host, "2001:db8::1");
	ck_assert_str_eq(invitation.servers[1].host, "b.example");
	ck_assert_uint_eq(invitation.servers[1].port, 2004);
	ck_assert_str_eq(invitation.servers[2].host, "2001:db8::2");
	ck_assert_uint_eq(invitation.servers[2].port, 7);
	ck_assert_int_eq(invitation.transport, TSCF_INVITATION_TCP);
	written("tscf://[2001:db8::1]:5000" TAIL
		"&transport=tcp&server=b.example%3A2004&server=%5B2001%3Adb8%3A%3A2%5D%3A7");
	refused("tscf://a" TAIL "&server=b&server=c&server=d&server=e", "too many servers");
}
END_TEST

START_TEST(identities)
{
	taken("tscf://a?id=50%25%26more=%3d/%40b&transport=udp&key=" KEY "&pin=" PIN);
	ck_assert_str_eq(invitation.psk.identity, "50%&more==/@b");
	written("tscf://a:2004?pin=" PIN "&id=50%25%26more%3D%3D%2F%40b&key=" KEY "&transport=udp");
	refused("tscf://a?pin=" PIN "&key=" KEY "&id=", "id is wrong");
	refused("tscf://a?pin=" PIN "&key=" KEY "&id=a%3Ab", "id is wrong");
	refused("tscf://a?pin=" PIN "&key=" KEY "&id=a%00b", "id is wrong");
	refused("tscf://a?pin=" PIN "&key=" KEY "&id=%23a", "id is wrong");
	refused("tscf://a?pin=" PIN "&key=" KEY "&id=a%20b", "id is wrong");
	refused("tscf://a?pin=" PIN "&key=" KEY "&id=a%2", "percent-encoded");
	refused("tscf://a?pin=" PIN "&key=" KEY "&id=a%zz", "percent-encoded");
	refused("tscf://a?pin=" PIN "&key=" KEY "&id=a b", "percent-encoded");
	refused("tscf://a?pin=" PIN "&key=" KEY "&id=a#b", "percent-encoded");
}
END_TEST

START_TEST(wrong_servers)
{
	static const char *const servers[] = {"",     "a:",          "a:0",   "a:65535", "a:123456", "a:1x",
					      "[::1", "[::1]x",      "[a]:1", "::1",     "a/b",      "a_:-1",
					      "-a",   "[fe80::1]:1", "a@b",   "[]",      "[1.2.3.4]"};
	char uri[256];

	for (unsigned i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		snprintf(uri, sizeof(uri), "tscf://%s" TAIL, servers[i]);
		refused(uri, "a server is wrong");
	}
}
END_TEST

START_TEST(wrong_parameters)
{
	refused("", "begins with tscf://");
	refused("http://a" TAIL, "begins with tscf://");
	refused("tscf://a", "no pin");
	refused("tscf://a?pin=" PIN, "no id or no key");
	refused("tscf://a?pin=" PIN "&id=alice", "no id or no key");
	refused("tscf://a?pin=" PIN "&key=" KEY, "no id or no key");
	refused("tscf://a" TAIL "&", "no value");
	refused("tscf://a" TAIL "&pin", "no value");
	refused("tscf://a" TAIL "&pin=" PIN, "twice");
	refused("tscf://a" TAIL "&id=bob", "twice");
	refused("tscf://a" TAIL "&must=1", "unknown parameter");
	refused("tscf://a" TAIL "&transport=sctp", "transport is wrong");
	refused("tscf://a" TAIL "&transport=dtls", "transport is wrong");
	refused("tscf://a" TAIL "\n", "percent-encoded");
	refused("tscf://a?id=alice&key=" KEY "&pin=" PIN "A", "pin is wrong");
	refused("tscf://a?id=alice&key=" KEY "&pin=" KEY, "pin is wrong");
	refused("tscf://a?id=alice&pin=" PIN "&key=AAAA", "key is wrong");
	refused("tscf://a?id=alice&pin=" PIN "&key=" KEY "==", "key is wrong");
}
END_TEST

START_TEST(too_long)
{
	char uri[TSCF_INVITATION_TEXT + 512];
	int length = snprintf(uri, sizeof(uri), "tscf://a" TAIL "&server=");

	memset(uri + length, 'a', TSCF_INVITATION_HOST_MAX);
	uri[length + TSCF_INVITATION_HOST_MAX] = '\0';
	taken(uri);
	strcat(uri, "a");
	refused(uri, "a server is wrong");
	memset(uri + length, 'a', 513);
	uri[length + 513] = '\0';
	refused(uri, "percent-encoded");
	memset(uri + length, 'a', TSCF_INVITATION_TEXT);
	uri[TSCF_INVITATION_TEXT] = '\0';
	refused(uri, "too long");
}
END_TEST

/** The longest of all has room. */
START_TEST(longest)
{
	memset(&invitation, 0, sizeof(invitation));
	invitation.server_count = TSCF_INVITATION_SERVERS_MAX;
	for (unsigned i = 0; i < TSCF_INVITATION_SERVERS_MAX; i++) {
		memset(invitation.servers[i].host, '_', TSCF_INVITATION_HOST_MAX);
		invitation.servers[i].port = 65534;
	}
	invitation.transport = TSCF_INVITATION_UDP;
	memset(invitation.psk.identity, '%', TSCF_PSK_IDENTITY_MAX);
	invitation.psk.key_length = TSCF_PSK_KEY_MAX;
	ck_assert_uint_lt(tscf_invitation_format(&invitation, text), sizeof(text));
	taken(text);
}
END_TEST

START_TEST(base64url)
{
	uint8_t bytes[8], back[8];
	char coded[16];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(0xff - 37 * i);
	for (unsigned n = 0; n <= sizeof(bytes); n++) {
		size_t length = tscf_base64url_encode(bytes, n, coded);

		ck_assert_uint_eq(length, TSCF_BASE64URL_LENGTH(n));
		ck_assert_int_eq(tscf_base64url_decode(coded, length, back, n), (int)n);
		ck_assert_mem_eq(bytes, back, n);
		if (n > 0)
			ck_assert_int_eq(tscf_base64url_decode(coded, length, back, n - 1), -EINVAL);
	}
	/* Bits that are left over, one character too many, the characters of plain base64, padding. */
	ck_assert_int_eq(tscf_base64url_decode("AB", 2, back, 8), -EINVAL);
	ck_assert_int_eq(tscf_base64url_decode("AAAAA", 5, back, 8), -EINVAL);
	ck_assert_int_eq(tscf_base64url_decode("+/+/", 4, back, 8), -EINVAL);
	ck_assert_int_eq(tscf_base64url_decode("AA==", 4, back, 8), -EINVAL);
	ck_assert_int_eq(tscf_base64url_decode("-_-_", 4, back, 8), 3);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("invitation");
	TCase *t = tcase_create("text");

	tcase_add_test(t, one_server);
	tcase_add_test(t, can_be_used_once);
	tcase_add_test(t, several_servers);
	tcase_add_test(t, identities);
	tcase_add_test(t, wrong_servers);
	tcase_add_test(t, wrong_parameters);
	tcase_add_test(t, too_long);
	tcase_add_test(t, longest);
	tcase_add_test(t, base64url);
	suite_add_tcase(suite, t);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

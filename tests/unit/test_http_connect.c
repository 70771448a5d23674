/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The CONNECT request, and every kind of answer to it, whole and byte by byte. */
#include "tests/unit/runner.h"
#include "tscf-client/tunnel/http_connect.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *host, *credentials, *text;
} requests[] = {
    {"vpn.example.org", NULL, "CONNECT vpn.example.org:2005 HTTP/1.1\r\nHost: vpn.example.org:2005\r\n\r\n"},
    {"2001:db8::1", NULL, "CONNECT [2001:db8::1]:2005 HTTP/1.1\r\nHost: [2001:db8::1]:2005\r\n\r\n"},
    {"h", "dTpw", "CONNECT h:2005 HTTP/1.1\r\nHost: h:2005\r\nProxy-Authorization: Basic dTpw\r\n\r\n"},
};

START_TEST(request)
{
	char text[256];
	int n = http_connect_request(text, sizeof(text), requests[_i].host, 2005, requests[_i].credentials);

	ck_assert_int_eq(n, (int)strlen(requests[_i].text));
	ck_assert_mem_eq(text, requests[_i].text, (size_t)n);
	ck_assert_int_eq(http_connect_request(text, (size_t)n, requests[_i].host, 2005, requests[_i].credentials),
			 -EMSGSIZE);
}
END_TEST

static const struct {
	const char *text;
	int authenticated;
	enum http_connect_answer answer;
	const char *reason;
} answers[] = {
    {"HTTP/1.0 200 Connection established\r\nProxy-agent: tinyproxy/1.11.1\r\n\r\n", 0, HTTP_CONNECT_DONE, ""},
    {"HTTP/1.1 200\r\n\r\n", 0, HTTP_CONNECT_DONE, ""},
    {"HTTP/1.1 204 \n\n", 0, HTTP_CONNECT_DONE, ""},
    {"HTTP/1.1 200 OK\r\nX: y\r\n", 0, HTTP_CONNECT_MORE, ""},
    {"HTTP/1.", 0, HTTP_CONNECT_MORE, ""},
    {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", 0, HTTP_CONNECT_REFUSED, "wants a user"},
    {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", 1, HTTP_CONNECT_REFUSED, "refuses the user"},
    {"HTTP/1.0 401 Unauthorized\r\n\r\n", 1, HTTP_CONNECT_REFUSED, "refuses the user"},
    {"HTTP/1.1 403 Access violation\r\n\r\n", 0, HTTP_CONNECT_REFUSED, "does not allow"},
    {"HTTP/1.1 502 \033[31mBad\r\n\r\n", 0, HTTP_CONNECT_REFUSED, "(502 ?[31mBad)"},
    {"HTTP/1.1 100 Continue\r\n\r\n", 0, HTTP_CONNECT_REFUSED, "(100"},
    {"HTTP/2 200\r\n\r\n", 0, HTTP_CONNECT_REFUSED, "HTTP/1"},
    {"HTTP/1.1 2x0 OK\r\n\r\n", 0, HTTP_CONNECT_REFUSED, "HTTP/1"},
    {"HTTP/1.1 2000\r\n\r\n", 0, HTTP_CONNECT_REFUSED, "HTTP/1"},
    {"HTTP/1.1\r\n\r\n", 0, HTTP_CONNECT_REFUSED, "HTTP/1"},
    {"SSH-2.0-OpenSSH\r\n", 0, HTTP_CONNECT_REFUSED, "HTTP/1"},
};

START_TEST(answer)
{
	size_t length = strlen(answers[_i].text), used = 0;
	char reason[HTTP_CONNECT_REASON] = "";
	enum http_connect_answer result = HTTP_CONNECT_MORE;

	ck_assert_int_eq(http_connect_answer(answers[_i].text, length, answers[_i].authenticated, &used, reason),
			 answers[_i].answer);
	ck_assert_ptr_nonnull(strstr(reason, answers[_i].reason));
	if (answers[_i].answer == HTTP_CONNECT_DONE)
		ck_assert_uint_eq(used, length);
	for (size_t n = 1; n <= length && result == HTTP_CONNECT_MORE; n++)
		result = http_connect_answer(answers[_i].text, n, answers[_i].authenticated, &used, reason);
	ck_assert_int_eq(result, answers[_i].answer);
}
END_TEST

/* A proxy that never ends its header is not listened to without end. */
START_TEST(endless)
{
	static char text[HTTP_CONNECT_MAX + 1];
	char reason[HTTP_CONNECT_REASON];
	size_t used;

	memset(text, 'x', sizeof(text));
	memcpy(text, "HTTP/1.1 200 ", 13);
	ck_assert_int_eq(http_connect_answer(text, HTTP_CONNECT_MAX - 1, 0, &used, reason), HTTP_CONNECT_MORE);
	ck_assert_int_eq(http_connect_answer(text, HTTP_CONNECT_MAX, 0, &used, reason), HTTP_CONNECT_REFUSED);
	ck_assert_ptr_nonnull(strstr(reason, "too long"));
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static Suite *make_suite(void)
{
	Suite *suite = suite_create("http connect");
	TCase *tc = tcase_create("http connect");

	tcase_add_loop_test(tc, request, 0, COUNT(requests));
	tcase_add_loop_test(tc, answer, 0, COUNT(answers));
	tcase_add_test(tc, endless);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

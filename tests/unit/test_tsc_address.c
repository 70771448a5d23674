/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses of the library as text, and sockets without a handle. */
#include "tests/unit/runner.h"
#include "tscf-client/libtsc/tsc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

static union tsc_address address(int family, const char *text, unsigned short port)
{
	union tsc_address a = {.sa.sa_family = (sa_family_t)family};

	if (family == AF_INET6) {
		a.in6.sin6_port = htons(port);
		ck_assert_int_eq(inet_pton(family, text, &a.in6.sin6_addr), 1);
	} else {
		a.in.sin_port = htons(port);
		ck_assert_int_eq(inet_pton(family, text, &a.in.sin_addr), 1);
	}
	return a;
}

START_TEST(as_text)
{
	union tsc_address v4 = address(AF_INET, "192.0.2.1", 5060), v6 = address(AF_INET6, "2001:db8::1", 5061);
	char text[TSC_ADDR_STR_LEN];

	ck_assert_str_eq(tsc_ip_address_to_str(&v4, text, sizeof(text)), "192.0.2.1");
	ck_assert_str_eq(tsc_ip_port_address_to_str(&v4, text, sizeof(text)), "192.0.2.1:5060");
	ck_assert_str_eq(tsc_ip_address_to_str(&v6, text, sizeof(text)), "2001:db8::1");
	ck_assert_str_eq(tsc_ip_port_address_to_str(&v6, text, sizeof(text)), "[2001:db8::1]:5061");
	v6 = address(AF_INET6, "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 65535);
	ck_assert_ptr_nonnull(tsc_ip_port_address_to_str(&v6, text, sizeof(text)));
}
END_TEST

START_TEST(no_text)
{
	union tsc_address v4 = address(AF_INET, "192.0.2.1", 5060), none = {.sa.sa_family = AF_UNSPEC};
	char text[TSC_ADDR_STR_LEN];

	ck_assert_ptr_null(tsc_ip_address_to_str(&v4, text, strlen("192.0.2.1")));
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_ptr_nonnull(tsc_ip_address_to_str(&v4, text, strlen("192.0.2.1") + 1));
	ck_assert_ptr_null(tsc_ip_port_address_to_str(&none, text, sizeof(text)));
	ck_assert_int_eq(errno, EAFNOSUPPORT);
}
END_TEST

START_TEST(without_a_handle)
{
	int sock = socket(AF_INET, SOCK_DGRAM, 0);
	tsc_tunnel_socket_info info;

	ck_assert_ptr_null(tsc_get_tunnel(sock));
	ck_assert_int_eq(errno, ENOENT);
	close(sock);
	ck_assert_ptr_null(tsc_get_tunnel(sock));
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(tsc_get_tunnel_socket_info(NULL, &info), -1);
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("tsc address");
	TCase *t = tcase_create("address");

	tcase_add_test(t, as_text);
	tcase_add_test(t, no_text);
	tcase_add_test(t, without_a_handle);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

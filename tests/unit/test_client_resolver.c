/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Look-ups beside each other, with a getaddrinfo of the test's own: one that waits for a name server holds up no other,
 * and what is older does not replace what is newer.
 */
#include "tests/unit/runner.h"
#include "tscf-client/tunnel/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t told = PTHREAD_COND_INITIALIZER;
static unsigned asked;          /* questions that the C library was asked so far; each has a number, from 0 on */
static unsigned ended;          /* ... and that it has answered */
static int answers[64];         /* by number: -1: not yet; 0: no such name; else the last byte of an address */
static unsigned answer_count;   /* that have come here */
static unsigned last_addresses; /* ... in the last of them */
static unsigned last_byte;

__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *service,
						       const struct addrinfo *hints, struct addrinfo **out)
{
	static struct sockaddr_in addr[64];
	static struct addrinfo info[64];
	unsigned i;
	int answer;

	(void)name, (void)service;
	if (hints->ai_flags & AI_NUMERICHOST)
		return EAI_NONAME;
	pthread_mutex_lock(&lock);
	i = asked++;
	pthread_cond_broadcast(&told);
	while (answers[i] < 0)
		pthread_cond_wait(&told, &lock);
	answer = answers[i];
	ended++;
	pthread_mutex_unlock(&lock);
	if (answer == 0)
		return EAI_AGAIN;
	addr[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000200U + (unsigned)answer)};
	info[i] = (struct addrinfo){.ai_addr = (struct sockaddr *)&addr[i], .ai_addrlen = sizeof(addr[i])};
	*out = &info[i];
	return 0;
}

__attribute__((visibility("default"))) void freeaddrinfo(struct addrinfo *info)
{
	(void)info;
}

static void on_done(void *context, unsigned tag, const struct way_addresses *addresses, const char *error)
{
	(void)context;
	ck_assert_uint_eq(tag, 3);
	ck_assert((error[0] != '\0') == (addresses->count == 0));
	answer_count++;
	last_addresses = addresses->count;
	if (addresses->count > 0)
		last_byte = ntohl(addresses->list[0].in.sin_addr.s_addr) & 0xff;
}

static struct ev_loop *loop;
static struct resolver *resolver;

static void setup(void)
{
	memset(answers, 0xff, sizeof(answers));
	loop = ev_loop_new(EVFLAG_AUTO);
	resolver = resolver_new(loop, on_done, NULL);
	ck_assert_ptr_nonnull(resolver);
}

static void teardown(void)
{
	resolver_free(resolver);
	ev_loop_destroy(loop);
}

/* Ask, and wait until the C library has the question. */
static void ask(void)
{
	unsigned before = asked;

	resolver_ask(resolver, 3, "a.example");
	pthread_mutex_lock(&lock);
	while (asked == before)
		pthread_cond_wait(&told, &lock);
	pthread_mutex_unlock(&lock);
}

static void answer(unsigned question, int what)
{
	pthread_mutex_lock(&lock);
	answers[question] = what;
	pthread_cond_broadcast(&told);
	pthread_mutex_unlock(&lock);
}

/* The answer is told when the loop turns. */
static void must_come(unsigned count)
{
	while (answer_count < count)
		ev_run(loop, EVRUN_ONCE);
	ck_assert_uint_eq(answer_count, count);
}

/* The thread has ended and nothing is told. */
static void must_not_come(unsigned question, int what)
{
	unsigned before = answer_count, were = ended;

	answer(question, what);
	/* Asked later and answered: what was told before has been seen by then. */
	while (__atomic_load_n(&ended, __ATOMIC_SEQ_CST) == were)
		sched_yield();
	ev_run(loop, EVRUN_ONCE);
	ck_assert_uint_eq(answer_count, before);
}

START_TEST(hanging)
{
	ask();
	ask();
	answer(1, 7);
	must_come(1);
	ck_assert_uint_eq(last_byte, 7);
	/* The first one has timed out meanwhile. */
	must_not_come(0, 0);
	ck_assert_uint_eq(last_byte, 7);
}
END_TEST

/* An old address is no news, but it is better than an error. */
START_TEST(order)
{
	ask();
	ask();
	ask();
	answer(2, 0);
	must_come(1);
	ck_assert_uint_eq(last_addresses, 0);
	answer(1, 5);
	must_come(2);
	ck_assert_uint_eq(last_byte, 5);
	must_not_come(0, 4);
	ask();
	answer(3, 6);
	must_come(3);
	ck_assert_uint_eq(last_byte, 6);
}
END_TEST

/* However often it is asked. */
START_TEST(bounded)
{
	for (unsigned i = 0; i < RESOLVER_AT_ONCE; i++)
		ask();
	for (unsigned i = 0; i < 100; i++)
		resolver_ask(resolver, 3, "a.example");
	answer(0, 0);
	must_come(1);
	ask();
	ck_assert_uint_eq(asked, RESOLVER_AT_ONCE + 1);
	/* The threads that still wait end after the resolver. */
	for (unsigned i = 1; i <= RESOLVER_AT_ONCE; i += 2)
		answer(i, 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("client resolver");
	TCase *tc = tcase_create("look-ups");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, hanging);
	tcase_add_test(tc, order);
	tcase_add_test(tc, bounded);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

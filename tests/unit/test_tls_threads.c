/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One server context, many threads: connections are made and freed at the same moment, also while the certificate is
 * renewed.  What is wrong here is seen by the sanitizers; without them it shows as a crash, sometimes.
 */
#include "common/tls/tls_context.h"

#include "tests/unit/certs.h"
#include "tests/unit/runner.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS  4
#define ROUNDS   200
#define RENEWALS 20

static char error[TSCF_TLS_ERROR];

/** What the threads have in common. */
struct world {
	struct tscf_tls *tls;
	pthread_barrier_t start;
	atomic_int failed;
};

/* The first connections of a context are where wolfSSL completes it: all threads begin at once. */
static void *make_connections(void *argument)
{
	struct world *world = argument;

	pthread_barrier_wait(&world->start);
	for (int i = 0; i < ROUNDS; i++) {
		WOLFSSL *datagram = tscf_tls_connection(world->tls, NULL);
		WOLFSSL *stream = tscf_tls_stream_connection(world->tls, NULL);

		if (!datagram || !stream)
			atomic_fetch_add(&world->failed, 1);
		wolfSSL_free(datagram);
		wolfSSL_free(stream);
	}
	return NULL;
}

static struct tscf_tls *new_context(void)
{
	struct tscf_tls *tls = tscf_tls_server(certs_path("a.pem"), certs_path("a.key"), error);

	ck_assert_msg(tls != NULL, "%s", error);
	return tls;
}

static void run(int renewals)
{
	struct world world = {.tls = new_context()};
	pthread_t threads[THREADS];

	pthread_barrier_init(&world.start, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, make_connections, &world), 0);
	pthread_barrier_wait(&world.start);
	for (int i = 0; i < renewals; i++)
		tscf_tls_renew(world.tls, new_context());
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&world.start);
	tscf_tls_free(world.tls);
	ck_assert_int_eq(world.failed, 0);
}

START_TEST(first_connections_of_several_threads)
{
	for (int i = 0; i < RENEWALS; i++)
		run(0);
}
END_TEST

START_TEST(connections_while_the_certificate_is_renewed)
{
	run(RENEWALS);
}
END_TEST

static void setup(void)
{
	static const struct certs_spec a = {.name = "a"};

	certs_make_directory();
	certs_make(&a);
}

static Suite *make_suite(void)
{
	Suite *suite = suite_create("tls_threads");
	TCase *tc = tcase_create("tls_threads");

	tcase_add_unchecked_fixture(tc, setup, certs_remove);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, first_connections_of_several_threads);
	tcase_add_test(tc, connections_while_the_certificate_is_renewed);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

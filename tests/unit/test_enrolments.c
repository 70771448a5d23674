/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One-time invitations: both ends against each other, with a loss of power at each step.  The client that used the
 * invitation always gets in, and no other one does.
 */
#include "common/auth/agreement.h"
#include "common/auth/enrolments.h"
#include "common/auth/proof.h"
#include "common/auth/refusal.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/crypto/crypto.h"
#include "common/crypto/random.h"
#include "tests/unit/certs.h"
#include "tests/unit/runner.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define IN_TIME 3600

/** A client: its file, and what its process has read of it. */
struct device {
	const char *file;
	struct tscf_credential *credential;
	struct tscf_offer offer;
	uint8_t key[32]; /* of its last proof */
};

static char error[512];
static char record_file[256], keys_file[256];
static struct tscf_identity *identity;
static struct tscf_enrolments *record;
static struct tscf_client_auth *server;
static struct tscf_client_name who;
static struct tscf_psk invitation;
static struct device first, second;
static uint8_t leaf[4096], request_bytes[TSCF_PROBE_MAX], response_bytes[TSCF_PROBE_MAX];
static size_t leaf_length;
static struct tscf_message request, response;

/* --- the server --- */

/** Start it, as after a loss of power. */
static void start_server(void)
{
	tscf_client_auth_drop(server);
	tscf_enrolments_free(record);
	record = tscf_enrolments_open(record_file, true, error, sizeof(error));
	server = tscf_client_auth_read(keys_file, NULL, NULL, NULL, error);
	ck_assert_msg(server != NULL, "%s", error);
	tscf_client_auth_record(server, record);
}

static void write_keys(const struct tscf_psk *psk, const char *file)
{
	char line[TSCF_PSK_LINE + 1];
	size_t length = tscf_psk_format(psk, line);

	line[length++] = '\n';
	ck_assert_int_eq(tscf_file_replace(file, 0600, line, length), 0);
}

/** As add-client --one-time. */
static void invite(int64_t seconds)
{
	memset(&invitation, 0, sizeof(invitation));
	strcpy(invitation.identity, "alice");
	tscf_random(invitation.key, 32);
	invitation.key_length = 32;
	invitation.kind = TSCF_PSK_INVITED;
	invitation.until = (int64_t)time(NULL) + seconds;
	memcpy(invitation.record, tscf_enrolments_name(record), sizeof(invitation.record));
	write_keys(&invitation, keys_file);
	start_server();
}

/** Answer the request.  @return NULL with the response if it has used an invitation; or what the client is told. */
static const char *serve(void)
{
	static const uint8_t cookie[17] = {1}, client_id[16] = {2};
	const struct tscf_certificates none = {.length = 0};
	struct tscf_proof_subject subject = {
	    .challenge = cookie, .challenge_length = sizeof(cookie), .client_id = client_id};
	uint8_t lasting[TSCF_LASTING_KEY_SIZE];
	struct tscf_tlv share;
	struct tscf_writer w;
	const char *why;
	bool waits = false;
	int length;

	ck_assert(tscf_message_find(&request, TSCF_TLV_KEY_SHARE, &share));
	subject.share = share.value;
	why = tscf_client_auth_check(server, &subject, &request, &none, &who);
	if (!why && !who.invited)
		return "a tunnel";
	if (!why)
		why = tscf_client_auth_enrol(server, &who, share.value, lasting, &waits);
	if (why)
		return why;
	if (waits)
		return "waits";
	tscf_write_begin(&w, response_bytes, sizeof(response_bytes), TSCF_CONFIGURATION_RESPONSE, TSCF_TSID_NONE, 5);
	tscf_write_response(&w, TSCF_RESPONSE_ENROLLED, "");
	length = tscf_agreement_give(identity, &request, tscf_client_name_key(&who), lasting, &w);
	ck_assert_int_gt(length, 0);
	ck_assert_int_eq(tscf_message_decode(response_bytes, (uint32_t)length, &response), 0);
	return NULL;
}

/* --- the clients --- */

/** As join does. */
static void join(const struct device *d)
{
	struct tscf_psk psk = invitation;

	psk.kind = TSCF_PSK_JOINING;
	tscf_random(psk.share, sizeof(psk.share));
	write_keys(&psk, d->file);
}

/** Start it, as after a loss of power. */
static void start(struct device *d)
{
	tscf_credential_drop(d->credential);
	d->credential = tscf_credential_psk(d->file, NULL, error);
	ck_assert_msg(d->credential != NULL, "%s", error);
}

/** @param share  the key share of the request; NULL: a new one */
static void ask_with(struct device *d, const struct tscf_share *share)
{
	static const uint8_t cookie[17] = {1}, client_id[16] = {2};
	struct tscf_proof_subject subject = {
	    .challenge = cookie, .challenge_length = sizeof(cookie), .client_id = client_id};
	struct tscf_writer w;
	int length;

	tscf_write_begin(&w, request_bytes, sizeof(request_bytes), TSCF_CONFIGURATION_REQUEST, TSCF_TSID_NONE, 5);
	if (share)
		tscf_offer_write_share(&d->offer, share, &w);
	else
		ck_assert_int_eq(tscf_offer_write(&d->offer, &w), 0);
	subject.share = d->offer.share.bytes;
	ck_assert_int_eq(tscf_credential_prove(d->credential, &subject, &w), 0);
	ck_assert(tscf_credential_key(d->credential, d->key));
	tscf_write_pad(&w, 480);
	length = tscf_write_finish(&w);
	ck_assert_int_gt(length, 0);
	tscf_offer_sent(&d->offer, request_bytes, (uint32_t)length);
	ck_assert_int_eq(tscf_message_decode(request_bytes, (uint32_t)length, &request), 0);
}

static void ask(struct device *d)
{
	ask_with(d, tscf_credential_share(d->credential));
}

static const char *read_key(const struct device *d, uint8_t lasting[TSCF_LASTING_KEY_SIZE])
{
	struct tscf_seal seal;
	const char *why = tscf_agreement_accept(&d->offer, &response, d->key, leaf, leaf_length, &seal);

	return why ? why : tscf_agreement_take(&d->offer, &response, d->key, lasting);
}

static void take(struct device *d)
{
	uint8_t lasting[TSCF_LASTING_KEY_SIZE];

	ck_assert_pstr_eq(read_key(d, lasting), NULL);
	ck_assert_int_eq(tscf_credential_enrolled(d->credential, d->file, lasting), 0);
}

/** @return what a client that is started now is told in the end. */
static const char *comes(struct device *d)
{
	const char *told;

	start(d);
	ask(d);
	told = serve();
	if (told)
		return told;
	take(d);
	ask(d);
	return serve();
}

static void gets_in(struct device *d)
{
	ck_assert_pstr_eq(comes(d), "a tunnel");
	ck_assert_str_eq(who.name, "psk alice");
	ck_assert(!who.invited);
	ck_assert_ptr_null(tscf_credential_share(d->credential));
	ck_assert_pstr_eq(tscf_client_auth_still(server, &who, time(NULL)), NULL);
}

/* --- set-up --- */

static void make_certificates(void)
{
	static const struct certs_spec specs[] = {{.name = "ca", .ca = true},
						  {.name = "server", .issuer = "ca", .dns = {"server.example"}}};

	certs_make_directory();
	ck_assert_int_eq(tscf_crypto_acquire(), 0);
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
		certs_make(&specs[i]);
	tscf_crypto_release();
}

static void setup(void)
{
	tscf_log_init("test", TSCF_LOG_ERROR);
	ck_assert_int_eq(tscf_crypto_acquire(), 0);
	identity = tscf_identity_read(certs_path("server.pem"), certs_path("server.key"), error, sizeof(error));
	ck_assert_msg(identity != NULL, "%s", error);
	leaf_length = (size_t)certs_der("server", leaf, sizeof(leaf));
	snprintf(record_file, sizeof(record_file), "%s", certs_path("record"));
	snprintf(keys_file, sizeof(keys_file), "%s", certs_path("keys"));
	first.file = strdup(certs_path("first.psk"));
	second.file = strdup(certs_path("second.psk"));
	unlink(record_file);
	ck_assert_int_eq(tscf_enrolments_make(record_file), 0);
	record = tscf_enrolments_open(record_file, true, error, sizeof(error));
	ck_assert_msg(record != NULL, "%s", error);
	invite(IN_TIME);
	join(&first);
	join(&second);
}

static void end_device(struct device *d)
{
	tscf_credential_drop(d->credential);
	free((char *)d->file);
	*d = (struct device){.file = NULL};
}

static void teardown(void)
{
	end_device(&first);
	end_device(&second);
	tscf_client_auth_drop(server);
	tscf_enrolments_free(record);
	tscf_identity_free(identity);
	tscf_crypto_release();
	server = NULL;
	record = NULL;
	identity = NULL;
}

/* --- tests --- */

START_TEST(the_first_client_gets_in_and_no_other)
{
	struct stat st;

	gets_in(&first);
	ck_assert_str_eq(comes(&second), TSCF_REFUSAL_USED);
	ck_assert_str_eq(who.name, "psk alice");
	gets_in(&first);
	ck_assert_int_eq(stat(first.file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(stat(record_file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

/* What has happened before the power is lost. */
enum step { NOTHING, ASKED, RECORDED, ANSWERED, WRITTEN, STEPS };

/** The client comes as far as @p step. */
static void go_as_far_as(enum step step)
{
	start(&first);
	if (step >= ASKED)
		ask(&first);
	if (step >= RECORDED)
		ck_assert_pstr_eq(serve(), NULL);
	if (step >= WRITTEN)
		take(&first);
}

/* Of the server, of the client, or of both. */
START_TEST(power_is_lost_at_each_step)
{
	const enum step step = (enum step)(_i / 3);

	go_as_far_as(step);
	if (_i % 3 != 1)
		start_server();
	if (_i % 3 != 0)
		start(&first);
	if (step >= RECORDED)
		ck_assert_str_eq(comes(&second), TSCF_REFUSAL_USED);
	gets_in(&first);
	ck_assert_str_eq(comes(&second), TSCF_REFUSAL_USED);
}
END_TEST

/* The last write may be there in part, or as zeros.  Then no answer has been sent. */
START_TEST(power_is_lost_while_the_server_writes)
{
	struct stat before, after;
	uint8_t zeros[8] = {0};
	FILE *f;

	ck_assert_int_eq(stat(record_file, &before), 0);
	start(&first);
	ask(&first);
	ck_assert_pstr_eq(serve(), NULL);
	ck_assert_int_eq(stat(record_file, &after), 0);
	for (off_t length = before.st_size; length < after.st_size; length++) {
		ck_assert_int_eq(truncate(record_file, length), 0);
		if (_i) {
			f = fopen(record_file, "a");
			ck_assert_ptr_nonnull(f);
			fwrite(zeros, sizeof(zeros), 1, f);
			fclose(f);
		}
		start_server();
		ck_assert_ptr_nonnull(record);
		join(&first);
		gets_in(&first);
		ck_assert_str_eq(comes(&second), TSCF_REFUSAL_USED);
	}
}
END_TEST

/* Who has seen the invitation and the first request, and sends the same share, cannot read the answer. */
START_TEST(the_answer_is_for_one_client)
{
	uint8_t lasting[TSCF_LASTING_KEY_SIZE];
	struct tscf_share stolen;

	start(&first);
	ask(&first);
	ck_assert_pstr_eq(serve(), NULL);
	start(&second);
	stolen = *tscf_credential_share(second.credential);
	memcpy(stolen.bytes, first.offer.share.bytes, sizeof(stolen.bytes));
	ask_with(&second, &stolen);
	ck_assert_pstr_eq(serve(), NULL);
	ck_assert_str_eq(read_key(&second, lasting), "the server has not come to the same keys");
	gets_in(&first);
}
END_TEST

START_TEST(an_invitation_ends)
{
	invite(-1);
	join(&first);
	ck_assert_str_eq(comes(&first), TSCF_REFUSAL_TOO_LATE);
	/* A client that has used it in time is let in. */
	invite(1);
	join(&first);
	start(&first);
	ask(&first);
	ck_assert_pstr_eq(serve(), NULL);
	invitation.until -= 10;
	write_keys(&invitation, keys_file);
	start_server();
	gets_in(&first);
}
END_TEST

/* Nobody is let in by an invitation of which is not known whether it was used. */
START_TEST(the_record_is_lost)
{
	gets_in(&first);
	unlink(record_file);
	if (_i)
		ck_assert_int_eq(tscf_enrolments_make(record_file), 0);
	start_server();
	ck_assert_int_eq(record != NULL, _i);
	ck_assert_str_eq(comes(&first), TSCF_REFUSAL_LOST);
	ck_assert_str_eq(comes(&second), TSCF_REFUSAL_LOST);
	ck_assert_str_eq(tscf_client_auth_still(server, &who, time(NULL)), TSCF_REFUSAL_LOST);
}
END_TEST

/* Nothing that the next start would not find is answered. */
START_TEST(what_cannot_be_recorded_is_refused)
{
	const struct rlimit none = {.rlim_cur = 100, .rlim_max = RLIM_INFINITY};
	struct rlimit before;

	tscf_log_set_level(TSCF_LOG_ERROR);
	signal(SIGXFSZ, SIG_IGN);
	if (_i) {
		ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	} else {
		ck_assert_int_eq(unlink(record_file), 0);
	}
	ck_assert_str_eq(comes(&first), TSCF_REFUSAL_NOT_RECORDED);
	if (_i)
		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	else
		ck_assert_int_eq(tscf_enrolments_make(record_file), 0);
	/* Half a line was undone. */
	start_server();
	ck_assert_ptr_nonnull(record);
	ck_assert_str_eq(comes(&first), _i ? "a tunnel" : TSCF_REFUSAL_LOST);
}
END_TEST

/* --- a slow disk --- */

static pthread_mutex_t disk_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t disk_news = PTHREAD_COND_INITIALIZER;
static bool disk_stands, disk_fails;
static unsigned written;

/* What the C library has is not called here. */
int fsync(int fd)
{
	bool fails;

	pthread_mutex_lock(&disk_lock);
	while (disk_stands)
		pthread_cond_wait(&disk_news, &disk_lock);
	fails = disk_fails;
	pthread_mutex_unlock(&disk_lock);
	if (!fails)
		return (int)syscall(SYS_fsync, fd);
	errno = EIO;
	return -1;
}

static void set_disk(bool stands, bool fails)
{
	pthread_mutex_lock(&disk_lock);
	disk_stands = stands;
	disk_fails = fails;
	pthread_cond_broadcast(&disk_news);
	pthread_mutex_unlock(&disk_lock);
}

static void count_written(void *context)
{
	ck_assert_ptr_eq(context, &written);
	pthread_mutex_lock(&disk_lock);
	written++;
	pthread_cond_broadcast(&disk_news);
	pthread_mutex_unlock(&disk_lock);
}

static void await_written(unsigned count)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 30;
	pthread_mutex_lock(&disk_lock);
	while (written < count)
		ck_assert_int_eq(pthread_cond_timedwait(&disk_news, &disk_lock, &end), 0);
	pthread_mutex_unlock(&disk_lock);
}

/* Nobody waits for the disk, and no key is given away before it has the line. */
START_TEST(a_slow_disk_holds_nobody_up)
{
	struct tscf_enrolment used;

	ck_assert_int_eq(tscf_enrolments_start(record, count_written, &written), 0);
	set_disk(true, false);
	start(&first);
	ask(&first);
	ck_assert_str_eq(serve(), "waits");
	ck_assert_str_eq(serve(), "waits");
	ck_assert(!tscf_enrolments_find(record, &invitation, &used));
	/* It cannot be written: that is told, and the next request tries again. */
	set_disk(false, true);
	await_written(1);
	tscf_log_set_level(TSCF_LOG_ERROR);
	ck_assert_str_eq(serve(), TSCF_REFUSAL_NOT_RECORDED);
	set_disk(false, false);
	ck_assert_str_eq(serve(), "waits");
	await_written(2);
	gets_in(&first);
	ck_assert_str_eq(comes(&second), TSCF_REFUSAL_USED);
	start_server();
	gets_in(&first);
}
END_TEST

/* The end does not wait for it, either. */
START_TEST(a_disk_that_stands_still_does_not_hold_the_end_up)
{
	ck_assert_int_eq(tscf_enrolments_start(record, count_written, &written), 0);
	set_disk(true, false);
	start(&first);
	ask(&first);
	ck_assert_str_eq(serve(), "waits");
	tscf_enrolments_free(record);
	record = NULL;
}
END_TEST

START_TEST(a_damaged_record_is_refused)
{
	FILE *f;

	gets_in(&first);
	f = fopen(record_file, _i ? "r+" : "a");
	ck_assert_ptr_nonnull(f);
	fputs(_i ? "x" : "alice\n", f);
	fclose(f);
	start_server();
	ck_assert_ptr_null(record);
}
END_TEST

/* The name is given again, with another invitation. */
START_TEST(invited_again)
{
	struct tscf_client_name before;

	gets_in(&first);
	before = who;
	invite(IN_TIME);
	ck_assert_str_eq(tscf_client_auth_still(server, &before, time(NULL)), "the key has been changed");
	ck_assert_str_eq(comes(&first), TSCF_REFUSAL_WRONG_KEY);
	join(&second);
	gets_in(&second);
	join(&first);
	ck_assert_str_eq(comes(&first), TSCF_REFUSAL_USED);
}
END_TEST

/* A file of the other end is not taken. */
START_TEST(files_are_not_mixed_up)
{
	ck_assert_ptr_null(tscf_client_auth_read(first.file, NULL, NULL, NULL, error));
	ck_assert_ptr_nonnull(strstr(error, "client's file"));
	ck_assert_ptr_null(tscf_credential_psk(keys_file, NULL, error));
	ck_assert_ptr_nonnull(strstr(error, "server's file"));
}
END_TEST

/* --- several workers --- */

static struct tscf_enrolment results[8];

static void *use(void *argument)
{
	struct tscf_enrolment *result = argument;
	uint8_t share[TSCF_KEY_SHARE_SIZE];

	memset(share, (int)(result - results), sizeof(share));
	return tscf_enrolments_add(record, &invitation, share, result) == 0 ? result : NULL;
}

START_TEST(one_of_several_at_once_wins)
{
	pthread_t threads[8];
	void *result;

	for (unsigned i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, use, &results[i]), 0);
	for (unsigned i = 0; i < 8; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &result), 0);
		ck_assert_ptr_nonnull(result);
	}
	for (unsigned i = 1; i < 8; i++)
		ck_assert_mem_eq(&results[i], &results[0], sizeof(results[0]));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("enrolments");
	TCase *c = tcase_create("enrolments");

	tcase_add_unchecked_fixture(c, make_certificates, certs_remove);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, the_first_client_gets_in_and_no_other);
	tcase_add_loop_test(c, power_is_lost_at_each_step, 0, 3 * STEPS);
	tcase_add_loop_test(c, power_is_lost_while_the_server_writes, 0, 2);
	tcase_add_test(c, the_answer_is_for_one_client);
	tcase_add_test(c, an_invitation_ends);
	tcase_add_loop_test(c, the_record_is_lost, 0, 2);
	tcase_add_loop_test(c, what_cannot_be_recorded_is_refused, 0, 2);
	tcase_add_test(c, a_slow_disk_holds_nobody_up);
	tcase_add_test(c, a_disk_that_stands_still_does_not_hold_the_end_up);
	tcase_add_loop_test(c, a_damaged_record_is_refused, 0, 2);
	tcase_add_test(c, invited_again);
	tcase_add_test(c, files_are_not_mixed_up);
	tcase_add_test(c, one_of_several_at_once_wins);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

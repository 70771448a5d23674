/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/tls/tls_dates.h"

#include "common/base/log.h"
#include "common/tls/tls_ca.h"

#include <time.h>

#define DATE_TEXT 40

struct review {
	int64_t now;
	unsigned wrong;
};

static const char *date_of(int64_t seconds, char text[DATE_TEXT])
{
	time_t when = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&when, &tm) || strftime(text, DATE_TEXT, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		text[0] = '\0';
	return text;
}

static int review_one(void *context, const struct tscf_pem_certificate *certificate)
{
	int64_t from = tscf_tls_seconds(wolfSSL_X509_get_notBefore(certificate->x509));
	int64_t until = tscf_tls_seconds(wolfSSL_X509_get_notAfter(certificate->x509));
	struct review *r = context;
	char date[DATE_TEXT];

	if (r->now < from)
		tscf_warning("%s: certificate %u is not valid before %s, or this host's clock is wrong: clients that "
			     "check it by a CA refuse it until then",
			     certificate->file, certificate->number, date_of(from, date));
	else if (r->now > until)
		tscf_warning("%s: certificate %u has expired, on %s: clients that check it by a CA refuse it",
			     certificate->file, certificate->number, date_of(until, date));
	r->wrong += r->now < from || r->now > until;
	return 0;
}

unsigned tscf_tls_dates_warn(const char *file, int64_t now)
{
	struct review review = {.now = now};

	tscf_pem_each(file, review_one, &review);
	return review.wrong;
}

struct span {
	int64_t from, until;
	bool any;
};

static int narrow(void *context, const struct tscf_pem_certificate *certificate)
{
	int64_t from = tscf_tls_seconds(wolfSSL_X509_get_notBefore(certificate->x509));
	int64_t until = tscf_tls_seconds(wolfSSL_X509_get_notAfter(certificate->x509));
	struct span *s = context;

	if (!s->any || from > s->from)
		s->from = from;
	if (!s->any || until < s->until)
		s->until = until;
	s->any = true;
	return 0;
}

void tscf_tls_dates_of(const char *file, int64_t *from, int64_t *until)
{
	struct span span = {0};

	tscf_pem_each(file, narrow, &span);
	*from = span.from;
	*until = span.until;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/tls/crl.h"

#include <string.h>
#include <time.h>

#define VERSION_2 1

static const char malformed[] = "is malformed";
static const char critical[] =
    "is not one for all certificates of its CA, or has a critical extension that is not known here";

static bool digits(const uint8_t *at, unsigned count, int *out)
{
	*out = 0;
	for (unsigned i = 0; i < count; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		*out = *out * 10 + (at[i] - '0');
	}
	return true;
}

/** UTCTime or GeneralizedTime (RFC 5280, 4.1.2.5), in UTC and with seconds.  @return whether it is one. */
static bool take_time(struct tscf_der *from, int64_t *out)
{
	const bool utc = tscf_der_is(from, TSCF_DER_UTC_TIME);
	const unsigned year_digits = utc ? 2 : 4;
	struct tscf_der whole, text;
	struct tm tm = {0};
	int *const rest[] = {&tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec};

	if (!tscf_der_take(from, utc ? TSCF_DER_UTC_TIME : TSCF_DER_GENERALIZED_TIME, &whole, &text) ||
	    text.left != year_digits + 11 || text.at[text.left - 1] != 'Z' ||
	    !digits(text.at, year_digits, &tm.tm_year))
		return false;
	for (unsigned i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
		if (!digits(text.at + year_digits + 2 * i, 2, rest[i]))
			return false;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 ||
	    tm.tm_sec > 60)
		return false;
	tm.tm_mon--;
	if (utc)
		tm.tm_year += tm.tm_year < 50 ? 100 : 0;
	else
		tm.tm_year -= 1900;
	*out = (int64_t)timegm(&tm);
	return true;
}

/** @return NULL, or what is wrong with the extensions in @p list. */
static const char *check_extensions(struct tscf_der list)
{
	struct tscf_der whole, one, part;

	while (list.left > 0) {
		if (!tscf_der_take(&list, TSCF_DER_SEQUENCE, &whole, &one) ||
		    !tscf_der_take(&one, TSCF_DER_OID, &whole, &part))
			return malformed;
		if (tscf_der_take(&one, TSCF_DER_BOOLEAN, &whole, &part) && (part.left != 1 || part.at[0] != 0))
			return critical;
		if (!tscf_der_take(&one, TSCF_DER_OCTET_STRING, &whole, &part) || one.left > 0)
			return malformed;
	}
	return NULL;
}

/** Check the entries in @p list, and count them. */
static const char *check_entries(struct tscf_der list, size_t *count)
{
	struct tscf_der whole, entry, part;
	const char *why = NULL;
	int64_t date;

	for (*count = 0; list.left > 0 && !why; ++*count) {
		if (!tscf_der_take(&list, TSCF_DER_SEQUENCE, &whole, &entry) ||
		    !tscf_der_take(&entry, TSCF_DER_INTEGER, &whole, &part) || part.left == 0 ||
		    !take_time(&entry, &date))
			return malformed;
		if (tscf_der_take(&entry, TSCF_DER_SEQUENCE, &whole, &part))
			why = check_extensions(part);
		if (entry.left > 0)
			return malformed;
	}
	return why;
}

/** Read what is signed, in @p tbs. */
static const char *parse_list(struct tscf_der tbs, struct tscf_crl *out)
{
	struct tscf_der whole, part, list;
	const char *why = NULL;

	if (tscf_der_take(&tbs, TSCF_DER_INTEGER, &whole, &part) && (part.left != 1 || part.at[0] != VERSION_2))
		return malformed;
	if (!tscf_der_take(&tbs, TSCF_DER_SEQUENCE, &whole, &part) ||
	    !tscf_der_take(&tbs, TSCF_DER_SEQUENCE, &out->issuer, &part) || !take_time(&tbs, &out->from))
		return malformed;
	if (!tscf_der_is(&tbs, TSCF_DER_UTC_TIME) && !tscf_der_is(&tbs, TSCF_DER_GENERALIZED_TIME))
		return "does not say until when it is valid (next update)";
	if (!take_time(&tbs, &out->until))
		return malformed;
	if (tscf_der_take(&tbs, TSCF_DER_SEQUENCE, &whole, &out->revoked))
		why = check_entries(out->revoked, &out->count);
	if (!why && tscf_der_take(&tbs, TSCF_DER_CONTEXT_0, &whole, &part))
		why = !tscf_der_take(&part, TSCF_DER_SEQUENCE, &whole, &list) || part.left > 0 ? malformed
											       : check_extensions(list);
	return !why && tbs.left > 0 ? malformed : why;
}

const char *tscf_crl_parse(const uint8_t **der, size_t *length, struct tscf_crl *out)
{
	struct tscf_der all = {.at = *der, .left = *length}, whole, list, tbs, part;

	*out = (struct tscf_crl){.count = 0};
	if (!tscf_der_take(&all, TSCF_DER_SEQUENCE, &whole, &list) ||
	    !tscf_der_take(&list, TSCF_DER_SEQUENCE, &out->tbs, &tbs) ||
	    !tscf_der_take(&list, TSCF_DER_SEQUENCE, &whole, &part) ||
	    !tscf_der_take(&part, TSCF_DER_OID, &whole, &out->algorithm) ||
	    !tscf_der_take(&list, TSCF_DER_BIT_STRING, &whole, &out->signature) || list.left > 0 ||
	    out->signature.left < 2 || out->signature.at[0] != 0)
		return malformed;
	out->signature.at++;
	out->signature.left--;
	*der = all.at;
	*length = all.left;
	return parse_list(tbs, out);
}

bool tscf_crl_next(struct tscf_der *at, struct tscf_der *serial)
{
	struct tscf_der whole, entry;

	return tscf_der_take(at, TSCF_DER_SEQUENCE, &whole, &entry) &&
	       tscf_der_take(&entry, TSCF_DER_INTEGER, &whole, serial);
}

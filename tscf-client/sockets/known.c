/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include "tscf-client/sockets/known.h"

#include <netinet/in.h>
#include <sys/socket.h>

bool known_is_silent(const struct tscf_socket *s)
{
	return s->type == SOCK_RAW || (s->protocol != IPPROTO_TCP && s->protocol != IPPROTO_UDP);
}

struct known_socket *known_get(const struct known *k, uint64_t cookie)
{
	struct known_socket *one;

	HASH_FIND(hh, k->by_cookie, &cookie, sizeof(cookie), one);
	return one;
}

static void uncount(struct known *k, const struct known_socket *one)
{
	k->counts[one->level]--;
	k->silent -= known_is_silent(&one->socket);
}

static struct known_socket *add(struct known *k, uint64_t cookie)
{
	struct known_socket *one = calloc(1, sizeof(*one));

	if (!one)
		return NULL;
	one->cookie = cookie;
	HASH_ADD(hh, k->by_cookie, cookie, sizeof(one->cookie), one);
	if (one->hh.tbl)
		return one;
	free(one);
	return NULL;
}

struct known_socket *known_put(struct known *k, const struct tscf_socket *s, enum tscf_level level)
{
	struct known_socket *one = known_get(k, s->cookie);

	if (one)
		uncount(k, one);
	else
		one = add(k, s->cookie);
	if (!one)
		return NULL;
	one->socket = *s;
	one->level = level;
	one->absent = false;
	k->counts[level]++;
	k->silent += known_is_silent(s);
	return one;
}

void known_miss(struct known *k, struct known_socket *one)
{
	k->counts[one->level]--;
	one->level = TSCF_LEVEL_DEFAULT;
	k->counts[one->level]++;
	one->absent = true;
}

void known_forget(struct known *k, struct known_socket *one)
{
	uncount(k, one);
	HASH_DELETE(hh, k->by_cookie, one);
	free(one);
}

void known_free(struct known *k)
{
	struct known_socket *one, *next;

	HASH_ITER(hh, k->by_cookie, one, next)
		known_forget(k, one);
}

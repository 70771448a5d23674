/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * searches.h - searches through the processes of this host, beside the event loop: who has a socket, and copies of it.
 *
 * A process may have a million descriptors, and any user may have the client look through them at any time.  Packets
 * must not wait for that, so threads do it.  The last close() of another program's socket takes as long as the program
 * likes (discard.h), and a copy that a search does not want may have become the last.  So each user has a thread of its
 * own, while it has searches: what delays it delays that user alone.
 *
 * Files that may not answer are read in the same way (admin/reload.h, tunnel/renewal.h).  Such a search finds no
 * sockets.
 */
#ifndef TSCF_CLIENT_SEARCHES_H
#define TSCF_CLIENT_SEARCHES_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct searches;
struct tscf_control_call_in;

/** Searches of one user that may wait; root's are not limited. */
#define SEARCHES_PER_USER 64
/** Threads for users other than root. */
#define SEARCHES_THREADS 16
/** Sockets that were found and wait for the loop; in one turn of it no more are handled. */
#define SEARCHES_FINDS 8
/** In place of a user: what the client searches on its own behalf.  It is not limited, either. */
#define SEARCHES_CLIENT ((uid_t)-1)

/** A socket that was found. */
struct search_find {
	pid_t pid;
	int fd;        /**< a copy of it, or -1 */
	uint32_t note; /**< for the caller's use */
};

/** One search; the first member of what it belongs to.  The caller sets the members of the first group. */
struct search {
	uid_t uid; /**< for whom */
	/** In the thread: search; search_found for each socket that is wanted.  It sees only what belongs to the
	 * search. */
	void (*work)(struct search *s);
	/** In the loop: a socket was found, whose descriptor is the callee's.  NULL: none is looked for. */
	void (*found)(struct search *s, const struct search_find *find);
	/** In the loop: all that was found has been handled. */
	void (*over)(struct search *s);
	/** Anywhere: free it and what it has. */
	void (*free)(struct search *s);
	struct tscf_control_call_in *call; /**< who waits for it; NULL: nobody */

	struct searches *owner; /**< NULL: the client ends */
	struct search *next;
	struct search_find finds[SEARCHES_FINDS];
	unsigned count;
	bool running, ended;
	bool here; /**< in the loop, for lack of a thread */
};

/** @return NULL when out of memory. */
struct searches *searches_new(struct ev_loop *loop);
/** Forget all searches; those under way end by themselves. */
void searches_free(struct searches *all);

/**
 * Begin @p s, or let it wait for its turn.  It may be over when this returns.
 *
 * @return 0; or -EBUSY: its user has too many, and it is still the caller's.
 */
int searches_begin(struct searches *all, struct search *s);
/** @return whether a thread of an owner that was freed still works: it may use what its search was given. */
bool searches_linger(void);
/** The caller is gone: no search has it as `call` any more.  @p all may be NULL: there are none. */
void searches_gone(struct searches *all, const struct tscf_control_call_in *call);

/** To be called by work: a socket of process @p pid is wanted.  @p fd, or -1, belongs to the search no more. */
void search_found(struct search *s, pid_t pid, int fd, uint32_t note);

#endif

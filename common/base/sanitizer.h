/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sanitizer.h - what a program has to tell the sanitizers it may be built with. */
#ifndef TSCF_SANITIZER_H
#define TSCF_SANITIZER_H

#ifdef __SANITIZE_THREAD__
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
#endif

/**
 * The calling thread has a table of descriptors of its own from now on, until its end, which it tells too.  ThreadSanitizer thinks that a
 * number means one descriptor in all threads, and would take what this one does with it for a race.
 */
static inline void tscf_sanitizer_own_descriptors(void)
{
#ifdef __SANITIZE_THREAD__
	AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
	AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
#endif
}

/** The last thing that such a thread does. */
static inline void tscf_sanitizer_own_descriptors_end(void)
{
#ifdef __SANITIZE_THREAD__
	AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
	AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
#endif
}

#endif

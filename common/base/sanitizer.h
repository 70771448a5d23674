/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sanitizer.h - hints for the sanitizers that a program may be built with. */
#ifndef TSCF_SANITIZER_H
#define TSCF_SANITIZER_H

#ifdef __SANITIZE_THREAD__
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
#endif

/**
 * The calling thread has its own table of descriptors from now on.  ThreadSanitizer assumes that all threads share one
 * table, and would report a race where this thread uses a descriptor with the same number.  The thread calls
 * tscf_sanitizer_own_descriptors_end before it ends.
 */
static inline void tscf_sanitizer_own_descriptors(void)
{
#ifdef __SANITIZE_THREAD__
	AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
	AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
#endif
}

/** The last call of such a thread. */
static inline void tscf_sanitizer_own_descriptors_end(void)
{
#ifdef __SANITIZE_THREAD__
	AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
	AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
#endif
}

#endif

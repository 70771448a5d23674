/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The dynamic loader offers three ways around this library: to look up a function by the handle of the C library, as
 * foreign-function interfaces do; to load a plugin that looks for functions first in itself and its dependencies
 * (RTLD_DEEPBIND); to load a plugin into a namespace of its own (dlmopen).
 *
 * The first gets our function instead; the second and third are loaded as usual plugins.  The loader's functions look
 * at their caller, for RTLD_NEXT and for search paths.  So this library must jump to them, not call them, which C
 * cannot express.
 */
#include "tscf-client/preload/real.h"

#include <dlfcn.h>
#include <features.h>
#include <stdatomic.h>
#include <stddef.h>

#if defined __x86_64__ && defined __LP64__ && defined __GLIBC__

/** The symbol version of the first glibc for this processor; later ones still have it. */
#define VERSION "GLIBC_2.2.5"

typedef void *dlsym_function(void *handle, const char *name);
typedef void *dlopen_function(const char *file, int mode);

/** Read by the assembly below. */
void *preload_dlsym_real, *preload_dlopen_real, *preload_dlmopen_real;

/** Our functions and libc's, by name. */
static struct {
	const char *name;
	void *ours;
	_Atomic(void *) libc;
} functions[] = {
    {"socket", socket, NULL},         {"bind", bind, NULL},
    {"connect", connect, NULL},       {"setsockopt", setsockopt, NULL},
    {"getsockopt", getsockopt, NULL}, {"sendmsg", sendmsg, NULL},
    {"sendmmsg", sendmmsg, NULL},     {"dlsym", dlsym, NULL},
    {"dlopen", dlopen, NULL},         {"dlmopen", dlmopen, NULL},
};
#define FUNCTIONS (sizeof(functions) / sizeof(*functions))

static void find_functions_of_libc(void)
{
	dlsym_function *real_dlsym = preload_dlsym_real;
	dlopen_function *real_dlopen = preload_dlopen_real;
	void *libc = real_dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);

	for (size_t i = 0; libc && i < FUNCTIONS; i++)
		atomic_store_explicit(&functions[i].libc, real_dlsym(libc, functions[i].name), memory_order_relaxed);
}

void preload_handle_resolve(void);

/* Run early, while there is one thread; even earlier for programs that call such a function before this runs. */
__attribute__((constructor)) void preload_handle_resolve(void)
{
	if (preload_dlmopen_real)
		return;
	preload_dlsym_real = dlvsym(RTLD_NEXT, "dlsym", VERSION);
	preload_dlopen_real = dlvsym(RTLD_NEXT, "dlopen", VERSION);
	preload_dlmopen_real = dlvsym(RTLD_NEXT, "dlmopen", "GLIBC_2.3.4");
	find_functions_of_libc();
}

void *preload_dlsym_of_handle(void *handle, const char *name);

/* Whatever the handle and the name: if the result is libc's function, return ours. */
void *preload_dlsym_of_handle(void *handle, const char *name)
{
	dlsym_function *real_dlsym;
	void *found;

	preload_handle_resolve();
	real_dlsym = preload_dlsym_real;
	found = real_dlsym(handle, name);
	for (size_t i = 0; found && i < FUNCTIONS; i++)
		if (found == atomic_load_explicit(&functions[i].libc, memory_order_relaxed))
			return functions[i].ours;
	return found;
}

/* Jump to the real function with unchanged arguments and the original caller. */
#define GO_ON(real)                                                                                                    \
	"	movq " real "(%rip), %rax\n"                                                                           \
	"	testq %rax, %rax\n"                                                                                          \
	"	jne 9f\n"                                                                                                    \
	"	pushq %rdi\n	.cfi_adjust_cfa_offset 8\n"                                                                     \
	"	pushq %rsi\n	.cfi_adjust_cfa_offset 8\n"                                                                     \
	"	pushq %rdx\n	.cfi_adjust_cfa_offset 8\n"                                                                     \
	"	call preload_handle_resolve\n"                                                                               \
	"	popq %rdx\n	.cfi_adjust_cfa_offset -8\n"                                                                     \
	"	popq %rsi\n	.cfi_adjust_cfa_offset -8\n"                                                                     \
	"	popq %rdi\n	.cfi_adjust_cfa_offset -8\n"                                                                     \
	"	movq " real "(%rip), %rax\n"                                                                           \
	"9:	jmp *%rax\n"

#define FUNCTION(name, body)                                                                                           \
	asm("	.text\n	.globl " name "\n	.type " name ", @function\n" name                                      \
	    ":\n	.cfi_startproc\n	endbr64\n" body "	.cfi_endproc\n	.size " name ", .-" name "\n")

/* RTLD_NEXT is -1 and RTLD_DEFAULT 0; both depend on the caller, and find our functions where that is right. */
FUNCTION("dlsym", "	leaq 1(%rdi), %rax\n"
		  "	cmpq $1, %rax\n"
		  "	ja preload_dlsym_of_handle\n" GO_ON("preload_dlsym_real"));
/* Without RTLD_DEEPBIND, 8. */
FUNCTION("dlopen", "	andl $~8, %esi\n" GO_ON("preload_dlopen_real"));
/* The same, and not into a new namespace (LM_ID_NEWLM, -1) but into this one (LM_ID_BASE, 0). */
FUNCTION("dlmopen", "	cmpq $-1, %rdi\n"
		    "	jne 1f\n"
		    "	xorl %edi, %edi\n"
		    "1:	andl $~8, %edx\n" GO_ON("preload_dlmopen_real"));

_Static_assert(RTLD_DEEPBIND == 8 && LM_ID_NEWLM == -1 && LM_ID_BASE == 0, "as in the assembly");

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * elf_file.h - the facts about preloading in the header of an executable; elf(5).
 */
#ifndef TSCF_RUN_ELF_FILE_H
#define TSCF_RUN_ELF_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct run_elf {
	uint8_t class, data; /**< ELFCLASS*, ELFDATA* */
	uint16_t machine;    /**< EM_* */
	/* The members below are set only for files of this program's own class; for others they stay empty. */
	bool native;
	bool is_go;            /**< made by the Go toolchain, whose programs make system calls without libc */
	char loader[PATH_MAX]; /**< the dynamic loader; "" in a statically linked program and in a library */
};

/** Read the header of the open file @p fd.  @return 0, -ENOEXEC if it is no ELF file or a damaged one, or -errno. */
int run_elf_read(int fd, struct run_elf *out);
/** @return the dynamic loader of this program itself, or NULL if it has none. */
const char *run_elf_own_loader(void);

#endif

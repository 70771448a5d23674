/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tscf-client/run/elf_file.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM_HEADERS_MAX 256
#define NOTES_MAX           4096

#if __SIZEOF_POINTER__ == 8
#define OWN_CLASS ELFCLASS64
#else
#define OWN_CLASS ELFCLASS32
#endif

/* @return 0, -ENOEXEC if the file is too short, or -errno. */
static int read_at(int fd, void *buffer, size_t size, uint64_t offset)
{
	ssize_t got = pread(fd, buffer, size, (off_t)offset);

	if (got < 0)
		return errno == EINVAL ? -ENOEXEC : -errno;
	return (size_t)got == size ? 0 : -ENOEXEC;
}

static int read_loader(int fd, const ElfW(Phdr) * segment, struct run_elf *out)
{
	int error;

	if (segment->p_filesz == 0 || segment->p_filesz > sizeof(out->loader))
		return -ENOEXEC;
	error = read_at(fd, out->loader, segment->p_filesz, segment->p_offset);
	if (error == 0 && out->loader[segment->p_filesz - 1] != '\0')
		error = -ENOEXEC;
	return error;
}

static size_t padded(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

/* Notes are hints: damaged or too long ones are skipped. */
static bool has_go_note(int fd, const ElfW(Phdr) * segment)
{
	char notes[NOTES_MAX];
	size_t size = segment->p_filesz < sizeof(notes) ? segment->p_filesz : sizeof(notes);
	size_t at = 0;

	if (read_at(fd, notes, size, segment->p_offset) != 0)
		return false;
	while (size - at >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) note;

		memcpy(&note, notes + at, sizeof(note));
		at += sizeof(note);
		if (note.n_namesz > size - at || padded(note.n_namesz) > size - at)
			return false;
		if (note.n_namesz == 4 && memcmp(notes + at, "Go\0", 4) == 0)
			return true;
		at += padded(note.n_namesz);
		if (note.n_descsz > size - at || padded(note.n_descsz) > size - at)
			return false;
		at += padded(note.n_descsz);
	}
	return false;
}

static int read_segments(int fd, const ElfW(Ehdr) * header, struct run_elf *out)
{
	if (header->e_phnum > PROGRAM_HEADERS_MAX || header->e_phentsize != sizeof(ElfW(Phdr)))
		return -ENOEXEC;
	for (unsigned i = 0; i < header->e_phnum; i++) {
		ElfW(Phdr) segment;
		int error = read_at(fd, &segment, sizeof(segment), header->e_phoff + (uint64_t)i * sizeof(segment));

		if (error == 0 && segment.p_type == PT_INTERP)
			error = read_loader(fd, &segment, out);
		if (error != 0)
			return error;
		if (segment.p_type == PT_NOTE && has_go_note(fd, &segment))
			out->is_go = true;
	}
	return 0;
}

int run_elf_read(int fd, struct run_elf *out)
{
	ElfW(Ehdr) header;
	int error;

	memset(out, 0, sizeof(*out));
	/* The fields that are compared between files of different classes have the same offsets in both. */
	error = read_at(fd, &header, sizeof(Elf32_Ehdr), 0);
	if (error != 0)
		return error;
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return -ENOEXEC;
	out->class = header.e_ident[EI_CLASS];
	out->data = header.e_ident[EI_DATA];
	out->machine = header.e_machine;
	out->native = out->class == OWN_CLASS;
	if (!out->native)
		return 0;
	error = read_at(fd, &header, sizeof(header), 0);
	return error != 0 ? error : read_segments(fd, &header, out);
}

static int find_loader(struct dl_phdr_info *info, size_t size, void *found)
{
	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			*(const char **)found = (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	return 1; /* the program itself comes first; stop there */
}

const char *run_elf_own_loader(void)
{
	const char *loader = NULL;

	dl_iterate_phdr(find_loader, &loader);
	return loader;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tscf-run: what the program is given, what is refused, and the exit status. */
#include "common/control/control.h"
#include "tests/unit/copy_file.h"
#include "tests/unit/runner.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY    65534U
#define NO_DAEMON "/nonexistent/client.sock"

/** What the program wrote to standard output, and what it and tscf-run wrote to standard error. */
static char output[4096], said[4096];
static char directory[64], program[96];
static const char *library = TEST_LIBRARY;

static void make_directory(void)
{
	strcpy(directory, "/tmp/tscf-run-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chmod(directory, 0755), 0);
	snprintf(program, sizeof(program), "%s/program", directory);
}

static void remove_directory(void)
{
	unlink(program);
	ck_assert_int_eq(rmdir(directory), 0);
}

static void in_child(int out, int err, uid_t uid, char *const *arguments)
{
	setenv("TSCF_PRELOAD", library, 1);
	unsetenv(TSCF_ENV_CONTROL);
	unsetenv("LD_PRELOAD");
	/* One test runs tscf-run itself with something preloaded, which a build with the sanitizer would complain of.
	 */
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	if (dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0 || (uid != 0 && setuid(uid) != 0))
		_exit(99);
	execv(TEST_RUN, arguments);
	_exit(98);
}

/* Run tscf-run as @p uid (0: as we are) with its output in `output` and `said`.  @return its exit status as a shell
 * would show it. */
static int run_as(uid_t uid, char *const *arguments)
{
	size_t size = 0;
	int ends[2], err = memfd_create("said", 0), status;
	ssize_t got;
	pid_t pid;

	ck_assert_int_ge(err, 0);
	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0)
		in_child(ends[1], err, uid, arguments);
	close(ends[1]);
	while ((got = read(ends[0], output + size, sizeof(output) - 1 - size)) > 0)
		size += (size_t)got;
	output[size] = '\0';
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	got = pread(err, said, sizeof(said) - 1, 0);
	ck_assert_int_ge(got, 0);
	said[got] = '\0';
	close(err);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#define arguments_of(...) ((char *[]){(char *)(uintptr_t) "tscf-run", __VA_ARGS__, NULL})
#define run(...)          run_as(0, arguments_of(__VA_ARGS__))
/* Literals are const here, the arguments of execv() are not. */
#define ARG(text) ((char *)(uintptr_t)(text))
#define CLEAR     ARG("--level=unencrypted")
#define ONLY      ARG("--level=encrypted-only"), ARG("--control=" NO_DAEMON)

static void assert_says(const char *text)
{
	ck_assert_msg(strstr(said, text) != NULL, "\"%s\" is not in: %s", text, said);
}

/* --- the program's environment and status --- */

START_TEST(program_gets_library_level_and_daemon)
{
	ck_assert_int_eq(run(ARG("printenv"), ARG("LD_PRELOAD"), ARG("TSCF_LEVEL"), ARG("TSCF_CONTROL")), 0);
	ck_assert_str_eq(output, TEST_LIBRARY "\nencrypted-preferred\n" TSCF_CLIENT_CONTROL_DEFAULT "\n");
}
END_TEST

/* A program may change its directory. */
START_TEST(relative_control_path_is_made_absolute)
{
	ck_assert_int_eq(chdir("/usr"), 0);
	ck_assert_int_eq(run(ARG("-l"), ARG("unencrypted"), ARG("-c"), ARG("x/sock"), ARG("--"), ARG("printenv"),
			     ARG("TSCF_LEVEL"), ARG("TSCF_CONTROL")),
			 0);
	ck_assert_str_eq(output, "unencrypted\n/usr/x/sock\n");
}
END_TEST

/* A name that is mistyped is not found, even if a directory of the search path is closed to the user. */
START_TEST(closed_directory)
{
	char path[160];

	ck_assert_int_eq(chmod(directory, 0), 0);
	snprintf(path, sizeof(path), "%s:/usr/bin:/bin", directory);
	ck_assert_int_eq(setenv("PATH", path, 1), 0);
	ck_assert_int_eq(run_as(getuid() == 0 ? NOBODY : 0, arguments_of(CLEAR, ARG("no-such-program-here"))), 127);
	ck_assert_int_eq(run_as(getuid() == 0 ? NOBODY : 0, arguments_of(CLEAR, ARG("true"))), 0);
}
END_TEST

START_TEST(existing_preload_is_kept)
{
	ck_assert_int_eq(
	    run(ARG("env"), ARG("LD_PRELOAD=libc.so.6"), ARG(TEST_RUN), ARG("printenv"), ARG("LD_PRELOAD")), 0);
	ck_assert_str_eq(output, TEST_LIBRARY ":libc.so.6\n");
}
END_TEST

START_TEST(exit_status)
{
	ck_assert_int_eq(run(ARG("sh"), ARG("-c"), ARG("exit 42")), 42);
	ck_assert_int_eq(run(ARG("no-such-program-here")), 127);
	ck_assert_int_eq(run(ARG("/no/such/program")), 127);
	ck_assert_int_eq(run(ARG("/etc/passwd")), 126);
	ck_assert_int_eq(run(ARG("/tmp")), 126);
	ck_assert_int_eq(run(ARG("--level"), ARG("encrypted_only"), ARG("true")), 2);
	assert_says("expected unencrypted, encrypted-only, encrypted-preferred or default");
	ck_assert_int_eq(run(ARG("--level"), ARG("default"), ARG("true")), 0);
	ck_assert_int_eq(run(ARG("--no-such-option"), ARG("true")), 2);
	ck_assert_int_eq(run(ARG("--")), 2);
	ck_assert_int_eq(run(ARG("--help")), 0);
	ck_assert_int_eq(run(ARG("--version")), 0);
	/* What comes after the program is the program's. */
	ck_assert_int_eq(run(ARG("printf"), ARG("%s"), ARG("--help")), 0);
	ck_assert_str_eq(output, "--help");
}
END_TEST

START_TEST(missing_library_is_an_error)
{
	library = "/no/such/library.so";
	ck_assert_int_eq(run(ARG("true")), 1);
	assert_says("/no/such/library.so");
	library = "/etc/passwd";
	ck_assert_int_eq(run(ARG("true")), 1);
	assert_says("/etc/passwd");
}
END_TEST

/* Without a daemon: said, and run all the same. */
START_TEST(missing_daemon_is_said)
{
	ck_assert_int_eq(run(ONLY, ARG("true")), 0);
	assert_says("no tunnel client at " NO_DAEMON);
	assert_says("fail with EACCES");
	ck_assert_int_eq(run(ARG("-c"), ARG(NO_DAEMON), ARG("echo"), ARG("runs")), 0);
	ck_assert_str_eq(output, "runs\n");
	assert_says("no tunnel client at " NO_DAEMON);
	assert_says("the program runs unprotected");
	ck_assert_int_eq(run(ARG("-l"), ARG("default"), ARG("-c"), ARG(NO_DAEMON), ARG("true")), 0);
	assert_says("the program runs unprotected");
	ck_assert_int_eq(run(ARG("-l"), ARG("unencrypted"), ARG("-c"), ARG(NO_DAEMON), ARG("true")), 0);
	ck_assert_str_eq(said, "");
}
END_TEST

/* The mode of the socket's file tells that the client that is gone had such a policy: nothing is sent. */
START_TEST(missing_daemon_with_policies)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	ck_assert_int_ge(fd, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/client.sock", directory);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(chmod(address.sun_path, 0666 | TSCF_CONTROL_MODE_MUST), 0);
	ck_assert_int_eq(run(ARG("-c"), address.sun_path, ARG("true")), 0);
	assert_says("fail with EACCES");
	unlink(address.sun_path);
	close(fd);
}
END_TEST

/* --- what the library cannot be put into --- */

/* A copy of the test's child program, which is dynamically linked, with its mode. */
static int copy_program(mode_t mode)
{
	return copy_file(TEST_CHILD, program, mode);
}

static void write_at(int fd, const void *data, size_t size, size_t offset)
{
	ck_assert_int_eq(pwrite(fd, data, size, (off_t)offset), (ssize_t)size);
}

/* Offset of the first program header of @p type. */
static size_t find_segment(int fd, uint32_t type, ElfW(Phdr) * out)
{
	ElfW(Ehdr) header;
	size_t i;

	ck_assert_int_eq(pread(fd, &header, sizeof(header), 0), sizeof(header));
	for (i = 0; i < header.e_phnum; i++) {
		size_t offset = header.e_phoff + i * sizeof(*out);

		ck_assert_int_eq(pread(fd, out, sizeof(*out), (off_t)offset), sizeof(*out));
		if (out->p_type == type)
			return offset;
	}
	ck_abort_msg("no such segment");
}

/* Refused with encrypted-only, warned of otherwise. */
static void assert_obstacle(uid_t uid, const char *text)
{
	ck_assert_int_eq(run_as(uid, arguments_of(ONLY, program, ARG("nothing"))), 1);
	assert_says(text);
	assert_says("not run");
	run_as(uid, arguments_of(program, ARG("nothing")));
	assert_says("warning");
	assert_says(text);
}

START_TEST(dynamic_program_is_fine)
{
	close(copy_program(0755));
	ck_assert_int_eq(run(CLEAR, program, ARG("nothing")), 0);
	ck_assert_str_eq(said, "");
	ck_assert_str_eq(output, "");
}
END_TEST

START_TEST(static_program)
{
	const uint32_t none = PT_NULL;
	ElfW(Phdr) segment;
	int fd = copy_program(0755);
	size_t offset = find_segment(fd, PT_INTERP, &segment);

	write_at(fd, &none, sizeof(none), offset + offsetof(ElfW(Phdr), p_type));
	close(fd);
	assert_obstacle(0, "is statically linked");
}
END_TEST

START_TEST(other_machine)
{
	const uint16_t machine = EM_SPARCV9;
	const uint8_t class = ELFCLASS32;
	int fd = copy_program(0755);

	write_at(fd, &machine, sizeof(machine), offsetof(ElfW(Ehdr), e_machine));
	assert_obstacle(0, "is for another processor");
	close(fd);
	fd = copy_program(0755);
	write_at(fd, &class, 1, EI_CLASS);
	close(fd);
	assert_obstacle(0, "is for another processor");
}
END_TEST

START_TEST(other_loader)
{
	ElfW(Phdr) segment;
	int fd = copy_program(0755);

	find_segment(fd, PT_INTERP, &segment);
	write_at(fd, "/lib/ld-musl.so.1", sizeof("/lib/ld-musl.so.1"), segment.p_offset);
	write_at(fd, "", 1, segment.p_offset + segment.p_filesz - 1);
	close(fd);
	assert_obstacle(0, "uses another C library");
}
END_TEST

START_TEST(go_program)
{
	static const struct {
		ElfW(Nhdr) header;
		char name[4];
	} note = {.header = {.n_namesz = 4, .n_type = 4}, .name = "Go"};
	ElfW(Phdr) segment;
	int fd = copy_program(0755);

	find_segment(fd, PT_NOTE, &segment);
	ck_assert_uint_ge(segment.p_filesz, sizeof(note));
	write_at(fd, &note, sizeof(note), segment.p_offset);
	close(fd);
	assert_obstacle(0, "is a Go program");
}
END_TEST

/* Damaged headers: never read beyond, never taken for something that works. */
START_TEST(damaged_program)
{
	static const size_t lengths[] = {0, 1, 4, 16, 63, 64, 100, 500};
	size_t i;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		int fd = copy_program(0755);

		ck_assert_int_eq(ftruncate(fd, (off_t)lengths[i]), 0);
		close(fd);
		ck_assert_int_eq(run(ONLY, program), 1);
		assert_says("is neither a program nor a script");
	}
}
END_TEST

START_TEST(set_id_program)
{
	if (getuid() != 0)
		return;
	close(copy_program(04755));
	assert_obstacle(NOBODY, "set-user-ID");
	/* Nobody else than we are: the loader does take the library. */
	ck_assert_int_eq(run(CLEAR, program, ARG("nothing")), 0);
	ck_assert_str_eq(said, "");
	ck_assert_str_eq(output, "");
	ck_assert_int_eq(chown(program, 0, 1), 0);
	ck_assert_int_eq(chmod(program, 02755), 0);
	assert_obstacle(NOBODY, "set-group-ID");
}
END_TEST

START_TEST(unreadable_program)
{
	if (getuid() != 0)
		return;
	close(copy_program(0711));
	assert_obstacle(NOBODY, "cannot be read");
}
END_TEST

static void write_script(const char *text)
{
	int fd = open(program, O_CREAT | O_TRUNC | O_WRONLY, 0755);

	ck_assert_int_ge(fd, 0);
	write_at(fd, text, strlen(text), 0);
	close(fd);
}

/* Of a script it is the interpreter that counts. */
START_TEST(script)
{
	char self[128];

	write_script("#! /bin/sh -e\nexit 7\n");
	ck_assert_int_eq(run(CLEAR, program), 7);
	ck_assert_str_eq(said, "");
	ck_assert_str_eq(output, "");
	write_script("#!/no/such/interpreter\n");
	ck_assert_int_eq(run(program), 127);
	write_script("exit 0\n");
	ck_assert_int_eq(run(program), 126);
	snprintf(self, sizeof(self), "#!%s\n", program);
	write_script(self);
	ck_assert_int_eq(run(program), 126);
	/* No end of line, no interpreter. */
	write_script("#! ");
	ck_assert_int_eq(run(program), 126);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("run");
	TCase *starts = tcase_create("starts"), *obstacles = tcase_create("obstacles");

	tcase_add_checked_fixture(starts, make_directory, remove_directory);
	tcase_set_timeout(starts, 20);
	tcase_add_test(starts, program_gets_library_level_and_daemon);
	tcase_add_test(starts, relative_control_path_is_made_absolute);
	tcase_add_test(starts, existing_preload_is_kept);
	tcase_add_test(starts, closed_directory);
	tcase_add_test(starts, exit_status);
	tcase_add_test(starts, missing_library_is_an_error);
	tcase_add_test(starts, missing_daemon_is_said);
	tcase_add_test(starts, missing_daemon_with_policies);
	suite_add_tcase(suite, starts);

	tcase_add_checked_fixture(obstacles, make_directory, remove_directory);
	tcase_set_timeout(obstacles, 20);
	tcase_add_test(obstacles, dynamic_program_is_fine);
	tcase_add_test(obstacles, static_program);
	tcase_add_test(obstacles, other_machine);
	tcase_add_test(obstacles, other_loader);
	tcase_add_test(obstacles, go_program);
	tcase_add_test(obstacles, damaged_program);
	tcase_add_test(obstacles, set_id_program);
	tcase_add_test(obstacles, unreadable_program);
	tcase_add_test(obstacles, script);
	suite_add_tcase(suite, obstacles);
	return suite;
}

int main(void)
{
	return tscf_test_main(make_suite);
}

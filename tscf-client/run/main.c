/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tscf-run(1): start a program whose new sockets have an encryption level. */
#include "common/base/datagram.h"
#include "common/base/level.h"
#include "common/base/log.h"
#include "common/base/redundancy.h"
#include "common/control/control.h"
#include "common/control/socket_level.h"
#include "tscf-client/run/cgroup.h"
#include "tscf-client/run/inherited.h"
#include "tscf-client/run/inspect.h"
#include "tscf-client/run/program.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/** The same as those of env(1), nohup(1) and the shell. */
enum { EXIT_USAGE = 2, EXIT_CANNOT_EXECUTE = 126, EXIT_NOT_FOUND = 127 };

#define LIBRARY PKGLIBDIR "/libtscf-preload.so"
/** Environment variable with the path of another library, for running from a build tree. */
#define ENV_LIBRARY      "TSCF_PRELOAD"
#define PROBE_TIMEOUT_MS 500

static const char help[] = "Usage: tscf-run [OPTION]... [--] PROGRAM [ARG...]\n"
			   "Run PROGRAM with an encryption level for every internet socket it opens.\n"
			   "\n"
			   "  -l, --level LEVEL   unencrypted          in the plain tunnel\n"
			   "                      encrypted-only       in the encrypted tunnel or not at all\n"
			   "                      encrypted-preferred  in the encrypted tunnel if it can be\n"
			   "                                           had, else in the plain one (this,\n"
			   "                                           if no level is named)\n"
			   "                      default              as the client's configuration says\n"
			   "  -r, --redundancy[=FACTOR]  the sockets' packets survive loss: auto (this,\n"
			   "                      if no factor is named), 1 to 4, balance, or none\n"
			   "  -d, --datagram[=PREFERENCE]  UDP packets in a tunnel over TCP or TLS leave\n"
			   "                      it as datagrams: preferred (this, if none is named),\n"
			   "                      never, or default: those that are media\n"
			   "  -g, --cgroup        by a cgroup of its own and the client's guard, for any\n"
			   "                      program and all that it starts\n"
			   "  -c, --control PATH  control socket of the tunnel client\n"
			   "                      (default " TSCF_CLIENT_CONTROL_DEFAULT ")\n"
			   "  -h, --help          show this and exit\n"
			   "  -V, --version       show the version and exit\n"
			   "\n"
			   "What cannot be given the library (set-user-ID, statically linked, Go programs)\n"
			   "is refused with encrypted-only, and run with a warning otherwise; not so with\n"
			   "--cgroup.\n"
			   "\n"
			   "Exit status: that of PROGRAM; 127 not found, 126 cannot be executed, 2 wrong\n"
			   "use, 1 other errors.\n";

struct options {
	enum tscf_level level;
	const char *control;
	const char *redundancy; /**< its name; NULL: not asked for */
	const char *datagram;   /**< the same of the preference */
	bool cgroup, help, version;
};

/* @return 0, or -EINVAL after a message. */
static int parse_level(const char *name, enum tscf_level *level)
{
	if (tscf_level_parse(name, level) == 0)
		return 0;
	tscf_error("--level %s: expected unencrypted, encrypted-only, encrypted-preferred or default", name);
	return -EINVAL;
}

/* @param name NULL: no factor is named.  @return 0, or -EINVAL after a message. */
static int parse_redundancy(const char *name, struct options *o)
{
	uint8_t value;

	o->redundancy = name ? name : tscf_redundancy_name(TSCF_REDUNDANCY_AUTO);
	if (tscf_redundancy_parse(o->redundancy, &value) == 0)
		return 0;
	tscf_error("--redundancy=%s: expected auto, balance, none, or a factor from 1 to 4", name);
	return -EINVAL;
}

/* @param name NULL: none is named.  @return 0, or -EINVAL after a message. */
static int parse_datagram(const char *name, struct options *o)
{
	uint8_t value;

	o->datagram = name ? name : tscf_datagram_name(TSCF_DATAGRAM_PREFERRED);
	if (tscf_datagram_parse(o->datagram, &value) == 0)
		return 0;
	tscf_error("--datagram=%s: expected preferred, never or default", name);
	return -EINVAL;
}

/* @return 0 with the program at argv[optind], or -EINVAL after a message. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
	    {"level", required_argument, NULL, 'l'},      /* one a line: test_cli.sh reads them */
	    {"redundancy", optional_argument, NULL, 'r'}, /* auto without it */
	    {"datagram", optional_argument, NULL, 'd'},   /* preferred without it */
	    {"cgroup", no_argument, NULL, 'g'},
	    {"control", required_argument, NULL, 'c'},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {0},
	};
	int option;

	/* "+": stop at the program, whose options are its own. */
	while ((option = getopt_long(argc, argv, "+l:r::d::gc:hV", known, NULL)) != -1) {
		if (option == 'l' && parse_level(optarg, &o->level) != 0)
			return -EINVAL;
		else if (option == 'r' && parse_redundancy(optarg, o) != 0)
			return -EINVAL;
		else if (option == 'd' && parse_datagram(optarg, o) != 0)
			return -EINVAL;
		else if (option == 'c')
			o->control = optarg;
		else if (option == 'g')
			o->cgroup = true;
		else if (option == 'h')
			o->help = true;
		else if (option == 'V')
			o->version = true;
		else if (option == '?')
			return -EINVAL;
	}
	if (o->cgroup && (o->redundancy || o->datagram)) {
		tscf_error("%s needs the library: expected it without --cgroup",
			   o->redundancy ? "--redundancy" : "--datagram");
		return -EINVAL;
	}
	if (o->help || o->version || optind < argc)
		return 0;
	tscf_error("no program given");
	return -EINVAL;
}

/* The program may change its directory, so the path must be absolute.  @return 0, or -errno after a message. */
static int absolute_path(const char *path, char *out, size_t size)
{
	char here[PATH_MAX] = "";
	int printed;

	if (path[0] != '/' && !getcwd(here, sizeof(here))) {
		int error = errno;

		tscf_error("current directory: %s", strerror(error));
		return -error;
	}
	printed = snprintf(out, size, "%s%s%s", here, path[0] != '/' ? "/" : "", path);
	if (printed >= 0 && (size_t)printed < size)
		return 0;
	tscf_error("%s: path is too long (at most %zu bytes)", path, size - 1);
	return -ENAMETOOLONG;
}

static const char *first_of(const char *a, const char *b, const char *c)
{
	if (a && a[0] != '\0')
		return a;
	return b && b[0] != '\0' ? b : c;
}

/*
 * Ask the client for the level that it gives a new socket of this process.
 *
 * @return 0, a positive errno from the client (EXDEV: the socket is of another network namespace), or a negative one if
 * the client was not reached.  Where no such socket can be made, the program has none either: 0.
 */
static int probe_client(const char *control)
{
	const struct tscf_control_request request = {.magic = TSCF_CONTROL_MAGIC,
						     .op = TSCF_CONTROL_SET_LEVEL,
						     .level = TSCF_LEVEL_DEFAULT,
						     .flags = TSCF_CONTROL_FLAG_DEFAULT};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result;

	if (fd < 0)
		return 0;
	result = tscf_control_call(control, &request, fd, PROBE_TIMEOUT_MS, NULL);
	close(fd);
	return result;
}

/* There no policy applies. */
static void warn_elsewhere(enum tscf_level level)
{
	const char *effect = level == TSCF_LEVEL_ENCRYPTED_ONLY
				 ? "the program's sockets fail with EACCES"
				 : "the program runs unprotected, its packets are not encrypted";

	tscf_warning("this is another network namespace than the client's, such as a container's: %s", effect);
}

/*
 * Without a client the library refuses sockets that are encrypted-only, and all if the last client had a policy that
 * may apply to them.  Otherwise the program's packets are sent as if there were no library.
 */
static void warn_if_unserved(const char *control, enum tscf_level level)
{
	int result = probe_client(control);

	if (result == EXDEV)
		warn_elsewhere(level);
	if (result >= 0)
		return;
	if (level == TSCF_LEVEL_ENCRYPTED_ONLY || getenv(TSCF_ENV_MUST) || tscf_socket_must_tell(control))
		tscf_warning("no tunnel client at %s (%s): the program's sockets fail with EACCES until there is one",
			     control, strerror(-result));
	else
		tscf_warning("no tunnel client at %s (%s): the program runs unprotected, its packets are not encrypted",
			     control, strerror(-result));
}

/* @return 0 if the program may run, or the exit status. */
static int check_program(const char *path, const char *library, enum tscf_level level)
{
	struct run_inspection inspection;
	int error = run_inspect(path, library, &inspection);

	if (error == -ELIBACC) {
		tscf_error("%s is no library that can be preloaded", library);
		return EXIT_FAILURE;
	}
	if (error != 0) {
		tscf_error("%s: %s", inspection.file, strerror(-error));
		return error == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
	}
	if (inspection.obstacle == RUN_OBSTACLE_NONE)
		return 0;
	if (level == TSCF_LEVEL_ENCRYPTED_ONLY) {
		tscf_error("%s %s; not run, since its sockets would not be encrypted-only", inspection.file,
			   run_obstacle_text(inspection.obstacle));
		return EXIT_FAILURE;
	}
	tscf_warning("%s %s; its sockets get no level", inspection.file, run_obstacle_text(inspection.obstacle));
	return 0;
}

/* Our library comes first: it must see a call before another preloaded library answers it. */
static int set_preload(const char *library)
{
	const char *others = getenv("LD_PRELOAD");
	char *value;
	int result;

	if (!others || others[0] == '\0')
		return setenv("LD_PRELOAD", library, 1);
	if (asprintf(&value, "%s:%s", library, others) < 0)
		return -1;
	result = setenv("LD_PRELOAD", value, 1);
	free(value);
	return result;
}

/* The address sanitizer ends the program unless it is the first library.  It need not be: our library calls the next
 * one. */
static int set_sanitizer(void)
{
	static const char name[] = "ASAN_OPTIONS", option[] = "verify_asan_link_order=0";
	const char *others = getenv(name);
	char *value;
	int result;

	if (!others || others[0] == '\0')
		return setenv(name, option, 1);
	if (asprintf(&value, "%s:%s", others, option) < 0)
		return -1;
	result = setenv(name, value, 1);
	free(value);
	return result;
}

/* Set the variables that the library reads and the client looks at. */
static int set_asked_for(const char *control, enum tscf_level level)
{
	if (setenv(TSCF_ENV_LEVEL, tscf_level_name(level), 1) == 0 && setenv(TSCF_ENV_CONTROL, control, 1) == 0)
		return 0;
	tscf_error("environment: %s", strerror(ENOMEM));
	return -ENOMEM;
}

static int set_environment(const char *library, const char *control, const struct options *o)
{
	/* The loader splits LD_PRELOAD at both characters, and there is no quoting. */
	if (strpbrk(library, ": ")) {
		tscf_error("%s: the path of the library may not contain a space or a colon", library);
		return -EINVAL;
	}
	if (set_preload(library) == 0 && set_sanitizer() == 0 &&
	    (!o->redundancy || setenv(TSCF_ENV_REDUNDANCY, o->redundancy, 1) == 0) &&
	    (!o->datagram || setenv(TSCF_ENV_DATAGRAM, o->datagram, 1) == 0))
		return set_asked_for(control, o->level);
	tscf_error("environment: %s", strerror(ENOMEM));
	return -ENOMEM;
}

static int run(const struct options *o, char **argv)
{
	char library[PATH_MAX], program[PATH_MAX];
	char control[sizeof((struct sockaddr_un *)0)->sun_path];
	int status, error;

	if (absolute_path(first_of(getenv(ENV_LIBRARY), NULL, LIBRARY), library, sizeof(library)) != 0 ||
	    absolute_path(first_of(o->control, getenv(TSCF_ENV_CONTROL), TSCF_CLIENT_CONTROL_DEFAULT), control,
			  sizeof(control)) != 0)
		return EXIT_FAILURE;
	error = run_program_find(argv[0], getenv("PATH"), program, sizeof(program));
	if (error != 0) {
		tscf_error("%s: %s", argv[0], strerror(-error));
		return error == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
	}
	if (o->cgroup) {
		if (set_asked_for(control, o->level) != 0 || run_cgroup(control, o->level) != 0)
			return EXIT_FAILURE;
	} else {
		status = check_program(program, library, o->level);
		if (status != 0)
			return status;
		if (set_environment(library, control, o) != 0)
			return EXIT_FAILURE;
		if (o->level != TSCF_LEVEL_UNENCRYPTED)
			warn_if_unserved(control, o->level);
	}
	if (run_inherited(control, o->level) != 0)
		return EXIT_FAILURE;
	execv(program, argv);
	tscf_error("%s: %s", program, strerror(errno));
	return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
}

int main(int argc, char **argv)
{
	struct options o = {.level = TSCF_LEVEL_ENCRYPTED_PREFERRED};

	tscf_log_init("tscf-run", TSCF_LOG_WARNING);
	if (parse_options(argc, argv, &o) != 0) {
		fputs("Try 'tscf-run --help'.\n", stderr);
		return EXIT_USAGE;
	}
	if (o.help) {
		fputs(help, stdout);
		return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (o.version) {
		puts("tscf-run " PACKAGE_VERSION);
		return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	return run(&o, argv + optind);
}

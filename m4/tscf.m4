dnl SPDX-License-Identifier: GPL-3.0-or-later
dnl Checks of tscf's configure.  Missing packages are collected, so that one run names all of them.

AC_DEFUN([TSCF_MISSING], [tscf_missing="$tscf_missing
    $1 (Debian package: $2)"
  tscf_missing_packages="$tscf_missing_packages $2"])

dnl TSCF_PKG(VARIABLE, MODULE, DEBIAN-PACKAGE)
AC_DEFUN([TSCF_PKG], [PKG_CHECK_MODULES([$1], [$2], [], [TSCF_MISSING([$2], [$3])])])

dnl TSCF_LIB(VARIABLE, LIBRARY, FUNCTION, HEADER, DEBIAN-PACKAGE)
AC_DEFUN([TSCF_LIB], [
  AC_CHECK_HEADER([$4], [
    AC_CHECK_LIB([$2], [$3], [$1_LIBS="-l$2"], [TSCF_MISSING([lib$2], [$5])])],
    [TSCF_MISSING([$4], [$5])])
  AC_SUBST([$1_LIBS])])

dnl TSCF_HEADER(HEADER, DEBIAN-PACKAGE)
AC_DEFUN([TSCF_HEADER], [AC_CHECK_HEADER([$1], [], [TSCF_MISSING([$1], [$2])])])

AC_DEFUN([TSCF_REPORT_MISSING], [
  AS_IF([test -n "$tscf_missing"], [AC_MSG_ERROR([needed, and not found:$tscf_missing
On Debian: apt-get install$tscf_missing_packages])])])

AC_DEFUN([TSCF_C17], [
  AC_MSG_CHECKING([for the option for C17])
  tscf_saved_cflags="$CFLAGS"
  CFLAGS="$CFLAGS -std=gnu17"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[]], [[]])],
    [AC_MSG_RESULT([-std=gnu17]); TSCF_STD=-std=gnu17],
    [AC_MSG_ERROR([the compiler does not know -std=gnu17])])
  CFLAGS="$tscf_saved_cflags"
  AC_SUBST([TSCF_STD])])

AC_DEFUN([TSCF_WARNINGS], [
  TSCF_WARN="-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wformat=2 -Wundef -Wvla -Wwrite-strings"
  AS_IF([test "x$enable_werror" = xyes], [TSCF_WARN="$TSCF_WARN -Werror"])
  AC_SUBST([TSCF_WARN])])

AC_DEFUN([TSCF_SANITIZERS], [
  AS_IF([test "x$enable_sanitizers" = xyes],
    [TSCF_SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"])
  AS_IF([test "x$enable_thread_sanitizer" = xyes], [
    AS_IF([test "x$enable_sanitizers" = xyes], [AC_MSG_ERROR([--enable-sanitizers and --enable-thread-sanitizer exclude each other])])
    TSCF_SANITIZE="-fsanitize=thread -fno-omit-frame-pointer"])
  AS_IF([test "x$enable_fuzzing" = xyes], [
    AS_IF([test -n "$TSCF_SANITIZE"], [AC_MSG_ERROR([--enable-fuzzing has sanitizers of its own])])
    TSCF_SANITIZE="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"])
  AC_SUBST([TSCF_SANITIZE])])

dnl RADIUS: --with-radius demands libradcli, --without-radius leaves it out, and with neither it is used if it is there.
dnl pkg-config finds Debian's libradcli-dev only where libgnutls28-dev is, which that package does not depend on.
AC_DEFUN([TSCF_RADIUS], [
  AC_ARG_WITH([radius], [AS_HELP_STRING([--without-radius], [leave out RADIUS in the server, which needs libradcli])],
    [], [with_radius=check])
  AS_IF([test "x$with_radius" != xno], [
    PKG_CHECK_MODULES([RADCLI], [radcli >= 1.2.11], [with_radius=yes],
      [AS_IF([test "x$with_radius" = xcheck], [AC_MSG_WARN([without RADIUS, which needs libradcli-dev and libgnutls28-dev]); with_radius=no],
        [TSCF_MISSING([radcli >= 1.2.11], [libradcli-dev libgnutls28-dev])])])])
  AM_CONDITIONAL([RADIUS], [test "x$with_radius" = xyes])])

dnl D-Bus by libsystemd: --with-dbus demands it, --without-dbus leaves it out, and with neither it is used if it is there.
AC_DEFUN([TSCF_DBUS], [
  AC_ARG_WITH([dbus], [AS_HELP_STRING([--without-dbus], [do not ask NetworkManager, which needs libsystemd])],
    [], [with_dbus=check])
  AS_IF([test "x$with_dbus" != xno], [
    PKG_CHECK_MODULES([LIBSYSTEMD], [libsystemd >= 241], [with_dbus=yes],
      [AS_IF([test "x$with_dbus" = xcheck], [AC_MSG_WARN([without D-Bus, which needs libsystemd-dev]); with_dbus=no],
        [TSCF_MISSING([libsystemd >= 241], [libsystemd-dev])])])])
  AM_CONDITIONAL([DBUS], [test "x$with_dbus" = xyes])])

dnl The guard is a BPF program: --with-bpf demands what it needs, --without-bpf leaves it out, and with neither it is built if it can be.
AC_DEFUN([TSCF_BPF], [
  AC_ARG_WITH([bpf], [AS_HELP_STRING([--without-bpf], [leave out the guard of the client, which needs clang, bpftool and libbpf])],
    [], [with_bpf=check])
  AS_IF([test "x$with_bpf" != xno], [
    AC_PATH_PROG([BPF_CLANG], [clang])
    AC_PATH_PROG([BPFTOOL], [bpftool], [], [$PATH:/usr/local/sbin:/usr/sbin:/sbin])
    tscf_bpf_lacks=
    AS_IF([test -z "$BPF_CLANG"], [tscf_bpf_lacks="$tscf_bpf_lacks clang"])
    AS_IF([test -z "$BPFTOOL"], [tscf_bpf_lacks="$tscf_bpf_lacks bpftool"])
    PKG_CHECK_MODULES([LIBBPF], [libbpf >= 1.0], [], [tscf_bpf_lacks="$tscf_bpf_lacks libbpf-dev"])
    AS_IF([test -n "$tscf_bpf_lacks" && test "x$with_bpf" = xcheck],
        [AC_MSG_WARN([without the guard, which needs$tscf_bpf_lacks]); with_bpf=no],
      [test -n "$tscf_bpf_lacks"],
        [for tscf_one in $tscf_bpf_lacks; do TSCF_MISSING([$tscf_one], [$tscf_one]); done],
      [with_bpf=yes])])
  AM_CONDITIONAL([BPF], [test "x$with_bpf" = xyes])
  dnl clang knows no include directory of an architecture for this target.
  BPF_CPPFLAGS="-I/usr/include/$($CC -print-multiarch 2>/dev/null)"
  AC_SUBST([BPF_CPPFLAGS])])

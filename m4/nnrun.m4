# SPDX-License-Identifier: Apache-2.0
# The macros of configure.ac that are longer than a line: back ends, warnings, sanitizers, hardening.

# NN_BACKEND(NAME, WORDS, SEARCH): --with-NAME as yes, no or auto; SEARCH sets have_NAME=yes when it finds what it needs.
AC_DEFUN([NN_BACKEND], [
  AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1], [build $2 @<:@auto@:>@])], [], [with_$1=auto])
  have_$1=no
  AS_IF([test "$with_$1" != no], [$3])
  AS_IF([test "$with_$1" = yes && test "$have_$1" = no],
        [AC_MSG_ERROR([--with-$1 was given, but what $2 is built with was not found])])
  AM_CONDITIONAL(m4_toupper([HAVE_$1]), [test "$have_$1" = yes])
])

# NN_FLAG(VARIABLE, FLAG): append FLAG to VARIABLE when the compiler and the linker take it.
AC_DEFUN([NN_FLAG], [
  AS_VAR_PUSHDEF([cache], [nn_cv_flag_$2])
  AC_CACHE_CHECK([whether the tool chain takes $2], [cache], [
    nn_saved=$CFLAGS
    CFLAGS="$CFLAGS -Werror $$1 $2"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
    CFLAGS=$nn_saved])
  AS_VAR_IF([cache], [yes], [$1="$$1 $2"])
  AS_VAR_POPDEF([cache])
])

# Strict C11: besides the language this turns off contraction of a*b+c by the compiler's choice, so that
# reference kernels give the same bits whatever instructions the build targets.
AC_DEFUN([NN_WARNINGS], [
  WARN_CFLAGS="-std=c11"
  m4_foreach_w([flag], [-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
                        -Wformat=2 -Wimplicit-fallthrough -Wvla -Werror=format-security -Werror=implicit
                        -Werror=incompatible-pointer-types -Werror=int-conversion],
               [NN_FLAG([WARN_CFLAGS], flag)])
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [make every warning an error])], [], [enable_werror=no])
  AS_IF([test "$enable_werror" = yes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
  AC_SUBST([WARN_CFLAGS])
])

AC_DEFUN([NN_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers=LIST], [address,undefined or thread @<:@none@:>@])], [], [enable_sanitizers=no])
  AS_CASE([$enable_sanitizers],
    [no|''], [nn_sanitizers=none],
    [yes], [nn_sanitizers=address,undefined],
    [nn_sanitizers=$enable_sanitizers])
  SANITIZE_CFLAGS=
  AS_IF([test "$nn_sanitizers" != none], [
    NN_FLAG([SANITIZE_CFLAGS], [-fsanitize=$nn_sanitizers])
    AS_IF([test -z "$SANITIZE_CFLAGS"], [AC_MSG_ERROR([the compiler does not take -fsanitize=$nn_sanitizers])])
    SANITIZE_CFLAGS="$SANITIZE_CFLAGS -fno-omit-frame-pointer -fno-sanitize-recover=undefined -g -O1"])
  AC_SUBST([SANITIZE_CFLAGS])
  AM_CONDITIONAL([SANITIZERS], [test "$nn_sanitizers" != none])
])

# The OpenSSF compiler hardening guide for C, without -z nodlopen: plug-ins are what this program is made of.
# Sanitizers replace the fortified functions and the stack protector with checks of their own.
AC_DEFUN([NN_HARDENING], [
  AC_ARG_ENABLE([hardening], [AS_HELP_STRING([--disable-hardening], [leave the hardening flags out])], [],
                [enable_hardening=yes])
  HARDEN_CPPFLAGS= HARDEN_CFLAGS= HARDEN_LDFLAGS= nn_hardening=none
  AS_IF([test "$enable_hardening" = yes && test "$nn_sanitizers" = none], [
    nn_hardening=OpenSSF
    AC_CACHE_CHECK([for the level of _FORTIFY_SOURCE], [nn_cv_fortify], [
      nn_saved=$CFLAGS
      CFLAGS="$CFLAGS -O2 -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3"
      AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <string.h>]], [])], [nn_cv_fortify=3], [nn_cv_fortify=2])
      CFLAGS=$nn_saved])
    HARDEN_CPPFLAGS="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$nn_cv_fortify"
    m4_foreach_w([flag], [-fstack-protector-strong -fstack-clash-protection -fcf-protection=full
                          -mbranch-protection=standard -fno-delete-null-pointer-checks -fno-strict-overflow
                          -fno-strict-aliasing -ftrivial-auto-var-init=zero -fstrict-flex-arrays=3 -fexceptions],
                 [NN_FLAG([HARDEN_CFLAGS], flag)])
    NN_FLAG([HARDEN_LDFLAGS], [-Wl,-z,relro])
    NN_FLAG([HARDEN_LDFLAGS], [-Wl,-z,now])
    NN_FLAG([HARDEN_LDFLAGS], [-Wl,-z,noexecstack])
    NN_FLAG([HARDEN_LDFLAGS], [-Wl,-z,defs])
    NN_FLAG([HARDEN_LDFLAGS], [-Wl,--no-copy-dt-needed-entries])])
  NN_FLAG([HARDEN_LDFLAGS], [-Wl,--as-needed])
  AC_SUBST([HARDEN_CPPFLAGS])
  AC_SUBST([HARDEN_CFLAGS])
  AC_SUBST([HARDEN_LDFLAGS])
])

# The format onnx is generated from ONNX's own description by the compiler of protobuf-c; nothing of either is kept here.
AC_DEFUN([NN_ONNX], [
  AC_ARG_WITH([onnx], [AS_HELP_STRING([--with-onnx@<:@=DIR@:>@],
    [build the format onnx from DIR/onnx.proto @<:@auto: /usr/include/onnx@:>@])], [], [with_onnx=auto])
  have_onnx=no nn_onnx=no ONNX_PROTO_DIR=
  AS_IF([test "$with_onnx" != no], [
    PKG_CHECK_MODULES([PROTOBUF_C], [libprotobuf-c >= 1.3], [nn_protobuf=yes], [nn_protobuf=no])
    AC_PATH_PROG([PROTOC_C], [protoc-c])
    AS_CASE([$with_onnx], [yes | auto], [nn_onnx_dirs="/usr/include/onnx /usr/local/include/onnx"],
            [nn_onnx_dirs=$with_onnx])
    AC_MSG_CHECKING([for onnx.proto])
    for nn_dir in $nn_onnx_dirs; do
      AS_IF([test -z "$ONNX_PROTO_DIR" && test -r "$nn_dir/onnx.proto"], [ONNX_PROTO_DIR=$nn_dir])
    done
    AC_MSG_RESULT([${ONNX_PROTO_DIR:-no}])
    AS_IF([test "$nn_protobuf" = no], [nn_onnx="no (libprotobuf-c was not found)"],
          [test -z "$PROTOC_C"], [nn_onnx="no (protoc-c was not found)"],
          [test -z "$ONNX_PROTO_DIR"], [nn_onnx="no (onnx.proto was not found)"],
          [have_onnx=yes nn_onnx=yes])
    AS_IF([test "$have_onnx" = no && test "$with_onnx" != auto],
          [AC_MSG_ERROR([--with-onnx was given, and the format is not possible: $nn_onnx])])])
  AC_SUBST([ONNX_PROTO_DIR])
  AM_CONDITIONAL([HAVE_ONNX], [test "$have_onnx" = yes])
])

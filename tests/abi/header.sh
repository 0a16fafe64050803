#!/bin/sh
# header.sh - the ABI header compiles alone, without a warning, in every language mode that
# plugins are written in; and its layout (layout.c) is what it was.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
src=$(cd "$here/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/mighost-header.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0
tried=0

# The header alone, with a use of its one macro that is code.
cat >"$work/alone.c" <<'END'
#include <mighost/plugin.h>
int can_log(const mig_host_t *host);
int can_log(const mig_host_t *host)
{
    return MIG_HAS(host, log) && MIG_HAS(host, extension);
}
END
cp "$work/alone.c" "$work/alone.cc"

try() # COMPILER MODE FILE [FLAG]...
{
    compiler=$1 mode=$2 file=$3
    shift 3
    # Not every compiler knows every mode.
    echo "int x;" >"$work/probe.${file##*.}"
    $compiler "-std=$mode" -fsyntax-only "$work/probe.${file##*.}" 2>/dev/null || return 0
    tried=$((tried + 1))
    if ! $compiler "-std=$mode" -Wall -Wextra -Wpedantic -Werror -Wundef "$@" \
        -I"$src/include" -fsyntax-only "$file"; then
        echo "FAILED: $compiler -std=$mode ${file##*/}"
        failed=1
    fi
}

try_c() # COMPILER
{
    for mode in c99 c11 c17 c2x; do
        try "$1" $mode "$work/alone.c" -Wconversion -Wstrict-prototypes -Wmissing-prototypes
    done
    try "$1" c11 "$here/layout.c"
}

try_cxx() # COMPILER
{
    for mode in c++11 c++14 c++17 c++20; do
        try "$1" $mode "$work/alone.cc" -Wconversion
    done
}

# The compilers of this build, and clang beside them where it is there.
try_c "${CC:-cc}"
try_cxx "${CXX:-c++}"
command -v clang >/dev/null && try_c clang
command -v clang++ >/dev/null && try_cxx clang++
[ $tried -ge 4 ] || { echo "FAILED: only $tried language modes could be tried"; failed=1; }
[ $failed = 0 ] && echo "header: $tried language modes"
exit $failed

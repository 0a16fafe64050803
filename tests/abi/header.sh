#!/bin/sh
# header.sh - the ABI header compiles alone, without a warning, in every language mode that
# plugins are written in; its layout (layout.c) is what it was; and of each frozen version, v1.0/ and
# later ones, all is there as it was (grows.py).
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

# Each kind of change that breaks a plugin is found, before the header is believed.
present=$src/include/mighost/plugin.h
grows() # OLD NEW
{
    python3 "$here/grows.py" "$1" "$2"
}
breaks() # SED-SCRIPT TEXT: the frozen header changed so is refused with this text
{
    sed "$1" "$here/v1.0/plugin.h" >"$work/changed.h"
    if cmp -s "$work/changed.h" "$here/v1.0/plugin.h" || said=$(grows "$here/v1.0/plugin.h" "$work/changed.h"); then
        echo "FAILED: \"$1\" is not found"
        failed=1
    fi
    case $said in *"$2"*) ;; *) echo "FAILED: \"$1\" gives: $said"; failed=1 ;; esac
}
if command -v python3 >/dev/null; then
    breaks '/define MIG_SKIP/d' "macro MIG_SKIP is gone"
    breaks 's/define MIG_SKIP 3/define MIG_SKIP 9/' "macro MIG_SKIP is gone or changed"
    breaks '/^    uint32_t flags; .. 0 ..$/d' "moved, changed or is gone"
    breaks 's/void \*(\*alloc)(const mig_host_t \*h, size_t/void *(*alloc)(const mig_host_t *h, uint32_t/' \
        "struct mig_host: the member"
    breaks 's/^    size_t len; .*/&\n    int more;/' "struct mig_str is frozen and has grown"
    breaks 's/int32_t (\*ping)(void \*self);/int32_t (*early)(void *self);\n    &/' "mig_source_ops: the member"
    breaks 's/define MIG_ABI_MAJOR 1/define MIG_ABI_MAJOR 2/' "macro MIG_ABI_MAJOR"
    sed -e 's/^    int32_t (\*join)(void \*self, mig_str_t shared);/&\n    int32_t (*later)(void *self);/' \
        -e 's/define MIG_ABI_MINOR 0/define MIG_ABI_MINOR 1/' "$here/v1.0/plugin.h" >"$work/more.h"
    grows "$here/v1.0/plugin.h" "$work/more.h" || { echo "FAILED: growth is refused"; failed=1; }
    for frozen in "$here"/v*/plugin.h; do
        grows "$frozen" "$present" || {
            echo "FAILED: plugins that were built against ${frozen#"$src"/} are broken by $present"
            failed=1
        }
    done
fi
[ $failed = 0 ] && echo "header: $tried language modes"
exit $failed

#!/bin/sh
# exports.sh - each plugin exports exactly mighost_plugin, and mighost itself exports nothing:
# what is not exported cannot take the place of a symbol of the other side.
set -eu
: "${top_builddir:?run by "make check"}"
nm=${NM:-nm}
failed=0
n=0

# Versioned names (stderr@GLIBC_2.2.5) are copies of what libraries export; names that begin
# with '_' come from the runtimes of compiler, sanitizers and coverage. NM may hold options.
exported() # FILE
{
    $nm -D --defined-only "$1" | sed -n 's/^[0-9a-f]* *[A-Za-z] //p' | grep -v -e '@' -e '^_' || :
}

for module in "${PLUGINS:-$top_builddir/plugins}"/*.so; do
    [ -e "$module" ] || continue
    n=$((n + 1))
    names=$(exported "$module" | tr '\n' ' ')
    if [ "${names% }" != mighost_plugin ]; then
        echo "FAILED: $module exports: $names"
        failed=1
    fi
done
[ $n -gt 0 ] || { echo "FAILED: no plugin to look at"; failed=1; }

host=${MIGHOST:-$top_builddir/mighost}
if [ ! -x "$host" ]; then
    echo "FAILED: $host is not built"
    failed=1
elif $nm "$host" | grep -q __asan_init; then
    echo "host: skipped, the sanitizer exports its interceptors"
elif [ -n "$(exported "$host")" ]; then
    echo "FAILED: $host exports: $(exported "$host" | tr '\n' ' ')"
    failed=1
fi
[ $failed = 0 ] && echo "exports: $n plugins"
exit $failed

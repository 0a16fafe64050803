#!/bin/sh
# outoftree.sh - what mighost --new-plugin writes, in each kind and language, is built, checked and
# installed as a third party does: the installed header and pkg-config, nothing else of this tree. It
# writes into empty directories only. Their runs are tests/e2e/outoftree_run.sh's.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
src=$(cd "$here/../.." && pwd)
: "${top_builddir:?run by "make check"}"
host=${MIGHOST:-$top_builddir/mighost}
probe=${LOADPROBE:-$top_builddir/tests/abi/loadprobe}
command -v pkg-config >/dev/null || { echo "skipped: no pkg-config"; exit 77; }
umask 022

work=$(mktemp -d "${TMPDIR:-/tmp}/mighost-outoftree.XXXXXX")
work=$(cd "$work" && pwd -P)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

# As "make install" would lay it out.
prefix=$work/prefix
mkdir -p "$prefix/include/mighost" "$prefix/lib/pkgconfig"
cp "$src/include/mighost/plugin.h" "$prefix/include/mighost"
cp "$top_builddir/share/mighost.pc" "$prefix/lib/pkgconfig"
PKG_CONFIG_PATH=$prefix/lib/pkgconfig
PKG_CONFIG="pkg-config --define-variable=prefix=$prefix --define-variable=libdir=$prefix/lib \
--define-variable=includedir=$prefix/include"
export PKG_CONFIG_PATH PKG_CONFIG

# With an environment of its own: no flag of this build leaks in.
unset CFLAGS CPPFLAGS LDFLAGS CXXFLAGS RUSTFLAGS CPATH C_INCLUDE_PATH MAKEFLAGS MFLAGS MAKELEVEL MIGHOST_PLUGIN_PATH
cc=${CC:-cc} cxx=${CXX:-c++}

fail()
{
    echo "FAILED: $1"
    exit 1
}

made() # KIND NAME ARGUMENTS...: written, built without a warning, sound, installed, loaded
{
    kind=$1 name=$2
    shift 2
    "$host" --new-plugin "$work/$kind-$name" --kind "$kind" "$@" >"$work/out" || fail "--new-plugin: $kind $*"
    make -s -C "$work/$kind-$name" CC="$cc" CXX="$cxx" install >"$work/out" 2>&1 || fail "$kind $*: $(cat "$work/out")"
    [ ! -s "$work/out" ] || fail "$kind $*: the build says $(cat "$work/out")"
    ! grep -r '@[A-Z]*@' "$work/$kind-$name" --include='[!.]*' --exclude='*.so' || fail "$kind $*: a place is left"
    module=$prefix/lib/mighost/plugins-1/$kind-$name.so
    [ -f "$module" ] || fail "not installed as $module"
    names=$(${NM:-nm} -D --defined-only "$module" | awk '{print $3}')
    [ "$names" = mighost_plugin ] || fail "$kind $*: exports $names"
    "$host" --check-plugin "$module" --unit-options "$work/$kind-$name/options.json" >"$work/out" 2>&1 ||
        fail "$kind $*: $(cat "$work/out")"
    grep -q "^$kind:$name: [0-9]* calls$" "$work/out" || fail "$kind $* is not tried: $(cat "$work/out")"
    got=$("$probe" -d "$prefix/lib/mighost/plugins-1" load "$kind:$name")
    [ "$got" = "plugin org.example.$name 1.0 $module" ] || fail "$got"
}

for kind in transform source migrator validator reporter; do
    made $kind mine
done
made transform plus --language c++
rust="no rustc, no plugin in Rust"
PATH=$PATH:${HOME:-/root}/.cargo/bin
if rustc --version >/dev/null 2>&1; then
    made transform rusty --language rust
    rust="one of them in Rust"
fi

refused() # CODE TEXT ARGUMENTS...
{
    due=$1 text=$2 code=0
    shift 2
    "$host" --new-plugin "$@" >"$work/out" 2>&1 || code=$?
    [ $code -eq "$due" ] && grep -qF -e "$text" "$work/out" || fail "$* ends with $code: $(cat "$work/out")"
}
before=$(cat "$work/transform-mine"/* | cksum)
refused 3 "is not empty" "$work/transform-mine"
[ "$(cat "$work/transform-mine"/* | cksum)" = "$before" ] || fail "a file of a directory in use was changed"
refused 2 'would be named "Mine"' "$work/Mine"
refused 2 "--kind takes" "$work/new" --kind widget
refused 2 "no template of a source in rust" "$work/new" --kind source --language rust
refused 3 "none/new" "$work/none/new"
[ ! -e "$work/new" ] || fail "a refused call made a directory"
echo "outoftree: written, built, checked, installed, loaded; $rust"

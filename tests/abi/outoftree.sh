#!/bin/sh
# outoftree.sh - builds, checks and installs outoftree/ as a third party does: the installed
# header and pkg-config, nothing else of this tree; then the loader takes it from there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
src=$(cd "$here/../.." && pwd)
: "${top_builddir:?run by "make check"}"
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

# In a directory of its own, with an environment of its own: no flag of this build leaks in.
mkdir "$work/slug"
cp "$here"/outoftree/* "$work/slug"
unset CFLAGS CPPFLAGS LDFLAGS CPATH C_INCLUDE_PATH MAKEFLAGS MFLAGS MAKELEVEL MIGHOST_PLUGIN_PATH
make -s -C "$work/slug" CC="${CC:-cc}" check install

module=$prefix/lib/mighost/plugins-1/transform-slug.so
[ -f "$module" ] || { echo "FAILED: not installed as $module"; exit 1; }
names=$(${NM:-nm} -D --defined-only "$module" | awk '{print $3}')
[ "$names" = mighost_plugin ] || { echo "FAILED: exports $names"; exit 1; }
got=$("$probe" -d "$prefix/lib/mighost/plugins-1" load transform:slug)
[ "$got" = "plugin org.example.slug 1.0 $module" ] || { echo "FAILED: $got"; exit 1; }
echo "outoftree: built, checked, installed, loaded"

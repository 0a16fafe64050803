#!/bin/sh
# zoo.sh - shows bad plugins, bad places and bad surroundings to the loader and compares all it
# says, word for word, with zoo.expect (and zoo_root.expect, as root: files of other owners).
# Usage: zoo.sh [--update]: writes the two files instead; read the difference before a commit.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
src=$(cd "$here/../.." && pwd)
probe=${LOADPROBE:-${top_builddir:?run by "make check"}/tests/abi/loadprobe}
update=${1-}
LC_ALL=C.UTF-8
export LC_ALL
unset MIGHOST_PLUGIN_PATH LD_LIBRARY_PATH LTDL_LIBRARY_PATH
umask 022

work=$(mktemp -d "${TMPDIR:-/tmp}/mighost-zoo.XXXXXX")
work=$(cd "$work" && pwd -P)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
zoo=$work/zoo
failed=0
[ -x "$probe" ] || { echo "no $probe"; exit 1; }

compile() # SOURCE OUTPUT [FLAG]...
{
    source=$here/zoo/$1.c output=$2
    shift 2
    ${CC:-cc} -std=gnu11 -fPIC -shared -fvisibility=hidden -I"$src/include" -o "$output" \
        "$source" -Wl,-z,notext "$@"
}

# Prints what the loader says without what differs from machine to machine.
show() # TITLE COMMAND...
{
    echo "== $1"
    shift
    status=0
    "$@" >"$work/out" 2>&1 || status=$?
    sed -e "s|$work|@|g" -e 's/[0-9a-f]\{64\}/@SHA256@/g' -e "s/owner $(id -u))/owner @ME@)/" \
        -e 's/ends after [0-9]* bytes/ends after @N@ bytes/' \
        -e 's/([0-9]\{4,\} bytes)/(@N@ bytes)/' \
        -e 's/built for .* (ELF machine [0-9]*, class 1)/built for @32BIT@/' \
        -e 's/this mighost is .*/this mighost is @HOST@/' "$work/out"
    echo "-- $status"
}

compare() # NAME
{
    if [ "$update" = --update ]; then
        cp "$work/$1.got" "$here/$1.expect"
    elif ! diff -u "$here/$1.expect" "$work/$1.got"; then
        failed=1
    fi
}

must() # TEXT COMMAND...
{
    text=$1
    shift
    if ! "$@"; then
        echo "FAILED: $text" >&2
        failed=1
    fi
}

# ---- files -------------------------------------------------------------------------------
mkdir "$zoo"
for source in "$here"/zoo/*.c; do
    name=$(basename "$source" .c)
    compile "$name" "$zoo/$name.so"
done
mkdir "$work/lib"
compile good "$work/lib/libgone.so" -Wl,-soname,libgone.so
compile good "$work/lib/libplain.so"
(
    cd "$work"
    compile good "$zoo/missing_library.so" -Wl,--no-as-needed lib/libgone.so
    compile good "$zoo/needed_relative.so" -Wl,--no-as-needed lib/libplain.so
)
# The library by its name alone, so that only the search path decides.
compile no_symbol "$zoo/borrowed_symbol.so" -Wl,--no-as-needed,-rpath,"$work/lib" \
    -L"$work/lib" -lgone
compile good "$zoo/runpath_relative.so" -Wl,-rpath,/usr/lib:lib
compile good "$zoo/runpath_empty.so" -Wl,-rpath,/usr/lib:
compile good "$zoo/rpath_here.so" -Wl,--disable-new-dtags,-rpath,.
compile good "$zoo/runpath_origin.so" -Wl,-rpath,'$ORIGIN'
compile good "$zoo/runpath_absolute.so" -Wl,-rpath,/usr/lib

patch() # NAME OFFSET OCTAL
{
    cp "$zoo/good.so" "$zoo/$1.so"
    printf "\\$3" | dd of="$zoo/$1.so" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
patch wrong_machine 18 026
patch wrong_class 4 001
patch wrong_type 16 001
size=$(wc -c <"$zoo/good.so")
: >"$zoo/empty.so"
echo "this is no plugin" >"$zoo/garbage.so"
head -c $((size / 2)) "$zoo/good.so" >"$zoo/truncated.so"
head -c $((size - 8)) "$zoo/good.so" >"$zoo/truncated_at_end.so"
mkdir "$zoo/directory.so"
mkfifo "$zoo/fifo.so"
ln -s good.so "$zoo/link_inside.so"
ln -s ../lib/libplain.so "$zoo/link_outside.so"
ln -s nowhere.so "$zoo/link_nowhere.so"
cp "$zoo/good.so" "$zoo/group_writable.so" && chmod 664 "$zoo/group_writable.so"
cp "$zoo/good.so" "$zoo/world_writable.so" && chmod 646 "$zoo/world_writable.so"

files()
{
    for file in "$zoo"/*.so; do
        show "$(basename "$file")" "$probe" -d "$zoo" check "$file"
    done
    show "absent.so" "$probe" -d "$zoo" check "$zoo/absent.so"
    show "two names of one file" "$probe" -d "$zoo" check "$zoo/good.so" "$zoo/link_inside.so"
}

# ---- directories -------------------------------------------------------------------------
mkdir "$work/empty" "$work/open" "$work/open/inside" "$work/first" "$work/second"
chmod 777 "$work/open"
cp "$zoo/good.so" "$work/open/inside/transform-same.so"
cp "$zoo/good.so" "$work/first/transform-same.so"
cp "$zoo/same_id.so" "$work/second/transform-same.so"
cp "$zoo/same_id.so" "$work/second/transform-other.so"
ln -s first "$work/linked"
: >"$work/file"

directories()
{
    show "directory absent" "$probe" -d "$work/absent" scan
    show "directory empty" "$probe" -d "$work/empty" scan
    show "directory is a file" "$probe" -d "$work/file" scan
    show "directory writable by all" "$probe" -d "$work/open" scan
    show "parent writable by all" "$probe" -d "$work/open/inside" load transform:same
    show "several faulty directories" "$probe" -d "$work/open" -d "$work/absent" scan
    show "link to a directory" "$probe" -d "$work/linked" scan
    show "first directory wins" "$probe" -d "$work/first" -d "$work/second" scan
    show "directory from the environment" \
        env MIGHOST_PLUGIN_PATH="$work/first" "$probe" load transform:same
    show "relative and empty entries in the environment" \
        env MIGHOST_PLUGIN_PATH="plugins::$work/first" "$probe" scan
}

# ---- features ----------------------------------------------------------------------------
mkdir "$work/sets" "$work/faulty" "$work/double"
cp "$zoo/good.so" "$work/sets/transforms-basic.so"
cp "$zoo/missing_need.so" "$work/sets/acme.so"
cp "$zoo/wrong_magic.so" "$work/sets/broken.so"
cp "$zoo/wrong_magic.so" "$work/faulty/transform-text.so"
cp "$zoo/good.so" "$work/faulty/transforms-basic.so"
cp "$zoo/good.so" "$work/double/transform-same.so"
cp "$zoo/same_feature.so" "$work/double/transform-second.so"

features()
{
    show "by its own name" "$probe" -d "$work/first" load transform:same
    show "in a set, a faulty file beside it" "$probe" -d "$work/sets" load transform:same
    show "not there, the faulty file may have had it" "$probe" -d "$work/sets" load transform:sam
    show "needed by a unit and not there" "$probe" -d "$work/sets" load transform:needy
    show "named file faulty, asked for twice" \
        "$probe" -d "$work/faulty" load transform:text.trim transform:same transform:text.lower
    show "one id in two files" \
        "$probe" -d "$work/first" -d "$work/second" load transform:same transform:other
    show "one feature in two plugins" \
        "$probe" -d "$work/double" load transform:same transform:second
    show "no unit's feature" "$probe" -d "$work/first" load stage:users nonsense
}

# ---- plugins.lock ------------------------------------------------------------------------
mkdir "$work/locked" "$work/mixed"
cp "$zoo/good.so" "$work/locked/transform-same.so"
cp "$zoo/wrong_magic.so" "$work/mixed/broken.so"
cp "$zoo/good.so" "$work/mixed/transform-same.so"
mark=$work/mark
MIGHOST_ZOO_MARK=$mark
export MIGHOST_ZOO_MARK

lock_line() # NAME ABI FILE
{
    echo "$1  $2  $(sha256sum <"$3" | cut -d' ' -f1)"
}

locks()
{
    lock=$work/locked/plugins.lock
    rm -f "$mark" # marker.so was loaded in its own right so far
    show "no lock, one required" "$probe" -r -d "$work/locked" load transform:same
    show "lock is written" "$probe" -d "$work/locked" lock
    show "written lock" cat "$lock"
    show "lock required" "$probe" -r -d "$work/locked" load transform:same
    cp "$zoo/marker.so" "$work/locked/extra.so"
    show "a file that is not listed" "$probe" -d "$work/locked" check "$work/locked/extra.so"
    rm "$work/locked/extra.so"
    cp "$zoo/marker.so" "$work/locked/transform-same.so"
    show "a file that was changed" "$probe" -d "$work/locked" load transform:same
    lock_line transform-same 7.3 "$zoo/marker.so" >"$lock"
    show "listed with another ABI" "$probe" -d "$work/locked" load transform:same
    must "no code of a refused plugin runs" [ ! -e "$mark" ]
    lock_line transform-same 1.0 "$zoo/marker.so" >"$lock"
    show "listed as it is" "$probe" -d "$work/locked" load transform:same
    must "the mark works" [ -e "$mark" ]
    rm -f "$mark"
    echo "transform-same 1.0" >"$lock"
    show "lock with a short line" "$probe" -d "$work/locked" load transform:same
    echo "transform-same 1.0 0123" >"$lock"
    show "lock with a short digest" "$probe" -d "$work/locked" load transform:same
    { lock_line a 1.0 "$lock" && lock_line a 1.0 "$lock"; } >"$work/twice"
    cp "$work/twice" "$lock"
    show "lock that lists a plugin twice" "$probe" -d "$work/locked" load transform:same
    chmod 666 "$lock"
    show "lock writable by all" "$probe" -d "$work/locked" load transform:same
    rm "$lock"
    ln -s ../twice "$lock"
    show "lock is a link that leaves" "$probe" -d "$work/locked" load transform:same
    show "no lock of faulty plugins" "$probe" -d "$work/mixed" lock
    must "no lock is left" [ ! -e "$work/mixed/plugins.lock" ]
}

# ---- surroundings ------------------------------------------------------------------------
# Neither the environment nor the working directory nor a .la file chooses the code.
mkdir "$work/evil"
cp "$zoo/marker.so" "$work/evil/transform-same.so"
cp "$zoo/marker.so" "$work/evil/libgone.so"

surroundings()
{
    cat >"$work/first/transform-same.la" <<END
dlname='transform-same.so'
library_names='transform-same.so'
installed=yes
libdir='$work/evil'
END
    cd "$work/evil"
    show "evil copies everywhere" env LTDL_LIBRARY_PATH="$work/evil" \
        LD_LIBRARY_PATH="$work/evil" "$probe" -d ../first load transform:same
    cd "$work"
    must "no evil copy ran" [ ! -e "$mark" ]
}

# What was checked is what is loaded: the file is exchanged all the time, the lock names the
# good one.
race()
{
    mkdir "$work/race"
    cp "$zoo/good.so" "$work/race/transform-same.so"
    lock_line transform-same 1.0 "$zoo/good.so" >"$work/race/plugins.lock"
    (
        while :; do
            ln -f "$zoo/marker.so" "$work/swap" && mv "$work/swap" "$work/race/transform-same.so"
            ln -f "$zoo/good.so" "$work/swap" && mv "$work/swap" "$work/race/transform-same.so"
        done
    ) &
    swapper=$!
    i=0 loaded=0
    while [ $i -lt 40 ] || { [ $loaded -eq 0 ] && [ $i -lt 2000 ]; }; do
        ! "$probe" -d "$work/race" load transform:same >/dev/null 2>&1 || loaded=$((loaded + 1))
        i=$((i + 1))
    done
    kill "$swapper"
    wait "$swapper" 2>/dev/null || :
    must "the good file was loaded now and then" [ $loaded -gt 0 ]
    must "no exchanged file ran" [ ! -e "$mark" ]
}

# A file that was cut off anywhere is refused, and never with a signal.
cuts()
{
    mkdir "$work/cuts"
    n=0
    while [ $n -lt "$size" ]; do
        head -c $n "$zoo/marker.so" >"$work/cuts/$n.so"
        n=$((n + 211))
    done
    "$probe" -d "$work/cuts" check "$work"/cuts/*.so >"$work/out" 2>&1 || status=$?
    must "cut files are refused in order" [ "$status" = 4 ]
    must "no cut file is taken" [ "$(grep -c '^4 ' "$work/out")" = "$(ls "$work/cuts" | wc -l)" ]
}

{
    files
    directories
    features
    locks
    surroundings
} >"$work/zoo.got"
compare zoo
race
cuts

# ---- other owners ------------------------------------------------------------------------
other_owners()
{
    cp "$zoo/good.so" "$zoo/foreign.so" && chown 12345 "$zoo/foreign.so"
    mkdir "$work/foreign" "$work/sticky" "$work/sticky_foreign"
    cp "$zoo/good.so" "$work/foreign/transform-same.so"
    cp "$zoo/good.so" "$work/sticky/transform-same.so"
    cp "$zoo/good.so" "$work/sticky_foreign/transform-same.so"
    chown 12345 "$work/foreign" "$work/sticky_foreign"
    chmod 1777 "$work/sticky" "$work/sticky_foreign"
    show "file of another user" "$probe" -d "$zoo" check "$zoo/foreign.so"
    show "directory of another user" "$probe" -d "$work/foreign" scan
    show "sticky directory of root" "$probe" -d "$work/sticky" load transform:same
    show "sticky directory of another user" "$probe" -d "$work/sticky_foreign" scan
}

if [ "$(id -u)" = 0 ]; then
    other_owners >"$work/zoo_root.got"
    compare zoo_root
fi
[ $failed = 0 ] && echo "zoo: all as expected"
exit $failed

# run-autogen.sh - autogen.sh where packages are missing and may not be installed: it names them,
# prints the one line, ends non-zero and changes nothing. The package tools are stand-ins.
set -eu
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || {
    echo "skipped: without a server autogen.sh would hold off the machine's clusters in /etc"
    exit 77
}
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
failed=0

stand_in() # NAME BODY
{
    printf '#!/bin/sh\n%s\n' "$2" >"$bin/$1"
    chmod 755 "$bin/$1"
}

# Runs autogen.sh without a terminal; every call of apt-get leaves a line.
autogen() # ARGUMENTS...
{
    : >"$bin/calls"
    status=0
    env -u CI PATH="$bin:$PATH" sh "$top_srcdir/autogen.sh" "$@" </dev/null >"$bin/out" 2>&1 ||
        status=$?
}

is() # WHAT GOT WANTED
{
    [ "$2" = "$3" ] && return
    echo "FAILED: $1: got \"$2\", wanted \"$3\"; autogen.sh said:"
    cat "$bin/out"
    failed=1
}

has() # TEXT
{
    grep -qF -e "$1" "$bin/out" && return
    echo "FAILED: no \"$1\" in:"
    cat "$bin/out"
    failed=1
}

stand_in apt-get "echo \"\$*\" >>$bin/calls"
# All is there but one package of the build and one of the tests.
stand_in dpkg-query 'case $* in
*libjansson-dev | *libcunit1-dev) exit 1 ;;
*) printf "install ok installed" ;;
esac'

for user in 0 1000; do
    stand_in id "echo $user"
    autogen --demo
    is "--demo without a terminal, user $user" "$status" 1
    has "missing Debian packages: libjansson-dev"
    has "    apt-get update && apt-get install -y --no-install-recommends libjansson-dev"
    is "calls of apt-get" "$(cat "$bin/calls")" ""
done
autogen --check --yes
is "--yes without root" "$status" 1
has "libjansson-dev libcunit1-dev"
is "calls of apt-get" "$(cat "$bin/calls")" ""

# As root with --yes: lists first, then the packages; the failure of apt-get is told.
stand_in id 'echo 0'
stand_in apt-get "echo \"\$*\" >>$bin/calls; [ \"\$1\" = update ]"
autogen --demo --yes
is "apt-get fails" "$status" 1
has "apt-get install failed"
is "first call" "$(sed -n 1p "$bin/calls")" "update -q"
is "second call" "$(sed -n 2p "$bin/calls")" \
    "install -q -y --no-install-recommends libjansson-dev"

# Without any option it needs less; where that is not there, it names packages, too.
stand_in id 'echo 1000'
mkdir "$bin/few"
for tool in sh cat dirname grep id mktemp nproc rm sed tr; do
    ln -s "$(command -v "$tool")" "$bin/few/$tool"
done
status=0
env -u CI PATH="$bin:$bin/few" sh "$top_srcdir/autogen.sh" </dev/null >"$bin/out" 2>&1 || status=$?
is "no autoreconf" "$status" 1
has "missing Debian packages: libjansson-dev"

autogen --dmeo
is "unknown option" "$status" 2
has "usage: ./autogen.sh"
autogen --help
is "--help" "$status" 0

exit "$failed"

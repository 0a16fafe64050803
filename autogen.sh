#!/bin/sh
# autogen.sh - from a fresh clone to a build: prepares ./configure; with --demo or --check does
# all the rest too. See usage below.
set -eu
cd "$(dirname "$0")"

usage()
{
    cat <<'END'
usage: ./autogen.sh [--demo | --check] [--yes]

    (nothing)  make ./configure
    --demo     everything for a first look: Debian packages, build in build/, and one real
               migration of the example into a private PostgreSQL
    --check    everything for a change: packages, build, all tests, then all tests again with
               AddressSanitizer and UBSan in build-asan/
    --yes      install missing packages without asking (so does a set CI)
END
}

say()
{
    echo "==> $*"
}

die()
{
    echo "autogen.sh: $*" >&2
    exit 1
}

# --- packages -----------------------------------------------------------------------------

build_packages="gcc libc6-dev make autoconf automake libtool libltdl-dev pkg-config libpq-dev
    libjansson-dev libssl-dev libcurl4-openssl-dev libcrypt-dev libmicrohttpd-dev"
check_packages="libcunit1-dev clang-format g++ procps pgbouncer nghttp2-server python3 python3-jsonschema jq
    libphonenumber-dev libprotobuf-dev"

is_installed()
{
    [ "$(dpkg-query -W -f '${Status}' "$1" 2>/dev/null)" = "install ok installed" ]
}

# Any version that is there will do; the package is named for those who have none.
server_package()
{
    for initdb in /usr/lib/postgresql/*/bin/initdb; do
        [ ! -x "$initdb" ] || return 0
    done
    release=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
    if [ "$release" = bookworm ]; then echo postgresql-15; else echo postgresql; fi
}

missing_packages()
{
    wanted=$build_packages
    [ "$mode" != check ] || wanted="$wanted $check_packages"
    for package in $wanted; do
        is_installed "$package" || printf '%s ' "$package"
    done
    server_package
}

# Set before anything is made, so that an interrupted run leaves nothing either.
clean_up()
{
    # shellcheck disable=SC2086
    rm -f "$log" $left_behind
    left_behind=
}

# The server's package would make a cluster for the whole machine and start all that are there, and
# the pooler's would start one. mighost and its tests start their own, so all this is held off while
# apt runs; nothing of it stays.
hold_clusters()
{
    drop_in=/etc/postgresql-common/createcluster.d/mighost-autogen.conf
    mkdir -p "${drop_in%/*}"
    left_behind=$drop_in
    echo "create_main_cluster = false" >"$drop_in"
    policy=/usr/sbin/policy-rc.d
    [ ! -e "$policy" ] || return 0
    left_behind="$left_behind $policy"
    printf '#!/bin/sh\ncase $1 in postgresql*|pgbouncer*) exit 101 ;; esac\nexit 0\n' >"$policy"
    chmod 755 "$policy"
}

apt_install()
{
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q || say "apt-get update failed; going on with the package lists that are there"
    # shellcheck disable=SC2086
    apt-get install -q -y --no-install-recommends $1 || die "apt-get install failed"
}

confirm()
{
    [ -z "${CI-}" ] && [ -z "$yes" ] || return 0
    [ -t 0 ] || return 1
    printf 'Install them now? [Y/n] '
    read -r answer || return 1
    case $answer in '' | [Yy]*) ;; *) return 1 ;; esac
}

need_packages()
{
    if ! command -v dpkg-query >/dev/null; then
        say "no Debian: configure will name what is missing"
        return
    fi
    missing=$(missing_packages | tr '\n' ' ' | sed 's/ *$//')
    [ -n "$missing" ] || return 0
    say "missing Debian packages: $missing"
    line="apt-get update && apt-get install -y --no-install-recommends $missing"
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null || ! confirm; then
        echo "To install them, run as root:"
        echo "    $line"
        exit 1
    fi
    case " $missing" in *" postgresql"* | *" pgbouncer"*) hold_clusters ;; esac
    apt_install "$missing"
    clean_up
}

# --- build --------------------------------------------------------------------------------

# autoreconf and what it calls: without them its own messages would not name a package.
can_prepare()
{
    for tool in autoreconf automake libtoolize pkg-config; do
        command -v "$tool" >/dev/null || return 1
    done
}

prepare()
{
    autoreconf --force --install
}

has_options() # DIR OPTIONS...
{
    had=$("$1/config.status" --config)
    shift
    for option in "$@"; do
        case $had in *"'$option'"*) ;; *) return 1 ;; esac
    done
}

# Does nothing that is done already: make itself sees what changed.
build() # DIR OPTIONS...
{
    dir=$1
    shift
    [ -x configure ] && [ -f Makefile.in ] && [ -f build-aux/ltmain.sh ] || {
        say "preparing ./configure"
        prepare >"$log" 2>&1 || { cat "$log"; die "autoreconf failed"; }
    }
    mkdir -p "$dir"
    [ -x "$dir/config.status" ] && has_options "$dir" "$@" || {
        say "configuring in $dir/"
        (cd "$dir" && ../configure -q "$@") || die "configure failed; see $dir/config.log"
    }
    say "building in $dir/"
    make -C "$dir" --no-print-directory -s -j"$jobs" || die "make failed in $dir/"
}

# --- what is done -------------------------------------------------------------------------

demo()
{
    need_packages
    build build
    say "build/mighost --plugins build/plugins --project share/examples/classroom --run"
    status=0
    build/mighost --plugins build/plugins --project share/examples/classroom --run || status=$?
    # 20: published, with the example's bad records kept aside, as its project allows.
    [ "$status" -ne 20 ] || status=0
    exit "$status"
}

count() # DIR RESULT
{
    sed -n "s/^# $2: *//p" "$1/test-suite.log" 2>/dev/null | grep . || echo 0
}

# One variant, built and tested. The harness ends non-zero for a failed test; what counts is
# what it wrote.
check_variant() # DIR OPTIONS...
{
    failed_make=0
    if (build "$@"); then
        say "make check in $1/"
        rm -f "$1/test-suite.log"
        # Tests wait more than they compute: one more than there are cores.
        make -C "$1" --no-print-directory -s -j"$((jobs + 1))" check VERBOSE=1 || failed_make=1
        if [ -f "$1/test-suite.log" ]; then
            failed_make=0
            failed=$((failed + $(count "$1" FAIL) + $(count "$1" ERROR) + $(count "$1" XPASS)))
        fi
        passed=$((passed + $(count "$1" PASS)))
        skipped=$((skipped + $(count "$1" SKIP)))
    else
        failed_make=1
    fi
    failed=$((failed + failed_make))
}

check()
{
    need_packages
    passed=0 failed=0 skipped=0
    check_variant build --enable-werror --enable-fault-injection
    # gcc's warnings about lengths are wrong in instrumented code: no --enable-werror here.
    check_variant build-asan --enable-fault-injection --enable-sanitizers
    [ "$skipped" -eq 0 ] || say "$skipped skipped; the logs say why"
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

# ------------------------------------------------------------------------------------------

mode=
yes=
left_behind=
jobs=$(nproc 2>/dev/null || echo 1)
log=$(mktemp)
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
for argument in "$@"; do
    case $argument in
    --demo | --check) mode=${argument#--} ;;
    --yes) yes=1 ;;
    --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
done
case $mode in
'') can_prepare || need_packages; prepare ;;
demo) demo ;;
check) check ;;
esac

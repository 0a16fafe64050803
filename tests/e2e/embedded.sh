# embedded.sh - the embedded server: start, start again, crash, stop; as root and as an ordinary
# user. Every case runs in a work directory of its own; what lies elsewhere is removed again.
set -eu

: "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${top_builddir:=$top_srcdir/build}"

skip()
{
    echo "skipped: $1"
    exit 77
}

fail()
{
    echo "FAIL ($who): $1"
    exit 1
}

is() # WHAT GOT EXPECTED
{
    [ "$2" = "$3" ] || fail "$1: got \"$2\", not \"$3\""
}

who=test
TEST_DIR=$(mktemp -d /tmp/mighost-embedded.XXXXXX)
chmod 755 "$TEST_DIR"
drive=$TEST_DIR/drive
cp "$top_builddir/tests/e2e/embedded_drive" "$drive"
bin=$("$drive" bindir) || skip "no PostgreSQL programs (Debian: apt-get install postgresql)"

# Under the user that a pass is about. The work directories are in $area.
as()
{
    if [ "$who" = root ] || [ "$(id -un)" = "$who" ]; then
        "$@"
    else
        (cd / && runuser -u "$who" -- "$@")
    fi
}

drive()
{
    as env HOME="$area" "$drive" "$@"
}

sql() # WORK_DIR STATEMENT
{
    as "$bin/psql" -X -At -v ON_ERROR_STOP=1 -d "$(drive start "$1" app)" -c "$2"
}

home_of() # WORK_DIR
{
    as sed -n 2p "$1/embedded/location"
}

socket_of()
{
    as sed -n 3p "$1/embedded/location"
}

pid_of()
{
    as sed -n 1p "$(home_of "$1")/data/postmaster.pid"
}

clean() # WORK_DIR
{
    drive stop "$1" >/dev/null || :
    if [ -f "$1/embedded/location" ]; then
        rm -rf "$(home_of "$1")" "$(socket_of "$1")"
    fi
    rm -rf "$1"
}

end()
{
    status=$?
    trap - EXIT HUP INT TERM
    set +e
    for area in "$TEST_DIR"/area-*; do
        who=${area##*-}
        for work in "$area"/* "$area"/*/*/*; do
            [ ! -f "$work/embedded/location" ] || clean "$work"
        done
    done
    rm -rf "$TEST_DIR"
    exit "$status"
}
trap end EXIT
trap 'exit 130' HUP INT TERM

# ------------------------------------------------------------------------------------------

starts_and_is_private()
{
    work=$area/plain
    is "before" "$(drive status "$work")" 0
    url=$(drive start "$work" app)
    is "status" "$(drive status "$work")" 1
    is "url" "$url" "postgresql://mighost@/app?host=$(socket_of "$work")&port=5432"
    is "psql" "$(drive psql "$work" app)" "psql -h $(socket_of "$work") -U mighost app"
    is "psql, odd name" "$(drive psql "$work" "a'b")" \
        "psql -h $(socket_of "$work") -U mighost 'a'\\''b'"
    is "settings" "$(sql "$work" "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name)
        FROM pg_settings WHERE name IN ('fsync', 'listen_addresses', 'server_encoding',
        'full_page_writes', 'synchronous_commit', 'max_wal_size')")" \
        "fsync=on full_page_writes=on listen_addresses= max_wal_size=4096 \
server_encoding=UTF8 synchronous_commit=on"
    is "home" "$(stat -c %a "$(home_of "$work")")" 700
    is "socket" "$(stat -c %a "$(socket_of "$work")")" 700
    is "location" "$(stat -c %a "$work/embedded/location")" 600
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u daemon -- "$bin/psql" -X -d "$url" -c "SELECT 1") >/dev/null 2>&1 &&
            fail "another user can connect"
    fi
    sql "$work" "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS id" >/dev/null
}

starts_twice()
{
    work=$area/plain
    pid=$(pid_of "$work")
    is "url" "$(drive start "$work" app)" "$url"
    is "server" "$(pid_of "$work")" "$pid"
    other=$(drive start "$work" "Ünï \"x\" 'y'")
    is "database with an odd name" "$(as "$bin/psql" -X -At -d "$other" -c \
        "SELECT current_database() || pg_encoding_to_char(encoding) FROM pg_database
         WHERE datname = current_database()")" "Ünï \"x\" 'y'UTF8"
    drive start "$work" "" >/dev/null && fail "an empty name of a database is taken"
    :
}

survives_a_killed_postmaster()
{
    work=$area/plain
    as kill -9 "$(pid_of "$work")"
    for _ in $(seq 100); do
        [ "$(drive status "$work")" = 1 ] || break
        sleep 0.1
    done
    is "status after kill" "$(drive status "$work")" 0
    is "rows after kill" "$(sql "$work" "SELECT count(*) FROM kept")" 1000
}

# postmaster.pid of a crash names a process that lives, but is none of ours.
survives_a_stranger_with_its_number()
{
    work=$area/plain
    home=$(home_of "$work")
    owner=$(stat -c %U "$home")
    cp -p "$home/data/postmaster.pid" "$TEST_DIR/pid"
    drive stop "$work"
    (cd / && exec sleep 300) &
    stranger=$!
    sed "1s/.*/$stranger/" "$TEST_DIR/pid" >"$TEST_DIR/pid.new"
    cp "$TEST_DIR/pid.new" "$home/data/postmaster.pid"
    chown "$owner" "$home/data/postmaster.pid"
    chmod 600 "$home/data/postmaster.pid"
    is "status with a stranger" "$(drive status "$work")" 0
    is "rows with a stranger" "$(sql "$work" "SELECT count(*) FROM kept")" 1000
    kill "$stranger"
}

stops_and_starts()
{
    work=$area/plain
    pid=$(pid_of "$work")
    drive stop "$work"
    is "stopped" "$(drive status "$work")" 0
    # One that nobody has reaped yet is dead all the same.
    as readlink "/proc/$pid/cwd" >/dev/null 2>&1 && fail "the server is still there"
    drive stop "$work"
    is "rows" "$(sql "$work" "SELECT count(*) FROM kept")" 1000
    [ -s "$(home_of "$work")/log" ] || fail "no log"
}

finds_its_socket_again()
{
    work=$area/plain
    drive start "$work" app >/dev/null
    rm -rf "$(socket_of "$work")"
    is "rows without socket" "$(sql "$work" "SELECT count(*) FROM kept")" 1000
}

two_starters_get_one_server()
{
    work=$area/race
    for n in 1 2 3 4; do
        drive start "$work" "app$((n % 2))" >"$TEST_DIR/race.$n" &
    done
    wait
    is "two starters" "$(cat "$TEST_DIR"/race.[1-4] | sort | uniq -c | sed 's/?.*//')" \
        "      2 postgresql://mighost@/app0
      2 postgresql://mighost@/app1"
    is "processes" "$(pgrep -fc "postgres -D data .*unix_socket_directories=$(socket_of "$work") " \
        2>/dev/null || :)" 1
    clean "$work"
}

# Killed in initdb, then in the start: the next one completes it. The path is too long for a socket.
killed_starter_is_completed()
{
    long=0123456789012345678901234567890123456789
    work=$area/$long/$long/$long
    for wait in 0.1 0.4 0.8; do
        as env HOME="$area" timeout -s KILL "$wait" "$drive" start "$work" app >/dev/null 2>&1 || :
    done
    # "Temporary" is an answer that asks for the same command again.
    for _ in $(seq 20); do
        drive start "$work" app >/dev/null 2>"$TEST_DIR/killed" && break
        sleep 1
    done
    is "after kills" "$(sql "$work" "SELECT 1")" 1
}

long_paths_work()
{
    socket=$(socket_of "$work")
    [ "${#socket}" -lt 94 ] || fail "socket directory too long: $socket"
    is "short socket's mode" "$(stat -c %a "$socket")" 700
    # Somebody else took the name meanwhile.
    drive stop "$work"
    rm -rf "$socket"
    as mkdir -m 755 "$socket"
    is "taken socket" "$(sql "$work" "SELECT 2")" 2
    [ "$(socket_of "$work")" != "$socket" ] || [ "$(stat -c %a "$socket")" = 700 ] ||
        fail "an open socket directory is used"
    rm -rf "$socket"
    clean "$work"
}

copied_directory_is_another_server()
{
    copy="$area/odd \$(touch pwned) 'x' \"y\", z"
    first=$(drive start "$area/plain" app)
    as cp -a "$area/plain" "$copy"
    drive status "$copy" | grep -qx 0 || fail "the copy has the first one's server"
    # A copy made under a running server is not consistent: only the place matters here.
    rm -rf "$copy/embedded/server"
    second=$(drive start "$copy" app)
    [ "$first" != "$second" ] || fail "the copy uses the first one's server"
    is "odd path" "$(sql "$copy" "SELECT 1")" 1
    clean "$copy"
    [ -z "$(find "$TEST_DIR" / -xdev -maxdepth 3 -name pwned 2>/dev/null)" ] || fail "a shell ran"
}

refusals_say_what_to_do()
{
    as mkdir -p "$area/empty" "$area/linked"
    status=0
    text=$(as env MIGHOST_PG_BIN="$area/empty" "$drive" start "$area/none" app) || status=$?
    is "no programs" "$status" 5
    case $text in *"apt-get install postgresql"*) ;; *) fail "no programs: $text" ;; esac
    as ln -s "$area/empty" "$area/linked/embedded"
    status=0
    text=$(drive start "$area/linked" app) || status=$?
    is "link" "$status" 3
    as rm -r "$area/linked"
}

# Root's own directory cannot be entered by the server's user; one that can be is used.
root_lives_where_its_user_can_enter()
{
    case $(home_of "$area/plain") in
    /var/lib/mighost/* | /var/tmp/mighost-*) ;;
    *) fail "home $(home_of "$area/plain")" ;;
    esac
    mkdir -m 755 "$area/open"
    is "open work directory" "$(sql "$area/open" "SELECT 1")" 1
    is "home" "$(home_of "$area/open")" "$area/open/embedded/server"
    is "owner" "$(stat -c %U:%a "$area/open/embedded/server")" "postgres:700"
    clean "$area/open"
}

all_cases()
{
    starts_and_is_private
    starts_twice
    survives_a_killed_postmaster
    survives_a_stranger_with_its_number
    stops_and_starts
    finds_its_socket_again
    two_starters_get_one_server
    killed_starter_is_completed
    long_paths_work
    copied_directory_is_another_server
    refusals_say_what_to_do
    [ "$who" != root ] || root_lives_where_its_user_can_enter
    clean "$area/plain"
    echo "ok: as $who"
}

for who in $(if [ "$(id -u)" -eq 0 ]; then echo root nobody; else id -un; fi); do
    if [ "$who" = root ] && ! id postgres >/dev/null 2>&1; then
        continue
    fi
    area=$TEST_DIR/area-$who
    mkdir -m 755 "$area"
    [ "$(id -un)" = "$who" ] || chown "$who" "$area"
    all_cases
done

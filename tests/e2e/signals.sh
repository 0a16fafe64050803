# signals.sh - what stops a run from outside: signals, locks of the application, the settings of a
# DBA, terminated backends, a server or a login that is not there. The exit code says whether the
# same command may be repeated, the live tables are whole, and repeating it completes.
# signals.sh whole: a signal, and two, at every fault point.
. "$top_srcdir/tests/fixtures/small.sh"

"$MIGHOST" --list-faults >"$TEST_DIR/points"
[ -s "$TEST_DIR/points" ] || pgtmp_skip "built without --enable-fault-injection"
mode=${1-sampled}

now_ms()
{
    date +%s%3N
}

is_live() # FILE WHAT
{
    live >"$TEST_DIR/now"
    diff "$TEST_DIR/$1" "$TEST_DIR/now" || fail "$2: the live tables are not as $1"
}

# Before or after the run, and then after it; then back.
completes() # WHAT
{
    quiet_target
    live >"$TEST_DIR/now"
    cmp -s "$TEST_DIR/now" "$TEST_DIR/before" || cmp -s "$TEST_DIR/now" "$TEST_DIR/after" ||
        fail "$1: the live tables are between before and after"
    mh_ends 20 --run
    is_live after "$1, repeated"
    mh_ends 0 --rollback
    # Ended in order behind its last step, it was complete: then the repetition changed nothing.
    live >"$TEST_DIR/now"
    cmp -s "$TEST_DIR/now" "$TEST_DIR/before" || mh_ends 0 --rollback
    is_live before "$1, rolled back"
}

completes_after() # WHAT: a run has completed
{
    is_live after "$1"
    mh_ends 0 --rollback
    is_live before "$1, rolled back"
}

within() # MILLISECONDS BEGUN WHAT
{
    took=$(($(now_ms) - $2))
    [ "$took" -le "$1" ] || fail "$3: took $took ms, allowed are $1"
}

# ---- signals -----------------------------------------------------------------------------------

# Sent by the program to itself at the point, once.
signalled() # POINT:HIT:SIGNAL STATUSES
{
    begun=$(now_ms)
    MIGHOST_FAULT=$1 mh_ends "$2" --run
    within 20000 "$begun" "$1" # of these 10 s for what comes before the signal
    says_not "internal error"
    [ "$mh_status" -eq 20 ] || says "stopped"
    completes "$1"
}

# Of a rollback: nothing is undone, or all.
undo_signalled() # POINT:HIT:SIGNAL STATUSES
{
    mh_ends 20 --run
    MIGHOST_FAULT=$1 mh_ends "$2" --rollback
    if [ "$mh_status" -ne 0 ]; then
        says "stopped"
        is_live after "$1"
        mh_ends 0 --rollback
    fi
    is_live before "$1, rolled back"
}

# In the background, with its process in $pid.
start() # FAULT ARGS...
{
    fault=$1
    shift
    rm -f "$here/passed"
    MIGHOST_FAULT_LIST=$here/passed MIGHOST_FAULT=$fault "$MIGHOST" --plugins "$PLUGINS" --project "$project" \
        --work-dir "$here/work" "$@" >"$here/out" 2>&1 &
    pid=$!
}

reaches() # POINT
{
    until grep -qs "^$1\$" "$here/passed"; do
        kill -0 "$pid" 2>/dev/null || fail "ends before it comes to $1"
        sleep 0.02
    done
}

wait_stopped()
{
    until grep -q '^State:.*T' "/proc/$pid/status"; do
        kill -0 "$pid" 2>/dev/null || fail "ends before it comes to its point"
        sleep 0.02
    done
}

# The same command, which now stands still at POINT.
start_stopped() # POINT:HIT ARGS...
{
    point=$1
    shift
    start "$point:stop" "$@"
    wait_stopped
}

ends() # STATUSES
{
    mh_status=0
    wait "$pid" || mh_status=$?
    case " $1 " in
    *" $mh_status "*) ;;
    *) fail "ends with $mh_status, not $1" ;;
    esac
}

# Another session holds TABLE in MODE until released.
hold() # TABLE MODE
{
    mkfifo "$TEST_DIR/holder"
    psql_t db <"$TEST_DIR/holder" >"$TEST_DIR/held" 2>&1 &
    holder=$!
    exec 9>"$TEST_DIR/holder"
    echo "BEGIN; LOCK TABLE $1 IN $2 MODE; SELECT 'locked';" >&9
    until grep -q locked "$TEST_DIR/held"; do sleep 0.02; done
}

release()
{
    echo "COMMIT;" >&9
    exec 9>&-
    wait "$holder"
    rm "$TEST_DIR/holder"
}

waits_for_lock()
{
    tries=0
    until [ "$(run_sql "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name IN ('mighost', 'pg_dump') AND wait_event_type = 'Lock'")" -gt 0 ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 1200 ] || fail "does not come to wait for the lock"
        sleep 0.05
    done
}

# A statement that waits is cancelled by the first signal. The lock is taken while the program
# stands at POINT, behind the step that it names; without POINT it is there from the start.
signalled_in_lock() # TABLE MODE POINT STEP SIGNAL STATUS
{
    what="$5 while $4 waits for $1"
    if [ -n "$3" ]; then
        start_stopped "$3:1" --run
        hold "$1" "$2"
        kill -CONT "$pid"
    else
        hold "$1" "$2"
        start "" --run
    fi
    waits_for_lock
    begun=$(now_ms)
    kill "-$5" "$pid"
    ends "$6"
    within 10000 "$begun" "$what"
    release
    completes "$what"
}

# The first is noted, the second ends it at once, whatever it does.
signalled_twice() # POINT SIGNAL STATUS
{
    start "$1:1:sleep=60000" --run
    reaches "$1"
    kill "-$2" "$pid"
    # Two that are pending are one.
    until grep -q '^ShdPnd:[[:space:]]*0*$' "/proc/$pid/status"; do sleep 0.02; done
    kill -0 "$pid" || fail "$1: does not go on after one signal"
    begun=$(now_ms)
    kill "-$2" "$pid"
    ends "$3"
    within 10000 "$begun" "the second signal at $1"
    completes "two signals at $1"
}

# Nobody reads what it says.
unread() # REDIRECTION
{
    {
        status=0
        eval '"$MIGHOST" --plugins "$PLUGINS" --project "$project" --work-dir "$here/work" --run' \
            "$1" || status=$?
        echo "$status" >"$TEST_DIR/status"
    } 2>"$here/out" | :
    case $(cat "$TEST_DIR/status") in
    20 | 12) ;;
    *) fail "$1: ends with $(cat "$TEST_DIR/status")" ;;
    esac
    [ "$(state_of)" = done ] || fail "$1: the run is $(state_of)"
    completes_after "$1"
}

signals()
{
    if [ "$mode" = whole ]; then
        for signal in int term hup; do
            while read -r point; do
                signalled "$point:1:$signal" "20 130 143"
            done <"$TEST_DIR/points"
        done
        while read -r point; do
            case $point in
            rollback*) undo_signalled "$point:1:int" "130 0" ;;
            *) signalled_twice "$point" INT 130 ;;
            esac
        done <"$TEST_DIR/points"
    fi
    signalled preflight.done:1:term 143
    signalled run.opened:1:int 130
    signalled chunk.read:5:int 130
    signalled check.values:1:term 143
    signalled backup.before:1:hup 143
    signalled publish.table:2:int 130
    signalled publish.before_commit:1:term 143
    signalled publish.after_commit:1:int 130
    signalled report.begin:1:term "20 143"
    signalled_twice plan.sorted INT 130
    signalled_twice chunk.copy TERM 143
    signalled_twice check.references INT 130
    signalled_twice backup.done HUP 143
    signalled_twice publish.table INT 130
    signalled_twice publish.after_commit TERM 143
    signalled_twice report.begin INT 130
    undo_signalled rollback.table:1:int 130
    undo_signalled rollback.before_commit:1:term 143
    # Longer than a signal may take.
    small_project -e 's/"lock": 1/"lock": 60/'
    signalled_in_lock school.tests "ACCESS EXCLUSIVE" "" plan TERM 143
    signalled_in_lock school.tests "ACCESS EXCLUSIVE" load.done load INT 130
    signalled_in_lock school.tests "ACCESS EXCLUSIVE" backup.before backup HUP 143
    signalled_in_lock school.tests EXCLUSIVE "" publish INT 130
    small_project
    unread ">&-"
    unread "2>&-"
    unread "2>&1"
}

# ---- locks, deadlocks, retries -----------------------------------------------------------------

locked()
{
    # Readers are not in the way.
    hold school.tests "ACCESS SHARE"
    mh_ends 20 --run
    mh_ends 0 --rollback
    release
    is_live before "beside a reader"

    # Given up after the retries of the project; the queue behind us was never longer than that.
    hold school.tests EXCLUSIVE
    mh_ends 75 --run
    says "55P03"
    says "trying again"
    says "no live table was changed"
    is_live before "locked out"
    start "" --run
    until grep -q "trying again" "$here/out"; do
        kill -0 "$pid" 2>/dev/null || fail "ends before the lock is released"
        sleep 0.05
    done
    release
    ends 20
    completes_after "a lock that was released"

    hold school.classes "ACCESS EXCLUSIVE"
    mh_ends 75 --run
    says "55P03"
    release
    is_live before "locked out of the plan"
    start_stopped load.done:1 --run
    hold school.classes "ACCESS EXCLUSIVE"
    kill -CONT "$pid"
    ends 75
    says "check: target: a lock that could not be had in time"
    release
    completes "locked out of check"
}

# The application has what we need next, and waits for what we have.
deadlocked()
{
    psql_t db >"$TEST_DIR/app" 2>&1 <<'SQL' &
SET deadlock_timeout = '60s';
BEGIN;
LOCK TABLE school.tests IN ROW EXCLUSIVE MODE;
SELECT 'locked';
DO $$ BEGIN
    WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'school.tests'::regclass)
    LOOP PERFORM pg_sleep(0.02); END LOOP;
END $$;
LOCK TABLE school.users IN ROW EXCLUSIVE MODE;
COMMIT;
SELECT 'committed';
SQL
    app=$!
    until grep -q locked "$TEST_DIR/app"; do sleep 0.02; done
    mh_ends 20 --run
    says "40P01"
    says "trying again"
    wait "$app"
    grep -q committed "$TEST_DIR/app" || fail "the application did not win the deadlock"
    completes_after "a deadlock"
}

# A writer of the application at level SERIALIZABLE, as its trigger shows it to us: so many times.
serialized() # FAILURES STATUS
{
    run_sql "CREATE SCHEMA app"
    run_sql "CREATE SEQUENCE app.tries"
    run_sql "CREATE FUNCTION app.fail() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
        IF nextval('app.tries') <= $1 THEN RAISE SQLSTATE '40001'; END IF; RETURN NULL; END \$\$"
    run_sql "CREATE TRIGGER fail AFTER UPDATE ON school.tests EXECUTE FUNCTION app.fail()"
    mh_ends "$2" --run
    says "40001"
    says "trying again"
    run_sql "DROP SCHEMA app CASCADE" 2>/dev/null
    if [ "$2" -eq 20 ]; then
        completes_after "serialization failures"
    else
        is_live before "serialization failures"
        completes "serialization failures"
    fi
}

# Limits that a DBA set for the role are meant for others.
role_settings()
{
    run_sql "ALTER ROLE postgres IN DATABASE \"$(pgtmp_db db)\" SET statement_timeout = '400ms'"
    run_sql "ALTER ROLE postgres IN DATABASE \"$(pgtmp_db db)\" SET
        idle_in_transaction_session_timeout = '200ms'"
    run_sql "ALTER ROLE postgres IN DATABASE \"$(pgtmp_db db)\" SET
        default_transaction_isolation = 'serializable'"
    run_sql "CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep(0.6); RETURN NULL; END'"
    run_sql "CREATE TRIGGER slow AFTER UPDATE ON school.tests EXECUTE FUNCTION public.slow()"
    for point in chunk.before_commit:2 check.values:1 publish.table:2; do
        MIGHOST_FAULT=$point:sleep=400 mh_ends 20 --run
        says_not "57014"
        is_live after "limits of the role at $point"
        mh_ends 0 --rollback
        is_live before "limits of the role at $point"
    done
    run_sql "DROP FUNCTION public.slow CASCADE" 2>/dev/null
    run_sql "ALTER ROLE postgres IN DATABASE \"$(pgtmp_db db)\" RESET ALL"
}

# ---- the server --------------------------------------------------------------------------------

# By an administrator, at the point: the connection of the run, or all of the process.
terminated() # FAULT STATUSES WHICH
{
    start_stopped "$1" --run
    run_sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name =
        'mighost' AND datname = current_database() AND $3" >/dev/null
    kill -CONT "$pid"
    ends "$2"
    if [ "$mh_status" -eq 20 ]; then
        completes_after "terminated at $1"
    else
        completes "terminated at $1"
    fi
}

server_gone()
{
    pg_stop fast
    begun=$(now_ms)
    mh_ends 75 --run
    within 30000 "$begun" "no server"
    says "no connection to"
    says "nothing was written"
    pg_start
    for point in chunk.copy:3 publish.table:2; do
        start_stopped "$point" --run
        pg_stop immediate
        begun=$(now_ms)
        kill -CONT "$pid"
        ends 75
        within 30000 "$begun" "the server is gone at $point"
        says "no live table was changed"
        pg_start
        completes "the server is gone at $point"
    done
}

# Killed while a statement of publish runs: the server does not work on for nobody, nor hold its locks.
server_notices()
{
    [ "$(run_sql "SHOW server_version_num")" -ge 140000 ] || return 0
    run_sql "CREATE FUNCTION public.long() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep(120); RETURN NULL; END'"
    run_sql "CREATE TRIGGER long AFTER UPDATE ON school.tests EXECUTE FUNCTION public.long()"
    start "" --run
    sleeping="SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    until [ "$(run_sql "$sleeping")" -eq 1 ]; do
        kill -0 "$pid" 2>/dev/null || fail "ends before its trigger sleeps"
        sleep 0.05
    done
    begun=$(now_ms)
    kill -KILL "$pid"
    wait "$pid" || :
    until [ "$(run_sql "$sleeping")" -eq 0 ]; do
        within 10000 "$begun" "the server works on for a process that was killed"
        sleep 0.1
    done
    run_sql "DROP FUNCTION public.long CASCADE" 2>/dev/null
    completes "killed in a long statement"
}

refused() # URL STATUS TEXT
{
    DATABASE_URL=$1 mh_ends "$2" --run
    says "$3"
    says_not sekret
}

logins()
{
    socket=$PGTMP_SOCKET
    run_sql "CREATE ROLE locked LOGIN PASSWORD 'right'"
    hba=$(run_sql "SHOW hba_file")
    cp "$hba" "$TEST_DIR/hba"
    { echo "local all locked scram-sha-256"; cat "$TEST_DIR/hba"; } >"$hba"
    run_sql "SELECT pg_reload_conf()" >/dev/null
    refused "postgresql://locked:sekret@/db?host=$socket" 5 "wrong or no password"
    # Repeated logins lock accounts.
    [ "$(grep -c 'FATAL:  password authentication failed' "$TEST_DIR/pg/log")" -eq 1 ] ||
        fail "a wrong password is tried more than once"
    refused "postgresql://postgres:sekret@/missing?host=$socket" 5 "no such database or role"
    refused "postgresql://missing:sekret@/db?host=$socket" 5 "no such database or role"
    refused "postgresql://postgres:sekret@no-such-host.invalid/db" 75 "no connection to"
    refused "postgresql://postgres:sekret@127.0.0.1:1/db" 75 "no connection to 127.0.0.1 port 1"
    # It takes the connection and says nothing.
    if command -v python3 >/dev/null; then
        python3 -c 'import socket, time
silent = socket.create_server(("127.0.0.1", 0))
print(silent.getsockname()[1], flush=True)
time.sleep(600)' >"$TEST_DIR/silent" &
        silent=$!
        at_exit "kill $silent 2>/dev/null"
        until [ -s "$TEST_DIR/silent" ]; do sleep 0.02; done
        begun=$(now_ms)
        refused "postgresql://postgres:sekret@127.0.0.1:$(cat "$TEST_DIR/silent")/db" 75 \
            "no connection to 127.0.0.1 port $(cat "$TEST_DIR/silent")"
        within 60000 "$begun" "a server that says nothing"
    fi
    cp "$TEST_DIR/hba" "$hba"
    run_sql "SELECT pg_reload_conf()" >/dev/null
    run_sql "ALTER ROLE postgres IN DATABASE \"$(pgtmp_db db)\" SET default_transaction_read_only = on"
    mh_ends 5 --run
    says "read-only"
    psql_t db -c "SET default_transaction_read_only = off" \
        -c "ALTER ROLE postgres IN DATABASE \"$(pgtmp_db db)\" RESET ALL"
    is_live before "read-only"
}

# ------------------------------------------------------------------------------------------------

small_project
small_target db
live >"$TEST_DIR/before"
mh_ends 20 --run
live >"$TEST_DIR/after"
mh_ends 0 --rollback
signals
# Without a backup the rest says the same sooner.
small_project -e 's/"on_invalid"/"backup": { "scope": "none" }, &/'
locked
serialized 2 20
serialized 9 75
of_run="pid = (SELECT backend FROM mighost.run ORDER BY id DESC LIMIT 1)"
terminated chunk.copy:3 20 "$of_run"
terminated chunk.copy:5 "20 75" true
terminated check.values:1 75 true
terminated publish.table:2 20 "$of_run"
terminated publish.table:2 20 true
terminated publish.after_commit:1 75 true
server_notices
role_settings
[ -n "${MIGHOST_TEST_SOCKET-}" ] || {
    MIGHOST_SETTLE=2 && export MIGHOST_SETTLE
    server_gone
    logins
}
# A lock is waited for longer than a deadlock takes to be seen.
small_project -e 's/"on_invalid"/"backup": { "scope": "none" }, &/' -e 's/"lock": 1/"lock": 5/'
deadlocked

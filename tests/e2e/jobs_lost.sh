# jobs_lost.sh - a load by worker processes that loses a worker, their parent, a connection or the
# snapshot, or is stopped: nothing is loaded twice, nothing is missing, nobody is left behind.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/school.sh"

# ---- what is lost on the way -------------------------------------------------------------

pid_of() # DB
{
    psql_t "$1" -c 'SELECT pid FROM mighost.run ORDER BY id DESC LIMIT 1' 2>/dev/null || :
}

workers_of() # PID
{
    for status in /proc/[0-9]*/status; do
        ! grep -qs "^PPid:[[:space:]]*$1\$" "$status" || sed -n 's/^Pid:[[:space:]]*//p' "$status"
    done
}

# A slow run in the background that has got as far as this many chunks of the stage.
slow() # CODE DB STAGE CHUNKS ARGS...
{
    slow_code=$1 slow_db=$2 slow_stage=$3 slow_chunks=$4
    shift 4
    fingerprint_db "$slow_db" >"$TEST_DIR/before.$slow_db"
    (MIGHOST_FAULT=chunk.read:*:sleep=${slow_ms-40} mig "$slow_code" "$slow_db" school --run "$@") &
    slow_pid=$!
    slow_sql="SELECT count(*) FROM mighost.chunk WHERE $newest AND stage = '$slow_stage'"
    until [ "$(psql_t "$slow_db" -c "$slow_sql" 2>/dev/null || echo 0)" -ge "$slow_chunks" ]; do
        kill -0 "$slow_pid" 2>/dev/null || fail "a run on $slow_db ends before it has loaded $slow_stage"
        sleep 0.02
    done
    slow_process=$(pid_of "$slow_db")
    slow_workers=$(workers_of "$slow_process")
}

ends()
{
    wait "$slow_pid" || exit 1
    BUNDLE=$(sed -n 's/^run .*; report: //p' "$OUT")
}

gone() # PID...: within two seconds
{
    for pid; do
        for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
            kill -0 "$pid" 2>/dev/null || continue 2
            sleep 0.1
        done
        fail "process $pid is still there"
    done
}

echo "a worker is killed"
target k
slow 20 k pupils 3 --jobs 2
set -- $slow_workers
is "workers" $# 2
kill -9 "$1"
ends
says "was ended by signal 9; the other workers take over"
ledger k
right k
outcome k >"$TEST_DIR/outcome"
snapshots 1
alone k

echo "a worker's connection to the target is lost"
target c
slow 20 c pupils 3 --jobs 2
for _ in 1 2 3; do
    psql_t c -c "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'mighost'
        AND datname = current_database() AND query <> '' AND pid <> (SELECT backend FROM mighost.run)" >/dev/null
    sleep 0.1
done
ends
says "a part is loaded again"
ledger c
right c
alone c

echo "the parent is killed"
target p
slow_ms=500 # they would go on for seconds
slow 137 p pupils 1 --jobs 2
slow_ms=40
kill -9 "$slow_process"
gone $slow_workers
ends
alone p
staged=$(psql_t p -c "SELECT count(*) FROM mighost.chunk")
unchanged p "a killed run"
sleep 0.3
rows p "SELECT count(*) FROM mighost.chunk" "$staged"
run 20 p school
says "goes on where it stopped"
right p
snapshots 2
says "source old was read in 2 snapshots"
reported "source old was read in 2 snapshots"
rows p "SELECT count(*) > 2, max(attempt) > 1, bool_and(done) FROM mighost.part WHERE stage = 'pupils'" "t|t|t"
outcome p | diff "$TEST_DIR/outcome" - || fail "what was taken up is not what one process gives"

for who in parent all; do
    echo "SIGINT to $who"
    target "i$who"
    slow 130 "i$who" pupils 3 --jobs 2
    if [ $who = all ]; then
        kill -INT "$slow_process" $slow_workers
    else
        kill -INT "$slow_process"
    fi
    ends
    gone $slow_workers
    alone "i$who"
    unchanged "i$who" "a stopped run"
    run 20 "i$who" school --jobs 4
    right "i$who"
    alone "i$who"
done

if [ -z "${MIGHOST_TEST_SOCKET-}" ]; then
    echo "the servers crash, with what was not on the disk yet"
    target x
    slow 75 x pupils 4 --jobs 2
    pg_stop immediate
    pg_start
    ends
    gone $slow_workers
    unchanged x "a run whose server crashed"
    run 20 x school --jobs 2
    says "goes on where it stopped"
    right x
    outcome x | diff "$TEST_DIR/outcome" - || fail "after a crash it is not what one process gives"
    alone x
fi

echo "the snapshot is lost"
target s
fingerprint_db s >"$TEST_DIR/before.s"
stand 75 s school stage.loaded:1 --jobs 2
psql_t postgres -c "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = '$(pgtmp_db old)'" >/dev/null
go_on
says "lost, and its snapshot with it"
unchanged s "a run without its snapshot"
alone s
run 20 s school --jobs 2
right s
snapshots 2
alone s
echo "ok"

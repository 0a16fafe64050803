# jobs_lost.sh - a load by worker processes that loses a worker, their parent, a connection or the
# snapshot, or is stopped: nothing is loaded twice, nothing is missing, nobody is left behind.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/school.sh"

workers_of() # PID: its children, the first worker first
{
    cat /proc/[0-9]*/status 2>/dev/null |
        awk -v parent="$1" '$1 == "Pid:" { pid = $2 } $1 == "PPid:" && $2 == parent { print pid }' | sort -n
}

# A run of two workers in the background that goes on until N of its transactions are at the gate.
gated() # CODE DB N EVENT TABLE CONDITION
{
    fingerprint_db "$2" >"$TEST_DIR/before.$2"
    stand "$1" "$2" "${project-school}" run.opened:1 --jobs 2
    gate "$2" "$4" "$5" "$6"
    kill -CONT "$stand_process"
    at_gate "$2" "$3"
    set -- $(workers_of "$stand_process")
    is "workers" $# 2
    first=$1 second=$2
}

# Each worker has loaded one chunk of a part, and waits for the next one to be there.
halfway() # CODE DB
{
    gated "$1" "$2" 2 INSERT chunk "NEW.stage = 'pupils' AND NEW.first_record > 1"
}

ends()
{
    wait "$stand_pid" || exit 1
    stand_process=
    BUNDLE=$(sed -n 's/^run .*; report: //p' "$OUT")
}

is_gone() # PID
{
    ! kill -0 "$1" 2>/dev/null
}

gone() # PID...
{
    for pid; do
        within "process $pid is still there" is_gone "$pid"
    done
}

is_right() # DB: after the loss of a worker
{
    ledger "$1"
    right "$1"
    outcome "$1" | diff "$TEST_DIR/outcome" - || fail "what several load is not what one loads"
    snapshots 1
    alone "$1"
}

taken_over() # DB: all but one part of the pupils
{
    grep -q "worker 1 was ended by signal 9; the other workers take over" "$ERR" &&
        [ "$(psql_t "$1" -c "SELECT count(*) FROM mighost.part WHERE stage = 'pupils' AND NOT done")" = 1 ]
}

# ---- a worker ----------------------------------------------------------------------------

target one
run 20 one school
outcome one >"$TEST_DIR/outcome"

echo "a worker is killed"
target k
halfway 20 k
kill -9 "$second"
open_gate k
ends
says "worker 2 was ended by signal 9; the other workers take over"
is_right k

# Its transaction commits when the others have been told that it is gone: what it claimed there is
# nobody's, what it finished there is done.
mkdir "$TEST_DIR/hasty"
sed 's/"batch_size"/"timeouts": { "lock": 1 }, "batch_size"/' "$TEST_DIR/school/project.json" \
    >"$TEST_DIR/hasty/project.json"
project=hasty
for last in claim end; do
    echo "a worker is killed while the server commits the $last of a part"
    target "$last"
    case $last in
    claim) is_last="NOT NEW.done AND NEW.attempt > OLD.attempt" attempts=2 ;;
    end) is_last="NEW.done AND NOT OLD.done" attempts=1 ;;
    esac
    gated 20 "$last" 1 UPDATE part "NEW.stage = 'pupils' AND NEW.worker = 1 AND $is_last"
    kill -9 "$first"
    within "the other worker does not take over" taken_over "$last"
    sleep 1.5 # more than the other process waits for a lock
    open_gate "$last"
    ends
    is_right "$last"
    rows "$last" "SELECT max(attempt) FROM mighost.part WHERE stage = 'pupils'" $attempts
done
unset project

echo "a worker's connection to the target is lost"
target c
halfway 20 c
of_workers="FROM pg_stat_activity WHERE application_name = 'mighost' AND datname = current_database()
    AND backend_type = 'client backend' AND query <> '' AND pid <> (SELECT backend FROM mighost.run)"
ended() # DB PIDS
{
    [ "$(psql_t "$1" -c "SELECT count(*) FROM pg_stat_activity WHERE pid IN ($2)")" = 0 ]
}
for _ in 1 2 3; do
    at_gate c 2
    pids=$(psql_t c -c "SELECT string_agg(pid::text, ',') $of_workers")
    rows c "SELECT count(pg_terminate_backend(pid)) FROM unnest(ARRAY[$pids]) pid" 2
    within "connections do not end" ended c "$pids"
done
open_gate c
psql_t c -c "SELECT count(pg_terminate_backend(pid)) $of_workers" >/dev/null # at whatever moment
ends
says "a part is loaded again"
is_right c

# ---- the run -----------------------------------------------------------------------------

echo "the parent is killed"
target p
halfway 137 p
kill -9 "$stand_process"
gone $first $second
open_gate p
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
    halfway 130 "i$who"
    if [ $who = all ]; then
        kill -INT "$stand_process" "$first" "$second"
    else
        kill -INT "$stand_process"
    fi
    open_gate "i$who"
    ends
    gone $first $second
    alone "i$who"
    unchanged "i$who" "a stopped run"
    run 20 "i$who" school --jobs 4
    right "i$who"
    alone "i$who"
done

if [ -z "${MIGHOST_TEST_SOCKET-}" ]; then
    echo "the servers crash, with what was not on the disk yet"
    target x
    halfway 75 x
    pg_stop immediate
    pg_start
    open_gate x
    ends
    gone $first $second
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

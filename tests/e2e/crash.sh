# crash.sh - killed at any point, the live tables are as before or as after the whole run; the
# same command then completes, and the undo gives what was before. The points are those that the
# program prints; one that is never passed fails the test.
#
# crash.sh           each point at its first hit and at one other, and a failure at each point
# crash.sh whole     every hit of every point, pairs of two kills, SIGKILL at random times, and
#                    the server stopped at random times
# CRASH_SEED repeats a sample, CRASH_JOBS works in so many databases at once (2).
. "$top_srcdir/tests/fixtures/small.sh"

mode=${1-sampled}
seed=${CRASH_SEED-$(date +%s)}
jobs=${CRASH_JOBS-2}
points=$TEST_DIR/points
passed=$TEST_DIR/passed

"$MIGHOST" --list-faults | grep -v '^rehearsal' >"$points" || : # those are passed in rehearse.sh
[ -s "$points" ] || pgtmp_skip "built without --enable-fault-injection"
echo "seed $seed"

# Before, during or after: what killed it never leaves anything between.
whole_states() # WHAT
{
    quiet_target
    live >"$here/now"
    cmp -s "$here/now" "$TEST_DIR/before" || cmp -s "$here/now" "$TEST_DIR/after" || {
        diff "$TEST_DIR/before" "$here/now" || :
        diff "$TEST_DIR/after" "$here/now" || :
        fail "$1: the live tables are between before and after"
    }
}

must_be() # FILE WHAT
{
    live >"$here/now"
    cmp -s "$here/now" "$TEST_DIR/$1" || {
        diff "$TEST_DIR/$1" "$here/now" || :
        fail "$2: the live tables are not as $1"
    }
}

completes() # WHAT
{
    mh --run
    [ "$mh_status" -eq 20 ] || fail "$1: the same command then ends with $mh_status, not 20"
    must_be after "$1, repeated"
}

# What was killed behind its last COMMIT was complete: then the repetition is a run of its own that
# had nothing to do and is undone first, or there is no run to roll back any more.
undone() # WHAT
{
    for undone_try in 1 2 3; do
        mh_ends "0 13" --rollback
        live >"$here/now"
        ! cmp -s "$here/now" "$TEST_DIR/before" || return 0
        must_be after "$1, rollback $undone_try"
    done
    must_be before "$1, rolled back"
}

run_killed() # POINT HIT
{
    MIGHOST_FAULT=$1:$2:kill mh --run
    [ "$mh_status" -eq 137 ] || fail "$1 hit $2: not killed, but ended with $mh_status"
    whole_states "killed at $1 hit $2"
    completes "killed at $1 hit $2"
    undone "killed at $1 hit $2"
}

rollback_killed() # POINT HIT
{
    mh_ends 20 --run
    MIGHOST_FAULT=$1:$2:kill mh --rollback
    [ "$mh_status" -eq 137 ] || fail "$1 hit $2: not killed, but ended with $mh_status"
    whole_states "killed at $1 hit $2"
    undone "killed at $1 hit $2"
}

# The repetition is killed as well.
rollback_killed_twice() # POINT HIT POINT HIT
{
    mh_ends 20 --run
    for fault in "$1:$2" "$3:$4"; do
        MIGHOST_FAULT=$fault:kill mh --rollback
        case $mh_status in 137 | 0 | 13) ;; *) fail "$fault in a rollback: ended with $mh_status" ;; esac
        whole_states "rollback killed at $fault"
    done
    undone "rollback killed at $1 hit $2, then at $3 hit $4"
}

# The repetition is killed as well, then a third one completes.
killed_twice() # POINT HIT POINT HIT
{
    MIGHOST_FAULT=$1:$2:kill mh --run
    whole_states "killed at $1 hit $2"
    MIGHOST_FAULT=$3:$4:kill mh --run
    case $mh_status in 137 | 20) ;; *) fail "$1 $2, then $3 $4: ended with $mh_status" ;; esac
    whole_states "killed at $1 hit $2, then at $3 hit $4"
    [ "$mh_status" -eq 20 ] || completes "killed at $1 hit $2, then at $3 hit $4"
    MIGHOST_FAULT=rollback.$5:1:kill mh --rollback
    whole_states "killed at $1 hit $2, then at $3 hit $4, then at rollback.$5"
    undone "killed at $1 hit $2, then at $3 hit $4, then at rollback.$5"
}

# An operation that fails where the point stands: tried again, or the state is safe.
run_failed() # POINT HIT
{
    MIGHOST_FAULT=$1:$2:fail mh --run
    case $mh_status in 75 | 20) ;; *) fail "$1 hit $2 failed: ended with $mh_status" ;; esac
    whole_states "failed at $1 hit $2"
    [ "$mh_status" -eq 20 ] || completes "failed at $1 hit $2"
    undone "failed at $1 hit $2"
}

rollback_failed() # POINT HIT
{
    mh_ends 20 --run
    MIGHOST_FAULT=$1:$2:fail mh --rollback
    case $mh_status in 75 | 0) ;; *) fail "$1 hit $2 failed: ended with $mh_status" ;; esac
    whole_states "failed at $1 hit $2"
    undone "failed at $1 hit $2"
}

killed_after() # MILLISECONDS
{
    "$MIGHOST" --plugins "$PLUGINS" --project "$project" --work-dir "$here/work" --run \
        >"$here/out" 2>&1 &
    pid=$!
    sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
    kill -9 "$pid" 2>/dev/null || :
    wait "$pid" 2>/dev/null || :
    whole_states "killed after $1 ms"
    completes "killed after $1 ms"
    undone "killed after $1 ms"
}

# ---- the list of what is to be done -------------------------------------------------------------

# What one run and one rollback pass, and how often: "run 3 publish.table".
prepare()
{
    small_project
    small_target "$1"
    live >"$TEST_DIR/before"
    MIGHOST_FAULT_LIST=$passed mh_ends 20 --run
    live >"$TEST_DIR/after"
    case $(run_sql "SELECT min(least(i, u, d)) FROM (SELECT sum(inserted) AS i, sum(updated) AS u,
        sum(deleted) AS d FROM mighost.run_table GROUP BY run ORDER BY run DESC LIMIT 1) x") in
    '' | 0) fail "the run does not insert, update and delete" ;;
    esac
    cmp -s "$TEST_DIR/before" "$TEST_DIR/after" && fail "the run changes nothing"
    sort "$passed" | uniq -c | sed 's/^/run /' >"$TEST_DIR/counted"
    : >"$passed"
    MIGHOST_FAULT_LIST=$passed mh_ends 0 --rollback
    live >"$TEST_DIR/now"
    cmp "$TEST_DIR/now" "$TEST_DIR/before" || fail "the rollback does not give what was before"
    sort "$passed" | uniq -c | sed 's/^/rollback /' >>"$TEST_DIR/counted"
    while read -r point; do
        grep -q " $point\$" "$TEST_DIR/counted" || fail "point $point is never passed"
    done <"$points"
}

# One line a task: its function and arguments.
tasks()
{
    awk -v seed="$seed" -v mode="$mode" '
        BEGIN { srand(seed); n = split("begin checked table before_commit after_commit", undo) }
        { kind[NR] = $1; count[NR] = $2; point[NR] = $3 }
        function any(i) { return 1 + int(rand() * count[i]) }
        function other(i) { return 2 + int(rand() * (count[i] - 1)) }
        END {
            for (i = 1; i <= NR; i++) {
                if (mode == "whole") {
                    for (k = 1; k <= count[i]; k++) {
                        print kind[i] "_killed", point[i], k
                        print kind[i] "_failed", point[i], k
                    }
                    continue
                }
                print kind[i] "_killed", point[i], 1
                if (count[i] > 1)
                    print kind[i] "_killed", point[i], other(i)
                print kind[i] "_failed", point[i], any(i)
            }
            for (k = 0; k < (mode == "whole" ? 40 : 2); k++) {
                do a = 1 + int(rand() * NR); while (kind[a] != "run")
                do b = 1 + int(rand() * NR); while (kind[b] != "run")
                print "killed_twice", point[a], any(a), point[b], any(b), undo[1 + int(rand() * n)]
                if (k % 2 == 0) {
                    do a = 1 + int(rand() * NR); while (kind[a] != "rollback")
                    do b = 1 + int(rand() * NR); while (kind[b] != "rollback")
                    print "rollback_killed_twice", point[a], any(a), point[b], any(b)
                }
            }
            for (k = 0; mode == "whole" && k < 100; k++)
                print "killed_after", 1 + int(rand() * 700)
        }' "$TEST_DIR/counted"
}

worker() # NUMBER DB
{
    here=$TEST_DIR/worker$1
    mkdir -p "$here"
    use_target "$2"
    awk -v jobs="$jobs" -v me="$1" 'NR % jobs == me - 1' "$TEST_DIR/tasks" >"$here/tasks"
    while read -r task; do
        echo "$task" >>"$here/done"
        # shellcheck disable=SC2086
        $task
    done <"$here/tasks"
}

# ---- the server goes away -----------------------------------------------------------------------

# The program waits at the point while the server is stopped at once and started again. It then
# goes on over a new connection or ends, and is repeated.
server_killed() # POINT HIT
{
    MIGHOST_FAULT=$1:$2:stop "$MIGHOST" --plugins "$PLUGINS" --project "$project" \
        --work-dir "$here/work" --run >"$here/out" 2>&1 &
    pid=$!
    until grep -q '^State:.*T' "/proc/$pid/status"; do sleep 0.02; done
    pg_stop immediate
    pg_start
    kill -CONT "$pid"
    mh_status=0
    wait "$pid" || mh_status=$?
    case $mh_status in 75 | 20) ;; *) fail "server killed at $1 hit $2: ended with $mh_status" ;; esac
    whole_states "server killed at $1 hit $2"
    [ "$mh_status" -eq 20 ] || completes "server killed at $1 hit $2"
    undone "server killed at $1 hit $2"
}

servers_killed()
{
    awk -v seed="$seed" -v mode="$mode" '
        BEGIN { srand(seed) }
        $1 != "run" || $3 !~ /^(chunk|publish|check|run|report)/ { next }
        mode == "whole" || $3 ~ /chunk.copy|publish.(table|before_commit)/ {
            print $3, 1 + int(rand() * $2)
        }' "$TEST_DIR/counted" >"$TEST_DIR/servers"
    while read -r point hit; do
        server_killed "$point" "$hit"
    done <"$TEST_DIR/servers"
}

# ------------------------------------------------------------------------------------------------

prepare db1
tasks >"$TEST_DIR/tasks"
workers=
i=1
while [ "$i" -le "$jobs" ]; do
    [ "$i" -eq 1 ] || small_target "db$i"
    (worker "$i" "db$i") >"$TEST_DIR/log$i" 2>&1 &
    workers="$workers $!"
    i=$((i + 1))
done
status=0
for pid in $workers; do
    wait "$pid" || status=1
done
cat "$TEST_DIR"/log*
[ "$status" -eq 0 ] || exit 1
echo "$(wc -l <"$TEST_DIR/tasks") runs killed or made to fail"
use_target db1
servers_killed
echo "$(wc -l <"$TEST_DIR/servers") servers killed"

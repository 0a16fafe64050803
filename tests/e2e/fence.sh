# fence.sh - one process works on a run. A second one is refused and told who the first is; a dead
# one's run goes on; one that was stopped and taken over writes nothing any more. A half run keeps
# what its plan and its source still give, and can be dropped.
# fence.sh whole: two starts at once a hundred times; else a few times.
. "$top_srcdir/tests/fixtures/small.sh"

[ -n "$("$MIGHOST" --list-faults)" ] || pgtmp_skip "built without --enable-fault-injection"
rounds=3
[ "${1-}" != whole ] || rounds=100
modules=$PLUGINS

is_live() # FILE WHAT
{
    live >"$TEST_DIR/now"
    diff "$TEST_DIR/$1" "$TEST_DIR/now" || fail "$2: the live tables are not as $1"
}

back_to_before() # WHAT
{
    is_live after "$1"
    mh_ends 0 --rollback
    is_live before "$1, rolled back"
}

# Starts it in the background with its output in NAME.out; it stops itself at the point.
start_stopped() # NAME FAULT ARGS...
{
    here=$TEST_DIR/$1
    fault=$2
    mkdir -p "$here"
    shift 2
    MIGHOST_FAULT=$fault:stop "$MIGHOST" --plugins "$PLUGINS" --project "$project" \
        --work-dir "$here/work" "$@" >"$here/out" 2>&1 &
    pid=$!
    here=$TEST_DIR
}

is_stopped() # PID
{
    grep -q '^State:.*T' "/proc/$1/status" 2>/dev/null
}

wait_stopped() # PID
{
    tries=0
    until is_stopped "$1"; do
        tries=$((tries + 1))
        [ "$tries" -lt 3000 ] || fail "process $1 does not come to its point"
        sleep 0.02
    done
}

# Ends with STATUS and says TEXT.
wakes_up() # NAME PID STATUS TEXT
{
    kill -CONT "$2" 2>/dev/null || :
    status=0
    wait "$2" || status=$?
    [ "$status" -eq "$3" ] || {
        cat "$TEST_DIR/$1/out"
        fail "the process of $1 ends with $status, not $3"
    }
    grep -qF -- "$4" "$TEST_DIR/$1/out" || {
        cat "$TEST_DIR/$1/out"
        fail "the process of $1 does not say \"$4\""
    }
}

# ------------------------------------------------------------------------------------------------

# Who comes second is refused, whoever that is. The first one is killed: its run goes on.
two_at_once()
{
    start_stopped a run.opened:1 --run
    a=$pid
    start_stopped b run.opened:1 --run
    b=$pid
    tries=0
    while kill -0 "$a" 2>/dev/null && kill -0 "$b" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 3000 ] || fail "neither of two at once is refused"
        sleep 0.02
    done
    if kill -0 "$a" 2>/dev/null; then first=$a second=$b name=b; else first=$b second=$a name=a; fi
    wait_stopped "$first"
    wakes_up "$name" "$second" 10 "another run is active"
    run=$(run_sql "SELECT max(id) FROM mighost.run")
    when='[0-9-]*T[0-9:]*Z'
    grep -q "run $run of project classroom on host $(hostname), pid $first, started $when, last \
heartbeat $when" "$TEST_DIR/$name/out" || {
        cat "$TEST_DIR/$name/out"
        fail "who is second is not told who is first"
    }
    grep -q "state: no live table was changed" "$TEST_DIR/$name/out" || fail "says no state"
    kill -9 "$first"
    wait "$first" 2>/dev/null || :
    mh_ends 20 --run
    says "run $run of project classroom, goes on where it stopped"
    back_to_before "two at once"
}

# A process that sleeps at the point is taken over once its heartbeat is old, not before.
zombie() # FAULT
{
    start_stopped zombie "$1" --run
    zombie=$pid
    wait_stopped "$zombie"
    run=$(run_sql "SELECT max(id) FROM mighost.run")
    if [ "$1" = chunk.copy:3 ]; then
        mh_ends 10 --run
        MIGHOST_GONE=1 mh_ends 10 --run --takeover
        says "pid $zombie"
    fi
    MIGHOST_GONE=1 MIGHOST_LEASE=0 mh_ends 20 --run --takeover
    says "run $run of project classroom, goes on where it stopped"
    is_live after "taken over at $1"
    wakes_up zombie "$zombie" 10 "run $run: epoch 1 is over, now 2: another process took over"
    is_live after "a zombie at $1"
    [ "$(state_of)" = done ] || fail "a zombie at $1: the run is $(state_of)"
    [ "$(run_sql "SELECT count(*) FROM mighost.run")" -eq "$run" ] || fail "a zombie made a run"
    back_to_before "a zombie at $1"
}

abandoned()
{
    start_stopped half chunk.after_commit:4 --run
    half=$pid
    wait_stopped "$half"
    run=$(run_sql "SELECT max(id) FROM mighost.run")
    MIGHOST_GONE=1 mh_ends 10 --abandon "$run"
    says "another run is active"
    kill -9 "$half"
    wait "$half" 2>/dev/null || :
    quiet_target
    mh_ends 0 --abandon "$run"
    is_live before "abandoned"
    [ "$(state_of)" = abandoned ] || fail "an abandoned run is $(state_of)"
    [ "$(run_sql "SELECT count(*) FROM pg_class WHERE relname ~ '^(staging|before)_${run}_'")" \
        -eq 0 ] || fail "an abandoned run leaves its staging tables"
    mh_ends 13 --abandon "$run"
    mh_ends 20 --run
    says_not "goes on where it stopped"
    back_to_before "abandoned"
}

held()
{
    mh_ends "0 20" --run --hold
    [ "$(state_of)" = held ] || fail "a held run is $(state_of)"
    is_live before "held"
    run=$(run_sql "SELECT max(id) FROM mighost.run")
    mh_ends 20 --run
    says "run $run of project classroom, goes on where it stopped"
    back_to_before "held"
}

# Approved by number: what was looked at is published, not what the source or the plan says by now.
approved()
{
    mh_ends 13 --publish 987654
    says "run 987654 is no held run of this project"
    mh_ends "0 20" --run --hold
    run=$(run_sql "SELECT max(id) FROM mighost.run")
    staged=$(run_sql "SELECT count(*) FROM mighost.chunk WHERE run = $run")
    mh_ends 9 --publish "$run" --skip tests
    says "changed since run $run was held"
    is_live before "a refused publish"
    [ "$(state_of)" = held ] || fail "a refused publish leaves its run $(state_of)"
    mh_ends 20 --publish "$run"
    [ "$(state_of)" = done ] || fail "a published run is $(state_of)"
    [ "$(run_sql "SELECT count(*) FROM mighost.chunk WHERE run = $run")" = "$staged" ] ||
        fail "publish read the source again"
    mh_ends 13 --publish "$run"
    back_to_before "approved"
}

# A dry run neither ends a half run nor goes on with it.
dry_beside_half()
{
    MIGHOST_FAULT=chunk.after_commit:4:kill mh --run
    quiet_target
    run=$(run_sql "SELECT max(id) FROM mighost.run")
    mh_ends 20 --dry-run
    is_live before "a dry run beside a half run"
    [ "$(run_sql "SELECT state FROM mighost.run WHERE id = $run")" = loading ] ||
        fail "a dry run ends a half run"
    mh_ends 20 --run
    says "run $run of project classroom, goes on where it stopped"
    back_to_before "a half run beside a dry run"
}

# ---- what changed since ------------------------------------------------------------------------

# All but the last stage are loaded, that one half.
half_run()
{
    MIGHOST_FAULT=chunk.after_commit:$last:kill mh --run
    [ "$mh_status" -eq 137 ] || fail "not killed in the last stage, but ended with $mh_status"
    quiet_target
    run_sql "DROP TABLE IF EXISTS mighost.seen" 2>/dev/null
    run_sql "CREATE TABLE mighost.seen AS SELECT * FROM mighost.chunk WHERE run =
        (SELECT max(id) FROM mighost.run)"
}

# The stages of which a chunk was loaded twice: the half run's is not there any more.
reloaded()
{
    run_sql "SELECT coalesce(string_agg(DISTINCT s.stage, ' ' ORDER BY s.stage), 'none')
        FROM mighost.seen s LEFT JOIN mighost.chunk c USING (run, no, at) WHERE c.run IS NULL"
}

nothing_changed()
{
    half_run
    mh_ends 20 --run
    [ "$(reloaded)" = none ] || fail "unchanged, but reloads $(reloaded)"
    back_to_before "unchanged"
}

# The same rows from another mapping: only that stage is loaded again.
mapping_changed()
{
    half_run
    sed 's/"title": "title"/"title": ["title", "text.trim"]/' "$project/project.json" >"$TEST_DIR/p"
    grep -q text.trim "$TEST_DIR/p" && cp "$TEST_DIR/p" "$project/project.json"
    mh_ends 20 --run
    says "only what changed is loaded again"
    [ "$(reloaded)" = tests ] || fail "one mapping changed, but reloads $(reloaded)"
    back_to_before "a mapping changed"
}

# Another plugin under the same name: its stages, and those that use their keys.
plugin_changed()
{
    half_run
    cp -r "$modules" "$TEST_DIR/modules"
    echo >>"$TEST_DIR/modules/migrator-classroom.so"
    PLUGINS=$TEST_DIR/modules
    mh_ends 20 --run
    PLUGINS=$modules
    [ "$(reloaded)" = "classes enrollments tests" ] || fail "a plugin changed, but reloads $(reloaded)"
    back_to_before "a plugin changed"
}

source_changed()
{
    half_run
    echo >>"$project/new.json"
    mh_ends 20 --run
    [ "$(reloaded)" = "classes enrollments students tests" ] ||
        fail "a source changed, but reloads $(reloaded)"
    back_to_before "a source changed"
}

# Other columns: staging tables of another shape, nothing of the half run fits.
columns_changed()
{
    half_run
    sed '/"guardian_name"/d' "$project/project.json" >"$TEST_DIR/p"
    cp "$project/project.json" "$TEST_DIR/kept"
    cp "$TEST_DIR/p" "$project/project.json"
    mh_ends 20 --run
    says "everything is loaded anew"
    mh_ends 0 --rollback
    is_live before "columns changed, rolled back"
    cp "$TEST_DIR/kept" "$project/project.json"
}

# Published by a plan that is no more: what is left to do is done on what the run left.
changed_behind_publish()
{
    cp "$project/project.json" "$TEST_DIR/kept"
    sed '/"guardian_name"/d' "$TEST_DIR/kept" >"$project/project.json"
    MIGHOST_FAULT=publish.after_commit:1:kill mh --run
    [ "$mh_status" -eq 137 ] || fail "not killed behind publish, but ended with $mh_status"
    quiet_target
    cp "$TEST_DIR/kept" "$project/project.json"
    mh_ends 20 --run
    [ "$(state_of)" = done ] || fail "changed behind publish: the run is $(state_of)"
    mh_ends 0 --rollback
    is_live before "changed behind publish, rolled back"
}

# ------------------------------------------------------------------------------------------------

small_project -e 's/"on_invalid"/"backup": { "scope": "none" }, &/'
small_target db
live >"$TEST_DIR/before"
MIGHOST_FAULT_LIST=$TEST_DIR/passed mh_ends 20 --run
live >"$TEST_DIR/after"
mh_ends 0 --rollback
last=$(($(grep -c '^chunk.after_commit$' "$TEST_DIR/passed") - 1))

round=0
while [ "$round" -lt "$rounds" ]; do
    two_at_once
    round=$((round + 1))
done
zombie chunk.copy:3
zombie chunk.after_commit:6
zombie publish.table:2
zombie publish.after_commit:1
abandoned
held
approved
dry_beside_half
nothing_changed
mapping_changed
plugin_changed
source_changed
columns_changed
changed_behind_publish

# snapshots.sh - a load that was killed and goes on in another snapshot of its source: what was
# loaded stays where the source was not written since; else it is loaded again, so that the target
# holds what the source has in the end.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/school.sh"

"$MIGHOST" --list-faults | grep -q stage.loaded || pgtmp_skip "built without --enable-fault-injection"

killed() # CODE DB POINT:HIT ARGS...
{
    killed_code=$1 killed_db=$2
    target "$2"
    MIGHOST_FAULT=$3:kill
    export MIGHOST_FAULT
    shift 3
    mig $killed_code "$killed_db" school --run "$@"
    unset MIGHOST_FAULT
}

chunks() # STAGE: what says whether it was loaded again
{
    psql_t "$killed_db" -c "SELECT no, at FROM mighost.chunk WHERE $newest AND stage = '$1' ORDER BY no"
}

goes_on() # ARGS...
{
    expect
    run 20 "$killed_db" school "$@"
    right "$killed_db"
    snapshots 2
}

echo "nothing was written"
killed 137 same stage.loaded:2
chunks pupils >"$TEST_DIR/chunks"
goes_on
chunks pupils | cmp - "$TEST_DIR/chunks" || fail "pupils were loaded again"
reported "source old was read in 2 snapshots"
reported "what had been loaded is as the source has it in the last one"

for what in "UPDATE pupil SET name = 'other' WHERE no = 7" \
    "INSERT INTO pupil VALUES (3, 70001, 'new', '')" "DELETE FROM pupil WHERE no = 9"; do
    echo "in a stage that is done: $what"
    killed 137 "d${#what}" stage.loaded:2
    chunks classes >"$TEST_DIR/chunks"
    psql_t old -c "$what"
    goes_on
    says "stage pupils: the source was written since it was read; it is loaded again"
    chunks classes | cmp - "$TEST_DIR/chunks" || fail "classes were loaded again"
    reported "or was loaded again"
done

for what in "UPDATE pupil SET name = 'otherwise' WHERE no < 2000" "DELETE FROM pupil WHERE no < 2000"; do
    echo "in a stage that is half done: $what"
    killed 75 "h${#what}" chunk.after_commit:16 --jobs 2 # each worker at its sixteenth chunk
    [ -n "$(chunks pupils)" ] || fail "nothing of pupils is there yet"
    psql_t old -c "$what"
    goes_on --jobs 2
    says "it is loaded again"
done

echo "parents that are loaded again bring their children along"
killed 137 kin stage.loaded:2
psql_t old -c "UPDATE class SET title = 'better' WHERE id = 5"
goes_on
says "stage classes: the source was written since it was read"

echo "a transaction that was open when the source was read first"
target late
(psql_t old -c "BEGIN; UPDATE pupil SET name = 'late' WHERE no = 2011; SELECT pg_sleep(3); COMMIT" >/dev/null) &
writer=$!
sleeps="SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
until [ "$(psql_t old -c "$sleeps")" = 1 ]; do
    sleep 0.1
done
killed_db=late
MIGHOST_FAULT=stage.loaded:2:kill mig 137 late school --run
wait $writer
goes_on
says "stage pupils: the source was written since it was read"

echo "what the source cannot tell is said"
psql_t old -c "CREATE VIEW everybody AS SELECT class, no, name FROM pupil"
sed 's/"entity": "pupil"/"entity": "everybody"/' "$TEST_DIR/school/project.json" >"$TEST_DIR/project.json"
mv "$TEST_DIR/project.json" "$TEST_DIR/school/project.json"
killed 137 view stage.loaded:2
goes_on
reported "what was changed there meanwhile may be in one stage and not in another"

undo_proof view school
echo "ok"

# batched.sh - "publish": "batched": the same outcome as in one transaction; whatever stops it, live
# tables hold whole batches only, the same command goes on, and what is there can be taken back.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/batched.sh"

[ -n "$("$MIGHOST" --list-faults)" ] || pgtmp_skip "built without --enable-fault-injection"

batched whole '"publish": "transaction",'
for n in 7 200 100000; do
    batched cut$n '"publish": "batched", "publish_rows": '$n','
done
echo "in one transaction"
fresh whole
run 0 whole whole
fingerprint_db whole >"$TEST_DIR/as_whole"
rows whole "SELECT count(*), count(DISTINCT xmin::text), sum(size), count(*) FILTER (WHERE seen = 7) FROM item" \
    "2500|2|3126250|599"

for n in 7 200 100000; do
    echo "in batches of $n rows"
    fresh "cut$n"
    mig 0 "cut$n" "cut$n" --plan
    says "in batches of $n rows"
    says "kept, as the project says"
    run 0 "cut$n" "cut$n"
    as_whole "cut$n" "batches of $n"
    reported "in batches of $n rows"
done
undo_proof cut200 cut200
again 0 cut200 cut200
rows cut200 "SELECT count(*), count(DISTINCT xmin::text) FROM item WHERE id > 100" "2400|12"
rows cut200 "SELECT max(n) FROM (SELECT count(*) AS n FROM item WHERE id > 100 GROUP BY xmin::text) x" 200
rows cut200 "SELECT count(DISTINCT xmin::text) FROM team" 1
rows cut100000 "SELECT count(DISTINCT xmin::text) FROM item WHERE id > 100" 1

# ---- stopped in between ------------------------------------------------------------------

# Of run 1: deletions of items in two batches, of teams in one, the teams, 12 of items, team 500.
for at in publish.after_commit:4:0 publish.before_commit:10:5 publish.table:16:11; do
    point=${at%%:*} hit=${at#*:}
    done=${hit#*:} hit=${hit%%:*}
    n=$((done + 4))
    echo "killed at $point hit $hit"
    fresh kill
    (MIGHOST_FAULT=$point:$hit:kill mig 137 kill cut200 --run) || exit 1
    stands_at kill "$done"
    partly kill cut200 "$n" 17

    cp "$TEST_DIR/before.base" "$TEST_DIR/before.kill"
    BUNDLE=$TEST_DIR/by_hand
    mkdir -p "$BUNDLE"
    pg_copydb kill kill_sql
    mig 0 kill_sql cut200 --report 1
    cp "$OUT" "$BUNDLE/rollback.sql"
    psql_script kill_sql -v ON_ERROR_STOP=1 || fail "rollback.sql of half a run failed"
    unchanged kill_sql "half a run and rollback.sql"
    pg_copydb kill kill_undo
    mig 0 kill_undo cut200 --rollback
    unchanged kill_undo "half a run and its rollback"
    mig 0 kill cut200 --run
    as_whole kill "killed at $point hit $hit, repeated"
    ledger kill
    rows kill "SELECT count(*) FROM mighost.run" 1
done
undo_proof kill cut200
run 0 kill_undo cut200
as_whole kill_undo "run again behind a rollback"

echo "killed twice, then finished by a plan that is another"
fresh kill
(MIGHOST_FAULT=publish.before_commit:6:kill mig 137 kill cut200 --run) || exit 1
(MIGHOST_FAULT=publish.after_commit:3:kill mig 137 kill cut200 --run) || exit 1
stands_at kill 4
for action in --abandon --finalize --purge; do
    mig 13 kill cut200 $action 1
done
mig 10 kill cut200 --run --hold
stands_at kill 4
batched other '"publish": "batched",'
sed -i 's/"size": "size"/"size": "id"/' "$TEST_DIR/other/project.json"
mig 9 kill other --run
says "batches 1 to 8 of 17 are published, nothing of the rest"
stands_at kill 4
sed -i 's/"batched",/"transaction",/' "$TEST_DIR/cut200/project.json" # how it was begun counts
mig 0 kill cut200 --run
sed -i 's/"transaction",/"batched",/' "$TEST_DIR/cut200/project.json"
as_whole kill "killed twice"

echo "ok"

# undo_auto.sh - a run that is found wrong behind publish: taken back at once, with proof; kept, where
# the project says so; and not taken back over what the application wrote meanwhile.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb shop
psql_t shop <<'SQL'
CREATE SCHEMA app;
CREATE TABLE app.maker (id int PRIMARY KEY, name text);
CREATE TABLE app.item (id int PRIMARY KEY, maker int REFERENCES app.maker, name text, stamp serial);
INSERT INTO app.maker SELECT i, 'maker ' || i FROM generate_series(1, 5) i;
INSERT INTO app.item SELECT i, 1, 'live ' || i FROM generate_series(1, 50) i;
SQL
data shop <<'JSON'
{ "makers": [ { "id": 1, "name": "first" }, { "id": 9, "name": "new" } ],
  "items": [ { "id": 1, "maker": 9, "name": "forbidden" }, { "id": 60, "maker": 9, "name": "new" } ] }
JSON
# The check names the live table itself, so that it sees nothing of it before publish.
document()
{
    cat <<JSON
{ "name": "shop", "target": { "schema": "app" } $1,
  "sources": { "old": { "use": "json", "options": { "file": "$TEST_DIR/shop/data.json" } } },
  "validators": [ { "name": "own", "use": "sql", "options": { "queries": [
    { "name": "forbidden", "sql": "SELECT 1 FROM app.item WHERE name = 'forbidden'" } ] } } ],
  "stages": [ { "name": "makers", "policy": "update", "ids": "keep", "options": { "table": "maker",
      "fields": { "id": "id", "name": "name" } } },
    { "name": "items", "policy": "update", "ids": "keep", "options": { "table": "item",
      "fields": { "id": "id", "maker": "maker", "name": "name" } } } ] }
JSON
}
document '' | project shop
document ', "on_failed_validation": "keep"' >"$TEST_DIR/shop/keep.json"

undo_part() # MEMBER
{
    echo "SELECT :'report'::json -> 'undo' ->> '$1'" | psql_t postgres -v report="$(cat "$BUNDLE/report.json")"
}

undo_says() # MEMBER VALUE
{
    is "undo.$1" "$(undo_part "$1")" "$2"
}

trail() # the causes that the audit trail has
{
    psql_t shop -c "SELECT count(*) FROM mighost.event
        WHERE what = 'found wrong behind publish: 1 check found faults in the live tables: forbidden'"
}

echo "wrong within publish: where, and what the transaction takes back, table by table"
psql_t shop <<'SQL'
CREATE FUNCTION app.stop() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'canary-8'; END$$;
CREATE TRIGGER stop AFTER INSERT ON app.item FOR EACH ROW EXECUTE FUNCTION app.stop();
SQL
nothing 8 shop shop
says "while rows of app.item were written, whose triggers are stop (after)"
for line in 'app.maker: 1 inserted, 1 updated, 0 deleted rows, written in 0\.[0-9]* s' \
    'app.item: 1 inserted, 1 updated, 0 deleted rows, not all written yet'; do
    grep -q "taken back with the transaction: $line" "$BUNDLE/run.log" || fail "the log does not say: $line"
done
is "the last line" "$(sed 's/; report: .*//' "$OUT" | tail -n 1)" \
    "run 1: validation failed (exit 8): no live table was changed"
! grep -rq 'canary-8' "$BUNDLE" "$OUT" "$ERR" || fail "a value is told"
psql_t shop -c "DROP FUNCTION app.stop CASCADE; DROP SCHEMA mighost CASCADE" 2>/dev/null

echo "taken back at once: rows, the sequence, and the last line"
nothing 8 shop shop
is "the last line" "$(sed 's/; report: .*//' "$OUT" | tail -n 1)" \
    "run 1: validation failed (exit 8): the run was published and rolled back: live tables are as before"
rows shop "SELECT state, exit_code FROM mighost.run WHERE id = 1" "rolled_back|8"
undo_says status done
undo_says cause "1 check found faults in the live tables: forbidden"
undo_says proven true
undo_says before "$(undo_part after_undo)"
grep -q 'app.item: 1 inserted row removed, 1 updated and 0 deleted ones restored, 0\.[0-9]* s' "$BUNDLE/run.log" ||
    fail "the log does not name the table with its rows and time"
grep -q 'app.maker: 1 inserted row removed, 1 updated' "$BUNDLE/run.log" || fail "nor the other"
is "the trail" "$(trail)" 1

echo "kept, as the project says; then taken back by hand"
mig 8 shop shop/keep.json --run
says "on_failed_validation"
undo_says status kept
rows shop "SELECT name FROM app.item WHERE id IN (1, 60) ORDER BY id" "forbidden
new"
rows shop "SELECT state, exit_code FROM mighost.run WHERE id = 2" "done|8"
is "rollback_info.json" "$(psql_t shop -v info="$(cat "$BUNDLE/rollback_info.json")" <<'SQL'
SELECT :'info'::json ->> 'run', :'info'::json ->> 'backup' = (SELECT backup FROM mighost.run WHERE id = 2),
    t ->> 'table', t #>> '{before,rows}', t #>> '{after,rows}', (t #>> '{before,digest}') <> (t #>> '{after,digest}')
FROM json_array_elements(:'info'::json -> 'tables') t
SQL
)" "2|t|app.maker|5|6|t
2|t|app.item|50|51|t"
info=$BUNDLE/rollback_info.json
alone() # CODE DB|- ARGS...: by the file, where no project is, in a home that never saw it
{
    alone_code=$1 alone_db=$2
    shift 2
    mkdir -p "$TEST_DIR/elsewhere"
    (
        cd "$TEST_DIR/elsewhere" || exit
        HOME=$PWD XDG_STATE_HOME=$PWD/state
        export HOME XDG_STATE_HOME
        [ "$alone_db" = - ] || export DATABASE_URL="$(pg_url "$alone_db")"
        mig_status=0
        "$MIGHOST" --rollback --rollback-file "$TEST_DIR/info.json" "$@" >"$OUT" 2>"$ERR" || mig_status=$?
        is "exit code" "$mig_status" "$alone_code"
    ) || exit 1
}
cp "$info" "$TEST_DIR/info.json"
pg_copydb shop other
alone 3 -
says "names none"
alone 0 other
says "fingerprint equal"
unchanged other "run and rollback by the file alone"
alone 13 other
sed -i 's/"production": false/"production": true/' "$TEST_DIR/info.json"
alone 2 shop
says "marked as production"
alone 0 shop --yes
unchanged shop "run and rollback by the file alone"
mig 13 shop shop --rollback --rollback-file "$info"

has_points=$("$MIGHOST" --list-faults 2>/dev/null | grep -c . || :)
if [ "$has_points" -gt 0 ]; then
    echo "the application wrote another row meanwhile: taken back, that row stays"
    stand 8 shop shop publish.after_commit:1
    psql_t shop -c "UPDATE app.item SET name = 'by the application' WHERE id = 7"
    go_on
    says "its rows are as before, others changed the tables meanwhile"
    undo_says proven false
    rows shop "SELECT id, name FROM app.item WHERE id IN (1, 7, 60) ORDER BY id" "1|live 1
7|by the application"

    echo "it wrote a row of the run: nothing of that is undone, and who reads the last line knows"
    fingerprint_db shop >"$TEST_DIR/before.shop"
    stand 8 shop shop publish.after_commit:1
    psql_t shop -c "UPDATE app.item SET name = name || ', and sold' WHERE id = 60"
    go_on
    says "could not be rolled back"
    undo_says status refused
    undo_part reason | grep -q '^rows changed since run 4 was published: .*"item"' || fail "no reason"
    rows shop "SELECT id, name FROM app.item WHERE id IN (1, 60) ORDER BY id" "1|forbidden
60|new, and sold"
    rows shop "SELECT state FROM mighost.run WHERE id = 4" done
    is "the trail" "$(trail)" 4
    mig 13 shop shop --rollback
    mig 0 shop shop --restore "$(psql_t shop -c "SELECT backup FROM mighost.run WHERE id = 4")"
    unchanged shop "run, and its backup restored"
fi
echo "scenarios: by SQL and by a program, which finds the target in its environment"
psql_t shop -c "CREATE ROLE secretive LOGIN SUPERUSER PASSWORD 'canary-7/x'"
cat >"$TEST_DIR/shop/try.sh" <<'SH'
#!/bin/sh
set -eu
[ "$(psql -X -A -t -c "SELECT count(*) FROM app.item WHERE id = 60 AND name = '$1'")" = 1 ] || {
    echo "a value that nobody may see" >&2
    exit 3
}
SH
chmod 755 "$TEST_DIR/shop/try.sh"
scenarios()
{
    document ", \"scenarios\": [ { \"name\": \"maker-is-there\", \"sql\": \"SELECT id FROM app.item i WHERE
        NOT EXISTS (SELECT FROM app.maker WHERE id = i.maker) -- one\" },
        { \"name\": \"buy\", \"command\": [\"./try.sh\", \"$1\"] } ], \"reporters\": [
        { \"name\": \"json\" }, { \"name\": \"summary\" }, { \"name\": \"test-report\" } ]" |
        sed 's/= .forbidden.\" }/= $$no such$$\" }/' | tr -d '\n' >"$TEST_DIR/shop/scenarios.json"
}
tested() # NAME: its result in the test report
{
    echo "SELECT c ->> 'result' FROM json_array_elements(:'report'::json -> 'cases') c WHERE c ->> 'name' = '$1'" |
        psql_t postgres -v report="$(cat "$BUNDLE/test_report.json")"
}
scenarios other
fingerprint_db shop >"$TEST_DIR/before.shop"
MIG_ROLE='secretive:canary-7%2Fx' mig_any shop shop/scenarios.json --run
is "exit code" "$mig_status" 8
says "1 of 2 scenarios failed: buy"
says "its program ended with 3"
unchanged shop "a run whose scenario failed"
is "result of buy" "$(tested 'scenarios: buy (after)')" failed
is "result of the other" "$(tested 'scenarios: maker-is-there (after)')" passed
is "a criterion" "$(tested 'a run that was found wrong is taken back')" passed
! grep -rq 'that nobody may see\|canary-7' "$BUNDLE" "$OUT" "$ERR" || fail "a secret or a value is told"
scenarios new
mig 0 shop shop/scenarios.json --run
is "result of buy" "$(tested 'scenarios: buy (after)')" passed
grep -q '^a run that was found wrong is taken back  *not evaluated$' "$BUNDLE/summary.txt" || fail "criteria"
mig 0 shop shop/scenarios.json --validate
says "passed   scenarios: buy"
psql_t shop -c "DELETE FROM app.item WHERE id = 60"
mig 8 shop shop/scenarios.json --validate
says "failed   scenarios: buy"
document ', "scenarios": [ { "name": "none" } ]' >"$TEST_DIR/shop/none.json"
mig 3 shop shop/none.json --run
says 'scenario "none" needs either "sql" or "command"'
echo "ok"

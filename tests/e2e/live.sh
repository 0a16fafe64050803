# live.sh - the application writes at every step of a run: rows of the run, rows beside it, in every
# way. Each of its writes that was acknowledged is found again afterwards, unless the run wrote that
# very column of that very row, having seen it; and it waits for the run's locks no longer than the time
# limit of a lock, however many tables there are.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
[ -n "$("$MIGHOST" --list-faults)" ] || pgtmp_skip "fault points are not compiled in"

pg_createdb shop
psql_t shop <<'SQL'
CREATE TABLE account (id int PRIMARY KEY, email text NOT NULL UNIQUE, name text, seen int DEFAULT 0);
CREATE TABLE visit (id int PRIMARY KEY, account_id int REFERENCES account ON DELETE CASCADE, at int);
CREATE TABLE journal (step int, what text, id int);
CREATE SEQUENCE flaky;
SQL
project shop <<'JSON'
{ "name": "shop", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "timeouts": { "lock": 2 }, "retries": 3, "stages": [
    { "name": "accounts", "policy": "update", "ids": "keep", "options": { "table": "account", "fields": {
      "id": "id", "email": "email", "name": "name" } } },
    { "name": "visits", "policy": "skip", "ids": "keep", "options": { "table": "visit", "fields": {
      "id": "id", "account_id": "account" } } } ] }
JSON
{
    echo '{ "accounts": ['
    i=1
    while [ $i -le 40 ]; do
        echo "{ \"id\": $i, \"email\": \"m$i@x\", \"name\": \"mig\" },"
        i=$((i + 1))
    done
    echo '{ "id": 99, "email": "m99@x", "name": "mig" } ], "visits": [ { "id": 1, "account": 1 } ] }'
} | data shop

fresh() # accounts 1 to 30 and 101 to 130 are live
{
    psql_t shop -c "SET client_min_messages = warning; DROP SCHEMA IF EXISTS mighost CASCADE; TRUNCATE account,
        visit, journal; ALTER SEQUENCE flaky RESTART" -c "INSERT INTO account SELECT i, 'live' || i || '@x',
        'live' FROM generate_series(1, 130) i WHERE i NOT BETWEEN 31 AND 100"
}

# What the application does in a moment N: each statement by itself, each with its line in the journal.
application() # N
{
    psql_t shop >/dev/null <<SQL || fail "the application was held up at $point"
SET lock_timeout = 1000;
WITH w AS (UPDATE account SET seen = $1 WHERE id = $1 RETURNING id) INSERT INTO journal SELECT $1, 'seen', id FROM w;
WITH w AS (UPDATE account SET name = 'app', seen = $1 WHERE id = 100 + $1 RETURNING id)
    INSERT INTO journal SELECT $1, 'name', id FROM w;
WITH w AS (INSERT INTO account VALUES (1000 + $1, 'app$1@x', 'app', $1) RETURNING id)
    INSERT INTO journal SELECT $1, 'new', id FROM w;
WITH w AS (DELETE FROM account WHERE id = 115 + $1 RETURNING id) INSERT INTO journal SELECT $1, 'gone', id FROM w;
WITH w AS (INSERT INTO account VALUES (30 + $1, 'taken$1@x', 'app', $1) ON CONFLICT DO NOTHING RETURNING id)
    INSERT INTO journal SELECT $1, 'taken', id FROM w;
INSERT INTO visit VALUES (1000 + $1, 100 + $1, $1);
SQL
}
lost="SELECT j.* FROM journal j LEFT JOIN account a USING (id) WHERE CASE j.what WHEN 'seen' THEN
    a.seen IS DISTINCT FROM j.step WHEN 'name' THEN (a.name, a.seen) IS DISTINCT FROM ('app', j.step) WHEN 'new'
    THEN a.name IS DISTINCT FROM 'app' WHEN 'gone' THEN a.id IS NOT NULL WHEN 'taken' THEN a.seen IS DISTINCT
    FROM j.step END"

echo "at every step"
n=0
fresh
for point in staging.created publish.begin publish.after_commit verify.done; do
    n=$((n + 1))
    stand 0 shop shop $point:1
    application $n
    go_on
    rows shop "$lost" ""
    rows shop "SELECT count(*) FROM account WHERE id <= 30 AND name <> 'mig'" 0
done
rows shop "SELECT count(DISTINCT step) FROM journal" 4
rows shop "SELECT count(*) FROM visit WHERE id > 1000" 4

echo "while live tables are locked: who waits gets through as soon as it is published"
fresh
stand 0 shop shop publish.before_commit:1
(PGOPTIONS="-c lock_timeout=20000" psql_t shop -c "UPDATE account SET seen = 7 WHERE id = 5") &
writer=$!
until [ "$(psql_t shop -c "SELECT count(*) FROM pg_locks WHERE NOT granted")" = 1 ]; do sleep 0.02; done
rows shop "SELECT count(*) FROM account WHERE name = 'mig'" 0 # readers do not wait
go_on
wait "$writer" || fail "the writer's update failed"
rows shop "SELECT name, seen FROM account WHERE id = 5" "mig|7"

echo "locks of several tables are waited for as long as one is, all together"
fresh
hold() # TABLE DESCRIPTOR: until it is told to let go
{
    mkfifo "$TEST_DIR/hold$2"
    psql_t shop <"$TEST_DIR/hold$2" >/dev/null &
    eval "exec $2>\"$TEST_DIR/hold$2\""
    echo "BEGIN; LOCK TABLE $1 IN ROW EXCLUSIVE MODE; SELECT pg_advisory_lock($2);" >&"$2"
    until [ "$(psql_t shop -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = $2")" = 1 ]; do
        sleep 0.02
    done
}
waits="SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'ShareRowExclusiveLock' AND relation = "
hold account 7
hold visit 8
mig_any shop shop --run &
runner=$!
until [ "$(psql_t shop -c "$waits 'account'::regclass")" = 1 ]; do sleep 0.02; done
# Behind it in the queue: 1.5 s for account, then what is left of 2 s for visit.
(PGOPTIONS="-c lock_timeout=2700" psql_t shop -c "UPDATE account SET seen = 9 WHERE id = 6") &
writer=$!
sleep 1.5
echo "ROLLBACK;" >&7
until [ "$(psql_t shop -c "$waits 'visit'::regclass")" = 1 ]; do sleep 0.02; done
wait "$writer" || fail "a writer waited longer than the time limit of a lock"
echo "ROLLBACK;" >&8
wait "$runner"
exec 7>&- 8>&-
rows shop "SELECT state FROM mighost.run" done
rows shop "SELECT name, seen FROM account WHERE id = 6" "mig|9"
BUNDLE=$(psql_t shop -c "SELECT bundle FROM mighost.run")
grep -q '"retries": [1-9]' "$TEST_DIR"/reports/shop/run-*/report.json || fail "no try is counted"
grep -q 'transactions tried again' "$TEST_DIR"/reports/shop/run-*/summary.txt || fail "summary.txt does not count"
grep -q 'live tables locked for' "$TEST_DIR"/reports/shop/run-*/summary.txt || fail "summary.txt has no lock time"

echo "a serialization failure: the whole transaction is tried again"
fresh
rm -rf "$TEST_DIR/reports/shop"
psql_t shop -c "CREATE FUNCTION flake() RETURNS trigger LANGUAGE plpgsql AS \$f\$BEGIN IF nextval('flaky') < 3 THEN
    RAISE EXCEPTION 'flaky' USING ERRCODE = '40001'; END IF; RETURN NULL; END\$f\$" \
    -c "CREATE TRIGGER flake AFTER INSERT ON visit FOR EACH STATEMENT EXECUTE FUNCTION flake()"
run 0 shop shop
rows shop "SELECT count(*) FROM account WHERE name = 'mig'" 41
reported '"retries": 2'

echo "the server stops working for a run that was killed"
fresh
psql_t shop -c "DROP TRIGGER flake ON visit"
sed 's/"stages"/"hooks": [ { "name": "slow", "before": "SELECT pg_sleep(600)", "undo": "" } ], &/' \
    "$TEST_DIR/shop/project.json" >"$TEST_DIR/slow.json"
mv "$TEST_DIR/slow.json" "$TEST_DIR/shop/project.json"
sleeps="SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
(DATABASE_URL=$(pg_url shop) exec "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/shop" --run >"$OUT" 2>"$ERR") &
stand_process=$!
until [ "$(psql_t shop -c "$sleeps")" = 1 ]; do sleep 0.05; done
kill -9 "$stand_process"
stand_process=
killed=$(date +%s)
until [ "$(psql_t shop -c "$sleeps")" = 0 ]; do
    [ $(($(date +%s) - killed)) -lt 60 ] || fail "the server works on for nobody"
    sleep 0.1
done
PGOPTIONS="-c lock_timeout=2000" psql_t shop -c "UPDATE account SET seen = 1 WHERE id = 1"
rows shop "SELECT count(*) FROM account WHERE name = 'mig'" 0
echo "ok"

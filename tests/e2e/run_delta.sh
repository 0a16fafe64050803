# run_delta.sh - runs in which nearly all of many rows are as they were: only the others are kept beside
# staging. What they write, refuse and delete, what comes between, and the way back.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb shop
psql_t shop -c "CREATE TABLE kind (id int PRIMARY KEY, name text)" \
    -c "CREATE TABLE item (id int PRIMARY KEY, code text UNIQUE, kind int REFERENCES kind, n numeric)"
document() # ROWS FROM THE END
{
    awk 'BEGIN { printf "{ \"kinds\": [{\"id\": 1, \"name\": \"one\"}], \"items\": ["
        for (i = 1; i <= 25000; i++)
            if (i != 77 || '"${skip:-0}"' != 77)
                printf "{\"id\": %d, \"code\": \"c%d\", \"kind\": 1, \"n\": %d},\n", i, i,
                    i == 9 ? '"${nine:-9}"' : i }'
    echo "$1 ] }"
}
project shop <<'JSON'
{ "name": "shop", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "on_invalid": "reject", "max_rejects": 5,
  "stages": [
    { "name": "kinds", "ids": "keep", "policy": "update", "options": { "table": "kind",
        "fields": { "id": "id", "name": "name" } } },
    { "name": "items", "ids": "keep", "policy": "replace", "options": { "table": "item",
        "fields": { "id": "id", "code": "code", "kind": "kind", "n": "n" } } } ] }
JSON
last='{"id": 30000, "code": "last", "kind": 1, "n": 1}'
document "$last" | data shop
run 0 shop shop
delta() # RUN: is its match kept as a view?
{
    psql_t shop -c "SELECT relkind FROM pg_class WHERE oid = to_regclass('mighost.match_$1_2')"
}
is "the first run's match" "$(delta 1)" r
psql_t shop -c "ANALYZE item"

echo "nothing to do"
again 0 shop shop
is "the second run's match" "$(delta 2)" v
mig 0 shop shop --verify 2
says "0 rows differ"
mig 0 shop shop --rollback
rows shop "SELECT count(*) FROM item" 25001
mig 0 shop shop --purge 2

echo "one new, one changed, one gone, one orphan, one that takes the code of another"
skip=77 nine=900
document "$last, {\"id\": 40000, \"code\": \"new\", \"kind\": 1, \"n\": 2},
    {\"id\": 40001, \"code\": \"orphan\", \"kind\": 2, \"n\": 2},
    {\"id\": 40002, \"code\": \"c500\", \"kind\": 1, \"n\": 2}" | data shop
mig 20 shop shop --dry-run --verbose
is "decisions told" "$(grep -c ' record [0-9]*: .*"item"$' "$ERR")" 10000
is "of them updates" "$(grep -c ' record [0-9]*: updates .*"item"$' "$ERR")" 1
says '"public"."item": the first 10000 are shown'
run 20 shop shop
run_no=$(sed -n 's/^run \([0-9]*\): .*/\1/p' "$OUT")
is "the match" "$(delta "$run_no")" v
rows shop "SELECT count(*), count(*) FILTER (WHERE id = 77), count(*) FILTER (WHERE id > 40000),
    max(n) FILTER (WHERE id = 9), max(code) FILTER (WHERE id = 40000) FROM item" "25001|0|0|900|new"
says "3 changed (1 inserted, 1 updated, 1 deleted), 25000 unchanged"
undo_proof shop shop

echo "written by others between check and publish"
nine=901
document "$last, {\"id\": 40000, \"code\": \"new\", \"kind\": 1, \"n\": 2}" | data shop
stand 0 shop shop check.done:1
psql_t shop -c "INSERT INTO item VALUES (50000, 'mine')" -c "UPDATE item SET n = 12 WHERE id = 11"
go_on
grep -q "checking again" "$ERR" || fail "nothing is checked again"
rows shop "SELECT count(*) FILTER (WHERE id = 50000), max(n) FILTER (WHERE id = 9),
    max(n) FILTER (WHERE id = 11) FROM item" "0|901|11"

echo "written by others all the time, in a row of their own"
mkdir -p "$TEST_DIR/live"
sed 's/"policy": "replace"/"policy": "update"/' "$TEST_DIR/shop/project.json" >"$TEST_DIR/live/project.json"
cp "$TEST_DIR/shop/data.json" "$TEST_DIR/live/data.json"
psql_t shop -c "INSERT INTO item VALUES (60000, 'app')"
while :; do psql_t shop -c "UPDATE item SET n = coalesce(n, 0) + 1 WHERE id = 60000"; done &
writer=$!
mig_any shop live --run
kill "$writer"
is "the exit code" "$mig_status" 0
grep -q "checking again" "$ERR" || fail "the writer came too late"
psql_t shop -c "DELETE FROM item WHERE id = 60000"

echo "the same record twice, as it is in the live table"
document "$last, {\"id\": 40000, \"code\": \"new\", \"kind\": 1, \"n\": 2},
    {\"id\": 8, \"code\": \"c8\", \"kind\": 1, \"n\": 8}" | data shop
run 20 shop shop
says "0 changed"
rows shop "SELECT count(*) FROM mighost.reject WHERE code = 'duplicate' AND run =
    (SELECT max(id) FROM mighost.run)" 1

echo "finalized"
for n in 1 3 4 5 6 7; do mig_any shop shop --finalize $n; done
rows shop "SELECT count(*) FROM pg_class WHERE relname ~ '^(staging|match|delta|rest|before)_'" 0

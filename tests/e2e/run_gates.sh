# run_gates.sh - what stops a run before it writes: hooks and invariants, validators before and
# after, limits of rejects, strict projects, critical stages; and several projects on one target.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb shop
psql_t shop <<'SQL'
CREATE SCHEMA app;
CREATE TABLE app.item (id int PRIMARY KEY, name text NOT NULL, price int, stock int);
CREATE TABLE app.tag (id int PRIMARY KEY, item_id int, name text);
CREATE TABLE app.counter (name text PRIMARY KEY, n int NOT NULL);
INSERT INTO app.item VALUES (1, 'live', 5, 1), (2, 'live', 6, 2);
INSERT INTO app.counter VALUES ('items', 2);
SQL
data gates <<'JSON'
{ "items": [ { "id": 1, "name": "new", "price": 10 }, { "id": 3, "name": "third", "price": 30 },
             { "id": 4, "name": "fourth", "price": 40 } ],
  "tags": [ { "id": 1, "item_id": 1, "name": "a" }, { "id": 2, "item_id": 3, "name": "b" } ],
  "bad": [ { "id": 10, "name": "x", "price": 1 }, { "id": 11, "name": null, "price": 1 },
           { "id": 12, "name": "x", "price": "many" }, { "id": 13, "name": "x", "price": 1 } ] }
JSON
# gates MORE [STAGE SETTINGS] [ENTITY]
gates()
{
    project gates <<JSON
{ "name": "gates", "target": { "schema": "app" },
  "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "items", "entity": "${3-items}", "policy": "update", "ids": "keep", ${2-} "options": {
      "table": "item", "fields": { "id": "id", "name": "name", "price": "price" } } },
    { "name": "tags", "policy": "update", "ids": "keep", "options": { "table": "tag", "fields": { "id": "id",
      "item_id": "item_id", "name": "name" } } } ]${1:+, $1} }
JSON
}
again_from_start()
{
    psql_t shop -c "TRUNCATE app.item, app.tag; INSERT INTO app.item VALUES (1, 'live', 5, 1), (2, 'live', 6, 2);
        UPDATE app.counter SET n = 2"
}
backups()
{
    find "$TEST_DIR/backups" -name manifest.json 2>/dev/null | wc -l
}

# ---- hooks -------------------------------------------------------------------------------

echo "hooks"
gates '"hooks": [
    { "name": "count", "before": "UPDATE app.counter SET n = n * 10",
      "after": "UPDATE app.counter SET n = n + (SELECT count(*) FROM app.item)",
      "undo": "UPDATE app.counter SET n = 2" },
    { "name": "note", "after": "INSERT INTO app.counter VALUES ('"'it''s done; -- %s'"', 1); SELECT 1",
      "undo": "DELETE FROM app.counter WHERE name LIKE '"'it''s%'"'" } ]'
run 0 shop gates
rows shop "SELECT * FROM app.counter ORDER BY 1" "it's done; -- %s|1
items|24"
rows shop "SELECT id, name FROM app.item ORDER BY 1" "1|new
2|live
3|third
4|fourth"
undo_proof shop gates
again_from_start
psql_t shop -c "DELETE FROM app.counter WHERE n = 1"
echo "hooks: one that fails"
for part in before after; do
    gates '"hooks": [ { "name": "count", "before": "UPDATE app.counter SET n = 7", "undo": "SELECT 1" },
        { "name": "broken", "'$part'": "UPDATE app.counter SET n = 1 / 0", "undo": "SELECT 1" } ]'
    nothing 8 shop gates
    says "hook broken"
done
gates '"hooks": [ { "name": "typo", "after": "UPDATE app.countr SET n = 1", "undo": "SELECT 1" } ]'
nothing 5 shop gates
gates '"hooks": [ { "name": "commits", "after": "COMMIT", "undo": "SELECT 1" } ]'
nothing 5 shop gates
says "hook commits"
gates '"hooks": [ { "name": "ends", "before": "ROLLBACK", "undo": "SELECT 1" } ]'
nothing 5 shop gates
echo "hooks: behind COMMIT"
psql_t shop -c "UPDATE app.counter SET n = 2"
index_is() # VALID: whether the index of the hook is there, and whole
{
    rows shop "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('app.item_name')" "$1"
}
hook_sql="CREATE INDEX CONCURRENTLY item_name ON app.item (name)"
with_hook() # AFTER_COMMIT
{
    gates '"hooks": [ { "name": "index", "after_commit": "'"$1"'", "undo": "DROP INDEX IF EXISTS app.item_name" } ]'
}
with_hook "$hook_sql"
mig 0 shop gates --dry-run
index_is ""
run 0 shop gates
index_is t
mig 0 shop gates --rollback
index_is ""
again_from_start
with_hook "CREATE INDEX CONCURRENTLY item_name ON app.itm (name)"
mig 12 shop gates --run
says "hook index"
says "the run is published"
index_is ""
rows shop "SELECT count(*) FROM app.item" 4
rows shop "SELECT state FROM mighost.run ORDER BY id DESC LIMIT 1" published
with_hook "$hook_sql"
mig 0 shop gates --run
rows shop "SELECT state FROM mighost.run ORDER BY id DESC LIMIT 1" "done"
index_is t
mig 0 shop gates --rollback
index_is ""
again_from_start
echo "hooks: an undo that fails undoes nothing"
gates '"hooks": [ { "name": "count", "after": "UPDATE app.counter SET n = 7",
    "undo": "UPDATE app.counter SET n = 1 / 0" } ]'
run 0 shop gates
fingerprint_db shop >"$TEST_DIR/before.shop"
published=$BUNDLE
mig 8 shop gates --rollback
unchanged shop "a rollback that failed"
BUNDLE=$published
! psql_script shop -v ON_ERROR_STOP=1 || fail "rollback.sql ran"
unchanged shop "a rollback.sql that failed"
psql_t shop -c "SET client_min_messages = warning; DROP SCHEMA mighost CASCADE"

# ---- invariants --------------------------------------------------------------------------

echo "invariants"
again_from_start
gates '"invariants": [ { "name": "cheap", "sql": "SELECT id FROM app.item WHERE price > 35" } ]'
nothing 8 shop gates
says "invariant cheap does not hold: 1 row"
gates '"invariants": [ { "name": "live", "sql": "SELECT 1 WHERE (SELECT count(*) FROM app.item) <> 4" } ]'
run 0 shop gates # sees the rows as they are after the writes
undo_proof shop gates
again_from_start

# ---- validators --------------------------------------------------------------------------

echo "validators: before anything is written"
made=$(backups)
sql() # SEVERITY SQL
{
    gates "\"validators\": [ { \"name\": \"own\", \"use\": \"sql\", \"options\": { \"queries\": [ { \"name\": \"q\",
        \"sql\": \"$2\", \"message\": \"m\", \"severity\": \"$1\" } ] } } ]"
}
sql error "SELECT id FROM {item} WHERE price = 40"
nothing 8 shop gates # the row is not live yet
says "check q: 1 violation"
is "backups" "$(backups)" "$made"
sql error "SELECT i.id FROM {app.item} i JOIN {tag} t ON t.item_id = i.id WHERE i.name = 'new'"
nothing 8 shop gates
sql error "SELECT 1 WHERE (SELECT count(*) FROM {item}) <> 4 OR (SELECT price FROM {item} WHERE id = 1) <> 10"
run 0 shop gates
rows shop "SELECT phase, status, violations FROM mighost.check_result WHERE run = (SELECT max(id)
    FROM mighost.run) ORDER BY 1" "after|passed|0
before|passed|0"
undo_proof shop gates
again_from_start
echo "validators: a warning stops nothing"
sql warning "SELECT id FROM {item} WHERE price = 40"
run 0 shop gates
rows shop "SELECT phase, status, violations FROM mighost.check_result WHERE run = (SELECT max(id)
    FROM mighost.run) ORDER BY 1" "after|warning|1
before|warning|1"
again_from_start
echo "validators: on the live tables only; the run is taken back"
# Named directly, the live table is meant; before publish it lacks the row.
sql error "SELECT id FROM app.item WHERE price = 40"
nothing 8 shop gates
says "rolled back"
rows shop "SELECT phase, status FROM mighost.check_result WHERE run = (SELECT max(id)
    FROM mighost.run) ORDER BY 1" "after|failed
before|passed"
mig 0 shop gates --validate
echo "validators: SQL that writes, and SQL that is none"
sql error "WITH x AS (DELETE FROM app.item RETURNING 1) SELECT * FROM x"
nothing 5 shop gates
fingerprint_db shop >"$TEST_DIR/before.validate"
mig 5 shop gates --validate # in a transaction that may write nothing
fingerprint_db shop | cmp -s "$TEST_DIR/before.validate" - || fail "--validate wrote"
sql error "SELECT nothing FROM {item}"
nothing 5 shop gates
says "validator own, check q"
echo "validators: a rule on rows refuses records"
gates '"validators": [ { "name": "r", "use": "range", "options": {
    "table": "item", "column": "price", "max": 35 } } ]'
run 20 shop gates
rows shop "SELECT id, price FROM app.item ORDER BY 1" "1|10
2|6
3|30"
rows shop "SELECT stage, key, field FROM mighost.reject WHERE run = (SELECT max(id) FROM mighost.run)" "items|4|price"
undo_proof shop gates
again_from_start

# ---- limits ------------------------------------------------------------------------------

echo "limits of rejects are exact"
limit() # CODE STAGE_LIMIT TOTAL_LIMIT: 2 of 4 records of items are bad, 2 of 6 in all
{
    gates "${3:+\"max_rejects\": $3}" "${2:+\"max_rejects\": $2,}" bad
    if [ "$1" = 20 ]; then
        run 20 shop gates
        rows shop "SELECT count(*) FROM app.item" 4
        again_from_start
    else
        nothing "$1" shop gates
    fi
}
limit 20 2
limit 7 1
says "stage items: 2 of 4 records rejected, allowed are 1"
says "most of them: "
limit 7 0
limit 20 '"50%"'
limit 7 '"49.9%"'
limit 20 "" 2
limit 7 "" 1
limit 20 "" '"33.4%"'
limit 7 "" '"33.3%"'
limit 7 2 1
limit 20 null null
made=$(backups)
limit 7 "" 0
is "backups" "$(backups)" "$made"

echo "a critical stage loses nothing"
gates "" '"critical": true,' bad
nothing 8 shop gates
says "stage items is critical and would lose 2 of 4 records"
gates "" '"critical": true,'
run 0 shop gates
again_from_start

echo "strict"
made=$(backups)
gates '"on_invalid": "fail"' "" bad
nothing 8 shop gates
says "2 of 6 records are invalid"
is "backups" "$(backups)" "$made"
is "errors.csv" "$(cut -d , -f 1,3,5 "$BUNDLE/errors.csv" | tail -n +2 | tr -d '"')" "items,11,name
items,12,price"
rows shop "SELECT count(*) FROM pg_class WHERE relname ~ ('^(staging|match|delete|before|willbe|asif)_'
    || (SELECT max(id) FROM mighost.run) || '_')" 0
gates '"on_invalid": "fail"'
run 0 shop gates
is "backups" "$(backups)" "$((made + 1))"
undo_proof shop gates
again_from_start

# ---- two projects on one target ----------------------------------------------------------

echo "two projects"
psql_t shop -c "SET client_min_messages = warning; DROP SCHEMA mighost CASCADE"
gates
project other <<'JSON'
{ "name": "other", "target": { "schema": "app" },
  "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "items", "policy": "update", "ids": "keep", "options": { "table": "item",
    "fields": { "id": "id", "stock": "stock" } },
    "tables": { "item": { "policy": "update" } } } ] }
JSON
data other <<'JSON'
{ "items": [ { "id": 1, "stock": 100 }, { "id": 2, "stock": 200 } ] }
JSON
fingerprint_db shop >"$TEST_DIR/start"
nothing 4 shop other # the stage fills no name, and new rows must have one
says "column name of app.item must not be NULL"
psql_t shop -c "ALTER TABLE app.item ALTER name SET DEFAULT 'none'"
run 0 shop gates
run 0 shop other
rows shop "SELECT * FROM app.item ORDER BY 1" "1|new|10|100
2|live|6|200
3|third|30|
4|fourth|40|"
rows shop "SELECT p.name, count(*) FROM mighost.run r JOIN mighost.project p ON p.id = r.project
    GROUP BY 1 ORDER BY 1" \
    "gates|1
other|1"
rows shop "SELECT p.name, m.source_key FROM mighost.id_map m JOIN mighost.project p ON p.id = m.project
    WHERE stage = 'items' ORDER BY 1, 2" "gates|1
gates|3
gates|4
other|1
other|2"
# Each project's newest run is its own; the other's rows are in the way of the first.
fingerprint_db shop >"$TEST_DIR/before.shop"
mig 13 shop gates --rollback
says "2, 1"
unchanged shop "a rollback out of order"
mig 0 shop other --rollback
mig 0 shop gates --rollback
fingerprint_db shop | diff "$TEST_DIR/start" - || fail "not as before both"
mig 13 shop gates --rollback 2

if [ -n "$("$MIGHOST" --list-faults)" ]; then
    echo "two projects at once"
    stand 0 shop gates chunk.read:1
    ERR=$TEST_DIR/err2 OUT=$TEST_DIR/out2
    mig 10 shop other --run # both write app.item
    says "of project gates"
    project apart <<'JSON'
{ "name": "apart", "target": { "schema": "app" },
  "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "counters", "policy": "update", "ids": "keep", "options": { "table": "counter",
    "fields": { "name": "id", "n": "n" } } } ] }
JSON
    data apart <<'JSON'
{ "counters": [ { "id": "items", "n": 5 } ] }
JSON
    mig 0 shop apart --run # this one does not
    go_on
    mig 0 shop other --run
fi

# ---- behind publish ----------------------------------------------------------------------

echo "analyze and vacuum"
finished() # SETTING EXPECTED: analyzed and vacuumed since, of the written table and of the other
{
    pg_createdb "finish_$1"
    psql_t "finish_$1" -c "CREATE TABLE written (id int PRIMARY KEY)" -c "CREATE TABLE other (id int)"
    data "finish_$1" <<'JSON'
{ "rows": [ { "id": 1 }, { "id": 2 } ] }
JSON
    project "finish_$1" <<JSON
{ "name": "finish", "finish": "$1", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "rows", "ids": "keep", "options": { "table": "written", "fields": { "id": "id" } } } ] }
JSON
    run 0 "finish_$1" "finish_$1"
    rows "finish_$1" "SELECT relname, last_analyze IS NOT NULL, last_vacuum IS NOT NULL
        FROM pg_stat_user_tables WHERE schemaname = 'public' ORDER BY 1" "other|f|f
written|$2"
}
finished analyze "t|f"
finished vacuum "t|t"
finished none "f|f"

echo "state of another version"
psql_t finish_none -c "UPDATE mighost.meta SET version = 1"
mig 5 finish_none finish_none --run
says "schema mighost is of version 1"
says "DROP SCHEMA"
psql_t finish_none -c "UPDATE mighost.meta SET version = 1000"
mig 5 finish_none finish_none --status
says "use a mighost of the same or a newer version"
echo "ok"

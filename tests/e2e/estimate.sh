# estimate.sh - what the plan tells of records and times: as earlier runs measured, or nothing.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb shop
psql_t shop -c 'CREATE TABLE items (id int PRIMARY KEY, name text)' \
    -c 'CREATE TABLE notes (id int PRIMARY KEY, text text)'
mkdir "$TEST_DIR/shop"
document() # ITEMS
{
    printf '{ "items": ['
    seq "$1" | sed 's/.*/{ "id": &, "name": "n&" },/' | sed '$s/,$//'
    printf '], "notes": [ { "id": 1, "text": "one" } ] }'
}
stages() # PROJECT NAME: what column name is made of
{
    cat >"$TEST_DIR/shop/$1.json" <<JSON
{ "name": "shop", "batch_size": 10,
  "sources": { "old": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [
    { "name": "items", "phase": 2, "policy": "update", "ids": "keep",
      "options": { "table": "items", "fields": { "id": "id", "name": $2 } } },
    { "name": "notes", "phase": 1, "policy": "update", "ids": "keep",
      "options": { "table": "notes", "fields": { "id": "id", "text": "text" } } } ] }
JSON
}
document 25 >"$TEST_DIR/shop/data.json"
stages project '"name"'
stages other '["name", "text.trim"]'

# plan PROJECT EXPRESSION VALUE: of the plan as JSON, j
plan()
{
    mig 0 shop "$1" --plan --json
    is "$2" "$(psql_t shop -v file="$OUT" <<SQL
\\set content \`cat :'file'\`
SELECT $2 FROM (SELECT :'content'::jsonb -> 'estimate' AS j) x;
SQL
)" "$3"
}

echo "nothing is measured: nothing is known"
plan shop j '{"load": null, "phases": {"1": null, "2": null}, '\
'"stages": {"items": null, "notes": null}, "publish": null}'
mig 0 shop shop --plan
says 'items: unknown'
says 'phase 2: unknown'
says 'load and publish: unknown'
mig 0 shop shop --dry-run
plan shop "j -> 'load'" null
mig 0 shop shop --run --only items
plan shop "j #> '{stages,items,records}'" 25
plan shop "j #> '{stages,notes}'" null
plan shop "j -> 'load'" null
plan shop "j -> 'publish'" null
DATABASE_URL= "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/shop" --plan --json >"$OUT"
says '"estimate": null'

echo "what the newest run measured"
document 37 >"$TEST_DIR/shop/data.json"
run 0 shop shop
psql_t shop -c "UPDATE mighost.run_stage SET seconds = CASE name WHEN 'items' THEN 74 ELSE 3 END WHERE run = 3" \
    -c 'UPDATE mighost.run SET publish_seconds = 5 WHERE id = 3'
plan shop "j -> 'stages'" '{"items": {"records": 37, "seconds": 74.0}, "notes": {"records": 1, "seconds": 3.0}}'
plan shop "j -> 'phases'" '{"1": {"records": 1, "seconds": 3.0}, "2": {"records": 37, "seconds": 74.0}}'
plan shop "j -> 'load', j -> 'publish'" '{"records": 38, "seconds": 77.0}|{"seconds": 5.0}'
mig 0 shop shop --plan
says 'items: 37 records, 74.0 s'
says 'phase 1: 1 record, 3.0 s'
says 'publish: 5.0 s'
says 'load and publish: 38 records, 82.0 s'

echo "a stage that is another now, a stage that no process loaded as a whole"
plan shop/other.json "j #> '{stages,items}'" null
plan shop/other.json "j #> '{stages,notes,records}'" 1
plan shop/other.json "j -> 'publish'" null
psql_t shop -c "UPDATE mighost.chunk SET at = at - interval '80 s' WHERE run = 3 AND stage = 'items' AND no = (SELECT
    min(no) FROM mighost.chunk WHERE run = 3 AND stage = 'items')"
plan shop "j #> '{stages,items,records}'" 25
psql_t shop -c "UPDATE mighost.run_stage SET done = false WHERE run < 3 AND name = 'items'"
plan shop "j #> '{stages,items}'" null
plan shop "j #> '{phases,2}'" null
plan shop "j #> '{phases,1,records}'" 1

echo "a state schema that cannot be read"
psql_t shop -c 'UPDATE mighost.meta SET version = version + 1'
mig 0 shop shop --plan
says 'nothing is known about records and times'
says 'items: unknown'

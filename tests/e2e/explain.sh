# explain.sh - --explain STAGE:KEY: the way of one record, before any run, behind one, and behind a
# correction; nothing is written, and nothing secret or personal is shown, nor what became of it.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb shop
psql_t shop -c "CREATE TABLE person (id uuid PRIMARY KEY, mail text, name text, pin text, note text)" \
    -c "CREATE TABLE item (shop int, no int, owner uuid REFERENCES person, title text, PRIMARY KEY (shop, no))"
project shop <<'JSON'
{ "name": "shop", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" },
  "stages": [
    { "name": "people", "secret": "pin", "pii": ["mail"], "options": { "table": "person", "fields": {
        "id": { "key": "people" }, "mail": ["mail", "text.lower"], "name": ["name", "text.trim"],
        "pin": ["pin", "text.lower"], "note": "note" } } },
    { "name": "items", "ids": "natural", "key": ["shop", "no"], "options": { "table": "item", "fields": {
        "shop": "shop", "no": "no", "owner": { "key": "people", "from": "owner" }, "title": "title" } } } ] }
JSON
data shop <<'JSON'
{ "people": [
    { "id": 1, "mail": "CANARY-Mail@x.org", "name": " Ann ", "pin": "CANARY-Pin", "note": "\u001b[2J\u009b" },
    { "id": 2, "mail": "m2@x.org", "name": "Bob", "pin": "1", "note": "m2@x.org, write there" } ],
  "items": [ { "shop": 7, "no": 1, "owner": 1, "title": "hat" }, { "shop": 7, "no": 2, "owner": 9, "title": "cap" } ] }
JSON
fingerprint_db shop >"$TEST_DIR/before"

echo "before any run"
mig 0 shop shop --explain people:1
says 'text.trim(" Ann ") -> "Ann"'
says "row of person"
if grep -qi 'canary' "$OUT" "$ERR"; then fail "a masked value is shown"; fi
if tr -d '\n\t -~' <"$OUT" | grep -q .; then fail "control characters reach the terminal"; fi
mig 0 shop shop --explain people:2 --json
is "the note, which holds the address" "$(jq -r '.record.note, .rows[0].values.note' "$OUT")" "***
***"
is "the steps" "$(jq -c '.steps[] | [.column, .transform, .in[0], .out]' "$OUT")" \
    '["mail","text.lower","***","***"]
["name","text.trim","Bob","Bob"]
["pin","text.lower","***","***"]'
mig 0 shop shop --explain items:7,2 --json
is "the parts of a key" "$(jq -c '[.record.title, .outcome.what, .id_map, .left_out]' "$OUT")" \
    '["cap","rows",null,null]'
fingerprint_db shop | cmp - "$TEST_DIR/before" || fail "something was written"
rows shop "SELECT count(*) FROM pg_namespace WHERE nspname = 'mighost'" 0

echo "behind a run"
run 20 shop shop
id=$(psql_t shop -c "SELECT id FROM person WHERE name = 'Ann'")
mig 0 shop shop --explain people:1 --json
is "its key" "$(jq -c '[.id_map, .live]' "$OUT")" "[[{\"run\":\"1\",\"key\":\"$id\"}],true]"
is "its row" "$(jq -r '.rows[0].values.id' "$OUT")" "$id"
mig 0 shop shop --explain items:7,2 --json
is "why it is not there" "$(jq -c '.left_out[] | [.run, .step, .outcome, .code]' "$OUT")" \
    '["1","check","rejected","orphan"]'
psql_t shop -c "DELETE FROM item" -c "DELETE FROM person"
mig 0 shop shop --explain people:1
says "its row is not in the live table"

echo "the source no longer has it; nobody ever had it; no such stage; no key"
data shop <<'JSON'
{ "people": [ { "id": 2, "mail": 5, "name": "Bob", "pin": "1" } ], "items": [] }
JSON
mig 0 shop shop --explain people:1
says "the source has no such record now"
mig 6 shop shop --explain people:77
says "neither the source nor a run has this record"
mig 2 shop shop --explain peoples:1
says 'the plan has no stage "peoples"'
mig 2 shop shop --explain people
says "STAGE:KEY"

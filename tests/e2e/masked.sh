# masked.sh - fields of class secret and pii: in no file of a bundle, whatever reporter writes it, one
# from outside of the tree among them; and the last look, which finds what masks do not know of.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/refusals.sh"

mkdir "$TEST_DIR/tell"
${CC:-cc} -std=c99 -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden -I"$top_srcdir/include" \
    "$top_srcdir/tests/fixtures/tell.c" -o "$TEST_DIR/tell/tell.so"
on="--plugins $PLUGINS --plugins $TEST_DIR/tell --work-dir $TEST_DIR/work"
shop
cat >"$SHOP/items.sql" <<'SQL'
CREATE TABLE public.people (mail text PRIMARY KEY, name text NOT NULL UNIQUE, born date, pay numeric(8,2),
    note text);
CREATE TABLE public.visits (id int PRIMARY KEY, mail text NOT NULL REFERENCES people);
SQL
cat >"$SHOP/data.json" <<'JSON'
{ "people": [
    { "mail": "c4v-1@x.org", "name": "c4v-Ann O'Neill", "born": "1971-07-11", "pay": 4711.50, "note": "n1" },
    { "mail": "c4v-2@x.org", "name": "c4v-Ann O'Neill", "born": "1972-07-11", "pay": 4712.50, "note": "n2" },
    { "mail": "c4v-3@x.org", "name": "c4v-\"Bob\" <b>", "born": "1973-07-11x", "pay": 4713.50,
      "note" : "n3" , "n":1.500 } ],
  "visits": [ { "id": 1, "mail": "c4v-1@x.org" }, { "id": 2, "mail": "c4v-3@x.org" },
    { "id": "c4nary-none", "mail": "c4v-1@x.org" } ] }
JSON
cat >"$SHOP/project.json" <<'JSON'
{ "name": "shop",
  "sources": { "old": { "use": "json", "options": { "file": "data.json" } } },
  "reporters": [ { "name": "html" }, { "name": "summary" }, { "name": "errors" }, { "name": "json" },
    { "name": "sql" }, { "name": "idmap" }, { "name": "log" }, { "name": "test-report" },
    { "name": "tell", "options": { "stage": "people" } } ],
  "stages": [
    { "name": "people", "ids": "natural", "key": "mail", "policy": "update",
      "pii": ["mail", "name", "born", "pay"],
      "options": { "table": "people", "fields": { "mail": "mail", "name": "name", "born": "born",
        "pay": "pay", "note": "note" } } },
    { "name": "visits", "ids": "keep", "needs": ["people"], "pii": "mail",
      "options": { "table": "visits", "fields": { "id": "id", "mail": { "key": "people", "from": "mail" } } } } ] }
JSON
value='c4v|@x\.org|197[0-9]-07-11|471[0-9]\.50'
bundle_of()
{
    sed -n 's/^run .*; report: //p' "$OUT"
}
nowhere() # DIR
{
    is "files of $1 with values" "$(cd "$1" && grep -rlE "$value" . || :)" ""
}

echo "no value in any file"
shop_db shop
ends 20 $on --project "$SHOP" --run --verbose
bundle=$(bundle_of)
silent c4v
nowhere "$bundle"
is "files" "$(find "$bundle" -type f | wc -l)" 16
grep -qF '"raw": { "mail": "***", "name": "***", "born": "***", "pay": "***",       "note" : "n3" , "n":1.500 }' \
    "$bundle/rejects.jsonl" || fail "not masked and otherwise as it was: $(cat "$bundle/rejects.jsonl")"
is "keys in errors.csv" "$(cut -d, -f1,3,7 "$bundle/errors.csv" | tr -d '\r' | sort)" '"people","***","bad_date"
"people","***","duplicate"
"stage","key","code"
"visits","2","parent_rejected"
"visits","c4nary-none","bad_number"'
grep -q 'the one with the source key \*\*\* stays' "$bundle/errors.csv" || fail "which one stays is not told so"
grep -q '"people:\*\*\* bad_date"' "$bundle/errors.csv" || fail "the first cause is not told so"
is "maps" "$(jq -c . "$bundle/idmap/people.json" "$bundle/idmap/visits.json")" '{}
{"1":"1"}'
is "what a reporter from outside learns" "$(grep -c '^ key \*\*\*$' "$bundle/told.txt")" 2
jq -e '[.run.plugins[].id] | index("org.example.tell")' "$bundle/report.json" >/dev/null
is "the map in the target" "$(psql_t shop -c "SELECT count(*) FROM mighost.id_map WHERE source_key ~ 'c4v'")" 1
ends 0 $on --project "$SHOP" --report 1
nowhere "$(bundle_of)"
diff -r -x analysis.json -x run.log -x manifest.json -x migration.log -x told.txt "$bundle" "$(bundle_of)" ||
    fail "made again it is another"

echo "records that vanished"
sed -i '/c4v-1@x.org", "name"/d; s/{ "id": 1, "mail": "c4v-1@x.org" }, //' "$SHOP/data.json"
ends 20 $on --project "$SHOP" --run
grep -q '"people","vanished","\*\*\*","\*\*\*"' "$(bundle_of)/source_changes.csv" || fail "not masked there"
nowhere "$(bundle_of)"

echo "a value that a field without a class holds, too"
sed -i 's/"note" : "n3"/"note": "ask c4v-3@x.org"/' "$SHOP/data.json"
ends 12 $on --project "$SHOP" --run
says "rejects.jsonl held a value of field mail of a rejected record and was removed" '"pii"' "the run is published"
silent c4v
bundle=$(bundle_of)
nowhere "$bundle"
[ ! -e "$bundle/rejects.jsonl" ] && [ ! -e "$bundle/told.txt" ] && [ -e "$bundle/errors.csv" ] ||
    fail "other files are there: $(ls "$bundle")"
is "in the manifest" "$(jq -c '[.files | has("rejects.jsonl", "told.txt", "errors.csv")]' "$bundle/manifest.json")" \
    "[false,false,true]"
sed 's/"pay"\],/"pay", "note"],/' "$SHOP/project.json" >"$SHOP/better.json"
run=$(sed -n 's/^run \([0-9]*\): .*/\1/p' "$OUT")
ends 0 $on --project "$SHOP/better.json" --report "$run"
nowhere "$(bundle_of)"
[ -e "$(bundle_of)/rejects.jsonl" ] || fail "no rejects.jsonl once its field has a class"

echo "a planted value"
sed 's/"name": "shop",/& "canaries": ["${CANARY}", "not there"],/' "$SHOP/better.json" >"$SHOP/canary.json"
CANARY=c4nary-none ends 12 $on --project "$SHOP/canary.json" --run
says "held a planted value and was removed"
bundle=$(bundle_of)
is "files with it" "$(grep -rl c4nary "$bundle" || :)" ""
CANARY=c4nary-nowhere ends 20 $on --project "$SHOP/canary.json" --run

echo "a reporter that writes a key of the configuration"
sed 's/"stage": "people"/&, "word": "${TELL_TOKEN}"/' "$SHOP/better.json" >"$SHOP/word.json"
for token in 'c4nary-word-1' "c4nary-'word' \\\"2\\\" & <3>"; do
    TELL_TOKEN=$token ends 12 $on --project "$SHOP/word.json" --run
    says "told.txt held a password or key of the configuration and was removed"
    silent c4nary-word "c4nary-'"
    [ ! -e "$(bundle_of)/told.txt" ] || fail "the file is still there"
done
# What could stand anywhere is not looked for: a password "postgres" is part of a plugin's name.
TELL_TOKEN=postgres ends 20 $on --project "$SHOP/word.json" --run
echo "done"

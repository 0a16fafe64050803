# verify.sh - what --verify finds when values were changed behind its back: table, key, column, what was
# to be there and what is; on stdout alone.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb shop
psql_t shop <<'SQL'
CREATE TABLE item (id int PRIMARY KEY, label text, price numeric(8,2), seen timestamptz, extra jsonb);
CREATE TABLE part (item_id int REFERENCES item, no int, "odd ""name""" text, PRIMARY KEY (item_id, no));
SQL
{
    awk 'BEGIN { printf "{ \"items\": ["
        for (i = 1; i <= 3000; i++)
            printf "%s{\"id\": %d, \"label\": \"item %d\", \"price\": \"%d.50\", " \
                "\"extra\": {\"n\": %d}}",
                (i > 1 ? ",\n" : ""), i, i, i, i
        print "],"
    }'
    echo '"parts": [{"item": 1, "no": 1, "text": "left"}, {"item": 1, "no": 2, "text": null}] }'
} | data shop
project shop <<'JSON'
{ "name": "shop", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" },
  "stages": [
    { "name": "items", "ids": "keep", "options": { "table": "item",
        "fields": { "id": "id", "label": "label", "price": "price", "extra": "extra" } } },
    { "name": "parts", "ids": "keep", "key": ["item", "no"], "options": { "table": "part",
        "fields": { "item_id": "item", "no": "no", "odd \"name\"": "text" } } } ] }
JSON
run 0 shop shop
mig 0 shop shop --verify 1
says "3002 rows, 12006 fields compared; 0 rows differ, 0 changed by the target's triggers"

psql_t shop -c "UPDATE item SET price = 1700.51 WHERE id = 1700"
mig 8 shop shop --verify 1
is "one field" "$(grep -c expected "$OUT")" 1
grep -qxF '"public"."item" key 1700, column price: expected 1700.50, found 1700.51' "$OUT" ||
    fail "the changed field is not named"
grep -qF 1700.51 "$ERR" && fail "a value stands on stderr"

# A value that is equal and not the same, a NULL, a composite key, a column that nobody wrote.
psql_t shop -c "UPDATE item SET price = 1700.50, seen = now() WHERE id = 1700" \
    -c "UPDATE item SET extra = '{\"n\": 8.0}' WHERE id = 8" \
    -c "UPDATE part SET \"odd \"\"name\"\"\" = CASE no WHEN 1 THEN NULL ELSE 'right' END"
mig 8 shop shop --verify 1
is "the fields" "$(grep expected "$OUT" | sort)" \
    '"public"."item" key 8, column extra: expected {"n": 8}, found {"n": 8.0}
"public"."part" key 1, 1, column odd "name": expected left, found NULL
"public"."part" key 1, 2, column odd "name": expected NULL, found right'
says "4 changed since by others"
is "the row whose fields are as they were" "$(grep 'key 1700' "$OUT")" \
    '"public"."item" key 1700: written by others since, no value of the run changed'

psql_t shop -c "DELETE FROM part WHERE no = 2"
mig 8 shop shop --verify 1
is "the row that is gone" "$(grep 'key 1, 2' "$OUT")" '"public"."part" key 1, 2: missing'
psql_t shop -c "INSERT INTO part VALUES (1, 2, NULL)"
mig 8 shop shop --verify 1
is "the row that is back, every column as it was" "$(grep 'key 1, 2' "$OUT")" ""
says "3 changed since by others"

# Very many are counted, and some named.
psql_t shop -c "UPDATE item SET label = upper(label)"
mig 8 shop shop --verify 1
is "named labels" "$(grep -c 'column label' "$OUT")" 20
says "3001 changed since by others"

echo "each stage in each table by name, with what was expected and what was found"
pg_createdb people
psql_t people <<'SQL'
CREATE TABLE person (id int PRIMARY KEY, name text, kind text);
CREATE TABLE visit (id int PRIMARY KEY, person int REFERENCES person);
INSERT INTO person VALUES (100, 'kept', 'guest'), (1, 'Ann', 'pupil');
SQL
cat <<'JSON' | data people
{ "pupils": [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}, {"id": 3, "name": "Cy"}],
  "teachers": [{"id": 11, "name": "Dan"}, {"id": 12, "name": "Eve"}],
  "visits": [{"id": 1, "person": 2}, {"id": 2, "person": 11}] }
JSON
people() # MEMBERS: the project with these
{
    project people <<JSON
{ "name": "people", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } }, $1
  "backup": { "scope": "none" }, "reporters": [ { "name": "json" }, { "name": "summary" }, { "name": "html" },
    { "name": "test-report" } ],
  "preserve": [ { "name": "guests", "table": "person", "where": "kind = 'guest'" } ],
  "validators": [ { "name": "consistency", "use": "orphans", "options": { "relations": [
    { "name": "visits have their person", "table": "public.visit", "columns": ["person"],
      "to": "public.person", "to_columns": ["id"] } ] } } ],
  "stages": [
    { "name": "pupils", "policy": "update", "ids": "keep", "options": { "table": "person",
      "fields": { "id": "id", "name": "name", "kind": { "value": "pupil" } } } },
    { "name": "teachers", "needs": ["after:stage:pupils"], "policy": "update", "ids": "keep",
      "options": { "table": "person",
        "fields": { "id": "id", "name": "name", "kind": { "value": "teacher" } } } },
    { "name": "visits", "ids": "keep", "policy": "update",
      "options": { "table": "visit", "fields": { "id": "id", "person": "person" } } } ] }
JSON
}
tested() # PREFIX...: name, result, expected, found of the cases
{
    for prefix in "$@"; do
        jq -r --arg p "$prefix" '.cases[] | select(.name | startswith($p)) |
            [.name, .result, .expected, .found] | map(tostring) | join("|")' "$BUNDLE/test_report.json"
    done
}
people ''
run 0 people people
is "the cases" "$(tested records accuracy "consistency: visits have their person (after)")" \
    "records of pupils|passed|3|3
records of teachers|passed|2|2
records of visits|passed|2|2
accuracy of pupils in public.person|passed|3|3
accuracy of teachers in public.person|passed|2|2
accuracy of visits in public.visit|passed|2|2
consistency: visits have their person (after)|passed|0|0"
is "preserved" "$(tested preserved: | awk -F'|' '{ print $2, $3 == $4, $3 }' | cut -d' ' -f1-3)" "passed 1 1"
grep -qE '^teachers +public.person +2 +2  passed$' "$BUNDLE/summary.txt" || fail "the summary does not say it"
grep -q 'Rows of each table, read back' "$BUNDLE/report.html" || fail "the page does not say it"

echo "the same in a run that changes nothing"
run 0 people people
is "the cases" "$(tested accuracy)" "accuracy of pupils in public.person|passed|3|3
accuracy of teachers in public.person|passed|2|2
accuracy of visits in public.visit|passed|2|2"
mig 0 people people --rollback 1

echo "a row that is not as it was staged is missed in its group: the run's fault, and the target's"
people '"on_failed_validation": "keep", "hooks": [{ "name": "h", "undo": "",
  "after": "UPDATE public.person SET name = $$x$$ WHERE id = 12" }],'
mig 8 people people --run
is "the cases" "$(tested accuracy)" "accuracy of pupils in public.person|passed|3|3
accuracy of teachers in public.person|failed|2|1
accuracy of visits in public.visit|passed|2|2"
is "the failed" "$(jq '[.cases[] | select(.result == "failed") | .name][:2]' -c "$BUNDLE/test_report.json")" \
    '["accuracy of teachers in public.person","live rows equal staged rows in every field"]'
mig 0 people people --rollback
psql_t people <<'SQL'
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.name := upper(NEW.name); RETURN NEW; END$$;
CREATE TRIGGER shout BEFORE INSERT ON person FOR EACH ROW WHEN (NEW.id = 3) EXECUTE FUNCTION shout();
SQL
people ''
mig 0 people people --run
is "the cases" "$(tested accuracy)" "accuracy of pupils in public.person|warning|3|2
accuracy of teachers in public.person|passed|2|2
accuracy of visits in public.visit|passed|2|2"

# coverage.sh - what became of each field of a source and of each column of the target, as plain SQL
# over the source says: fields that only some records have, in every kind of source, over several
# stages, chunks, processes and a run that is broken off. With --strict a field that holds a value and
# is read by nobody ends the run before anything is published.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb app
psql_t app -c 'CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, age int, note text,
    kind text DEFAULT $$plain$$, made timestamptz NOT NULL DEFAULT now(), serial int GENERATED ALWAYS
    AS IDENTITY, doubled int GENERATED ALWAYS AS (age * 2) STORED)' \
    -c 'CREATE TABLE address (id int PRIMARY KEY, city text)'

# The source: one record of 3,000 has a nickname; some notes are empty, some missing. PostgreSQL says
# what each field holds, in the form of every kind of source.
pg_createdb old
psql_t old <<'SQL'
CREATE TYPE pair AS (a int, b int);
CREATE TABLE person AS SELECT n AS id, 'P' || n AS name, CASE WHEN n % 3 = 0 THEN n % 90 END AS age,
    CASE n % 4 WHEN 0 THEN '' WHEN 1 THEN 'note ' || n END AS note,
    CASE WHEN n % 5 = 0 THEN 'Town ' || n END AS city,
    CASE WHEN n = 2718 THEN 'Nick' END AS nickname, CASE WHEN n % 7 = 0 THEN false END AS flag,
    CASE WHEN n % 2 = 0 THEN ''::varchar END AS blank, NULL::text AS never,
    CASE WHEN n % 11 = 0 THEN (NULL, n)::pair END AS two, (n % 13 = 0)::text::char(9) AS padded
    FROM generate_series(1, 3000) n;
ALTER TABLE person ADD PRIMARY KEY (id);
CREATE VIEW filled AS SELECT key AS field, count(*) FILTER (WHERE value <> '') AS n FROM person p,
    jsonb_each_text(to_jsonb(p)) GROUP BY key;
SQL

# people PROJECT USE OPTIONS: users and addresses from one entity
people()
{
    project "$1" <<JSON
{ "name": "$1", "batch_size": 700, "backup": { "scope": "none" },
  "sources": { "s": { "use": "$2", "options": { $3 } } },
  "stages": [
    { "name": "people", "entity": "person", "ids": "keep", "policy": "update", "ignore": "flag",
      "options": { "table": "person",
        "fields": { "id": ["id", "number.int"], "name": "name", "age": "age", "note": ["note"] },
        "ignore": ["padded"] } },
    { "name": "addresses", "entity": "person", "ids": "keep", "policy": "update",
      "options": { "table": "address",
        "fields": { "id": ["id", "number.int"], "city": "city" } } } ] }
JSON
}

# reported_fields STAGE: field use values by, of report.json, one a line
reported_fields()
{
    psql_t app -v file="$BUNDLE/report.json" -v stage="$1" <<'SQL'
\set content `cat :'file'`
SELECT concat_ws(' ', f ->> 'field', f ->> 'use', f ->> 'values', f ->> 'by') FROM
    json_array_elements(:'content'::json -> 'stages') s, json_array_elements(s -> 'fields') f
    WHERE s ->> 'name' = :'stage' ORDER BY f ->> 'field' COLLATE "C";
SQL
}

# The same by plain SQL over the source. $1: fields to leave out (that the source cannot have).
expected_fields() # LEFT-OUT STAGE
{
    psql_t old -c "SELECT concat_ws(' ', field, use, n, CASE WHEN use = 'elsewhere' THEN CASE '$2'
        WHEN 'people' THEN 'addresses' ELSE 'people' END END) FROM (SELECT field, n, CASE
        WHEN field = 'id' THEN 'mapped' WHEN field IN ('flag', 'padded') THEN 'ignored'
        WHEN (field = 'city') = ('$2' = 'addresses') AND field IN ('name', 'age', 'note', 'city') THEN 'mapped'
        WHEN field IN ('name', 'age', 'note', 'city') THEN 'elsewhere' ELSE 'unmapped' END AS use
        FROM filled WHERE field <> ALL (string_to_array('$1', ','))) x ORDER BY field COLLATE \"C\""
}

covered() # WHAT LEFT-OUT
{
    for stage in people addresses; do
        is "$1: fields of $stage" "$(reported_fields "$stage")" "$(expected_fields "$2" "$stage")"
    done
}

lines() # SQL-EXPRESSION OF p: a document of the source, a record a line
{
    psql_t old -c "SELECT $1 FROM person p ORDER BY id"
}

echo "PostgreSQL, in one process and in several"
SOURCE_URL=$(pg_url old)
export SOURCE_URL
people pg postgres '"url": "${SOURCE_URL}"'
run 0 app pg
covered "a table" ""
undo_proof app pg
rows app "SELECT count(*), count(age), count(note) FROM person" "3000|1000|1500"
psql_t app -c 'TRUNCATE person, address'
psql_t old -c 'ALTER TABLE person ADD filler text DEFAULT NULL' -c "UPDATE person SET filler = repeat('x', 900)"
run 0 app pg --jobs 2
covered "several processes" ""
psql_t old -c 'ALTER TABLE person DROP filler'

echo "columns of the target"
columns()
{
    psql_t app -v file="$BUNDLE/report.json" <<'SQL'
\set content `cat :'file'`
SELECT concat_ws(' ', c ->> 'column', c ->> 'filled', c ->> 'null', c ->> 'left', c ->> 'otherwise')
    FROM json_array_elements(:'content'::json -> 'stages') s, json_array_elements(
    s #> '{tables,public.person,columns}') c WHERE s ->> 'name' = 'people';
SQL
}
by_sql="SELECT concat_ws(' ', c, (SELECT count(*) FROM person WHERE CASE c WHEN 'age' THEN
    age IS NOT NULL WHEN 'note' THEN note IS NOT NULL ELSE c IN ('id', 'name') END),
    (SELECT count(*) FROM person WHERE CASE c WHEN 'age' THEN age IS NULL WHEN 'note' THEN
    note IS NULL ELSE false END), CASE WHEN n > 4 THEN (SELECT count(*) FROM person) ELSE 0 END, word)
    FROM unnest('{id,name,age,note,kind,made,serial,doubled}'::text[],
    '{\"null\",\"null\",\"null\",\"null\",default,default,identity,generated}'::text[])
    WITH ORDINALITY x (c, word, n) ORDER BY n"
is "columns" "$(columns)" "$(psql_t app -c "$by_sql")"

echo "JSON, with what only some records have; absent is not NULL"
people json json '"files": { "person": "person.ndjson" }'
lines 'jsonb_strip_nulls(to_jsonb(p))' >"$TEST_DIR/json/person.ndjson"
psql_t app -c 'TRUNCATE person, address'
run 0 app json
covered "JSON" never
is "absent" "$(columns | sed -n '3,5p')" 'age 1000 0 2000 null
note 1500 0 1500 null
kind 0 0 3000 default'

echo "CSV"
people csv csv '"files": { "person": "person.csv" }'
psql_t old -c 'COPY person TO STDOUT WITH (FORMAT csv, HEADER)' >"$TEST_DIR/csv/person.csv"
run 0 app csv
covered "CSV" ""

echo "a run that is broken off counts each record once"
psql_t app -c 'TRUNCATE person, address'
if [ -n "$("$MIGHOST" --list-faults)" ]; then
    (MIGHOST_FAULT=chunk.after_commit:3:kill mig 137 app csv --run) || exit 1
fi
mig 0 app csv --run
covered "broken off" ""

echo "strict"
psql_t app -c 'TRUNCATE person, address'
for name in pg csv json; do
    nothing 8 app "$name" --strict
    says 'stage people:'
    says '"nickname" (1 value)'
    says 'name them in "ignore"'
    ! grep -q '"blank"' "$ERR" || fail "an empty text is no value"
    reported '"field": "nickname"'
done
grep -q 'unmapped  *nickname  *1 value, ' "$BUNDLE/summary.txt" || fail "summary.txt does not tell"
grep -q '<th scope="row">nickname</th><td>people</td><td>unmapped</td>' "$BUNDLE/report.html" ||
    fail "report.html does not tell"
sed -i 's/"ignore": "flag"/"ignore": ["flag", "nickname", "two"]/; s/^{ /{ "strict": true, /' \
    "$TEST_DIR/pg/project.json"
run 0 app pg
rows app "SELECT count(*) FROM person" 3000
echo "a stage that takes no part may read it"
psql_t app -c 'TRUNCATE person, address'
run 0 app pg --only addresses
reported "does not judge them, because stage people reads the same records"

echo "rights to some columns only"
psql_t old -c 'CREATE ROLE narrow LOGIN' -c 'GRANT SELECT (id, name, age, note, city) ON person TO narrow'
at_exit 'psql_t old -c "DROP OWNED BY narrow" -c "DROP ROLE narrow" 2>/dev/null'
SOURCE_URL=$(pg_url old | sed 's/postgres@/narrow@/')
people narrow postgres '"url": "${SOURCE_URL}"'
run 0 app narrow --strict
covered "narrow" "nickname,flag,blank,never,two,padded"

echo "the plan, for review"
mig 0 app json --plan
says "ignored on purpose: flag, padded"
says "not filled: person.kind (default), person.made (default), person.serial (identity), person.doubled (gen"
mig 0 app json --plan --format json
is "mapping" "$(psql_t app -v file="$OUT" <<'SQL'
\set content `cat :'file'`
SELECT concat_ws(' ', m ->> 'column', (m -> 'from')::jsonb, (m -> 'steps')::jsonb) FROM json_array_elements(
    :'content'::json -> 'stages') s, json_array_elements(s -> 'mappings') m WHERE s ->> 'name' = 'people';
SQL
)" 'id ["id"] ["number.int"]
name ["name"] []
age ["age"] []
note ["note"] []'

echo "mappings in a file, and a half run behind which it changes"
mkdir "$TEST_DIR/json/maps"
printf '{ "id": ["id", "number.int"],\n  "name": { "$file": "maps/name.json" },\n  "age": oops }' \
    >"$TEST_DIR/json/maps/person.json"
echo '["name", "text.upper"]' >"$TEST_DIR/json/maps/name.json"
jq '.stages[0].options.fields = { "$file": "maps/person.json" }' "$TEST_DIR/json/project.json" >"$TEST_DIR/json/new"
mv "$TEST_DIR/json/new" "$TEST_DIR/json/project.json"
nothing 3 app json
says 'maps/person.json:3:10: no valid JSON'
sed -i 's/oops/"age"/' "$TEST_DIR/json/maps/person.json"
if [ -n "$("$MIGHOST" --list-faults)" ]; then
    (MIGHOST_FAULT=chunk.after_commit:3:kill mig 137 app json --run) || exit 1
fi
echo '["name", "text.lower"]' >"$TEST_DIR/json/maps/name.json"
run 0 app json
rows app "SELECT count(*), count(*) FILTER (WHERE name = 'p' || id) FROM person" "3000|3000"

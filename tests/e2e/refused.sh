# refused.sh - values that mighost lets through and the server refuses: only their records are lost,
# and finding them takes about as many tries as there are.
PGTMP_OPTIONS="-c log_statement=all -c log_error_verbosity=terse"
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

# tries DB MOST ...: the run, and how often it sent rows to find the refused ones
tries()
{
    tries_most=$2
    before=$(log_lines)
    run 20 "$1" "$3"
    [ -n "${MIGHOST_TEST_SOCKET-}" ] || {
        tries=$(($(log_lines) - before))
        [ "$tries" -gt 0 ] && [ "$tries" -le "$tries_most" ] || fail "$tries tries, more than $tries_most"
    }
}

log_lines()
{
    grep -c 'statement: SAVEPOINT isolate' "$TEST_DIR/pg/log" 2>/dev/null || :
}

refused_project() # NAME
{
    project "$1" <<JSON
{ "name": "$1", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "stages": [ { "name": "items", "policy": "update", "ids": "keep", "options": {
    "table": "item", "fields": { "id": "id", "name": "name", "value": "value" } } } ] }
JSON
}

# items DB BAD GOOD EVERY COUNT: a document of items whose value is BAD in each EVERYth, else GOOD
items()
{
    psql_t "$1" -v bad="$2" -v good="$3" -v every="$4" -v count="$5" <<'SQL' >"$TEST_DIR/$1/data.json"
SET client_encoding = 'UTF8';
SELECT json_build_object('items', json_agg(json_build_object('id', i, 'name', 'n' || i, 'value',
    CASE WHEN i % :every = 7 THEN :'bad' ELSE :'good' END) ORDER BY i)) FROM generate_series(1, :count) i
SQL
}

# only DB EVERY COUNT BAD VALUE: exactly the others are there, exactly these are rejected, and kept as
# they were read
only()
{
    rows "$1" "SELECT count(*), count(*) FILTER (WHERE id % $2 = 7 OR name <> 'n' || id) FROM item" \
        "$(($3 - $4))|0"
    rows "$1" "SELECT count(*), count(DISTINCT key), count(*) FILTER (WHERE code = 'refused_value' AND field = 'value'
        AND key::int % $2 = 7 AND number = key::int AND raw ~ ('.id. ?: ?' || key || ',')
        AND raw LIKE '%$5%') FROM mighost.reject
        WHERE run = (SELECT max(id) FROM mighost.run)" "$4|$4|$4"
}

echo "50 of 10000, text COPY"
pg_createdb texts
psql_t texts -c "CREATE TABLE item (id int PRIMARY KEY, name text, value cidr)"
refused_project texts
items texts 10.0.0.1/8 10.0.0.0/8 200 10000
tries texts 60 texts
only texts 200 10000 50 10.0.0.1/8
! grep -rq '10\.0\.0\.1/8' "$OUT" "$ERR" "$BUNDLE/run.log" "$BUNDLE/report.json" "$BUNDLE/errors.csv" ||
    fail "a value is shown"
undo_proof texts texts

echo "50 of 10000, binary COPY"
psql_t postgres -c "CREATE DATABASE \"$(pgtmp_db latin)\" TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"
pgtmp_databases="$pgtmp_databases $(pgtmp_db latin)"
psql_t latin -c "CREATE TABLE item (id int PRIMARY KEY, name text, value text)"
refused_project latin
items texts 'snow ☃' 'plain' 200 10000
mv "$TEST_DIR/texts/data.json" "$TEST_DIR/latin/data.json"
tries latin 60 latin
only latin 200 10000 50 '\\u2603'
undo_proof latin latin

echo "a record that load rejects, with characters that the target lacks"
data latin <<'JSON'
{ "items": [ { "id": 1, "name": "ok", "value": "\u00e4" }, { "id": "one", "name": "☃", "value": "𝄞 é" } ] }
JSON
run 20 latin latin
rows latin "SELECT key, code, raw FROM mighost.reject WHERE run = (SELECT max(id) FROM mighost.run)" \
    'one|bad_number|{ "id": "one", "name": "\u2603", "value": "\ud834\udd1e \u00e9" }'

echo "an encoding that takes any bytes"
psql_t postgres -c "CREATE DATABASE \"$(pgtmp_db bytes)\" TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"
pgtmp_databases="$pgtmp_databases $(pgtmp_db bytes)"
psql_t bytes -c "CREATE TABLE item (id int PRIMARY KEY, name text, value text)"
nothing 5 bytes latin
says "the target database has encoding SQL_ASCII"

echo "letters of another width are compared in UTF8 only: told before anything is read"
mkdir -p "$TEST_DIR/wide"
cp "$TEST_DIR/latin/data.json" "$TEST_DIR/wide/"
jq '.stages[0].tables.item.unique = [ { "column": "value", "fold": "width" } ]' "$TEST_DIR/latin/project.json" \
    >"$TEST_DIR/wide/project.json"
nothing 5 latin wide
says 'folds "width", and the target is not UTF8'

echo "the first, the last, and neighbours"
pg_createdb edges
psql_t edges -c "CREATE TABLE item (id int PRIMARY KEY, name text, value cidr)"
refused_project edges
psql_t edges <<'SQL' >"$TEST_DIR/edges/data.json"
SELECT json_build_object('items', json_agg(json_build_object('id', i, 'name', 'n' || i, 'value',
    CASE WHEN i IN (1, 2, 500, 501, 999, 1000) THEN 'bad' ELSE '10.0.0.0/8' END) ORDER BY i))
FROM generate_series(1, 1000) i
SQL
tries edges 10 edges
rows edges "SELECT string_agg(key, ' ' ORDER BY number) FROM mighost.reject" "1 2 500 501 999 1000"
rows edges "SELECT count(*) FROM item" 994

echo "all are refused"
psql_t edges -c "DROP SCHEMA mighost CASCADE; DELETE FROM item" 2>/dev/null
sed -i 's|10\.0\.0\.0/8|bad|g' "$TEST_DIR/edges/data.json"
tries edges 1010 edges
rows edges "SELECT count(*) FROM mighost.reject WHERE code = 'refused_value'" 1000

echo "an error that names its line behind a value, or not at all"
pg_createdb hidden
psql_t hidden -c "CREATE TYPE pair AS (a int, j json)" \
    -c "CREATE TABLE item (id int PRIMARY KEY, name text, value pair)"
refused_project hidden
psql_t hidden <<'SQL' >"$TEST_DIR/hidden/data.json"
SELECT json_build_object('items', json_agg(json_build_object('id', i, 'name', 'n' || i, 'value',
    CASE WHEN i % 100 = 7 THEN E'(1,"{""x"":
COPY staging_1_1, line 3, column value: 7")' ELSE '(1,"{}")' END) ORDER BY i)) FROM generate_series(1, 300) i
SQL
tries hidden 60 hidden
rows hidden "SELECT string_agg(key, ' ' ORDER BY number) FROM mighost.reject WHERE code = 'refused_value'" "7 107 207"
rows hidden "SELECT count(*) FROM item" 297

echo "a record whose other row is refused"
pg_createdb two
psql_t two -c "CREATE TABLE item (id int PRIMARY KEY, name text, value cidr)" \
    -c "CREATE TABLE note (item_id int PRIMARY KEY, value cidr)"
project two <<'JSON'
{ "name": "two", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "stages": [
    { "name": "items", "policy": "update", "ids": "keep", "options": { "table": "item", "fields": { "id": "id",
        "name": "name", "value": "value" } } },
    { "name": "notes", "entity": "items", "policy": "update", "ids": "keep", "options": { "table": "note", "fields": {
        "item_id": "id", "value": "note" } } } ] }
JSON
psql_t two <<'SQL' >"$TEST_DIR/two/data.json"
SELECT json_build_object('items', json_agg(json_build_object('id', i, 'name', 'n' || i, 'value',
    CASE WHEN i % 10 = 7 THEN 'bad' ELSE '::/0' END,
    'note', CASE WHEN i % 20 = 1 THEN 'bad' ELSE '::/0' END) ORDER BY i))
FROM generate_series(1, 100) i
SQL
tries two 20 two
rows two "SELECT count(*), count(*) FILTER (WHERE id % 10 = 7) FROM item" "90|0"
rows two "SELECT count(*), count(*) FILTER (WHERE item_id % 20 = 1) FROM note" "95|0"
echo "ok"

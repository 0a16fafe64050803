# reread.sh - what check rejects is kept as it was read, however many there are: more than are looked
# for at once, spread over many chunks. A source that finds records by their keys is asked for these
# alone; else it is read once more, not once for each batch.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

records=15000 # of which every fifth has a parent
create="CREATE SCHEMA t; CREATE TABLE t.parent (id int PRIMARY KEY);
    INSERT INTO t.parent SELECT 5 * n FROM generate_series(1, 3000) AS n;
    CREATE TABLE t.child (id int PRIMARY KEY, parent_id int NOT NULL REFERENCES t.parent, note text)"
pg_createdb old
psql_t old -c "CREATE TABLE child (id int PRIMARY KEY, parent_id int, note text)" \
    -c "ALTER DATABASE \"$(pgtmp_db old)\" SET log_statement = 'all'" \
    -c "INSERT INTO child SELECT n, n, 'note' || chr(9) || n FROM generate_series(1, $records) AS n"

orphans() # NAME SOURCE
{
    pg_createdb "$1"
    psql_t "$1" -c "$create"
    project "$1" <<END
{ "name": "$1", "target": { "url": "\${DATABASE_URL}", "schema": "t" }, "sources": { "s": $2 },
  "batch_size": 100, "max_rejects": "100%", "backup": { "scope": "none" },
  "stages": [{ "name": "child", "ids": "keep", "options": { "table": "t.child",
    "fields": { "id": { "key": "child" }, "parent_id": "parent_id", "note": "note" } } }] }
END
    run 20 "$1" "$1"
    rows "$1" "SELECT count(*), count(*) FILTER (WHERE (raw::json ->> 'id', raw::json ->> 'parent_id',
        raw::json ->> 'note') = (key, key, 'note' || chr(9) || key)) FROM mighost.reject" "12000|12000"
}

# reads WHOLE BY_KEY: statements that read the source so far; preflight and load are two of them
reads()
{
    [ -z "${MIGHOST_TEST_SOCKET-}" ] || return 0
    grep 'statement: COPY (SELECT .* FROM "public"."child"' "$TEST_DIR/pg/log" >"$TEST_DIR/reads"
    is "reads of all" "$(grep -vc ' ANY (' "$TEST_DIR/reads")" "$1"
    is "reads by key" "$(grep -c ' ANY (' "$TEST_DIR/reads")" "$2"
}
postgres="{ \"use\": \"postgres\", \"options\": { \"url\": \"$(pg_url old)\" } }"

echo "by key"
orphans plain "$postgres"
reads 2 3

psql_t old -c "SELECT json_build_object('child', json_agg(c ORDER BY id)) FROM child c" | data json

echo "without a unique index"
psql_t old -c "ALTER TABLE child DROP CONSTRAINT child_pkey"
orphans bag "$postgres"
reads 5 3

echo "a key of another type than the texts that are known, and a key with quotes and commas"
psql_t old -c "ALTER TABLE child ALTER id TYPE numeric, ADD PRIMARY KEY (id)"
orphans exact "$postgres"
reads 8 3
psql_t old -c "ALTER TABLE child ALTER id TYPE text USING id || ',\"{}\\x'" \
    -c "INSERT INTO child VALUES ('a''b', 3, 'n')"
pg_createdb quoted
psql_t quoted -c "CREATE TABLE parent (id int PRIMARY KEY)" \
    -c "CREATE TABLE child (id text PRIMARY KEY, parent_id int REFERENCES parent)"
project quoted <<END
{ "name": "quoted", "sources": { "s": $postgres }, "max_rejects": "100%", "backup": { "scope": "none" },
  "stages": [{ "name": "child", "ids": "keep", "options": { "table": "child",
    "fields": { "id": { "key": "child" }, "parent_id": "parent_id" } } }] }
END
run 20 quoted quoted
rows quoted "SELECT count(*), count(*) FILTER (WHERE raw::json ->> 'id' = key) FROM mighost.reject" "15001|15001"

echo "with positions"
orphans json '{ "use": "json", "options": { "file": "data.json" } }'

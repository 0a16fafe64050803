# reread.sh - what check rejects is kept as it was read, however many there are: more than are looked
# for at once, spread over many chunks, from a source without positions and from one with them. The
# source is read once more for it, not once for each batch.
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

reads()
{
    grep -c 'statement: COPY (SELECT .* FROM "public"."child"' "$TEST_DIR/pg/log"
}

echo "without positions"
orphans plain "{ \"use\": \"postgres\", \"options\": { \"url\": \"$(pg_url old)\" } }"
[ -n "${MIGHOST_TEST_SOCKET-}" ] || is "reads of the source" "$(reads)" 3

echo "with positions"
psql_t old -c "SELECT json_build_object('child', json_agg(c ORDER BY id)) FROM child c" | data json
orphans json '{ "use": "json", "options": { "file": "data.json" } }'

# slow.sh - a slow, pure transform gives the same in threads (last in the list of a column) as between
# two records (followed by another transform): rows, rejects with table, field, code, reason and the
# record as read, and their order. It may refuse, fail, crash and hang as any other.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

${CC:-cc} -std=c11 -D_GNU_SOURCE -shared -fPIC -fvisibility=hidden -I"$top_srcdir/include" \
    "$top_srcdir/tests/fixtures/slowpoke.c" -o "$TEST_DIR/slowpoke.so" || fail "slowpoke.c does not compile"
mkdir "$TEST_DIR/plugins"
mv "$TEST_DIR/slowpoke.so" "$TEST_DIR/plugins"

# Every ninth value is refused, every tenth size by the encoder, every eighth name behind it.
people()
{
    printf '{ "people": ['
    seq "$1" | awk -v odd="$2" '{
        value = $1 % 9 == 0 ? "bad" $1 : $1 % 13 == 0 ? "" : "v" $1
        if ($1 == 50 && odd != "") value = odd
        printf "%s{ \"id\": %d, \"value\": %s, \"size\": %s, \"name\": %s }", (NR > 1 ? ", " : ""), $1,
            ($1 % 17 == 0 ? "null" : "\"" value "\""), ($1 % 10 == 0 ? "\"x\"" : $1),
            ($1 % 8 == 0 ? "null" : "\"n" $1 "\"") }'
    printf '] }'
}

shop() # NAME STEPS-OF-VALUE ODD MORE
{
    people 400 "${3-}" | data "$1"
    project "$1" <<JSON
{ "name": "people", "target": { "url": "\${DATABASE_URL}" }, "retries": 0 ${4:+, ${4-}},
  "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "people", "ids": "keep", "options": { "table": "public.people", "fields": {
    "id": "id", "value": ["value", $2], "size": "size", "name": ["name", "required"] } } } ] }
JSON
}

target()
{
    pg_createdb "$1"
    psql_t "$1" -c 'CREATE TABLE people (id int PRIMARY KEY, value varchar(20) UNIQUE, size int,
        name text)' >/dev/null
}

slow()
{
    slow_code=$1
    shift
    mig "$slow_code" "$@" --run --plugins "$TEST_DIR/plugins"
}

outcome()
{
    psql_t "$1" -c 'SELECT * FROM people ORDER BY 1' -c 'SELECT number, key, table_name, field, code, reason,
        raw::jsonb FROM mighost.reject ORDER BY record' \
        -c 'SELECT sum(read), sum(loaded), sum(rejected) FROM mighost.chunk'
}

shop between '"slowpoke", "text.trim"'
shop beside '"slowpoke"'
shop one '"slowpoke"' '' '"threads": 1'
for name in between beside one; do
    target "$name"
    slow 20 "$name" "$name"
    outcome "$name" >"$TEST_DIR/outcome.$name"
done
says "by 1 thread in"
for name in beside one; do
    cmp "$TEST_DIR/outcome.between" "$TEST_DIR/outcome.$name" || {
        diff "$TEST_DIR/outcome.between" "$TEST_DIR/outcome.$name" | head -n 10
        fail "$name gives something else"
    }
done
rows beside "SELECT code, count(*) > 5, bool_and(raw IS NOT NULL) FROM mighost.reject GROUP BY 1 ORDER BY 1" \
    'bad_number|t|t
required|t|t
slow_bad|t|t
too_long|t|t'
rows beside "SELECT coalesce(value, 'none') FROM people WHERE id IN (1, 17) ORDER BY id" 'people/1/value/v1
none'

echo "what is refused in a small chunk costs none of the rows of larger ones behind it"
{
    printf '{ "few": [ { "id": 1001, "value": "few", "size": "x" } ], "many": ['
    seq 400 | awk '{ printf "%s{ \"id\": %d, \"value\": \"v%d\", \"size\": 1 }",
        (NR > 1 ? ", " : ""), $1, $1 }'
    printf '] }'
} | data chunks
stage()
{
    printf '{ "name": "%s", "ids": "keep", "options": { "table": "public.people", "fields": { "id": "id",
        "value": ["value", "slowpoke"], "size": "size" } } %s }' "$1" "${2-}"
}
project chunks <<JSON
{ "name": "chunks", "target": { "url": "\${DATABASE_URL}" }, "sources": { "d": { "use": "json", "options": {
    "file": "data.json" } } }, "stages": [ $(stage few), $(stage many ', "needs": ["after:stage:few"]') ] }
JSON
target chunks
slow 20 chunks chunks
rows chunks "SELECT (SELECT count(*) FROM people), sum(read), sum(rejected), sum(rows) FROM mighost.chunk" \
    '400|401|1|400'

# The same from a PostgreSQL source, whose records are set aside before the first is computed: what is
# rejected behind the load is kept as it was read, though it was changed meanwhile.
pg_createdb old
psql_t old -v file="$TEST_DIR/beside/data.json" >/dev/null <<'SQL'
\set content `cat :'file'`
CREATE TABLE people AS SELECT id, value, size, name FROM
    jsonb_to_recordset(:'content'::jsonb -> 'people') x (id int, value text, size text, name text);
SQL
checked() # DB: a target whose check finds two records unfit
{
    target "$1"
    psql_t "$1" -c 'ALTER TABLE people ADD CHECK (size NOT IN (11, 12))'
}

for name in between beside; do
    mkdir "$TEST_DIR/pg-$name"
    sed "s|\"json\", .*} },|\"postgres\", \"options\": { \"url\": \"$(pg_url old)\" } } },|" \
        "$TEST_DIR/$name/project.json" >"$TEST_DIR/pg-$name/project.json"
    checked "pg-$name"
    slow 20 "pg-$name" "pg-$name"
    outcome "pg-$name" >"$TEST_DIR/outcome.pg-$name"
done
says "400 records are read and wait, sealed"
cmp "$TEST_DIR/outcome.pg-between" "$TEST_DIR/outcome.pg-beside" ||
    fail "records that were set aside give something else"
if "$MIGHOST" --list-faults | grep -q chunk.after_commit; then
    checked pg-changed
    stand 20 pg-changed pg-beside chunk.after_commit:1 --plugins "$TEST_DIR/plugins"
    psql_t old -c "UPDATE people SET name = name || ' changed'" -c "DELETE FROM people WHERE id IN (11, 300)"
    go_on
    outcome pg-changed | cmp - "$TEST_DIR/outcome.pg-beside" || fail "what was changed meanwhile shows"
    rows pg-changed "SELECT key, raw::jsonb ->> 'name' FROM mighost.reject WHERE step = 'check' ORDER BY 1" \
        '11|n11
12|n12'
fi

# A column of the key is computed at once.
for name in between beside; do
    mkdir "$TEST_DIR/key-$name"
    sed 's/"ids": "keep"/"ids": "keep", "tables": { "public.people": { "match": ["value"] } }/' \
        "$TEST_DIR/$name/project.json" >"$TEST_DIR/key-$name/project.json"
    cp "$TEST_DIR/$name/data.json" "$TEST_DIR/key-$name"
    target "key-$name"
    psql_t "key-$name" -c 'ALTER TABLE people ALTER value SET NOT NULL' >/dev/null
    slow 20 "key-$name" "key-$name"
    ! grep -q 'values computed' "$ERR" || fail "a key was computed later"
    outcome "key-$name" >"$TEST_DIR/outcome.key-$name"
done
cmp "$TEST_DIR/outcome.key-between" "$TEST_DIR/outcome.key-beside" || fail "a slow key gives something else"

# ---- what goes wrong --------------------------------------------------------------------------

target wrong
for deed in fail crash hang; do
    shop "$deed" '"slowpoke"' "$deed" '"timeouts": { "plugin": 2 }'
done
sed -i 's/"size": "x", "name": "n50"/"size": 50, "name": "n50"/' "$TEST_DIR"/*/data.json
slow 1 wrong fail
says "transform:slowpoke (stage people): does not want to"
rows wrong "SELECT count(*) FROM people" 0
slow 1 wrong crash
says "crashed with SIGSEGV in apply()"
says "transform:slowpoke"
slow 75 wrong hang --retry-plugin
says "has not come back within timeouts.plugin"
rows wrong "SELECT count(*) FROM people" 0
shop right '"slowpoke"' ''
slow 20 wrong right

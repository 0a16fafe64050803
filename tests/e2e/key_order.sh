# key_order.sh - keys that need no search for duplicates, because source keys ascend: whatever breaks
# the order, or makes a row's key of something else, two rows with one key are still found.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb shop
psql_t shop -c "CREATE TABLE item (id uuid PRIMARY KEY, n int)"

# migrate NAME KEY: a project that makes the table's key as KEY says; two records a chunk.
migrate()
{
    project "$1" <<JSON
{ "name": "$1", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "batch_size": 2,
  "stages": [ { "name": "items", "options": { "table": "item", "fields": { "id": $2, "n": "n" } } } ] }
JSON
}
# items KEY...: records whose n counts them.
items()
{
    n=0
    printf '{ "items": ['
    for key; do
        n=$((n + 1))
        [ $n -eq 1 ] || printf ','
        printf '{"id": %s, "other": %s, "n": %s}' "$key" $((n / 2)) $n
    done
    echo '] }'
}
own='{ "key": "items" }'
# expect NAME PROVEN REJECTED: of the newest run; then the way back.
expect()
{
    rows shop "SELECT count(*) FILTER (WHERE keys IS NULL) = 0 FROM mighost.chunk
        WHERE run = (SELECT max(id) FROM mighost.run)" "$2"
    rows shop "SELECT coalesce(string_agg(number || ':' || code, ' ' ORDER BY number), '') FROM
        mighost.reject WHERE run = (SELECT max(id) FROM mighost.run)" "$3"
    rows shop "SELECT count(*), count(DISTINCT id) FROM item" "$4|$4"
    mig 0 shop "$1" --rollback
}

echo "ascending"
migrate up "$own"
items 1 2 3 10 11 12 900 | data up
run 0 shop up
expect up t "" 7

echo "twice, side by side in one chunk, in two chunks, and far away"
migrate twice "$own"
items 1 2 4 4 5 5 6 | data twice
run 20 shop twice
expect twice f "4:duplicate 6:duplicate" 5
items 1 2 3 4 5 6 3 7 | data twice
run 20 shop twice
rows shop "SELECT count(*) FROM mighost.chunk WHERE keys IS NULL AND run = (SELECT max(id) FROM
    mighost.run)" 0
expect twice t "7:duplicate" 7

echo "descending, letters, numbers written in two ways"
migrate down "$own"
items 5 4 3 5 | data down
run 20 shop down
expect down f "4:duplicate" 3
items '"a"' '"b"' '"a"' | data down
run 20 shop down
expect down f "3:duplicate" 2
items '"07"' 7 8 '"07"' | data down
run 20 shop down
expect down f "4:duplicate" 3

echo "ascending source keys, but the row's key is made of another field"
migrate other '{ "key": "items", "from": "other" }'
items 1 2 3 4 5 | data other
run 20 shop other
expect other f "3:duplicate 5:duplicate" 3

echo "two stages, each ascending, that write one table with the same keys"
project both <<'JSON'
{ "name": "both", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "batch_size": 2,
  "stages": [
    { "name": "items", "options": { "table": "item",
        "fields": { "id": { "key": "items" }, "n": "n" } } },
    { "name": "more", "entity": "items", "options": { "table": "item",
        "fields": { "id": { "key": "items", "from": "id" }, "n": "n" } } } ] }
JSON
items 1 2 3 | data both
run 20 shop both
rows shop "SELECT stage, count(*) FROM mighost.reject WHERE code = 'duplicate' AND run =
    (SELECT max(id) FROM mighost.run) GROUP BY stage" "more|3"
rows shop "SELECT count(*) FROM item" 3
mig 0 shop both --rollback

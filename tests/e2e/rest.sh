# rest.sh - any API that gives JSON lists, by options alone: all ways of paging give all records, with
# failing answers in between; what cannot be the next page is noticed; a broken off run goes on; what
# was kept gives the same records without the server.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
command -v python3 >/dev/null || pgtmp_skip "there is no python3"

BUBBLE_API_KEY=c4nary-rest-key
export BUBBLE_API_KEY
unset http_proxy HTTP_PROXY all_proxy ALL_PROXY
rest_server()
{
    rm -f "$TEST_DIR/port"
    python3 "$top_srcdir/tests/fixtures/rest_server.py" "$TEST_DIR/port" &
    rest_pid=$!
    until [ -f "$TEST_DIR/port" ]; do sleep 0.1; done
    REST_URL=http://127.0.0.1:$(cat "$TEST_DIR/port")/v2
    export REST_URL
}
rest_server
at_exit 'kill "$rest_pid" 2>/dev/null'

pg_createdb shop
psql_t shop -c 'CREATE SCHEMA t' -c 'CREATE TABLE t.orders (id int PRIMARY KEY, name text, price numeric)'

# orders PROJECT ENTITY OPTIONS: its project
orders()
{
    project "$1" <<JSON
{ "name": "$1", "target": { "url": "\${DATABASE_URL}", "schema": "t" }, "backup": { "scope": "none" },
  "batch_size": 100,
  "sources": { "r": { "use": "rest", "options": { "url": "\${REST_URL}", "api_key": "\${BUBBLE_API_KEY}",
    "key_header": "X-Api-Key: ", "retry_wait": 1, $3 } } },
  "stages": [ { "name": "orders", "entity": "$2", "ids": "keep", "policy": "update", "options": { "table": "orders",
    "fields": { "id": { "key": "orders" }, "name": "name", "price": "price" } } } ] }
JSON
}

all() # PROJECT ENTITY OPTIONS
{
    echo "$1"
    orders "$@"
    psql_t shop -c 'TRUNCATE t.orders'
    run 0 shop "$1"
    rows shop "SELECT count(*), count(*) FILTER (WHERE name = 'Order ' || id AND price = id + 0.5), max(id)
        FROM t.orders" "437|437|436"
}

all none none '"paging": "none"'
all offset by-offset '"paging": "offset", "parameter": "offset", "limit_parameter": "limit", "page_size": 60'
all page orders '"paging": "page", "parameter": "page", "records": "data.items", "paths": { "orders": "shop/orders" }'
all cursor by-cursor '"paging": "cursor", "parameter": "after", "records": "items", "next": "meta.next",
    "query": { "limit": "33" }'
all link by-link '"paging": "link", "records": "items", "next": "links.next"'

echo "broken off and gone on with"
orders dies dies '"paging": "offset", "parameter": "offset", "retries": 1'
psql_t shop -c 'TRUNCATE t.orders'
nothing 75 shop dies
says "200 records were read"
: >"$TEST_DIR/port.well"
run 0 shop dies
rows shop "SELECT count(*), count(DISTINCT name), max(id) FROM t.orders" "437|437|436"

echo "kept while it is read, broken off and gone on with"
rm "$TEST_DIR/port.well"
MIGRATION_EXPORT_DIR=$TEST_DIR/exported
MIGHOST_EXPORT_KEY=0123456789abcdef00112233445566778899aabbccddeeff0f1e2d3c4b5a6978
export MIGRATION_EXPORT_DIR MIGHOST_EXPORT_KEY
with_secret() # PROJECT
{
    jq '.stages[0].secret = ["name"]' "$TEST_DIR/$1/project.json" >"$TEST_DIR/project"
    mv "$TEST_DIR/project" "$TEST_DIR/$1/project.json"
}
orders kept dies '"paging": "offset", "parameter": "offset", "retries": 1'
with_secret kept
psql_t shop -c 'TRUNCATE t.orders'
nothing 75 shop kept
: >"$TEST_DIR/port.well"
run 0 shop kept
orders nested by-cursor '"paging": "cursor", "parameter": "after", "records": "items", "next": "meta.next"'
with_secret nested
mig 0 shop nested --export-only --export-dir "$TEST_DIR/nests"
! grep -rqa 'Order' "$MIGRATION_EXPORT_DIR" "$TEST_DIR/nests" || fail "a secret field is readable in the export"

echo "a CSV file tells an empty text from NULL, and no more"
orders gaps gaps '"paging": "none", "may_be_unseen": ["price"]'
mig 0 shop gaps --export-only --export-dir "$TEST_DIR/gaps_kept"
printf '%s\r\n' id,name,price 1,a, 2,, '3,"",' 4,, | cmp - "$TEST_DIR/gaps_kept/gaps.csv" || fail "other values"

echo "read again without the server"
kill "$rest_pid"; wait "$rest_pid" 2>/dev/null || :
for dir in kept nested; do
    psql_t shop -c 'TRUNCATE t.orders'
    run 0 shop $dir --skip-export
    rows shop "SELECT count(*), count(*) FILTER (WHERE name = 'Order ' || id AND price = id + 0.5), max(id)
        FROM t.orders" "437|437|436"
    MIGRATION_EXPORT_DIR=$TEST_DIR/nests
done
unset MIGRATION_EXPORT_DIR MIGHOST_EXPORT_KEY
rest_server

echo "refused"
refused() # CODE ENTITY OPTIONS TEXT
{
    n=$((${n-0} + 1))
    orders "refused$n" "$2" "$3"
    nothing "$1" shop "refused$n"
    says "$4"
    mig 0 shop "refused$n" --abandon "$(psql_t shop -c 'SELECT max(id) FROM mighost.run')"
}
link='"paging": "link", "records": "items", "next": "links.next"'
refused 6 stuck "$link" 'the server names the same page again'
refused 6 elsewhere "$link" 'or one on another server'
refused 6 nowhere "$link" 'the server answers 404: no such list'
refused 6 none '"records": "data.items"' 'the JSON is no list of things'
orders bad none '"paging": "cursor", "parameter": "after"'
nothing 3 shop bad
says 'option "paging" needs "next"'
BUBBLE_API_KEY=c4nary-other
refused 6 none '"paging": "none"' 'the server refuses the key (401): no such key'
! grep -rq c4nary "$OUT" "$ERR" "$TEST_DIR/work" "$TEST_DIR/reports" || fail "the key was shown"

echo "a field that nobody reads"
BUBBLE_API_KEY=c4nary-rest-key
sed -i 's/, "price": "price"//' "$TEST_DIR/link/project.json"
nothing 8 shop link --strict
says 'stage orders: 1 field of "by-link" holds values and is read by no stage: "price" (437 values)'

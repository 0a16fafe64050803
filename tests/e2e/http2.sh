# http2.sh - a real server that speaks HTTP/2 and nothing else (nghttpd, over TLS): the rows of its
# files arrive, and what is asked for in the load goes by one connection, of several types too.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
command -v nghttpd >/dev/null || PATH=$PATH:/usr/sbin
command -v nghttpd >/dev/null || pgtmp_skip "there is no nghttpd (Debian: nghttp2-server)"
command -v python3 >/dev/null || pgtmp_skip "there is no python3"
curl-config --features 2>/dev/null | grep -q HTTP2 || ! command -v curl-config >/dev/null ||
    pgtmp_skip "libcurl is built without HTTP/2"

BUBBLE_API_KEY=c4nary-http2-key-0123456789abcdef
HTTP2_CA=$TEST_DIR/ca.pem
export BUBBLE_API_KEY HTTP2_CA
unset https_proxy HTTPS_PROXY all_proxy ALL_PROXY
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
    -keyout "$TEST_DIR/key.pem" -out "$HTTP2_CA" 2>/dev/null

# Three types of one page each, and a list of five pages, each of which names the next one.
files=$TEST_DIR/files
mkdir -p "$files/api/1.1/obj" "$files/v1"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
HTTP2_URL=https://127.0.0.1:$port
export HTTP2_URL
python3 - "$files" "$HTTP2_URL" <<'PYTHON'
import json, sys
for t, name in enumerate(("ant", "bee", "cat")):
    things = [{"_id": "1700000000%d%02dx%018d" % (t, i, i), "Number": i, "Created Date":
               "2023-0%d-01T00:00:00.%03dZ" % (t + 1, i)} for i in range(60)]
    with open("%s/api/1.1/obj/%s" % (sys.argv[1], name), "w") as f:
        json.dump({"response": {"cursor": 0, "results": things, "count": 60, "remaining": 0}}, f)
for page in range(5):
    more = {"next": "%s/v1/page%d" % (sys.argv[2], page + 1)} if page < 4 else {}
    with open("%s/v1/page%d" % (sys.argv[1], page), "w") as f:
        json.dump({"items": [{"id": page * 40 + i, "name": "n%d" % i} for i in range(40)], **more}, f)
PYTHON
nghttpd -v --address=127.0.0.1 -d "$files" "$port" "$TEST_DIR/key.pem" "$HTTP2_CA" >"$TEST_DIR/frames" 2>&1 &
http2_pid=$!
at_exit 'kill "$http2_pid" 2>/dev/null'
http2_tries=0
until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1).close()" 2>/dev/null; do
    http2_tries=$((http2_tries + 1))
    kill -0 "$http2_pid" 2>/dev/null && [ "$http2_tries" -lt 100 ] || { cat "$TEST_DIR/frames"; fail "no server"; }
    sleep 0.1
done

pg_createdb app
psql_t app -c 'CREATE SCHEMA t' -c 'CREATE TABLE t.item (id int PRIMARY KEY, name text)'
stages=
for type in ant bee cat; do
    psql_t app -c "CREATE TABLE t.$type (id text PRIMARY KEY, number int)"
    stages="$stages { \"name\": \"$type\", \"source\": \"b\", \"key\": \"_id\", \"ids\": \"keep\", \"options\": {
        \"table\": \"$type\", \"fields\": { \"id\": \"_id\", \"number\": \"Number\" } } },"
done
project app <<JSON
{ "name": "app", "target": { "url": "\${DATABASE_URL}", "schema": "t" }, "backup": { "scope": "none" },
  "sources": {
    "b": { "use": "bubble", "options": { "url": "\${HTTP2_URL}", "api_key": "\${BUBBLE_API_KEY}",
      "ca_file": "\${HTTP2_CA}" } },
    "r": { "use": "rest", "options": { "url": "\${HTTP2_URL}/v1", "ca_file": "\${HTTP2_CA}", "paging": "link",
      "records": "items", "next": "next", "paths": { "items": "page0" } } } },
  "stages": [ $stages { "name": "items", "source": "r", "ids": "keep", "options": { "table": "item",
    "fields": { "id": ["id", "number.int"], "name": "name" } } } ] }
JSON

run 0 app app
rows app "SELECT count(*), count(DISTINCT id), sum(number) FROM (TABLE t.ant UNION ALL TABLE t.bee
    UNION ALL TABLE t.cat) things" "180|180|5310"
rows app "SELECT count(*), min(id), max(id), count(*) FILTER (WHERE name = 'n' || id % 40) FROM t.item" "200|0|199|200"

# What the server saw: [id=CONNECTION] ... recv HEADERS frame <length=.., flags=.., stream_id=N>, then paths.
sed 's/\x1b\[[0-9;]*m//g' "$TEST_DIR/frames" >"$TEST_DIR/plain"
connections() # PATH: of what is read in the load, not of what is asked for again behind it
{
    awk -v path="$1" '/^\[id=/ { id = $1 }
        index($0, ":path: " path) && !/constraints=/ { if (!(id in seen)) n++; seen[id] = 1 }
        END { print n + 0 }' "$TEST_DIR/plain"
}
grep -q 'The negotiated protocol: h2' "$TEST_DIR/plain" || fail "HTTP/2 was not negotiated"
is "requests" "$(grep -c ':path: /v1/page' "$TEST_DIR/plain")" 5
is "connections of five pages" "$(connections /v1/page)" 1
is "connections of three types" "$(connections /api/1.1/obj/)" 1
! grep -rq c4nary "$OUT" "$ERR" "$TEST_DIR/work" "$TEST_DIR/reports" || fail "the key was shown"
undo_proof app app

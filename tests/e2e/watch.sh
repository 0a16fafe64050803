# watch.sh - a run watched from elsewhere: --status --json as share/status.schema.json has it at every
# point of a run, --status --follow, what a run waits for, and the page of --serve: who is let in, what
# it shows, that a browser which does not read holds up nothing. Where there is a Chromium it is opened.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
command -v jq >/dev/null || pgtmp_skip "no jq"

project shop <<'JSON'
{ "name": "shop", "batch_size": 50, "timeouts": { "lock": 20 },
  "sources": { "old": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [
    { "name": "sales", "policy": "replace", "phase": 2, "options": { "table": "sales", "fields": {
      "id": { "key": "sales" }, "shop": { "key": "shops", "from": "at" }, "size": "size" } } },
    { "name": "shops", "policy": "replace", "options": { "table": "shops", "fields": {
      "id": { "key": "shops" }, "name": "name" } } } ] }
JSON
awk 'BEGIN { print "{ \"shops\": [ { \"id\": 1, \"name\": \"<i>first</i>\" }, { \"id\": 2, \"name\": \"b\" } ],"
    print "  \"sales\": ["
    for (i = 1; i <= 400; i++)
        printf "  { \"id\": \"k%d\", \"at\": %d, \"size\": \"%s\" }%s\n", i, i == 9 ? 7 : 1 + i % 2,
            i % 100 ? i : "secretive", i < 400 ? "," : ""
    print "] }" }' >"$TEST_DIR/shop/data.json"
pg_createdb shop
psql_t shop -c "CREATE TABLE shops (id uuid PRIMARY KEY, name text NOT NULL); CREATE TABLE sales (id uuid PRIMARY
    KEY, shop uuid NOT NULL REFERENCES shops, size int)"

# The document of --status --json, valid; then what jq makes of it.
doc=$TEST_DIR/doc.json
valid() # FILE
{
    /usr/bin/python3 - "$top_srcdir/share/status.schema.json" "$1" <<'PYTHON'
import json
import sys
try:
    import jsonschema
except ImportError:
    sys.exit(0)
schema, document = (json.load(open(name)) for name in sys.argv[1:])
jsonschema.Draft7Validator.check_schema(schema)
faults = [(list(f.path), f.message[:200]) for f in jsonschema.Draft7Validator(schema).iter_errors(document)]
sys.exit("\n".join(map(str, faults)) or 0)
PYTHON
}
on_shop() # ARGS...
{
    DATABASE_URL=$(pg_url shop) "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/shop" --work-dir "$TEST_DIR/work" \
        --report-dir "$TEST_DIR/reports/shop" "$@"
}
status() # FILTER EXPECTED
{
    on_shop --status --json >"$doc" 2>"$TEST_DIR/err" || fail "--status --json ends with $?"
    valid "$doc" || fail "not as the schema has it"
    is "$1" "$(jq -c "$1" "$doc")" "$2"
}
wait_for() # WHAT COMMAND...
{
    waits_for=$1
    shift
    for waited in $(seq 300); do
        ! "$@" || return 0
        sleep 0.1
    done
    fail "waited in vain for $waits_for"
}

echo "no run yet"
status '[.current, .runs]' '[null,[]]'
is "followed" "$(on_shop --status --follow)" "no run yet"
jq '.current = { "run": 1 }' "$doc" >"$TEST_DIR/bad.json"
! valid "$TEST_DIR/bad.json" 2>/dev/null || ! /usr/bin/python3 -c 'import jsonschema' 2>/dev/null ||
    fail "the schema takes anything"

[ -n "$("$MIGHOST" --list-faults)" ] || { echo "no fault points: a run at work is not watched"; exit 77; }

echo "at work"
stand 20 shop shop chunk.read:4
status '.current | [.run, .state, .alive, .step, .seconds_left]' '["1","loading",true,"load",null]'
is "steps" "$(jq -r '[.current.steps[] | .name + " " + .status] | join(", ")' "$doc")" \
    "plan done, load now, check due, backup due, publish due, verify due, report due"
is "stages" "$(jq -c '[.current.stages[] | [.name, .kind, .phase, .needs, .status, .read >= 2]]' "$doc")" \
    '[["shops","json",null,[],"complete",true],["sales","json",2,["shops"],"loading",true]]'
is "who" "$(jq -r '.current | "\(.pid) \(.host) \(.version == "") \(.heartbeat_seconds < 60)"' "$doc")" \
    "$stand_process $(hostname) false true"
is "as text" "$(on_shop --status | grep -cE 'step load: sales, [0-9]+ of about [0-9]+ records, |pid [0-9]+: at work')" 2

echo "followed by two: one is stopped, which the run does not notice"
on_shop --status --follow >"$TEST_DIR/stopped" 2>&1 &
stopped=$!
on_shop --status --follow >"$TEST_DIR/followed" 2>&1 &
followed=$!
wait_for "the followers" test -s "$TEST_DIR/followed" -a -s "$TEST_DIR/stopped"
kill -TERM "$stopped"
ended=0; wait "$stopped" || ended=$?
is "stopped" "$ended" 143

echo "a lock: who holds it"
PGAPPNAME=holder psql_t shop -c "BEGIN; LOCK sales; SELECT pg_sleep(60)" >/dev/null 2>&1 &
holder=$!
is_locked()
{
    [ "$(psql_t shop -c "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation =
        'sales'::regclass")" = 1 ]
}
wait_for "the lock" is_locked
kill -CONT "$stand_process"
held() { on_shop --status --json >"$doc" && jq -e '.current.waits | length > 0' "$doc" >/dev/null; }
wait_for "a wait" held
valid "$doc" || fail "not as the schema has it"
is "waits" "$(jq -c '.current.waits[0] | [.for, .on, .held_by[0].user, .held_by[0].application]' "$doc")" \
    '["lock","public.sales","postgres","holder"]'
psql_t shop -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'" >/dev/null
wait "$holder" || :
go_on
ended=0; wait "$followed" || ended=$?
is "the follower ends as the run" "$ended" 20
is "its first line" "$(head -n 1 "$TEST_DIR/followed" | grep -c '^run 1: loading, step load: sales, ')" 1
is "its last line" "$(tail -n 1 "$TEST_DIR/followed" | grep -c '^run 1 (run of shop): done, .* exit 20, ')" 1
status '.current | [.state, .alive, .step, .exit_code, .rejects_complete]' '["done",false,null,20,true]'
is "rejects" "$(jq -c '.current.rejects | map([.stage, .outcome, .code, .count])' "$doc")" \
    '[["sales","rejected","bad_number",4],["sales","rejected","orphan",1]]'
is "sums" "$(jq -c '.runs[0] | [.read, .left_out, .totals.migrated, .undoable]' "$doc")" '[402,5,397,true]'
is "no key, no value" "$(grep -cE 'secretive|k9|first' "$doc" || :)" 0

echo "killed: nobody works on it"
stand 137 shop shop chunk.read:2
on_shop --status --follow >"$TEST_DIR/followed" 2>&1 &
followed=$!
wait_for "the follower" test -s "$TEST_DIR/followed"
kill -KILL "$stand_process"
wait "$stand_pid" || :
stand_process=
ended=0; wait "$followed" || ended=$?
is "the follower" "$ended" 75
status '.current | [.alive, .state, .steps[1].status]' '[false,"loading","stopped"]'
[ "$(on_shop --status | grep -c 'no process works on it')" = 1 ] || fail "the text does not say it"

# ---- the page ----------------------------------------------------------------------------

ended=0
on_shop --serve 0 >"$OUT" 2>"$ERR" || ended=$?
is "no port" "$ended" 2
! grep -q "built without --serve" "$ERR" || { echo "no libmicrohttpd: no page"; echo "done"; exit 0; }
command -v curl >/dev/null || { echo "no curl: the page is not asked for"; echo "done"; exit 0; }

on_shop_env()
{
    export MIGHOST_STILL=2
    exec "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/shop" --work-dir "$TEST_DIR/work" \
        --report-dir "$TEST_DIR/reports/shop" --serve
}
serve() # [DATABASE]
{
    : >"$TEST_DIR/served"
    (DATABASE_URL=$(pg_url "${1:-shop}"); export DATABASE_URL; on_shop_env) \
        >"$TEST_DIR/served" 2>"$TEST_DIR/serve.err" &
    server=$!
    at_exit "kill $server 2>/dev/null"
    wait_for "the page" grep -q token "$TEST_DIR/served"
    url=$(head -n 1 "$TEST_DIR/served") base=${url%%/\?*}
}
code() # ARGS...: what curl gets, by number
{
    curl -s -o "$TEST_DIR/body" -w '%{http_code}' --path-as-is "$@"
}
jar=$TEST_DIR/jar

echo "who is let in"
serve
is "without a cookie" "$(code "$base/")" 403
is "a wrong token" "$(code "$base/?token=$(printf '%064d' 1)")" 403
is "by another name" "$(code -H "Host: evil.example:${base##*:}" "$url")" 403
is "another port" "$(code -H "Host: localhost:1" "$url")" 403
is "POST" "$(code -X POST -d x "$url") $(code -X PUT -d x "$base/") $(code -X OPTIONS "$base/")" "405 405 405"
is "HEAD does not use it up" "$(code -I "$url")" 403
is "the token" "$(code -c "$jar" -D "$TEST_DIR/head" "$url")" 303
grep -qi '^set-cookie: mighost_.*; HttpOnly; SameSite=Strict' "$TEST_DIR/head" || fail "$(cat "$TEST_DIR/head")"
is "the token again" "$(code "$url") $(code -b "$jar" "$url")" "403 403"
is "with the cookie" "$(code -b "$jar" -D "$TEST_DIR/head" "$base/")" 200
grep -qi "^content-security-policy: default-src 'none'" "$TEST_DIR/head" || fail "$(cat "$TEST_DIR/head")"
is "CORS" "$(grep -ci '^access-control' "$TEST_DIR/head" || :)" 0
is "POST with it" "$(code -b "$jar" -X POST -d x "$base/")" 405
is "only here" "$(ss -Hltn 2>/dev/null |
    awk -v port=":${base##*:}" '$4 ~ port "$" && $4 !~ /^(127.0.0.1|\[::1\]):/')" ""

echo "what it shows"
page=$TEST_DIR/body
is "HEAD" "$(curl -s -I -b "$jar" -o /dev/null -w '%{http_code}' "$base/")" 200
code -b "$jar" "$base/" >/dev/null
for text in 'Run 2 stopped: no process works on it' 'class="graph\|class="box graph' \
    'bad_number\|Nothing was left out' \
    'href="/run/1/report.html"' '<th scope="row">shops</th>' 'http-equiv="refresh"'; do
    grep -q "$text" "$page" || fail "the page does not show: $text"
done
is "a line from shops to sales" "$(grep -c 'class="edge"' "$page")" 1
is "no value" "$(grep -cE 'secretive|<i>' "$page" || :)" 0
is "the document" "$(code -b "$jar" "$base/status.json")" 200
valid "$page" || fail "status.json is not as the schema has it"
codes() # FILES...: each different one
{
    for file in "$@"; do code -b "$jar" "$base/run/$file"; echo; done | sort -u
}
is "files of bundles" "$(codes 1/report.html 1/summary.txt 1/run.log 2/run.log)" 200
is "nothing else" "$(codes 1/rejects.jsonl 1/errors.csv 1/../../shop/project.json 1/%2e%2e/%2e%2e/shop/data.json \
    9/run.log 1/ /etc/passwd)" 404
mv "$TEST_DIR/reports/shop/run-1" "$TEST_DIR/elsewhere"
ln -s ../../elsewhere "$TEST_DIR/reports/shop/run-1"
is "not through a link" "$(code -b "$jar" "$base/run/1/report.html")" 404
rm "$TEST_DIR/reports/shop/run-1"
mv "$TEST_DIR/elsewhere" "$TEST_DIR/reports/shop/run-1"

echo "events while a run is on; a browser that reads nothing holds up nobody"
/usr/bin/python3 - "${base##*:}" "$(awk '/mighost_/ { print $6 "=" $7 }' "$jar")" >"$TEST_DIR/hung" <<'PYTHON' &
import socket
import sys
import time
port, cookie = sys.argv[1:]
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
s.connect(("127.0.0.1", int(port)))
s.sendall(40 * f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
time.sleep(6)   # three times as long as the server bears it
s.settimeout(10)
got = b""
try:
    while piece := s.recv(1 << 16):
        got += piece
    print("dropped" if got.count(b"HTTP/1.1 200") < 40 else "served")
except socket.timeout:
    print("still open")
except OSError:
    print("dropped")
PYTHON
hung=$!
timeout 60 curl -sN -b "$jar" "$base/events" >"$TEST_DIR/events" &
reader=$!
wait_for "an event" grep -q '^data: ' "$TEST_DIR/events"
stand 20 shop shop chunk.read:1
wait_for "the run in an event" grep -q '"run":"2".*"alive":true' "$TEST_DIR/events"
is "meanwhile" "$(code -m 5 -b "$jar" "$base/status.json")" 200
go_on
wait_for "its end in an event" grep -q '"run":"2".*"state":"done".*"runs"' "$TEST_DIR/events"
sed -n 's/^data: //p' "$TEST_DIR/events" | tail -n 1 >"$doc"
valid "$doc" || fail "an event is not as the schema has it"
kill "$reader"
wait "$hung"
is "the browser that reads nothing" "$(cat "$TEST_DIR/hung")" dropped

echo "its end"
leads_somewhere() # each link within the page
{
    for name in $(grep -o 'href="#[^"]*' "$page" | sed 's/.*#//' | sort -u); do
        grep -q "id=\"$name\"" "$page" || fail "a link leads to $name, which is not there"
    done
}
code -b "$jar" "$base/" >/dev/null
leads_somewhere
grep -q '<span>records migrated</span>' "$page" || fail "the page does not say what was migrated"
is "reloads without script, of what is over" "$(grep -c 'http-equiv="refresh"' "$page" || :)" 0
is "columns of a run at work" "$(grep -c 'To go' "$page" || :)" 0
kill -TERM "$server"
ended=0; wait "$server" || ended=$?
is "ends" "$ended" 0
[ ! -s "$TEST_DIR/serve.err" ] || fail "$(cat "$TEST_DIR/serve.err")"

echo "a dry run; no run at all"
mig 20 shop shop --dry-run
serve
code -c "$jar" -L "$url" >/dev/null
for text in 'is over: nothing was written' '<span>fit to migrate</span>'; do
    grep -q "$text" "$page" || fail "the page of a dry run does not show: $text"
done
kill -TERM "$server"
pg_createdb fresh
serve fresh
code -c "$jar" -L "$url" >/dev/null
grep -q 'No run yet.*mighost --run' "$page" || fail "an empty page does not say how to begin"
leads_somewhere
kill -TERM "$server"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || :)
[ -n "$browser" ] || { echo "no Chromium here: the page is not opened"; echo "done"; exit 0; }
echo "in a browser"
serve
"$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$TEST_DIR/browser" --window-size=1280,1000 \
    --timeout=4000 --enable-logging=stderr --v=0 --dump-dom "$url" >"$TEST_DIR/dom" 2>"$TEST_DIR/console" ||
    fail "the browser ends badly"
is "console" "$(grep -E 'CONSOLE|net::ERR' "$TEST_DIR/console" || :)" ""
is "stages in the picture" "$(grep -c 'class="name"' "$TEST_DIR/dom")" 2
grep -q 'Run 3 is over: nothing was written' "$TEST_DIR/dom" || fail "the page does not say how run 3 ended"
echo "done"

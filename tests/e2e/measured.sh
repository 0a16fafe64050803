# measured.sh - what a run tells of time and memory, against what is measured from outside of it: the time
# left at half way, plain lines at their interval, peak memory, the slowest statements.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
command -v jq >/dev/null || pgtmp_skip "no jq"
command -v python3 >/dev/null || pgtmp_skip "no python3"
[ -n "$("$MIGHOST" --list-faults)" ] || pgtmp_skip "needs --enable-fault-injection"

project steady <<'JSON'
{ "name": "steady", "batch_size": 100, "backup": { "scope": "none" },
  "sources": { "old": { "use": "json", "options": { "file": "data.json" } } },
  "hooks": [ { "name": "long", "before": "SELECT pg_sleep(1.5)", "undo": "" } ],
  "stages": [ { "name": "items", "ids": "keep", "options": { "table": "items", "fields": {
      "id": "id", "name": "name" } } } ] }
JSON
python3 -c 'import json
print(json.dumps({"items": [{"id": i, "name": "n%d " % i + 2000 * "x"} for i in range(1, 10001)]}))' | data steady
pg_createdb steady
psql_t steady -c 'CREATE TABLE items (id int PRIMARY KEY, name text)'

echo "the time left: unknown at the beginning, right at half way; a line every so often"
# Each of the 100 chunks takes a tenth of a second.
MIGHOST_LOG_EVERY=2 MIGHOST_FAULT=chunk.read:*:sleep=100 mig 0 steady steady --dry-run &
run_pid=$!
looks=$TEST_DIR/looks
: >"$looks"
while kill -0 "$run_pid" 2>/dev/null; do
    DATABASE_URL=$(pg_url steady) "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/steady" --status --json \
        2>/dev/null | jq -r --arg now "$(date +%s.%N)" '.current.stages[]? |
        "\($now) \(.status) \(.share) \(.seconds_left)"' >>"$looks" || :
    sleep 0.1
done
wait "$run_pid" || exit 1
awk '$2 == "loading" && !first { first = 1; if ($3 < 0.03 && $4 != "null") guess = $0 }
    $2 == "loading" && $3 >= 0.45 && $3 <= 0.6 && $4 != "null" && !at { at = $1; left = $4 }
    $2 == "complete" && !end { end = $1 }
    $2 == "loading" { end = 0; last = $1 }
    END { end = end ? end : last
          if (guess) { print "told at once: " guess; exit 1 }
          if (!at) { print "nothing is told at half way"; exit 1 }
          was = end - at
          print "told " left " s, was " was " s"
          exit left < 0.8 * was || left > 1.2 * was }' "$looks" || { cat "$looks"; fail "the time left is not right"; }
lines=$(grep -c '\] items: [0-9]* records, 0 rejected, [0-9]*/s, .*left' "$ERR" || :)
[ "$lines" -ge 3 ] && [ "$lines" -le 7 ] || fail "$lines lines of progress in ten seconds, one every two"
grep -q '\] items: .* [0-9]* s left' "$ERR" || fail "no line tells the time left"

echo "memory at its peak, and the slowest statement"
DATABASE_URL=$(pg_url steady) "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/steady" \
    --work-dir "$TEST_DIR/work/steady" --report-dir "$TEST_DIR/reports/steady" --run --batch-size 10000 \
    >"$OUT" 2>"$ERR" &
run_pid=$!
outside=0
while peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB$/\1/p' "/proc/$run_pid/status" 2>/dev/null) && [ -n "$peak" ]; do
    outside=$peak
done
wait "$run_pid" || fail "the run ends with $?"
BUNDLE=$(sed -n 's/^run .*; report: //p' "$OUT")
inside=$(jq .run.peak_rss_kb "$BUNDLE/report.json")
echo "peak: $inside kB told, $outside kB measured"
# A sanitizer looks for leaks at the end, and needs memory for that.
if ! ldd "$MIGHOST" | grep -q 'lib[au]san'; then
    [ $((inside * 100)) -ge $((outside * 95)) ] && [ $((inside * 100)) -le $((outside * 105)) ] ||
        fail "$inside kB are told, $outside kB were needed"
fi
is "the slowest" "$(jq -c '.statements[0] | [(.sql | contains("pg_sleep(1.5)")), .seconds >= 1.5, .seconds < 4]' \
    "$BUNDLE/report.json")" '[true,true,true]'
grep -q 'pg_sleep(1.5)' "$BUNDLE/report.html" || fail "report.html does not show the slowest statement"
echo "ok"

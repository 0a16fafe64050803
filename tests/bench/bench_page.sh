# bench_page.sh - what it costs a run to be watched: whole runs of the example lms, in turn with and
# without the page of --serve open in a browser that takes every event and asks for the page again; and
# how long one --status --json takes meanwhile. Prints Markdown; ends 1 when a goal is missed. By make
# bench-page.
#
# usage: bench_page.sh [SCALE [ROUNDS]]    (0.3 and 7: about eight minutes on two cores)
#
# Each run begins on a fresh copy of the target behind a CHECKPOINT. The two runs of a round stand side by
# side, in changing order; the ratio is taken within a round, and the median of the ratios is told. The
# browser is curl. Goals: the page costs a run less than 1 %, one status call takes less than 50 ms.
: "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
PGTMP_OPTIONS="-c shared_buffers=512MB -c max_wal_size=4GB -c autovacuum=off ${PGTMP_OPTIONS-}"
unset MIGHOST_TEST_SOCKET
PGTMP_REAL=1
. "$top_srcdir/tests/fixtures/pgtmp.sh"
command -v curl >/dev/null || pgtmp_skip "no curl"

scale=${1:-0.3} rounds=${2:-7}
example=$top_srcdir/share/examples/lms

now_ms()
{
    echo $(($(date +%s%N) / 1000000))
}

median()
{
    sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

mig() # ARGS...
{
    V1_DATABASE_URL=$(pg_url edu) V2_DATABASE_URL=$(pg_url lms) "$MIGHOST" --plugins "$PLUGINS" --project "$example" \
        --work-dir "$TEST_DIR/work" --report-dir "$TEST_DIR/reports" --backup-dir "$TEST_DIR/backups" "$@"
}

fresh()
{
    psql_t postgres -c "DROP DATABASE IF EXISTS lms WITH (FORCE)" -c "CREATE DATABASE lms TEMPLATE bare" \
        -c CHECKPOINT 2>/dev/null
    rm -rf "$TEST_DIR/reports" "$TEST_DIR/backups"
}

watch()
{
    (V1_DATABASE_URL=$(pg_url edu); V2_DATABASE_URL=$(pg_url lms); export V1_DATABASE_URL V2_DATABASE_URL
        exec "$MIGHOST" --plugins "$PLUGINS" --project "$example" --work-dir "$TEST_DIR/work" \
            --report-dir "$TEST_DIR/reports" --backup-dir "$TEST_DIR/backups" --serve) >"$TEST_DIR/served" &
    server=$!
    until grep -q token "$TEST_DIR/served"; do kill -0 $server; sleep 0.05; done
    url=$(head -n 1 "$TEST_DIR/served") base=${url%%/\?*}
    curl -s -o /dev/null -c "$TEST_DIR/jar" "$url"
    : >"$TEST_DIR/pages"
    (curl -sN -b "$TEST_DIR/jar" "$base/events" || :) | while read -r line; do
        case $line in data*) curl -s -b "$TEST_DIR/jar" "$base/" | wc -c >>"$TEST_DIR/pages" ;; esac
    done &
}

unwatch()
{
    kill $server
    wait $server || :
    [ "$(wc -l <"$TEST_DIR/pages")" -gt 2 ] || { echo "FAILED: the browser saw no run"; exit 1; }
}

run() # -> ms
{
    begun=$(now_ms)
    status=0
    mig --run --quiet >"$TEST_DIR/out" 2>"$TEST_DIR/err" || status=$?
    [ "$status" -eq 20 ] || { cat "$TEST_DIR/out" "$TEST_DIR/err" >&2; exit 1; }
    ms=$(($(now_ms) - begun))
}

one() # alone|watched
{
    fresh
    [ "$1" = alone ] || watch
    run
    [ "$1" = alone ] || unwatch
    eval "$1=$ms"
}

pg_createdb edu
pg_createdb bare "$example/target.sql"
psql_t edu -v scale="$scale" -f "$example/source.sql" >/dev/null
psql_t edu -c "VACUUM ANALYZE"

fresh
run # warms up, and leaves times for what the page shows of later runs
for round in $(seq "$rounds"); do
    if [ $((round % 2)) -eq 0 ]; then one alone; one watched; else one watched; one alone; fi
    echo "$alone $watched" >>"$TEST_DIR/runs"
done
ratio=$(awk '{ print $2 / $1 }' "$TEST_DIR/runs" | median)

fresh
(run) &
runner=$!
until psql_t lms -c "SELECT FROM mighost.chunk LIMIT 1" >/dev/null 2>&1; do sleep 0.05; done
: >"$TEST_DIR/calls"
while kill -0 $runner 2>/dev/null; do
    begun=$(date +%s%N)
    mig --status --json >"$TEST_DIR/doc"
    echo $((($(date +%s%N) - begun) / 10000)) | awk '{ print $1 / 100 }' >>"$TEST_DIR/calls"
    sleep 0.1
done
wait $runner
call=$(median <"$TEST_DIR/calls")

echo "| | alone | watched | ratio |"
echo "| --- | --- | --- | --- |"
echo "| a run, ms, median of $rounds | $(cut -d ' ' -f 1 "$TEST_DIR/runs" | median) |" \
    "$(cut -d ' ' -f 2 "$TEST_DIR/runs" | median) | $ratio |"
echo
echo "One --status --json during a run: $call ms, median of $(wc -l <"$TEST_DIR/calls") calls," \
    "$(sort -n "$TEST_DIR/calls" | tail -n 1) ms at most."
missed=0
awk -v r="$ratio" 'BEGIN { exit !(r < 1.01) }' || { echo "MISSED: the page costs 1 % or more"; missed=1; }
awk -v c="$call" 'BEGIN { exit !(c < 50) }' || { echo "MISSED: a status call takes 50 ms or more"; missed=1; }
exit $missed

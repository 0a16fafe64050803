# bench_run.sh - whole runs of the classroom example, measured: wall time split by step, peak
# memory, --plan, the JSON source. Prints Markdown; ends 1 when a goal is missed. By make bench.
#
# usage: bench_run.sh [--full] [ROUNDS]    (--full: also 1,000,000 records; ROUNDS: 3)
#
# Each round is a fresh database and two runs: one that inserts all, and the same again, which
# finds nothing to change. The server is up already, as in a project's daily life; the backup is
# part of the run. Medians are told. Goals: 1,000 records in 1 s, 100,000 in 15 s, --plan in
# 100 ms, memory the same within 10 % for any number of records and under 64 MB.
: "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
PGTMP_OPTIONS="-c shared_buffers=128MB ${PGTMP_OPTIONS-}"
PGTMP_REAL=1
. "$top_srcdir/tests/fixtures/pgtmp.sh"

sizes="1000 10000 100000"
[ "${1-}" != --full ] || { sizes="$sizes 1000000"; shift; }
rounds=${1:-3}
example=$top_srcdir/share/examples/classroom
missed=0

now_ms()
{
    echo $(($(date +%s%N) / 1000000))
}

median()
{
    sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

mig() # N ARGS...
{
    mig_n=$1
    shift
    CLASSROOM_DOCUMENT=$TEST_DIR/$mig_n.json "$MIGHOST" --plugins "$PLUGINS" --project "$example" \
        --work-dir "$TEST_DIR/work" --report-dir "$TEST_DIR/reports" \
        --backup-dir "$TEST_DIR/backups" "$@" >"$TEST_DIR/out" 2>"$TEST_DIR/err"
}

# One run; its figures become a line of $TEST_DIR/N.WHICH.
measure() # N WHICH
{
    begun=$(now_ms)
    status=0
    DATABASE_URL=$(pg_url bench) mig "$1" --run --quiet || status=$?
    ended=$(now_ms)
    [ "$status" -eq 20 ] || { cat "$TEST_DIR/out" "$TEST_DIR/err"; exit 1; }
    bundle=$(sed -n 's/^run .*; report: //p' "$TEST_DIR/out")
    psql_t postgres -v file="$bundle/report.json" -v wall=$((ended - begun)) >>"$TEST_DIR/$1.$2" <<'SQL'
\set content `cat :'file'`
SELECT concat_ws(' ', :'wall', (:'content'::json #>> '{run,peak_rss_kb}'),
    string_agg(coalesce(round((s.value ->> 'seconds')::numeric * 1000, 0), 0)::text, ' ' ORDER BY n.ordinality))
    FROM unnest(ARRAY['load', 'check', 'backup', 'publish', 'verify', 'report']) WITH ORDINALITY n (name)
    LEFT JOIN json_array_elements(:'content'::json #> '{run,steps}') s ON s.value ->> 'name' = n.name;
SQL
    rm -rf "$bundle"
}

figure() # N WHICH COLUMN
{
    cut -d ' ' -f "$3" "$TEST_DIR/$1.$2" | median
}

line() # N WHICH WORDS
{
    printf '| %s | %s |' "$1" "$3"
    for column in 1 3 4 5 6 7 8; do
        figure "$1" "$2" "$column" | awk '{ printf " %.2f |", $1 / 1000 }'
    done
    figure "$1" "$2" 2 | awk '{ printf " %.1f |\n", $1 / 1024 }'
}

goal() # WORDS VALUE LIMIT
{
    met=$(awk -v a="$2" -v b="$3" 'BEGIN { print a <= b ? "met" : "MISSED" }')
    [ "$met" = met ] || missed=1
    echo "- $1: $2, at most $3: $met"
}

round()
{
    psql_t postgres -c 'DROP DATABASE IF EXISTS bench WITH (FORCE)' \
        -c 'CREATE DATABASE bench TEMPLATE template0' 2>/dev/null
    psql_t bench -f "$example/target.sql" >/dev/null
    measure "$1" first
    measure "$1" again
    rm -rf "$TEST_DIR/backups"
}

plan() # TARGET
{
    for _ in 1 2 3 4 5; do
        begun=$(now_ms)
        DATABASE_URL=$1 mig 1000 --plan
        echo $(($(now_ms) - begun))
    done | median
}

echo "PostgreSQL $(psql_t postgres -c 'SHOW server_version'), fsync" \
    "$(psql_t postgres -c 'SHOW fsync'), shared_buffers $(psql_t postgres -c 'SHOW shared_buffers')," \
    "$(getconf _NPROCESSORS_ONLN) processors, load $(cut -d ' ' -f 1 /proc/loadavg) at the start"
echo
echo "| records | run | wall s | load | check | backup | publish | verify | report | peak MB |"
echo "|---|---|---|---|---|---|---|---|---|---|"
for n in $sizes; do
    sh "$example/generate.sh" "$n" >"$TEST_DIR/$n.json"
    todo=$rounds
    [ "$n" -lt 1000000 ] || todo=1
    while [ "$todo" -gt 0 ]; do
        round "$n"
        todo=$((todo - 1))
    done
    line "$n" first "all inserted"
    line "$n" again "nothing to change"
    largest=$n
done
echo
goal "1,000 records, milliseconds" "$(figure 1000 first 1)" 1000
goal "100,000 records, milliseconds" "$(figure 100000 first 1)" 15000
goal "100,000 records again, milliseconds" "$(figure 100000 again 1)" "$(figure 100000 first 1)"
goal "--plan without a target, milliseconds" "$(plan "")" 100
goal "--plan with one, milliseconds" "$(plan "$(pg_url bench)")" 100
goal "peak memory at $largest records over that at 10000" \
    "$(echo "$(figure "$largest" first 2) $(figure 10000 first 2)" | awk '{ printf "%.3f", $1 / $2 }')" 1.10
goal "peak memory at $largest records, kB" "$(figure "$largest" first 2)" 65536
json=$top_builddir/tests/bench/bench_json
if [ -x "$json" ]; then
    printf '\nThe JSON source against a bare loop of jansson:\n\n'
    TMPDIR=$TEST_DIR "$json" 50 "$rounds" || missed=1
fi
echo
echo "load $(cut -d ' ' -f 1 /proc/loadavg) at the end"
exit $missed

# bench_school.sh - the people of the example school, moved by mighost and by tuned SQL, in turn, in one
# server of its own. Prints Markdown for docs/benchmarks.md. By make bench-school and make bench.
#
# usage: bench_school.sh [--scale S] [--rounds N] [--jobs N]
#        scale 1 (1,000,000 people), 3 rounds, as many processes as the example asks for
#
# Each case of a round runs on a fresh copy of a target that has its reference data, behind a
# CHECKPOINT; ratios are taken within a round. In the first round both must leave the rows that the
# example's own SQL says (compare.sh), later as many, or the script ends with 1. Behind the first round
# the run is repeated, which changes nothing, and taken back, which leaves what was before.
#
#   tuned    bench_school_tuned.sql: by sets; indexes and constraints dropped and made again
#   mighost  plan to publish, to verify; without a backup, as the tables of people are empty
. "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/bench/bench_server.sh"

scale=1 rounds=3 jobs=
while [ $# -gt 0 ]; do
    case $1 in
    --scale) scale=$2 ;;
    --rounds) rounds=$2 ;;
    --jobs) jobs=$2 ;;
    *) sed -n '4,5s/^# //p' "$0"; exit 2 ;;
    esac
    shift 2
done

example=$top_srcdir/share/examples/school
: "${jobs:=$(jq '.jobs // 1' "$example/project.json")}"

# Wall seconds of a command, in $took.
timed() # WHAT COMMAND...
{
    timed_what=$1 begun=$(date +%s%N)
    shift
    "$@" >"$TEST_DIR/out" 2>"$TEST_DIR/err" || fail "$timed_what"
    took=$(awk -v ns=$(($(date +%s%N) - begun)) 'BEGIN { printf "%.3f", ns / 1e9 }')
}

mig() # EXIT_CODE DB ARGS...
{
    mig_code=$1 mig_db=$2 code=0
    shift 2
    V2_DATABASE_URL=$(pg_url "$mig_db") "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/school" \
        --work-dir "$TEST_DIR/work" --report-dir "$TEST_DIR/reports" --quiet "$@" || code=$?
    [ "$code" = "$mig_code" ]
}

# In the first round row by row, as the example's own SQL works it out.
check() # CASE DB
{
    if [ "$round" -eq 1 ]; then
        sh "$example/compare.sh" "$V1_DATABASE_URL" "$(pg_url "$2")" >"$TEST_DIR/out" 2>"$TEST_DIR/err" ||
            fail "$1 is not what expected.sql says"
        [ -n "$expected" ] || expected=$(count "$2")
    fi
    [ "$(count "$2")" = "$expected" ] || fail "$1 gives another number of rows"
}

count() # DB: rows of all tables of the target
{
    psql_t "$1" -c "SELECT sum((xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s',
        oid::regclass), false, true, '')))[1]::text::bigint) FROM pg_class
        WHERE relnamespace = 'v2'::regnamespace AND relkind = 'r'"
}

moved()
{
    fresh now ready
    timed mighost mig 20 now --run
    bundle=$(sed -n 's/^.*report: //p' "$TEST_DIR/out")
    reading whole "$took"
    jq -r 'def upto($last): [.steps[].name] as $n | ($n | index($last)) as $i
            | [.steps[:$i + 1][].seconds // 0] | add;
        .run | "load \([.steps[] | select(.name == "load").seconds] | add)",
            "check \([.steps[] | select(.name == "check").seconds] | add)",
            "publish \(upto("publish"))", "verify \(upto("verify"))", "mb \(.peak_rss_kb / 1024)",
            "all_mb \(.peak_rss_sum_kb / 1024)"' "$bundle/report.json" >"$TEST_DIR/figures" ||
        fail "report.json"
    while read -r figure value; do
        reading "$figure" "$value"
    done <"$TEST_DIR/figures"
    check mighost now
}

# The same once more, and back.
again()
{
    timed "second run" mig 20 now --run
    reading again "$took"
    grep -q '; 0 changed' "$TEST_DIR/out" || fail "a second run changes something"
    mig 0 now --rollback >"$TEST_DIR/out" 2>"$TEST_DIR/err" || fail "rollback of the second run"
    timed rollback mig 0 now --rollback
    reading undo "$took"
    fingerprint_db now | grep '^table v2' | sort >"$TEST_DIR/now"
    cmp -s "$TEST_DIR/ready" "$TEST_DIR/now" || fail "--rollback leaves something else than there was"
}

tuned()
{
    fresh now ready
    timed tuned psql_t now -f "$here/bench_school_tuned.sql"
    reading tuned "$took"
    check tuned now
}

# Least, middle and greatest of a figure, or of the ratio of two.
said() # FIGURE [OVER]
{
    awk -F, -v a="$1" -v b="${2-}" '$2 == a { x[$1] = $3 } $2 == b { y[$1] = $3 }
        END { for (r in x) if (b == "") print x[r]; else if (x[r] > 0) print y[r] / x[r] }' "$readings" |
        sort -n | awk '{ v[NR] = $1 } END { m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
            printf "%.3g (%.3g..%.3g)", m, v[1], v[NR] }'
}

mkdir -p "$TEST_DIR/school"
cp "$example"/*.json "$example"/*.sql "$TEST_DIR/school/"
jq --argjson jobs "$jobs" '.reporters = (["summary", "errors", "json", "sql"] | map({name: .}))
    | .jobs = $jobs | .backup.scope = "none"' "$example/project.json" >"$TEST_DIR/school/project.json"
begun_load=$(cut -d ' ' -f 1-3 /proc/loadavg)
pg_createdb old
psql_t old -v scale="$scale" -f "$example/source.sql"
psql_t old -c "VACUUM ANALYZE"
V1_DATABASE_URL=$(pg_url old)
export V1_DATABASE_URL
people=$(psql_t old -c 'SELECT (SELECT count(*) FROM v1."Teacher") + (SELECT count(*) FROM v1."Parent")
    + (SELECT count(*) FROM v1."Student") + (SELECT count(*) FROM v1."School")')
round=0 expected=
pg_createdb ready "$example/target.sql"
mig 0 ready --run --phase 1 >"$TEST_DIR/out" 2>"$TEST_DIR/err" || fail "the reference data"
mig 0 ready --finalize 1 >"$TEST_DIR/out" 2>"$TEST_DIR/err" || fail "the reference data"
fingerprint_db ready | grep '^table v2' | sort >"$TEST_DIR/ready"
[ -s "$TEST_DIR/ready" ] || fail "no fingerprints"

while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    tuned
    moved
    [ "$round" -gt 1 ] || again
done

end_load=$(cut -d ' ' -f 1-3 /proc/loadavg)
cat <<END
scale $scale: $people people, $expected rows; $rounds rounds; --jobs $jobs; load $begun_load, $end_load

| figure | must | measured |
|---|---|---|
| plan to publish against tuned SQL, x | 0.5 | $(said publish tuned) |
| plan to verify, every field, against tuned SQL, x | | $(said verify tuned) |
| peak RSS of the largest process, MB | 64 | $(said mb) |
| peak RSS of all processes together, MB | | $(said all_mb) |
| tuned SQL, s | | $(said tuned) |
| load, check, s | | $(said load), $(said check) |
| to publish, to verify, whole run, s | | $(said publish), $(said verify), $(said whole) |
| second run, nothing changed, s | | $(said again) |
| rollback, with its proof, s | | $(said undo) |
END

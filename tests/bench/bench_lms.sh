# bench_lms.sh - the grades of the example lms, moved by mighost and by other means, side by side in
# one server of its own. Prints Markdown for docs/benchmarks.md. By make bench-lms and make bench.
#
# usage: bench_lms.sh [--scale S] [--rounds N] [--slow N] [--jobs N] [--grow FACTOR]
#        scale 1, 5 rounds, as many processes as the example asks for, nothing grown
#
# The cases of a round run one after the other, each on a fresh copy of the target behind a
# CHECKPOINT; ratios are taken within a round (bench_lms_table.sql). Every case must leave the rows
# that it should, by number and by an order-free hash, or the script ends with 1. --grow FACTOR
# adds one run of FACTOR times the size, for time and memory. What is not installed is not timed.
# --jobs N has N processes load in each run of mighost; memory is told of the largest process and of
# all of them together. --slow N: only the first N rounds have Python and pgloader, which take minutes.
#
#   f_bare, f_bin   psql | psql of rows in the target's shape, text and binary, no index
#   tuned           the source's SQL transforms; indexes and foreign keys dropped and rebuilt
#   in_place        psql | psql of rows in the target's shape, into the table as it stands
#   python          psycopg2, pages of 10,000, ids in dicts (bench_lms_python.py)
#   pgcopydb, pgloader   the old rows as they are
#   auto, keep      mighost, grades only; "indexes" auto, and keep (no DDL on the target)
#   again, undo     the same run once more, and its --rollback, behind auto
#   whole           mighost, all stages, validators and reports but the one with a line for each key
. "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/bench/bench_server.sh"

scale=1 rounds=5 slow= jobs= grow=
while [ $# -gt 0 ]; do
    case $1 in
    --scale) scale=$2 ;;
    --rounds) rounds=$2 ;;
    --slow) slow=$2 ;;
    --jobs) jobs=$2 ;;
    --grow) grow=$2 ;;
    *) sed -n '4,5s/^# //p' "$0"; exit 2 ;;
    esac
    shift 2
done

example=$top_srcdir/share/examples/lms
: "${slow:=$rounds}" "${jobs:=$(jq '.jobs // 1' "$example/project.json")}"
python=${PYTHON:-/usr/bin/python3}

# ---- databases -------------------------------------------------------------------------------

# Number and order-free hash of grades without their keys, which only some cases can share, and
# a hash of the keys alone.
rows() # DB TABLE
{
    psql_t "$1" -c "SELECT count(*), sum(hashtextextended((enrollment_id, assessment_id, score,
        graded_on, comment, metadata, created_at)::text, 0)), sum(uuid_hash_extended(id, 0)) FROM $2"
}

# At the full size the hash takes as long as a load: the first round has it, the others count.
check() # CASE DB [any_key]
{
    if [ "$round" -gt 1 ]; then
        got=$(psql_t "$2" -c "SELECT count(*) FROM lms.grades") want=${expected%%|*}
    else
        got=$(rows "$2" lms.grades) want=$expected
        [ $# -eq 2 ] || got=${got%|*} want=${want%|*}
    fi
    [ "$got" = "$want" ] || fail "$1 gives other rows: $got, expected $want"
}

transfer() # FROM TO TABLE SQL
{
    psql_t "$1" -c "COPY ($4) TO STDOUT" | psql_t "$2" -c "COPY $3 FROM STDIN"
}

# The old database edu$1, and ready$1: the new one with all but the grades.
prepare() # SUFFIX SCALE
{
    pg_createdb "edu$1"
    psql_t "edu$1" -v scale="$2" -f "$example/source.sql"
    V1_DATABASE_URL=$(pg_url "edu$1")
    export V1_DATABASE_URL
    pg_createdb "ready$1" "$example/target.sql"
    mig 20 "ready$1" whole --run --skip grades
    mig 0 "ready$1" whole --finalize 1
}

# Rows for the floors, as a whole run made them that the example's own SQL found right; in the
# order of the old ones. The ids of their parents, for those who look them up.
prepare_floors()
{
    pg_createdb whole "$example/target.sql"
    mig 20 whole whole --run
    V2_DATABASE_URL=$(pg_url whole) sh "$example/compare.sh" >"$TEST_DIR/out" 2>"$TEST_DIR/err" ||
        fail "the whole run is not what expected.sql says"
    expected=$(rows whole lms.grades)
    psql_t edu -c "CREATE SCHEMA bench" -c "CREATE TABLE bench.enrollments (old int, id uuid)" \
        -c "CREATE TABLE bench.assessments (old int, id uuid)"
    transfer whole edu bench.enrollments \
        "SELECT metadata -> 'old_course_student_id', id FROM lms.enrollments"
    transfer whole edu bench.assessments "SELECT metadata -> 'old_journal_id', id FROM lms.assessments"
    pg_createdb bare "$example/target.sql"
    psql_t bare -c "ALTER TABLE lms.grades RENAME TO indexed" \
        -c "CREATE TABLE lms.grades (LIKE lms.indexed INCLUDING DEFAULTS)" -c "DROP TABLE lms.indexed"
    "$PGTMP_BIN/pg_dump" -s -t lms.grades "$(pg_url bare)" | sed 's/lms\.grades/bench.grades/' |
        psql_t edu >/dev/null
    transfer whole edu bench.grades \
        "SELECT * FROM lms.grades ORDER BY (metadata -> 'old_grade_id')::int"
    psql_t postgres -c "DROP DATABASE whole" -c "CREATE DATABASE raw TEMPLATE edu" 2>/dev/null
    psql_t raw -c "SET client_min_messages = warning" -c "DROP SCHEMA bench CASCADE" \
        -c "ALTER TABLE edu.journal_details SET SCHEMA public" -c "DROP SCHEMA edu CASCADE" \
        -c "CREATE SCHEMA edu" -c "ALTER TABLE journal_details SET SCHEMA edu"
    pg_createdb empty
    psql_t edu -c "VACUUM ANALYZE"
}

# ---- other means -----------------------------------------------------------------------------

# Wall seconds of a shell function, as CASE.s.
timed() # CASE FUNCTION ARGS...
{
    timed_case=$1 begun=$(date +%s%N)
    shift
    "$@" >"$TEST_DIR/out" 2>"$TEST_DIR/err" || fail "$timed_case"
    reading "$timed_case.s" "$(awk -v ns=$(($(date +%s%N) - begun)) 'BEGIN { printf "%.4f", ns / 1e9 }')"
}

shaped() # DB [FORMAT]
{
    psql_t edu -c "COPY (SELECT * FROM bench.grades) TO STDOUT ${2-}" |
        psql_t "$1" -c "COPY lms.grades FROM STDIN ${2-}"
}

# What is dirty is known and left out by name; dates go as they are to a target told how to read
# them, JSON is put together as text, keys are MD5, as wide as those of mighost and cheaper.
tuned()
{
    psql_t edu -c "COPY (
        SELECT md5('grade ' || g.id), e.id, a.id, point, point_date, nullif(note, ''),
               '{\"old_grade_id\": ' || g.id || '}', creation_date || '+04'
          FROM edu.journal_details g JOIN bench.enrollments e ON e.old = course_student_id
          JOIN bench.assessments a ON a.old = journal_id
         WHERE point_date NOT LIKE '31/02/%' AND point IS DISTINCT FROM 'q/b') TO STDOUT" |
        PGOPTIONS='-c datestyle=ISO,DMY' psql_t "$1" -c BEGIN -c "ALTER TABLE lms.grades
            DROP CONSTRAINT grades_pkey, DROP CONSTRAINT grades_enrollment_id_fkey,
            DROP CONSTRAINT grades_assessment_id_fkey" \
            -c "DROP INDEX lms.grades_enrollment, lms.grades_assessment" \
            -c "COPY lms.grades FROM STDIN" \
            -c "ALTER TABLE lms.grades ADD PRIMARY KEY (id)" \
            -c "CREATE INDEX grades_enrollment ON lms.grades (enrollment_id)" \
            -c "CREATE INDEX grades_assessment ON lms.grades (assessment_id)" \
            -c "ALTER TABLE lms.grades ADD FOREIGN KEY (enrollment_id) REFERENCES lms.enrollments,
                ADD FOREIGN KEY (assessment_id) REFERENCES lms.assessments" -c COMMIT
}

# A peer that dies, or leaves rows out, is told of, not timed.
peer() # CASE COMMAND...
{
    peer_case=$1 code=0
    shift
    fresh empty_peer empty
    begun=$(date +%s%N)
    timeout 3600 "$@" >"$TEST_DIR/out" 2>"$TEST_DIR/err" </dev/null || code=$?
    took=$(($(date +%s%N) - begun))
    moved=$(psql_t empty_peer -c "SELECT count(*) FROM edu.journal_details" 2>/dev/null) || moved=none
    if [ "$code" -eq 0 ] && [ "$moved" = "$raw_rows" ]; then
        reading "$peer_case.s" "$(awk -v ns="$took" 'BEGIN { printf "%.4f", ns / 1e9 }')"
    else
        said=$(cat "$TEST_DIR/out" "$TEST_DIR/err" | tr -d '\r' | awk 'NF { last = $0 }
            /ERROR|FATAL|[Ee]rror:|Error |[Hh]eap|memory/ && !first { first = $0 } END { print first ? first : last }')
        echo "$peer_case died in round $round: exit $code, $moved of $raw_rows rows are there: $said" \
            >>"$TEST_DIR/notes"
    fi
}

peers()
{
    if command -v pgcopydb >/dev/null; then
        rm -rf "$TEST_DIR/pgcopydb"
        peer pgcopydb pgcopydb clone --source "$(pg_url raw)" --target "$(pg_url empty_peer)" \
            --dir "$TEST_DIR/pgcopydb"
    fi
    if [ "$round" -le "$slow" ] && command -v pgloader >/dev/null && command -v script >/dev/null; then
        # It opens /dev/tty, so that it needs a terminal of its own.
        peer pgloader script -qec "pgloader --root-dir $TEST_DIR $TEST_DIR/pgloader.load" /dev/null
    fi
}

notes()
{
    for tool in pgcopydb pgloader; do
        command -v "$tool" >/dev/null || echo "$tool is not installed, not timed"
    done
    command -v script >/dev/null ||
        echo "pgloader is not timed: script, which gives it a terminal, is not installed"
    [ -n "$python" ] || echo "psycopg2 is not installed, not timed"
    [ ! -f "$TEST_DIR/notes" ] || cat "$TEST_DIR/notes"
}

# ---- mighost ---------------------------------------------------------------------------------

projects()
{
    mkdir -p "$TEST_DIR/whole" "$TEST_DIR/auto" "$TEST_DIR/keep"
    quiet='.reporters = (["summary", "errors", "json", "sql"] | map({name: .}))
        | .target.embedded_schema = $schema | .jobs = $jobs | del(.["$schema"])'
    jq --arg schema "$example/target.sql" --argjson jobs "$jobs" "$quiet" "$example/project.json" \
        >"$TEST_DIR/whole/project.json"
    for indexes in auto keep; do
        jq --arg indexes $indexes '.stages |= map(.enabled = (.name == "grades")) | .validators = []
            | .backup.scope = "none" | .indexes = $indexes' "$TEST_DIR/whole/project.json" \
            >"$TEST_DIR/$indexes/project.json"
    done
}

# mighost on a database; wall, user and system seconds are in $used, the bundle in $bundle.
mig() # EXIT_CODE DB PROJECT ARGS...
{
    mig_code=$1 mig_db=$2 mig_project=$3 code=0
    shift 3
    V2_DATABASE_URL=$(pg_url "$mig_db") bash -c 'TIMEFORMAT="%R %U %S"
        { time "$@" >"$TEST_DIR/out" 2>"$TEST_DIR/err"; } 2>"$TEST_DIR/used"' mighost \
        "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/$mig_project" \
        --work-dir "$TEST_DIR/work" --quiet "$@" || code=$?
    [ "$code" = "$mig_code" ] || fail "mighost $*: exit $code, expected $mig_code"
    used=$(cat "$TEST_DIR/used")
    bundle=$(sed -n 's/^.*report: //p' "$TEST_DIR/out")
}

# A run as readings: seconds of load, up to publish, up to verify, of the whole process; its memory
# and its processor time a record.
run() # CASE EXIT_CODE DB PROJECT
{
    mig "$2" "$3" "$4" --run
    jq -r --arg used "$used" '($used | split(" ") | map(tonumber)) as $u | .run as $r
        | def upto($last): [$r.steps[].name] as $n | ($n | index($last)) as $i
              | if $i then [$r.steps[:$i + 1][].seconds // 0] | add else empty end;
          "load \([$r.steps[] | select(.name == "load").seconds] | add)",
          "publish \(upto("publish"))", "verify \(upto("verify"))", "s \($u[0])",
          "mb \($r.peak_rss_kb / 1024)", "all_mb \($r.peak_rss_sum_kb / 1024)",
          "us \(($u[1] + $u[2]) * 1e6 / ([.stages[].records.read] | add))"' \
        "$bundle/report.json" >"$TEST_DIR/figures" || fail "report.json"
    while read -r figure value; do
        reading "$1.$figure" "$value"
    done <"$TEST_DIR/figures"
    rm -rf "$bundle"
}

# Readings of a rollback: the whole process, and without what it says that its proof took.
undo() # DB PROJECT
{
    mig 0 "$1" "$2" --rollback
    proof=$(sed -n 's/^run .*: rolled back in .* s (\([0-9.]*\) s of them for the proof).*/\1/p' \
        "$TEST_DIR/out")
    [ -n "$proof" ] || fail "--rollback does not say what its proof took"
    reading undo.s "${used%% *}"
    reading undo.bare "$(awk -v s="${used%% *}" -v p="$proof" 'BEGIN { print s - p }')"
}

# Twenty small plugins that differ in their ids.
make_plugins()
{
    mkdir "$TEST_DIR/plugins"
    for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        cat >"$TEST_DIR/same$n.c" <<END
#include "zoo.h"
static const mig_unit_t unit = ZOO_UNIT(.name = "same$n");
static const mig_unit_t *const zoo_units[] = {&unit, NULL};
ZOO_PLUGIN(.id = "org.example.same$n");
END
        ${CC:-cc} -std=gnu11 -fPIC -shared -fvisibility=hidden -I"$top_srcdir/include" \
            -I"$top_srcdir/tests/abi/zoo" -o "$TEST_DIR/plugins/transform-same$n.so" "$TEST_DIR/same$n.c"
    done
}

list_plugins()
{
    for _ in 1 2 3 4 5 6 7; do
        begun=$(date +%s%N)
        "$MIGHOST" --plugins "$TEST_DIR/plugins" --list-plugins >"$TEST_DIR/out"
        reading plugins.ms "$(awk -v ns=$(($(date +%s%N) - begun)) 'BEGIN { print ns / 1e6 }')"
    done
    [ "$(grep -c 'org.example.same' "$TEST_DIR/out")" = 20 ] || fail "--list-plugins"
}

# ---- the measurement -------------------------------------------------------------------------

floors()
{
    fresh now bare
    timed f_bare shaped now
    check f_bare now
    fresh now bare
    timed f_bin shaped now "(FORMAT binary)"
    check f_bin now
    fresh now ready
    timed tuned tuned now
    check tuned now any_key
    fresh now ready
    timed in_place shaped now
    check in_place now
    [ -n "$python" ] && [ "$round" -le "$slow" ] || return 0
    fresh now ready
    timed python "$python" "$here/bench_lms_python.py" "$(pg_url edu)" "$(pg_url now)"
    check python now any_key
}

runs()
{
    fresh now ready
    run auto 20 now auto
    check auto now
    run again 20 now auto
    grep -q '; 0 changed' "$TEST_DIR/out" || fail "a second run changes something"
    mig 0 now auto --rollback
    undo now auto
    [ "$(psql_t now -c "SELECT count(*) FROM lms.grades")" = 0 ] || fail "--rollback leaves rows"
    fresh now ready
    run keep 20 now keep
    check keep now
    fresh now target
    run whole 20 now whole
    check whole now
    list_plugins
}

grown()
{
    prepare _grown "$(awk -v a="$scale" -v b="$grow" 'BEGIN { print a * b }')"
    psql_t edu_grown -c "VACUUM ANALYZE" # as the other one is
    fresh now ready_grown
    run grown 20 now auto
}

begun_load=$(cut -d ' ' -f 1-3 /proc/loadavg)
"$python" -c 'import psycopg2.extras' 2>/dev/null || python=
projects
make_plugins
pg_createdb target "$example/target.sql"
prepare "" "$scale"
prepare_floors
raw_rows=$(psql_t raw -c "SELECT count(*) FROM edu.journal_details")
cat >"$TEST_DIR/pgloader.load" <<END
LOAD DATABASE FROM pgsql://postgres@unix:$PGTMP_SOCKET:5432/raw
    INTO pgsql://postgres@unix:$PGTMP_SOCKET:5432/empty_peer
    WITH create tables, create no indexes, no foreign keys;
END
while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    floors
    peers
    runs
done
[ -z "$grow" ] || grown

echo "$(uname -m), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)," \
    "$(getconf _NPROCESSORS_ONLN) processors, $(awk '/MemTotal/ { print int($2 / 1048576) }' \
        /proc/meminfo) GB, Linux $(uname -r); $("$MIGHOST" --version | head -n 1)," \
    "PostgreSQL $(psql_t postgres -c 'SHOW server_version'), shared_buffers" \
    "$(psql_t postgres -c 'SHOW shared_buffers'), fsync $(psql_t postgres -c 'SHOW fsync')"
echo "scale $scale: $raw_rows records, ${expected%%|*} grades, rounds: $rounds (Python and pgloader: $slow)," \
    "jobs: $jobs;" \
    "load $begun_load at the start, $(cut -d ' ' -f 1-3 /proc/loadavg) at the end"
notes
echo
psql_t postgres -v records="$raw_rows" -v grow="${grow:-1}" -f "$here/bench_lms_table.sql" \
    <"$readings"

# bench_merge.sh - users merged into a table that is in use, and taken back, against UPDATE and INSERT by
# hand; what preserved rows cost; what an application notices that goes on writing. In one server of
# its own. Prints Markdown for docs/benchmarks.md. By make bench-merge and make bench.
#
# usage: bench_merge.sh [--scale S] [--rounds N]
#        scale 1, 5 rounds
#
# Scale 1 is 500,000 users of the source: 400,000 are in the target, 260,000 of those differ, 100,000 are
# new; beside them are 200,000 users of the target's own, and 1,000,000 where rows are preserved
# (bench_merge.sql). The cases of a round run one after the other, each on a fresh copy of the target
# behind a CHECKPOINT; ratios are taken within a round (bench_merge_table.sql). Each case must leave the
# rows that the one by hand leaves, by an order-free hash, or the script ends with 1.
#
#   by_hand    UPDATE ... FROM and INSERT ... SELECT from temporary tables that hold the rows to write,
#              no before-images; each commits, timed apart
#   merge      mighost: found by id or address, merged column by column, before-images of each row
#   undo       its --rollback
#   preserve   the same merge beside 1,000,000 preserved rows
#   live       the same merge, while an application writes to rows of both kinds (bench_merge_live.sh)
PGTMP_OPTIONS="-c checkpoint_timeout=1h ${PGTMP_OPTIONS-}"
. "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/bench/bench_server.sh"

scale=1 rounds=5
while [ $# -gt 0 ]; do
    case $1 in
    --scale) scale=$2 ;;
    --rounds) rounds=$2 ;;
    *) sed -n '5,6s/^# //p' "$0"; exit 2 ;;
    esac
    shift 2
done

scaled() # NUMBER
{
    awk -v a="$1" -v b="$scale" 'BEGIN { printf "%d", a * b }'
}

make_users() # DB SIDE ANDROID
{
    pg_createdb "$1"
    psql_t "$1" -v side="$2" -v users="$users" -v copied="$copied" -v android="$3" \
        -f "$here/bench_merge.sql"
}

# Number and order-free hash of the live rows, as they are told by all their columns.
state_of() # DB [CONDITION]
{
    psql_t "$1" -c "SELECT count(*), sum(hashtextextended(u::text, 0)) FROM app.users u ${2-}"
}

# ---- by hand -----------------------------------------------------------------------------------

# What is to be written, by plain SQL; one round trip, so that the server's times are the case's.
staged="email, first_name, last_name, password_hash, phone, skill_level, settings, updated_at"
by_hand()
{
    fresh now target
    psql_t now -v staged="$staged" -f - >"$TEST_DIR/out" 2>"$TEST_DIR/err" <<'SQL' || fail by_hand
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE v1 AS SELECT * FROM bench.users;
ANALYZE v1;
CREATE TEMP TABLE pair AS SELECT l.id AS live_id, s.* FROM v1 s JOIN app.users l
    ON l.id = s.id OR lower(l.email) = lower(s.email) WHERE false;
INSERT INTO pair SELECT l.id, s.* FROM v1 s JOIN app.users l ON l.id = s.id;
INSERT INTO pair SELECT l.id, s.* FROM v1 s JOIN app.users l ON lower(l.email) = lower(s.email) AND l.id <> s.id;
CREATE TEMP TABLE differs AS SELECT p.* FROM pair p JOIN app.users l ON l.id = p.live_id
    WHERE (p.email, p.first_name, p.last_name, p.password_hash, p.phone, p.skill_level, p.settings, p.updated_at)
        IS DISTINCT FROM (l.email, l.first_name, l.last_name, l.password_hash, l.phone, l.skill_level, l.settings,
        l.updated_at);
CREATE TEMP TABLE is_new AS SELECT s.* FROM v1 s WHERE NOT EXISTS (SELECT FROM pair p
    WHERE p.id = s.id);
ANALYZE differs;
ANALYZE is_new;
RESET max_parallel_workers_per_gather;
\timing on
BEGIN;
UPDATE app.users l SET email = d.email, first_name = d.first_name, last_name = d.last_name,
    password_hash = d.password_hash, phone = d.phone, skill_level = d.skill_level, settings = d.settings,
    avatar_url = coalesce(l.avatar_url, d.avatar_url), updated_at = d.updated_at
    FROM differs d WHERE l.id = d.live_id;
COMMIT;
BEGIN;
INSERT INTO app.users (id, email, first_name, last_name, password_hash, phone, skill_level, avatar_url,
    marketing_opt_in, settings, created_at, updated_at) SELECT id, email, first_name, last_name, password_hash, phone,
    skill_level, avatar_url, marketing_opt_in, settings, created_at, updated_at FROM is_new;
COMMIT;
\timing off
SELECT 'rows ' || (SELECT count(*) FROM differs) || ' ' || (SELECT count(*) FROM is_new);
SQL
    set -- $(sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' "$TEST_DIR/out")
    reading by_hand.update "$(awk -v a="$1" -v b="$2" -v c="$3" 'BEGIN { print (a + b + c) / 1000 }')"
    reading by_hand.insert "$(awk -v a="$4" -v b="$5" -v c="$6" 'BEGIN { print (a + b + c) / 1000 }')"
    reading by_hand.both "$(awk -v a="$1" -v b="$2" -v c="$3" -v d="$4" -v e="$5" -v f="$6" \
        'BEGIN { print (a + b + c + d + e + f) / 1000 }')"
    written=$(sed -n 's/^rows //p' "$TEST_DIR/out")
    [ "$written" = "$(scaled 260000) $((users - copied))" ] || fail "by_hand: $written rows"
    expected=$(state_of now)
}

# ---- mighost -------------------------------------------------------------------------------------

projects()
{
    mkdir -p "$TEST_DIR/merge" "$TEST_DIR/preserve"
    cat >"$TEST_DIR/merge/project.json" <<'JSON'
{ "name": "merge", "target": { "url": "${V2_DATABASE_URL}", "schema": "app" },
  "sources": { "v1": { "use": "postgres", "options": { "url": "${V1_DATABASE_URL}", "schema": "app" } } },
  "backup": { "scope": "none" }, "reporters": [ { "name": "summary" }, { "name": "json" } ],
  "stages": [ { "name": "users", "policy": "update", "ids": "keep",
    "pii": ["email", "first_name", "last_name", "phone"], "secret": "password_hash",
    "options": { "table": "users", "fields": { "id": { "key": "users" }, "email": "email",
      "first_name": "first_name", "last_name": "last_name", "password_hash": "password_hash", "phone": "phone",
      "skill_level": "skill_level", "avatar_url": "avatar_url", "marketing_opt_in": "marketing_opt_in",
      "settings": "settings", "created_at": "created_at", "updated_at": "updated_at" } },
    "tables": { "users": { "also_match": "lower(email)",
      "ownership": { "theirs": "created_at >= '2025-09-01'", "on_both": "reject", "on_neither": "report" },
      "merge": { "keep": ["marketing_opt_in", "created_at"], "fill": "avatar_url" } } } } ] }
JSON
    jq '.preserve = [{name: "android", table: "users", where: "created_at >= '\''2025-09-01'\'' -- preserved"}]' \
        "$TEST_DIR/merge/project.json" >"$TEST_DIR/preserve/project.json"
}

# mighost on the copy; its wall seconds are in $used, the bundle in $bundle, and in $TEST_DIR/said what
# the server logged of statements that took long.
mig() # PROJECT ARGS...
{
    mig_project=$1 code=0 logged=$(wc -l <"$TEST_DIR/pg/log")
    shift
    V2_DATABASE_URL=$(pg_url now) PGOPTIONS="-c log_min_duration_statement=5" bash -c 'TIMEFORMAT=%R
        { time "$@" >"$TEST_DIR/out" 2>"$TEST_DIR/err"; } 2>"$TEST_DIR/used"' mighost \
        "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/$mig_project" \
        --work-dir "$TEST_DIR/work" "$@" || code=$?
    [ "$code" = 0 ] || fail "mighost $*: exit $code, expected 0"
    used=$(cat "$TEST_DIR/used")
    bundle=$(sed -n 's/^.*report: //p' "$TEST_DIR/out")
    tail -n "+$((logged + 1))" "$TEST_DIR/pg/log" >"$TEST_DIR/said"
}

# Seconds of the logged statements that hold a text.
took() # TEXT
{
    awk -v text="$1" 'index($0, text) && match($0, /duration: [0-9.]+/) {
        sum += substr($0, RSTART + 10, RLENGTH - 10) } END { print sum / 1000 }' "$TEST_DIR/said"
}

# A run as readings: its steps; live tables locked; the same with the before-images taken ahead of it.
run() # CASE PROJECT
{
    mig "$2" --run
    jq -r --arg used "$used" '.run as $r | ($r.steps[] | "\(.name) \(.seconds)"), "locked \($r.publish_seconds)",
        "s \($used)", "mb \($r.peak_rss_kb / 1024)"' "$bundle/report.json" >"$TEST_DIR/figures" || fail "report.json"
    while read -r figure value; do
        reading "$1.$figure" "$value"
        [ "$figure" != locked ] || locked=$value
    done <"$TEST_DIR/figures"
    reading "$1.publish_all" "$(awk -v a="$locked" -v b="$(took 'CREATE TABLE "mighost"."before_')" \
        'BEGIN { print a + b }')"
    rm -rf "$bundle"
}

merge()
{
    fresh now target
    run merge merge
    [ "$(state_of now)" = "$expected" ] || fail "merge gives other rows than by hand"
    mig merge --rollback
    proof=$(sed -n 's/^run .*: rolled back in .* s (\([0-9.]*\) s of them for the proof).*/\1/p' "$TEST_DIR/out")
    [ -n "$proof" ] || fail "--rollback does not say what its proof took"
    reading undo.s "$(sed -n 's/^run .*: rolled back in \([0-9.]*\) s.*/\1/p' "$TEST_DIR/out" |
        awk -v p="$proof" '{ print $1 - p }')"
    [ "$(state_of now)" = "$before" ] || fail "--rollback leaves other rows than before"
}

# All that "preserve" costs, by the statements that have its condition, and what of it is under lock. Not
# one row of them is written, not even with the same values.
preserve()
{
    kept_rows="SELECT count(*), sum(hashtextextended(ROW(u.xmin, u.ctid, u)::text, 0)) FROM app.users u
        WHERE created_at >= '2025-09-01'"
    fresh now target_large
    kept=$(psql_t now -c "$kept_rows")
    run preserve preserve
    reading preserve.looked "$(took ' -- preserved')"
    reading preserve.lock "$(took hashtidextended)"
    [ "$(psql_t now -c "$kept_rows")" = "$kept" ] || fail "a preserved row was written"
}

# Acknowledged writes that plain SQL does not find: the last one of each row, its last consent, its last
# level where neither the row nor its before-image has it; and those that were refused.
lost()
{
    psql_t now <<'SQL' | paste -sd ' '
CREATE TEMP TABLE journal (n int, kind text, id uuid, consent bool, state text, ms int);
\copy journal FROM PROGRAM 'cat "$TEST_DIR/journal"' (DELIMITER '|', NULL '')
CREATE TEMP VIEW last AS SELECT DISTINCT ON (id, kind IN ('consent', 'level'), kind) * FROM journal
    WHERE state = '00000' ORDER BY id, kind IN ('consent', 'level'), kind, n DESC;
SELECT count(*) FILTER (WHERE u.visits IS DISTINCT FROM j.n) FROM (SELECT id, max(n) AS n FROM last GROUP BY id) j
    LEFT JOIN app.users u USING (id);
SELECT count(*) FILTER (WHERE u.marketing_opt_in <> j.consent) FROM last j JOIN app.users u USING (id)
    WHERE kind = 'consent';
SELECT count(*) FILTER (WHERE u.skill_level <> 1000 + j.n AND NOT EXISTS (SELECT FROM mighost.before_1_1 b
    WHERE b.id = u.id AND b.skill_level = 1000 + j.n)) FROM last j JOIN app.users u USING (id) WHERE kind = 'level';
SELECT count(*) FROM journal WHERE state <> '00000' OR id IS NULL;
SQL
}

live()
{
    fresh now target
    rm -f "$TEST_DIR/journal"
    bash "$here/bench_merge_live.sh" "$(pg_url now)" "$TEST_DIR/journal" "$copied" "$(scaled 200000)" &
    writer=$!
    at_exit 'kill $writer 2>/dev/null'
    run live merge
    kill "$writer"
    wait "$writer" || :
    found=$(lost)
    [ "$found" = "0 0 0 0" ] ||
        fail "writes of the application that are not found (rows, consents, levels, refused): $found"
    reading live.writes "$(wc -l <"$TEST_DIR/journal")"
    reading live.slowest "$(sort -t '|' -k 6n "$TEST_DIR/journal" | awk -F '|' 'END { print $6 / 1000 }')"
    reading live.bound "$(awk -v a="$locked" 'BEGIN { print a + 5 }')" # lock_timeout is 5 s
}

# ---- the measurement -------------------------------------------------------------------------------

V1_DATABASE_URL=$(pg_url v1)
export V1_DATABASE_URL
users=$(scaled 500000) copied=$(scaled 400000)
begun_load=$(cut -d ' ' -f 1-3 /proc/loadavg)
projects
make_users v1 source 0
make_users target target "$(scaled 200000)"
make_users target_large target "$(scaled 1000000)"
psql_t target -c "CREATE SCHEMA bench" -c "CREATE TABLE bench.users (LIKE app.users)"
psql_t v1 -c "COPY app.users TO STDOUT" | psql_t target -c "COPY bench.users FROM STDIN" -c "ANALYZE bench.users"
before=$(state_of target)
while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    by_hand
    merge
    preserve
    live
done

echo "$(uname -m), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)," \
    "$(getconf _NPROCESSORS_ONLN) processors, $(awk '/MemTotal/ { print int($2 / 1048576) }' \
        /proc/meminfo) GB, Linux $(uname -r); $("$MIGHOST" --version | head -n 1)," \
    "PostgreSQL $(psql_t postgres -c 'SHOW server_version'), shared_buffers" \
    "$(psql_t postgres -c 'SHOW shared_buffers'), fsync $(psql_t postgres -c 'SHOW fsync')"
echo "scale $scale: $users users, $copied there, $(scaled 260000) of them differ, rounds: $rounds;" \
    "load $begun_load at the start, $(cut -d ' ' -f 1-3 /proc/loadavg) at the end"
echo
psql_t postgres -f "$here/bench_merge_table.sql" <"$readings"

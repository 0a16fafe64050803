# trainer_live.sh - the example's live application: what its journal says is in the database, by plain
# SQL; and it notices a value that is not, a row that is gone, a row that is back. Then the whole under
# it: rehearsed, run, verified, taken back in part; behind each step every row is what plain SQL says, or
# what the application's journal says, and no row of an Android user was written but by the application.
# TRAINER_SCALE=0.04 TRAINER_RATE=200 sh trainer_live.sh: the same with 20,000 users.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

example=$top_srcdir/share/examples/trainer
command -v python3 >/dev/null || pgtmp_skip "no python3"
pg_createdb v2
psql_t v2 -v scale=0.0004 -f "$example/target.sql" >/dev/null
V2_DATABASE_URL=$(pg_url v2 | sed 's/postgres@/postgres:canary-7%2Fx@/')
export V2_DATABASE_URL
live()
{
    live_expected=$1
    shift
    live_status=0
    python3 "$example/live.py" "$@" --journal "$TEST_DIR/journal" >"$OUT" 2>"$ERR" || live_status=$?
    is "live.py $1" "$live_status" "$live_expected"
}

echo "it writes until it is told to stop; a lock that keeps it waiting shows in its slowest write"
(
    exec python3 "$example/live.py" run --rate 200 --journal "$TEST_DIR/journal" >"$TEST_DIR/live.out" 2>&1
) &
writer=$!
at_exit 'kill $writer 2>/dev/null'
until [ -f "$TEST_DIR/journal" ] && [ "$(wc -l <"$TEST_DIR/journal")" -gt 400 ]; do
    kill -0 $writer 2>/dev/null || fail "it ended: $(cat "$TEST_DIR/live.out")"
    sleep 0.05
done
! tr '\0' ' ' </proc/$writer/cmdline | grep -q canary || fail "the password is in its arguments"
psql_t v2 <<'SQL'
BEGIN;
LOCK TABLE training.users, training.completed_sessions, training.saved_filters, training.session_preferences;
SELECT pg_sleep(0.7) \g /dev/null
COMMIT;
SQL
sleep 0.3
kill -TERM $writer
wait $writer || fail "it ended with $?"
is "mode of the journal" "$(stat -c %a "$TEST_DIR/journal")" 600
slowest=$(sed -n 's/.*the slowest took \([0-9]*\)\.\([0-9]\).*/\1\2/p' "$TEST_DIR/live.out")
[ "$slowest" -ge 5 ] || fail "the slowest write took 0.$slowest s: $(cat "$TEST_DIR/live.out")"
grep -q ' 0 refused' "$TEST_DIR/live.out" || fail "$(cat "$TEST_DIR/live.out")"
is "new users" "$(psql_t v2 -c "SELECT count(*) FROM training.users WHERE full_name LIKE 'Live %'")" \
    "$(grep -c '"table": "users".*"email"' "$TEST_DIR/journal")"
merged="user_id IN (SELECT id FROM training.users WHERE created_at < '2025-09-01')"
is "sessions of users of V1" "$(psql_t v2 -c "SELECT count(*) FROM training.completed_sessions WHERE
    session_notes = 'live' AND $merged")" "$(grep -c '"session_notes": "live"' "$TEST_DIR/journal")"

echo "all of it is there"
live 0 check
says " 0 values not as they were written"

echo "what is not is named: a value, a row that is gone, one that is back"
user=$(psql_t v2 -c "SELECT id FROM training.users WHERE full_name LIKE 'Live %' ORDER BY id LIMIT 1")
session=$(psql_t v2 -c "SELECT id FROM training.completed_sessions WHERE session_notes = 'live' LIMIT 1")
gone=$(grep '"table": "completed_sessions".*"values": null' "$TEST_DIR/journal" | head -n 1 |
    sed 's/.*"id", "\([^"]*\)".*/\1/')
psql_t v2 -c "UPDATE training.users SET full_name = 'another' WHERE id = '$user'" \
    -c "DELETE FROM training.completed_sessions WHERE id = '$session'" \
    -c "INSERT INTO training.completed_sessions VALUES ('$gone', '$user', now(), 1)"
live 1 check
says "not as it was written: users|$user|full_name"
says "not as it was written: completed_sessions|$session|session_notes"
says "not as it was written: completed_sessions|$gone|was deleted"

# ---- the whole under it ---------------------------------------------------------------------------

cp -r "$example" "$TEST_DIR/trainer"
chmod -R u+w "$TEST_DIR/trainer"
scale=${TRAINER_SCALE-0.0004}
pg_createdb v1
psql_t v1 -v scale="$scale" -f "$example/source.sql" >/dev/null
pg_createdb now
psql_t now -v scale="$scale" -f "$example/target.sql" >/dev/null
: >"$TEST_DIR/before.now"
pg_copydb now was
pg_createdb copy
V1_DATABASE_URL=$(pg_url v1) V2_DATABASE_URL=$(pg_url now) BEFORE_DATABASE_URL=$(pg_url was)
STAGING_DATABASE_URL=$(pg_url copy)
export V1_DATABASE_URL V2_DATABASE_URL BEFORE_DATABASE_URL STAGING_DATABASE_URL

# Every row of the application: table, key, whether of an Android user, digest, who wrote it.
lines() # DB
{
    psql_t "$1" <<'SQL'
SET work_mem = '512MB'; -- of very many Android users the list would be gone through for each row
CREATE TEMP VIEW droid AS SELECT id FROM training.users WHERE full_name LIKE 'Droid %';
SELECT 'users', id, id IN (TABLE droid), md5(x::text), xmin FROM training.users x;
SELECT format('SELECT %L, %I, user_id IN (TABLE droid), md5(x::text), xmin FROM training.%I x', t, k, t) FROM (VALUES
    ('completed_sessions', 'id'), ('session_preferences', 'user_id'), ('drill_groups', 'id'),
    ('progress_history', 'id'), ('saved_filters', 'id')) v (t, k) \gexec
SELECT 'drill_group_items', x.id, user_id IN (TABLE droid), md5(x::text), x.xmin FROM training.drill_group_items x
    JOIN training.drill_groups g ON g.id = drill_group_id;
SQL
}
journal() # FILE: ends its writer; the keys that it wrote to, into keys
{
    kill -TERM $writer
    wait $writer || fail "the application ended with $?: $(cat "$TEST_DIR/live.out")"
    cat "$TEST_DIR/live.out"
    sed -n 's/.*"key": \[[^,]*, "\([^"]*\)".*/\1/p' "$1" >>"$TEST_DIR/keys"
}
changed_since() # the rows of these reasons in all lists
{
    cat "$TEST_DIR"/reports/now/rollback-*.csv | sed -n 's/^"[^,]*","\([^"]*\)","\(changed\|deleted\) since"$/\1/p'
}
application() # JOURNAL SEED
{
    (
        exec python3 "$example/live.py" run --rate "${TRAINER_RATE-100}" --seed "$2" --journal "$1" \
            >"$TEST_DIR/live.out" 2>&1
    ) &
    writer=$!
    written "$1" 40
}
written() # JOURNAL LINES: waits until it has so many more
{
    lines=$(($2 + $(cat "$1" 2>/dev/null | wc -l)))
    until [ -f "$1" ] && [ "$(wc -l <"$1")" -ge $lines ]; do
        kill -0 $writer 2>/dev/null || fail "the application ended: $(cat "$TEST_DIR/live.out")"
        sleep 0.05
    done
}
: >"$TEST_DIR/keys"
lines now >"$TEST_DIR/lines.was"

echo "rehearsed and run, while it writes"
application "$TEST_DIR/first" 2
mig 0 now trainer --rehearse
says "go; report"
mig 20 now trainer --run
! grep -q 'checking again' "$ERR" || fail "the whole was checked again for a few rows"
written "$TEST_DIR/first" 40
journal "$TEST_DIR/first"
grep -q ' 0 refused' "$TEST_DIR/live.out" || fail "a write was refused"
cp "$TEST_DIR/first" "$TEST_DIR/journal"
live 0 check
lines now >"$TEST_DIR/lines.run"
is "rows that are not as plain SQL has them, and that the application did not write" "$(psql_t now \
    -v limit=1000000000 -f "$example/expected.sql" | grep -E '^[a-z_]+,[0-9a-f-]{36},' | grep -vcFf "$TEST_DIR/keys")" 0
for when in was run; do
    grep '|t|' "$TEST_DIR/lines.$when" | grep -vFf "$TEST_DIR/keys" | sort >"$TEST_DIR/android.$when"
done
[ "$(wc -l <"$TEST_DIR/android.was")" -gt 400 ]
diff "$TEST_DIR/android.was" "$TEST_DIR/android.run" || fail "a row of an Android user was written by the run"

echo "taken back, while it writes: refused with what it wrote since; the rest by untouched"
application "$TEST_DIR/second" 3
mig 13 now trainer --rollback
[ "$(changed_since | wc -l)" -gt 3 ] || fail "the refusal does not list what the application wrote"
mig 0 now trainer --rollback --rollback-mode untouched
list=$(sed -n 's/.*hang together with such: //p' "$OUT")
written "$TEST_DIR/second" 40
journal "$TEST_DIR/second" # sessions of users who are gone again are refused
rows now "SELECT state FROM mighost.run ORDER BY id DESC LIMIT 1" partly_rolled_back
is "listed as changed, but not by the application" "$(changed_since | grep -vFf "$TEST_DIR/keys")" ""
sed 's/"n": /"n": 90000/' "$TEST_DIR/second" | cat "$TEST_DIR/first" - >"$TEST_DIR/journal"
live 0 check
lines now >"$TEST_DIR/lines.undone"
sed 's/^"[^,]*","\([^"]*\)",.*/\1/' "$list" >>"$TEST_DIR/keys"
for when in was undone; do
    grep -vFf "$TEST_DIR/keys" "$TEST_DIR/lines.$when" | cut -d'|' -f1-4 | sort >"$TEST_DIR/rest.$when"
    grep '|t|' "$TEST_DIR/lines.$when" | grep -vFf "$TEST_DIR/keys" | sort >"$TEST_DIR/android.$when"
done
[ "$(wc -l <"$TEST_DIR/rest.was")" -gt 1500 ]
diff "$TEST_DIR/rest.was" "$TEST_DIR/rest.undone" || fail "what nobody touched is not as before the run"
diff "$TEST_DIR/android.was" "$TEST_DIR/android.undone" || fail "a row of an Android user was written by the undo"
echo "ok"

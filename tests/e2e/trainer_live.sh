# trainer_live.sh - the example's live application: what its journal says is in the database, by plain
# SQL; and it notices a value that is not, a row that is gone, a row that is back.
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
echo "ok"

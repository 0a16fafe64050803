# trainer_run.sh - the example with a target in use, small: one run, compared with its own plain-SQL
# statement of every row of the target; who is whose; not one row of an Android user written; what
# belongs to a user; a second run; what is gone, changed and new since; back to before.
. "$top_srcdir/tests/fixtures/pgtmp.sh"

example=$top_srcdir/share/examples/trainer
for db in v1 again; do
    pg_createdb "$db"
    psql_t "$db" -v scale=0.0004 -f "$example/source.sql"
done
for db in v2 was; do
    pg_createdb "$db"
    psql_t "$db" -v scale=0.0004 -f "$example/target.sql"
done
V1_DATABASE_URL=$(pg_url v1) V2_DATABASE_URL=$(pg_url v2) BEFORE_DATABASE_URL=$(pg_url was)
export V1_DATABASE_URL V2_DATABASE_URL BEFORE_DATABASE_URL

fail() # TEXT
{
    echo "FAIL: $1"
    cat "$TEST_DIR/out" "$TEST_DIR/said"
    exit 1
}

mighost() # EXIT_CODE ARGS...
{
    expected=$1 code=0
    shift
    "$MIGHOST" --plugins "$PLUGINS" --project "$example" --work-dir "$TEST_DIR/work" "$@" \
        >"$TEST_DIR/out" 2>"$TEST_DIR/said" || code=$?
    [ "$code" = "$expected" ] || fail "mighost $*: exit $code, expected $expected"
}

same() # WHAT FILE FILE
{
    diff "$2" "$3" >"$TEST_DIR/differs" && return
    head -40 "$TEST_DIR/differs"
    fail "$1: differs"
}

is() # WHAT GOT EXPECTED
{
    [ "$2" = "$3" ] || fail "$1: got $2, not $3"
}

old()
{
    psql_t v1 -c "$1"
}

new()
{
    psql_t v2 -c "$1"
}

# What Android users have, with the transaction that wrote each row and its place.
android()
{
    for of in "users WHERE id IN" "completed_sessions WHERE user_id IN" "session_preferences WHERE user_id IN" \
        "drill_groups WHERE user_id IN" "progress_history WHERE user_id IN" "saved_filters WHERE user_id IN"; do
        new "SELECT xmin, ctid, x FROM training.${of%% *} x ${of#* } (SELECT id FROM training.users
            WHERE full_name LIKE 'Droid %') ORDER BY ctid"
    done
    new "SELECT i.xmin, i.ctid, i FROM training.drill_group_items i JOIN training.drill_groups g
         ON g.id = drill_group_id WHERE g.name = 'Android drills' ORDER BY i.ctid"
}

echo "the same scale gives the same rows"
fingerprint_db v1 >"$TEST_DIR/first"
fingerprint_db again >"$TEST_DIR/second"
same "second generation" "$TEST_DIR/first" "$TEST_DIR/second"
fingerprint_db v2 >"$TEST_DIR/before"
android >"$TEST_DIR/android"
is "rows of Android users" "$(wc -l <"$TEST_DIR/android")" 705

echo "a dry run says who is in both groups and in neither, and writes nothing"
mighost 20 --dry-run
grep -q 'training.users: 1 live row is the source' "$TEST_DIR/said" || fail "not told"
grep -q 'training.users: 2 live rows are neither' "$TEST_DIR/said" || fail "not told"
fingerprint_db v2 >"$TEST_DIR/now"
same "dry run" "$TEST_DIR/before" "$TEST_DIR/now"

echo "a trigger that reaches one row of an Android user: the run undoes itself, and names it"
new "CREATE FUNCTION training.reach() RETURNS trigger LANGUAGE plpgsql AS \$f\$BEGIN UPDATE training.users SET
     updated_at = now() WHERE full_name = 'Droid 7'; RETURN NULL; END\$f\$;
     CREATE TRIGGER reach AFTER UPDATE ON training.drill_groups EXECUTE FUNCTION training.reach()"
mighost 8 --run
grep -q "the run changed 1 preserved row: training.users key $(psql_t was -c "SELECT id FROM training.users WHERE
    full_name = 'Droid 7'") (written)" "$TEST_DIR/said" || fail "the row is not named"
new "DROP FUNCTION training.reach CASCADE; DROP SCHEMA mighost CASCADE" 2>/dev/null
fingerprint_db v2 >"$TEST_DIR/now"
same "a run that reached an Android user" "$TEST_DIR/before" "$TEST_DIR/now"
android >"$TEST_DIR/now"
same "Android users" "$TEST_DIR/android" "$TEST_DIR/now"

echo "both URLs as arguments stand in for what the project names"
(
    V1_DATABASE_URL=postgresql://postgres@/none?host=/nowhere
    V2_DATABASE_URL=$V1_DATABASE_URL
    mighost 20 --dry-run "$(pg_url v1)" "$(pg_url v2)"
    nowhere=$V1_DATABASE_URL
    unset V1_DATABASE_URL V2_DATABASE_URL
    mighost 0 --ping "$(pg_url v1)" "$(pg_url v2)"
    mighost 3 --ping "$(pg_url v2)"
    pg_createdb staging
    STAGING_DATABASE_URL=$nowhere mighost 0 --rehearse "$(pg_url v1)" "$(pg_url v2)" "$(pg_url staging)"
    is "users in the copy" "$(psql_t staging -c "SELECT count(*) FROM training.users")" \
        "$(new "SELECT count(*) FROM training.users")"
    mighost 2 --dry-run "$(pg_url v1)" "$(pg_url v2)" "$(pg_url staging)" "$(pg_url again)"
) || exit 1

echo "one run brings the users of V1 over, with what is theirs"
mighost 20 --run
bundle=$(sed -n 's/^.*report: //p' "$TEST_DIR/out")
cp "$TEST_DIR/out" "$TEST_DIR/verdict"
sh "$example/compare.sh" >"$TEST_DIR/compared" || {
    cat "$TEST_DIR/compared"
    fail "the target is not what plain SQL says"
}
grep -qx 'in neither group,2' "$TEST_DIR/compared" || fail "nobody is in neither group"

echo "no row of an Android user was written, not even again"
android >"$TEST_DIR/now"
same "Android users" "$TEST_DIR/android" "$TEST_DIR/now"
! grep -q 'to see which' "$TEST_DIR/said" || fail "publish was tried twice"
is "preserved, and as before" "$(new "SELECT sum(rows_before) FROM mighost.preserved WHERE run = 2 AND
    (rows_before, sum_before) = (rows_after, sum_after)")" "$(wc -l <"$TEST_DIR/android")"

echo "counts, accuracy, preservation and consistency: each a test by name, with what was expected and found"
tests=$bundle/test_report.json
is "they all passed" "$(jq -c '[.cases[] | select(.result != "passed") | [.name, .result]]' "$tests")" \
    '[["a run that was found wrong is taken back","skipped"]]'
tested() # PREFIX: "name expected", where the same was found
{
    jq -r --arg p "$1" '.cases[] | select((.name | startswith($p)) and .expected == .found) |
        "\(.name) \(.expected)"' "$tests"
}
is "the count of users" "$(tested "records of users")" "records of users $(old "SELECT count(*) FROM training.users")"
is "the users of V1" "$(tested "accuracy of users")" "accuracy of users in training.users $(old "SELECT count(*)
    FROM training.users" | awk '{ print $1 - 4 }')"
is "accuracy of the rest" "$(tested accuracy | wc -l)" 7
is "Android users" "$(tested "preserved: android-users" | cut -d' ' -f3)" \
    "$(psql_t was -c "SELECT count(*) FROM training.users WHERE created_at >= '2025-09-01'")"
is "preserved tables" "$(tested preserved: | wc -l)" 7
is "consistency" "$(tested "consistency: " | grep '(after) 0$' | wc -l)" 6

echo "each user is in the right group"
new "SELECT what, key, final_key FROM mighost.source_change WHERE stage = 'users' AND run = 2" | sort >"$TEST_DIR/now"
{
    # One address, in capitals in V2, of an Android user; gone from V1; the addresses of the second
    # run of this statement below.
    psql_t was -c "SELECT 'both|' || md5('user ' || substr(full_name, 7) || ' 0')::uuid || '|' || id FROM training.users
        WHERE full_name LIKE 'Droid %' AND email LIKE 'USER%'" \
        -c "SELECT 'neither||' || id FROM training.users WHERE created_at < '2025-09-01'
            AND substr(full_name, 8)::int > 200"
} | sort >"$TEST_DIR/due"
same "groups" "$TEST_DIR/due" "$TEST_DIR/now"
is "refused" "$(new "SELECT string_agg(code || ' ' || n, ', ' ORDER BY code) FROM (SELECT code, count(*) AS n
    FROM mighost.reject WHERE run = 2 AND stage = 'users' GROUP BY 1) x")" "ambiguous 3, ownership 1"
is "registered anew, found by the address" "$(new "SELECT count(*) FROM mighost.id_map WHERE stage = 'users'
    AND source_key <> final_key")" 2

echo "what was overwritten is in the before-images, what was made is counted"
row="ROW(id, email, full_name, password_hash, skill_level, avatar_url, marketing_opt_in, language_code,
    created_at, updated_at)"
psql_t was -c "SELECT $row FROM training.users" | sort >"$TEST_DIR/old"
new "SELECT $row FROM training.users" | sort >"$TEST_DIR/now"
new "SELECT $row FROM mighost.before_2_1 WHERE _mig_op = 'U'" | sort >"$TEST_DIR/images"
comm -23 "$TEST_DIR/old" "$TEST_DIR/now" >"$TEST_DIR/due"
[ "$(wc -l <"$TEST_DIR/due")" -gt 100 ]
same "before-images" "$TEST_DIR/due" "$TEST_DIR/images"
is "new rows" "$(new "SELECT inserted FROM mighost.run_table WHERE run = 2 AND no = 1")" \
    "$(($(new "SELECT count(*) FROM training.users") - $(psql_t was -c "SELECT count(*) FROM training.users")))"

echo "every row has the parent that it names"
for child in completed_sessions session_preferences drill_groups progress_history saved_filters; do
    is "$child" "$(new "SELECT count(*) FROM training.$child c
        WHERE NOT EXISTS (SELECT FROM training.users WHERE id = user_id)")" 0
done
is "those registered anew have their sessions of V1, and the one of V2" \
    "$(new "SELECT count(*), count(*) FILTER (WHERE session_notes = 'done in V2') FROM training.completed_sessions
            WHERE user_id IN (md5('anew 11 0')::uuid, md5('anew 111 0')::uuid)")" "6|2"

echo "no password hash and no address in the bundle"
new "SELECT password_hash FROM training.users UNION SELECT email FROM training.users" >"$TEST_DIR/secret"
old "SELECT password_hash FROM training.users UNION SELECT email FROM training.users" >>"$TEST_DIR/secret"
! grep -rqF -f "$TEST_DIR/secret" "$bundle" "$TEST_DIR/said" "$TEST_DIR/out" || fail "personal data in the bundle"

echo "a second run changes nothing"
fingerprint_db v2 >"$TEST_DIR/published"
mighost 20 --run
grep -q '; 0 changed' "$TEST_DIR/out" || fail "a second run changes rows"
fingerprint_db v2 >"$TEST_DIR/now"
same "second run" "$TEST_DIR/published" "$TEST_DIR/now"

echo "a third takes what changed in V1 meanwhile, and finds those whom it found by their address"
old "UPDATE training.users SET email = 'elsewhere@mail.example.org', skill_level = 15 WHERE id = md5('user 11 0')::uuid;
     DELETE FROM training.drill_groups WHERE id = md5('group 11 0')::uuid;
     DELETE FROM training.drill_group_items WHERE drill_group_id = md5('group 11 0')::uuid"
mighost 20 --run
grep -q '; 5 changed (0 inserted, 1 updated, 4 deleted)' "$TEST_DIR/out" || fail "not five rows"
is "the user" "$(new "SELECT email, skill_level FROM training.users WHERE id = md5('anew 11 0')::uuid")" \
    "elsewhere@mail.example.org|15"
mighost 0 --rollback

echo "rollback gives the state from before"
mighost 0 --rollback
mighost 0 --rollback
fingerprint_db v2 >"$TEST_DIR/now"
same "rollback" "$TEST_DIR/before" "$TEST_DIR/now"

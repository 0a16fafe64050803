# classroom_expected.sh - the example's own statement of the outcome, without mighost: it must
# agree with rows written down by hand, miss all of them in empty tables, and find every single
# wrong value. Else it would prove nothing about a run.
. "$top_srcdir/tests/fixtures/pgtmp.sh"

example=$top_srcdir/share/examples/classroom
rows=$top_srcdir/tests/e2e/classroom_rows.sql
pg_createdb classroom "$example/target.sql"
url=$(pg_url classroom)

fail()
{
    echo "FAIL: $1"
    cat "$TEST_DIR/out"
    exit 1
}

# compare WANTED_STATUS [DOCUMENT]; the output is in $TEST_DIR/out
compare()
{
    status=0
    sh "$example/compare.sh" "${2-$example/mock.json}" "$url" >"$TEST_DIR/out" 2>&1 || status=$?
    [ "$status" -eq "$1" ] || fail "compare.sh ended with $status, not $1"
}

says()
{
    grep -qF -- "$1" "$TEST_DIR/out" || fail "compare.sh does not say: $1"
}

count()
{
    psql_t classroom -c "SELECT sum(n) FROM (SELECT count(*) AS n FROM school.users UNION ALL
        SELECT count(*) FROM school.students UNION ALL SELECT count(*) FROM school.classes
        UNION ALL SELECT count(*) FROM school.schedules UNION ALL SELECT count(*)
        FROM school.enrollments UNION ALL SELECT count(*) FROM school.tests) AS counts"
}

# ---- empty tables, then the right rows ---------------------------------------------------

compare 1
says "differences: 59"

psql_t classroom -f "$rows"
[ "$(count)" = 59 ] || { echo "FAIL: classroom_rows.sql makes $(count) rows, not 59"; exit 1; }
before=$(fingerprint_db classroom)
compare 0
says "differences: 0"
says "students,19,s-17,rejected,id is taken by an earlier record,"
says "enrollments,9,c-9,skipped,student was rejected,students:s-21"
[ "$before" = "$(fingerprint_db classroom)" ] || fail "the comparison changed the database"
[ "$(psql_t classroom -c "SELECT count(*) FROM pg_extension WHERE extname = 'pgcrypto'")" = 0 ] ||
    fail "the comparison left its extension behind"

# ---- one wrong value in each column, one at a time ---------------------------------------

# plant TABLE COLUMN WRONG_VALUE: in one row; the comparison must name table and column.
plant()
{
    psql_t classroom -c "ALTER TABLE school.$1 DISABLE TRIGGER ALL;
        CREATE TABLE kept AS SELECT * FROM school.$1;
        UPDATE school.$1 SET $2 = $3 WHERE ctid = (SELECT min(ctid) FROM school.$1)"
    compare 1
    grep -q "^school\.$1,[0-9a-f -]*,$2," "$TEST_DIR/out" || fail "a wrong $1.$2 is not found"
    says "differences: $4"
    psql_t classroom <<SQL
BEGIN;
SET session_replication_role = replica;
SELECT string_agg(attname, ', ') AS columns FROM pg_attribute
    WHERE attrelid = 'school.$1'::regclass AND attnum > 0 AND attgenerated = '' \\gset
DELETE FROM school.$1;
INSERT INTO school.$1 (:columns) OVERRIDING SYSTEM VALUE SELECT :columns FROM kept;
DROP TABLE kept;
COMMIT;
SQL
}

plant users display_name "'Systen'" 1
plant users email "'sys@school.example'" 1
plant students full_name "'Amina Okafo'" 1
plant students email "'amina@example.org'" 1
plant students email "'amina.okafor@example.com'" 2 # and the column made from it
plant students birth_date "birth_date + 1" 1
plant students joined_at "joined_at + interval '1 ms'" 1
plant students status "'left'" 1
plant students tags "'{choir, chess, choir}'" 1
plant students contact "contact #- '{guardian,relation}'" 1
plant students guardian_name "NULL" 1
plant students created_by "'00000000-0000-4000-8000-000000000002'" 1
plant classes title "title || ' '" 1
plant classes capacity "capacity + 1" 1
plant classes fee "fee + 0.01" 1
plant classes starts_on "starts_on - 1" 1
plant schedules weekday "'sun'" 1
plant schedules starts_at "starts_at - interval '1 min'" 1
plant schedules ends_at "ends_at + interval '1 min'" 1
plant schedules room "NULL" 1
plant enrollments seat "seat + 1" 1
plant tests class_id "(SELECT id FROM school.classes WHERE title = 'Reading circle')" 1
plant tests title "upper(title)" 1
plant tests held_at "held_at + interval '1 h'" 1
plant tests max_points "max_points + 0.1" 1
plant tests weights "'{}'" 1
plant tests topics "'{ratios, fractions}'" 1

# ---- a row too many, a row too few -------------------------------------------------------

psql_t classroom -c "INSERT INTO school.students (id, full_name, email, birth_date, joined_at,
    created_by) SELECT gen_random_uuid(), 'Nobody', 'nobody@example.org', birth_date, joined_at,
    created_by FROM school.students LIMIT 1"
compare 1
says ",*,none,a row"
psql_t classroom -c "DELETE FROM school.students WHERE full_name = 'Nobody';
    DELETE FROM school.enrollments WHERE seat = 5"
compare 1
says ",*,a row,none"
says "differences: 2"

# ---- bad calls, and the generator --------------------------------------------------------

status=0
sh "$example/compare.sh" "$TEST_DIR/none.json" "$url" >"$TEST_DIR/out" 2>&1 || status=$?
[ "$status" -eq 2 ] || fail "a missing document ends with $status, not 2"
echo '{"students": [' >"$TEST_DIR/cut.json"
compare 2 "$TEST_DIR/cut.json"

sh "$example/generate.sh" 1000 >"$TEST_DIR/1000.json"
sh "$example/generate.sh" 1000 | cmp - "$TEST_DIR/1000.json" || fail "generate.sh is not repeatable"
compare 1 "$TEST_DIR/1000.json"
says "students,200,s-199,rejected,id is taken by an earlier record,"
[ "$(grep -c '^students,.*,rejected,' "$TEST_DIR/out")" -eq 17 ] ||
    fail "of 850 generated students not every 50th is rejected"
for bad in 999 1000001 99999999999 -5 1e3 ''; do
    status=0
    sh "$example/generate.sh" "$bad" >"$TEST_DIR/out" 2>&1 || status=$?
    [ "$status" -eq 2 ] || fail "generate.sh $bad ends with $status, not 2"
done

# Both variants of the project are one, but for what becomes of bad records.
diff "$example/project.json" "$example/project-strict.json" >"$TEST_DIR/out" || :
[ "$(grep -c '^[<>]' "$TEST_DIR/out")" -eq 3 ] || fail "project-strict.json differs elsewhere"

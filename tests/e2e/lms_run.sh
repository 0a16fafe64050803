# lms_run.sh - the example with a legacy database, in a hundredth of its size: a run, compared with
# its own plain-SQL statement of every row; every record of the source in an account; what fell
# traced to what began it; passwords nowhere; a second run; phases on different days; a bug planted
# in one mapping; a column under the other table's name; back to before.
. "$top_srcdir/tests/fixtures/pgtmp.sh"

example=$top_srcdir/share/examples/lms
LC_ALL=C.UTF-8
export LC_ALL
pg_createdb edu
psql_t edu -v scale=0.01 -f "$example/source.sql"
V1_DATABASE_URL=$(pg_url edu)
export V1_DATABASE_URL

use_target() # DB
{
    target=$1
    pg_createdb "$1" "$example/target.sql"
    V2_DATABASE_URL=$(pg_url "$1")
    export V2_DATABASE_URL
}

fail() # TEXT
{
    echo "FAIL: $1"
    cat "$TEST_DIR/out" "$TEST_DIR/said"
    exit 1
}

mighost() # EXIT_CODE PROJECT ARGS...: output in out, what it says in said
{
    expected=$1 project=$2 code=0
    shift 2
    "$MIGHOST" --plugins "$PLUGINS" --project "$project" --work-dir "$TEST_DIR/work" "$@" \
        >"$TEST_DIR/out" 2>"$TEST_DIR/said" || code=$?
    [ "$code" = "$expected" ] || fail "mighost $*: exit $code, expected $expected"
}

same() # WHAT FILE FILE
{
    cmp -s "$2" "$3" && return
    echo "FAIL: $1: differs"
    diff "$2" "$3" | head -40
    exit 1
}

agrees()
{
    sh "$example/compare.sh" >"$TEST_DIR/compared" || {
        cat "$TEST_DIR/compared"
        exit 1
    }
}

old() # SQL: of the source
{
    psql_t edu -c "$1"
}

new() # SQL: of the target
{
    psql_t "$target" -c "$1"
}

echo "the same scale gives the same rows"
pg_createdb again
psql_t again -v scale=0.01 -f "$example/source.sql"
fingerprint_db edu >"$TEST_DIR/edu"
fingerprint_db again >"$TEST_DIR/again"
same "second generation" "$TEST_DIR/edu" "$TEST_DIR/again"
[ "$(old "SELECT count(*) FROM edu.journal_details")" = 32097 ]

echo "a source that cannot be is told once, not by every stage that reads it"
cp -R "$example" "$TEST_DIR/nowhere"
sed '/"embedded_schema": "embedded.sql"/d' "$example/project.json" >"$TEST_DIR/nowhere/project.json"
(
    V1_DATABASE_URL=
    mighost 3 "$TEST_DIR/nowhere" --plan
)
[ "$(grep -c 'no connection URL' "$TEST_DIR/said")" = 1 ] || fail "not told once"

echo "one run moves all entities"
use_target lms
fingerprint_db lms >"$TEST_DIR/empty"
mighost 20 "$example" --run
agrees
fingerprint_db lms >"$TEST_DIR/published"
bundle=$(sed -n 's/^.*report: //p' "$TEST_DIR/out")
fallen='SELECT stage, key, outcome, code, first_cause FROM mighost.reject'
new "$fallen" | sort >"$TEST_DIR/fallen"

echo "every record of the source is live or in an account, once"
for pair in users:users:users persons:persons:persons students:students:students \
    staff:teachers:staff_members organizations:organizations:organizations \
    terms:academic_terms:academic_terms courses:course:courses offerings:course:course_offerings \
    instructors:course_teacher:course_instructors enrollments:course_student:enrollments \
    assessments:journal:assessments grades:journal_details:grades; do
    stage=${pair%%:*} to=${pair##*:} from=${pair#*:}
    old "SELECT id FROM edu.${from%:*}" | sort >"$TEST_DIR/source"
    new "SELECT o.value FROM lms.$to CROSS JOIN LATERAL (SELECT value FROM jsonb_each_text(metadata)
             WHERE key LIKE 'old%' AND key <> 'old_subject_id') AS o
         UNION ALL SELECT key FROM mighost.reject WHERE run = 1 AND stage = '$stage'" |
        sort >"$TEST_DIR/accounts"
    same "accounts of $stage" "$TEST_DIR/source" "$TEST_DIR/accounts"
done

echo "what fell is traced to the user who began it"
twins="WITH twin AS (SELECT id, row_number() OVER (PARTITION BY lower(trim(username)) ORDER BY id) > 1
    AS yes FROM edu.users)"
{
    old "SELECT count(*) FROM edu.users" && old "$twins SELECT count(*) FROM twin WHERE yes"
} | tr '\n' ' ' | grep -qx '70 5 '
for pair in persons:persons students:students staff:teachers; do
    old "$twins SELECT r.id || ' users:' || twin.id || ' duplicate' FROM edu.${pair#*:} r
         JOIN twin ON twin.id = user_id WHERE yes ORDER BY 1" >"$TEST_DIR/source"
    new "SELECT key || ' ' || first_cause FROM mighost.reject WHERE run = 1 AND outcome = 3
         AND stage = '${pair%:*}' ORDER BY 1" >"$TEST_DIR/accounts"
    same "causes of ${pair%:*}" "$TEST_DIR/source" "$TEST_DIR/accounts"
    [ -s "$TEST_DIR/source" ]
done
[ "$(new "SELECT string_agg(stage || ' ' || code || ' ' || n, ', ' ORDER BY stage, code) FROM (SELECT
    stage, code, count(*) AS n FROM mighost.reject WHERE run = 1 AND outcome = 4 AND stage IN
    ('users', 'students', 'staff') GROUP BY 1, 2) AS c")" = \
    "staff orphan 1, students required 1, users duplicate 5" ]

echo "the report counts what fell by what began it"
new "SELECT stage || ' ' || code || ' ' || count(*) || ' ' ||
        coalesce(split_part(first_cause, ':', 1) || ': ' || split_part(first_cause, ' ', 2), '')
     FROM mighost.reject WHERE run = 1 GROUP BY stage, code, split_part(first_cause, ':', 1),
     split_part(first_cause, ' ', 2), first_cause IS NULL" | sort \
    >"$TEST_DIR/source"
jq -r '.rejects[] | "\(.stage) \(.code) \(.count) \(.first_cause // "")"' "$bundle/report.json" |
    sort >"$TEST_DIR/accounts"
same "rejects of the report" "$TEST_DIR/source" "$TEST_DIR/accounts"

echo "repairs are counted by rule"
old "SELECT 'persons birthdate bad_date_to_null ' || count(*) FROM edu.persons WHERE birthdate LIKE '31/02/%'
     UNION ALL
     SELECT 'persons gender unmapped_to_null ' || count(*) FROM edu.persons WHERE gender_id = 9
     UNION ALL
     SELECT 'students enrolled_on bad_date_to_null ' || count(*) FROM edu.students
      WHERE enter_date LIKE '31/02/%'
     UNION ALL
     SELECT 'students gpa round ' || count(*) FROM edu.students
      WHERE score::numeric / 25 <> round(score::numeric / 25, 2)
     UNION ALL
     SELECT 'users email bad_email_to_placeholder ' || count(*) FROM edu.users
      WHERE email !~ '^[^@ ]+@[^@ ]+$'
     UNION ALL
     SELECT 'users must_reset_password bad_base64_to_null ' || count(*) FROM edu.users
      WHERE password !~ '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)?$' OR password = '/wD+'
    " | sort >"$TEST_DIR/source"
jq -r '.repairs[] | "\(.stage) \(.field) \(.rule) \(.count)"' "$bundle/report.json" |
    sort >"$TEST_DIR/accounts"
same "repairs" "$TEST_DIR/source" "$TEST_DIR/accounts"

echo "and listed by key"
{
    old "SELECT 'persons ' || id || ' birthdate bad_date_to_null ' || count(*) OVER () FROM edu.persons
          WHERE birthdate LIKE '31/02/%'"
    old "SELECT 'users ' || id || ' email bad_email_to_placeholder ' || count(*) OVER () FROM edu.users
          WHERE email !~ '^[^@ ]+@[^@ ]+$'"
} | sort >"$TEST_DIR/source"
tr -d '"\r' <"$bundle/repairs.csv" | tr , ' ' >"$TEST_DIR/listed"
grep -E 'bad_date_to_null|placeholder' "$TEST_DIR/listed" | grep -v '^students' | sort >"$TEST_DIR/accounts"
same "listed repairs" "$TEST_DIR/source" "$TEST_DIR/accounts"
jq -r '.repairs[] | "\(.stage) \(.field) \(.rule) \(.count)"' "$bundle/report.json" | sort >"$TEST_DIR/source"
sed 1d "$TEST_DIR/listed" | awk '{ n[$1 " " $3 " " $4]++ } END { for (rule in n) print rule, n[rule] }' | sort \
    >"$TEST_DIR/accounts"
same "each of them" "$TEST_DIR/source" "$TEST_DIR/accounts"

echo "old ids and codes are kept, numbers as numbers"
[ "$(new "SELECT bool_and(metadata ? 'old_user_id') FROM lms.users")" = t ]
[ "$(new "SELECT bool_and(metadata ? 'old_student_id' AND jsonb_typeof(metadata -> 'type_id') = 'number'
    AND jsonb_typeof(metadata -> 'payment_type_id') = 'number'
    AND jsonb_typeof(metadata -> 'lang_id') = 'number') FROM lms.students")" = t ]

echo "passwords are nowhere, neither as they were nor decoded"
old "SELECT DISTINCT unnest(ARRAY[password, convert_from(decode(password, 'base64'), 'UTF8')])
     FROM edu.users WHERE password ~ '^[A-Za-z0-9+/]{48}$'" >"$TEST_DIR/passwords"
[ "$(wc -l <"$TEST_DIR/passwords")" -gt 100 ]
"$PGTMP_BIN/pg_dump" -d "$V2_DATABASE_URL" >"$TEST_DIR/dump"
grep -q 'mail1.example.org' "$TEST_DIR/dump"
if grep -rqF -f "$TEST_DIR/passwords" "$TEST_DIR/dump" "$TEST_DIR/work" "$TEST_DIR/out" \
    "$TEST_DIR/said"; then
    echo "FAIL: a password is kept"
    exit 1
fi

echo "a second run changes nothing"
mighost 20 "$example" --run
grep -q '; 0 changed' "$TEST_DIR/out" || fail "a second run changes rows"
fingerprint_db lms >"$TEST_DIR/now"
same "second run" "$TEST_DIR/published" "$TEST_DIR/now"
mighost 0 "$example" --rollback

echo "rollback gives the state from before"
mighost 0 "$example" --rollback
fingerprint_db lms >"$TEST_DIR/now"
same "rollback" "$TEST_DIR/empty" "$TEST_DIR/now"

echo "the plan shows phases and priorities"
use_target phases
mighost 0 "$example" --plan --phase 5
grep -q '^ 3\. grades (phase 5, low): ' "$TEST_DIR/out" || fail "not in the text"
mighost 0 "$example" --plan --phase 5 --format json
[ "$(jq -r '.stages[] | "\(.name) \(.phase) \(.priority)"' "$TEST_DIR/out" | tr '\n' ' ')" = \
    "enrollments 5 high assessments 5 medium grades 5 low " ] || fail "not in the JSON"
mighost 0 "$example" --plan --phase 5 --format dot
grep -qF '[label="3. grades\nphase 5, low"]' "$TEST_DIR/out" || fail "not in the graph"

echo "phases on different days give the same rows"
mighost 20 "$example" --run --phase 1,2
mighost 0 "$example" --run --phase 3
mighost 20 "$example" --run --phase 4
mighost 20 "$example" --run --phase 5
mighost 0 "$example" --status
grep -qx ' *enrollments complete (phase 5, high), .*, grades complete (phase 5, low)' "$TEST_DIR/out" ||
    fail "the status has no phases"
agrees
fingerprint_db phases >"$TEST_DIR/now"
same "phases" "$TEST_DIR/published" "$TEST_DIR/now"

echo "who fell in one phase takes others along in a later one, as in one run"
new "$fallen" | sort >"$TEST_DIR/now"
same "accounts of all phases" "$TEST_DIR/fallen" "$TEST_DIR/now"

stop_embedded() # WORK_DIR STATUS: its directories are elsewhere, for root
{
    "$MIGHOST" --project "$example" --work-dir "$1" --stop-server
    for line in 2 3; do
        rm -rf "$(sed -n ${line}p "$1/embedded/location")"
    done
    exit "$2"
}

echo "with no server named mighost's own serves both, and its source is made once"
(
    unset V1_DATABASE_URL V2_DATABASE_URL DATABASE_URL
    trap 'stop_embedded "$TEST_DIR/work" $?' EXIT
    mighost 20 "$example" --run
    grep -q '34270 records read' "$TEST_DIR/out" || fail "not the hundredth"
    socket=$(sed -n 3p "$TEST_DIR/work/embedded/location")
    export V1_DATABASE_URL="postgresql://mighost@/edu?host=$socket&port=5432"
    export V2_DATABASE_URL="postgresql://mighost@/lms?host=$socket&port=5432"
    agrees
    age="SELECT xmin FROM pg_class WHERE oid = 'edu.users'::regclass"
    made=$("$PGTMP_BIN/psql" -XAt -d "$V1_DATABASE_URL" -c "$age")
    V1_DATABASE_URL='' V2_DATABASE_URL='' mighost 20 "$example" --run
    grep -q '; 0 changed' "$TEST_DIR/out" || fail "a second run changes rows"
    [ "$("$PGTMP_BIN/psql" -XAt -d "$V1_DATABASE_URL" -c "$age")" = "$made" ] || fail "made again"
)

echo "a source that cannot be made is made not at all"
(
    V1_DATABASE_URL=
    printf 'CREATE SCHEMA edu;\nCREATE TABLE edu.users ();\nSELECT 1/0;\n' \
        >"$TEST_DIR/nowhere/embedded.sql"
    cp "$example/project.json" "$TEST_DIR/nowhere/"
    trap 'stop_embedded "$TEST_DIR/half" $?' EXIT
    for again in 1 2; do
        mighost 3 "$TEST_DIR/nowhere" --plan --work-dir "$TEST_DIR/half"
        grep -q 'embedded_schema: .*division by zero' "$TEST_DIR/said" || fail "no reason"
    done
)

echo "a bug planted in one mapping is found"
cp -R "$example" "$TEST_DIR/planted"
sed 's/"from": \[0, 100\]/"from": [0, 101]/' "$example/project.json" >"$TEST_DIR/planted/project.json"
! cmp -s "$example/project.json" "$TEST_DIR/planted/project.json"
mighost 20 "$TEST_DIR/planted" --run --only users,students
if sh "$example/compare.sh" >"$TEST_DIR/compared"; then
    echo "FAIL: the planted bug was not found"
    exit 1
fi
grep -q '^lms.students,.*,gpa,' "$TEST_DIR/compared"

echo "a column under another table's name is found before anything is read"
sed -e 's/"entity": "named_organizations"/"entity": "organizations"/' \
    -e '/"named_organizations"/d' -e 's/\["id", "type_id"\]/["id", "name_dictionary_id"]/' \
    -e 's/\["name_az", "name_ru", "name_en"\]/["id", "id", "id"]/' \
    "$example/project.json" >"$TEST_DIR/planted/project.json"
mighost 6 "$TEST_DIR/planted" --preflight --only organizations
grep -q 'name_dictionary_id.*did you mean "dictionary_name_id"' "$TEST_DIR/said" ||
    fail "the near match is not told"

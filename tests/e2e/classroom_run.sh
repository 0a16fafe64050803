# classroom_run.sh - the example as a user meets it: a run, compared with its own plain-SQL
# statement of every row; taken back by --rollback and by psql; the strict variant; a dry run; a
# second run; a bug planted in one mapping is found.
. "$top_srcdir/tests/fixtures/pgtmp.sh"

example=$top_srcdir/share/examples/classroom
pg_createdb class "$example/target.sql"
DATABASE_URL=$(pg_url class)
export DATABASE_URL

mighost() # PROJECT ARGS...: output in out, what it says in said; the exit code in code
{
    project=$1
    shift
    code=0
    "$MIGHOST" --plugins "$PLUGINS" --project "$project" --work-dir "$TEST_DIR/work" "$@" \
        >"$TEST_DIR/out" 2>"$TEST_DIR/said" || code=$?
}

expect() # CODE WHAT
{
    [ "$code" = "$1" ] && return
    echo "$2: exit $code, expected $1"
    cat "$TEST_DIR/out" "$TEST_DIR/said"
    exit 1
}

same() # WHAT FILE FILE
{
    cmp -s "$2" "$3" && return
    echo "$1: differs"
    diff "$2" "$3" || exit 1
}

agrees() # DOCUMENT
{
    sh "$example/compare.sh" "$1" "$DATABASE_URL" >"$TEST_DIR/compared" || {
        tail -20 "$TEST_DIR/compared"
        exit 1
    }
}

bundle()
{
    sed -n 's/^.*report: //p' "$TEST_DIR/out" | tail -1
}

fingerprint_db class >"$TEST_DIR/empty"

echo "dry run writes nothing"
mighost "$example" --dry-run
expect 20 "dry run"
fingerprint_db class >"$TEST_DIR/now"
same "dry run" "$TEST_DIR/empty" "$TEST_DIR/now"

echo "the strict project publishes nothing and makes no backup"
mighost "$example/project-strict.json" --run
expect 8 "strict run"
fingerprint_db class >"$TEST_DIR/now"
same "strict run" "$TEST_DIR/empty" "$TEST_DIR/now"
[ -z "$(ls -A "$TEST_DIR/work/backups" 2>/dev/null)" ]
jq -e '.success == false and (.errors | length > 0) and
    all(.errors[]; has("entity") and has("id") and has("field") and has("message"))' \
    "$(bundle)/report.json" >/dev/null

echo "the tolerant project publishes every good row"
mighost "$example" --run
expect 20 "run"
agrees "$example/mock.json"
fingerprint_db class >"$TEST_DIR/published"
first=$(bundle)
grep -q '20' "$first/report.json"

echo "a second run changes nothing"
mighost "$example" --run
expect 20 "second run"
grep -q ' 0 changed' "$TEST_DIR/out"
fingerprint_db class >"$TEST_DIR/now"
same "second run" "$TEST_DIR/published" "$TEST_DIR/now"
mighost "$example" --rollback
expect 0 "rollback of the second run"

echo "rollback.sql and --rollback bring the first state back"
psql_t class -f "$first/rollback.sql" >/dev/null
fingerprint_db class >"$TEST_DIR/now"
same "rollback.sql" "$TEST_DIR/empty" "$TEST_DIR/now"
if psql_t class -f "$first/rollback.sql" >/dev/null 2>&1; then
    echo "rollback.sql ran twice"
    exit 1
fi
mighost "$example" --run
expect 20 "run after rollback"
agrees "$example/mock.json"
mighost "$example" --rollback --rollback-file "$(bundle)/rollback_info.json"
expect 0 "rollback by file"
fingerprint_db class >"$TEST_DIR/now"
same "rollback" "$TEST_DIR/empty" "$TEST_DIR/now"

echo "a generated document agrees too, over existing rows"
mighost "$example" --run
expect 20 "run"
sh "$example/generate.sh" 3000 >"$TEST_DIR/big.json"
fingerprint_db class >"$TEST_DIR/before"
CLASSROOM_DOCUMENT=$TEST_DIR/big.json
export CLASSROOM_DOCUMENT
mighost "$example" --run --batch-size 700 --yes
expect 20 "generated document"
mighost "$example" --rollback
expect 0 "rollback"
fingerprint_db class >"$TEST_DIR/now"
same "rollback of the generated document" "$TEST_DIR/before" "$TEST_DIR/now"
mighost "$example" --rollback
expect 0 "rollback of the mock document"
mighost "$example" --run
expect 20 "generated document into empty tables"
agrees "$TEST_DIR/big.json"
mighost "$example" --rollback
expect 0 "rollback"
unset CLASSROOM_DOCUMENT

echo "a bug planted in one mapping is found"
cp -R "$example" "$TEST_DIR/planted"
sed 's/"text.trim", "text.lower", "email"/"text.trim", "email"/' "$example/project.json" \
    >"$TEST_DIR/planted/project.json"
if cmp -s "$example/project.json" "$TEST_DIR/planted/project.json"; then
    echo "nothing was planted"
    exit 1
fi
mighost "$TEST_DIR/planted" --run
expect 20 "run with a planted bug"
if sh "$example/compare.sh" "$example/mock.json" "$DATABASE_URL" >"$TEST_DIR/compared"; then
    echo "the planted bug was not found"
    exit 1
fi

# bundle.sh - the files of a bundle: under the names that people ask for; made again from the target
# by --report, the same but for times; tests and report as their published schemas have them.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/refusals.sh"

on="--plugins $PLUGINS --work-dir $TEST_DIR/work"
bundle_of() # the last run's directory
{
    sed -n 's/^run .*; report: //p' "$OUT"
}

echo "a bundle under the names of old scripts"
shop
shop_db names
cat >"$TEST_DIR/reporters" <<'JSON'
  "reporters": [
    { "name": "html", "options": { "file": "migration_{time}.html" } },
    { "name": "summary", "options": { "file": "migration_summary_{time}.txt" } },
    { "name": "errors", "options": { "file": "migration_errors_{time}.csv" } },
    { "name": "json", "options": { "file": "migration_report_{time}.json" } },
    { "name": "sql", "options": { "rollback_file": "rollback_migration_{time}.sql" } },
    { "name": "idmap", "options": { "dir": "maps-{run}" } },
    { "name": "log", "options": { "file": "logs/complete_v2_migration_{time}.log" } },
    { "name": "lines", "use": "log", "options": { "file": "migration.jsonl", "form": "json" } },
    { "name": "grave", "use": "log", "options": { "level": "warning" } },
    { "name": "test-report", "options": { "file": "migration_test_report_{time}.json" } } ],
JSON
rule='{ "rule": "unique", "table": "public.items", "columns": ["name"] }'
cp "$SHOP/project.json" "$SHOP/plain.json"
checks="\"validators\": [{ \"name\": \"rules\", \"options\": { \"rules\": [$rule] } }],"
sed -e "/\"sources\"/r $TEST_DIR/reporters" -e "s/\"sources\"/$checks\n  &/" "$SHOP/plain.json" \
    >"$SHOP/project.json"
ends 0 $on --project "$SHOP" --run
bundle=$(bundle_of)
is "the names" "$(cd "$bundle" && find . -type f | LC_ALL=C sort | sed 's/20[0-9]\{6\}_[0-9]\{6\}/TIME/')" \
    "./analysis.json
./logs/complete_v2_migration_TIME.log
./manifest.json
./maps-1/items.json
./migration.jsonl
./migration.log
./migration_TIME.html
./migration_errors_TIME.csv
./migration_report_TIME.json
./migration_summary_TIME.txt
./migration_test_report_TIME.json
./rejects.jsonl
./rollback_info.json
./rollback_migration_TIME.sql
./run.log
./verify.sql"
is "modes" "$(find "$bundle" -type f ! -perm 0600 -o -type d ! -perm 0700)" ""
started=$(jq -r .run.started "$bundle"/migration_report_*.json)
compact=$(echo "$started" | tr -d ':-' | sed 's/T/_/; s/\..*//')
[ -f "$bundle/migration_summary_$compact.txt" ] ||
    fail "the time in the names is not the start of the run, $started"
is "the copy of the log" "$(head -n 3 "$bundle"/logs/*.log)" "$(head -n 3 "$bundle/run.log")"
is "lines as JSON" "$(jq -r 'has("time") and .level == "info" and (.message | length > 0)' \
    "$bundle/migration.jsonl" | sort -u)" true
is "grave lines of a run without any" "$(cat "$bundle/migration.log")" ""
sed 's/{time}.html/{tme}.html/' "$SHOP/project.json" >"$SHOP/slip.json"
ends 3 $on --project "$SHOP/slip.json" --plan
says "{time} is the start of the run"

echo "tests and report as their schemas have them"
tests=$bundle/migration_test_report_*.json
jq -e '.passed == ([.cases[] | select(.result == "passed")] | length) and .failed == 0 and
    ([.cases[] | select(.name | startswith("rules: ")) | select(.duration > 0)] | length) == 2' $tests \
    >/dev/null || fail "the tests: $(cat $tests)"
for python in /usr/bin/python3 python3; do
    ! "$python" -c 'import jsonschema' 2>/dev/null || break
done
if "$python" -c 'import jsonschema' 2>/dev/null; then
    schema_valid() # SCHEMA FILE
    {
        "$python" - "$1" "$2" <<'PYTHON'
import json
import sys
import jsonschema
schema, document = (json.load(open(name)) for name in sys.argv[1:])
jsonschema.Draft202012Validator.check_schema(schema)
faults = list(jsonschema.Draft202012Validator(schema).iter_errors(document))
for fault in faults:
    print(list(fault.path), fault.message[:200])
sys.exit(1 if faults else 0)
PYTHON
    }
    schema_valid "$top_srcdir/share/testreport.schema.json" $tests || fail "test_report.json is not as its schema"
    report_valid() # FILE
    {
        schema_valid "$top_srcdir/share/report.schema.json" "$1" || fail "$1 is not as its schema"
    }
    jq 'del(.success) | .run.exit_code = 300' "$bundle"/migration_report_*.json >"$TEST_DIR/bad.json"
    ! (report_valid "$TEST_DIR/bad.json") >"$TEST_DIR/faults" || fail "the schema takes anything"
    grep -q success "$TEST_DIR/faults" || fail "not said: $(cat "$TEST_DIR/faults")"
else
    echo "no jsonschema for Python here: reports are compared with the schema by ends.sh only"
    report_valid() { :; }
fi
report_valid "$(ls "$bundle"/migration_report_*.json)"

echo "made again from the target"
cp "$SHOP/plain.json" "$SHOP/project.json"
sed 's/"second"/null/; s/"id": 1, "name": "first"/"id": 1, "name": "third"/' "$SHOP/data.json" >"$TEST_DIR/new"
cp "$TEST_DIR/new" "$SHOP/data.json"
ends 20 $on --project "$SHOP" --run
first=$(bundle_of)
ends 0 $on --project "$SHOP" --report 2
says "run 2: published, with rejects" "; report: $first-2"
again=$(bundle_of)
same() # FIRST AGAIN: but for analysis, log and manifest
{
    is "files" "$(cd "$2" && find . -type f | LC_ALL=C sort)" \
        "$(cd "$1" && find . -type f ! -name analysis.json | LC_ALL=C sort)"
    (cd "$1" && find . -type f ! -name analysis.json ! -name run.log ! -name manifest.json) |
        while read -r same_file; do
        cmp "$1/$same_file" "$2/$same_file" || fail "$same_file is another"
    done
    is "manifests" "$(jq -c 'del(.files["run.log"])' "$2/manifest.json")" \
        "$(jq -c 'del(.files["run.log"], .files["analysis.json"])' "$1/manifest.json")"
}
same "$first" "$again"
is "modes" "$(find "$again" -type f ! -perm 0600 -o -type d ! -perm 0700)" ""
! grep -v "$stamp" "$again/run.log" || fail "run.log has other lines than log lines"
grep -q "] [^ ]*: .*--run" "$again/run.log" || fail "the audit trail is not in the log: $(cat "$again/run.log")"
ends 0 $on --project "$SHOP" --report 2 --json
is "the report on stdout" "$(cat "$OUT")" "$(cat "$first/report.json")"
ends 0 $on --project "$SHOP" --finalize 2
ends 0 $on --project "$SHOP" --report 2
again=$(bundle_of)
cmp "$first/report.html" "$again/report.html" || fail "report.html is another behind --finalize"
cmp "$first/errors.csv" "$again/errors.csv" || fail "errors.csv is another behind --finalize"
[ ! -e "$again/rollback.sql" ] || fail "there is a way back behind --finalize"

echo "files that are not as the manifest has them"
copy=$TEST_DIR/copy
cp -R "$first" "$copy"
is "the project file in the manifest" "$(jq -r .project_file "$copy/manifest.json")" \
    "$(sha256sum "$SHOP/project.json" | cut -d ' ' -f 1)"
ends 0 --verify-bundle "$copy"
says "run 2 of project shop: $(jq '.files | length' "$copy/manifest.json") files are as the manifest has them" \
    "$(sha256sum "$copy/manifest.json" | cut -d ' ' -f 1)"
rm "$copy/verify.sql"
echo >>"$copy/idmap/items.json"
: >"$copy/idmap/other.json"
ln -s "$copy/errors.csv" "$copy/link"
mv "$copy/summary.txt" "$copy/elsewhere"
ln -s elsewhere "$copy/summary.txt"
ends 12 --verify-bundle "$copy"
is "what is told" "$(LC_ALL=C sort "$OUT")" "elsewhere: is not in the manifest
idmap/items.json: is not as the manifest has it
idmap/other.json: is not in the manifest
link: is not in the manifest
summary.txt: Too many levels of symbolic links
verify.sql: missing"
says "6 differences"
ends 12 --verify-bundle "$SHOP"
says "is no bundle"
ends 12 --verify-bundle "$TEST_DIR/none"

echo "what it says of runs that ended otherwise"
shop_db otherwise
ends 20 $on --project "$SHOP" --run
ends 0 $on --project "$SHOP" --rollback
ends 0 $on --project "$SHOP" --report 1
says "; rolled back since"
again=$(bundle_of)
report_valid "$again/report.json"
json "$again/report.json" "j #>> '{run,status}' = 'rolled_back' AND j #>> '{run,published}' = 'false'"
grep -q "Taken back" "$again/report.html" || fail "report.html does not say that it is taken back"
ends 20 $on --project "$SHOP" --dry-run
report_valid "$(bundle_of)/report.json"
grep -q "Dry run. Nothing was written" "$(bundle_of)/report.html" || fail "no dry run in report.html"
sed 's/"name": "shop",/&"on_invalid": "fail",/' "$SHOP/plain.json" >"$SHOP/fails.json"
ends 8 $on --project "$SHOP/fails.json" --run
report_valid "$(bundle_of)/report.json"
grep -q "Failed. Nothing was published" "$(bundle_of)/report.html" || fail "no failure in report.html"
query='{ "name": "live", "message": "m", "sql": "SELECT 1 FROM public.items WHERE name = '"'third'"'" }'
checks="\"validators\": [{ \"name\": \"rules\", \"options\": { \"rules\": [
    { \"rule\": \"sql\", \"queries\": [$query] }] } }],"
printf '%s\n' "$checks" >"$TEST_DIR/checks"
sed "/\"name\": \"shop\",/r $TEST_DIR/checks" "$SHOP/plain.json" >"$SHOP/wrong.json"
status=0
"$MIGHOST" $on --project "$SHOP/wrong.json" --run >"$OUT" 2>"$ERR" </dev/null || status=$?
is "a run that is found wrong ends" "$status" 8
says "published and rolled back"
report_valid "$(bundle_of)/report.json"
json "$(bundle_of)/report.json" "j #>> '{run,status}' = 'rolled_back' AND j ->> 'success' = 'false'"
grep -q "Taken back" "$(bundle_of)/report.html" || fail "report.html does not say that it was taken back"
unchanged otherwise
ends 0 $on --project "$SHOP" --report 3
ends 13 $on --project "$SHOP" --report 99
says "there is no run 99"
ends 0 $on --project "$SHOP" --purge 3
ends 13 $on --project "$SHOP" --report 3
says "run 3 has no report in this target" "until --purge"
shop_db empty
ends 13 $on --project "$SHOP" --report 1
says "holds no run"
echo "done"

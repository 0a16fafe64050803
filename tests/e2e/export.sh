# export.sh - the export directory: filled without a target, run from without the network; what is half,
# changed, missing or added is refused; what a stage calls secret is encrypted or left out; a run that
# keeps what it reads; the CSV files make the same rows.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/bubble.sh"

exported=$TEST_DIR/exported
nowhere=postgresql://postgres@127.0.0.1:1/none
key=$(openssl rand -hex 32)

export_to() # CODE PROJECT DIR OPTIONS...: without a target that answers
{
    export_code=$1 export_project=$2 export_dir=$3
    shift 3
    status=0
    DATABASE_URL=$nowhere "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/$export_project" \
        --export-only --export-dir "$export_dir" "$@" >"$OUT" 2>"$ERR" || status=$?
    [ "$status" -eq "$export_code" ] || fail "--export-only ended with $status, not $export_code"
}

gone() # the server
{
    kill "$server_pid"; wait "$server_pid" 2>/dev/null || :
    server_pid=
}

# The same project, whose stage calls a field secret. The source's own option names nothing.
secrets_project() # NAME OPTIONS
{
    things_project "$1" "${2-}"
    jq '.stages[0].secret = ["Note"] | .stages[0].options.fields.note = "Note"' "$TEST_DIR/$1/project.json" \
        >"$TEST_DIR/project" && mv "$TEST_DIR/project" "$TEST_DIR/$1/project.json"
}

notes_target() # DB
{
    things_target "$1"
    psql_t "$1" -c 'ALTER TABLE t.post ADD note text'
}

echo "exported without a target: 1,050 things by 11 requests, each once"
serve --things post=1050
things_project plain
export_to 0 plain "$exported"
is "pages asked for, but for what changed meanwhile" "$(grep 'sort_field' "$LISTS" | grep -vc 'Modified')" 11
jq -e '.entities[0] | .records == 1050 and .unfit == 0' "$exported/manifest.json" >"$OUT" || fail "not all are counted"
is "modes" "$(find "$exported" -printf '%y %m\n' | sort -u)" "d 700
f 600"
(cd "$exported" && jq -r '.files | to_entries[] | "\(.value.sha256)  \(.key)"' manifest.json | sha256sum --quiet -c) ||
    fail "a digest is wrong"
! grep -rqa "$BUBBLE_API_KEY" "$exported" || fail "the key is in the export"
export_to 12 plain "$exported"
says "holds a whole export already"

echo "run from it, the server and the key gone"
gone
things_target from
(unset BUBBLE_API_KEY
 things_project from
 sed -i 's/"api_key": "[^"]*"/"allow_empty": false/' "$TEST_DIR/from/project.json"
 run 0 from from --skip-export --export-dir "$exported") || exit 1
same_things from 1050

echo "what others wrote while it was exported is read again; what came later still is listed by a run from it"
moving=$TEST_DIR/kept_again
serve --things post=1050 --fault create-each:5 --fault change-each:2 --fault deaf:Modified
things_project moving "$quick"
export_to 75 moving "$moving"
is "lines that say that all is there" "$(grep -c complete "$moving/b/post.manifest")" 1
sed -n '1s/"page":1,/"page":12,/p' "$moving/b/post.manifest" >"$TEST_DIR/lines" # as of a kill behind the first one
cat "$TEST_DIR/lines" >>"$moving/b/post.manifest"
cp "$moving/b/post.000001.json" "$moving/b/post.000012.json"
control '{"faults": ["deaf:off"]}'
export_to 0 moving "$moving"
says "were made or changed while it was exported, and read again"
jq -r '.entities[0].changed[]' "$moving/manifest.json" | sort >"$TEST_DIR/changed"
[ -s "$TEST_DIR/changed" ] || fail "nothing changed while it was read again"
control '{"faults": ["create-each:off", "change-each:off"]}'
python3 - "$BUBBLE_URL" "$moving/post.csv" "$TEST_DIR/changed" <<'PY' || fail "the export is not as the server is now"
import csv, json, os, sys, urllib.request
url, sheet, listed = sys.argv[1:]
kept = {r["_id"]: r for r in csv.DictReader(open(sheet, encoding="utf-8", newline=""))}
later, things = set(open(listed).read().split()), []
key = {"Authorization": "Bearer " + os.environ["BUBBLE_API_KEY"]}
while True:
    page = json.load(urllib.request.urlopen(urllib.request.Request(
        "%s/api/1.1/obj/post?cursor=%d" % (url, len(things)), headers=key)))["response"]
    things += page["results"]
    if not page["remaining"]:
        break
other = {t["_id"] for t in things if t["_id"] not in kept or kept[t["_id"]]["Name"] != t["Name"]}
assert other == later, (other ^ later)
again = [r for r in kept.values() if r["Name"].startswith(("Changed", "New"))]
assert len(again) >= 8 and len(kept) >= 1052, (len(again), len(kept))
PY
gone
things_target moved
psql_t moved -c 'ALTER TABLE t.post DROP made, ADD made text NOT NULL'
run 0 moved plain --skip-export --export-dir "$moving"
sed -n 's/^"*post"*,"*written"*,"*\([^",]*\).*/\1/p' "$BUNDLE/source_changes.csv" | sort |
    cmp - "$TEST_DIR/changed" || fail "other records are listed"
psql_t moved -F , -c 'SELECT id, name, number, made FROM t.post ORDER BY id COLLATE "C"' >"$TEST_DIR/moved.rows"
python3 -c 'import csv, sys
for r in sorted(csv.DictReader(open(sys.argv[1], newline="")), key=lambda r: r["_id"]):
    print(r["_id"], r["Name"], r["Number"], r["Created Date"], sep=",")' "$moving/post.csv" |
    cmp - "$TEST_DIR/moved.rows" || fail "the run has other rows than the export"

echo "changed, missing, added, none"
things_target none
refused() # TEXT
{
    nothing 12 none plain --skip-export --export-dir "$TEST_DIR/hurt"
    says "$1"
    rm -r "$TEST_DIR/hurt"
    cp -a "$exported" "$TEST_DIR/hurt"
}
cp -a "$exported" "$TEST_DIR/hurt"
sed -i 's/Thing/Thong/' "$TEST_DIR/hurt/b/post.000003.json"
refused 'b/post.000003.json: is not as the manifest has it'
rm "$TEST_DIR/hurt/b/post.000004.json"
refused 'b/post.000004.json: missing'
cp "$TEST_DIR/hurt/b/post.000004.json" "$TEST_DIR/hurt/b/post.000099.json"
refused 'b/post.000099.json: is not in the manifest'
jq '.stages += [.stages[0] | .name = "other" | .entity = "comment"]' "$TEST_DIR/plain/project.json" >"$TEST_DIR/project"
mkdir "$TEST_DIR/more" && mv "$TEST_DIR/project" "$TEST_DIR/more/project.json"
nothing 12 none more --skip-export --export-dir "$exported"
says 'does not hold entity "comment" of source b'
rm "$TEST_DIR/hurt/manifest.json"
refused 'holds no export'

echo "half of it is gone on with, and never taken for all"
serve --things post=2000 --fault dies:12
half=$TEST_DIR/broken_off
things_project half "$quick"
export_to 75 half "$half"
nothing 12 none half --skip-export --export-dir "$half"
says 'holds half an export: reading was broken off'
nothing 12 none half --export-dir "$half"
says 'holds half an export, by --export-only of project half'
control '{"faults": ["dies:off"]}'
jq '.begun -= 90000' "$half/half.json" >"$TEST_DIR/old" && cat "$TEST_DIR/old" >"$half/half.json"
export_to 12 half "$half"
says 'was begun more than a day ago'
export_to 0 half "$half" --yes
gone
things_target half
run 0 half half --skip-export --export-dir "$half"
same_things half 2000

echo "a stage that hashes, and does not say of which field, is not exported"
serve --things post=300
things_project careless
jq '.stages[0].options.fields.note = ["Note", { "use": "password.bcrypt", "secret": "${SALTS}", "cost": 4 }]' \
    "$TEST_DIR/careless/project.json" >"$TEST_DIR/project" && mv "$TEST_DIR/project" "$TEST_DIR/careless/project.json"
(SALTS=0123456789abcdef-of-this-test && export SALTS && export_to 3 careless "$TEST_DIR/careless_dir") || exit 1
says "hashes passwords of source b, which is exported, and has no \"secret\" fields"
says "nothing was written"
[ ! -e "$TEST_DIR/careless_dir" ] || fail "an export was begun"
is "things asked for" "$(requests obj/)" 0

echo "what a stage calls secret is left out, and what needs it says so"
secrets_project closed
export_to 0 closed "$TEST_DIR/left"
! grep -rqa 'note' "$TEST_DIR/left" || fail "a secret field is in the export"
jq -e '.entities[0].left_out == ["Note"]' "$TEST_DIR/left/manifest.json" >"$OUT" ||
    fail "what was left out is not listed"
notes_target closed
notes_target none2
run 0 closed closed
psql_t closed -c 'SELECT * FROM t.post ORDER BY id' >"$TEST_DIR/live.rows"
grep -q note "$TEST_DIR/live.rows" || fail "there is no secret to look for"
nothing 3 none2 closed --skip-export --export-dir "$TEST_DIR/left"
says 'field "Note" is secret and not in the recording'

echo "or encrypted under a key"
notes_target open
printf '%s\n' "$key" >"$TEST_DIR/key" && chmod 600 "$TEST_DIR/key"
(MIGHOST_EXPORT_KEY=$key && export MIGHOST_EXPORT_KEY && export_to 0 closed "$TEST_DIR/sealed") || exit 1
! grep -rqa -e 'note' -e "$key" "$TEST_DIR/sealed" || fail "a secret is readable in the export"
gone
(MIGHOST_EXPORT_KEY_FILE=$TEST_DIR/key && export MIGHOST_EXPORT_KEY_FILE &&
    run 0 open closed --skip-export --export-dir "$TEST_DIR/sealed") || exit 1
psql_t open -c 'SELECT * FROM t.post ORDER BY id' | cmp - "$TEST_DIR/live.rows" ||
    fail "other rows than those of the server"
! grep -rqa "$key" "$TEST_DIR/work" "$TEST_DIR/reports" "$OUT" "$ERR" || fail "the key is shown"
closed() # TEXT
{
    nothing 3 none2 closed --skip-export --export-dir "$TEST_DIR/sealed"
    says "$1"
}
closed 'is secret and only encrypted in the recording'
for bad in "$(openssl rand -hex 32)|cannot be decrypted by the key in variable MIGHOST_EXPORT_KEY" \
    'abc|is not 64 digits long' "$(printf '%064d' 0)|repeats itself"; do
    (MIGHOST_EXPORT_KEY=${bad%|*} && export MIGHOST_EXPORT_KEY && closed "${bad#*|}") || exit 1
done

echo "a run keeps what it reads, also one that was broken off"
serve --things post=2000 --fault dies:12
things_project keeps "$quick" '"batch_size": 300,'
things_target keeps
MIGRATION_EXPORT_DIR=$TEST_DIR/kept
export MIGRATION_EXPORT_DIR
nothing 75 keeps keeps
control '{"faults": ["dies:off"]}'
run 0 keeps keeps
same_things keeps 2000
nothing 12 none plain
says "holds a whole export already"
gone
things_target kept
run 0 kept keeps --skip-export
same_things kept 2000
unset MIGRATION_EXPORT_DIR

echo "the CSV files make the same rows, read by the source csv"
MARKETPLACE_DATA=$TEST_DIR/data
MARKETPLACE_SECRET=c4nary-salts-0123456789abcdef
export MARKETPLACE_DATA MARKETPLACE_SECRET
example=$top_srcdir/share/examples/marketplace
python3 "$example/make_data.py" --scale 0.02 --out "$MARKETPLACE_DATA" >"$OUT"
variant() # NAME JQ
{
    cp -R "$example" "$TEST_DIR/$1"
    jq "(.. | objects | select(.use == \"password.bcrypt\").cost) = 4 | $2" "$example/project.json" \
        >"$TEST_DIR/$1/project.json"
}
variant market .
serve --data "$MARKETPLACE_DATA" --fault errors:5
for db in api csv; do
    pg_createdb "$db" "$example/target.sql"
done
run 20 api market
jq -r '.sources[].references[] | "\(.table) \(.column) \(.rows) \(.filled)"' "$BUNDLE/report.json" |
    sort >"$TEST_DIR/told"
[ "$(wc -l <"$TEST_DIR/told")" -ge 15 ] || fail "references are not reported"
while read -r table column rest; do
    echo "$table $column $(psql_t api -F ' ' -c "SELECT count(*), count($column) FROM $table")"
done <"$TEST_DIR/told" | diff - "$TEST_DIR/told" || fail "references (<: live tables, >: report)"
export_to 0 market "$TEST_DIR/csv"
gone
for pair in users:user client_profiles:clientprofile coach_profiles:coachprofile bookings:booking \
    payments:payment; do
    python3 - "$TEST_DIR/csv/${pair%:*}.csv" "$MARKETPLACE_DATA/${pair#*:}.jsonl" <<'PY' || fail "$pair: others"
import csv, json, sys
csv.field_size_limit(1 << 30)
with open(sys.argv[1], encoding="utf-8", newline="") as f:
    kept = {r["_id"]: r for r in csv.DictReader(f)}
for line in open(sys.argv[2], encoding="utf-8"):
    thing = json.loads(line)
    row = kept.pop(thing["_id"])
    for name, value in thing.items():
        text = row[name]
        if isinstance(value, str) and value.startswith("//"):
            value = "https:" + value
        assert value is None or text == value or json.loads(text) == value, (thing["_id"], name)
assert not kept
PY
done
variant sheets ".sources.bubble = { \"use\": \"csv\", \"options\": $(jq -c .bubble "$TEST_DIR/csv/csv.json") }"
run 20 csv sheets
fingerprint_db api >"$TEST_DIR/api.rows"
fingerprint_db csv | diff "$TEST_DIR/api.rows" - >"$TEST_DIR/diff" || {
    cat "$TEST_DIR/diff"
    fail "other rows than from the API"
}

# redrive.sh - --redrive takes up what an earlier run rejected, and what waited for it, and nothing
# else; it is a run like any other: killed and repeated, held, undone alone and together.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

[ -n "$("$MIGHOST" --list-faults)" ] || pgtmp_skip "built without --enable-fault-injection"

rejects="SELECT stage, coalesce(replace(key, chr(31), '/'), '-'), CASE outcome WHEN 3 THEN 'skipped'
    ELSE 'rejected' END, code FROM mighost.reject WHERE run = (SELECT max(id) FROM mighost.run) ORDER BY 1, 2, 4"
newest="(SELECT max(id) FROM mighost.run)"

# redrive CODE DB PROJECT RUN ...: the redrive of a run; then the ledger must close
redrive()
{
    redrive_code=$1 redrive_db=$2 redrive_project=$3
    shift 3
    fingerprint_db "$redrive_db" >"$TEST_DIR/before.$redrive_db"
    mig "$redrive_code" "$redrive_db" "$redrive_project" --redrive "$@"
    ledger "$redrive_db"
}

# What the newest run read: by stage, from the chunks.
read_were() # DB EXPECTED
{
    rows "$1" "SELECT stage, sum(read) FROM mighost.chunk WHERE run = $newest GROUP BY 1 ORDER BY 1" "$2"
}

as_at() # DB FILE WHAT
{
    fingerprint_db "$1" | diff "$2" - >"$TEST_DIR/diff" || {
        cat "$TEST_DIR/diff"
        fail "not as $3"
    }
}

school_target() # DB
{
    pg_createdb "$1"
    psql_t "$1" <<'SQL'
CREATE TABLE class (id uuid PRIMARY KEY, title text NOT NULL UNIQUE, seats int);
CREATE TABLE pupil (id uuid PRIMARY KEY, class_id uuid NOT NULL REFERENCES class, name text UNIQUE, pin text);
CREATE TABLE room (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE mark (id uuid PRIMARY KEY, pupil_id uuid REFERENCES pupil, points numeric(3,1));
INSERT INTO class VALUES ('aaaaaaaa-0000-4000-8000-000000000001', 'not of the source', 7);
SQL
}

good=60

# The stages over a source. classes: a bad value and a missing one (load), two of one title (check);
# pupils: what waits for them, orphans, a secret field; marks: keys of two parts.
school_project() # NAME SOURCE TITLE
{
    project "$1" <<JSON
{ "name": "$1", "sources": { "d": $2 }, "max_delete": "100%", "backup": { "scope": "none" }, "batch_size": 10,
  "stages": [
    { "name": "classes", "policy": "replace", "options": { "table": "class", "fields": {
        "id": { "key": "classes" }, "title": $3, "seats": "seats" } } },
    { "name": "pupils", "policy": "replace", "secret": "pin", "options": { "table": "pupil", "fields": {
        "id": { "key": "pupils" }, "class_id": { "key": "classes", "from": "class" }, "name": "name",
        "pin": "pin" } } },
    { "name": "marks", "policy": "replace", "key": ["pupil", "no"], "options": { "table": "mark", "fields": {
        "id": { "key": "marks" }, "pupil_id": { "key": "pupils", "from": "pupil" }, "points": "points" } } },
    { "name": "rooms", "policy": "update", "secret": "name", "options": { "table": "room", "fields": {
        "id": { "key": "rooms" }, "name": "name" } } } ] }
JSON
}

school_sql()
{
    cat <<SQL
CREATE TABLE classes (id text, title text, seats text);
CREATE TABLE pupils (id text, class text, name text, pin text);
CREATE TABLE rooms (id text, name text);
CREATE TABLE marks (pupil text, no text, points text);
INSERT INTO classes SELECT 'g' || i, 'good ' || i, i FROM generate_series(1, $good) i;
INSERT INTO classes VALUES ('h2', 'two', 'many'), ('h3', 'good 1', '3'), ('h4', NULL, '4');
INSERT INTO rooms VALUES ('a', 'a'), (NULL, 'no key'), ('b', 'b');
INSERT INTO pupils SELECT 'q' || i, 'g' || i, 'good ' || i, 'pin-' || i FROM generate_series(1, $good) i;
INSERT INTO pupils VALUES ('r2', 'h2', 'of c2', 'pin-r2'), ('r3', 'h3', 'of c3', 'pin-r3'),
    ('r4', 'none', 'orphan', 'pin-r4'), ('r6', 'h4', 'of c4', 'pin-r6'), ('r7', 'g1', 'good 1', 'pin-r7');
INSERT INTO marks SELECT 'q' || i, 1, '1.5' FROM generate_series(1, $good) i;
INSERT INTO marks VALUES ('r2', '1', '2'), ('r2', '2', '77.77'), ('q1', '2', 'x'), ('r3', '1', '3'),
    ('r4', '1', '4'), ('r6', '1', '6'), ('nobody', '1', '8');
SQL
}

# The source lies in database old_…, as tables; a JSON document is made of them.
school_export() # KIND NAME
{
    [ "$1" = json ] || return 0
    psql_t "old_$2" -c "SELECT json_build_object('classes', (SELECT json_agg(c ORDER BY id) FROM classes c),
        'rooms', (SELECT json_agg(r ORDER BY id) FROM rooms r),
        'pupils', (SELECT json_agg(p ORDER BY id) FROM pupils p),
        'marks', (SELECT json_agg(m ORDER BY pupil, no) FROM marks m))" >"$TEST_DIR/$2/data.json"
}

# What the target must hold of classes, pupils and marks that have these keys, by plain SQL.
stays="SELECT count(*), count(*) FILTER (WHERE title LIKE 'good %' AND seats::text = substr(title, 6))
    FROM class"
joined="SELECT c.title, c.seats, p.name, p.pin, m.points FROM class c LEFT JOIN pupil p ON p.class_id = c.id
    LEFT JOIN mark m ON m.pupil_id = p.id WHERE c.title NOT LIKE 'good %' OR p.name NOT LIKE 'good %'
    OR m.points <> 1.5 ORDER BY 1, 3, 5"

for kind in json postgres; do
    name=school_$kind
    echo "a source of kind $kind: what is rejected"
    school_target "$name"
    pg_createdb "old_$name"
    school_sql | psql_t "old_$name"
    if [ $kind = json ]; then
        source='{ "use": "json", "options": { "file": "data.json" } }'
    else
        source='{ "use": "postgres", "options": { "url": "'$(pg_url "old_$name")'" } }'
    fi
    school_project "$name" "$source" '"title"'
    school_export $kind "$name"
    fingerprint_db "$name" >"$TEST_DIR/start"
    run 20 "$name" "$name"
    rows "$name" "$rejects" "classes|h2|rejected|bad_number
classes|h3|rejected|duplicate
classes|h4|rejected|required
marks|nobody/1|rejected|orphan
marks|q1/2|rejected|bad_number
marks|r2/1|skipped|parent_rejected
marks|r2/2|rejected|precision
marks|r3/1|skipped|parent_rejected
marks|r4/1|skipped|parent_rejected
marks|r6/1|skipped|parent_rejected
pupils|r2|skipped|parent_rejected
pupils|r3|skipped|parent_rejected
pupils|r4|rejected|orphan
pupils|r6|skipped|parent_rejected
pupils|r7|rejected|duplicate
rooms|-|rejected|no_key"
    rows "$name" "$stays" "60|60"

    echo "nothing was corrected: rejected again"
    redrive 20 "$name" "$name" 1
    read_were "$name" "classes|3
marks|7
pupils|5
rooms|1"
    says "0 changed"
    unchanged "$name" "a redrive without a correction"
    rows "$name" "SELECT count(*), count(*) FILTER (WHERE code = 'parent_rejected') FROM mighost.reject
        WHERE run = 2" "16|7"

    echo "the source is corrected"
    psql_t "old_$name" -c "UPDATE classes SET seats = '2' WHERE id = 'h2'" \
        -c "UPDATE classes SET title = 'three' WHERE id = 'h3'" \
        -c "UPDATE marks SET points = '7.7' WHERE pupil = 'r2' AND no = '2'" \
        -c "UPDATE marks SET points = '2.5' WHERE pupil = 'q1' AND no = '2'" \
        -c "DELETE FROM classes WHERE id = 'g9'" \
        -c "UPDATE classes SET seats = '1000' WHERE id = 'g8'" \
        -c "INSERT INTO classes VALUES ('new', 'new', '1')"
    school_export $kind "$name"
    fingerprint_db "$name" >"$TEST_DIR/between"
    redrive 20 "$name" "$name" 1
    read_were "$name" "classes|3
marks|7
pupils|5
rooms|1"
    rows "$name" "$joined" "good 1|1|good 1|pin-1|2.5
three|3|of c3|pin-r3|3.0
two|2|of c2|pin-r2|2.0
two|2|of c2|pin-r2|7.7"
    rows "$name" "$stays" "62|60"
    rows "$name" "SELECT count(*), (SELECT count(*) FROM mark) FROM pupil" "62|64"
    rows "$name" "$rejects" "classes|h4|rejected|required
marks|nobody/1|rejected|orphan
marks|r4/1|skipped|parent_rejected
marks|r6/1|skipped|parent_rejected
pupils|r4|rejected|orphan
pupils|r6|skipped|parent_rejected
pupils|r7|rejected|collision
rooms|-|rejected|no_key"
    rows "$name" "SELECT stage, count(*), count(raw) FROM mighost.reject WHERE stage IN ('pupils', 'rooms')
        GROUP BY 1 ORDER BY 1" "pupils|13|0
rooms|3|0"
    ! psql_t "$name" -c "SELECT raw, reason FROM mighost.reject" | grep -q 'pin-' || fail "a secret was kept"
    ! grep -rq 'pin-r' "$BUNDLE" || fail "a secret is in the bundle"
    undo_proof "$name" "$name"

    echo "report and status"
    is "action and parent" "$(psql_t "$name" -v file="$BUNDLE/report.json" <<'SQL'
\set content `cat :'file'`
SELECT :'content'::json #>> '{run,action}', :'content'::json #>> '{run,parent}', :'content'::json #>> '{run,id}'
SQL
)" "redrive|1|3"
    mig 0 "$name" "$name" --status
    says "run 3 (redrive of run 1 of $name)"
    says "run 1 (run of $name)"
    mig 0 "$name" "$name" --status --json
    says '"parent": "1"'

    echo "once more"
    redrive 20 "$name" "$name" 1
    says "0 changed"
    unchanged "$name" "the second redrive"

    echo "the mapping is corrected; a redrive of a redrive"
    school_project "$name" "$source" '["title", { "use": "default", "value": "four" }]'
    redrive 20 "$name" "$name" 3
    read_were "$name" "classes|1
marks|3
pupils|3
rooms|1"
    rows "$name" "SELECT c.title, p.name, p.pin, m.points FROM class c JOIN pupil p ON p.class_id = c.id
        JOIN mark m ON m.pupil_id = p.id WHERE title = 'four'" "four|of c4|pin-r6|6.0"
    rows "$name" "$stays" "63|60"
    rows "$name" "$rejects" "marks|nobody/1|rejected|orphan
marks|r4/1|skipped|parent_rejected
pupils|r4|rejected|orphan
pupils|r7|rejected|collision
rooms|-|rejected|no_key"

    echo "rollback of each, and of all"
    mig 13 "$name" "$name" --rollback 1
    mig 0 "$name" "$name" --rollback 5
    as_at "$name" "$TEST_DIR/before.$name" "before the second correction"
    mig 0 "$name" "$name" --rollback 4
    mig 0 "$name" "$name" --rollback 3
    as_at "$name" "$TEST_DIR/between" "between the run and its redrive"
    mig 0 "$name" "$name" --rollback 2
    mig 0 "$name" "$name" --rollback 1
    as_at "$name" "$TEST_DIR/start" "before the run"
    mig 13 "$name" "$name" --redrive 1
    says "use --run"
done

# ---- broken off --------------------------------------------------------------------------

pg_createdb half
psql_t half -c "CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, size int)"
half_data() # SIZE: of the fifty items that run 1 rejects
{
    psql_t half -v size="$1" <<'SQL' >"$TEST_DIR/half/data.json"
SELECT json_build_object('items', json_agg(json_build_object('id', i, 'name', 'n' || i, 'size',
    CASE WHEN i % 2 = 0 THEN i::text ELSE :'size' END) ORDER BY i)) FROM generate_series(1, 100) i
SQL
}
project half <<'JSON'
{ "name": "half", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } }, "max_delete": "100%",
  "backup": { "scope": "none" }, "batch_size": 10, "stages": [ { "name": "items", "policy": "replace", "ids": "keep",
    "options": { "table": "item", "fields": { "id": "id", "name": "name", "size": "size" } } } ] }
JSON
half_data many
run 20 half half
rows half "SELECT count(*), sum(size) FROM item" "50|2550"
rows half "SELECT count(*) FROM mighost.reject WHERE run = 1" 50
fingerprint_db half >"$TEST_DIR/between"

echo "killed in the middle"
half_data 7
run_killed() # POINT:HIT ARGS...
{
    killed_at=$1
    shift
    (MIGHOST_FAULT=$killed_at:kill mig 137 half half "$@") || exit 1
}
run_killed chunk.after_commit:2 --redrive 1
as_at half "$TEST_DIR/between" "before the killed redrive"
mig 10 half half --run
says "takes up only what run 1 rejected"
says "finish it by --redrive 1, or drop it by --abandon 2"
as_at half "$TEST_DIR/between" "before a refused run"
redrive 0 half half 1
says "goes on where it stopped"
read_were half "items|50"
rows half "SELECT count(*), sum(size), count(*) FILTER (WHERE size = 7) FROM item" "100|2900|50"
rows half "SELECT count(*), max(id) FROM mighost.run" "2|2"
undo_proof half half

echo "killed behind publish"
mig 0 half half --rollback 2
as_at half "$TEST_DIR/between" "between the run and its redrive"
run_killed publish.after_commit:1 --redrive 1
mig 10 half half --run
mig 0 half half --redrive 1
rows half "SELECT count(*), sum(size) FROM item" "100|2900"
mig 0 half half --rollback 3

echo "half a run is there"
run_killed chunk.after_commit:2 --run
mig 10 half half --redrive 1
says "takes up all records"
says "finish it by --run, or drop it by --abandon 4"
as_at half "$TEST_DIR/between" "before a refused redrive"
mig 0 half half --abandon 4

echo "held, and published"
half_data x
mig 20 half half --redrive 1 --hold
rows half "SELECT state, parent FROM mighost.run WHERE id = $newest" "held|1"
as_at half "$TEST_DIR/between" "before a held redrive"
mig 10 half half --run
mig 0 half half --abandon 5
half_data 7
mig 0 half half --redrive 1 --hold
as_at half "$TEST_DIR/between" "before a held redrive"
psql_t half -c "CREATE UNIQUE INDEX ON item (name)" # the plan changes: what was looked at is not this
mig 9 half half --publish 6
mig 0 half half --redrive 1 --hold
psql_t half -c "INSERT INTO item VALUES (1000, 'n41', 1)"
fingerprint_db half >"$TEST_DIR/before.half"
mig 20 half half --publish 6
ledger half
rows half "SELECT count(*), sum(size), count(*) FILTER (WHERE size = 7) FROM item" "100|2894|49"
reported '"action": "redrive"'
reported '"parent": "1"'
rows half "SELECT key, code, raw::json ->> 'id', raw::json ->> 'name' FROM mighost.reject WHERE run = 6" \
    "41|collision|41|n41"
undo_proof half half
mig 0 half half --rollback 6
psql_t half -c "DELETE FROM item WHERE id = 1000; DROP INDEX item_name_idx"
as_at half "$TEST_DIR/between" "between the run and its redrive"

echo "refused"
mig 13 half half --redrive 99
says "is no run of this project"
mig 2 half half --redrive
mig 2 half half --redrive x
half_data many
sed -i 's/"batch_size"/"max_rejects": 3, "batch_size"/' "$TEST_DIR/half/project.json"
mig 7 half half --run
mig 13 half half --redrive 7
says "use --run"
mig 7 half half --redrive 1
as_at half "$TEST_DIR/between" "before a redrive that lost too much"
echo "a share of rejects is one of all that the first run read"
sed -i 's/"max_rejects": 3/"max_rejects": "49%"/' "$TEST_DIR/half/project.json"
mig 7 half half --redrive 1
says "50 of 100 records rejected, allowed are 49 %"
sed -i 's/"49%"/"50%"/' "$TEST_DIR/half/project.json"
redrive 20 half half 1
share=$ledger_run
redrive 20 half half "$share"
read_were half "items|50"
unchanged half "a redrive without a correction"
sed -i 's/"max_rejects": "50%", //' "$TEST_DIR/half/project.json"
mig 20 half half --dry-run
mig 13 half half --redrive "$(psql_t half -c "SELECT $newest")"
mig 13 half half --redrive 6 # it was rolled back
sed 's/"half"/"other"/' "$TEST_DIR/half/project.json" >"$TEST_DIR/other.json"
mkdir "$TEST_DIR/other"
cp "$TEST_DIR/half/data.json" "$TEST_DIR/other"
mv "$TEST_DIR/other.json" "$TEST_DIR/other/project.json"
mig 13 half other --redrive 1
mig 0 half half --finalize 1
redrive 20 half half 1
read_were half "items|50"
mig 0 half half --purge 1
mig 13 half half --redrive 1
says "was purged"
as_at half "$TEST_DIR/between" "before the refused redrives"

# ---- what a key cannot tell --------------------------------------------------------------

echo "records that had no key, and have one now"
project nokey <<'JSON'
{ "name": "nokey", "sources": { "d": { "use": "json", "options": { "files": { "items": "items.ndjson" } } } },
  "backup": { "scope": "none" }, "stages": [
    { "name": "items", "policy": "update", "ids": "keep", "options": { "table": "item", "fields": {
        "id": "id", "name": "name", "size": "size" } } } ] }
JSON
cat >"$TEST_DIR/nokey/items.ndjson" <<'JSON'
{ "id": 201, "name": "good", "size": 1 }
{ "name": "none", "size": 2 }
{ "id": 203, "name": "torn
{ "id": 204, "name": "good", "size": 4 }
JSON
run 20 half nokey
nokey=$ledger_run
rows half "$rejects" "items|-|rejected|bad_json
items|-|rejected|no_key"
sed -i 's/torn/torn no more", "size": 3 }/' "$TEST_DIR/nokey/items.ndjson"
redrive 20 half nokey "$nokey"
read_were half "items|1"
says "stage items: 2 records had no key that could be read"
reported "stage items: 2 records had no key that could be read"
mig 20 half nokey --run
rows half "SELECT id, name FROM item WHERE id > 200 ORDER BY 1" "201|good
203|torn no more
204|good"

echo "a stage that is no longer there"
sed -i 's/"name": "items"/"name": "things", "entity": "items"/' "$TEST_DIR/nokey/project.json"
redrive 0 half nokey "$nokey"
rows half "SELECT count(*) FROM mighost.chunk WHERE run = $newest" 0
says "stage items is not among those of this run: 2 records stay rejected"

# ---- parents that live under other keys --------------------------------------------------

echo "a parent whose key was adopted"
pg_createdb adopt
psql_t adopt <<'SQL'
CREATE TABLE class (id uuid PRIMARY KEY, title text NOT NULL UNIQUE, seats int);
CREATE TABLE pupil (id uuid PRIMARY KEY, class_id uuid NOT NULL REFERENCES class, age int);
INSERT INTO class VALUES ('aaaaaaaa-0000-4000-8000-000000000001', 'live', 7);
SQL
project adopt <<'JSON'
{ "name": "adopt", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "stages": [
    { "name": "classes", "policy": "update", "tables": { "class": { "match": ["title"] } }, "options": {
        "table": "class", "fields": { "id": { "key": "classes" }, "title": "title", "seats": "seats" } } },
    { "name": "pupils", "policy": "update", "options": { "table": "pupil", "fields": { "id": { "key": "pupils" },
        "class_id": { "key": "classes", "from": "class" }, "age": "age" } } } ] }
JSON
data adopt <<'JSON'
{ "classes": [ { "id": "c1", "title": "live", "seats": 8 } ],
  "pupils": [ { "id": "p1", "class": "c1", "age": 9 }, { "id": "p2", "class": "c1", "age": "ten" } ] }
JSON
run 20 adopt adopt
sed -i 's/"ten"/10/' "$TEST_DIR/adopt/data.json"
redrive 0 adopt adopt 1
rows adopt "SELECT title, seats, age FROM class c JOIN pupil p ON p.class_id = c.id ORDER BY 3" "live|8|9
live|8|10"
undo_proof adopt adopt
mig 0 adopt adopt --rollback
mig 0 adopt adopt --finalize 1
redrive 0 adopt adopt 1
rows adopt "SELECT title, seats, age FROM class c JOIN pupil p ON p.class_id = c.id ORDER BY 3" "live|8|9
live|8|10"
echo "ok"

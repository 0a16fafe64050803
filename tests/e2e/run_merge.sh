# run_merge.sh - records that meet live rows: whose value each column gets, whose row it is when the
# same person has other ids on both sides, whose rows are nobody's to change, what of an owner goes.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

# ---- columns -----------------------------------------------------------------------------

echo "each rule, column by column"
pg_createdb shop
psql_t shop <<'SQL'
CREATE TABLE c (id int PRIMARY KEY, o text, k text NOT NULL, f text, n numeric(8,2), at timestamptz, r text,
    other text DEFAULT 'default');
INSERT INTO c SELECT i, 'live', 'live', 'live', 1.00, '2025-06-01', 'fixed', 'not mapped' FROM generate_series(1, 14) i;
UPDATE c SET f = NULL WHERE id IN (4, 5);
UPDATE c SET at = NULL WHERE id IN (10, 12);
SQL
record() # ID KEY VALUE...: the same as the live row but for these
{
    record_id=$1
    shift
    set -- o '"live"' k '"live"' f '"live"' n 1.00 at '"2025-06-01T00:00:00Z"' r '"fixed"' "$@"
    printf '%s' "$*" | awk -v id="$record_id" '{ for (i = 1; i < NF; i += 2) v[$i] = $(i + 1)
        printf "%s{ \"id\": %s", (id > 1 ? ", " : ""), id
        for (k in v) if (v[k] != "-") printf ", \"%s\": %s", k, v[k]
        printf " }" }'
}
{
    printf '{ "c": [ '
    record 1 o '"new"'
    record 2 k '"new"'
    record 3 f '"new"'
    record 4 f '"new"'
    record 5 f null o '"new"'
    record 6 n 2.00 at '"2025-07-01T00:00:00Z"'
    record 7 n 2.00 at '"2025-05-01T00:00:00Z"'
    record 8 n 2.00
    record 9 n 2.00 at null
    record 10 n 2.00
    record 11 n 2.00 at -
    record 12 n 2.00 at null
    record 13 r '"new"' o '"new"'
    record 14 o - k - f - n 1.0 at '"2025-07-01T00:00:00Z"'
    record 15 o null f null at null
    printf ' ] }'
} | data columns
columns() # MERGE
{
    project columns <<JSON
{ "name": "columns", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "c", "policy": "update", "ids": "keep", "options": { "table": "c", "fields": { "id": "id",
    "o": "o", "k": "k", "f": "f", "n": "n", "at": "at", "r": "r" } }, "tables": { "c": { "merge": $1 } } } ] }
JSON
}
columns '{ "keep": "k", "fill": ["f"], "newest": "n", "by": "at", "reject": "r" }'
psql_t shop -c "CREATE TABLE version AS SELECT id, xmin::text AS at FROM c"
run 20 shop columns
rows shop "SELECT id, coalesce(o, '-'), k, coalesce(f, '-'), n, to_char(at AT TIME ZONE 'UTC', 'MM'), r, other
    FROM c ORDER BY id" \
    "1|new|live|live|1.00|06|fixed|not mapped
2|live|live|live|1.00|06|fixed|not mapped
3|live|live|live|1.00|06|fixed|not mapped
4|live|live|new|1.00|06|fixed|not mapped
5|new|live|-|1.00|06|fixed|not mapped
6|live|live|live|2.00|07|fixed|not mapped
7|live|live|live|1.00|06|fixed|not mapped
8|live|live|live|1.00|06|fixed|not mapped
9|live|live|live|1.00|06|fixed|not mapped
10|live|live|live|2.00|06|fixed|not mapped
11|live|live|live|1.00|06|fixed|not mapped
12|live|live|live|1.00||fixed|not mapped
13|live|live|live|1.00|06|fixed|not mapped
14|live|live|live|1.00|07|fixed|not mapped
15|-|live|-|1.00||fixed|default"
rows shop "SELECT key, field, code FROM mighost.reject" "13|r|conflict"
# What would not change was not even written again.
rows shop "SELECT string_agg(id::text, ' ' ORDER BY id) FROM c JOIN version v USING (id) WHERE c.xmin::text <> v.at" \
    "1 4 5 6 10 14"
rows shop "SELECT field, rule, sum(count) FROM mighost.repair GROUP BY 1, 2 ORDER BY 1" \
    "at|merge newest: the live value stays|2
f|merge fill: the live value stays|1
k|merge keep: the live value stays|1
n|merge newest: the live value stays|5"
undo_proof shop columns
again 20 shop columns

echo "a rule for all columns, and what is refused in the plan"
psql_t shop -c "UPDATE c SET o = NULL WHERE id = 1"
for rule in overwrite keep fill; do
    columns "{ \"default\": \"$rule\", \"overwrite\": \"k\" }"
    mig 0 shop columns --dry-run
    case $rule in
    overwrite) says "9 to update" ;;
    keep) says "1 to update" ;;
    fill) says "2 to update" ;;
    esac
done
columns '{ "default": "reject" }'
mig 20 shop columns --dry-run
says "9 rejected"
refused() # CODE MERGE WORDS
{
    columns "$2"
    nothing "$1" shop columns
    says "$3"
}
refused 3 '{ "newest": "n" }' 'newest needs a column that the stage fills'
refused 3 '{ "newest": "n", "by": "other" }' 'newest needs a column that the stage fills'
refused 3 '{ "keep": "other" }' 'other is no column that the stage fills'
refused 3 '{ "keep": "k", "fill": ["f", "k"] }' 'k is named twice'
refused 3 '{ "keeps": "k" }' 'did you mean "keep"'
columns '{ "keep": "k" }'
jq '.stages += [ .stages[0] * { name: "d", entity: "c", needs: [ "after:stage:c" ],
    tables: { c: { merge: { keep: "o" } } } } ]' "$TEST_DIR/columns/project.json" >"$TEST_DIR/two"
project columns <"$TEST_DIR/two"
nothing 4 shop columns
says 'two stages say how rows of public.c meet live ones'

# ---- the same person, other ids ----------------------------------------------------------

echo "found by a second key, and those who belong to them"
people() # DB: people of both sides, with pets, and these with toys
{
    pg_createdb "$1"
    psql_t "$1" <<'SQL'
CREATE TABLE person (id int PRIMARY KEY, email text, name text, born date NOT NULL DEFAULT '2025-01-01');
CREATE TABLE card (person_id int PRIMARY KEY REFERENCES person ON DELETE CASCADE, code text);
CREATE TABLE pet (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person ON DELETE CASCADE, name text,
    born date NOT NULL DEFAULT '2025-01-01');
CREATE TABLE toy (id int PRIMARY KEY, pet_id int NOT NULL REFERENCES pet ON DELETE CASCADE, name text);
CREATE UNIQUE INDEX person_email ON person (lower(email));
INSERT INTO person (id, email, name) VALUES (1, 'one@x', 'live'), (2, 'old-two@x', 'live'), (30, 'Three@x', 'live'),
    (4, 'four@x', 'live'), (40, 'new-four@x', 'live'), (50, 'five@x', 'live'), (6, 'six@x', 'live'),
    (7, 'other@x', 'live'), (8, NULL, 'live');
INSERT INTO card VALUES (30, 'live'), (4, 'live'), (40, 'live');
INSERT INTO pet (id, person_id, name)
    VALUES (1, 1, 'live'), (30, 30, 'live'), (4, 4, 'live'), (40, 40, 'live'), (50, 50, 'live');
INSERT INTO toy VALUES (1, 1, 'live'), (4, 4, 'live');
SQL
}
data people <<'JSON'
{ "people": [
    { "id": 1, "email": "ONE@x", "name": "v1" },        { "id": 2, "email": "two@x", "name": "v1" },
    { "id": 3, "email": "three@X", "name": "v1" },      { "id": 4, "email": "new-four@x", "name": "v1" },
    { "id": 5, "email": "five@x", "name": "v1" },       { "id": 55, "email": "Five@x", "name": "v1" },
    { "id": 6, "email": "moved@x", "name": "v1" },      { "id": 66, "email": "SIX@x", "name": "v1" },
    { "id": 8, "email": null, "name": "v1" },           { "id": 9, "email": null, "name": "v1" },
    { "id": 10, "email": "new@x", "name": "v1" } ],
  "cards": [ { "person": 3, "code": "v1" }, { "person": 4, "code": "v1" }, { "person": 10, "code": "v1" } ],
  "pets": [ { "id": 1, "person": 1, "name": "v1" },   { "id": 3, "person": 3, "name": "v1" },
    { "id": 4, "person": 4, "name": "v1" },             { "id": 5, "person": 5, "name": "v1" },
    { "id": 66, "person": 66, "name": "v1" },           { "id": 10, "person": 10, "name": "v1" } ],
  "toys": [ { "id": 1, "pet": 1, "name": "v1" },      { "id": 3, "pet": 3, "name": "v1" },
    { "id": 4, "pet": 4, "name": "v1" },                { "id": 10, "pet": 10, "name": "v1" } ] }
JSON
people_project() # MORE OF PERSON, TABLES OF PETS, MORE OF THE PROJECT
{
    project people <<JSON
{ "name": "people", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "max_delete": "100%" ${3-}, "stages": [
    { "name": "people", "policy": "update", "ids": "keep", "options": { "table": "person",
      "fields": { "id": { "key": "people" }, "email": "email", "name": "name" } },
      "tables": { "person": { "also_match": "lower(email)" ${1-} } } },
    { "name": "cards", "policy": "update", "key": "person", "ids": "keep", "options": { "table": "card",
      "fields": { "person_id": { "key": "people", "from": "person" }, "code": "code" } } },
    { "name": "pets", "policy": "replace", "ids": "keep", "options": { "table": "pet",
      "fields": { "id": "id", "person_id": { "key": "people", "from": "person" }, "name": "name" } },
      "tables": { "pet": { ${2:-"\"scope\": \"false\""} } } },
    { "name": "toys", "policy": "update", "ids": "keep", "options": { "table": "toy",
      "fields": { "id": "id", "pet_id": { "key": "pets", "from": "pet" }, "name": "name" } } } ] }
JSON
}
all="SELECT 'person', id, email, name FROM person UNION ALL SELECT 'card', person_id, NULL, code FROM card
    UNION ALL SELECT 'pet', id, person_id::text, name FROM pet UNION ALL SELECT 'toy', id, pet_id::text, name FROM toy
    ORDER BY 1, 2"
rejects="SELECT stage, key, code, first_cause FROM mighost.reject WHERE run = (SELECT max(id) FROM mighost.run)
    ORDER BY array_position(ARRAY['people', 'cards', 'pets', 'toys'], stage), key::int"
people fold
people_project
run 20 fold people
# 3 is the live 30; 4 fits 4 and 40; 5 and 55 both fit 50. The address of 66 is what 6 gives away.
rows fold "$rejects" "people|4|ambiguous|
people|5|ambiguous|
people|55|ambiguous|
cards|4|parent_rejected|people:4 ambiguous
pets|4|parent_rejected|people:4 ambiguous
pets|5|parent_rejected|people:5 ambiguous
toys|4|parent_rejected|people:4 ambiguous"
rows fold "$all" "card|4||live
card|10||v1
card|30||v1
card|40||live
person|1|ONE@x|v1
person|2|two@x|v1
person|4|four@x|live
person|6|moved@x|v1
person|7|other@x|live
person|8||v1
person|9||v1
person|10|new@x|v1
person|30|three@X|v1
person|40|new-four@x|live
person|50|five@x|live
person|66|SIX@x|v1
pet|1|1|v1
pet|3|30|v1
pet|4|4|live
pet|10|10|v1
pet|30|30|live
pet|40|40|live
pet|50|50|live
pet|66|66|v1
toy|1|1|v1
toy|3|3|v1
toy|4|4|live
toy|10|10|v1"
rows fold "SELECT source_key, final_key FROM mighost.id_map WHERE stage = 'people' ORDER BY source_key::int" "1|1
2|2
3|30
6|6
8|8
9|9
10|10
66|66"
undo_proof fold people
again 20 fold people

echo "once found by it, found again when it has changed"
sed -i 's/three@X/changed@x/' "$TEST_DIR/people/data.json"
run 20 fold people
rows fold "SELECT id, email FROM person WHERE id IN (3, 30)" "30|changed@x"
rows fold "SELECT person_id FROM pet WHERE id = 3" 30
sed -i 's/changed@x/three@X/' "$TEST_DIR/people/data.json"

echo "settled in the target, and taken up again"
psql_t fold -c "UPDATE person SET email = 'elsewhere@x' WHERE id = 40"
mig 20 fold people --redrive 3
rows fold "SELECT p.email, p.name, c.code, t.name, y.name FROM person p JOIN card c ON c.person_id = p.id
    JOIN pet t ON t.person_id = p.id JOIN toy y ON pet_id = t.id WHERE p.id = 4" "new-four@x|v1|v1|v1|v1"
rows fold "SELECT key FROM mighost.reject WHERE run = 4 AND code = 'ambiguous' ORDER BY 1" "5
55"

echo "without an index, by the expression alone; and what the server cannot work out"
people noindex
psql_t noindex -c "DROP INDEX person_email; INSERT INTO person (id, email) VALUES (31, 'THREE@x')"
run 20 noindex people
rows noindex "SELECT key FROM mighost.reject WHERE stage = 'people' ORDER BY key::int" "3
4
5
55
66"
undo_proof noindex people
sed 's/lower(email)/lower(born)/' "$TEST_DIR/people/project.json" >"$TEST_DIR/born"
cp "$TEST_DIR/born" "$TEST_DIR/people/project.json"
nothing 5 noindex people
says 'the server cannot work it out'
people_project '' '' ', "publish": "batched"'
nothing 3 noindex people
says 'are settled for the whole run at once'

# ---- whose rows -----------------------------------------------------------------------------

echo "both groups, and neither"
people_project ', "ownership": { "theirs": "born >= '"'2025-09-01'"'" }'
people whose
psql_t whose -c "UPDATE person SET born = '2025-09-02' WHERE id IN (30, 40, 50)" \
    -c "UPDATE pet SET name = 'theirs' WHERE id = 30"
run 20 whose people
# 30 is theirs, and 3 of the source: nobody touches it, nor gives it what is 3's. 40 and 50 are
# theirs alone; 7 is nobody's.
rows whose "SELECT stage, key, code FROM mighost.reject WHERE stage = 'people' AND key = '3'
    OR first_cause LIKE '%:3 %' ORDER BY 1" \
    "cards|3|parent_rejected
people|3|ownership
pets|3|parent_rejected
toys|3|parent_rejected"
rows whose "SELECT * FROM person p JOIN card c ON person_id = id LEFT JOIN pet t ON t.person_id = p.id
    WHERE p.id = 30" \
    "30|Three@x|live|2025-09-02|30|live|30|30|theirs|2025-01-01"
rows whose "SELECT stage, what, key, final_key FROM mighost.source_change ORDER BY what, final_key::int" \
    "people|both|3|30
people|neither||7"
says 'public.person: 1 live row is the source'
grep -q '"people","both","3","30"' "$BUNDLE/source_changes.csv" || fail "not in source_changes.csv"
undo_proof whose people
again 20 whose people

echo "what an earlier run published is the source's, whatever it looks like"
psql_t whose -c "UPDATE person SET born = '2025-12-01' WHERE id IN (1, 10)"
run 20 whose people
rows whose "SELECT key FROM mighost.source_change WHERE run = (SELECT max(id) FROM mighost.run) AND what = 'both'" 3

echo "only reported; or the end of the run, with nothing written"
people_project ', "ownership": { "theirs": "born >= '"'2025-09-01'"'", "on_both": "report" }'
run 20 whose people
rows whose "SELECT p.name, p.born, c.code FROM person p JOIN card c ON person_id = id WHERE id = 30" "v1|2025-09-02|v1"
mig 0 whose people --rollback
for what in both neither; do
    people_project ', "ownership": { "theirs": "born >= '"'2025-09-01'"'", "on_'$what'": "fail" }'
    nothing 8 whose people
    says "1 live row of public.person is"
    grep -q "\"people\",\"$what\"" "$BUNDLE/source_changes.csv" || fail "their keys are not in the bundle"
done
mig 20 whose people --dry-run --only people
reported 'cannot be told'

# ---- what belongs to whom ----------------------------------------------------------------------

echo "what the source no longer has goes, where its owner is migrated"
owned() # SQL: more of the live rows
{
    people "$1"
    psql_t "$1" <<'SQL'
ALTER TABLE person ADD CHECK (name <> 'bad');
UPDATE person SET born = '2025-09-02' WHERE id = 40;
INSERT INTO pet VALUES (11, 1, 'gone', '2025-01-01'), (12, 1, 'since', '2025-09-05'),
    (77, 7, 'nobody''s', '2025-01-01'), (80, 8, 'of a bad one', '2025-01-01'), (300, 30, 'gone', '2025-01-01');
INSERT INTO toy VALUES (11, 11, 'gone with it'), (111, 1, 'gone'), (40, 40, 'theirs'), (80, 80, 'of a bad one');
SQL
}
people_project ', "ownership": { "theirs": "born >= '"'2025-09-01'"'" }' \
    '"ownership": { "owner": "person_id", "theirs": "born >= '"'2025-09-01'"'" }'
jq '(.stages[] | select(.name == "toys")) += { policy: "replace",
    tables: { toy: { ownership: { owner: "pet_id" } } } }' "$TEST_DIR/people/project.json" >"$TEST_DIR/owned.json"
jq '(.people[] | select(.id == 8)).name = "bad" | .pets += [ { id: 40, person: 1, name: "v1" },
    { id: 81, person: 8, name: "v1" } ]' "$TEST_DIR/people/data.json" | data owned
project owned <"$TEST_DIR/owned.json"
owned owned
run 20 owned owned
rows owned "SELECT p.id, person_id, p.name, t.id, t.name FROM pet p LEFT JOIN toy t ON pet_id = p.id
    ORDER BY 1, 4" "1|1|v1|1|v1
3|30|v1|3|v1
4|4|live|4|live
10|10|v1|10|v1
12|1|since||
40|40|live|40|theirs
50|50|live||
66|66|v1||
77|7|nobody's||
80|8|of a bad one|80|of a bad one
81|8|v1||"
rows owned "SELECT stage, key, code FROM mighost.reject WHERE code <> 'parent_rejected'
    ORDER BY 1, key::int" "people|4|ambiguous
people|5|ambiguous
people|8|check_constraint
people|55|ambiguous
pets|40|ownership"
# 50 is the one that 5 or 55 stands for; 80 would have gone with its owner.
rows owned "SELECT stage, what, key, final_key FROM mighost.source_change WHERE what IN ('both', 'neither')
    ORDER BY stage" "people|neither||7
pets|both|40|40
pets|neither||80"
undo_proof owned owned
again 20 owned owned

echo "what stays with its owner keeps what is its own, and its key"
of_the_bad_one() # PROJECT NAME: of the pet that wants a key
{
    jq --arg name "$2" 'del(.pets[] | select(.id == 4 or .id == 5)) | del(.toys[] | select(.pet == 4)) |
        (.people[] | select(.id == 8)).name = "bad" | (.pets[] | select(.id == 10)).name = $name' \
        "$TEST_DIR/people/data.json" | data "$1"
    project "$1" <"$TEST_DIR/owned.json"
    owned "$1"
}
of_the_bad_one chain v1
run 20 chain chain
rows chain "SELECT count(*) FROM mighost.reject WHERE stage = 'pets'" 0
rows chain "SELECT p.id, t.id FROM pet p JOIN toy t ON pet_id = p.id WHERE p.id >= 11" "40|40
80|80"
undo_proof chain chain
of_the_bad_one wanted 'only one'
psql_t wanted -c "CREATE UNIQUE INDEX pet_only ON pet (name) WHERE name LIKE 'only %'" \
    -c "UPDATE pet SET name = 'only one' WHERE id = 80"
run 20 wanted wanted
rows wanted "SELECT key, code FROM mighost.reject WHERE stage = 'pets'" "10|collision"
rows wanted "SELECT id, name FROM pet WHERE id IN (10, 80)" "80|only one"

echo "without its owners' stage nothing is deleted"
owned part
mig 20 part owned --run --only pets
rows part "SELECT count(*) FROM pet WHERE id IN (11, 300)" 2
reported 'its owners are not migrated in this run'

echo "the application writes between check and publish"
[ -n "$("$MIGHOST" --list-faults)" ] || exit 0
people late
people_project
psql_t late -c "DROP INDEX person_email"
stand 20 late people publish.begin:1
psql_t late -c "INSERT INTO person (id, email, name) VALUES (99, 'NEW@x', 'came meanwhile')"
fingerprint_db late >"$TEST_DIR/before.late"
go_on
rows late "SELECT p.id, p.name, t.id FROM person p LEFT JOIN pet t ON t.person_id = p.id WHERE lower(email) = 'new@x'" \
    "99|v1|10"
ledger late
owned live
jq '(.stages[0].tables.person) += { merge: { fill: "name" } }' "$TEST_DIR/owned.json" | project owned
stand 20 live owned publish.begin:1
psql_t live -c "UPDATE person SET name = 'written meanwhile' WHERE id = 1" \
    -c "UPDATE person SET name = NULL WHERE id = 6" -c "UPDATE person SET born = '2025-10-01' WHERE id = 2" \
    -c "UPDATE pet SET person_id = 7 WHERE id = 300"
fingerprint_db live >"$TEST_DIR/before.live"
go_on
says 'checking again'
rows live "SELECT id, email, name FROM person WHERE id IN (1, 2, 6, 30) ORDER BY 1" "1|ONE@x|written meanwhile
2|old-two@x|live
6|moved@x|v1
30|three@X|live"
rows live "SELECT id, person_id FROM pet WHERE id IN (11, 300)" "300|7"
rows live "SELECT key FROM mighost.source_change WHERE what = 'both' AND stage = 'people'" 2
ledger live
undo_proof live owned

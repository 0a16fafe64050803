# unique.sh - rules of uniqueness of a project: values that another row has, by a folded comparison,
# get a suffix, become NULL, or fell their record. Who keeps the value; suffixes that others have
# already; suffixes that stay, whatever comes later; the same on a copy and in a run in parts;
# what is counted and listed; back to before; rules that cannot be.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb people
psql_t people <<'SQL'
CREATE TABLE person (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), ref text NOT NULL UNIQUE, email text,
    login varchar(8), phone text UNIQUE, tag text);
CREATE UNIQUE INDEX ON person (lower(email));
INSERT INTO person (ref, email, login, phone) VALUES ('app', 'Live@x', 'live', '1');
SQL

document() # STAFF GUESTS
{
    data people <<JSON
{ "staff": [ $1 ], "guests": [ $2 ] }
JSON
}

one() # ID EMAIL LOGIN PHONE TAG
{
    printf '{ "id": %s, "email": "%s", "login": "%s", "phone": "%s", "tag": "%s" }' "$@"
}

stage() # NAME: the rules stand in the first
{
    printf '{ "name": "%s", "policy": "update", "options": { "table": "person", "fields": {
        "id": { "key": "%s" }, "ref": ["id", { "use": "format", "text": "%s{1}" }], "email": "email",
        "login": "login", "phone": ["phone", "text.null_if_empty"], "tag": ["tag", "text.null_if_empty"] } }' \
        "$1" "$1" "$1"
}

rules='"tables": { "person": { "unique": [
    { "column": "tag", "fold": "case" },
    { "column": "email", "fold": ["case", "width", "space"], "on_taken": "suffix", "sign": "+", "before": "@" },
    { "column": "login", "fold": "case", "on_taken": "suffix" },
    { "column": "phone", "on_taken": "null" } ] } }'
project people <<JSON
{ "name": "people", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ $(stage staff), $rules }, $(stage guests), "needs": ["staff"] } ] }
JSON

everyone='SELECT ref, email, login, phone, tag FROM person ORDER BY ref COLLATE "C"'
last='(SELECT max(id) FROM mighost.run)'
lost="SELECT stage, key, field, code FROM mighost.reject WHERE run = $last ORDER BY 1, length(key), 2"

# Wide letters (U+FF41) and a wide at sign (U+FF20) are the same to the eye.
staff="$(one 10 A@x ann 5 ''), $(one 9 a@x ANN 5 k1), $(one 2 live@x bob '' ''), $(one 3 a+1@x bob-1 6 K1),
    $(one 4 'a@x ' ann 1 ''), $(one 5 z@x live '' ''), $(one 6 A+1@x maximum 7 ''), $(one 7 y@x maximum 7 '')"
guests="$(one 1 'ａ@x' guest '' k1), $(one 2 'a＠x' Ann 8 ''), $(one 3 q@x Guest 8 k2)"
document "$staff" "$guests"

echo "a dry run says what will be, and writes nothing"
fingerprint_db people >"$TEST_DIR/before.people"
mig 20 people people --dry-run
unchanged people "a dry run"
cp "$BUNDLE/taken.csv" "$TEST_DIR/dry.csv"

echo "a rehearsal on a copy gives the values that the run will give"
pg_createdb copy
(
    STAGING_DATABASE_URL=$(pg_url copy)
    export STAGING_DATABASE_URL
    mig 0 people people --rehearse
) || exit 1
given='SELECT ref, email, login, phone, tag FROM'
staging=$(psql_t copy -c "SELECT format('mighost.staging_%s_1', max(id)) FROM mighost.run")
psql_t copy -c "$given $staging WHERE _mig_state = 0 ORDER BY ref" >"$TEST_DIR/rehearsed"

echo "the first in the order of stages and keys keeps a value, live rows first; used numbers are left out"
run 20 people people
rows people "$everyone" "app|Live@x|live|1|
guests2|a+3@x|Ann-2|8|
guests3|q@x|Guest||k2
staff10|A+2@x|ann-1|5|
staff2|live+1@x|bob||
staff3|a+1@x|bob-1|6|K1
staff4|a@x |ann||
staff5|z@x|live-1||
staff6|A+1+1@x|maximum|7|"
psql_t people -c "$given person WHERE ref <> 'app' ORDER BY ref" | diff "$TEST_DIR/rehearsed" - ||
    fail "the run gives other values than its rehearsal"
rows people "$lost" "guests|1|tag|taken
staff|7|login|taken
staff|9|tag|taken"
rows people "SELECT reason FROM mighost.reject WHERE run = $last AND stage = 'guests'" \
    "another row has this value; who it is stands in taken.csv"

echo "each is counted and listed, with who keeps the value"
tr -d '\r' <"$BUNDLE/taken.csv" >"$TEST_DIR/listed"
cat >"$TEST_DIR/list" <<'CSV'
"stage","key","table","column","fate","winner"
"guests","1","public.person","tag","reject","staff:3"
"guests","2","public.person","email","suffix","staff:4"
"guests","2","public.person","login","suffix","staff:4"
"guests","3","public.person","phone","null","guests:2"
"staff","10","public.person","email","suffix","staff:4"
"staff","10","public.person","login","suffix","staff:4"
"staff","2","public.person","email","suffix",""
"staff","4","public.person","phone","null",""
"staff","5","public.person","login","suffix",""
"staff","6","public.person","email","suffix","staff:3"
"staff","7","public.person","login","reject","staff:6"
"staff","9","public.person","tag","reject","staff:3"
CSV
diff "$TEST_DIR/list" "$TEST_DIR/listed" || fail "not as listed"
cmp "$TEST_DIR/dry.csv" "$BUNDLE/taken.csv" || fail "the dry run said something else"
is repairs "$(jq -r '.repairs[] | "\(.stage) \(.field) \(.rule) \(.count)"' "$BUNDLE/report.json" | sort)" \
    "guests email taken value got a suffix 1
guests login taken value got a suffix 1
guests phone taken value set to NULL 1
staff email taken value got a suffix 3
staff login taken value got a suffix 2
staff phone taken value set to NULL 1"

{
    echo '"stage","key","field","rule","count"'
    sed -n -e 's/^\("[^,]*,[^,]*\),[^,]*,\([^,]*\),"suffix",.*/\1,\2,"taken value got a suffix"/p' \
        -e 's/^\("[^,]*,[^,]*\),[^,]*,\([^,]*\),"null",.*/\1,\2,"taken value set to NULL"/p' "$TEST_DIR/list"
} >"$TEST_DIR/repairs"
LC_ALL=C sort "$TEST_DIR/repairs" >"$TEST_DIR/wanted"
tr -d '\r' <"$BUNDLE/repairs.csv" | sed '2,$s/,"*[0-9]*"*$//' | LC_ALL=C sort | diff "$TEST_DIR/wanted" - ||
    fail "repairs.csv lists other repairs"

echo "back to before, and the same again, also where check was made twice"
undo_proof people people
psql_t people -c "$everyone" >"$TEST_DIR/once"
mig 0 people people --rollback
(MIGHOST_FAULT=check.done:1:kill mig 137 people people --run) || exit 1
run 20 people people
psql_t people -c "$everyone" | cmp - "$TEST_DIR/once" || fail "other suffixes the second time"

echo "suffixes stay, whoever comes later"
again 20 people people
document "$(one 1 a@x ann 5 ''), $staff" "$(one 0 A@X 'Ann' 5 ''), $guests"
run 20 people people
rows people "SELECT ref, email, login, phone FROM person WHERE ref IN ('staff1', 'guests0') ORDER BY 1" \
    "guests0|A+5@X|Ann-4|
staff1|a+4@x|ann-3|"
psql_t people -c "$(echo "$everyone" | sed "s/ORDER/WHERE ref NOT IN ('staff1', 'guests0') ORDER/")" |
    cmp - "$TEST_DIR/once" || fail "suffixes moved"

echo "a value that is free again goes to the next who has none"
psql_t people -c "DELETE FROM person WHERE ref = 'staff4'"
document "$(one 1 a@x ann 5 ''), $(one 8 A@x new 9 ''), $(one 10 A@x ann 5 '')" "$guests"
run 20 people people
rows people "SELECT ref, email, login FROM person WHERE email ~* '^a(\+[0-9]+)?@' ORDER BY 1" \
    "guests0|A+5@X|Ann-4
guests2|a+3@x|Ann-2
staff1|a+4@x|ann-3
staff10|A+2@x|ann-1
staff3|a+1@x|bob-1
staff8|A@x|new"

echo "a redrive meets what is live by then"
document "$(one 9 a@x ANN 5 k9)" "$guests"
mig 20 people people --redrive 3
rows people "SELECT email, login, phone, tag FROM person WHERE ref = 'staff9'" "a+6@x|ANN||k9"

echo "blanks of all kinds, and marks that nobody sees, are folded where that is declared"
pg_createdb marks
psql_t marks -c "CREATE TABLE person (id uuid PRIMARY KEY, ref text UNIQUE, login text, tag text)"
person() # ID NAME
{
    printf '{ "id": %s, "login": "%s", "tag": "%s" }' "$1" "$2" "$2"
}
data marks <<JSON
{ "people": [ $(person 1 'zoe\u0308'), $(person 2 'zo\u00eb'), $(person 3 '\u00a0zo\u00eb'),
    $(person 4 'zo\u00eb\u3000'), $(person 5 'z\u200bo\u00eb'),
    $(person 6 '\u202azo\u00eb\u202c'), $(person 7 'bob\u000b'), $(person 8 'bob\ufeff'), $(person 9 'bob') ] }
JSON
project marks <<'JSON'
{ "name": "marks", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "people", "policy": "update", "tables": { "person": { "unique": [
      { "column": "login", "fold": ["width", "space", "invisible"], "on_taken": "suffix" },
      { "column": "tag", "fold": "space", "on_taken": "suffix" } ] } },
    "options": { "table": "person", "fields": { "id": { "key": "people" }, "ref": "id",
      "login": "login", "tag": "tag" } } } ] }
JSON
run 0 marks marks
rows marks "SELECT ref, replace(replace(login, chr(776), '(mark)'), chr(11), '(tab)') FROM person ORDER BY ref" \
    "1|zoe(mark)
2|zoë-1
3|zoë-2
4|zoë-3
5|zoë-4
6|zoë-5
7|bob(tab)
8|bob-1
9|bob-2"
rows marks "SELECT ref, tag FROM person WHERE tag ~ '-' ORDER BY ref" "3|zoë-1
4|zoë-2
9|bob-1"
again 0 marks marks

echo "rules that cannot be"
cannot() # JQ TEXT
{
    mkdir -p "$TEST_DIR/bad"
    cp "$TEST_DIR/people/data.json" "$TEST_DIR/bad/"
    jq "(.stages[0].tables.person.unique[0] $1" "$TEST_DIR/people/project.json" >"$TEST_DIR/bad/project.json"
    nothing 3 people bad
    says "$2"
}
cannot '.column) = "ref" | .stages[0].tables.person.match = "ref" | .stages[1].tables.person.match = "ref"' \
    "live rows are found by it"
cannot '.column) = "id"' "it is not of type text"
cannot '.column) = "nobody"' "no stage fills the column"
cannot '.fold) = "cases"' '"fold" of "tag" knows no "cases"'
cannot '.sign) = "a1"' '"sign" of "tag" must be'
cannot '.before) = "ab"' '"before" of "tag" must be'
cannot '.column) = "email"' "two stages give it different rules"

echo "an address gets no suffix that makes it one that no mail comes to"
pg_createdb long
psql_t long -c "CREATE TABLE person (id int PRIMARY KEY, email text UNIQUE)"
part=$(printf '%062d' 0 | tr 0 a)
project long <<'JSON'
{ "name": "long", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "people", "ids": "keep", "options": { "table": "person",
      "fields": { "id": "id", "email": "email" } }, "tables": { "person": { "unique": [
      { "column": "email", "on_taken": "suffix", "sign": "+", "before": "@" } ] } } } ] }
JSON
data long <<JSON
{ "people": [ { "id": 1, "email": "$part@x" }, { "id": 2, "email": "$part@x" },
              { "id": 3, "email": "a$part@x" }, { "id": 4, "email": "a$part@x" } ] }
JSON
run 20 long long
rows long "SELECT id, email FROM person ORDER BY 1" "1|$part@x
2|$part+1@x
3|a$part@x"
rows long "SELECT key, field, code FROM mighost.reject" "4|email|taken"

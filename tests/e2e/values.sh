# values.sh - values that do not fit: each is a reject of its own record, with entity, source key,
# column and rule; the value itself stands in the 0600 files only. The good records of the same
# file are published.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/refusals.sh"

SHOP=$TEST_DIR/shop
mkdir "$SHOP"
cat >"$SHOP/items.sql" <<'SQL'
CREATE TYPE public.kind AS ENUM ('a', 'b');
CREATE DOMAIN public.word AS text CHECK (VALUE ~ '^[a-z]+$');
CREATE TABLE public.parents (id int PRIMARY KEY);
INSERT INTO public.parents VALUES (1);
CREATE TABLE public.things (
    id int PRIMARY KEY, req text NOT NULL, short varchar(5), amount numeric(6,2), small smallint,
    num int, big bigint, uid uuid, doc jsonb, tags text[], day date, moment timestamptz,
    kind public.kind, dom public.word, qty int CONSTRAINT qty_positive CHECK (qty > 0),
    code text CONSTRAINT code_once UNIQUE, ref int CONSTRAINT ref_there REFERENCES public.parents,
    flag bool, span interval, bin bytea, rate float8, grid int[], docs jsonb[]);
INSERT INTO public.things (id, req, code) VALUES (500, 'live', 'c4nary-live');
CREATE INDEX ON public.things (num);
-- The same with a type that mighost has no encoder for: staged by text.
CREATE TABLE public.things_text (LIKE public.things INCLUDING ALL, net inet);
ALTER TABLE public.things_text ADD CONSTRAINT ref_there FOREIGN KEY (ref) REFERENCES public.parents;
INSERT INTO public.things_text (id, req, code) VALUES (500, 'live', 'c4nary-live');
SQL

# KEY|COLUMN|CODE of what must be rejected stand behind each record; "-" where it must be taken.
bad_records()
{
    cat <<'TSV'
{"id": 1, "req": "good"}	-
{"id": 2, "req": null, "short": "c4na"}	2|req|required
{"id": 3, "short": "c4na"}	3|req|required
{"id": 4, "req": "x", "short": "c4nary"}	4|short|too_long
{"id": 5, "req": "x", "amount": 47111.00}	5|amount|out_of_range
{"id": 6, "req": "x", "amount": 4711.239}	6|amount|precision
{"id": 7, "req": "x", "small": 47110}	7|small|out_of_range
{"id": 8, "req": "x", "num": 4711000000}	8|num|out_of_range
{"id": 9, "req": "x", "num": "c4nary"}	9|num|bad_number
{"id": 10, "req": "x", "big": 47110000000000000000}	10|big|out_of_range
{"id": 11, "req": "x", "uid": "c4nary-no-uuid"}	11|uid|bad_uuid
{"id": 12, "req": "x", "doc": "{c4nary"}	12|doc|bad_json
{"id": 13, "req": "x", "tags": "{a,\"c4nary"}	13|tags|bad_array
{"id": 14, "req": "x", "day": "31/13/4711"}	14|day|bad_date
{"id": 15, "req": "x", "day": "4711-02-30"}	15|day|bad_date
{"id": 16, "req": "x", "moment": "2020-01-01 10:00 C4nary/Nowhere"}	16|moment|unknown_zone
{"id": 17, "req": "x", "kind": "c4nary"}	17|kind|bad_label
{"id": 18, "req": "x", "dom": "C4NARY"}	18|dom|domain
{"id": 19, "req": "x", "qty": -4711}	19|qty|check_constraint
{"id": 20, "req": "x", "code": "c4nary-dup"}	-
{"id": 21, "req": "x", "code": "c4nary-dup"}	21|code|duplicate
{"id": 22, "req": "x", "code": "c4nary-live"}	22|code|collision
{"id": 23, "req": "x", "ref": 4711}	23|ref|orphan
{"id": 24, "req": "c4nary\u0000"}	24|req|nul_byte
{"id": 25, "req": "c4nary\ud800"}	||bad_unicode
{"id": 26, "req": "c4nary", "amount": 1e4711}	||bad_number
{"id": 27, "req": "x", "flag": "c4nary"}	27|flag|bad_boolean
{"id": 28, "req": "x", "span": "c4nary"}	28|span|bad_interval
{"id": 29, "req": "x", "bin": "\\xc4nary"}	29|bin|bad_bytes
{"id": 30, "req": "x", "rate": "c4nary"}	30|rate|bad_number
{"id": 31, "req": "x", "grid": [[1], [4711, 2]]}	31|grid|bad_array
{"id": 32, "req": "x", "grid": [4711, "c4nary"]}	32|grid|bad_number
{"id": 33, "req": "x", "docs": "{c4nary}"}	33|docs|bad_json
{"id": 34, "req": "x", "tags": [{"c4nary": 1}]}	34|tags|bad_array
{"id": 35, "req": {"c4nary": 1}}	-
{"id": 1, "req": "c4nary again"}	1|id|duplicate
{"req": "c4nary without id"}	|id|no_key
{"id": null, "req": "c4nary null id"}	|id|no_key
{"id": "", "req": "c4nary empty id"}	|id|no_key
{"id": "k4nary", "req": "x"}	k4nary|id|bad_number
"c4nary"	||not_an_object
{"id": 40, "req": "c4nary", "req": "c4nary"}	||duplicate_field
TSV
    # The last one has a good value of every kind.
    printf '%s' '{"id": 36, "req": "good", "short": "äöüß€", "amount": 9999.99, "small": 32767, ' \
        '"uid": "6f1d2d30-6b6e-4d9e-9a68-0c1d2e3f4a5b", "doc": {"a": [1]}, "tags": ["a,b", "q\"x", ' \
        '"b\\s", null, "NULL", "ü\n"], "day": "2020-02-29", "moment": "2020-02-29T10:00:00Z", ' \
        '"kind": "a", "dom": "word", "qty": 5, "code": "own", "ref": 1, "flag": true, "span": "1 day", ' \
        '"bin": "\\x00ff", "rate": 1e3, "grid": [[1, 2], [3, 4]], "docs": [{"a": "b"}, [1], "t"]}'
    printf '\t-\n'
}

# PostgreSQL's own view of the last record.
whole='36|good|äöüß€|9999.99|32767|6f1d2d30-6b6e-4d9e-9a68-0c1d2e3f4a5b|'\
'{"a": [1]}|{"a,b","q\"x","b\\s",NULL,"NULL","ü
"}|2020-02-29|2020-02-29 10:00:00+00|a|word|5|own|1|t|1 day|\x00ff|1000|{{1,2},{3,4}}|{"{\"a\": \"b\"}",[1],"\"t\""}'

fields='"req": "req", "short": "short", "amount": "amount", "small": "small", "num": "num",
    "big": "big", "uid": "uid", "doc": "doc", "tags": "tags", "day": "day", "moment": "moment",
    "kind": "kind", "dom": "dom", "qty": "qty", "code": "code", "ref": "ref", "flag": "flag",
    "span": "span", "bin": "bin", "rate": "rate", "grid": "grid", "docs": "docs"'

things() # TABLE [FIELD]: the project
{
    cat >"$SHOP/project.json" <<JSON
{ "name": "things", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "things", "ids": "keep", "policy": "insert", "options": {
    "table": "public.$1", "fields": { "id": "id", $fields ${2-} } } } ] }
JSON
}

# What is rejected and why, in the database, in errors.csv and in report.json; the values nowhere
# but in rejects.jsonl.
told()
{
    expected=$(cut -f 2 "$SHOP/records" | grep -v '^-$')
    is "rejects" "$(psql_t "$db" -c "SELECT concat_ws('|', coalesce(key, ''), coalesce(field, ''),
        code) FROM mighost.reject WHERE stage = 'things' ORDER BY record")" "$expected"
    bundle=$(sed -n 's/^run .*; report: //p' "$OUT")
    quoted='"\([^"]*\)"'
    rest='".\{10,\}","[^"]*"$'
    is "errors.csv" "$(sed 1d "$bundle/errors.csv" | tr -d '\r' |
        sed "s/^\"things\",\"[0-9]*\",$quoted,\"[^\"]*\",$quoted,\"rejected\",$quoted,$rest/\1|\2|\3/")" \
        "$expected"
    json "$bundle/report.json" "jsonb_array_length(j -> 'errors') = $(echo "$expected" | wc -l)
        AND (SELECT bool_and(e ? 'entity' AND e ? 'id' AND e ? 'field' AND e ->> 'message' <> '')
            FROM jsonb_array_elements(j -> 'errors') e)"
    is "lines of rejects.jsonl" "$(wc -l <"$bundle/rejects.jsonl")" "$(echo "$expected" | wc -l)"
    # A digest may have these digits by chance.
    is "files with values" "$(cd "$bundle" && find . -type f | sort | while read -r file; do
        sed 's/[0-9a-f]\{64\}//g' "$file" | grep -qiE 'c4na|4711' && echo "$file"; done)" ./rejects.jsonl
    is "modes" "$(find "$bundle" -type f ! -perm 0600 -o -type d ! -perm 0700)" ""
    ! cat "$OUT" "$ERR" | grep -qiE 'c4na|4711' || fail "a value is on the terminal"
}

run_things() # TABLE
{
    bad_records >"$SHOP/records"
    [ -z "${2-}" ] || printf '%s\n' "$2" >>"$SHOP/records"
    { echo '{ "things": ['; cut -f 1 "$SHOP/records" | sed '$!s/$/,/'; echo '] }'; } >"$SHOP/data.json"
    db=things_$1
    things "$1" "${3-}"
    shop_db "$db"
    ends 20 --plugins "$PLUGINS" --project "$SHOP" --work-dir "$TEST_DIR/work" --run --verbose
    told
    is "rows" "$(psql_t "$db" -c "SELECT id, code FROM $1 ORDER BY id")" "1|
20|c4nary-dup
35|
36|own
500|c4nary-live"
    is "a whole record" "$(psql_t "$db" -c "SET TimeZone = 'UTC'; SELECT id, req, short, amount, small,
        uid, doc, tags, day, moment, kind, dom, qty, code, ref, flag, span, bin, rate, grid, docs
        FROM $1 WHERE id = 36")" "$whole"
    ends 0 --plugins "$PLUGINS" --project "$SHOP" --work-dir "$TEST_DIR/work" --rollback
    unchanged "$db"
}

echo "by binary COPY"
run_things things
echo "by text COPY"
run_things things_text '{"id": 37, "req": "x", "net": "c4nary"}	37|net|refused_value' ', "net": "net"'

echo "documents"
document() # CODE TEXT...: the run ends so, for the document on stdin
{
    document_code=$1
    shift
    cat >"$SHOP/data.json"
    ends "$document_code" --plugins "$PLUGINS" --project "$SHOP" --work-dir "$TEST_DIR/work" --run
    says "$@"
}
shop
shop_db shop
printf '' | document 6 "data.json" "empty"
echo '{ "items": [] }' | document 6 "items" "allow_empty"
echo '[]' | document 6 "items"
echo '{ "items": { "id": 1, "name": "one" } }' | document 6 "data.json" "no list of records"
echo '{ "itemz": [ { "id": 1 } ] }' | document 6 "items" "itemz"
echo '{ "items": [ { "id": 1, "name": "a" }' | document 6 "data.json"
echo '{ "items": [ { "id": 1, "name": "a" } ] } garbage' | document 6 "data.json"
printf '\377\376{' | document 6 "data.json"
unchanged shop
sed 's/"file": "data.json"/&, "allow_empty": true/' "$SHOP/project.json" >"$SHOP/new.json"
mv "$SHOP/new.json" "$SHOP/project.json"
echo '{ "items": [] }' | document 0 "0 records read"
unchanged shop
sed 's/"file": "data.json"/"files": {"items": "data.json"}/' "$SHOP/project.json" >"$SHOP/new.json"
mv "$SHOP/new.json" "$SHOP/project.json"
printf '{"id": 1, "name": "a"}\n{"id": 2, "name": "b"}\n' | document 0 "2 records read"
ends 0 --plugins "$PLUGINS" --project "$SHOP" --work-dir "$TEST_DIR/work" --rollback
echo '{"id": 3, "name": "single"}' | document 0 "1 record read"
ends 0 --plugins "$PLUGINS" --project "$SHOP" --work-dir "$TEST_DIR/work" --rollback
unchanged shop

echo "a field that changes late"
shop late
shop_db late
awk 'BEGIN { print "{ \"items\": ["; for (i = 1; i <= 20000; i++)
    printf "{\"id\": %d, \"%s\": \"n\"%s}%s\n", i, i == 19000 ? "nmae" : "name",
        i == 19500 ? ", \"extra\": 1" : "", i < 20000 ? "," : ""; print "] }" }' >"$SHOP/data.json"
ends 20 --plugins "$PLUGINS" --project "$SHOP" --work-dir "$TEST_DIR/work" --run --log-level debug
is "the reject" "$(psql_t late -c 'SELECT number, key, field, code FROM mighost.reject')" \
    "19000|19000|name|required"
says '"nmae"' '"extra"'
is "new fields that are named" "$(sed -n 's/.* has a field \(.*\) that nobody reads$/\1/p' "$ERR" |
    sort -u)" '"extra"
"nmae"'

echo "e-mail addresses that are the same"
SHOP=$TEST_DIR/mail
mkdir "$SHOP"
cat >"$SHOP/items.sql" <<'SQL'
CREATE TABLE public.people (id int PRIMARY KEY, email text NOT NULL);
CREATE UNIQUE INDEX people_email ON public.people (lower(email));
INSERT INTO public.people VALUES (100, 'Live@Example.org');
SQL
cat >"$SHOP/data.json" <<'JSON'
{ "people": [ { "id": 1, "email": "Ann@example.org" }, { "id": 2, "email": "ann@example.org " },
    { "id": 3, "email": "ANN@EXAMPLE.ORG" }, { "id": 4, "email": "live@example.org" },
    { "id": 5, "email": "bob@example.org" } ] }
JSON
cat >"$SHOP/project.json" <<'JSON'
{ "name": "mail", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "people", "ids": "keep", "options": { "table": "public.people",
    "fields": { "id": "id", "email": ["email", "text.trim", "email"] } } } ] }
JSON
shop_db mail
ends 20 --plugins "$PLUGINS" --project "$SHOP" --work-dir "$TEST_DIR/work" --run
is "groups" "$(psql_t mail -c "SELECT key, code, reason FROM mighost.reject ORDER BY record")" \
    "2|duplicate|an earlier record of this run has the same key (index people_email): the one with \
the source key 1 stays
3|duplicate|an earlier record of this run has the same key (index people_email): the one with \
the source key 1 stays
4|collision|a live row that stays, or hands it over in this run, has the same key (index people_email)"
is "people" "$(psql_t mail -c 'SELECT id, email FROM people ORDER BY 1')" "1|Ann@example.org
5|bob@example.org
100|Live@Example.org"
echo "texts that are the same in another Unicode form"
SHOP=$TEST_DIR/forms
mkdir "$SHOP"
cat >"$SHOP/items.sql" <<'SQL'
CREATE TABLE public.people (id int PRIMARY KEY, login text NOT NULL);
CREATE UNIQUE INDEX people_login ON public.people (lower(normalize(login, NFC)));
SQL
cat >"$SHOP/data.json" <<'JSON'
{ "people": [ { "id": 1, "login": "j\u00f6rg" }, { "id": 2, "login": "JO\u0308RG" }, { "id": 3, "login": "jorg" } ] }
JSON
cat >"$SHOP/project.json" <<'JSON'
{ "name": "forms", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "people", "ids": "keep", "options": { "table": "public.people",
    "fields": { "id": "id", "login": "login" } } } ] }
JSON
shop_db forms
ends 20 --plugins "$PLUGINS" --project "$SHOP" --work-dir "$TEST_DIR/work" --run
is "groups" "$(psql_t forms -c "SELECT key, code, substring(reason from 'source key . stays') FROM mighost.reject")" \
    "2|duplicate|source key 1 stays"
is "people" "$(psql_t forms -c 'SELECT id FROM people ORDER BY 1')" "1
3"
echo "done"

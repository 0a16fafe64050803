# bubble_values.sh - what a Bubble-like server gives out arrives as it is: three types with references,
# lists, addresses, files, missing fields, odd names and numbers, compared value by value with the
# files that the server read. Then only what changed, and what is rejected is kept as it was read.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/bubble.sh"

mkdir "$TEST_DIR/data"
python3 - "$TEST_DIR/data" <<'PYTHON'
import json, sys
def thing(kind, i, **fields):
    at = "2022-0%d-01T00:00:%02d.%03dZ" % (1 + i % 9, i % 60, i * 37 % 1000)
    return {"_id": "16%011dx%s%d" % (i, kind * 3, i), "Created Date": at, "Modified Date": at,
            **{k.replace("_", " "): v for k, v in fields.items() if v is not None}}
users = [thing("1", i, **{"authentication": {"email": {"email": "u%d@example.com" % i, "email_confirmed": None}},
                          "Display Name": 'Ünï "c" \\ %d\t🙂' % i, "Orgs ": i if i % 4 else None,
                          "user signed up": True}) for i in range(250)]
rentals = [thing("2", i, Owner=users[i * 7 % 250]["_id"], Price=[0, 0.1, 1e15, -12.5, 3][i % 5],
                 Photos=["//s3.amazonaws.com/appforest_uf/f%dx1/a.png" % i] if i % 2 else [],
                 Cover="//abc.cdn.bubble.io/f%dx1/%%20b.png" % i if i % 3 else "//other.example.com/x",
                 Place={"address": "Long Street %d" % i, "lat": 48.1 + i, "lng": -0.5} if i % 5 else None,
                 **{"100% paid?": bool(i % 2) if i % 7 else None, "Status": ["open", "closed"][i % 2]})
           for i in range(180)]
talks = [thing("3", i, Text="talk %d" % i, Rental=rentals[i % 180]["_id"] if i % 9 else "1600000000000x999999999999999")
         for i in range(90)]
for name, things in ("user", users), ("rentalunit", rentals), ("talk", talks):
    with open("%s/%s.jsonl" % (sys.argv[1], name), "w", encoding="utf-8") as f:
        f.writelines(json.dumps(t, ensure_ascii=False) + "\n" for t in things)
PYTHON

pg_createdb app
psql_t app -c 'CREATE SCHEMA t' \
    -c 'CREATE TABLE t.person (id uuid PRIMARY KEY, uid text NOT NULL UNIQUE, email text, name text, orgs int,
        signed bool NOT NULL)' \
    -c 'CREATE TABLE t.rental (id uuid PRIMARY KEY, uid text NOT NULL, owner_id uuid NOT NULL REFERENCES t.person,
        price numeric, photos jsonb, cover text, place jsonb, lat float8, paid bool, status text, made timestamptz)' \
    -c 'CREATE TABLE t.talk (id uuid PRIMARY KEY, uid text NOT NULL, rental_id uuid NOT NULL REFERENCES t.rental,
        words text, changed timestamptz)' \
    -c 'CREATE TABLE raw (type text, j jsonb)'
for type in user rentalunit talk; do
    python3 -c 'import json, sys
for line in open(sys.argv[1] + "/" + sys.argv[2] + ".jsonl"):
    print(sys.argv[2], json.dumps(json.loads(line)).replace("\\", "\\\\"), sep="\t")' "$TEST_DIR/data" "$type"
done >"$TEST_DIR/raw"
psql_t app -c '\copy raw FROM '"$TEST_DIR/raw"

serve --data "$TEST_DIR/data"
project app <<'JSON'
{ "name": "app", "target": { "url": "${DATABASE_URL}", "schema": "t" }, "backup": { "scope": "none" },
  "sources": { "b": { "use": "bubble", "options": { "url": "${BUBBLE_URL}", "api_key": "${BUBBLE_API_KEY}" } } },
  "stages": [
    { "name": "people", "entity": "User", "key": "_id", "policy": "update", "options": { "table": "person",
      "fields": { "id": { "key": "people" }, "uid": "_id", "email": "authentication.email.email",
        "name": "Display Name", "orgs": "Orgs ", "signed": "user signed up" } } },
    { "name": "rentals", "entity": "Rental Unit", "key": "_id", "policy": "update", "options": { "table": "rental",
      "fields": { "id": { "key": "rentals" }, "uid": "_id", "owner_id": { "key": "people", "from": "Owner" },
        "price": "Price", "photos": "Photos", "cover": "Cover", "place": "Place", "lat": "Place.lat",
        "paid": "100% paid?", "status": "Status", "made": "Created Date" } } },
    { "name": "talks", "entity": "talk", "key": "_id", "policy": "update",
      "incremental": { "field": "Modified Date", "overlap": "0s" }, "options": { "table": "talk",
      "fields": { "id": { "key": "talks" }, "uid": "_id", "rental_id": { "key": "rentals", "from": "Rental" },
        "words": "Text", "changed": "Modified Date" } } } ] }
JSON
run 20 app app

echo "value by value"
rows app "SELECT count(*) FROM t.person p JOIN raw ON type = 'user' AND p.uid = j ->> '_id' WHERE
    (email, name, orgs, signed) IS NOT DISTINCT FROM (j #>> '{authentication,email,email}', j ->> 'Display Name',
        (j ->> 'Orgs ')::int, (j ->> 'user signed up')::bool)" 250
rows app "SELECT count(*) FROM t.rental r JOIN t.person p ON p.id = owner_id JOIN raw ON type = 'rentalunit' AND
    r.uid = j ->> '_id' WHERE p.uid = j ->> 'Owner' AND
    (price, photos, place, paid, status, made, lat) IS NOT DISTINCT FROM ((j ->> 'Price')::numeric,
        nullif(j -> 'Photos', '[]'), j -> 'Place', (j ->> '100% paid?')::bool, j ->> 'Status',
        (j ->> 'Created Date')::timestamptz, (j #>> '{Place,lat}')::float8) AND
    cover = CASE WHEN j ->> 'Cover' LIKE '//abc%' THEN 'https:' ELSE '' END || (j ->> 'Cover')" 180
rows app "SELECT count(*), count(*) FILTER (WHERE t.words = j ->> 'Text' AND r.uid = j ->> 'Rental') FROM t.talk t
    JOIN t.rental r ON r.id = rental_id JOIN raw ON type = 'talk' AND t.uid = j ->> '_id'" "80|80"
reported '"https_put_first"'
is "fields" "$(psql_t app -v file="$BUNDLE/report.json" <<'SQL'
\set content `cat :'file'`
WITH told AS (SELECT lower(replace(s ->> 'name', 'rentals', 'rentalunit')) AS stage, f ->> 'field' AS field,
    (f ->> 'values')::bigint AS n FROM json_array_elements(:'content'::json -> 'stages') s,
    json_array_elements(s -> 'fields') f), held AS (SELECT replace(replace(type, 'user', 'people'), 'talk',
    'talks') AS stage, key AS field, count(*) FILTER (WHERE value NOT IN ('', '[]')) AS n
    FROM raw, jsonb_each_text(j) GROUP BY 1, 2)
SELECT 'told', * FROM (TABLE told EXCEPT TABLE held) x UNION ALL SELECT 'held', * FROM (TABLE held EXCEPT TABLE told) y;
SQL
)" ""

echo "what is rejected is kept as it was read"
rows app "SELECT count(*), bool_and(j = raw::jsonb) FROM mighost.reject
    JOIN raw ON type = 'talk' AND j ->> '_id' = key" "10|t"
is "requests by id" "$(requests '_id%22%2c%22constraint_type%22%3a%22in')" 1

echo "only what changed"
before=$(requests /obj/talk)
run 0 app app
[ "$(requests 'Modified+Date%22%2c%22constraint_type%22%3a%22greater+than')" -gt 0 ] || fail "all talks were read"
[ "$(($(requests /obj/talk) - before))" -le 4 ] || fail "too many requests"
rows app "SELECT count(*) FROM t.talk" 80

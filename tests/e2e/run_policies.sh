# run_policies.sh - what each policy does to rows that are new, the same, different and gone, one
# table a policy in one run; then the same run again, and the rules of deleting.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

# Every table begins with the same four rows; the document lacks 4 and brings 3.
tables='p_insert p_skip p_update p_replace p_reject'
pg_createdb shop
for t in $tables; do
    psql_t shop -c "CREATE TABLE $t (id int PRIMARY KEY, name text NOT NULL, price numeric(8,2),
        note text DEFAULT 'none'); INSERT INTO $t VALUES (1, 'same', 1.10, 'kept'),
        (2, 'old', 2.00, 'kept'), (4, 'gone', 4.00, 'kept'), (5, 'gone too', 5.00, 'kept')"
done
data policies <<'JSON'
{ "items": [ { "id": 1, "name": "same", "price": 1.10 }, { "id": 2, "name": "new", "price": 2.50 },
             { "id": 3, "name": "third", "price": 3 } ],
  "fresh": [ { "id": 6, "name": "sixth", "price": 6 } ] }
JSON
stage() # NAME ENTITY TABLE POLICY [NEED]
{
    printf '{ "name": "%s", "entity": "%s", "policy": "%s", "ids": "keep", "needs": [%s], "options":
        { "table": "%s", "fields": { "id": "id", "name": "name", "price": "price" } } }' \
        "$1" "$2" "$4" "${5-}" "$3"
}
project policies <<JSON
{ "name": "policies", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "max_delete": "60%",
  "stages": [ $(stage insert items p_insert insert), $(stage skip items p_skip skip),
    $(stage update items p_update update), $(stage replace items p_replace replace),
    $(stage reject items p_reject reject), $(stage fresh fresh p_reject reject '"after:stage:reject"') ] }
JSON

echo "a verbose dry run says what will be done with each record"
mig 20 shop policies --dry-run --verbose
sed -n 's/^\[[^]]*\] debug: \([a-z]* record .*\)/\1/p' "$ERR" >"$TEST_DIR/decided"
cat >"$TEST_DIR/decisions" <<'TEXT'
insert record 2: rejected, exists
reject record 1: rejected, exists
reject record 2: rejected, exists
insert record 1: is the same as in "public"."p_insert"
insert record 3: inserts into "public"."p_insert"
skip record 1: is the same as in "public"."p_skip"
skip record 2: leaves the live row in "public"."p_skip"
skip record 3: inserts into "public"."p_skip"
update record 1: is the same as in "public"."p_update"
update record 2: updates "public"."p_update"
update record 3: inserts into "public"."p_update"
replace record 1: is the same as in "public"."p_replace"
replace record 2: updates "public"."p_replace"
replace record 3: inserts into "public"."p_replace"
reject record 3: inserts into "public"."p_reject"
fresh record 1: inserts into "public"."p_reject"
TEXT
diff "$TEST_DIR/decisions" "$TEST_DIR/decided" || fail "other decisions"

echo "each policy"
run 20 shop policies
rows shop "SELECT * FROM p_insert ORDER BY id" "1|same|1.10|kept
2|old|2.00|kept
3|third|3.00|none
4|gone|4.00|kept
5|gone too|5.00|kept"
rows shop "SELECT * FROM p_skip ORDER BY id" "1|same|1.10|kept
2|old|2.00|kept
3|third|3.00|none
4|gone|4.00|kept
5|gone too|5.00|kept"
rows shop "SELECT * FROM p_update ORDER BY id" "1|same|1.10|kept
2|new|2.50|kept
3|third|3.00|none
4|gone|4.00|kept
5|gone too|5.00|kept"
rows shop "SELECT * FROM p_replace ORDER BY id" "1|same|1.10|kept
2|new|2.50|kept
3|third|3.00|none"
rows shop "SELECT * FROM p_reject ORDER BY id" "1|same|1.10|kept
2|old|2.00|kept
3|third|3.00|none
4|gone|4.00|kept
5|gone too|5.00|kept
6|sixth|6.00|none"
rows shop "SELECT stage, key, code FROM mighost.reject WHERE run = $ledger_run ORDER BY 1, 2" "insert|2|exists
reject|1|exists
reject|2|exists"
undo_proof shop policies
again 20 shop policies

# ---- per table, within one stage's policy ------------------------------------------------

echo "a table's own policy"
psql_t shop -c "CREATE TABLE own (id int PRIMARY KEY, name text); INSERT INTO own VALUES (1, 'old')"
data own <<'JSON'
{ "own": [ { "id": 1, "name": "new" } ] }
JSON
own() # POLICY OF THE STAGE, POLICY OF THE TABLE
{
    project own <<JSON
{ "name": "own", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "own", "policy": "$1", "ids": "keep", "tables": { "own": { "policy": "$2" } },
    "options": { "table": "own", "fields": { "id": "id", "name": "name" } } } ] }
JSON
}
own update skip
run 0 shop own
rows shop "SELECT * FROM own" "1|old"
own skip update
run 0 shop own
rows shop "SELECT * FROM own" "1|new"

# ---- replace -----------------------------------------------------------------------------

echo "replace"
psql_t shop -c "CREATE TABLE r (id int PRIMARY KEY, name text NOT NULL, origin text DEFAULT 'v1');
    CREATE TABLE other (id int PRIMARY KEY, name text);
    INSERT INTO other VALUES (1, 'never named')"
live()
{
    psql_t shop -c "TRUNCATE r; INSERT INTO r SELECT i, 'live ' || i, CASE WHEN i % 2 = 0 THEN 'v1'
        ELSE 'app' END FROM generate_series(1, 20) i"
}
replace() # MAX_DELETE SCOPE MORE
{
    project replace <<JSON
{ "name": "replace", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "max_delete": "$1",
  "stages": [ { "name": "r", "policy": "replace", "ids": "keep", "options": { "table": "r",
        "fields": { "id": "id", "name": "name" } }, "tables": { "r": { ${2-} } } },
      { "name": "o", "policy": "update", "ids": "keep", "options": { "table": "other",
        "fields": { "id": "id", "name": "name" } } } ]${3-} }
JSON
}
some() # FIRST LAST: a document of these records, the same as the live ones
{
    seq "$1" "$2" | sed 's/.*/{ "id": &, "name": "live &" }/' | paste -s -d ,
}
live
printf '{ "r": [ %s ], "o": [ { "id": 2, "name": "x" } ] }' "$(some 3 20)" | data replace
replace 10%
run 0 shop replace # two of twenty: exactly the share that needs no word
rows shop "SELECT min(id), count(*) FROM r" "3|18"
undo_proof shop replace
rows shop "SELECT * FROM other ORDER BY id" "1|never named
2|x"
live
replace 9.9%
nothing 8 shop replace
says "would delete 2 of 20 rows of public.r"
run 0 shop replace --yes
rows shop "SELECT min(id), count(*) FROM r" "3|18"

echo "replace within a scope"
live
replace 100% '"scope": "origin = '"'v1'"'"'
run 0 shop replace
rows shop "SELECT id FROM r WHERE id < 5 ORDER BY id" "1
3
4"
undo_proof shop replace
again 0 shop replace

echo "replace keeps the rows of rejected records"
live
printf '{ "r": [ { "id": 1 }, { "id": 2, "name": null }, { "id": 3, "name": "x", "name": "y" }, %s ],
    "o": [ { "id": 3 } ] }' "$(some 5 20)" | data replace
replace 100% '' ', "backup": { "scope": "none" }'
run 20 shop replace # 3 cannot be read: its key is not known, so nothing may be deleted
rows shop "SELECT id, name FROM r WHERE id < 5 ORDER BY id" "1|live 1
2|live 2
3|live 3
4|live 4"
reported "no live row is deleted"
printf '{ "r": [ { "id": 2, "name": null }, { "id": 3, "name": [1] }, %s ], "o": [ { "id": 3 } ] }' \
    "$(some 5 20)" | data replace
run 20 shop replace
rows shop "SELECT id, name FROM r WHERE id < 5 ORDER BY id" "2|live 2
3|[1]"
undo_proof shop replace

echo "replace from an incomplete source"
live
printf '{ "r": [ %s' "$(some 5 20)" | data replace
nothing 6 shop replace
printf '{ "r": [], "o": [] }' | data replace
nothing 6 shop replace # without allow_empty an empty list is no statement that all rows went
printf '{ "r": [ %s ], "o": [ { "id": 3 } ] }' "$(some 5 20)" | data replace
run 0 shop replace --only r
rows shop "SELECT count(*) FROM r" 20

# ---- a value, NULL, nothing --------------------------------------------------------------

echo "value, NULL, absent"
psql_t shop <<'SQL'
CREATE SEQUENCE ticket START 100;
CREATE TABLE v (id int PRIMARY KEY, a text DEFAULT 'default', n int DEFAULT 7, m int NOT NULL DEFAULT 8,
    at timestamptz DEFAULT '2020-01-02 03:04:05+00', u uuid DEFAULT gen_random_uuid(),
    t int DEFAULT nextval('ticket'), g text GENERATED ALWAYS AS (upper(a)) STORED,
    unmapped text DEFAULT 'not in the mapping');
INSERT INTO v (id, a, n, unmapped) VALUES (4, 'live', 40, 'x'), (5, 'live', 50, 'x'), (6, 'live', 60, 'x');
SQL
data values <<'JSON'
{ "v": [ { "id": 1, "a": "value", "n": 1, "m": 1, "at": "2021-01-01T00:00:00Z",
           "u": "11111111-1111-4111-8111-111111111111", "t": 1 },
         { "id": 2, "a": null, "n": null, "at": null, "u": null, "t": null },
         { "id": 3 },
         { "id": 4, "a": "new" }, { "id": 5, "a": null }, { "id": 6, "n": null },
         { "id": 7, "m": null }, { "id": 8, "a": "" } ] }
JSON
project values <<'JSON'
{ "name": "values", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "v", "policy": "update", "ids": "keep", "options": { "table": "v", "fields":
    { "id": "id", "a": "a", "n": "n", "m": "m", "at": "at", "u": "u", "t": "t" } } } ] }
JSON
run 20 shop values
rows shop "SELECT id, coalesce(a, '-'), coalesce(n, -1), m, at AT TIME ZONE 'UTC', u IS NULL,
    coalesce(t, -1), coalesce(g, '-'), unmapped FROM v ORDER BY id" \
    "1|value|1|1|2021-01-01 00:00:00|f|1|VALUE|not in the mapping
2|-|-1|8||t|-1|-|not in the mapping
3|default|7|8|2020-01-02 03:04:05|f|103|DEFAULT|not in the mapping
4|new|40|8|2020-01-02 03:04:05|f|100|NEW|x
5|-|50|8|2020-01-02 03:04:05|f|101|-|x
6|live|-1|8|2020-01-02 03:04:05|f|102|LIVE|x
8||7|8|2020-01-02 03:04:05|f|104||not in the mapping"
rows shop "SELECT key, code, field FROM mighost.reject JOIN mighost.run ON run.id = reject.run
    WHERE run.id = (SELECT max(id) FROM mighost.run)" "7|required|m"
rows shop "SELECT count(DISTINCT u) FROM v" 6
again 20 shop values

# ---- a dry run ---------------------------------------------------------------------------

echo "dry run"
psql_t shop -c "UPDATE v SET a = 'changed'; DELETE FROM v WHERE id = 1"
fingerprint_db shop >"$TEST_DIR/before.shop"
mig 20 shop values --dry-run
unchanged shop "a dry run"
says "1 to insert, 4 to update"
rows shop "SELECT count(*) FROM pg_class WHERE relname ~ '^(staging|match|delete|before)_'
    AND relname LIKE '%\_' || (SELECT max(id) FROM mighost.run) || '\_%'" 0
echo "ok"

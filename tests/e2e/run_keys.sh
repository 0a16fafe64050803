# run_keys.sh - unique indexes of every shape, within the source and against live rows; rows that
# are found by a natural key and keep the key that the application gave them.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

rejects="SELECT stage, key, code FROM mighost.reject WHERE run = (SELECT max(id) FROM mighost.run)
    ORDER BY 1, number"

# ---- collisions --------------------------------------------------------------------------

echo "collisions"
pg_createdb keys
psql_t keys <<'SQL'
CREATE EXTENSION citext;
CREATE TABLE plain (id int PRIMARY KEY, email text CONSTRAINT plain_email UNIQUE);
CREATE TABLE expression (id int PRIMARY KEY, email text, first text, last text);
CREATE UNIQUE INDEX ON expression (lower(email));
CREATE UNIQUE INDEX ON expression ((first || ' ' || last), (id % 2));
CREATE TABLE partial (id int PRIMARY KEY, code text, active bool);
CREATE UNIQUE INDEX ON partial (code) WHERE active;
CREATE TABLE ci (id int PRIMARY KEY, login citext UNIQUE, note text);
CREATE TABLE pair (id int PRIMARY KEY, a int, b text, UNIQUE (a, b));
CREATE TABLE late (id int PRIMARY KEY, place int UNIQUE DEFERRABLE INITIALLY DEFERRED);
INSERT INTO plain VALUES (1, 'one@x'), (2, 'two@x'), (3, 'three@x');
INSERT INTO expression VALUES (1, 'One@x', 'a', 'b');
INSERT INTO partial VALUES (1, 'A', true), (2, 'B', false);
INSERT INTO ci VALUES (1, 'Ann', 'live');
INSERT INTO pair VALUES (1, 1, 'x'), (2, 1, NULL);
INSERT INTO late VALUES (1, 1), (2, 2);
SQL
data keys <<'JSON'
{ "plain": [
    { "id": 4, "email": "one@x" }, { "id": 5, "email": "five@x" }, { "id": 6, "email": "five@x" },
    { "id": 5, "email": "other@x" }, { "id": 7, "email": null }, { "id": 8, "email": null },
    { "id": 9, "email": "Five@x" }, { "id": 2, "email": "moved@x" }, { "id": 10, "email": "two@x" },
    { "id": 3, "email": "one@x" } ],
  "expression": [
    { "id": 2, "email": "ONE@X" }, { "id": 3, "email": "Three@x" }, { "id": 4, "email": "three@X" },
    { "id": 5, "first": "a", "last": "b" }, { "id": 6, "first": "a", "last": "b" },
    { "id": 8, "first": "a", "last": "b" }, { "id": 10, "first": "a", "last": null } ],
  "partial": [
    { "id": 3, "code": "A", "active": true }, { "id": 4, "code": "A", "active": false },
    { "id": 5, "code": "B", "active": true }, { "id": 6, "code": "B", "active": true },
    { "id": 7, "code": "B", "active": null } ],
  "ci": [
    { "id": 2, "login": "ANN", "note": "x" }, { "id": 3, "login": "Bob", "note": "tab\tnew\nline \\N \\. \"q\"" },
    { "id": 4, "login": "bOB", "note": "x" }, { "id": 5, "login": null, "note": null },
    { "id": 6, "login": "\\N", "note": "" }, { "id": 7, "login": "Zoë 漢字 😀\r\n", "note": "\u0001" },
    { "id": 1, "login": "ANN" } ],
  "pair": [
    { "id": 3, "a": 1, "b": "x" }, { "id": 4, "a": 1, "b": null }, { "id": 5, "a": null, "b": "x" },
    { "id": 6, "a": null, "b": "x" }, { "id": 7, "a": 1, "b": "y" } ],
  "late": [ { "id": 1, "place": 2 }, { "id": 2, "place": 1 }, { "id": 3, "place": 3 }, { "id": 4, "place": 3 } ] }
JSON
stage() # NAME FIELD...
{
    stage_name=$1
    shift
    printf '{ "name": "%s", "policy": "update", "ids": "keep", "options": { "table": "%s", "fields": {' \
        "$stage_name" "$stage_name"
    printf '"%s": "%s"' "$1" "$1"
    shift
    for field; do printf ', "%s": "%s"' "$field" "$field"; done
    printf '} } }'
}
project keys <<JSON
{ "name": "keys", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ $(stage plain id email), $(stage expression id email first last),
    $(stage partial id code active), $(stage ci id login note), $(stage pair id a b),
    $(stage late id place) ] }
JSON
run 20 keys keys
rows keys "SELECT * FROM plain ORDER BY id" "1|one@x
2|moved@x
3|three@x
5|five@x
7|
8|
9|Five@x
10|two@x"
rows keys "SELECT * FROM expression ORDER BY id" "1|One@x|a|b
3|Three@x||
6||a|b
10||a|"
rows keys "SELECT * FROM partial ORDER BY id" "1|A|t
2|B|f
4|A|f
5|B|t
7|B|"
rows keys "SELECT id, replace(login::text, E'\r', '<CR>'), quote_nullable(note), length(login)
    FROM ci ORDER BY id" \
    "1|Ann|'live'|3
3|Bob|E'tab	new
line \\\\N \\\\. \"q\"'|3
5||NULL|
6|\\N|''|2
7|Zoë 漢字 😀<CR>
|$(printf "'\001'")|10"
rows keys "SELECT * FROM pair ORDER BY id" "1|1|x
2|1|
4|1|
5||x
6||x
7|1|y"
rows keys "SELECT * FROM late ORDER BY id" "1|2
2|1
3|3"
# A loser does not come back when its winner falls: neither 4 nor 3 gets one@x.
rows keys "$rejects" "ci|2|collision
ci|4|duplicate
ci|1|duplicate
expression|2|collision
expression|4|duplicate
expression|5|collision
expression|8|duplicate
late|4|duplicate
pair|3|collision
partial|3|collision
partial|6|duplicate
plain|4|collision
plain|6|duplicate
plain|5|duplicate
plain|3|duplicate"
undo_proof keys keys
again 20 keys keys

# Of two rows that an exclusion constraint does not let stand together one is refused, as with a key.
echo "exclusion constraints"
psql_t keys <<'SQL'
CREATE TABLE stay (id int PRIMARY KEY, room text, days daterange, EXCLUDE USING gist (days WITH &&)
    WHERE (room <> 'hall'));
CREATE TABLE span (id int PRIMARY KEY, room text, days daterange, EXCLUDE USING gist (days WITH &&) DEFERRABLE
    INITIALLY DEFERRED);
CREATE TABLE even (id int PRIMARY KEY, n int, EXCLUDE USING btree ((abs(n)) WITH =));
INSERT INTO stay VALUES (1, 'a', '[2024-01-01,2024-01-10)'), (2, 'a', '[2024-02-01,2024-02-10)');
INSERT INTO span SELECT * FROM stay;
INSERT INTO even VALUES (1, 1), (2, 2);
SQL
stays='[ { "id": 1, "room": "a", "days": "[2024-01-01,2024-01-20)" }, { "id": 3, "room": "a", "days":
    "[2024-01-15,2024-01-16)" }, { "id": 4, "room": "a", "days": "[2024-02-05,2024-02-20)" }, { "id": 5, "room": "hall",
    "days": "[2024-02-01,2024-02-20)" }, { "id": 6, "room": "a", "days": null }, { "id": 7, "room": "a", "days":
    "[2024-03-01,2024-03-20)" }, { "id": 8, "room": "a", "days": "empty" } ]'
data apart <<JSON
{ "stay": $stays, "span": $stays, "even": [ { "id": 1, "n": 3 }, { "id": 3, "n": -1 }, { "id": 4, "n": -2 },
    { "id": 5, "n": 3 }, { "id": 6, "n": null } ] }
JSON
project apart <<JSON
{ "name": "apart", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ $(stage stay id room days), $(stage span id room days), $(stage even id n) ] }
JSON
run 20 keys apart
rows keys "SELECT string_agg(id::text, ' ' ORDER BY id) FROM stay" "1 2 5 6 7 8"
rows keys "SELECT string_agg(id::text, ' ' ORDER BY id) FROM span" "1 2 6 7 8"
rows keys "SELECT string_agg(concat_ws(':', id, n), ' ' ORDER BY id) FROM even" "1:3 2:2 3:-1 6"
rows keys "$rejects" "even|4|collision
even|5|duplicate
span|3|duplicate
span|4|collision
span|5|duplicate
stay|3|duplicate
stay|4|collision"
undo_proof keys apart
again 20 keys apart
mig 0 keys apart --rollback

# A key that changes hands between two live rows: a deferrable constraint takes it (table late);
# with any other the order of single row writes would decide, here and at undo.
echo "keys that change hands"
data hands <<'JSON'
{ "plain": [ { "id": 8, "email": "new@x" }, { "id": 2, "email": "five@x" }, { "id": 5, "email": "moved@x" } ] }
JSON
project hands <<JSON
{ "name": "hands", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ $(stage plain id email) ] }
JSON
run 20 keys hands
rows keys "SELECT * FROM plain WHERE id IN (2, 5, 8) ORDER BY 1" "2|moved@x
5|five@x
8|new@x"
rows keys "$rejects" "plain|2|collision
plain|5|collision"
undo_proof keys hands

# One that a live row gives away: a new row takes it at once, for updates come before inserts; another
# live row takes it in the next run, then all is said.
echo "a key that is given away"
data given <<'JSON'
{ "plain": [ { "id": 5, "email": "six@x" }, { "id": 2, "email": "five@x" }, { "id": 8, "email": "eight@x" },
    { "id": 19, "email": "new@x" } ] }
JSON
project given <<JSON
{ "name": "given", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ $(stage plain id email) ] }
JSON
given="SELECT * FROM plain WHERE id IN (2, 5, 8, 19) ORDER BY 1"
run 20 keys given
rows keys "$given" "2|moved@x
5|six@x
8|eight@x
19|new@x"
rows keys "$rejects" "plain|2|collision"
run 0 keys given
says "1 changed (0 inserted, 1 updated, 0 deleted)"
rows keys "$given" "2|five@x
5|six@x
8|eight@x
19|new@x"
again 0 keys given
for last in 0 1 2; do
    mig 0 keys given --rollback
done
rows keys "$given" "2|moved@x
5|five@x
8|new@x"

# ---- the live key wins -------------------------------------------------------------------

echo "matched by another key"
pg_createdb natural
psql_t natural <<'SQL'
CREATE TABLE account (id uuid PRIMARY KEY, email text NOT NULL UNIQUE, name text);
CREATE TABLE note (id uuid PRIMARY KEY, account_id uuid REFERENCES account, reviewer uuid, what text);
INSERT INTO account VALUES ('aaaaaaaa-0000-4000-8000-000000000001', 'ann@x', 'Ann'),
    ('aaaaaaaa-0000-4000-8000-000000000002', 'bob@x', 'Bob');
INSERT INTO note VALUES ('bbbbbbbb-0000-4000-8000-000000000001',
    'aaaaaaaa-0000-4000-8000-000000000001', NULL, 'live');
SQL
data natural <<'JSON'
{ "accounts": [ { "id": "u1", "email": "ann@x", "name": "Ann B." }, { "id": "u2", "email": "bob@x", "name": "Bob" },
                { "id": "u3", "email": "eve@x", "name": "Eve" }, { "id": "u4", "email": "ann@x", "name": "Again" } ],
  "notes": [ { "id": "n1", "account": "u1", "by": "u2", "what": "of Ann" },
             { "id": "n2", "account": "u2", "what": "of Bob" },
             { "id": "n3", "account": "u3", "by": "u1", "what": "of Eve" },
             { "id": "n4", "account": "u4", "what": "of her, too" } ] }
JSON
natural() # POLICY
{
    project natural <<JSON
{ "name": "natural", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [
    { "name": "accounts", "policy": "$1", "tables": { "account": { "match": ["email"] } },
      "options": { "table": "account", "fields": { "id": { "key": "accounts" },
        "email": "email", "name": "name" } } },
    { "name": "notes", "policy": "update", "tables": { "note": { "references": [ { "columns": ["reviewer"],
        "to": "account", "to_columns": ["id"] } ] } },
      "options": { "table": "note", "fields": { "id": { "key": "notes" }, "account_id": { "key": "accounts",
        "from": "account" }, "reviewer": { "key": "accounts", "from": "by" }, "what": "what" } } } ] }
JSON
}
natural update
run 20 natural natural
rows natural "SELECT id, name FROM account WHERE email <> 'eve@x' ORDER BY email" \
    "aaaaaaaa-0000-4000-8000-000000000001|Ann B.
aaaaaaaa-0000-4000-8000-000000000002|Bob"
rows natural "SELECT n.what, a.email, r.email FROM note n JOIN account a ON a.id = account_id
    LEFT JOIN account r ON r.id = reviewer ORDER BY 1" "live|ann@x|
of Ann|ann@x|bob@x
of Bob|bob@x|
of Eve|eve@x|ann@x
of her, too|ann@x|"
# u4 is refused, as u1 has its row already; its note has a parent all the same, the live one.
# Only the id of the new row is the computed one.
rows natural "SELECT source_key, final_key = a.id::text, substr(final_key, 15, 1) FROM mighost.id_map
    JOIN account a ON a.email = CASE source_key WHEN 'u1' THEN 'ann@x' WHEN 'u2' THEN 'bob@x'
    ELSE 'eve@x' END WHERE stage = 'accounts' ORDER BY 1" "u1|t|4
u2|t|4
u3|t|5"
rows natural "$rejects" "accounts|u4|duplicate"
undo_proof natural natural
again 20 natural natural
for policy in skip insert; do
    psql_t natural -c "TRUNCATE note, account; INSERT INTO account VALUES
        ('aaaaaaaa-0000-4000-8000-000000000001', 'ann@x', 'Ann')"
    natural $policy
    run 20 natural natural
    rows natural "SELECT n.what, a.email, a.name FROM note n JOIN account a ON a.id = account_id ORDER BY 1" \
        "of Ann|ann@x|Ann
of Bob|bob@x|Bob
of Eve|eve@x|Eve
of her, too|ann@x|Ann"
    undo_proof natural natural
    again 20 natural natural
done
echo "ok"

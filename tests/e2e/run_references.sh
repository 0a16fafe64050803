# run_references.sh - rows that refer to rows: what falls with a refused parent, orphans, cycles of
# foreign keys in every way out, and deletions of replace among parents and children.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

rejects="SELECT stage, key, CASE outcome WHEN 3 THEN 'skipped' ELSE 'rejected' END, code, first_cause
    FROM mighost.reject WHERE run = (SELECT max(id) FROM mighost.run) ORDER BY 1, number"

simple() # NAME STAGES MORE: a project of these stages over data.json
{
    project "$1" <<JSON
{ "name": "$1", "sources": { "d": { "use": "json", "options": { "file": "data.json", "allow_empty": true } } },
  "max_delete": "100%", "backup": { "scope": "none" }, "stages": [ $2 ]${3-} }
JSON
}

# A stage whose keys and fields are the table's: kept NAME TABLE POLICY SETTINGS FIELD...
kept()
{
    printf '{ "name": "%s", "policy": "%s", "ids": "keep", "tables": { "%s": { %s } }, "options": {
        "table": "%s", "fields": { "id": "id"' "$1" "$3" "$2" "$4" "$2"
    shift 4
    for field; do printf ', "%s": "%s"' "$field" "$field"; done
    printf ' } } }'
}

# ---- keys of two columns -------------------------------------------------------------------

echo "a foreign key of two columns, one of them NULL"
pg_createdb pair
psql_t pair -c "CREATE TABLE place (id int, part text, PRIMARY KEY (id, part)); INSERT INTO place VALUES (1, 'a');
    CREATE TABLE loose (id int PRIMARY KEY, n int, part text, FOREIGN KEY (n, part) REFERENCES place);
    CREATE TABLE whole (id int PRIMARY KEY, n int, part text, FOREIGN KEY (n, part) REFERENCES place MATCH FULL);
    CREATE TABLE mended (LIKE whole INCLUDING ALL, FOREIGN KEY (n, part) REFERENCES place MATCH FULL)"
rows='[ { "id": 1, "n": 1, "part": "a" }, { "id": 2, "n": null, "part": null }, { "id": 3, "n": 1, "part": null },
    { "id": 4, "n": null, "part": "a" }, { "id": 5, "n": 1, "part": "b" } ]'
echo "{ \"loose\": $rows, \"whole\": $rows, \"mended\": $rows }" | data pair
null='"references": [ { "columns": ["n", "part"], "to": "place", "to_columns": ["id", "part"], "on_missing": "null" } ]'
simple pair "$(kept loose loose update '' n part), $(kept whole whole update '' n part),
    $(kept mended mended update "$null" n part)"
run 20 pair pair
rows pair "$rejects" "loose|5|rejected|orphan|
whole|3|rejected|orphan|
whole|4|rejected|orphan|
whole|5|rejected|orphan|"
rows pair "SELECT string_agg(id::text, ' ' ORDER BY id) FROM loose" "1 2 3 4"
rows pair "SELECT string_agg(id::text, ' ' ORDER BY id) FROM whole" "1 2"
rows pair "SELECT * FROM mended ORDER BY id" "1|1|a
2||
3||
4||
5||"
undo_proof pair pair
again 20 pair pair

# ---- what falls with its parent ----------------------------------------------------------

echo "refused parents"
pg_createdb refs
psql_t refs <<'SQL'
CREATE TABLE class (id uuid PRIMARY KEY, title text NOT NULL UNIQUE, seats int);
CREATE TABLE pupil (id uuid PRIMARY KEY, class_id uuid NOT NULL REFERENCES class, name text UNIQUE);
CREATE TABLE mark (id uuid PRIMARY KEY, pupil_id uuid REFERENCES pupil, points numeric(3,1));
SQL
data refs <<'JSON'
{ "classes": [ { "id": "c1", "title": "good", "seats": 1 }, { "id": "c2", "title": "bad value", "seats": "many" },
               { "id": "c3", "title": "good", "seats": 3 }, { "id": "c4", "title": null } ],
  "pupils": [ { "id": "p1", "class": "c1", "name": "fine" }, { "id": "p2", "class": "c2", "name": "of c2" },
              { "id": "p3", "class": "c3", "name": "of c3" }, { "id": "p4", "class": "none", "name": "orphan" },
              { "id": "p5", "class": "none", "name": "fine" }, { "id": "p6", "class": "c4", "name": "of c4" },
              { "id": "p7", "class": null, "name": "no class" } ],
  "marks": [ { "id": "m1", "pupil": "p1", "points": 1.5 }, { "id": "m2", "pupil": "p2", "points": 2 },
             { "id": "m3", "pupil": "p3", "points": 3 }, { "id": "m4", "pupil": "p4", "points": 4 },
             { "id": "m5", "pupil": "p5", "points": 5 }, { "id": "m6", "pupil": null, "points": 6 },
             { "id": "m7", "pupil": "p2", "points": 77.77 }, { "id": "m8", "pupil": "nobody" } ] }
JSON
simple refs '
    { "name": "classes", "policy": "update", "options": { "table": "class", "fields": { "id": { "key": "classes" },
        "title": "title", "seats": "seats" } } },
    { "name": "pupils", "policy": "update", "options": { "table": "pupil", "fields": { "id": { "key": "pupils" },
        "class_id": { "key": "classes", "from": "class" }, "name": "name" } } },
    { "name": "marks", "policy": "update", "options": { "table": "mark", "fields": { "id": { "key": "marks" },
        "pupil_id": { "key": "pupils", "from": "pupil" }, "points": "points" } } }'
run 20 refs refs
rows refs "SELECT points, name, title FROM mark LEFT JOIN pupil ON pupil.id = pupil_id
    LEFT JOIN class ON class.id = class_id ORDER BY 1" "1.5|fine|good
6.0||"
rows refs "SELECT count(*), (SELECT count(*) FROM class) FROM pupil" "1|1"
rows refs "$rejects" "classes|c2|rejected|bad_number|
classes|c3|rejected|duplicate|
classes|c4|rejected|required|
marks|m2|skipped|parent_rejected|classes:c2 bad_number
marks|m3|skipped|parent_rejected|classes:c3 duplicate
marks|m4|skipped|parent_rejected|pupils:p4 orphan
marks|m5|skipped|parent_rejected|pupils:p5 duplicate
marks|m7|rejected|precision|
marks|m8|rejected|orphan|
pupils|p2|skipped|parent_rejected|classes:c2 bad_number
pupils|p3|skipped|parent_rejected|classes:c3 duplicate
pupils|p4|rejected|orphan|
pupils|p5|rejected|duplicate|
pupils|p6|skipped|parent_rejected|classes:c4 required
pupils|p7|rejected|required|"
undo_proof refs refs
again 20 refs refs

echo "refused parents of an earlier run"
accounts="SELECT stage, key, outcome, code, first_cause FROM mighost.reject"
pg_createdb phased
psql_t phased <<'SQL'
CREATE TABLE class (id uuid PRIMARY KEY, title text NOT NULL UNIQUE, seats int);
CREATE TABLE pupil (id uuid PRIMARY KEY, class_id uuid NOT NULL REFERENCES class, name text UNIQUE);
CREATE TABLE mark (id uuid PRIMARY KEY, pupil_id uuid REFERENCES pupil, points numeric(3,1));
SQL
for stage in classes pupils marks; do
    run 20 phased refs --only "$stage"
done
is "accounts" "$(psql_t phased -c "$accounts ORDER BY 1, 2")" \
    "$(psql_t refs -c "$accounts WHERE run = 1 ORDER BY 1, 2")"
# What a stage says of itself in the same run, or in its newest one, counts; not what it once said.
sed -i.old 's/"id": "c2", "title": "bad value"/"id": "c9", "title": "bad value"/' "$TEST_DIR/refs/data.json"
run 20 phased refs --only classes
run 20 phased refs --only pupils
rows phased "$rejects" "pupils|p2|rejected|orphan|
pupils|p3|skipped|parent_rejected|classes:c3 duplicate
pupils|p4|rejected|orphan|
pupils|p5|rejected|duplicate|
pupils|p6|skipped|parent_rejected|classes:c4 required
pupils|p7|rejected|required|"
# Corrected at last: each phase takes up what it left out, with those who waited for them.
sed 's/"bad value", "seats": "many"/"bad value", "seats": 2/' "$TEST_DIR/refs/data.json.old" >"$TEST_DIR/refs/data.json"
run 20 phased refs --only classes
mig 20 phased refs --redrive 5
rows phased "$rejects" "pupils|p3|skipped|parent_rejected|classes:c3 duplicate
pupils|p4|rejected|orphan|
pupils|p5|rejected|collision|
pupils|p6|skipped|parent_rejected|classes:c4 required
pupils|p7|rejected|required|"
mig 20 phased refs --redrive 3
rows phased "SELECT points FROM mark ORDER BY 1" "1.5
2.0
6.0"
rows phased "$rejects" "marks|m3|skipped|parent_rejected|classes:c3 duplicate
marks|m4|skipped|parent_rejected|pupils:p4 orphan
marks|m5|skipped|parent_rejected|pupils:p5 collision
marks|m7|rejected|precision|
marks|m8|rejected|orphan|"
mv "$TEST_DIR/refs/data.json.old" "$TEST_DIR/refs/data.json"

echo "refused parents of an earlier run: what is no key of theirs tells nothing"
pg_createdb coded
psql_t coded <<'SQL'
CREATE TABLE land (id int PRIMARY KEY, code int UNIQUE, name text NOT NULL);
CREATE TABLE town (id int PRIMARY KEY, land int REFERENCES land, code int REFERENCES land (code));
SQL
data coded <<'JSON'
{ "lands": [ { "id": 1, "code": 7, "name": "fine" }, { "id": 2, "code": 8, "name": null } ],
  "towns": [ { "id": 1, "land": 1, "code": 7 }, { "id": 2, "land": 2, "code": 7 }, { "id": 3, "land": 1, "code": 2 } ] }
JSON
simple coded "$(kept lands land update '' code name), $(kept towns town update '' land code)"
run 20 coded coded --only lands
run 20 coded coded --only towns
rows coded "$rejects" "towns|2|skipped|parent_rejected|lands:2 required
towns|3|rejected|orphan|"

echo "a live parent that stays"
psql_t refs -c "INSERT INTO class SELECT final_key::uuid, 'live', 9 FROM mighost.reject WHERE key = 'c2' LIMIT 1"
run 20 refs refs
rows refs "SELECT name FROM pupil ORDER BY 1" "fine
of c2"
rows refs "SELECT points FROM mark ORDER BY 1" "1.5
2.0
6.0"
undo_proof refs refs

# ---- a table that refers to itself -------------------------------------------------------

echo "self reference"
psql_t refs -c "CREATE TABLE node (id int PRIMARY KEY, parent int REFERENCES node, name text NOT NULL);
    INSERT INTO node VALUES (1, NULL, 'root'), (2, 1, 'live'), (3, 2, 'live')"
data nodes <<'JSON'
{ "nodes": [ { "id": 9, "parent": 8, "name": "before its parent" }, { "id": 8, "parent": 1, "name": "below live" },
    { "id": 7, "parent": 7, "name": "its own" }, { "id": 6, "parent": 5, "name": "falls" },
    { "id": 5, "parent": 4, "name": "falls" }, { "id": 4, "parent": 1, "name": null },
    { "id": 10, "parent": 99, "name": "orphan" }, { "id": 11, "parent": 10, "name": "falls" },
    { "id": 1, "parent": null, "name": "root" } ] }
JSON
simple nodes "$(kept nodes node replace '' parent name)"
nodes="1||root
7|7|its own
8|1|below live
9|8|before its parent"
run 20 refs nodes
rows refs "SELECT * FROM node ORDER BY id" "$nodes"
rows refs "$rejects" "nodes|6|skipped|parent_rejected|nodes:4 required
nodes|5|skipped|parent_rejected|nodes:4 required
nodes|4|rejected|required|
nodes|10|rejected|orphan|
nodes|11|skipped|parent_rejected|nodes:10 orphan"
undo_proof refs nodes
again 20 refs nodes

# ---- cycles ------------------------------------------------------------------------------

# cycle DB CLAUSE NULL: tables a -> b -> c -> a and x <-> y, all keys with this clause
cycle()
{
    pg_createdb "$1"
    psql_t "$1" <<SQL
CREATE TABLE a (id int PRIMARY KEY, b_id int $3, name text);
CREATE TABLE b (id int PRIMARY KEY, c_id int $3, name text);
CREATE TABLE c (id int PRIMARY KEY, a_id int $3, name text);
CREATE TABLE x (id int PRIMARY KEY, y_id int $3, name text);
CREATE TABLE y (id int PRIMARY KEY, x_id int $3, name text);
INSERT INTO a VALUES (1, 1, 'live'), (9, 9, 'goes');
INSERT INTO b VALUES (1, 1, 'live'), (9, 9, 'goes');
INSERT INTO c VALUES (1, 1, 'live'), (9, 9, 'goes');
INSERT INTO x VALUES (1, 1, 'live'), (9, 9, 'goes');
INSERT INTO y VALUES (1, 1, 'live'), (9, 9, 'goes');
ALTER TABLE a ADD CONSTRAINT "A to b" FOREIGN KEY (b_id) REFERENCES b $2;
ALTER TABLE b ADD FOREIGN KEY (c_id) REFERENCES c $2;
ALTER TABLE c ADD FOREIGN KEY (a_id) REFERENCES a $2;
ALTER TABLE x ADD FOREIGN KEY (y_id) REFERENCES y $2;
ALTER TABLE y ADD FOREIGN KEY (x_id) REFERENCES x $2;
SQL
}
data cycle <<'JSON'
{ "a": [ { "id": 1, "b_id": 2, "name": "moved" }, { "id": 2, "b_id": 2, "name": "new" },
         { "id": 3, "b_id": 3, "name": "falls" } ],
  "b": [ { "id": 1, "c_id": 2, "name": "moved" }, { "id": 2, "c_id": 2, "name": "new" },
         { "id": 3, "c_id": 3, "name": "falls" } ],
  "c": [ { "id": 1, "a_id": 2, "name": "moved" }, { "id": 2, "a_id": 2, "name": "new" },
         { "id": 3, "a_id": 77, "name": "falls" } ],
  "x": [ { "id": 1, "y_id": 2, "name": "moved" }, { "id": 2, "y_id": 2, "name": "new" },
         { "id": 3, "y_id": 1, "name": "new" } ],
  "y": [ { "id": 1, "x_id": 3, "name": "moved" }, { "id": 2, "x_id": 1, "name": "new" } ] }
JSON
simple cycle "$(kept a a replace '' b_id name), $(kept b b replace '' c_id name),
    $(kept c c replace '' a_id name), $(kept x x replace '' y_id name), $(kept y y replace '' x_id name)"
definitions()
{
    psql_t "$1" -c "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated
        FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY 1, 2"
}
for way in deferrable deferred nullable neither; do
    case $way in
    deferrable) cycle $way "DEFERRABLE INITIALLY IMMEDIATE" "NOT NULL" ;;
    deferred) cycle $way "DEFERRABLE INITIALLY DEFERRED" "NOT NULL" ;;
    nullable) cycle $way "" "" ;;
    neither) cycle $way "" "NOT NULL" ;;
    esac
    echo "cycles, $way"
    definitions $way >"$TEST_DIR/definitions"
    run 20 $way cycle
    rows $way "SELECT 'a', a.* FROM a UNION ALL SELECT 'b', b.* FROM b UNION ALL SELECT 'c', c.* FROM c
        UNION ALL SELECT 'x', x.* FROM x UNION ALL SELECT 'y', y.* FROM y ORDER BY 1, 2" "a|1|2|moved
a|2|2|new
b|1|2|moved
b|2|2|new
c|1|2|moved
c|2|2|new
x|1|2|moved
x|2|2|new
x|3|1|new
y|1|3|moved
y|2|1|new"
    definitions $way | diff "$TEST_DIR/definitions" - || fail "a foreign key is not as before"
    reported "foreign key cycle"
    undo_proof $way cycle
    for undone in rollback stop go_on; do
        definitions ${way}_$undone | diff "$TEST_DIR/definitions" - || fail "a foreign key is not as before"
    done
    again 20 $way cycle
done

# ---- references that the target does not declare -----------------------------------------

echo "undeclared references, and missing parents set to NULL"
psql_t refs <<'SQL'
CREATE TABLE author (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE book (id int PRIMARY KEY, author_id int, editor_id int REFERENCES author, series int, name text);
CREATE TABLE shelf (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE place (id int PRIMARY KEY, a int, b int);
INSERT INTO author VALUES (1, 'live');
INSERT INTO shelf VALUES (1, 1), (1, 2);
SQL
data books <<'JSON'
{ "authors": [ { "id": 2, "name": "new" }, { "id": 3, "name": null } ],
  "books": [ { "id": 1, "author_id": 1, "editor_id": 2, "series": 2 }, { "id": 2, "author_id": 3, "editor_id": 1 },
    { "id": 3, "author_id": 4, "editor_id": 1 }, { "id": 4, "author_id": 2, "editor_id": 3, "series": 1 },
    { "id": 5, "author_id": 2, "editor_id": 77 }, { "id": 6, "author_id": null, "editor_id": null, "series": 88 } ],
  "places": [ { "id": 1, "a": 1, "b": 2 }, { "id": 2, "a": 1, "b": 3 }, { "id": 3, "a": 1, "b": null } ] }
JSON
simple books "$(kept authors author insert '' name), $(kept books book update '"references": [
    { "columns": ["author_id"], "to": "author", "to_columns": ["id"] },
    { "columns": ["editor_id"], "to": "author", "to_columns": ["id"], "on_missing": "null" },
    { "columns": ["series"], "to": "public.book", "to_columns": ["id"], "on_missing": "null" } ]' \
    author_id editor_id series), $(kept places place update '"references": [
    { "columns": ["a", "b"], "to": "shelf", "to_columns": ["a", "b"] } ]' a b)"
run 20 refs books
rows refs "SELECT id, author_id, editor_id, series FROM book ORDER BY id" "1|1|2|
4|2||1
5|2||
6|||"
rows refs "SELECT * FROM place ORDER BY id" "1|1|2
3|1|"
rows refs "$rejects" "authors|3|rejected|required|
books|2|skipped|parent_rejected|authors:3 required
books|3|rejected|orphan|
places|2|rejected|orphan|"
rows refs "SELECT field, sum(count) FROM mighost.repair WHERE run = (SELECT max(id) FROM mighost.run)
    GROUP BY 1 ORDER BY 1" "editor_id|2
series|2"
listed() # KEYS: of the books in the list
{
    is "listed repairs" "$(tr -d '"\r' <"$BUNDLE/repairs.csv" | cut -d, -f2-5)" "key,field,rule,count
$1"
}
listed "4,editor_id,missing parent set to NULL,2
5,editor_id,missing parent set to NULL,2
1,series,missing parent set to NULL,2
6,series,missing parent set to NULL,2"
(
    MIGHOST_REPAIRS_LISTED=1 mig 0 refs books --report "$ledger_run"
    [ -z "$("$MIGHOST" --list-faults)" ] || listed "4,editor_id,missing parent set to NULL,2
1,series,missing parent set to NULL,2"
) || exit 1
undo_proof refs books
again 20 refs books

# ---- replace among parents and children --------------------------------------------------

echo "replace: parents and children"
pg_createdb tree
trees()
{
    psql_t tree <<SQL
SET client_min_messages = warning;
DROP TABLE IF EXISTS leaf, branch, trunk, outside CASCADE;
CREATE TABLE trunk (id int PRIMARY KEY, name text UNIQUE);
CREATE TABLE branch (id int PRIMARY KEY, trunk_id int $2 REFERENCES trunk ON DELETE $1, name text);
CREATE TABLE leaf (id int PRIMARY KEY, branch_id int REFERENCES branch ON DELETE $1,
    up int REFERENCES leaf ON DELETE $1);
CREATE TABLE outside (id int PRIMARY KEY, trunk_id int REFERENCES trunk ON DELETE $1);
INSERT INTO trunk VALUES (1, 'one'), (2, 'two'), (3, 'three'), (4, 'four');
INSERT INTO branch VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c'), (4, 4, 'd');
INSERT INTO leaf VALUES (1, 1, NULL), (2, 2, 1), (3, 3, 2), (4, 4, 3), (5, 4, 4);
INSERT INTO outside VALUES (1, 1);
SQL
}
# Trunks 2 and 4 are gone. Branch 2 moves to trunk 3; 4 goes with its trunk. A new trunk has the
# name of one that goes, and a branch moves there.
tree_data()
{
    data tree <<'JSON'
{ "trunk": [ { "id": 1, "name": "one" }, { "id": 3, "name": "three" }, { "id": 5, "name": "four" } ],
  "branch": [ { "id": 1, "trunk_id": 1, "name": "a" }, { "id": 2, "trunk_id": 3, "name": "b" },
              { "id": 3, "trunk_id": 5, "name": "c" } ],
  "leaf": [ { "id": 1, "branch_id": 1, "up": null }, { "id": 2, "branch_id": 2, "up": 6 },
            { "id": 6, "branch_id": 2, "up": 6 } ] }
JSON
}
simple tree "$(kept trunk trunk replace '' name), $(kept branch branch replace '' trunk_id name),
    $(kept leaf leaf replace '' branch_id up)"
for action in "NO ACTION" RESTRICT CASCADE "SET NULL"; do
    echo "replace: ON DELETE $action"
    trees "$action" ""
    tree_data
    run 0 tree tree
    rows tree "SELECT 'trunk', id, NULL::int, NULL::int FROM trunk UNION ALL SELECT 'branch', id, trunk_id, NULL
        FROM branch UNION ALL SELECT 'leaf', id, branch_id, up FROM leaf ORDER BY 1, 2" "branch|1|1|
branch|2|3|
branch|3|5|
leaf|1|1|
leaf|2|2|6
leaf|6|2|6
trunk|1||
trunk|3||
trunk|5||"
    undo_proof tree tree
    again 0 tree tree
    # A row that nobody migrates refers to what would go.
    trees "$action" ""
    psql_t tree -c "UPDATE outside SET trunk_id = 2"
    nothing 8 tree tree
    says "public.outside refer"
done
echo "ok"

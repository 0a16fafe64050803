# ids_days.sh - target keys that load cannot compute, from one day to the next: children in a later
# phase, runs that are finalized, a natural key that changes, records that the source no longer has.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/ids.sh"

# ---- phases on other days, runs that are finalized ---------------------------------------

echo "children on another day"
target days
document days Kiel
project_of days "$json"
run 20 days days --phase 1
mig 0 days days --finalize 1
run 20 days days --phase 2
rows days "$addresses" "1|Live|France|Lyon|
2|Cid|Germany|Kiel|Bob
3|Eve|Italy|Rome|
7|Bob|Germany|Ulm|"
rows days "$rejects" "addresses|3|parent_rejected|people:n-0 required
addresses|4|orphan|-
addresses|5|parent_rejected|countries:12 too_long
addresses|7|required|-"
undo_proof days days
again 20 days days --phase 2

# ---- a natural key that changes ----------------------------------------------------------
# Who refers to the record refers to its new row, also when its stage takes no part any more.

echo "another natural key"
mig 0 days days --finalize 2
sed -i 's/"code": "it"/"code": "IT"/' "$TEST_DIR/days/data.json"
run 20 days days --phase 1
rows days "SELECT code, name FROM country WHERE name = 'Italy' ORDER BY 1" "IT|Italy
it|Italy"
run 20 days days --phase 2
rows days "SELECT country FROM address WHERE place = 'Rome'" IT
undo_proof days days
psql_t days -c "SELECT id FROM mighost.run WHERE state = 'done' ORDER BY 1" | while read -r id; do
    mig 0 days days --finalize "$id"
done
rows days "SELECT source_key, final_key FROM mighost.id_map WHERE stage = 'countries' ORDER BY 1" "10|de
11|IT"
again 20 days days --phase 2

# ---- only what is new --------------------------------------------------------------------

echo "parents that an incremental run does not read"
pg_createdb parts
psql_t parts -c "CREATE TABLE maker (id serial PRIMARY KEY, name text)" \
    -c "CREATE TABLE part (id serial PRIMARY KEY, maker int NOT NULL REFERENCES maker, name text)"
parts() # MAKER PART
{
    data parts <<JSON
{ "makers": [ { "id": "a", "rev": 1, "name": "A" }, { "id": "b", "rev": 9, "name": "B" }$1 ],
  "parts": [ { "id": "p", "maker": "b", "name": "P" }$2 ] }
JSON
}
project parts <<'JSON'
{ "name": "parts", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [
    { "name": "makers", "ids": "sequence", "policy": "update", "incremental": { "field": "rev", "overlap": 0 },
      "options": { "table": "maker", "fields": { "id": { "key": "makers" }, "name": "name" } } },
    { "name": "parts", "ids": "sequence", "policy": "update", "options": { "table": "part", "fields":
      { "id": { "key": "parts" }, "maker": { "key": "makers", "from": "maker" }, "name": "name" } } } ] }
JSON
parts "" ""
run 0 parts parts
parts ', { "id": "c", "rev": 10, "name": "C" }' \
    ', { "id": "q", "maker": "a", "name": "Q" }, { "id": "r", "maker": "c", "name": "R" }'
run 0 parts parts
rows parts "SELECT sum(read) FROM mighost.chunk WHERE run = 2 AND stage = 'makers'" 2
rows parts "SELECT p.id, p.name, m.id, m.name FROM part p JOIN maker m ON m.id = p.maker ORDER BY 1" "1|P|2|B
2|Q|1|A
3|R|3|C"
undo_proof parts parts

# ---- what the source no longer has -------------------------------------------------------
# A record that load rejects has its row by the number that an earlier run gave it: that row stays.

echo "replaced"
target replaced
document replaced Kiel
project_of replaced "$json" replace
run 20 replaced replaced
rows replaced "$people" "1|Live|
4|Bob|Eve
5|Eve|
7|Cid|Bob"
undo_proof replaced replaced
psql_t replaced -c "DELETE FROM address WHERE place = 'Kiel'"
sed -i -e '/"b-7", "name"/!s/"name": "Eve"/"name": "Eve, whose name is too long by far"/' \
    -e 's/{ "id": "c-3", "name": "Cid"[^}]*},//' \
    -e 's/{ "id": "c-3"[^}]*}/{ "id": "f-9", "name": "Fay", "mail": "fay@x" }/' \
    "$TEST_DIR/replaced/data.json"
run 20 replaced replaced
rows replaced "$people" "1|Live|
4|Bob|Eve
5|Eve|
10|Fay|"
rows replaced "SELECT what, key, final_key FROM mighost.source_change WHERE stage = 'people'" "deleted|c-3|7"
rows replaced "$rejects" "addresses|1|orphan|-
addresses|3|parent_rejected|people:n-0 required
addresses|4|orphan|-
addresses|5|parent_rejected|countries:12 too_long
addresses|7|required|-
countries|12|too_long|-
people|e-1|too_long|-
people|n-0|required|-
people|d-4|parent_rejected|people:n-0 required"
undo_proof replaced replaced
again 20 replaced replaced
echo "ok"

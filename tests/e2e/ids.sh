# ids.sh - target keys that load cannot compute: numbers of a sequence, and natural keys that
# children find by the source key of their parent. Run, run again, changed, redriven, taken back;
# children on another day; rows that are found by another key.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/ids.sh"

# ---- first run, second run, back ---------------------------------------------------------

echo "numbered in the order of the records"
target one
document one Kiel
project_of one "$json"
before=$(psql_t one -c "$sequences")
mig 20 one one --dry-run
rows one "$sequences" "$before"
rows one "SELECT count(*) FROM person" 2
run 20 one one
rows one "$people" "1|Live|
2|Ann|
4|Bob|Eve
5|Eve|
7|Cid|Bob"
rows one "$addresses" "1|Live|France|Lyon|
2|Cid|Germany|Kiel|Bob
3|Eve|Italy|Rome|
7|Bob|Germany|Ulm|"
rows one "$rejects" "$rejected"
rows one "SELECT rule, field, count FROM mighost.repair WHERE run = 2" "missing parent set to NULL|checked_by|1"
rows one "SELECT stage, source_key, final_key FROM mighost.id_map ORDER BY 1, 2" "addresses|1|2
addresses|2|3
addresses|6|7
countries|10|de
countries|11|it
people|b-7|4
people|c-3|7
people|e-1|5"
rows one "SELECT nextval('person_id_seq'), nextval('address_id_seq')" "8|8"
psql_t one -c "SELECT setval('person_id_seq', 7), setval('address_id_seq', 7)" >/dev/null
undo_proof one one
mig 0 one one --verify 2
again 20 one one

# ---- what changes, what is corrected -----------------------------------------------------

echo "changed, corrected, redriven"
document one Bonn
run 20 one one
says "1 changed (0 inserted, 1 updated, 0 deleted)"
sed -i -e 's/"name": null, "mail": "n@x"/"name": "Nia", "mail": "n@x"/' -e 's/"xyz"/"at"/' "$TEST_DIR/one/data.json"
fingerprint_db one >"$TEST_DIR/before.one"
mig 20 one one --redrive 4
ledger one
rows one "$people" "1|Live|
2|Ann|
4|Bob|Eve
5|Eve|
7|Cid|Bob
8|Nia|
9|Dan|Nia"
rows one "$addresses" "1|Live|France|Lyon|
2|Cid|Germany|Bonn|Bob
3|Eve|Italy|Rome|
7|Bob|Germany|Ulm|
8|Dan|Italy|x|
10|Bob|too long|x|"
rows one "$rejects" "addresses|4|orphan|-
addresses|7|required|-
people|c-3|duplicate|-"
undo_proof one one
again 20 one one
for run in 2 3 4 5 6; do
    mig 0 one one --rollback
done
rows one "$people" "1|Live|
2|Ann|"
rows one "$sequences" "$before"

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

# ---- live rows that are found by another key ---------------------------------------------

echo "the live key wins"
target matched
document matched Kiel
sed -i -e 's/"bob@x"/"ann@x"/' "$TEST_DIR/matched/data.json"
project_of matched "$json" update mail
run 20 matched matched
rows matched "$people" "1|Live|
2|Bob|Eve
5|Eve|
7|Cid|Bob"
rows matched "SELECT a.id, p.name, a.place, r.name FROM address a JOIN person p ON p.id = person_id
    LEFT JOIN person r ON r.id = checked_by ORDER BY a.id" "1|Live|Lyon|
2|Cid|Kiel|Bob
3|Eve|Rome|
7|Bob|Ulm|"
undo_proof matched matched
again 20 matched matched

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

# ids.sh - target keys that load cannot compute: numbers of a sequence, and natural keys that
# children find by the source key of their parent. Run, run again, changed, redriven, taken back;
# rows that are found by another key.
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
echo "ok"

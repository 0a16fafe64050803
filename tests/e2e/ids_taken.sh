# ids_taken.sh - keys from a sequence while others use it: runs that are killed and repeated keep
# their numbers, runs that meet numbers taken since check move theirs, and what refers to them.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/ids.sh"

[ -n "$("$MIGHOST" --list-faults)" ] || pgtmp_skip "built without --enable-fault-injection"

document one Kiel
project_of one "$json"

# ---- the application draws numbers between check and publish -------------------------
# Bob, Eve and Cid would be 4, 5 and 7: the application takes 4 for a row and 5 for one to come.
echo "numbers that are taken meanwhile"
target shifted
stand 20 shifted one check.done:1
psql_t shifted <<'SQL'
INSERT INTO person (name, mail) VALUES ('Mia', 'mia@x');
SELECT nextval('person_id_seq') \g /dev/null
INSERT INTO address (id, person_id, country, place) VALUES (3, 4, 'fr', 'Nice');
SQL
go_on
ledger_of=$(sed -n 's/^run \([0-9]*\): .*/\1/p' "$OUT")
rows shifted "$people" "1|Live|
2|Ann|
4|Mia|
6|Bob|Eve
7|Eve|
9|Cid|Bob"
rows shifted "SELECT a.id, p.name, a.place, r.name FROM address a JOIN person p ON p.id = person_id
    LEFT JOIN person r ON r.id = checked_by ORDER BY a.id" "1|Live|Lyon|
3|Mia|Nice|
4|Cid|Kiel|Bob
5|Eve|Rome|
9|Bob|Ulm|"
! grep -q 'checking again' "$ERR" || fail "check was repeated"
psql_t shifted -c "INSERT INTO person VALUES (5, 'Noa', 'noa@x')" \
    -c "INSERT INTO person (name, mail) VALUES ('Next', 'next@x')"
rows shifted "SELECT id FROM person WHERE name = 'Next'" 10
rows shifted "SELECT source_key, final_key FROM mighost.id_map WHERE stage = 'people' ORDER BY 1" "b-7|6
c-3|9
e-1|7"
mig 0 shifted one --verify "$ledger_of"
again 20 shifted one
mig 0 shifted one --rollback
mig 0 shifted one --rollback "$ledger_of"
rows shifted "$people" "1|Live|
2|Ann|
4|Mia|
5|Noa|
10|Next|"

# A number that was drawn and whose row is still to come is in no table: only the sequence knows.
echo "a number that is drawn for later"
target later
stand 20 later one check.done:1
rows later "SELECT nextval('person_id_seq')" 4
go_on
psql_t later -c "INSERT INTO person VALUES (4, 'Mia', 'mia@x')"
rows later "$people" "1|Live|
2|Ann|
4|Mia|
5|Bob|Eve
6|Eve|
8|Cid|Bob"

# A live row that the run met has changed too: it is matched anew, while numbers are shifted.
echo "numbers and rows"
target both
document both Kiel
sed -i 's/"bob@x"/"ann@x"/' "$TEST_DIR/both/data.json"
project_of both "$json" update mail
stand 20 both both check.done:1
psql_t both -c "INSERT INTO person (name, mail) VALUES ('Mia', 'mia@x')" \
    -c "UPDATE person SET name = 'Anna', boss = 4 WHERE id = 2"
go_on
says ", matched anew"
rows both "$people" "1|Live|
2|Bob|Eve
4|Mia|
6|Eve|
8|Cid|Bob"

# A role that does not own the sequence cannot lock it, and draws.
echo "a sequence of another role"
target drawn
psql_t drawn <<'SQL'
SET client_min_messages = warning;
DROP ROLE IF EXISTS ids_writer;
CREATE ROLE ids_writer LOGIN;
GRANT CREATE ON DATABASE :"DBNAME" TO ids_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ids_writer;
GRANT SELECT, UPDATE, USAGE ON ALL SEQUENCES IN SCHEMA public TO ids_writer;
SQL
MIG_ROLE=ids_writer
stand 20 drawn one check.done:1
psql_t drawn -c "INSERT INTO person (name, mail) VALUES ('Mia', 'mia@x')"
go_on
unset MIG_ROLE
rows drawn "$people" "1|Live|
2|Ann|
4|Mia|
5|Bob|Eve
6|Eve|
8|Cid|Bob"
psql_t drawn -c "INSERT INTO person (name, mail) VALUES ('Next', 'next@x')"
rows drawn "SELECT max(id) FROM person" 10

# ---- killed ------------------------------------------------------------------------------

echo "killed: the numbers stay"
target one
before=$(psql_t one -c "$sequences")
mig 20 one one --run
psql_t one -c "$people" -c "$addresses" >"$TEST_DIR/rows.one"
n=0
for point in chunk.after_commit:4 check.values:1 check.done:1 publish.table:2 publish.before_commit:1 \
    publish.after_commit:1; do
    n=$((n + 1))
    killed=killed$n
    target "$killed"
    project_of one "$json"
    MIGHOST_FAULT=$point:kill mig_any "$killed" one --run
    [ "$mig_status" = 137 ] || fail "$point: ended with $mig_status"
    fingerprint_db "$killed" >"$TEST_DIR/before.$killed"
    mig_any "$killed" one --run
    case $mig_status in 0 | 20) ;; *) fail "$point: again ended with $mig_status" ;; esac
    psql_t "$killed" -c "$people" -c "$addresses" | diff "$TEST_DIR/rows.one" - || fail "$point: other rows"
    mig 0 "$killed" one --rollback
    rows "$killed" "$people" "1|Live|
2|Ann|"
    rows "$killed" "$sequences" "$before"
done
echo "ok"

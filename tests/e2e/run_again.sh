# run_again.sh - a run over rows of which most are as they were: what is known of them is not asked
# again, and still each fault among the few others, and each change by others, must be seen.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
[ -n "$("$MIGHOST" --list-faults)" ] || pgtmp_skip "fault points are not compiled in"

pg_createdb shop
psql_t shop <<'SQL'
CREATE TABLE team (id int PRIMARY KEY, name text NOT NULL CHECK (name <> 'bad'));
CREATE TABLE member (id int PRIMARY KEY, team_id int NOT NULL REFERENCES team, email text UNIQUE,
    score int CHECK (score >= 0));
SQL

policy=update
# source JQ: 100 teams, 3,000 members, changed by a jq program
source_of()
{
    project again <<JSON
{ "name": "again", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "max_delete": "100%", "stages": [
    { "name": "teams", "policy": "$policy", "ids": "keep", "options": { "table": "team",
        "fields": { "id": "id", "name": "name" } } },
    { "name": "members", "policy": "$policy", "ids": "keep", "options": { "table": "member",
        "fields": { "id": "id", "team_id": "team", "email": "email", "score": "score" } } } ] }
JSON
    jq -n "{teams: [range(1; 101) | {id: ., name: \"team \(.)\"}],
        members: [range(1; 3001) | {id: ., team: (. % 100 + 1), email: \"m\(.)@x\", score: .}]} | $1" |
        data again
}

meanwhile() # CODE SQL: committed between check and publish
{
    stand "$1" shop again publish.begin:1
    psql_t shop -c "$2"
    fingerprint_db shop >"$TEST_DIR/before.shop"
    go_on
}

rejected="SELECT stage, key, code FROM mighost.reject WHERE run = (SELECT max(id) FROM mighost.run)
    ORDER BY 1, number"
odd="SELECT count(*) FILTER (WHERE email IS DISTINCT FROM 'm' || id || '@x' OR team_id <> id % 100 + 1
    OR score <> id), count(*) FROM member"

source_of .
run 0 shop again
rows shop "$odd" "0|3000"

echo "nothing changed: nothing is written, no backup is made, nothing is left to undo"
again 0 shop again
reported '"before": null'
rows shop "SELECT coalesce(backup, '') FROM mighost.run WHERE id = 2" ""
is "fields compared" "$(jq -r .verify.fields "$BUNDLE/report.json")" $((100 * 2 + 3000 * 4))
mig 0 shop again --rollback
says "it had written nothing"
unchanged shop "the rollback of a run that wrote nothing"

echo "faults among the few new records"
source_of '.members += [{id: 4001, team: 1, email: "m7@x", score: 1}, {id: 4002, team: 777, email: "n2@x",
    score: 1}, {id: 4003, team: 1, email: "n3@x", score: -1}, {id: 4004, team: 1, email: "n4@x", score: 1},
    {id: 4005, team: 1, email: "n4@x", score: 1}] | .teams += [{id: 900, name: "bad"}]'
run 20 shop again
rows shop "$rejected" "members|4001|duplicate
members|4002|orphan
members|4003|check_constraint
members|4005|duplicate
teams|900|check_constraint"
rows shop "SELECT id, email FROM member WHERE id > 3000" "4004|n4@x"
undo_proof shop again
mig 0 shop again --rollback

echo "a record that comes twice, as its live row is"
source_of '.members += [.members[41]]'
run 20 shop again
rows shop "$rejected" "members|42|duplicate"
rows shop "$odd" "0|3000"

echo "an unchanged record takes the key that a changed one gives up"
source_of '.members[9].email = "m11@x" | .members[10].email = "m10@x" | .members[11].email = "new@x"'
run 20 shop again
rows shop "SELECT id, email FROM member WHERE id IN (10, 11, 12) ORDER BY 1" "10|m10@x
11|m11@x
12|new@x"
psql_t shop -c "UPDATE member SET email = 'm12@x' WHERE id = 12"

echo "others write between check and publish"
source_of .
meanwhile 0 "UPDATE member SET score = 0 WHERE id = 8"
says ", matched anew"
rows shop "$odd" "0|3000"
ledger shop
undo_proof shop again
meanwhile 0 "DELETE FROM member WHERE id = 9; INSERT INTO member VALUES (5000, 1, 'app@x', 1)"
says "checking again"
rows shop "$odd" "1|3001"
psql_t shop -c "DELETE FROM member WHERE id = 5000"
meanwhile 0 "DELETE FROM member WHERE id = 10"
says "checking again"
rows shop "$odd" "0|3000"
meanwhile 0 "UPDATE team SET name = name || '!' WHERE id = 5; UPDATE team SET name = 'team 5' WHERE id = 5"
rows shop "SELECT count(*) FROM team WHERE name <> 'team ' || id" 0

echo "rows that are moved between check and publish"
psql_t shop -c "UPDATE member SET score = score" -c "UPDATE member SET score = score WHERE id % 2 = 0" \
    -c "ANALYZE member"
source_of '.members[6].score = 70007'
meanwhile 0 "VACUUM FULL member"
rows shop "SELECT id, score FROM member WHERE score <> id" "7|70007"

echo "replace: a parent that is gone from the source, and an unchanged child"
policy=replace
source_of '.teams |= map(select(.id != 50))'
nothing 8 shop again
says "member"

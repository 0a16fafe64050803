# run_drift.sh - the application goes on writing: between check and publish, where a run must look
# again and overwrite nothing unseen; and after it, where undo must not take back later work.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
[ -n "$("$MIGHOST" --list-faults)" ] || pgtmp_skip "fault points are not compiled in"

rejects="SELECT stage, key, code FROM mighost.reject WHERE run = (SELECT max(id) FROM mighost.run)
    ORDER BY 1, number"

fresh() # DB POLICY: accounts 1 to 9, groups, an outside table that refers to accounts
{
    [ -f "$TEST_DIR/before.$1" ] || pg_createdb "$1"
    psql_t "$1" <<'SQL'
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS mighost CASCADE;
DROP TABLE IF EXISTS visit, account, grp;
CREATE TABLE grp (id int PRIMARY KEY);
CREATE TABLE account (id int PRIMARY KEY, email text NOT NULL UNIQUE, name text, grp_id int REFERENCES grp,
    seen int DEFAULT 0);
CREATE TABLE visit (id serial PRIMARY KEY, account_id int REFERENCES account ON DELETE CASCADE);
INSERT INTO grp SELECT generate_series(1, 3);
INSERT INTO account SELECT i, 'live' || i || '@x', 'live', 1 FROM generate_series(1, 9) i;
SQL
    project drift <<JSON
{ "name": "drift", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "max_delete": "100%", "timeouts": { "lock": 1 }, "retries": 1,
  "stages": [ { "name": "accounts", "policy": "$2", "ids": "keep", "options": { "table": "account",
    "fields": { "id": "id", "email": "email", "name": "name", "grp_id": "grp" } } } ] }
JSON
}
data drift <<'JSON'
{ "accounts": [ { "id": 1, "email": "live1@x", "name": "mig", "grp": 1 },
    { "id": 2, "email": "live2@x", "name": "live", "grp": 1 },
    { "id": 20, "email": "new20@x", "name": "mig", "grp": 2 },
    { "id": 21, "email": "new21@x", "name": "mig", "grp": 3 } ] }
JSON

# meanwhile CODE DB SQL [PROJECT]: a run, with this SQL committed between its check and its publish
meanwhile()
{
    stand "$1" "$2" "${4-drift}" publish.begin:1
    psql_t "$2" -c "$3"
    fingerprint_db "$2" >"$TEST_DIR/before.$2"
    go_on
}

# ---- between check and publish -----------------------------------------------------------

echo "a matched row is changed: it alone is matched anew"
fresh shop update
meanwhile 0 shop "UPDATE account SET name = 'app', seen = 5 WHERE id IN (1, 2)"
says "2 rows that others changed since check, matched anew"
! grep -q 'checking again' "$ERR" || fail "all was checked again"
rows shop "SELECT id, name, seen FROM account WHERE id < 3 OR id > 9 ORDER BY 1" "1|mig|5
2|live|5
20|mig|0
21|mig|0"
ledger shop
undo_proof shop drift

echo "validators look at what the application has written since check, and see each row once"
fresh shop update
psql_t shop -c "INSERT INTO visit (account_id) SELECT i FROM generate_series(1, 9) i" -c "VACUUM account"
jq '.validators = [ { "name": "visits", "use": "orphans", "options": { "relations": [ { "name": "have accounts",
    "table": "visit", "columns": "account_id", "to": "account", "to_columns": "id" } ] } }, { "name": "once",
    "use": "sql", "options": { "queries": [ { "name": "an account is there once", "sql":
    "SELECT id FROM {account} GROUP BY id HAVING count(*) > 1" } ] } } ]' \
    "$TEST_DIR/drift/project.json" >"$TEST_DIR/drift/new.json"
mv "$TEST_DIR/drift/new.json" "$TEST_DIR/drift/project.json"
stand 0 shop drift check.done:1
place=$(psql_t shop -c "SELECT ctid FROM account WHERE id = 1")
psql_t shop -c "UPDATE account SET email = 'app1@x', seen = 1 WHERE id = 1" -c "VACUUM account" \
    -c "UPDATE account SET seen = 3 WHERE id = 3"
is "the place of account 3" "$(psql_t shop -c "SELECT ctid FROM account WHERE id = 3")" "$place"
fingerprint_db shop >"$TEST_DIR/before.shop"
go_on
says "live rows changed since check; checking again"
says "an account is there once: 1 violation"
! grep -q 'have accounts: ' "$ERR" || fail "an account is not seen"
rows shop "SELECT phase, validator, violations FROM mighost.check_result ORDER BY 1, 2" "after|once|0
after|visits|0
before|once|0
before|visits|0"
rows shop "SELECT id, name, seen FROM account WHERE id IN (1, 3) ORDER BY 1" "1|mig|1
3|live|3"
ledger shop
undo_proof shop drift

echo "a matched row is deleted, a new key is taken"
fresh shop update
meanwhile 0 shop "DELETE FROM account WHERE id = 1; INSERT INTO account VALUES (20, 'app@x', 'app', 1, 7)"
says "checking again"
rows shop "SELECT id, email, name, grp_id, seen FROM account WHERE id IN (1, 20) ORDER BY 1" \
    "1|live1@x|mig|1|0
20|new20@x|mig|2|7"
ledger shop
undo_proof shop drift

echo "another unique key is taken, a parent is deleted"
fresh shop update
meanwhile 20 shop "INSERT INTO account VALUES (30, 'new20@x', 'app', 1); DELETE FROM grp WHERE id = 3"
says "checking again"
rows shop "SELECT id, name FROM account WHERE id > 9 OR id = 1 ORDER BY 1" "1|mig
30|app"
rows shop "$rejects" "accounts|20|collision
accounts|21|orphan"
ledger shop
undo_proof shop drift

echo "a row that replace would delete is changed, or referred to"
fresh shop replace
meanwhile 0 shop "UPDATE account SET email = 'new20@x' WHERE id = 9; INSERT INTO account VALUES (40, 'app@x')"
says "checking again"
rows shop "SELECT id FROM account ORDER BY 1" "1
2
20
21"
ledger shop
undo_proof shop drift
rows shop_rollback "SELECT id, email FROM account WHERE id >= 9 ORDER BY 1" "9|new20@x
40|app@x"
fresh shop replace
meanwhile 8 shop "INSERT INTO visit (account_id) VALUES (9)"
unchanged shop "a run that ended with 8"

echo "insert and skip: what appears meanwhile stays"
for policy in insert skip; do
    fresh shop $policy
    psql_t shop -c "DELETE FROM account WHERE id = 1"
    meanwhile $([ $policy = skip ] && echo 0 || echo 20) shop \
        "INSERT INTO account VALUES (20, 'app@x', 'app', 1), (1, 'live1@x', 'mig', 1)"
    rows shop "SELECT id, name FROM account WHERE id IN (1, 20, 21) ORDER BY 1" "1|mig
20|app
21|mig"
    ledger shop
    undo_proof shop drift
done

echo "what check put in place of loaded values is looked up again"
psql_t shop <<'SQL'
SET client_min_messages = warning;
DROP SCHEMA mighost CASCADE;
CREATE TABLE topic (id int PRIMARY KEY);
CREATE TABLE person (id uuid PRIMARY KEY, email text NOT NULL UNIQUE, name text);
CREATE TABLE memo (id uuid PRIMARY KEY, person_id uuid REFERENCES person, topic_id int REFERENCES topic);
INSERT INTO person VALUES ('aaaaaaaa-0000-4000-8000-000000000001', 'a@x', 'live');
SQL
data values <<'JSON'
{ "persons": [ { "id": "p1", "email": "a@x", "name": "mig" } ],
  "memos": [ { "id": "m1", "person": "p1", "topic": 7 }, { "id": "m2", "person": "p1", "topic": 8 } ] }
JSON
project values <<'JSON'
{ "name": "values", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "stages": [
    { "name": "persons", "policy": "update", "tables": { "person": { "match": ["email"] } }, "options": {
        "table": "person", "fields": { "id": { "key": "persons" }, "email": "email", "name": "name" } } },
    { "name": "memos", "policy": "update", "tables": { "memo": { "references": [ { "columns": ["topic_id"],
        "to": "topic", "to_columns": ["id"], "on_missing": "null" } ] } }, "options": { "table": "memo",
        "fields": { "id": { "key": "memos" }, "person_id": { "key": "persons", "from": "person" },
        "topic_id": "topic" } } } ] }
JSON
meanwhile 0 shop "UPDATE person SET email = 'b@x' WHERE email = 'a@x'; INSERT INTO topic VALUES (7)" values
says "checking again"
rows shop "SELECT email, name, substr(id::text, 15, 1) FROM person ORDER BY 1" "a@x|mig|5
b@x|live|4"
rows shop "SELECT topic_id, email FROM memo JOIN person ON person.id = person_id ORDER BY 1" "7|a@x
|a@x"
rows shop "SELECT field, sum(count) FROM mighost.repair GROUP BY 1" "topic_id|1"
ledger shop
undo_proof shop values

echo "what the run does not name is not touched"
fresh shop replace
sed -i 's/"ids": "keep"/"ids": "keep", "tables": { "account": { "scope": "name = '"'live'"'" } }/' \
    "$TEST_DIR/drift/project.json"
psql_t shop -c "UPDATE account SET name = 'app' WHERE id IN (5, 6)"
outside="SELECT ctid, xmin, * FROM account WHERE name = 'app' ORDER BY id"
psql_t shop -c "$outside" >"$TEST_DIR/outside"
run 0 shop drift
psql_t shop -c "$outside" | diff "$TEST_DIR/outside" - || fail "a row outside was written"
rows shop "SELECT id FROM account ORDER BY 1" "1
2
5
6
20
21"
undo_proof shop drift

echo "a row is made again with the key of one that goes, and what refers to it follows"
psql_t shop -c "SET client_min_messages = warning; DROP SCHEMA mighost CASCADE; TRUNCATE memo, person; INSERT INTO
    person VALUES ('aaaaaaaa-0000-4000-8000-000000000001', 'a@x', 'live')"
meanwhile 0 shop "DELETE FROM person;
    INSERT INTO person VALUES ('bbbbbbbb-0000-4000-8000-000000000001', 'a@x', 'app')" values
says "checking again"
rows shop "SELECT DISTINCT person.* FROM memo JOIN person ON person.id = person_id" \
    "bbbbbbbb-0000-4000-8000-000000000001|a@x|mig"

never_rests() # SQL, with i as a number that grows: again and again, each time committed
{
    psql_t shop -c "CREATE TABLE IF NOT EXISTS restless (n int); TRUNCATE restless"
    psql_t shop -c "DO \$\$BEGIN FOR i IN 1..1000000 LOOP $1; INSERT INTO restless VALUES (i); COMMIT;
        END LOOP; END\$\$" >/dev/null 2>&1 &
    until [ "$(psql_t shop -c "SELECT count(*) FROM restless")" -gt 0 ]; do sleep 0.02; done
}
rests()
{
    psql_t shop -c "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'DO %'
        AND datname = current_database() AND pid <> pg_backend_pid()" >/dev/null
    wait || :
}

echo "a writer that never rests, on a row that is to be deleted"
fresh shop replace
never_rests "UPDATE account SET seen = i WHERE id = 9"
mig 9 shop drift --run
rests
rows shop "SELECT count(*), count(*) FILTER (WHERE name = 'mig') FROM account" "9|0"
fingerprint_db shop >"$TEST_DIR/before.shop"
mig 0 shop drift --run # the same command, when the writer rests
says "goes on where it stopped"
ledger shop

echo "a writer that never rests, on rows that are written: they are looked at under lock"
fresh shop update
never_rests "UPDATE account SET seen = i, name = 'app' WHERE id IN (1, 2)"
mig 0 shop drift --run
rests
says "matched anew"
last=$(psql_t shop -c "SELECT max(n) FROM restless")
rows shop "SELECT count(*) FROM account WHERE id IN (1, 2) AND seen = $last AND name = 'app'" 2
rows shop "SELECT count(*) FROM mighost.before_1_1 b WHERE _mig_op = 'U' AND name = 'app' AND seen > 0" 2

echo "the table is altered"
fresh shop update
meanwhile 9 shop "ALTER TABLE account ADD COLUMN more text NOT NULL DEFAULT 'x'"
unchanged shop "a run that ended with 9"
run 0 shop drift
undo_proof shop drift

echo "a partition comes, or goes"
psql_t shop <<'SQL'
CREATE TABLE day (id int NOT NULL, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE day_1 PARTITION OF day FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE day_rest PARTITION OF day DEFAULT;
CREATE TABLE day_2 (id int NOT NULL, at date NOT NULL, PRIMARY KEY (id, at));
SQL
data day <<'JSON'
{ "day": [ { "id": 1, "at": "2024-01-05" }, { "id": 2, "at": "2024-02-05" }, { "id": 3, "at": "2025-02-05" } ] }
JSON
project day <<'JSON'
{ "name": "day", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "stages": [ { "name": "day", "policy": "update", "ids": "keep",
    "options": { "table": "day", "fields": { "id": "id", "at": "at" } } } ] }
JSON
meanwhile 9 shop "ALTER TABLE day ATTACH PARTITION day_2 FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')" day
unchanged shop "a run that ended with 9"
run 0 shop day
rows shop "SELECT tableoid::regclass, id FROM day ORDER BY id" "day_1|1
day_2|2
day_rest|3"
mig 0 shop day --rollback
meanwhile 9 shop "ALTER TABLE day DETACH PARTITION day_2" day
unchanged shop "a run that ended with 9"
run 0 shop day
rows shop "SELECT tableoid::regclass, id FROM day ORDER BY id" "day_1|1
day_rest|2
day_rest|3"
undo_proof shop day

echo "the application deletes what was just published"
fresh shop update
stand 0 shop drift publish.after_commit:1
psql_t shop -c "DELETE FROM account WHERE id = 20; UPDATE account SET name = 'app' WHERE id = 21"
go_on
rows shop "SELECT id, name FROM account WHERE id = 1 OR id > 9 ORDER BY 1" "1|mig
21|app"

echo "a lock that is not given"
fresh shop update
mkfifo "$TEST_DIR/hold"
psql_t shop <"$TEST_DIR/hold" >/dev/null &
exec 7>"$TEST_DIR/hold"
echo "BEGIN; UPDATE account SET seen = 1 WHERE id = 9; SELECT pg_advisory_lock(1);" >&7
until [ "$(psql_t shop -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")" = 1 ]; do sleep 0.02; done
fingerprint_db shop >"$TEST_DIR/before.shop"
mig 75 shop drift --run
unchanged shop "a run that ended with 75"
echo "COMMIT;" >&7
exec 7>&-
wait
run 0 shop drift
undo_proof shop drift

# ---- after publish -----------------------------------------------------------------------

# refused SQL: after a run and this SQL, neither --rollback nor rollback.sql undoes anything
refused()
{
    pg_copydb shop late
    psql_t late -c "$1"
    fingerprint_db late >"$TEST_DIR/before.late"
    mig 13 late drift --rollback
    unchanged late "a refused rollback"
    BUNDLE=$published
    ! psql_script late -v ON_ERROR_STOP=1 || fail "rollback.sql undid what the application changed"
    psql_script late || :
    unchanged late "a refused rollback.sql"
}

fresh shop replace
psql_t shop -c "UPDATE account SET name = 'kept' WHERE id = 3; INSERT INTO grp VALUES (4);
    UPDATE account SET grp_id = 4 WHERE id = 9"
sed -i 's/"ids": "keep"/"ids": "keep", "tables": { "account": { "scope": "name = '"'live'"'" } }/' \
    "$TEST_DIR/drift/project.json"
run 0 shop drift # 1 updated, 2 the same, 3 outside, 4 to 9 deleted, 20 and 21 inserted
published=$BUNDLE
echo "undo: a written row was changed"
refused "UPDATE account SET name = 'app' WHERE id = 20"
says "rows"
echo "undo: a column that the run does not write was changed in a written row"
refused "UPDATE account SET seen = 1 WHERE id = 1"
echo "undo: a written row was deleted"
refused "DELETE FROM account WHERE id = 21"
refused "DELETE FROM account WHERE id = 1"
echo "undo: a written row was made again"
refused "DELETE FROM account WHERE id = 20; INSERT INTO account VALUES (20, 'new20@x', 'mig', 2, 1)"
echo "undo: a deleted row was made again"
refused "INSERT INTO account VALUES (4, 'other@x', 'app', 1)"
echo "undo: a deleted row's unique key was taken"
refused "INSERT INTO account VALUES (50, 'live4@x', 'app', 1)"
echo "undo: an inserted row has a child"
refused "INSERT INTO visit (account_id) VALUES (20)"
echo "undo: what a deleted row referred to is gone"
refused "DELETE FROM grp WHERE id = 4"
echo "undo: the table was altered"
refused "ALTER TABLE account ADD COLUMN more text"
refused "ALTER TABLE account DROP COLUMN seen"
refused "ALTER TABLE account ALTER COLUMN name TYPE varchar(100)"

echo "undo: other rows were changed"
pg_copydb shop late
psql_t late -c "UPDATE account SET name = 'app' WHERE id = 3; INSERT INTO account VALUES (60, 'app@x', 'app', 1);
    INSERT INTO visit (account_id) VALUES (1), (3); DELETE FROM account WHERE id = 2"
mig 0 late drift --rollback
rows late "SELECT id, name FROM account ORDER BY 1" "1|live
3|app
4|live
5|live
6|live
7|live
8|live
9|live
60|app"
says "compared one by one"

echo "undo: a sequence that the application moved"
psql_t shop -c "SET client_min_messages = warning; DROP SCHEMA mighost CASCADE;
    CREATE TABLE num (id serial PRIMARY KEY, n text)"
data num <<'JSON'
{ "num": [ { "id": 5, "n": "x" } ] }
JSON
project num <<'JSON'
{ "name": "num", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "num", "ids": "keep", "options": { "table": "num", "fields": { "id": "id", "n": "n" } } } ] }
JSON
run 0 shop num
psql_t shop -c "INSERT INTO num (n) VALUES ('app')"
mig 0 shop num --rollback
rows shop "SELECT * FROM num" "6|app"
rows shop "INSERT INTO num (n) VALUES ('app') RETURNING id" 7

# ---- several runs ------------------------------------------------------------------------

echo "undo: in order"
fresh shop update
fingerprint_db shop >"$TEST_DIR/start"
run 0 shop drift
first=$BUNDLE
sed -i 's/"mig"/"again"/' "$TEST_DIR/drift/data.json"
run 0 shop drift
cp "$TEST_DIR/before.shop" "$TEST_DIR/middle"
fingerprint_db shop >"$TEST_DIR/before.shop"
mig 13 shop drift --rollback 1
says "2, 1"
BUNDLE=$first
! psql_script shop -v ON_ERROR_STOP=1 || fail "the first run's rollback.sql ran over the second's rows"
unchanged shop "a rollback out of order"
mig 0 shop drift --rollback # the newest
fingerprint_db shop | diff "$TEST_DIR/middle" - || fail "not as before the second run"
mig 0 shop drift --rollback
fingerprint_db shop | diff "$TEST_DIR/start" - || fail "not as before the first run"
mig 13 shop drift --rollback

echo "undo: ends with --finalize"
run 0 shop drift
mig 0 shop drift --finalize "$ledger_run"
fingerprint_db shop >"$TEST_DIR/before.shop"
mig 13 shop drift --rollback "$ledger_run"
unchanged shop "a rollback of a finalized run"
rows shop "SELECT count(*) FROM pg_tables WHERE schemaname = 'mighost' AND tablename ~ '_[0-9]+_[0-9]+$'
    AND tablename LIKE '%\_${ledger_run}\_%'" 0
echo "ok"

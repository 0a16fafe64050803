# preserve.sh - rows that the project preserves: whatever in a run reaches one, its own writes, a
# trigger, a cascade, a hook, with the same values or others, undoes the run, which names the row;
# what the application does to them meanwhile stays, and nobody else is held up.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb shop
fresh() # users 1 to 5 are of apple, 11 to 15 of android, each with a session; a journal
{
    psql_t shop <<'SQL'
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS mighost CASCADE;
DROP TABLE IF EXISTS journal, session, account CASCADE;
DROP FUNCTION IF EXISTS act();
CREATE TABLE account (id int PRIMARY KEY, email text NOT NULL UNIQUE, platform text NOT NULL, seen int
    DEFAULT 0);
CREATE TABLE session (id serial PRIMARY KEY, account_id int NOT NULL REFERENCES account ON DELETE
    CASCADE, at int);
CREATE TABLE journal (id serial PRIMARY KEY, note text, final bool);
INSERT INTO account SELECT i, 'u' || i || '@x', CASE WHEN i < 10 THEN 'apple' ELSE 'android' END
    FROM generate_series(1, 15) i WHERE i NOT BETWEEN 6 AND 10;
INSERT INTO session (account_id, at) SELECT id, 7 FROM account;
INSERT INTO journal (note, final) VALUES ('old', true), ('open', false);
SQL
}

preserve="{ \"name\": \"android\", \"table\": \"account\", \"where\": \"platform = 'android' -- all\" },
    { \"name\": \"sessions\", \"table\": \"public.session\", \"where\":
      \"account_id IN (SELECT id FROM public.account WHERE platform = 'android')\" },
    { \"name\": \"final\", \"table\": \"journal\", \"where\": \"final\" }"
settings() # MORE
{
    project shop <<JSON
{ "name": "shop", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "max_delete": "100%", "timeouts": { "lock": 1 }, "retries": 1,
  "preserve": [ $preserve ],
  "stages": [ { "name": "accounts", "policy": "update", "ids": "keep", "options": { "table": "account",
    "fields": { "id": "id", "email": "email", "platform": "platform" } } } ] ${1-} }
JSON
}
users() # ROWS
{
    data shop <<JSON
{ "accounts": [ $1 ] }
JSON
}
apple='{ "id": 1, "email": "new1@x", "platform": "apple" }, { "id": 6, "email": "u6@x", "platform": "apple" }'

versions_of()
{
    psql_t shop -c "SELECT 'account', ctid, xmin, * FROM account WHERE platform = 'android' ORDER BY id" \
        -c "SELECT ctid, xmin, * FROM session WHERE account_id > 10 ORDER BY id" \
        -c "SELECT ctid, xmin, * FROM journal WHERE final ORDER BY id"
}

echo "a run that leaves them alone"
fresh
settings ', "reporters": [ { "name": "json" }, { "name": "sql" }, { "name": "test-report" } ]'
users "$apple"
versions_of >"$TEST_DIR/kept"
run 0 shop shop
versions_of | diff "$TEST_DIR/kept" - || fail "a preserved row was written"
is "groups" "$(psql_t shop -c "SELECT name, rows_before, rows_before = rows_after AND sum_before = sum_after
    FROM mighost.preserved ORDER BY no")" "android|5|t
sessions|5|t
final|1|t"
reported '"name": "sessions"'
! grep -q 'to see which' "$ERR" || fail "publish was tried twice"
tested() # jq: of test_report.json
{
    jq -r "[ .cases[] | select(.name | startswith(\"preserved\") or startswith(\"records\")) | $1 ] | join(\" \")" \
        "$BUNDLE/test_report.json"
}
is "tests" "$(tested '"\(.name)=\(.result)"')" \
    "records of accounts=passed preserved: android=passed preserved: sessions=passed preserved: final=passed"
is "as many" "$(tested '"\(.expected == .found) \(.found | tostring | split(" ")[0])"')" "true 2 true 5 true 5 true 1"
undo_proof shop shop

echo "a plan that would write them is refused before anything is written"
for row in '{ "id": 11, "email": "x@x", "platform": "apple" }' '{ "id": 2, "email": "u2@x", "platform": "android" }' \
    '{ "id": 20, "email": "u20@x", "platform": "android" }'; do
    fresh
    users "$apple, $row"
    nothing 8 shop shop
    says '"preserve" android: the run would write'
    ! grep -q 'publish: ' "$ERR" || fail "it came as far as publish"
done
users '{ "id": 11, "email": "u11@x", "platform": "android" }, { "id": 1, "email": "n@x", "platform": "apple" }'
fresh
run 0 shop shop # a preserved row that is the same already is not written
users "$apple"

echo "a table or condition that cannot be"
for change in 's/"journal"/"jurnal"/' 's/"where": "final"/"where": "finel"/' \
    's/"final" }/"final; DELETE FROM journal" }/'; do
    settings
    sed -i "$change" "$TEST_DIR/shop/project.json"
    fresh
    nothing 5 shop shop
done
settings

# reached WHAT ROWS SQL: with this trigger function body at work on account, the run is undone, and the
# report names these rows as key|what.
reached()
{
    echo "$1"
    fresh
    psql_t shop -c "CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS \$f\$BEGIN $3; RETURN NULL; END\$f\$" \
        -c "CREATE TRIGGER act AFTER INSERT OR UPDATE OR DELETE ON account FOR EACH ROW WHEN
            (pg_trigger_depth() = 0) EXECUTE FUNCTION act()"
    undone "$2"
}
undone() # ROWS
{
    versions_of >"$TEST_DIR/kept"
    nothing 8 shop shop
    versions_of | diff "$TEST_DIR/kept" - || fail "a preserved row is another"
    says "the run changed"
    rows shop "SELECT no, key, what FROM mighost.preserved_row ORDER BY 1, 2" "$1"
    psql_t shop -v file="$BUNDLE/report.json" >"$TEST_DIR/got" <<'SQL'
\set content `cat :'file'`
SELECT string_agg(format('%s|%s|%s', n, c ->> 'key', c ->> 'what'), ' ' ORDER BY n, c ->> 'key') FROM
    json_array_elements(:'content'::json -> 'preserved') WITH ORDINALITY p (g, n),
    json_array_elements(g -> 'changed') c;
SQL
    is "the report's rows" "$(cat "$TEST_DIR/got")" "$(echo "$1" | paste -sd ' ')"
}
reached "written with the same values" "1|12|written" "UPDATE account SET seen = seen WHERE id = 12"
says "public.account key 12 (written)"
reached "changed" "1|12|written" "UPDATE account SET seen = 9 WHERE id = 12"
reached "deleted, and with it a session" "1|14|gone
2|9|gone" "DELETE FROM account WHERE id = 14"
reached "moved out, and one moved in" "1|15|gone
1|3|added
2|10|gone
2|3|added" "UPDATE account SET platform = CASE id WHEN 15 THEN 'apple' ELSE 'android' END WHERE id IN (3, 15)"
reached "in a subtransaction, in a table that the run does not write" "3|1|written" \
    "BEGIN UPDATE journal SET note = 'x'; EXCEPTION WHEN division_by_zero THEN NULL; END"
reached "added to a table that the run does not write" "3|3|added" \
    "IF (SELECT count(*) < 3 FROM journal) THEN INSERT INTO journal VALUES (3, 'new', true); END IF"

echo "by a hook: TRUNCATE"
fresh
settings ', "hooks": [ { "name": "h", "after": "TRUNCATE journal", "undo": "" } ]'
undone "3|1|gone"

echo "by a foreign key of a row that the run deletes, whichever its action"
all=$preserve
preserve='{ "name": "sessions", "table": "session", "where": "at = 7" }'
settings
sed -i 's/"policy": "update"/"policy": "replace", "tables": { "account": { "scope": "id IN (3, 4)" } }/' \
    "$TEST_DIR/shop/project.json"
for action in CASCADE "SET NULL"; do
    fresh
    psql_t shop -c "ALTER TABLE session ALTER account_id DROP NOT NULL, DROP CONSTRAINT session_account_id_fkey, ADD
        FOREIGN KEY (account_id) REFERENCES account ON DELETE $action"
    nothing 8 shop shop # check knows what a deletion of the run's own would reach
    says "to which 2 rows of public.session refer"
    case $action in CASCADE) what=gone ;; *) what=written ;; esac
    sed -i 's/id IN (3, 4)/false/' "$TEST_DIR/shop/project.json"
    psql_t shop -c "CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS
        \$f\$BEGIN DELETE FROM account WHERE id = 4; RETURN NULL; END\$f\$" \
        -c "CREATE TRIGGER act AFTER INSERT ON account EXECUTE FUNCTION act()"
    undone "1|4|$what"
    sed -i 's/"scope": "false"/"scope": "id IN (3, 4)"/' "$TEST_DIR/shop/project.json"
done
preserve=$all
settings

echo "a trigger that stamps what is written stamps no row that is not"
fresh
psql_t shop -c "CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS \$f\$BEGIN NEW.seen := NEW.seen + 1; RETURN
    NEW; END\$f\$" -c "CREATE TRIGGER act BEFORE UPDATE ON account FOR EACH ROW EXECUTE FUNCTION act()"
versions_of >"$TEST_DIR/kept"
run 0 shop shop
versions_of | diff "$TEST_DIR/kept" - || fail "a preserved row was written"
rows shop "SELECT seen FROM account WHERE id = 1" 1

echo "rows that are there now: the run may add rows that meet the condition, no more"
preserve="{ \"name\": \"android\", \"table\": \"account\", \"where\": \"platform = 'android'\", \"added\": \"allow\" },
    { \"name\": \"final\", \"table\": \"journal\", \"where\": \"final\", \"added\": \"allow\" }"
settings
new='{ "id": 20, "email": "u20@x", "platform": "android" }'
users "$apple, $new, { \"id\": 11, \"email\": \"x@x\", \"platform\": \"apple\" }"
fresh
nothing 8 shop shop
says '"preserve" android: the run would write 1 preserved row of public.account, and 0 rows'
users "$apple, $new"
reached "added through a trigger, and one written" "1|12|written" "INSERT INTO journal VALUES (3, 'new', true)
    ON CONFLICT DO NOTHING; UPDATE account SET seen = seen WHERE id = 12"
reached "deleted and made again" "2|1|written" "DELETE FROM journal WHERE id = 1; INSERT INTO journal VALUES (1, 'old',
    true)"
fresh
psql_t shop -c "CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS \$f\$BEGIN BEGIN INSERT INTO journal VALUES
    (3, 'new', true) ON CONFLICT DO NOTHING; INSERT INTO account VALUES (21, 'u21@x', 'android') ON CONFLICT DO
    NOTHING; EXCEPTION WHEN division_by_zero THEN NULL; END; RETURN NULL; END\$f\$" \
    -c "CREATE TRIGGER act AFTER INSERT ON account FOR EACH ROW WHEN (NEW.id = 6) EXECUTE FUNCTION act()"
versions_of >"$TEST_DIR/kept"
mig 0 shop shop --run
versions_of | grep -v -e '|2[01]|' -e '|3|new|' | diff "$TEST_DIR/kept" - || fail "a preserved row is another"
says "trying again, to see which" # what a subtransaction wrote is told by the list only
fresh
run 0 shop shop
! grep -q 'to see which' "$ERR" || fail "publish was tried twice"
is "groups" "$(psql_t shop -c "SELECT name, rows_before FROM mighost.preserved WHERE
    (rows_before, sum_before) = (rows_after, sum_after) ORDER BY no")" "android|5
final|1"
users "$apple, { \"id\": 20, \"email\": \"changed@x\", \"platform\": \"android\" }"
mig 0 shop shop --run # what an earlier run brought is not one of them
rows shop "SELECT email FROM account WHERE id = 20" changed@x
users "$apple"
preserve=$all
settings

echo "other rows of such a table may change"
fresh
settings ', "hooks": [ { "name": "h", "after": "UPDATE journal SET note = note WHERE NOT final", "undo": "" } ]'
run 0 shop shop
says "trying again, to see which"
settings

echo "a batch"
fresh
psql_t shop -c "CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS \$f\$BEGIN UPDATE account SET seen =
    1 WHERE id = 13; RETURN NULL; END\$f\$" -c "CREATE TRIGGER act AFTER INSERT ON account FOR EACH ROW
    WHEN (NEW.id = 6) EXECUTE FUNCTION act()"
settings ', "publish": "batched", "publish_rows": 1'
undone "1|13|written"
psql_t shop -c "DROP TRIGGER act ON account"
run 0 shop shop
undo_proof shop shop
settings

[ -n "$("$MIGHOST" --list-faults)" ] || { echo "ok, without fault points"; exit 0; }
echo "the application's own changes stay, and a table that the run does not write is not locked"
fresh
stand 0 shop shop publish.begin:1
psql_t shop -c "UPDATE account SET seen = 5 WHERE id = 11; DELETE FROM account WHERE id = 12"
go_on
rows shop "SELECT id, seen FROM account WHERE id > 10 ORDER BY 1" "11|5
13|0
14|0
15|0"
says "others changed some"
reported "others changed some"
fresh
stand 0 shop shop publish.before_commit:1
psql_t shop -c "SET lock_timeout = 2000; UPDATE journal SET note = 'app'; UPDATE session SET at = 8"
go_on
rows shop "SELECT count(*) FROM journal WHERE note = 'app'" 2
rows shop "SELECT count(*) FROM session WHERE at = 8" 10
! grep -q 'to see which' "$ERR" || fail "what others did was taken for the run's"
echo "ok"

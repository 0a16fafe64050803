# touched.sh - undo of a run whose rows the application went on with: refused with the list of rows by
# default; in part, so that what nobody touched is as before and what hangs together holds; or by
# force, where all that is overwritten or goes with it is kept in schema mighost.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb shop
psql_t shop <<'SQL'
CREATE TABLE region (id int PRIMARY KEY, name text);
CREATE TABLE account (id int PRIMARY KEY, email text NOT NULL UNIQUE, name text, region_id int REFERENCES
    region, boss int REFERENCES account, at timestamptz NOT NULL DEFAULT '2020-01-01', code text);
CREATE UNIQUE INDEX account_code ON account (upper(code)) WHERE code IS NOT NULL;
CREATE TABLE note (id int PRIMARY KEY, account_id int NOT NULL REFERENCES account ON DELETE CASCADE, body text);
CREATE TABLE stamp (id serial PRIMARY KEY, note_id int REFERENCES note ON DELETE CASCADE);
CREATE TABLE visit (id serial PRIMARY KEY, account_id int REFERENCES account ON DELETE SET NULL);
CREATE TABLE tag (id bigserial PRIMARY KEY, n text);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN NEW.at := now(); RETURN NEW; END$f$;
CREATE TRIGGER touch BEFORE UPDATE ON account FOR EACH ROW EXECUTE FUNCTION touch();
INSERT INTO region VALUES (1, 'a'), (2, 'b');
INSERT INTO account (id, email, name, region_id, code) SELECT i, 'a' || i || '@x', 'live', 1 + i % 2, 'c' || i
    FROM generate_series(1, 8) i;
INSERT INTO note SELECT i, i, 'live' FROM generate_series(1, 3) i;
INSERT INTO tag (n) VALUES ('live');
SQL
data shop <<'JSON'
{ "accounts": [ { "id": 1, "email": "a1@x", "name": "mig" }, { "id": 2, "email": "b2@x", "name": "mig" },
    { "id": 3, "email": "a3@x", "name": "mig" }, { "id": 20, "email": "a8@x", "name": "mig" },
    { "id": 21, "email": "n21@x", "name": "mig", "boss": 20 },
    { "id": 22, "email": "n22@x", "name": "mig" }, { "id": 23, "email": "n23@x", "name": "mig" } ],
  "notes": [ { "id": 20, "account": 20 }, { "id": 21, "account": 21 }, { "id": 22, "account": 22 },
    { "id": 23, "account": 23 }, { "id": 1, "account": 22 } ],
  "tags": [ { "id": "a", "n": "x" }, { "id": "b", "n": "y" } ] }
JSON
project shop <<'JSON'
{ "name": "shop", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "max_delete": "100%", "stages": [
    { "name": "accounts", "policy": "replace", "ids": "keep", "tables": { "account": { "scope": "id > 3" } },
      "options": { "table": "account", "fields": { "id": "id", "email": "email", "name": "name", "boss": "boss" } } },
    { "name": "notes", "policy": "update", "ids": "keep", "options": { "table": "note", "fields": {
      "id": "id", "account_id": "account", "body": { "value": "mig" } } } },
    { "name": "tags", "ids": "sequence", "options": { "table": "tag",
      "fields": { "id": { "key": "tags" }, "n": "n" } } } ] }
JSON
fingerprint_db shop >"$TEST_DIR/before.shop"
mig 0 shop shop --run # 1 to 3 updated, 4 to 8 deleted, 20 to 23 inserted; 20 has the email of 8
ledger shop
published=$BUNDLE

# after SQL: a copy of the database, in which the application has done this
after()
{
    pg_copydb shop late
    psql_t late -c "$1"
    fingerprint_db late >"$TEST_DIR/before.late"
    rm -rf "$TEST_DIR/reports/late"
}
listed() # ROWS: those in the file that the refusal names
{
    file=$(sed -n 's/.*hang together with such: //p' "$OUT")
    is "mode of the file" "$(stat -c %a "$file")" 600
    is "rows" "$(sed 1d "$file" | tr -d '"' | sed 's/^public\.//')" "$1"
}
part() # LISTED: undone in part; foreign keys hold; the state says so
{
    cp "$TEST_DIR/before.late" "$TEST_DIR/touched"
    mig 13 late shop --rollback
    unchanged late "a refused rollback"
    [ "$(grep -c 'key' "$OUT")" -gt 0 ] || fail "the refusal names no row"
    BUNDLE=$published
    ! psql_script late -v ON_ERROR_STOP=1 || fail "rollback.sql undid what the application changed"
    unchanged late "a refused rollback.sql"
    mig 0 late shop --rollback --rollback-mode untouched
    listed "$1"
    rows late "SELECT state FROM mighost.run" partly_rolled_back
    psql_t late >/dev/null <<'SQL' || fail "a foreign key does not hold"
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s', conrelid::regclass, conname, conname,
    pg_get_constraintdef(oid)) FROM pg_constraint WHERE contype = 'f' \gexec
SQL
    rows late "SELECT count(*) FROM pg_class WHERE relnamespace = 'mighost'::regnamespace
        AND relname ~ '^(undo_[sb][te]|left)'" 0
}
state="SELECT id, email, name, at > '2021-01-01' FROM account ORDER BY id"

echo "nobody touched anything: each mode is the whole undo"
for mode in refuse untouched force; do
    pg_copydb shop late
    cp "$TEST_DIR/before.shop" "$TEST_DIR/before.late"
    mig 0 late shop --rollback --rollback-mode $mode
    says "fingerprint equal"
    unchanged late "run and rollback"
done
mig 2 late shop --rollback --rollback-mode some
mig 2 late shop --run --rollback-mode force

echo "in part: changed, deleted, made again; parents of what stays stay, a taken email stays taken"
after "UPDATE account SET name = 'app' WHERE id IN (1, 21); DELETE FROM note WHERE id = 23; INSERT INTO account
    (id, email) VALUES (4, 'app@x'); INSERT INTO note VALUES (30, 22, 'app'); INSERT INTO visit (account_id) VALUES (3)"
part "account,1,changed since
account,20,rows refer to it that stay, of public.account
account,21,changed since
account,22,rows refer to it that stay, of public.note
account,4,made again since
account,8,another row has its unique key account_email_key
note,23,deleted since"
rows late "$state" "1|a1@x|app|t
2|a2@x|live|f
3|a3@x|live|f
4|app@x||f
5|a5@x|live|f
6|a6@x|live|f
7|a7@x|live|f
20|a8@x|mig|f
21|n21@x|app|t
22|n22@x|mig|f"
rows late "SELECT * FROM note ORDER BY 1" "1|1|live
2|2|live
3|3|live
30|22|app"
rows late "SELECT n FROM tag" live
rows late "SELECT string_agg(source_key, ',' ORDER BY source_key) FROM mighost.id_map
    WHERE stage = 'accounts'" 1,20,21,22

echo "and once more, when the application has let go"
mig 13 late shop --rollback
psql_t late -c "DELETE FROM account WHERE id = 4; DELETE FROM note WHERE id = 30; DELETE FROM visit"
mig 0 late shop --rollback --rollback-mode untouched
rows late "$state" "1|a1@x|app|t
2|a2@x|live|f
3|a3@x|live|f
4|a4@x|live|f
5|a5@x|live|f
6|a6@x|live|f
7|a7@x|live|f
20|a8@x|mig|f
21|n21@x|app|t"
mig 0 late shop --rollback --rollback-mode force
rows late "SELECT count(*), bool_and(name = 'live' AND at < '2021-01-01' AND email = 'a' || id || '@x')
    FROM account" "8|t"
rows late "SELECT name FROM mighost.overwritten_1_1 WHERE id IN (1, 21)" "app
app"
rows late "SELECT state FROM mighost.run" rolled_back
mig 13 late shop --rollback

echo "the script takes back what a part left, once nothing stands against it"
after "INSERT INTO note VALUES (30, 22, 'app')"
mig 0 late shop --rollback --rollback-mode untouched
BUNDLE=$published
! psql_script late -v ON_ERROR_STOP=1 || fail "rollback.sql undid what the application uses"
psql_t late -c "DELETE FROM note WHERE id = 30"
psql_script late -v ON_ERROR_STOP=1 || fail "rollback.sql failed behind a partial undo"
cp "$TEST_DIR/before.shop" "$TEST_DIR/before.late"
unchanged late "a partial undo, and rollback.sql"

echo "a unique key of an expression and of some rows is taken"
after "INSERT INTO account (id, email, code) VALUES (51, 'app51@x', 'C5'), (52, 'app52@x', NULL)"
for mode in refuse force untouched; do
    mig $([ $mode = untouched ] && echo 0 || echo 13) late shop --rollback --rollback-mode $mode
    grep -q '"5","another row has its unique key account_code"' "$TEST_DIR"/reports/late/rollback-1.csv ||
        fail "$mode: the row whose code is taken is not listed"
    [ $mode = untouched ] || unchanged late "a refused undo by $mode"
    rm -rf "$TEST_DIR/reports/late"
done
rows late "SELECT string_agg(id::text, ',' ORDER BY id) FROM account" 1,2,3,4,6,7,8,51,52

echo "rows refer to what the run inserted, by a key that lets none go: no mode takes them away"
after "INSERT INTO account (id, email, boss) VALUES (50, 'app50@x', 22)"
cp "$TEST_DIR/before.late" "$TEST_DIR/touched"
for mode in refuse force; do
    mig 13 late shop --rollback --rollback-mode $mode
    grep -q '"22","rows refer to it that stay, of ""public"".""account"""' "$TEST_DIR"/reports/late/rollback-1.csv ||
        fail "$mode: what is referred to is not listed"
    rm -rf "$TEST_DIR/reports/late"
    unchanged late "a refused undo by $mode"
done
says "--rollback-mode untouched"
mig 0 late shop --rollback --rollback-mode untouched
rows late "SELECT string_agg(id::text, ',' ORDER BY id) FROM account" 1,2,3,4,5,6,7,8,22,50

echo "a sequence that the application drew from since is not set back, and named"
after "INSERT INTO tag (n) VALUES ('app'); DELETE FROM tag WHERE n = 'app'"
mig 0 late shop --rollback
says "sequence public.tag_id_seq stays at 4, it was at 1 before the run"
rows late "SELECT last_value FROM tag_id_seq" 4

echo "what comes back refers to what is gone"
after "DELETE FROM region WHERE id = 2 AND false; UPDATE account SET region_id = 1; DELETE FROM region WHERE id = 2"
mig 0 late shop --rollback --rollback-mode untouched
grep -q '"7","what it referred to is gone, of ""public"".""region"""' "$TEST_DIR"/reports/late/rollback-1.csv ||
    fail "the deleted row whose parent is gone is not listed"
rows late "SELECT string_agg(id::text, ',' ORDER BY id) FROM account" 1,2,3,4,6,20,21,22,23

echo "by force: what is overwritten, and what falls with it, is kept"
after "UPDATE account SET name = 'app', email = 'z@x' WHERE id = 1; UPDATE account SET name = 'app' WHERE id = 21;
    DELETE FROM account WHERE id = 2; INSERT INTO account (id, email, name) VALUES (4, 'app@x', 'app');
    INSERT INTO note VALUES (30, 22, 'app'); INSERT INTO stamp (note_id) VALUES (30), (1); INSERT INTO visit
    (account_id) VALUES (23), (3)"
mig 0 late shop --rollback --rollback-mode force
fingerprint_db late | grep -E 'table (account|note|tag)|sequence tag' >"$TEST_DIR/now"
grep -E 'table (account|note|tag)|sequence tag' "$TEST_DIR/before.shop" | grep -v note >"$TEST_DIR/then"
grep -v note "$TEST_DIR/now" | diff "$TEST_DIR/then" - || fail "not as before the run"
rows late "SELECT id, email, name FROM mighost.overwritten_1_1 WHERE name = 'app' ORDER BY 1" "1|z@x|app
4|app@x|app
21|n21@x|app"
rows late "SELECT body FROM mighost.fallen_1_$(psql_t late -c "SELECT 'note'::regclass::oid")" app
rows late "SELECT account_id FROM mighost.fallen_1_$(psql_t late -c "SELECT 'visit'::regclass::oid")" 23
rows late "SELECT note_id FROM mighost.fallen_1_$(psql_t late -c "SELECT 'stamp'::regclass::oid") ORDER BY 1" 30
rows late "SELECT account_id FROM visit ORDER BY 1 NULLS FIRST" "
3"
rows late "SELECT count(*) FROM pg_class WHERE relname ~ '^left_1'" 0
mig 0 late shop --purge 1
rows late "SELECT count(*) FROM pg_class WHERE relname ~ '^(overwritten|fallen|left)_1'" 0

echo "a circle of keys that delete along: what goes takes nothing along that is to be set back"
pg_createdb ring
psql_t ring <<'SQL'
BEGIN;
CREATE TABLE b (id int PRIMARY KEY, a_id int NOT NULL, name text);
CREATE TABLE a (id int PRIMARY KEY, b_id int NOT NULL, name text);
ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE b ADD FOREIGN KEY (a_id) REFERENCES a ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
INSERT INTO a VALUES (1, 1, 'live'), (2, 2, 'live');
INSERT INTO b VALUES (1, 1, 'live'), (2, 2, 'live');
COMMIT;
SQL
data ring <<'JSON'
{ "a": [ { "id": 1, "b": 9 }, { "id": 9, "b": 9 } ], "b": [ { "id": 9, "a": 1 }, { "id": 2, "a": 9 } ] }
JSON
project ring <<'JSON'
{ "name": "ring", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "stages": [
    { "name": "a", "policy": "update", "ids": "keep", "options": { "table": "a", "fields": { "id": "id",
      "b_id": "b" } } },
    { "name": "b", "policy": "update", "ids": "keep", "options": { "table": "b", "fields": { "id": "id",
      "a_id": "a" } } } ] }
JSON
run 0 ring ring
is "locked in the order of publish" \
    "$(sed -n 's/^LOCK TABLE "public"."\(.\)".*/\1/p' "$BUNDLE/rollback.sql" | paste -sd ,)" \
    "$(psql_t ring -c "SELECT string_agg(relname, ',' ORDER BY oid) FROM pg_class WHERE relname IN ('a', 'b')")"
undo_proof ring ring
psql_t ring -c "ALTER TABLE a ALTER CONSTRAINT a_b_id_fkey NOT DEFERRABLE" \
    -c "ALTER TABLE b ALTER CONSTRAINT b_a_id_fkey NOT DEFERRABLE"
run 0 ring ring
undo_proof ring ring

echo "what came back would be excluded by a row that stays"
pg_createdb stays
psql_t stays -c "CREATE TABLE stay (id int PRIMARY KEY, days int4range, seen int, EXCLUDE USING gist (days WITH &&));
    INSERT INTO stay VALUES (1, '[1,5)'), (2, '[20,25)')"
data stays <<'JSON'
{ "stay": [ { "id": 1, "days": "[10,15)" }, { "id": 2, "days": "[30,35)" }, { "id": 3, "days": "[2,4)" } ] }
JSON
project stays <<'JSON'
{ "name": "stays", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "stages": [ { "name": "stay", "policy": "update", "ids": "keep", "options": {
  "table": "stay", "fields": { "id": "id", "days": "days" } } } ] }
JSON
run 0 stays stays
undo_proof stays stays
psql_t stays -c "UPDATE stay SET seen = 1 WHERE id = 3"
mig 0 stays stays --rollback --rollback-mode untouched
listed "stay,1,another row is in its way, by stay_days_excl
stay,3,changed since"
rows stays "SELECT id, days FROM stay ORDER BY 1" "1|[10,15)
2|[20,25)
3|[2,4)"

[ -n "$("$MIGHOST" --list-faults)" ] || { echo "ok, without fault points"; exit 0; }
echo "two rollbacks at once: the second is told who is at work"
cp "$TEST_DIR/before.shop" "$TEST_DIR/before.late"
pg_copydb shop late
(
    MIGHOST_FAULT=rollback.checked:1:stop DATABASE_URL=$(pg_url late) exec "$MIGHOST" --plugins "$PLUGINS" --project \
        "$TEST_DIR/shop" --work-dir "$TEST_DIR/work/late" --rollback >"$TEST_DIR/first.out" 2>&1
) &
stand_process=$!
until grep -qs '^State:.*T' "/proc/$stand_process/status"; do sleep 0.02; done
mig 10 late shop --rollback
says "run 1 is being worked on: server process"
kill -CONT "$stand_process"
wait "$stand_process" || fail "the first rollback: $(cat "$TEST_DIR/first.out")"
stand_process=
unchanged late "a rollback, and another beside it"
mig 13 late shop --rollback
echo "beside a run behind check: the run finds what the rollback did, and ends as without it"
pg_copydb shop late
stand 0 late shop publish.begin:1
mig 13 late shop --rollback 2
mig 0 late shop --rollback 1
go_on
rows late "SELECT count(*) FROM account WHERE name = 'mig'" 7
rows late "SELECT count(*) FROM account" 7
echo "ok"

# backup_rows.sh - the rows of one owner in a backup of their own, as the training app needs it: the
# users of one platform, with what belongs to them down to the third table, partitions, a reference
# that the target does not declare. They are exactly the rows that plain SQL finds by the same rule,
# restore alone, and come back without a word to the rows of the others.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

stored=$TEST_DIR/backups/app
cat >"$TEST_DIR/schema.sql" <<'SQL'
CREATE SCHEMA app;
CREATE TABLE app.drills (id integer PRIMARY KEY, name text);
CREATE TABLE app.users (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text UNIQUE,
    platform text, "Odd ""name""" timestamptz DEFAULT '2025-01-02 03:04:05+00', invited_by integer
    REFERENCES app.users, upper_email text GENERATED ALWAYS AS (upper(email)) STORED);
CREATE TABLE app.sessions (id integer PRIMARY KEY, user_id integer NOT NULL REFERENCES app.users
    ON DELETE CASCADE, score double precision, note jsonb);
CREATE TABLE app.session_notes (session integer REFERENCES app.sessions, number integer, text text,
    after_session integer, after_number integer, PRIMARY KEY (session, number),
    FOREIGN KEY (after_session, after_number) REFERENCES app.session_notes);
CREATE TABLE app.items (user_id integer REFERENCES app.users, drill integer NOT NULL REFERENCES app.drills);
CREATE TABLE app.history (user_id integer REFERENCES app.users, at date, what text) PARTITION BY RANGE (at);
CREATE TABLE app.history_old PARTITION OF app.history FOR VALUES FROM ('2020-01-01') TO ('2025-01-01');
CREATE TABLE app.history_rest PARTITION OF app.history DEFAULT;
CREATE TABLE app.filters (id integer PRIMARY KEY, owner integer, text text);
SQL
pg_createdb app "$TEST_DIR/schema.sql"
psql_t app <<'SQL'
INSERT INTO app.drills SELECT i, 'drill ' || i FROM generate_series(1, 9) i;
INSERT INTO app.users (email, platform) SELECT 'u' || i || E'@x\t\\.', CASE WHEN i % 3 = 0 THEN 'android'
    ELSE 'apple' END FROM generate_series(1, 60) i;
UPDATE app.users SET invited_by = id - 1 WHERE id > 1;
INSERT INTO app.sessions SELECT i, 1 + i % 60, i / 7.0, '{"a": "\u00e4"}' FROM generate_series(1, 300) i;
INSERT INTO app.session_notes SELECT 1 + i % 300, i / 300, E'line\n' || i FROM generate_series(0, 599) i;
UPDATE app.session_notes SET after_session = session, after_number = 0 WHERE number = 1;
INSERT INTO app.items SELECT 1 + i % 60, 1 + i % 9 FROM generate_series(1, 200) i;
INSERT INTO app.history SELECT 1 + i % 60, '2024-10-01'::date + i, 'h' || i FROM generate_series(1, 200) i;
INSERT INTO app.filters SELECT i, 1 + i % 60, 'f' || i FROM generate_series(1, 120) i;
CREATE FUNCTION app.stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.text := 'stamped'; RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON app.filters FOR EACH ROW EXECUTE FUNCTION app.stamp();
SQL
document()
{
    cat <<JSON
{ "name": "app", "target": { "schema": "app" },
  "backup": { "scratch": "target", "scope": "$1",
    "rows": [ { "name": "android", "table": "users", "where": "platform = $2 -- these" } ] },
  "sources": { "old": { "use": "json", "options": { "file": "$TEST_DIR/app/data.json" } } },
  "stages": [ { "name": "filters", "policy": "update", "ids": "keep",
    "tables": { "filters": { "references": [ { "columns": "owner", "to": "users", "to_columns": "id" } ] } },
    "options": { "table": "filters", "fields": { "id": "id", "owner": "owner", "text": "text" } } } ] }
JSON
}
document tables "'android'" | project app
echo '{ "filters": [ { "id": 1, "owner": 2, "text": "new" } ] }' | data app

# The rows of a platform, and not those of it, by plain SQL.
group() # DB =|<> [COLUMN]
{
    for query in "app.users r WHERE platform $2 'android'" \
        "app.sessions r WHERE user_id IN (SELECT id FROM app.users WHERE platform $2 'android')" \
        "app.session_notes r WHERE session IN (SELECT s.id FROM app.sessions s JOIN app.users u ON u.id = user_id
            WHERE platform $2 'android')" \
        "app.items r WHERE user_id IN (SELECT id FROM app.users WHERE platform $2 'android')" \
        "app.history r WHERE user_id IN (SELECT id FROM app.users WHERE platform $2 'android')" \
        "app.filters r WHERE owner IN (SELECT id FROM app.users WHERE platform $2 'android')"; do
        psql_t "$1" -c "SELECT '${query%% *}', r.*${3-} FROM $query ORDER BY r::text"
    done
}

said_of() # TABLE: rows and digest in the newest backup
{
    mig 0 app app --backups --json
    psql_t postgres -v list="$(cat "$OUT")" <<SQL
SELECT (t ->> 'rows') || ' ' || (t ->> 'digest') FROM json_array_elements(:'list'::json -> 0 -> 'parts' -> 0
    -> 'tables') t WHERE t ->> 'name' = '$1'
SQL
}

group app = >"$TEST_DIR/android"
is "lines of the group" "$(wc -l <"$TEST_DIR/android")" 694

echo "each backup has them: as many, and the same, as plain SQL finds"
mig 0 app app --backup
id=$(ls "$stored")
is "files" "$(cd "$stored/$id" && stat -c '%n %a' ./*)" "./data.dump 600
./manifest.json 600
./rows-android.sql 600"
mig 0 app app --backups
says "  rows android  good"
for table in users sessions session_notes items history filters; do
    is "rows of $table" "$(said_of $table | cut -d' ' -f1)" "$(grep -ac "^app.$table|" "$TEST_DIR/android")"
done
is "digest of the users" "$(said_of users)" "$(PGOPTIONS='-c timezone=UTC' psql_t app -c "
    SELECT count(*) || ' ' || sum(('x' || substr(h, 1, 15))::bit(60)::bigint) || '-' ||
    sum(('x' || substr(h, 16, 15))::bit(60)::bigint) FROM (SELECT encode(sha256(convert_to(r::text, 'UTF8')),
    'hex') AS h FROM app.users r WHERE platform = 'android') x")"
mig 0 app app --verify-backup "$id"
says "is proven: 7 tables"

echo "they restore alone, by psql"
pg_createdb alone "$TEST_DIR/schema.sql"
psql_t alone -c "ALTER TABLE app.users DROP CONSTRAINT users_invited_by_fkey; INSERT INTO app.drills
    SELECT i, 'drill' FROM generate_series(1, 9) i"
psql_t alone -1 -f "$stored/$id/rows-android.sql"
group alone = | diff "$TEST_DIR/android" - || fail "alone, the group is another"
rows alone "SELECT count(*) FROM app.users WHERE platform <> 'android'" 0

echo "they come back, and the others are not even written again"
psql_t app <<'SQL'
UPDATE app.users SET email = 'changed' || id WHERE id IN (3, 6, 7);
UPDATE app.users SET platform = 'apple' WHERE id = 9;
INSERT INTO app.users (email, platform) VALUES ('new android', 'android'), ('new apple', 'apple');
DELETE FROM app.session_notes WHERE session IN (SELECT id FROM app.sessions WHERE user_id IN (12, 13));
DELETE FROM app.sessions WHERE user_id IN (12, 13);
INSERT INTO app.sessions VALUES (1000, 3, 1), (1001, 4, 1);
INSERT INTO app.history VALUES (3, '2024-12-12', 'new'), (4, '2024-12-12', 'new');
DELETE FROM app.filters WHERE owner IN (15, 16);
SQL
others()
{
    group app '<>' ', r.xmin' | grep -av '^app.users|9|'
}
psql_t app -c "SELECT count(*) FROM app.sessions WHERE user_id = 9" >/dev/null
psql_t app -c "UPDATE app.users SET platform = 'android' WHERE id = 9"
others >"$TEST_DIR/others"
psql_t app -c "UPDATE app.users SET platform = 'apple' WHERE id = 9"
mig 0 app app --restore "$id" --rows android
group app = | diff "$TEST_DIR/android" - || fail "the group is not as it was"
others | diff "$TEST_DIR/others" - || fail "the others were touched"
rows app "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated" 0
rows app "SELECT tgenabled FROM pg_trigger WHERE tgname = 'stamp'" O
mig 0 app app --restore "$id" --rows android

echo "refused, with all as it is"
fingerprint_db app >"$TEST_DIR/before.app"
mig 2 app app --restore "$id" --rows iphone
document tables "'apple'" >"$TEST_DIR/app/other.json"
mig 13 app app/other.json --restore "$id" --rows android
says "found by another rule"
psql_t app -c "ALTER TABLE app.filters ADD more text"
mig 13 app app --restore "$id" --rows android
says "altered since"
psql_t app -c "ALTER TABLE app.filters DROP more"
psql_t app -c "UPDATE app.users SET email = 'x' WHERE id = 3; UPDATE app.users SET email = E'u3@x\t\\\\.' WHERE id = 4"
fingerprint_db app >"$TEST_DIR/before.app"
mig 13 app app --restore "$id" --rows android
says "constraint users_email_key of users"
cat "$OUT" "$ERR" | grep -q 'u3@' && fail "a value is in the message"
printf x | dd of="$stored/$id/rows-android.sql" bs=1 seek=400 conv=notrunc 2>/dev/null
mig 12 app app --restore "$id" --rows android
mig 12 app app --verify-backup "$id"
unchanged app "a refused restore"

echo "a run makes it too, also where nothing else is backed up; a condition that is wrong ends it before that"
document none "'android'" >"$TEST_DIR/app/none.json"
mig 0 app app/none.json --run
run_backup=$(psql_t app -c "SELECT backup FROM mighost.run ORDER BY id DESC LIMIT 1")
is "files" "$(ls "$stored/$run_backup" | tr '\n' ' ')" "manifest.json rows-android.sql "
mig 0 app app/none.json --verify-backup "$run_backup"
document none "no_such_column" >"$TEST_DIR/app/wrong.json"
psql_t app -c "UPDATE app.filters SET owner = 5 WHERE id = 1"
nothing 5 app app/wrong.json
says "42703"
says 'the rule of "rows" named android'
echo "ok"

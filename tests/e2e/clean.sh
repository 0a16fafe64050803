# clean.sh - --clean deletes the rows of the tables that the project writes, children first, in one
# transaction: what it tells before; who must confirm; what it refuses; the rows within a scope; the
# backup behind it; a run after it; what it and --rollback cost where no index serves a reference.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb shop
psql_t shop <<'SQL'
CREATE TABLE team (id int PRIMARY KEY, name text, boss int REFERENCES team);
CREATE TABLE player (id int PRIMARY KEY, team int NOT NULL REFERENCES team, origin text DEFAULT 'app');
CREATE TABLE score (player int REFERENCES player ON DELETE CASCADE, points int);
CREATE TABLE other (id int PRIMARY KEY);
INSERT INTO other VALUES (1);
INSERT INTO team VALUES (50, 'live', NULL);
INSERT INTO player VALUES (500, 50, 'app');
SQL
data shop <<'JSON'
{ "team": [ { "id": 1, "name": "a" }, { "id": 2, "name": "b", "boss": 1 } ],
  "player": [ { "id": 10, "team": 1 }, { "id": 20, "team": 2 }, { "id": 30, "team": 2 } ] }
JSON
make() # NAME PRODUCTION SCOPE
{
    mkdir -p "$TEST_DIR/$1"
    cp "$TEST_DIR/shop/data.json" "$TEST_DIR/$1/" 2>/dev/null || :
    project "$1" <<JSON
{ "name": "shop", "target": { "production": $2 },
  "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [
    { "name": "team", "policy": "update", "ids": "keep", "options": { "table": "team",
      "fields": { "id": "id", "name": "name", "boss": "boss" } } },
    { "name": "player", "policy": "update", "ids": "keep", "options": { "table": "player",
      "fields": { "id": "id", "team": "team", "origin": { "value": "v1" } } }$3 } ] }
JSON
}
make shop false ''
make live true ''
make part false ', "tables": { "player": { "scope": "origin = '"'v1'"'" } }'

same() # WHAT: all live rows are as before
{
    fingerprint_db shop | cmp -s - "$TEST_DIR/full" || fail "$1 deleted something"
}

run 0 shop shop
fingerprint_db shop >"$TEST_DIR/full"

echo "it tells what it would delete, children first, and deletes nothing without a word"
mig 0 shop shop --dry-clean
printf 'public.player: 4 rows\npublic.team: 3 rows\n7 rows of 2 tables, children first\nnothing was deleted\n' |
    cmp - "$OUT" || fail "not told"
same "--dry-clean"
mig 2 shop shop --clean </dev/null
says "7 rows would be deleted and nobody confirmed"
same "--clean that nobody confirmed"
mig 2 shop live --clean </dev/null
says "marked as production, and nobody confirmed"
same "--clean of production"

echo "rows of other tables are no part of it"
psql_t shop -c "INSERT INTO score VALUES (10, 7), (10, 8)"
fingerprint_db shop >"$TEST_DIR/full"
for action in --dry-clean "--clean --yes"; do
    # shellcheck disable=SC2086
    mig 13 shop shop $action
    says "2 rows of public.score refer to rows of public.player that would go"
    says "would be deleted with them (ON DELETE CASCADE)"
    same "$action"
done
psql_t shop -c "DELETE FROM score"

echo "within a scope only its rows go; rows that stay and refer to others forbid it"
mig 0 shop part --dry-clean --only player
says "public.player: 3 rows, within its scope"
mig 13 shop part --clean --yes
says "1 row of public.player refers to rows of public.team that would go, and keep them from being deleted"
mig 0 shop part --clean --yes --only player
rows shop "SELECT id FROM player" 500

echo "all goes, but what no stage writes; the backup brings it back; a run fills it again"
run 0 shop shop
fingerprint_db shop >"$TEST_DIR/full"
mig 0 shop live --clean --force
says "7 rows are deleted; they come back with --restore backup-"
rows shop "SELECT (SELECT count(*) FROM team) + (SELECT count(*) FROM player), (SELECT count(*) FROM other)" "0|1"
rows shop "SELECT what FROM mighost.event ORDER BY run DESC, no DESC LIMIT 1" "cleaned: 7 rows deleted"
mig 0 shop shop --restore "$(sed -n 's/.*--restore //p' "$OUT")" --yes
same "--restore"
mig 0 shop shop --clean --yes
run 0 shop shop
rows shop "SELECT count(*) FROM player" 3
mig 0 shop shop --clean --yes
mig 0 shop shop --clean
says "nothing was deleted"

echo "a trigger that keeps rows ends it, and nothing is deleted"
run 0 shop shop
psql_t shop <<'SQL'
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN IF old.id = 10 THEN RETURN NULL; END IF; RETURN old; END';
CREATE TRIGGER keep BEFORE DELETE ON player FOR EACH ROW EXECUTE FUNCTION keep();
SQL
fingerprint_db shop >"$TEST_DIR/full"
mig 0 shop shop --dry-clean
says "triggers fire: keep"
mig 8 shop shop --clean --yes
says "of 3 rows of public.player 2 were deleted"
same "--clean against a trigger"

echo "not while a run is on its way"
psql_t shop -c "DROP TRIGGER keep ON player"
mig 0 shop shop --run --hold
mig 10 shop shop --clean --yes
says "drop it with --abandon"

# Without an index of player.room each room that goes would have the whole table read, also when it is
# empty by then.
echo "a reference that no index serves is not looked for row by row; the index is gone afterwards"
pg_createdb rooms
psql_t rooms <<'SQL'
CREATE TABLE room (id int PRIMARY KEY);
CREATE TABLE guest (id int PRIMARY KEY, room int NOT NULL REFERENCES room, pad text);
SQL
psql_t rooms >"$TEST_DIR/rows" <<'SQL'
SELECT json_build_object('room', (SELECT json_agg(json_build_object('id', i)) FROM generate_series(1, 3000) i), 'guest',
    (SELECT json_agg(json_build_object('id', i, 'room', i, 'pad', repeat('x', 200))) FROM generate_series(1, 3000) i))
SQL
data rooms <"$TEST_DIR/rows"
project rooms <<'JSON'
{ "name": "rooms", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [
    { "name": "room", "ids": "keep", "policy": "update", "options": { "table": "room", "fields": { "id": "id" } } },
    { "name": "guest", "ids": "keep", "policy": "update", "options": { "table": "guest",
      "fields": { "id": "id", "room": "room", "pad": "pad" } } } ] }
JSON
scans() # of table guest, by those who are gone
{
    psql_t rooms -c "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'guest'"
}
few_scans() # WHAT SINCE
{
    [ $(($(scans) - $2)) -lt 100 ] || fail "$1 reads the table for each row: $(($(scans) - $2)) times"
    rows rooms "SELECT count(*) FROM pg_class WHERE relname LIKE 'mig\_ref%'" 0
}
run 0 rooms rooms
before=$(scans)
mig 0 rooms rooms --rollback
fingerprint_db rooms | cmp -s - "$TEST_DIR/before.rooms" || fail "not as before"
few_scans --rollback "$before"
run 0 rooms rooms
before=$(scans)
mig 0 rooms rooms --clean --yes
few_scans --clean "$before"

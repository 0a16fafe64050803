# backup_proof.sh - a backup that is proven: restored into a scratch database, and there the rows are
# those that were backed up. The target has what makes that hard: types of its own, foreign keys to
# outside of the backup, generated and identity columns, partitions. And what happens when the disk
# is full, the process is killed, the role may make no database.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

stored=$TEST_DIR/backups/shop
pg_createdb shop
psql_t shop <<'SQL'
CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('low', 'high');
CREATE DOMAIN app.short AS text CHECK (length(VALUE) < 20);
CREATE FUNCTION app.twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n';
CREATE TABLE app.seller (id integer PRIMARY KEY, name text);
CREATE TABLE app.items (id integer PRIMARY KEY, name app.short NOT NULL, mood app.mood DEFAULT 'low',
    seller integer REFERENCES app.seller, price double precision, twice integer GENERATED ALWAYS AS
    (app.twice(id)) STORED, number integer GENERATED ALWAYS AS IDENTITY);
CREATE TABLE app.log (at date, what text) PARTITION BY RANGE (at);
CREATE TABLE app.log_old PARTITION OF app.log FOR VALUES FROM ('2020-01-01') TO ('2025-01-01');
CREATE TABLE app.log_rest PARTITION OF app.log DEFAULT;
CREATE VIEW app.cheap AS SELECT * FROM app.items WHERE price < 1;
CREATE FUNCTION app.stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
INSERT INTO app.seller VALUES (1, 'one');
INSERT INTO app.items (id, name, mood, seller, price) SELECT i, 'item ' || i, 'high', 1, i / 3.0
    FROM generate_series(1, 500) i;
INSERT INTO app.log SELECT '2024-06-01'::date + i, NULL FROM generate_series(1, 400) i;
CREATE TRIGGER stop BEFORE UPDATE ON app.seller EXECUTE FUNCTION app.stop();
SQL
document()
{
    cat <<JSON
{ "name": "shop", "target": { "schema": "app" }, "backup": { $1 },
  "sources": { "old": { "use": "json", "options": { "file": "$TEST_DIR/shop/data.json" } } },
  "stages": [ { "name": "items", "policy": "update", "ids": "keep",
    "options": { "table": "items", "fields": { "id": "id", "name": "name" } } } ] }
JSON
}
document '"scope": "tables", "scratch": "target"' | project shop
echo '{ "items": [ { "id": 1, "name": "one" }, { "id": 501, "name": "more" } ] }' | data shop

scratches()
{
    psql_t postgres -c "SELECT count(*) FROM pg_database WHERE datname LIKE 'mighost\_scratch\_%'"
}

# What the manifest must say of a table, by plain SQL.
digest_of()
{
    PGOPTIONS="-c timezone=UTC -c datestyle=ISO,YMD" psql_t shop -c "
        SELECT count(*) || ' ' || sum(('x' || substr(h, 1, 15))::bit(60)::bigint) || '-' ||
               sum(('x' || substr(h, 16, 15))::bit(60)::bigint)
        FROM (SELECT encode(sha256(convert_to(r::text, 'UTF8')), 'hex') AS h FROM ONLY $1 r) x"
}

said_of() # SCHEMA TABLE: of the newest backup
{
    mig 0 shop shop --backups --json
    psql_t postgres -v list="$(cat "$OUT")" <<SQL
SELECT (t ->> 'rows') || ' ' || (t ->> 'digest') FROM json_array_elements(:'list'::json -> 0 -> 'tables') t
    WHERE t ->> 'schema' = '$1' AND t ->> 'name' = '$2'
SQL
}

newest()
{
    ls "$stored" | sort -r | head -n 1
}

echo "a rollback point with a name, proven at once"
fingerprint_db shop >"$TEST_DIR/before.shop"
mig 0 shop shop --backup --label "before \"the\" day" --prove
id=$(newest)
says "$id is proven: 1 table with 500 rows restored on the target's server"
says "digests equal"
is "scratch databases" "$(scratches)" 0
unchanged shop "a proof"
is "digest of items" "$(said_of app items)" "$(digest_of app.items)"
mig 0 shop shop --backups
grep -q "^$id  .*  run -  tables  of 1  .* bytes  \"before \"the\" day\"  good$" "$OUT" || fail "the list"

echo "of the whole database"
mig 0 shop shop --backup --full
whole=$(newest)
is "digest of a partition" "$(said_of app log_old)" "$(digest_of app.log_old)"
mig 0 shop shop --verify-backup "$whole"
says "is proven: 4 tables with 901 rows"
mig 0 shop shop --verify-backup "$id"

echo "other rows than were backed up, as a manifest says that was forged"
mv "$stored/$id" "$TEST_DIR/kept"
cp -a "$TEST_DIR/kept" "$stored/$id"
sed -i '$d' "$stored/$id/manifest.json"
sed -i '$d' "$stored/$id/manifest.json"
sed -i 's/"rows": 500, "digest": "[0-9]/&0/' "$stored/$id/manifest.json"
printf ' "manifest_sha256": "%s"\n}\n' "$(sha256sum <"$stored/$id/manifest.json" | cut -d' ' -f1)" \
    >>"$stored/$id/manifest.json"
mig 12 shop shop --verify-backup "$id"
says "restored, table app.items has other rows than were backed up"
rm -r "${stored:?}/$id"
mv "$TEST_DIR/kept" "$stored/$id"

echo "a backup that can no longer be restored: the tables are others"
psql_t shop -c "ALTER TABLE app.items RENAME price TO cost"
mig 5 shop shop --verify-backup "$id"
says "42703"
psql_t shop -c "ALTER TABLE app.items RENAME cost TO price"
is "scratch databases" "$(scratches)" 0

echo "killed in the middle: the next one clears up"
psql_t shop -c "CREATE TABLE app.big AS SELECT i, repeat(md5(i::text), 10) FROM generate_series(1, 100000) i"
mig 0 shop shop --backup --full
big=$(newest)
DATABASE_URL=$(pg_url shop) "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/shop" --backup-dir "$stored" \
    --work-dir "$TEST_DIR/work/shop" --verify-backup "$big" >"$OUT" 2>&1 &
proving=$!
until [ "$(scratches)" = 1 ]; do
    kill -0 $proving 2>/dev/null || fail "it ended before a scratch database was seen"
    sleep 0.02
done
kill -KILL $proving
wait $proving || :
is "scratch databases, behind the kill" "$(scratches)" 1
psql_t postgres -c "CREATE DATABASE mighost_scratch_in_use"
(psql_t postgres -c "\\connect mighost_scratch_in_use" -c "SELECT pg_sleep(60)" >/dev/null 2>&1) &
user=$!
mig 0 shop shop --verify-backup "$big"
says "left by a process that was killed, is dropped"
is "scratch databases" "$(scratches)" 1
kill "$user"
wait "$user" || :
psql_t postgres -c "DROP DATABASE mighost_scratch_in_use WITH (FORCE)"
unchanged_but_big=$(psql_t shop -c "SELECT count(*) FROM app.items")
is "rows" "$unchanged_but_big" 500
psql_t shop -c "DROP TABLE app.big"

echo "a role that may make no database, and the embedded server in its place"
psql_t shop -c "CREATE ROLE plain LOGIN; GRANT USAGE, CREATE ON SCHEMA app TO plain;
    GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA app TO plain"
MIG_ROLE=plain mig 5 shop shop --verify-backup "$id"
says '"scratch": "embedded"'
document '"scratch": "embedded"' >"$TEST_DIR/shop/embedded.json"
mig 0 shop shop/embedded.json --verify-backup "$id"
says "restored on the embedded server"
is "scratch databases" "$(scratches)" 0
[ -z "$(pgrep -f -- "-D $TEST_DIR/work" || :)" ] || fail "the embedded server is left running"

echo "a run proves its backup before it publishes"
document '"prove": true, "scratch": "target"' >"$TEST_DIR/shop/prove.json"
mig 0 shop shop/prove.json --run
proven=$(grep -n 'is proven: 1 table with 500 rows' "$BUNDLE/run.log" | cut -d: -f1)
published=$(grep -n 'publish' "$BUNDLE/run.log" | tail -n 1 | cut -d: -f1)
[ "$proven" -lt "$published" ] || fail "published first"
mig 0 shop shop/prove.json --rollback
unchanged shop "run and rollback"

echo "source and target both: each restores into an empty database, the source is only read"
pg_createdb old
psql_t old -c "CREATE SCHEMA v1;
    CREATE TABLE v1.items (id serial PRIMARY KEY, name text, made timestamptz DEFAULT now());
    INSERT INTO v1.items (name) SELECT 'i' || i FROM generate_series(1, 300) i; CREATE TABLE v1.none (id int)"
document '"scratch": "target", "sources": "old"' >"$TEST_DIR/shop/json.json"
mig 3 shop shop/json.json --backup
says 'names source "old", which is no PostgreSQL database'
options="{ \"url\": \"$(pg_url old)\" }"
sed "s|\"use\": \"json\", \"options\": {.*} } },|\"use\": \"postgres\", \"options\": $options } },|" \
    "$TEST_DIR/shop/json.json" >"$TEST_DIR/shop/both.json"
fingerprint_db old >"$TEST_DIR/before.old"
mig 0 shop shop/both.json --backup --full
both=$(newest)
unchanged old "a backup of the source"
pg_createdb old_again
"$PGTMP_BIN/pg_restore" --exit-on-error --no-owner -d "$(pg_url old_again)" "$stored/$both/source-old.dump"
fingerprint_db old_again | diff "$TEST_DIR/before.old" - || fail "the source is another"
mig 0 shop shop --backups
grep -q "^$both .* source old  good$" "$OUT" || fail "the list"
mig 0 shop shop --verify-backup "$both"
says "is proven: 6 tables with"
printf x | dd of="$stored/$both/source-old.dump" bs=1 seek=300 conv=notrunc 2>/dev/null
mig 12 shop shop --verify-backup "$both"
says "source-old.dump was changed"
rm -r "${stored:?}/$both"

echo "a full disk while it is made: nothing under a final name, nothing published"
before=$(newest)
psql_t shop -c "INSERT INTO app.items (id, name) SELECT i, md5(i::text)::varchar(19) FROM generate_series(1000, 9000) i"
fingerprint_db shop >"$TEST_DIR/before.shop"
for action in --backup --run; do
    status=0
    DATABASE_URL=$(pg_url shop) sh -c 'ulimit -f 100; exec "$@"' sh "$MIGHOST" --plugins "$PLUGINS" \
        --project "$TEST_DIR/shop" --backup-dir "$stored" --work-dir "$TEST_DIR/work/shop" \
        --report-dir "$TEST_DIR/reports/shop" $action >"$OUT" 2>"$ERR" || status=$?
    is "exit code of $action" "$status" 12
    is "the newest backup" "$(newest)" "$before"
    is "half ones" "$(find "$stored" -name '.making*')" ""
    unchanged shop "$action on a full disk"
done
# The disk itself, which others fill behind the look at what is free.
if [ "$(id -u)" -eq 0 ] && mkdir "$TEST_DIR/full" "$TEST_DIR/tools" &&
    mount -t tmpfs -o size=32m,mode=700 tmpfs "$TEST_DIR/full" 2>/dev/null; then
    at_exit 'umount "$TEST_DIR/full"'
    ln -s "$PGTMP_BIN/pg_restore" "$TEST_DIR/tools/pg_restore"
    cat >"$TEST_DIR/tools/pg_dump" <<SH
#!/bin/sh
case \$* in *--version*) ;; *) head -c 40m /dev/zero >"$TEST_DIR/full/others" ;; esac 2>/dev/null
exec "$PGTMP_BIN/pg_dump" "\$@"
SH
    chmod 755 "$TEST_DIR/tools/pg_dump"
    for action in --backup --run; do
        status=0
        DATABASE_URL=$(pg_url shop) MIGHOST_PG_BIN=$TEST_DIR/tools "$MIGHOST" --plugins "$PLUGINS" --project \
            "$TEST_DIR/shop" --backup-dir "$TEST_DIR/full" --work-dir "$TEST_DIR/work/shop" \
            --report-dir "$TEST_DIR/reports/shop" $action >"$OUT" 2>"$ERR" || status=$?
        is "exit code of $action on a disk that fills" "$status" 12
        says "pg_dump"
        is "what is there" "$(ls -A "$TEST_DIR/full")" others
        unchanged shop "$action on a disk that fills"
        rm "$TEST_DIR/full/others"
    done
    mig 0 shop shop --run --backup-dir "$TEST_DIR/full"
    mig 0 shop shop --rollback
else
    echo "  skipped: needs root and a tmpfs"
fi
echo "ok"

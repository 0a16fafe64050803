# backup.sh - backups of tables and of a database: made, damaged, restored, refused. The target
# has what makes a restore hard: foreign keys both ways and to the outside, cascades, triggers,
# rules, partitions, generated and identity columns, odd names, sequences of three kinds.
. "$top_srcdir/tests/fixtures/pgtmp.sh"

drive=$top_builddir/tests/e2e/backup_drive
backups=$TEST_DIR/backups
version=$(psql_t postgres -c "SHOW server_version_num")
pg_createdb shop
url=$(pg_url shop)

fail()
{
    echo "FAIL: $1"
    exit 1
}

is() # WHAT GOT EXPECTED
{
    [ "$2" = "$3" ] || fail "$1: got \"$2\", not \"$3\""
}

# Ends with STATUS and says TEXT.
refused() # STATUS TEXT COMMAND...
{
    expected=$1 text=$2
    shift 2
    status=0
    said=$("$@" 2>&1) || status=$?
    is "$*" "$status" "$expected"
    case $said in *"$text"*) ;; *) fail "$*: says \"$said\", not \"$text\"" ;; esac
}

psql_t shop <<'SQL'
CREATE SCHEMA "Odd ""schema""; x";
CREATE TABLE customer (id bigserial PRIMARY KEY, email text UNIQUE, favourite bigint,
    upper_email text GENERATED ALWAYS AS (upper(email)) STORED);
CREATE TABLE product (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,
    first_buyer bigint REFERENCES customer, price numeric(10, 2), tags text[], note jsonb);
-- A cycle of two, neither deferrable.
ALTER TABLE customer ADD CONSTRAINT favourite FOREIGN KEY (favourite) REFERENCES product;
COMMENT ON CONSTRAINT favourite ON customer IS 'what it''s called';
CREATE TABLE "Odd ""schema""; x"."T'able.\ ü" ("Col""umn" text, id integer PRIMARY KEY,
    parent integer REFERENCES "Odd ""schema""; x"."T'able.\ ü");
CREATE TABLE empty_one ();
CREATE TABLE event (at date NOT NULL, customer bigint REFERENCES customer, what text)
    PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE event_rest PARTITION OF event DEFAULT;
-- Tables that are in no backup of the tables above.
CREATE TABLE invoice (id serial PRIMARY KEY, customer bigint NOT NULL REFERENCES customer
    ON DELETE CASCADE);
CREATE TABLE visit (id serial PRIMARY KEY, customer bigint REFERENCES customer
    ON DELETE SET NULL ON UPDATE RESTRICT);
CREATE TABLE old_visit (id serial PRIMARY KEY, customer bigint);
ALTER TABLE old_visit ADD FOREIGN KEY (customer) REFERENCES customer NOT VALID;
-- Sequences: one that only a backed up table draws from, one that two share.
CREATE SEQUENCE own_numbers;
CREATE SEQUENCE "shared ""numbers""";
CREATE TABLE ticket (number integer PRIMARY KEY DEFAULT nextval('own_numbers'),
    other integer DEFAULT nextval('"shared ""numbers"""'));
CREATE TABLE stamp (other integer DEFAULT nextval('"shared ""numbers"""'));
CREATE TABLE audit (at timestamptz DEFAULT now(), what text);
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit (what) VALUES (TG_OP);
    IF TG_OP <> 'DELETE' THEN NEW.name := NEW.name || '!'; RETURN NEW; END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER b_always BEFORE INSERT OR UPDATE OR DELETE ON product
    FOR EACH ROW EXECUTE FUNCTION shout();
CREATE TRIGGER c_off BEFORE INSERT ON product FOR EACH ROW EXECUTE FUNCTION shout();
CREATE TRIGGER a_replica BEFORE INSERT ON product FOR EACH ROW EXECUTE FUNCTION shout();
CREATE TRIGGER truncated BEFORE TRUNCATE ON product EXECUTE FUNCTION shout();
ALTER TABLE product ENABLE ALWAYS TRIGGER b_always, DISABLE TRIGGER c_off,
    ENABLE REPLICA TRIGGER a_replica;

INSERT INTO customer (email) SELECT 'user' || i || '@example.org' FROM generate_series(1, 500) i;
INSERT INTO product (name, first_buyer, price, tags, note) SELECT 'p' || i, i, i / 7.0,
    ARRAY[E'a"\\,b', NULL, E'tab\tnew\nline'], '{"a": [1, 2, {"b": "\\u00e4"}]}'
    FROM generate_series(1, 100) i;
INSERT INTO product (name) VALUES (E'\\.'), (E'line\n\\.\nline'), (''), (E'\\N'),
    ('ÄÖÜ 漢字 😀');
UPDATE customer SET favourite = 1 + id % 100;
INSERT INTO "Odd ""schema""; x"."T'able.\ ü"
    SELECT 'row' || i, i, CASE WHEN i < 20 THEN i + 1 END FROM generate_series(20, 1, -1) i;
INSERT INTO empty_one DEFAULT VALUES;
INSERT INTO event SELECT '2024-12-01'::date + i, i, 'e' || i FROM generate_series(1, 400) i;
INSERT INTO invoice (customer) SELECT id FROM customer WHERE id <= 200;
INSERT INTO visit (customer) SELECT id FROM customer WHERE id <= 100;
INSERT INTO old_visit (customer) VALUES (1);
INSERT INTO ticket SELECT FROM generate_series(1, 10);
INSERT INTO stamp SELECT FROM generate_series(1, 5);
SQL

tables()
{
    printf '%s\n' public customer public product 'Odd "schema"; x' "T'able.\\ ü" \
        public empty_one public event public ticket
}

make_tables()
{
    tables | (
        set --
        while IFS= read -r name; do set -- "$@" "$name"; done
        "$drive" make "$backups" "$url" "$version" tables "$@"
    )
}

# Everything but the rows: constraints, triggers and their states, defaults, comments.
catalog_of()
{
    "$PGTMP_BIN/pg_dump" --schema-only -d "$url" | grep -v '^\\\(un\)\{0,1\}restrict '
}

change_everything()
{
    psql_t shop <<'SQL'
UPDATE customer SET email = 'changed' || id, favourite = NULL WHERE id > 250;
INSERT INTO customer (email) VALUES ('new1'), ('new2');
DELETE FROM product WHERE id > 100;
UPDATE product SET name = 'x', price = 0 WHERE id < 50;
INSERT INTO product (name) VALUES ('new');
DELETE FROM "Odd ""schema""; x"."T'able.\ ü" WHERE id < 10;
INSERT INTO empty_one DEFAULT VALUES;
DELETE FROM event WHERE at < '2025-06-01';
INSERT INTO event VALUES ('2026-05-05', 1, 'new');
INSERT INTO ticket SELECT FROM generate_series(1, 7);
INSERT INTO stamp SELECT FROM generate_series(1, 3);
SQL
}

# ------------------------------------------------------------------------------------------

fingerprint_db shop >"$TEST_DIR/before"
catalog_of >"$TEST_DIR/catalog"
is "no backups yet" "$("$drive" list "$backups")" ""

id=$(make_tables)
case $id in backup-20??-??-??T??-??-??-???Z) ;; *) fail "id $id" ;; esac
is "mode of all" "$(stat -c %a "$backups")" 700
is "mode of one" "$(stat -c %a "$backups/$id")" 700
is "files" "$(cd "$backups/$id" && stat -c '%n %a' ./* .[!.]* 2>/dev/null)" \
    "./data.dump 600
./manifest.json 600"
is "sha256" "$(sha256sum <"$backups/$id/data.dump" | cut -d' ' -f1)" \
    "$(sed -n 's/.*"data.dump".*"sha256": "\([0-9a-f]*\)".*/\1/p' "$backups/$id/manifest.json")"
"$drive" verify "$backups" "$id"
fingerprint_db shop | cmp -s - "$TEST_DIR/before" || fail "a backup changed the target"

# --- restored: rows, sequences, and nothing else changed
echo "restore"
change_everything
fingerprint_db shop | cmp -s - "$TEST_DIR/before" && fail "nothing was changed"
"$drive" restore "$backups" "$id" "$url"
fingerprint_db shop >"$TEST_DIR/after"
# What is not in the backup keeps what was done to it since, the shared sequence too.
outside='^(table (invoice|visit|old_visit|stamp|audit)|sequence "shared ""numbers""")[|]'
grep -vE "$outside" "$TEST_DIR/before" >"$TEST_DIR/expected"
grep -vE "$outside" "$TEST_DIR/after" | diff "$TEST_DIR/expected" - || fail "not as before"
is "rows outside" "$(psql_t shop -c "SELECT (SELECT count(*) FROM invoice), (SELECT count(customer)
    FROM visit), (SELECT count(*) FROM old_visit), (SELECT count(*) FROM stamp)")" "200|100|1|8"
is "shared sequence" "$(psql_t shop -c "SELECT last_value FROM \"shared \"\"numbers\"\"\"")" 25
catalog_of | diff "$TEST_DIR/catalog" - || fail "the catalog is not as before"
audit=$(psql_t shop -c "SELECT count(*) FROM audit")
"$drive" restore "$backups" "$id" "$url"
is "triggers in a second restore" "$(psql_t shop -c "SELECT count(*) FROM audit")" "$audit"
is "no scratch left" "$(ls -A "$backups/$id")" "data.dump
manifest.json"

# --- partitions attached since have rows that are not in the backup
psql_t shop <<'SQL'
CREATE TABLE event_2027 PARTITION OF event FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
INSERT INTO event VALUES ('2027-02-02', 1, 'later');
SQL
"$drive" restore "$backups" "$id" "$url"
is "rows of a new partition" "$(psql_t shop -c "SELECT count(*) FROM event_2027")" 0
psql_t shop -c "DROP TABLE event_2027"

# --- refused, with everything as it was
echo "refusals"
psql_t shop <<'SQL'
INSERT INTO customer (id, email) VALUES (9000, 'later');
INSERT INTO invoice (customer) VALUES (9000);
SELECT nextval('customer_id_seq') \g /dev/null
SQL
fingerprint_db shop >"$TEST_DIR/now"
refused 13 "invoice" "$drive" restore "$backups" "$id" "$url"
fingerprint_db shop | diff "$TEST_DIR/now" - || fail "a refused restore changed something"
psql_t shop -c "DELETE FROM customer WHERE id = 9000"
psql_t shop -c "CREATE RULE keep AS ON DELETE TO ticket DO INSTEAD NOTHING"
refused 13 "rule keeps" "$drive" restore "$backups" "$id" "$url"
psql_t shop -c "DROP RULE keep ON ticket"
psql_t shop -c "ALTER TABLE ticket RENAME TO ticket_old"
refused 13 "public.ticket of the backup is not in the target" \
    "$drive" restore "$backups" "$id" "$url"
psql_t shop -c "ALTER TABLE ticket_old RENAME TO ticket"
psql_t shop -c "ALTER TABLE ticket DROP COLUMN other"
fingerprint_db shop >"$TEST_DIR/now"
refused 5 "42703" "$drive" restore "$backups" "$id" "$url"
fingerprint_db shop | diff "$TEST_DIR/now" - || fail "a failed restore changed something"
psql_t shop -c "ALTER TABLE ticket ADD COLUMN other integer
    DEFAULT nextval('\"shared \"\"numbers\"\"\"')"
# Values of rows are in no message.
psql_t shop -c "ALTER TABLE customer ADD CHECK (email NOT LIKE 'user77@%') NOT VALID"
status=0
said=$("$drive" restore "$backups" "$id" "$url" 2>&1) || status=$?
is "check violated" "$status" 8
case $said in *user77* | *example.org*) fail "a value is in the message: $said" ;; esac
psql_t shop -c "ALTER TABLE customer DROP CONSTRAINT customer_email_check"
"$drive" restore "$backups" "$id" "$url"
psql_t shop -c "CREATE ROLE stranger LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES
    IN SCHEMA public, \"Odd \"\"schema\"\"; x\" TO stranger; GRANT USAGE ON SCHEMA
    \"Odd \"\"schema\"\"; x\" TO stranger"
stranger=$(echo "$url" | sed 's/postgres@/stranger@/')
refused 5 "as the owner" "$drive" restore "$backups" "$id" "$stranger"
refused 12 "pg_dump" "$drive" make "$backups" "$stranger" "$version" tables public ticket
refused 12 "public.none to be backed up does not exist" \
    "$drive" make "$backups" "$url" "$version" tables public none
refused 12 "too old" "$drive" make "$backups" "$url" 990000 tables public ticket
refused 75 "no connection" "$drive" make "$backups" "postgresql://x@/y?host=/nowhere" "$version" \
    tables public ticket
refused 12 "no backup" "$drive" restore "$backups" "../x" "$url"
is "unfinished ones" "$(ls -A "$backups")" "$id"

# --- damaged: refused before anything is touched
echo "damage"
fingerprint_db shop >"$TEST_DIR/now"
for file in data.dump manifest.json; do
    cp -p "$backups/$id/$file" "$TEST_DIR/whole"
    printf '\377' | dd of="$backups/$id/$file" bs=1 seek=300 conv=notrunc 2>/dev/null
    refused 12 "$file" "$drive" verify "$backups" "$id"
    refused 12 "$file" "$drive" restore "$backups" "$id" "$url"
    cp -p "$TEST_DIR/whole" "$backups/$id/$file"
done
fingerprint_db shop | diff "$TEST_DIR/now" - || fail "a damaged backup changed something"

# --- killed in the middle: nothing listed, the target as it was; a restore is all or nothing
echo "kills"
psql_t shop -c "CREATE TABLE big AS SELECT i, repeat(md5(i::text), 10) AS t
    FROM generate_series(1, 100000) i"
psql_t shop -c "ALTER TABLE big ADD PRIMARY KEY (i)"
for after in 0.05 0.15 0.3; do
    timeout -s KILL "$after" "$drive" make "$backups" "$url" "$version" tables public big \
        >/dev/null 2>&1 || :
done
"$drive" list "$backups" | grep -v ' 1 tables ' && fail "a half backup is listed"
big=$("$drive" make "$backups" "$url" "$version" tables public big)
psql_t shop -c "UPDATE big SET t = 'changed'"
for after in 0.1 0.3 0.6; do
    timeout -s KILL "$after" "$drive" restore "$backups" "$big" "$url" >/dev/null 2>&1 || :
    is "rows after a kill" "$(psql_t shop -c "SELECT count(DISTINCT t) IN (1, 100000) AND
        count(*) = 100000 FROM big")" t
done
"$drive" restore "$backups" "$big" "$url"
is "rows" "$(psql_t shop -c "SELECT count(*) FROM big WHERE t = repeat(md5(i::text), 10)")" 100000
"$drive" prune "$backups" 0 0
[ -z "$(find "$backups" -maxdepth 1 -name '.*' ! -path "$backups" ! -name . -print)" ] ||
    fail "unfinished backups are left"

# --- many in one moment do not collide
before=$("$drive" list "$backups" | grep -c ' 1 tables ')
for n in 1 2 3 4 5 6; do
    "$drive" make "$backups" "$url" "$version" tables public ticket >"$TEST_DIR/id.$n" &
done
wait
is "ids" "$(cat "$TEST_DIR"/id.[1-6] | sort -u | wc -l)" 6
is "whole" "$("$drive" list "$backups" | grep -c ' 1 tables ')" "$((before + 6))"

# --- the whole database, restorable by PostgreSQL's own program into an empty one
echo "database"
psql_t shop -c "CREATE SCHEMA mighost; CREATE TABLE mighost.run (id int);
    INSERT INTO mighost.run VALUES (1)"
whole=$("$drive" make "$backups" "$url" "$version" database)
fingerprint_db shop >"$TEST_DIR/now"
pg_createdb copy
"$PGTMP_BIN/pg_restore" --exit-on-error --no-owner -d "$(pg_url copy)" "$backups/$whole/data.dump"
fingerprint_db copy | diff "$TEST_DIR/now" - || fail "the restored database is not the same"
change_everything
psql_t shop -c "INSERT INTO mighost.run VALUES (2)"
"$drive" restore "$backups" "$whole" "$url"
fingerprint_db shop | diff "$TEST_DIR/now" - || fail "the database is not as before"
is "state of runs" "$(psql_t shop -c "SELECT count(*) FROM mighost.run")" 2

# --- no password in arguments or files
if [ -z "${MIGHOST_TEST_SOCKET-}" ]; then
    secret='s3cr3t-canary%2F'
    psql_t shop -c "ALTER ROLE postgres PASSWORD 's3cr3t-canary/'"
    (until [ -e "$TEST_DIR/stop" ]; do head -v -c 4000 /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' '
        sleep 0.01; done) >"$TEST_DIR/arguments" &
    "$drive" make "$backups" "postgresql://postgres:$secret@/shop?host=$PGTMP_SOCKET" "$version" \
        database >/dev/null
    : >"$TEST_DIR/stop"
    wait
    grep -a '^[^ ]*/pg_dump -Fc' "$TEST_DIR/arguments" >"$TEST_DIR/dumps" ||
        fail "pg_dump was not seen"
    # The driver of this test has the URL in its own arguments; no other program may.
    grep -qa 'canary' "$TEST_DIR/dumps" && fail "in argv"
    grep -rqa 'canary' "$backups" && fail "in the backup"
fi
echo "ok"

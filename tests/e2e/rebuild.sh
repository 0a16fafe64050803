# rebuild.sh - indexes and foreign keys that publish drops and makes again come back as they were,
# down to what only pg_dump looks at; what could not come back so is never dropped.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

[ -n "$("$MIGHOST" --list-faults)" ] || pgtmp_skip "built without --enable-fault-injection"

# Everything of the schema that a DBA sees, and what pg_dump leaves out: validity, states of triggers.
shape() # DB
{
    "$PGTMP_BIN/pg_dump" --schema-only --no-sync --exclude-schema=mighost -d "$(pg_url "$1")" |
        grep -v '^--\|restrict' || fail "pg_dump"
    psql_t "$1" <<'SQL'
SELECT x.indrelid::regclass, i.relname, x.indisvalid, x.indisready, x.indisunique, x.indisprimary, x.indimmediate,
    x.indisclustered, x.indisreplident, x.indnullsnotdistinct, x.indoption, x.indkey, x.indcollation, x.indclass,
    i.reloptions, s.spcname, i.relowner::regrole, pg_get_indexdef(x.indexrelid), obj_description(i.oid, 'pg_class'),
    (SELECT string_agg(attname || attstattarget, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = i.oid)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
LEFT JOIN pg_tablespace s ON s.oid = i.reltablespace
WHERE t.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'pg_toast', 'mighost') ORDER BY 1, 2;
SELECT conrelid::regclass, conname, contype, condeferrable, condeferred, convalidated, conislocal, coninhcount,
    connoinherit, conindid::regclass, pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint'),
    (SELECT string_agg(concat_ws(' ', tgrelid::regclass, tgfoid::regproc, tgenabled, tgdeferrable,
        tginitdeferred), ',' ORDER BY tgrelid::regclass::text, tgfoid) FROM pg_trigger g WHERE g.tgconstraint = c.oid)
FROM pg_constraint c WHERE connamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'mighost')
ORDER BY 1, 2;
SELECT oid::regclass, relreplident, relhasindex, relhastriggers, relchecks FROM pg_class WHERE relkind IN ('r', 'p')
    AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'mighost') ORDER BY 1;
SELECT classid::regclass, pg_describe_object(classid, objid, objsubid), pg_describe_object(refclassid, refobjid,
    refobjsubid), deptype FROM pg_depend WHERE deptype IN ('x', 'e') AND pg_describe_object(classid, objid, objsubid)
    LIKE 'index%' ORDER BY 1, 2;
SQL
}

oids() # DB: indexes and constraints; those of temporary tables go when their backend has ended
{
    psql_t "$1" <<'SQL'
SELECT i.relname, i.oid FROM pg_class i JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('i', 'I') AND n.nspname !~ '^pg_' AND n.nspname <> 'mighost'
UNION ALL SELECT conname, oid FROM pg_constraint WHERE contype = 'f' ORDER BY 1
SQL
}

keep_shape() # DB
{
    shape "$1" >"$TEST_DIR/shape.$1"
    oids "$1" >"$TEST_DIR/oids.$1"
}

same_shape() # DB WHEN
{
    shape "$1" | diff "$TEST_DIR/shape.$1" - >"$TEST_DIR/diff" || {
        cat "$TEST_DIR/diff"
        fail "the schema is another $2"
    }
}

# The names of what is another object now than at keep_shape, in one line.
made_again() # DB
{
    oids "$1" | diff "$TEST_DIR/oids.$1" - | sed -n 's/^> \(.*\)|.*/\1/p' | tr '\n' ' ' | sed 's/ $//'
}

# A stage whose keys and fields are the table's: stage NAME TABLE POLICY FIELD...
stage()
{
    printf '{ "name": "%s", "policy": "%s", "ids": "keep", "options": { "table": "%s", "fields": { "id": "id"' \
        "$1" "$3" "$2"
    shift 3
    for field; do printf ', "%s": "%s"' "$field" "$field"; done
    printf ' } } }'
}

rebuilding() # NAME MODE STAGES...
{
    project "$1" <<JSON
{ "name": "$1", "target": { "schema": "My app" }, "indexes": "$2", "max_delete": "100%", "retries": 1,
  "timeouts": { "lock": 1 }, "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "stages": [ $3 ] }
JSON
}

# ---- everything comes back ---------------------------------------------------------------

echo "all kinds of indexes and keys"
pg_createdb kinds
psql_t kinds <<'SQL'
CREATE SCHEMA "My app";
SET search_path = "My app", public;
CREATE TABLE grp (id int PRIMARY KEY, a int, b int, UNIQUE (a, b));
INSERT INTO grp SELECT i, i, i FROM generate_series(1, 9) i;
CREATE FUNCTION public.half(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2';
CREATE FUNCTION public.quarter(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN half(half($1)); END';
CREATE TABLE item (id int, code text NOT NULL, name text COLLATE "C", n int, m int, words text[], at timestamptz,
    g int, ga int, gb int, gc int, gd int, CONSTRAINT "item's key" PRIMARY KEY (id),
    CONSTRAINT "code is one" UNIQUE (code) INCLUDE (n));
CREATE UNIQUE INDEX u_name ON item (name COLLATE "POSIX" text_pattern_ops) WHERE name IS NOT NULL;
CREATE UNIQUE INDEX u_same ON item (m, n) NULLS NOT DISTINCT;
CREATE INDEX "i N" ON item (n DESC NULLS LAST, m ASC NULLS FIRST) INCLUDE (code)
    WITH (fillfactor = 70, deduplicate_items = off);
CREATE INDEX i_expr ON item (lower(name), (n + m)) WHERE n > 0;
ALTER INDEX i_expr ALTER COLUMN 2 SET STATISTICS 700;
CREATE INDEX i_path ON item (public.quarter(n));
CREATE INDEX i_gin ON item USING gin (words) WITH (fastupdate = off);
CREATE INDEX i_hash ON item USING hash (code);
CREATE INDEX i_brin ON item USING brin (at timestamptz_minmax_multi_ops (values_per_range = 16))
    WITH (pages_per_range = 4);
ALTER TABLE item ADD CONSTRAINT f_defer FOREIGN KEY (g) REFERENCES grp DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT f_full FOREIGN KEY (ga, gb) REFERENCES grp (a, b) MATCH FULL ON UPDATE CASCADE,
    ADD CONSTRAINT "f cascade" FOREIGN KEY (gc) REFERENCES grp ON DELETE CASCADE ON UPDATE SET NULL,
    ADD CONSTRAINT f_set FOREIGN KEY (gd) REFERENCES grp ON DELETE SET DEFAULT DEFERRABLE;
COMMENT ON INDEX i_gin IS 'it''s \ a comment; DROP TABLE item';
COMMENT ON INDEX u_same IS 'same';
COMMENT ON CONSTRAINT "item's key" ON item IS 'the key';
COMMENT ON CONSTRAINT "code is one" ON item IS 'the code';
COMMENT ON CONSTRAINT "f cascade" ON item IS 'cascade';
INSERT INTO item (id, code, name, n, m) SELECT i, 'live' || i, 'live' || i, i, i FROM generate_series(1, 5) i;
SQL
tablespace=$TEST_DIR/pg/space
if [ -z "${MIGHOST_TEST_SOCKET-}" ] && pgtmp_as_server mkdir "$tablespace"; then
    psql_t postgres -c "CREATE TABLESPACE \"far off\" LOCATION '$tablespace'"
    psql_t kinds -c 'CREATE INDEX i_far ON "My app".item (at) TABLESPACE "far off"'
fi
psql_t kinds >"$TEST_DIR/items.json" <<'SQL'
SELECT json_build_object('items', json_agg(json_build_object('id', i, 'code', 'c' || i, 'name', 'n' || i, 'n', i % 30,
    'm', i, 'words', 'w' || i, 'at', '2024-01-01T00:00:00Z', 'g', 1 + i % 9, 'ga', 1 + i % 9, 'gb', 1 + i % 9,
    'gc', CASE WHEN i % 2 = 0 THEN 3 END, 'gd', 4) ORDER BY i)) FROM generate_series(3, 60) i
SQL
item_fields='code name n m at g ga gb gc gd'
expected="SELECT count(*), count(*) FILTER (WHERE code = 'c' || id AND name = 'n' || id AND n = id % 30 AND m = id AND
    g = 1 + id % 9 AND ga = g AND gb = g AND gc IS NOT DISTINCT FROM CASE WHEN id % 2 = 0 THEN 3 END
    AND gd = 4), min(id)
    FROM \"My app\".item"
for mode in keep auto rebuild; do
    rebuilding kinds_$mode $mode "$(stage items item replace $item_fields)"
    cp "$TEST_DIR/items.json" "$TEST_DIR/kinds_$mode/data.json"
done
mig 0 kinds kinds_rebuild --plan
says "indexes and foreign keys: dropped and made again in publish"
mig 0 kinds kinds_auto --plan
says "indexes and foreign keys: made again when more rows come than are there"
mig 0 kinds kinds_keep --plan
says "indexes and foreign keys: kept, as the project says"
keep_shape kinds
run 0 kinds kinds_rebuild
same_shape kinds "after publish"
again="code is one|f cascade|f_defer|f_full|f_set|i N|i_brin|i_expr|i_far|i_gin|i_hash|i_path|item's key|u_name|u_same"
[ -d "$tablespace" ] || again=$(echo "$again" | sed 's/i_far|//')
is "made again" "$(oids kinds | diff "$TEST_DIR/oids.kinds" - | sed -n 's/^> \(.*\)|.*/\1/p' | paste -s -d '|')" \
    "$again"
rows kinds "$expected" "58|58|3"
rows kinds "SELECT count(*) FROM pg_index WHERE NOT indisvalid" 0
undo_proof kinds kinds_rebuild
cp "$TEST_DIR/shape.kinds" "$TEST_DIR/shape.kinds_rollback"
same_shape kinds_rollback "after undo"
again 0 kinds kinds_rebuild
same_shape kinds "after a second run"
psql_t kinds -c "INSERT INTO \"My app\".item (id, code, name, n) VALUES (1000, 'x', 'x', 4)"
for violation in "INSERT INTO \"My app\".item (id, code) VALUES (1000, 'y')" \
    "INSERT INTO \"My app\".item (id, code) VALUES (1001, 'x')" \
    "UPDATE \"My app\".item SET name = 'n3' WHERE id = 1000" \
    "UPDATE \"My app\".item SET n = 3, m = 3 WHERE id = 1000" "UPDATE \"My app\".item SET ga = 1 WHERE id = 1000" \
    "UPDATE \"My app\".item SET gc = 77 WHERE id = 1000" "UPDATE \"My app\".item SET g = 77 WHERE id = 1000"; do
    ! psql_t kinds -c "$violation" 2>/dev/null || fail "a key no longer holds: $violation"
done
psql_t kinds -c "DELETE FROM \"My app\".grp WHERE id = 3" 2>/dev/null && fail "a key no longer holds"
psql_t kinds -c "DELETE FROM \"My app\".item WHERE id = 1000"

echo "keep, and auto with few rows"
for mode in keep auto; do
    mig 0 kinds kinds_rebuild --rollback
    mig 0 kinds kinds_rebuild --purge "$ledger_run"
    keep_shape kinds
    run 0 kinds kinds_$mode
    rows kinds "$expected" "58|58|3"
    is "made again" "$(made_again kinds)" ""
    mig 0 kinds kinds_$mode --rollback
    run 0 kinds kinds_rebuild
done

echo "a table may differ from the project"
mig 0 kinds kinds_rebuild --rollback
keep_shape kinds
sed -i 's/"policy"/"tables": { "item": { "indexes": "keep" } }, "policy"/' "$TEST_DIR/kinds_rebuild/project.json"
run 0 kinds kinds_rebuild
is "made again" "$(made_again kinds)" ""

# ---- what could not come back ------------------------------------------------------------

echo "what is never dropped"
pg_createdb never
psql_t never <<'SQL'
SET client_min_messages = warning;
CREATE SCHEMA "My app";
SET search_path = "My app", public;
CREATE TABLE grp (id int PRIMARY KEY, n int);
INSERT INTO grp SELECT i, i FROM generate_series(1, 9) i;
CREATE TABLE node (id int PRIMARY KEY, n int, up int REFERENCES node ON DELETE CASCADE);
CREATE INDEX node_n ON node (n);
CREATE TABLE visit (id serial PRIMARY KEY, node_id int REFERENCES node ON DELETE CASCADE);
INSERT INTO node VALUES (1, 1, NULL), (2, 2, 1);
INSERT INTO visit (node_id) VALUES (1), (2);
CREATE TABLE special (id int PRIMARY KEY WITH (fillfactor = 80), n int NOT NULL, a int, b int, c int,
    CONSTRAINT s_once UNIQUE (a) DEFERRABLE, CONSTRAINT s_apart EXCLUDE USING btree (b WITH =),
    CONSTRAINT s_out FOREIGN KEY (c) REFERENCES grp);
CREATE UNIQUE INDEX s_identity ON special (n);
CREATE INDEX s_cluster ON special (c DESC);
CREATE INDEX s_extension ON special (n, a);
CREATE INDEX s_plain ON special (b, c);
CREATE TABLE ident (id int PRIMARY KEY, n int NOT NULL);
CREATE UNIQUE INDEX ident_n ON ident (n);
ALTER TABLE ident REPLICA IDENTITY USING INDEX ident_n;
COMMENT ON INDEX ident_pkey IS 'of the index, not of the constraint';
ALTER INDEX s_extension DEPENDS ON EXTENSION plpgsql;
ALTER TABLE special CLUSTER ON s_cluster;
ALTER TABLE special REPLICA IDENTITY USING INDEX s_identity;
INSERT INTO special VALUES (1, 1, 1, 1, 1), (2, 2, 2, 2, 2);
ALTER TABLE special ADD CONSTRAINT s_later FOREIGN KEY (a) REFERENCES grp NOT VALID;
CREATE TABLE quiet (id int PRIMARY KEY, n int CONSTRAINT q_out REFERENCES grp);
ALTER TABLE quiet DISABLE TRIGGER ALL;
CREATE TABLE shown (id int PRIMARY KEY, n int CONSTRAINT sh_out REFERENCES grp);
CREATE INDEX shown_n ON shown (n);
CREATE UNIQUE INDEX shown_once ON shown (n);
CREATE TABLE shown_more (id int, n int REFERENCES shown (n));
CREATE VIEW shown_v AS SELECT id, n, count(*) FROM shown GROUP BY id;
CREATE TABLE sent (id int PRIMARY KEY, n int);
CREATE INDEX sent_n ON sent (n);
CREATE PUBLICATION p FOR TABLE sent;
CREATE TABLE parted (id int PRIMARY KEY, n int) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (1000);
CREATE INDEX parted_n ON parted (n);
CREATE TABLE base (id int PRIMARY KEY, n int);
CREATE INDEX base_n ON base (n);
CREATE TABLE derived (PRIMARY KEY (id)) INHERITS (base);
CREATE INDEX derived_n ON derived (n);
CREATE TABLE above (id int PRIMARY KEY, n int);
CREATE INDEX above_n ON above (n);
CREATE TABLE below (PRIMARY KEY (id)) INHERITS (above);
CREATE TABLE one (id int PRIMARY KEY, n int);
CREATE TABLE two (id int PRIMARY KEY, n int CONSTRAINT two_one REFERENCES one);
ALTER TABLE one ADD CONSTRAINT one_two FOREIGN KEY (n) REFERENCES two;
CREATE INDEX one_n ON one (n);
CREATE TABLE broken (id int PRIMARY KEY, n int);
INSERT INTO broken VALUES (1, 1), (2, 1);
CREATE INDEX broken_too ON broken (n);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken_too'::regclass;
SQL
psql_t never -c 'CREATE UNIQUE INDEX CONCURRENTLY broken_n ON "My app".broken (n)' 2>/dev/null || :
never_stages="$(stage nodes node update n up), $(stage specials special update n a b c), $(stage quiets quiet update n),
    $(stage showns shown update n), $(stage sents sent update n), $(stage parteds parted update n),
    $(stage deriveds derived update n), $(stage ones one update n), $(stage twos two update n),
    $(stage brokens broken update n), $(stage idents ident update n), $(stage aboves above update n)"
rebuilding never rebuild "$never_stages"
data never <<'JSON'
{ "nodes": [ { "id": 2, "n": 22, "up": 3 }, { "id": 3, "n": 3, "up": 1 } ],
  "specials": [ { "id": 2, "n": 5, "a": 6, "b": 7, "c": 8 }, { "id": 3, "n": 3, "a": 3, "b": 3, "c": 3 } ],
  "quiets": [ { "id": 1, "n": 1 } ], "showns": [ { "id": 1, "n": 1 } ], "sents": [ { "id": 1, "n": 1 } ],
  "parteds": [ { "id": 1, "n": 1 } ], "deriveds": [ { "id": 1, "n": 1 } ],
  "ones": [ { "id": 1, "n": 1 } ], "twos": [ { "id": 1, "n": 1 } ], "brokens": [ { "id": 3, "n": 1 } ],
  "idents": [ { "id": 1, "n": 1 } ], "aboves": [ { "id": 5, "n": 5 } ] }
JSON
keep_shape never
mig 0 never never --plan
says "kept, the table has partitions or children"
run 0 never never
same_shape never "after publish"
is "made again" "$(made_again never)" "broken_pkey derived_n derived_pkey node_n node_up_fkey one_n quiet_pkey \
s_out s_plain sent_n sh_out shown_n two_one"
rows never 'SELECT * FROM "My app".node ORDER BY id' "1|1|
2|22|3
3|3|1"
rows never 'SELECT * FROM "My app".special ORDER BY id' "1|1|1|1|1
2|5|6|7|8
3|3|3|3|3"
rows never 'SELECT node_id FROM "My app".visit ORDER BY 1' "1
2"
undo_proof never never

echo "an event trigger watches"
psql_t never <<'SQL'
CREATE FUNCTION told() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN IF current_query() LIKE ''%My app%'' AND
    current_query() LIKE ''ALTER TABLE%'' THEN RAISE EXCEPTION ''seen''; END IF; END';
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION told();
SQL
keep_shape never
sed -i 's/"id": 3, "n": 1/"id": 4, "n": 1/' "$TEST_DIR/never/data.json"
run 0 never never
same_shape never "after publish"
is "made again" "$(made_again never)" ""
psql_t never -c "DROP EVENT TRIGGER watch"

# ---- rights ------------------------------------------------------------------------------

echo "rights"
pg_createdb rights
psql_t rights <<'SQL'
DO $$BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mig_owner') THEN
    CREATE ROLE mig_owner LOGIN; END IF; END$$;
CREATE SCHEMA "My app";
CREATE SCHEMA mighost AUTHORIZATION mig_owner;
SET search_path = "My app";
GRANT USAGE ON SCHEMA "My app" TO mig_owner;
CREATE TABLE grp (id int PRIMARY KEY);
CREATE TABLE secret (id int PRIMARY KEY);
INSERT INTO grp VALUES (1);
INSERT INTO secret VALUES (1);
GRANT SELECT, REFERENCES ON grp TO mig_owner;
GRANT SELECT ON secret TO mig_owner;
CREATE TABLE mine (id int PRIMARY KEY, n int CONSTRAINT mine_g REFERENCES grp,
    m int CONSTRAINT mine_s REFERENCES secret);
CREATE INDEX mine_n ON mine (n);
ALTER TABLE mine OWNER TO mig_owner;
CREATE TABLE theirs (id int PRIMARY KEY, n int CONSTRAINT theirs_g REFERENCES grp);
CREATE INDEX theirs_n ON theirs (n);
GRANT SELECT, INSERT, UPDATE, DELETE ON theirs TO mig_owner;
SQL
rebuilding rights rebuild "$(stage mines mine update n m), $(stage others theirs update n)"
data rights <<'JSON'
{ "mines": [ { "id": 1, "n": 1, "m": 1 } ], "others": [ { "id": 1, "n": 1 } ] }
JSON
MIG_ROLE=mig_owner
mig 0 rights rights --plan
says "kept, the role does not own the table"
keep_shape rights
run 0 rights rights # may not make an index in the schema
same_shape rights "after publish"
is "made again" "$(made_again rights)" "mine_g"
undo_proof rights rights
mig 0 rights rights --rollback
psql_t rights -c 'GRANT CREATE ON SCHEMA "My app" TO mig_owner'
keep_shape rights
run 0 rights rights
same_shape rights "after publish"
is "made again" "$(made_again rights)" "mine_g mine_n mine_pkey"
mig 0 rights rights --rollback
if [ -d "$tablespace" ]; then
    echo "a tablespace that the role may not use"
    psql_t rights -c 'DROP INDEX "My app".mine_n; CREATE INDEX mine_n ON "My app".mine (n) TABLESPACE "far off"'
    keep_shape rights
    run 0 rights rights
    same_shape rights "after publish"
    is "made again" "$(made_again rights)" "mine_g mine_pkey"
    mig 0 rights rights --rollback
fi

echo "what cannot be made again after all"
psql_t rights <<'SQL'
CREATE SCHEMA hidden;
CREATE FUNCTION hidden.twice(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1 * 2; END';
CREATE INDEX mine_hidden ON "My app".mine (hidden.twice(m));
SQL
keep_shape rights
run 0 rights rights
says "the indexes and keys are kept"
same_shape rights "after publish"
is "made again" "$(made_again rights)" ""
rows rights 'SELECT * FROM "My app".mine' "1|1|1"
undo_proof rights rights
unset MIG_ROLE

# ---- by the number of rows ---------------------------------------------------------------

echo "auto"
pg_createdb many
psql_t many -c 'CREATE SCHEMA "My app"; CREATE TABLE "My app".item (id int PRIMARY KEY, n int);
    CREATE INDEX item_n ON "My app".item (n)'
rebuilding many auto "$(stage items item update n)"
many() # FROM TO: items of the document
{
    psql_t many -c "SELECT json_build_object('items', json_agg(json_build_object('id', i, 'n', i)))
        FROM generate_series($1, $2) i" >"$TEST_DIR/many/data.json"
}
many_are="SELECT count(*), count(*) FILTER (WHERE id = n), min(id), max(id) FROM \"My app\".item"
many 1 15000
keep_shape many
run 0 many many
is "15000 rows: made again" "$(made_again many)" ""
rows many "$many_are" "15000|15000|1|15000"
many 1 40000
keep_shape many
run 0 many many # 25000 new ones, 15000 are there
same_shape many "after publish"
is "25000 to 15000: made again" "$(made_again many)" "item_n item_pkey"
rows many "$many_are" "40000|40000|1|40000"
undo_proof many many
many 50001 75000
keep_shape many
run 0 many many # 25000 new ones, 40000 are there
is "25000 to 40000: made again" "$(made_again many)" ""
rows many "$many_are" "65000|65000|1|75000"

# ---- others are at work ------------------------------------------------------------------

echo "killed when nothing has come back yet"
pg_createdb busy
psql_t busy <<'SQL'
CREATE SCHEMA "My app";
SET search_path = "My app";
CREATE TABLE grp (id int PRIMARY KEY);
INSERT INTO grp SELECT generate_series(1, 9);
CREATE TABLE item (id int PRIMARY KEY, code text CONSTRAINT item_code UNIQUE, g int CONSTRAINT item_g REFERENCES grp);
CREATE INDEX item_plain ON item (g);
INSERT INTO item VALUES (1, 'live', 1);
SQL
rebuilding busy rebuild "$(stage items item update code g)"
data busy <<'JSON'
{ "items": [ { "id": 1, "code": "mig", "g": 2 }, { "id": 2, "code": "two", "g": 3 },
    { "id": 3, "code": "three", "g": 4 } ] }
JSON
keep_shape busy
fingerprint_db busy >"$TEST_DIR/before.busy"
(MIGHOST_FAULT=publish.rebuild:1:kill mig 137 busy busy --run) || exit 1
unchanged busy "a killed run"
same_shape busy "after a kill"
is "made again" "$(made_again busy)" ""
run 0 busy busy
same_shape busy "after publish"
is "made again" "$(made_again busy)" "item_code item_g item_pkey item_plain"
undo_proof busy busy
mig 0 busy busy --rollback

# meanwhile CODE SQL: a run, with this SQL committed between its check and its publish
meanwhile()
{
    stand "$1" busy busy publish.begin:1
    psql_t busy -c "SET search_path = \"My app\"" -c "$2"
    fingerprint_db busy >"$TEST_DIR/before.busy"
    go_on
    same_shape busy "after a writer"
}

echo "a parent goes, a unique key is taken, between check and publish"
keep_shape busy
meanwhile 20 "DELETE FROM grp WHERE id = 3; INSERT INTO item VALUES (30, 'three', 1)"
says "checking again"
ledger busy
rows busy 'SELECT id, code, g FROM "My app".item ORDER BY 1' "1|mig|2
30|three|1"
rows busy "SELECT key, code FROM mighost.reject ORDER BY 1" "2|orphan
3|collision"
mig 0 busy busy --rollback
psql_t busy -c 'DELETE FROM "My app".item WHERE id = 30; INSERT INTO "My app".grp VALUES (3)'

echo "a row that only the key itself sees: a trigger wrote it"
psql_t busy <<'SQL'
SET search_path = "My app";
CREATE FUNCTION astray() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.g := 77; RETURN NEW; END';
CREATE TRIGGER astray BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION astray();
SQL
keep_shape busy
nothing 9 busy busy
says "constraint item_g"
same_shape busy "after a refused key"
is "made again" "$(made_again busy)" ""
mig 0 busy busy --abandon "$(psql_t busy -c 'SELECT max(id) FROM mighost.run')"
psql_t busy -c "CREATE OR REPLACE FUNCTION \"My app\".astray() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.code := ''mig''; RETURN NEW; END'"
keep_shape busy
nothing 9 busy busy
says "constraint item_code"
same_shape busy "after a refused key"
mig 0 busy busy --abandon "$(psql_t busy -c 'SELECT max(id) FROM mighost.run')"
psql_t busy -c 'DROP TRIGGER astray ON "My app".item'

echo "a reader that does not let go"
keep_shape busy
mkfifo "$TEST_DIR/hold"
psql_t busy <"$TEST_DIR/hold" >/dev/null &
exec 7>"$TEST_DIR/hold"
hold_reader() # TABLE
{
    echo "BEGIN; SELECT * FROM \"My app\".$1; SELECT pg_advisory_lock(1);" >&7
    until [ "$(psql_t busy -c "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")" = 1 ]; do sleep 0.02; done
}
for table in item grp; do # what the keys refer to is locked too
    hold_reader $table
    nothing 75 busy busy
    says "trying again"
    same_shape busy "after a lock that was not given"
    echo "SELECT pg_advisory_unlock(1); COMMIT;" >&7
done
exec 7>&-
wait
run 0 busy busy
same_shape busy "after publish"
is "made again" "$(made_again busy)" "item_code item_g item_pkey item_plain"
undo_proof busy busy
echo "ok"

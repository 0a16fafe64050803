# run_rights.sh - a role that may little: every missing GRANT is named, all at once, before anything
# is written; with them, and no more, a run and its undo go through.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb shop
psql_t shop <<'SQL'
CREATE SCHEMA "My app";
CREATE TABLE "My app".area (id int PRIMARY KEY);
CREATE TABLE "My app".client (id serial PRIMARY KEY, name text, area_id int REFERENCES "My app".area,
    updated_at timestamptz DEFAULT '2020-01-01 00:00Z');
CREATE TABLE "My app".order_ (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, client_id int REFERENCES
    "My app".client, what text);
CREATE TABLE "My app".invoice (id int PRIMARY KEY, order_id int REFERENCES "My app".order_);
INSERT INTO "My app".area VALUES (1);
INSERT INTO "My app".client (name, area_id) VALUES ('live', 1), ('goes', 1);
INSERT INTO "My app".order_ (client_id, what) VALUES (1, 'live');
DO $$BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mig_little') THEN
    CREATE ROLE mig_little LOGIN; END IF; END$$;
SQL
data rights <<'JSON'
{ "clients": [ { "id": 1, "name": "changed", "area": 1 }, { "id": 10, "name": "new", "area": 1 } ],
  "orders": [ { "id": 5, "client": 10, "what": "new" } ] }
JSON
project rights <<'JSON'
{ "name": "rights", "target": { "schema": "My app" }, "max_delete": "100%",
  "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "clients", "policy": "replace", "ids": "keep", "options": { "table": "client",
      "fields": { "id": "id", "name": "name", "area_id": "area" } } },
    { "name": "orders", "policy": "insert", "ids": "keep", "options": { "table": "order_",
      "fields": { "id": "id", "client_id": "client", "what": "what" } } } ] }
JSON
MIG_ROLE=mig_little

grants='GRANT USAGE ON SCHEMA "My app" TO mig_little
GRANT SELECT ON TABLE "My app".area TO mig_little
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "My app".client TO mig_little
GRANT SELECT ON TABLE "My app".invoice TO mig_little
GRANT SELECT, INSERT, DELETE ON TABLE "My app".order_ TO mig_little
GRANT SELECT, UPDATE ON SEQUENCE "My app".client_id_seq TO mig_little
GRANT SELECT, UPDATE ON SEQUENCE "My app".order__id_seq TO mig_little'
fixes()
{
    sed -n 's/.*error:   fix: \(GRANT .*\)/\1/p' "$ERR"
}

echo "nothing is granted"
nothing 5 shop rights
is "GRANTs" "$(fixes)" "$grants"
mig 5 shop rights --dry-run
is "GRANTs of a dry run" "$(fixes)" "$grants"
mig 5 shop rights --preflight
is "GRANTs of the preflight" "$(fixes)" "$grants"
rows shop "SELECT count(*) FROM pg_namespace WHERE nspname = 'mighost'" 0

echo "no schema for the state"
echo "$grants" | sed 's/$/;/' | psql_t shop
nothing 5 shop rights
says "may not make schema mighost"
mig 0 shop rights --print-grants
is "the same GRANTs" "$(grep '^GRANT' "$OUT" | sed 's/;$//')" "$grants"
psql_t shop -f "$OUT"
mig 0 shop rights --preflight
says "fit to run"

echo "one GRANT taken away at a time"
run_one() # PRIVILEGE KIND OBJECT
{
    psql_t shop -c "REVOKE $1 ON $2 $3 FROM mig_little"
    nothing 5 shop rights
    is "GRANTs" "$(fixes)" "GRANT $1 ON $2 $3 TO mig_little"
    fixes | psql_t shop
}
run_one USAGE SCHEMA '"My app"'
for privilege in SELECT INSERT UPDATE DELETE; do
    run_one $privilege TABLE '"My app".client'
done
run_one DELETE TABLE '"My app".order_'
run_one SELECT TABLE '"My app".area'
run_one SELECT TABLE '"My app".invoice'
run_one SELECT SEQUENCE '"My app".client_id_seq'
run_one UPDATE SEQUENCE '"My app".order__id_seq'

echo "a run with what is granted and no more"
run 0 shop rights
rows shop 'SELECT c.id, c.name, o.id, o.what FROM "My app".client c LEFT JOIN "My app".order_ o
    ON o.client_id = c.id ORDER BY 1' "1|changed|1|live
10|new|5|new"
undo_proof shop rights
again 0 shop rights
rows shop "INSERT INTO \"My app\".client (name) VALUES ('app') RETURNING id" 11
rows shop "INSERT INTO \"My app\".order_ (what) VALUES ('app') RETURNING id" 6

echo "triggers that the role may not hold back"
psql_t shop <<'SQL'
DELETE FROM "My app".client WHERE name = 'app';
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.updated_at := clock_timestamp();
    RETURN NEW; END$$;
CREATE TRIGGER stamp BEFORE UPDATE ON "My app".client FOR EACH ROW EXECUTE FUNCTION stamp();
UPDATE "My app".client SET name = 'old' WHERE id = 1;
SQL
run 0 shop rights
reported "its triggers will fire at undo, too"
published=$BUNDLE
cp "$TEST_DIR/before.shop" "$TEST_DIR/start"
fingerprint_db shop >"$TEST_DIR/before.shop"
mig 8 shop rights --rollback # updated_at would not be as before
unchanged shop "a rollback that failed"
says '"My app"."client" key 1: not as it was before the run'
says "run as the tables' owner"
list=$(sed -n 's/^1 row would not be as before the run: //p' "$OUT")
is "mode of the list" "$(stat -c %a "$list")" 600
is "the list" "$(sed 1d "$list")" '"""My app"".""client""","1","not as it was before the run"'
BUNDLE=$published
cp "$TEST_DIR/start" "$TEST_DIR/before.shop"
psql_script shop -v ON_ERROR_STOP=1 || fail "rollback.sql failed" # the owner runs it
unchanged shop "run and rollback.sql"

echo "a cycle that only the owner can open"
psql_t shop <<'SQL'
CREATE TABLE "My app".x (id int PRIMARY KEY, y_id int NOT NULL);
CREATE TABLE "My app".y (id int PRIMARY KEY, x_id int NOT NULL REFERENCES "My app".x);
ALTER TABLE "My app".x ADD FOREIGN KEY (y_id) REFERENCES "My app".y;
GRANT ALL ON ALL TABLES IN SCHEMA "My app" TO mig_little;
SQL
data loop <<'JSON'
{ "x": [ { "id": 1, "o": 1 } ], "y": [ { "id": 1, "o": 1 } ] }
JSON
project loop <<'JSON'
{ "name": "loop", "target": { "schema": "My app" },
  "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "x", "ids": "keep", "options": { "table": "x", "fields": { "id": "id", "y_id": "o" } } },
    { "name": "y", "ids": "keep", "options": { "table": "y", "fields": { "id": "id", "x_id": "o" } } } ] }
JSON
nothing 5 shop loop
says "closes a cycle"
unset MIG_ROLE
run 0 shop loop
echo "ok"

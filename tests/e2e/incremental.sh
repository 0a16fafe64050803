# incremental.sh - later: an incremental run reads what is new or changed, late and tied rows too,
# deletes nothing, and its mark counts as long as the run is published; what is written to the source
# while a run works is told.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

[ -n "$("$MIGHOST" --list-faults)" ] || pgtmp_skip "built without --enable-fault-injection"

# What the newest run read of a stage, from its chunks.
read_were() # DB STAGE N
{
    rows "$1" "SELECT coalesce(sum(read), 0) FROM mighost.chunk WHERE stage = '$2' AND run = (SELECT
        max(id) FROM mighost.run)" "$3"
}

# Source and target hold the same, each asked by its own SQL.
same() # DB SQL-OF-SOURCE SQL-OF-TARGET
{
    same_old=$(psql_t "old_$1" -c "$2") && same_new=$(psql_t "$1" -c "$3") || fail "nothing to compare"
    [ -n "$same_old" ] && [ "$same_old" = "$same_new" ] || fail "the target is not as the source"
}

changes() # EXPECTED: lines of source_changes.csv, without its head and quotes
{
    is "source_changes.csv" "$(sed '1d; s/"//g; s/\r$//' "$BUNDLE/source_changes.csv" 2>/dev/null)" "$1"
}

# ---- incremental -------------------------------------------------------------------------

pg_createdb shop
pg_createdb old_shop
psql_t shop <<'SQL'
CREATE TABLE city (id uuid PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE customer (id uuid PRIMARY KEY, nr int NOT NULL, city_id uuid NOT NULL REFERENCES city, name text);
INSERT INTO city VALUES ('aaaaaaaa-0000-4000-8000-000000000001', 'Bern'); -- met by its name, keeps its key
SQL
psql_t old_shop <<'SQL'
CREATE TABLE cities (id int PRIMARY KEY, name text, at timestamp);
CREATE TABLE customers (id int PRIMARY KEY, city int, name text, updated_at timestamptz(6));
INSERT INTO cities VALUES (1, 'Bern', '2024-01-01 08:00'), (2, 'Basel', '2024-01-01 09:00');
INSERT INTO customers SELECT i, 1 + i % 2, 'c ' || i, '2024-05-01 12:00:00+00'::timestamptz - (1000 - i) *
    interval '1 hour' FROM generate_series(1, 1000) i;
INSERT INTO customers VALUES (2001, 1, 'never dated', NULL), (2002, 1, 'for good', '9999-12-31 00:00+00'),
    (2003, 2, 'for ever', 'infinity');
SQL
shop_project() # POLICY [NAME]
{
    project shop <<JSON
{ "name": "shop", "sources": { "old": { "use": "postgres", "options": { "url": "$(pg_url old_shop)" } } },
  "backup": { "scope": "none" }, "max_delete": "50%", "batch_size": 100, "stages": [
  { "name": "cities", "policy": "update", "incremental": { "field": "at", "overlap": "0s" },
    "tables": { "city": { "match": "name" } },
    "options": { "table": "city", "fields": { "id": { "key": "cities" }, "name": "name" } } },
  { "name": "customers", "policy": "$1", "incremental": { "field": "updated_at", "overlap": "10m" },
    "options": { "table": "customer", "fields": { "id": { "key": "customers" }, "nr": "id",
      "city_id": { "key": "cities", "from": "city" }, "name": ${2-\"name\"} } } } ] }
JSON
}
shop_source="SELECT c.id, t.name, c.name FROM customers c JOIN cities t ON t.id = c.city ORDER BY 1"
shop_target="SELECT c.nr, t.name, c.name FROM customer c JOIN city t ON t.id = c.city_id ORDER BY 1"

echo "the first run reads everything, the next what is not below the mark"
shop_project replace
run 0 shop shop
read_were shop customers 1003
same shop "$shop_source" "$shop_target"
again 0 shop shop
# the row at the mark, and those that no mark holds; of the cities the newest
read_were shop customers 4
read_were shop cities 1
reported '"since": "2024-05-01T11:50:00.000000Z"'

echo "new, changed, tied, late; parents that are not read"
psql_t old_shop <<'SQL'
UPDATE customers SET name = 'changed', city = 2, updated_at = '2024-05-02 10:00:00.000002+00' WHERE id = 5;
INSERT INTO customers VALUES (3001, 1, 'new of Bern', '2024-05-02 10:00:00.000002+00'),
    (3002, 2, 'new of Basel', '2024-05-02 10:00:00.000001+00');
UPDATE customers SET name = 'not told by its time' WHERE id = 7; -- below the mark: an incremental run passes it
DELETE FROM customers WHERE id = 9;
SQL
run 0 shop shop
says "(2 inserted, 1 updated, 0 deleted)"
read_were shop customers 7
rows shop "SELECT nr, t.name, c.name FROM customer c JOIN city t ON t.id = city_id WHERE nr IN (5, 7, 9) OR nr > 3000
    ORDER BY 1" "5|Basel|changed
7|Basel|c 7
9|Basel|c 9
3001|Bern|new of Bern
3002|Basel|new of Basel"
reported '"vanished": null'
undo_proof shop shop
psql_t old_shop -c "INSERT INTO customers VALUES (3003, 1, 'tied to the microsecond', '2024-05-02 10:00:00.000002+00'),
    (3004, 1, 'late', '2024-05-02 09:50:00.000002+00'), (3005, 1, 'too late', '2024-05-02 09:50:00.000001+00')"
run 0 shop shop
says "(2 inserted, 0 updated, 0 deleted)"
rows shop "SELECT nr FROM customer WHERE nr > 3000 ORDER BY 1" "3001
3002
3003
3004"

echo "--full reads and deletes"
run 0 shop shop --full
read_were shop customers 1007
says "(1 inserted, 1 updated, 1 deleted)"
changes "customers,deleted,9,$(psql_t shop -c "SELECT final_key FROM mighost.id_map WHERE stage = 'customers'
    AND source_key = '9'")"
same shop "$shop_source" "$shop_target"

echo "the mark is that of the newest published run"
psql_t old_shop -c "INSERT INTO customers VALUES (4001, 1, 'c', '2024-06-01 00:00+00')"
(MIGHOST_FAULT=publish.before_commit:1:kill mig 137 shop shop --run) || exit 1
mig 0 shop shop --abandon "$(psql_t shop -c "SELECT max(id) FROM mighost.run")"
mig 0 shop shop --dry-run
says "1 to change"
run 0 shop shop
says "(1 inserted, 0 updated, 0 deleted)"
newest=$ledger_run
psql_t old_shop -c "INSERT INTO customers VALUES (4002, 1, 'c', '2024-05-20 00:00+00')"
mig 0 shop shop --rollback "$newest"
run 0 shop shop
says "(2 inserted, 0 updated, 0 deleted)"
mig 0 shop shop --finalize "$ledger_run"
again 0 shop shop
read_were shop customers 4

echo "killed in the middle, and gone on with"
psql_t old_shop -c "INSERT INTO customers SELECT i, 1, 'm', '2024-06-02 00:00+00' FROM generate_series(5001, 5400) i"
(MIGHOST_FAULT=chunk.after_commit:2:kill mig 137 shop shop --run) || exit 1
run 0 shop shop
read_were shop customers 404
says "(400 inserted, 0 updated, 0 deleted)"
same shop "$shop_source" "$shop_target"
(MIGHOST_FAULT=chunk.after_commit:1:kill mig 137 shop shop --run) || exit 1
run 0 shop shop --full # what half the run passed over is read
read_were shop customers 1409
psql_t old_shop -c "INSERT INTO customers VALUES (5501, 1, 'm', '2024-06-02 00:01+00')"
(MIGHOST_FAULT=publish.after_commit:1:kill mig 137 shop shop --run) || exit 1
psql_t shop -c "SELECT since FROM mighost.run_stage WHERE name = 'customers' ORDER BY run DESC LIMIT 1" \
    >"$TEST_DIR/since"
mig 0 shop shop --run
reported '"since": "2024-06-01T23:50:00.000000Z"'
rows shop "SELECT since FROM mighost.run_stage WHERE name = 'customers' ORDER BY run DESC LIMIT 1" \
    "$(cat "$TEST_DIR/since")"
same shop "$shop_source" "$shop_target"

echo "held: what was looked at is published"
psql_t old_shop -c "INSERT INTO customers VALUES (6001, 1, 'held', '2024-06-03 00:00+00'),
    (6002, 77, 'no city', '2024-06-03 00:00+00')"
mig 20 shop shop --run --hold
held=$(psql_t shop -c "SELECT max(id) FROM mighost.run")
mig 20 shop shop --publish "$held"
rows shop "SELECT name FROM customer WHERE nr = 6001" held
rows shop "SELECT key, raw::json ->> 'name' FROM mighost.reject WHERE run = $held" "6002|no city"

echo "rejected records wait for a redrive, which moves no mark"
psql_t old_shop -c "INSERT INTO cities VALUES (77, 'Genf', '2024-07-01')" \
    -c "UPDATE customers SET updated_at = '2024-01-01' WHERE id = 6002"
run 0 shop shop # Genf came; the customer lies below
says "1 record that run $held left out is read again only where it changed; take it up by --redrive $held"
mig 0 shop shop --redrive "$held"
rows shop "SELECT t.name FROM customer JOIN city t ON t.id = city_id WHERE nr = 6002" Genf
rows shop "SELECT count(*) FROM customer" "$(psql_t old_shop -c "SELECT count(*) FROM customers")"

echo "another mapping: everything is read"
shop_project replace '["name", "text.upper"]'
run 0 shop shop
says "all its records are read"
same shop "SELECT id, upper(name) FROM customers ORDER BY 1" "SELECT nr, name FROM customer ORDER BY 1"

# ---- a source that does not stand still ------------------------------------------------------

echo "written meanwhile: told, by key, and taken by the next run"
psql_t old_shop -c "INSERT INTO customers VALUES (7001, 1, 'to go', '2024-07-01 00:00+00'),
    (7002, 1, 'locked only', '2024-07-01 00:00+00')"
stand 0 shop shop check.begin:1
psql_t old_shop -c "DELETE FROM customers WHERE id = 7001" \
    -c "UPDATE customers SET name = 'in between', updated_at = '2024-07-02 00:00+00' WHERE id IN (5, 7)" \
    -c "INSERT INTO customers VALUES (7003, 1, 'late comer', '2024-07-02 00:00+00')" \
    -c "BEGIN; SELECT id FROM customers WHERE id = 7002 FOR UPDATE; COMMIT" >/dev/null
go_on
says "the source was written while the run worked: 3 records new or changed, 1 gone"
changes "customers,removed,7001,
customers,written,5,
customers,written,7,
customers,written,7003,"
mig 0 shop shop --run
says "(1 inserted, 2 updated, 0 deleted)"
[ ! -e "$BUNDLE/source_changes.csv" ] || fail "changes of a source that stands still"
mig 0 shop shop --run --full
says "(0 inserted, 0 updated, 1 deleted)"

echo "by a process that goes on with another's run, too"
(MIGHOST_FAULT=stage.loaded:2:kill mig 137 shop shop --run) || exit 1
stand 0 shop shop check.begin:1
psql_t old_shop -c "UPDATE customers SET name = 'twice', updated_at = '2024-07-03 00:00+00' WHERE id = 5"
go_on
says "goes on where it stopped"
says "the source was written while the run worked: 1 record new or changed, 0 gone"
changes "customers,written,5,"
mig 0 shop shop --run
says "(0 inserted, 1 updated, 0 deleted)"

echo "through a view and a query: by key, too, masked where it is personal"
pg_createdb people
psql_t people -c "CREATE TABLE person (mail text PRIMARY KEY, name text)"
psql_t old_shop -c "CREATE TABLE folk (mail text PRIMARY KEY, name text, city int REFERENCES cities);
    INSERT INTO folk SELECT i || '@x', 'n' || i, 1 FROM generate_series(1, 9) i;
    CREATE VIEW folk_view AS SELECT mail, f.name || ', ' || c.name AS name FROM folk f JOIN cities c ON c.id = city"
for what in '"entity": "folk_view"' '"entity": "asked"' '"entity": "asked", "pii": "mail"'; do
    project people <<JSON
{ "name": "people", "sources": { "old": { "use": "postgres", "options": { "url": "$(pg_url old_shop)", "query":
    { "asked": "SELECT mail, name FROM public.folk_view -- all" } } } }, "backup": { "scope": "none" },
  "stages": [ { "name": "people", $what, "key": "mail", "policy": "update", "ids": "natural",
    "options": { "table": "person", "fields": { "mail": "mail", "name": "name" } } } ] }
JSON
    stand 0 people people check.begin:1
    psql_t old_shop -c "DELETE FROM folk WHERE mail = '3@x'; UPDATE folk SET name = name || '!' WHERE mail = '5@x'" \
        -c "INSERT INTO folk VALUES ('10@x', 'late', 1); UPDATE folk SET name = name WHERE mail = '6@x'"
    go_on
    says "the source was written while the run worked: 2 records new or changed, 1 gone"
    case $what in
    *pii*) changes "people,removed,***,
people,written,***,
people,written,***," ;;
    *) changes "people,removed,3@x,
people,written,10@x,
people,written,5@x," ;;
    esac
    psql_t old_shop -c "DELETE FROM folk WHERE mail = '10@x'; INSERT INTO folk VALUES ('3@x', 'n3', 1)"
done
stand 0 people people check.begin:1
psql_t old_shop -c "UPDATE customers SET name = name WHERE id = 5"
go_on
[ ! -e "$BUNDLE/source_changes.csv" ] || fail "changes of a view whose tables stand still"

# ---- a source that cannot leave records out ------------------------------------------------

echo "numbers, from a document"
pg_createdb doc
psql_t doc -c "CREATE TABLE item (id int PRIMARY KEY, name text)"
items() # ADDED
{
    data doc <<JSON
{ "items": [ { "id": 1, "name": "a", "version": 10 }, { "id": 2, "name": "b", "version": 20 },
    { "id": 3, "name": "c", "version": "eleven" }, { "id": 4, "name": "d" }${1-} ] }
JSON
}
project doc <<'JSON'
{ "name": "doc", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "stages": [ { "name": "items", "policy": "update", "ids": "keep",
    "incremental": { "field": "version", "overlap": 5 },
    "options": { "table": "item", "fields": { "id": "id", "name": "name" } } } ] }
JSON
items
run 0 doc doc
items ', { "id": 5, "name": "e", "version": 15 }, { "id": 6, "name": "f", "version": 14 }, { "id": 7, "version": 21 }'
run 0 doc doc
rows doc "SELECT id FROM item ORDER BY 1" "1
2
3
4
5
7"
read_were doc items 5
undo_proof doc doc

echo "a field that is something else"
sed -i 's/"overlap": 5/"overlap": "5m"/' "$TEST_DIR/doc/project.json"
run 0 doc doc
says "no value of version is a time"
read_were doc items 7
sed -i 's/"overlap": "5m"/"overlap": 5/' "$TEST_DIR/doc/project.json"

echo "a project that says half of it"
sed -i 's/, "overlap": 5//' "$TEST_DIR/doc/project.json"
mig 3 doc doc --plan
says 'needs "field" and "overlap"'
sed -i 's/"field": "version"/&, "overlap": "5 minutes"/' "$TEST_DIR/doc/project.json"
mig 3 doc doc --plan
says '"90s", "10m", "2h" or "1d"'

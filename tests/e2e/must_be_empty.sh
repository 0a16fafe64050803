# must_be_empty.sh - tables that must be empty before a run: refused with the count, also where they
# are filled while the run is at work; a run that is half done may finish, and a redrive adds to it.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb shop
psql_t shop -c "CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO items SELECT n, 'live' FROM generate_series(101, 107) n"
# project_of NAME [MORE]
project_of()
{
    project "$1" <<JSON
{ "name": "$1", "backup": { "scope": "none" }, ${2-}
  "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "items", "policy": "update", "ids": "keep", "options": {
      "table": "items", "fields": { "id": "id", "name": "name" } },
      "tables": { "items": { "must_be_empty": true } } } ] }
JSON
    data "$1" <<'JSON'
{ "items": [ { "id": 1, "name": "a" }, { "id": 2, "name": null }, { "id": 3, "name": "c" } ] }
JSON
}
project_of whole
project_of parts '"publish": "batched", "publish_rows": 1,'

for kind in whole parts; do
    echo "$kind: rows are there"
    nothing 5 shop "$kind"
    says "public.items must be empty and holds 7 rows"
    mig 5 shop "$kind" --preflight
    mig 5 shop "$kind" --dry-run
    mig 0 shop "$kind" --plan

    echo "$kind: rows come while the run is at work"
    psql_t shop -c "TRUNCATE items"
    stand 9 shop "$kind" check.done:1
    psql_t shop -c "INSERT INTO items VALUES (200, 'live')"
    go_on
    says "public.items must be empty and holds 1 row"
    rows shop "SELECT * FROM items" "200|live"
    psql_t shop -c "TRUNCATE items"

    echo "$kind: killed behind publish, finished, redriven, run again"
    (MIGHOST_FAULT=publish.after_commit:1:kill mig_any shop "$kind" --run) || :
    rows shop "SELECT count(*) > 0 FROM items" t
    mig 20 shop "$kind" --run
    rows shop "SELECT * FROM items ORDER BY 1" "1|a
3|c"
    sed -i 's/null/"b"/' "$TEST_DIR/$kind/data.json"
    first=$(psql_t shop -c "SELECT max(id) FROM mighost.run")
    mig 0 shop "$kind" --redrive "$first"
    rows shop "SELECT * FROM items ORDER BY 1" "1|a
2|b
3|c"
    nothing 5 shop "$kind"
    says "holds 3 rows"
    mig 0 shop "$kind" --rollback
    mig 0 shop "$kind" --rollback "$first"
    psql_t shop -c "INSERT INTO items SELECT n, 'live' FROM generate_series(101, 107) n"
done

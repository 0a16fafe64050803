# publications.sh - a publication that would carry schema mighost to subscribers is refused before
# anything is made there, with the ways out; one that does not is none of a run's business. An event
# trigger is told.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb shop
psql_t shop -c "CREATE TABLE account (id int PRIMARY KEY, name text)" -c "INSERT INTO account VALUES (1, 'live')"
data shop <<'JSON'
{ "accounts": [ { "id": 1, "name": "mig" }, { "id": 2, "name": "mig" } ] }
JSON
project shop <<'JSON'
{ "name": "shop", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "stages": [ { "name": "accounts", "policy": "update", "ids": "keep", "options": {
    "table": "account", "fields": { "id": "id", "name": "name" } } } ] }
JSON
made="SELECT count(*) FROM pg_namespace WHERE nspname = 'mighost'"

psql_t shop -c "CREATE PUBLICATION everything FOR ALL TABLES" 2>/dev/null
for action in --preflight --dry-run --run; do
    mig 5 shop shop $action
    says "publication everything would carry the state schema"
    says "FOR TABLES IN SCHEMA"
done
rows shop "$made" 0
psql_t shop -c "DROP PUBLICATION everything; CREATE PUBLICATION one FOR TABLE account" 2>/dev/null
run 0 shop shop
undo_proof shop shop

version=$(psql_t shop -c "SELECT current_setting('server_version_num')::int >= 150000")
[ "$version" = f ] || {
    psql_t shop -c "CREATE PUBLICATION ours FOR TABLES IN SCHEMA mighost" 2>/dev/null
    mig 5 shop shop --run
    says "publication ours would carry"
    says "--state-schema"
    mig 0 shop shop --rollback # what was done before can still be taken back
    psql_t shop -c "ALTER PUBLICATION ours SET TABLES IN SCHEMA public"
}
psql_t shop -c "CREATE FUNCTION log() RETURNS event_trigger LANGUAGE plpgsql AS \$f\$BEGIN END\$f\$" \
    -c "CREATE EVENT TRIGGER log ON ddl_command_end EXECUTE FUNCTION log()"
mig 0 shop shop --preflight
says "event trigger log (ddl_command_end) fires"
run 0 shop shop
echo "ok"

# requires.sh - what project and plugins ask of the target beyond its tables, extensions and the
# version of its schema, is looked at before anything is written.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/refusals.sh"

shop
shop_db shop
on="--plugins $PLUGINS --work-dir $TEST_DIR/work"
psql_t shop -c 'CREATE SCHEMA app' -c 'CREATE TABLE app.version (n int)' \
    -c 'INSERT INTO app.version VALUES (41)'
mark shop
[ "$(psql_t shop -c "SELECT count(*) FROM pg_available_extensions WHERE name IN ('pg_trgm', 'file_fdw')")" = 2 ] ||
    pgtmp_skip "the server lacks pg_trgm or file_fdw"

project() # TARGET NEEDS
{
    sed "s/\"name\": \"shop\",/& \"target\": { $1 },/; s/\"ids\": \"keep\"/&, \"needs\": [$2]/" \
        "$SHOP/project.json" >"$SHOP/asks.json"
    asks="$on --project $SHOP/asks.json"
}
refused() # TEXT...: by all that looks at the target, and nothing is written
{
    for action in --preflight --plan --dry-run --run; do
        ends 5 $asks $action
        says "$@" 'nothing was written'
        unchanged shop
        is "schema mighost" "$(psql_t shop -c "SELECT to_regnamespace('mighost')")" ""
    done
}

echo "extensions"
project '"extensions": ["pg_trgm", "plpgsql", "no_such"]' \
    '"extension:pg_trgm", "extension:file_fdw", "after:extension:nobody"'
refused 'lacks extension pg_trgm' 'needed by stage items, target.extensions of the project' \
    'as a role that may CREATE in the database, such as its owner: CREATE EXTENSION pg_trgm' \
    'lacks extension file_fdw' 'needed by stage items' 'as a superuser: CREATE EXTENSION file_fdw' \
    'lacks extension no_such' 'correct the name, or install its package'
silent 'extension plpgsql' nobody
# Without a target, or with one that does not answer, the plan stands.
(
    DATABASE_URL=
    ends 0 $asks --plan
    silent pg_trgm
    DATABASE_URL='postgresql://nobody@127.0.0.1:1/shop'
    ends 0 $asks --plan
)

echo "extensions that a plugin asks for"
cat >"$TEST_DIR/asking.c" <<'C'
#include <mighost/plugin.h>

static int32_t create(const mig_host_t *host, void **self)
{
    (void)host, (void)self;
    return MIG_OK;
}
static void destroy(void *self)
{
    (void)self;
}
static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    (void)self, (void)n_in, *out = *in;
    return MIG_OK;
}
static const mig_transform_ops_t ops = {sizeof ops, MIG_TRANSFORM_PURE, apply};
static const mig_need_t needs[] = {{"extension:pg_trgm", MIG_NEED_HARD, 0}, {0, 0, 0}};
static const mig_unit_t asking = {sizeof asking, MIG_TRANSFORM, "asking", "asks", needs, 0, create, destroy, &ops};
static const mig_unit_t *const units[] = {&asking, 0};
MIG_EXPORT const mig_plugin_t mighost_plugin = {MIG_MAGIC, MIG_ABI_MAJOR, MIG_ABI_MINOR, sizeof mighost_plugin, 0,
    "test.asking", "1", units};
C
mkdir "$TEST_DIR/plugins"
${CC:-cc} -shared -fPIC -I"$top_srcdir/include" -o "$TEST_DIR/plugins/transforms-asking.so" "$TEST_DIR/asking.c"
sed 's/"name": "name"/"name": ["name", "asking"]/' "$SHOP/project.json" >"$SHOP/asks.json"
asks="$on --plugins $TEST_DIR/plugins --project $SHOP/asks.json"
refused 'lacks extension pg_trgm' 'needed by transform:asking of plugin test.asking'

echo "they are there"
psql_t shop -c 'CREATE EXTENSION pg_trgm' -c 'CREATE EXTENSION file_fdw'
mark shop
ends 0 $asks --plan
project '"extensions": "pg_trgm"' '"extension:file_fdw"'
ends 0 $asks --plan

echo "schema version"
sql='"sql": "SELECT n FROM app.version"'
project "\"schema_version\": { $sql, \"is\": [\"42\", \"43\"] }" ''
refused "the target's schema version is \"41\", due is \"42\" or \"43\""
psql_t shop -c 'UPDATE app.version SET n = NULL'
mark shop
refused "the target has no schema version"
psql_t shop -c 'DELETE FROM app.version'
mark shop
refused "the target has no schema version"
psql_t shop -c 'INSERT INTO app.version VALUES (42), (43)'
mark shop
refused "the target's schema version cannot be read"
for sql in 'SELECT 42, 42' 'SELECT x FROM app.nowhere' 'SELECT 42) AS x; DROP TABLE items; SELECT (1' \
    'DELETE FROM app.version RETURNING 42' 'SELECT nextval($$app.s$$)'; do
    project "\"schema_version\": { \"sql\": \"$sql\", \"is\": \"42\" }" ''
    refused "the target's schema version cannot be read"
done
project "\"schema_version\": { \"sql\": \"SELECT max(n) FROM app.version\" }" ''
ends 3 $asks --plan
says '"target.schema_version" needs "sql" and "is"'

echo "the version is the one that is due"
# By the role's own search_path, and also before the run that goes on.
psql_t shop -c "ALTER DATABASE \"$(pgtmp_db shop)\" SET search_path = app, public"
project '"schema_version": { "sql": "SELECT max(n) FROM version", "is": ["42", "43"] }' ''
ends 0 $asks --preflight
ends 0 $asks --run
psql_t shop -c 'UPDATE app.version SET n = 44'
ends 5 $asks --run
says 'schema version is "44"'
# A backup and an undo do not need it.
ends 0 $asks --backup
ends 0 $asks --rollback
psql_t shop -c 'UPDATE app.version SET n = CASE ctid WHEN (SELECT min(ctid) FROM app.version) THEN 42 ELSE 43 END'
is "the rows" "$(psql_t shop -c 'SELECT * FROM public.items ORDER BY id')" '1|old|1.00
9|other|9.00'

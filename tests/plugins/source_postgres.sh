#!/bin/sh
# source_postgres.sh - the source "postgres" against a server of its own: test_source_postgres.c, or
# cases of it, and test_source_postgres_written.c, with a database, a role that has to give a
# password, and psql at hand.
set -eu
: "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
. "$top_srcdir/tests/fixtures/pgtmp.sh"

if [ -n "${MIGHOST_TEST_SOCKET-}" ]; then
    pgtmp_skip "needs a server of its own, because it changes who may log in"
fi
hba=$TEST_DIR/pg/data/pg_hba.conf
{ echo "local all guarded scram-sha-256"; cat "$hba"; } >"$TEST_DIR/hba"
cat "$TEST_DIR/hba" >"$hba"
pg_createdb src "$top_srcdir/tests/plugins/source_postgres.sql"
psql_t src -c "SELECT pg_reload_conf()" >/dev/null

TEST_URL=$(pg_url src)
TEST_SOCKET=$PGTMP_SOCKET
TMPDIR=$TEST_DIR
export TEST_URL TEST_SOCKET TMPDIR
"$top_builddir/tests/plugins/test_source_postgres" "$@"
[ $# -gt 0 ] || "$top_builddir/tests/plugins/test_source_postgres_written"

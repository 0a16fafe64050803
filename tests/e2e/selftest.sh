# selftest.sh - --self-test: what it says, that it stays in its own directory, that it can fail.
. "$top_srcdir/tests/fixtures/pgtmp.sh"

fail()
{
    echo "FAIL: $1"
    cat "$TEST_DIR/out" "$TEST_DIR/err"
    exit 1
}

selftest() # CODE ARGS...
{
    code=$1
    shift
    status=0
    "$MIGHOST" "$@" --self-test >"$TEST_DIR/out" 2>"$TEST_DIR/err" || status=$?
    [ "$status" -eq "$code" ] || fail "--self-test $* ended with $status, not $code"
    [ -z "$(ls -A "$TMPDIR")" ] || fail "left in TMPDIR: $(ls -A "$TMPDIR")"
    [ -z "$(ls -A "$XDG_STATE_HOME")" ] || fail "something was written to the user's state directory"
    pgrep -f "$TMPDIR/mighost-selftest" >/dev/null && fail "a server was left"
    :
}

TMPDIR=$TEST_DIR/tmp
export TMPDIR
mkdir -m 711 "$TMPDIR"

echo "all pass, whatever the user's own target is"
pg_createdb users_own
fingerprint_db users_own >"$TEST_DIR/before"
DATABASE_URL=$(pg_url users_own) selftest 0 --plugins "$PLUGINS"
[ "$(grep -c '^passed ' "$TEST_DIR/out")" -eq 7 ] || fail "not seven scenarios passed"
[ "$(wc -l <"$TEST_DIR/out")" -eq 7 ] || fail "more than the scenarios is said"
[ ! -s "$TEST_DIR/err" ] || fail "errors that a scenario provoked are shown"
fingerprint_db users_own | diff "$TEST_DIR/before" - || fail "the user's target was touched"
[ -z "$(psql_t users_own -c "SELECT 1 FROM pg_namespace WHERE nspname = 'mighost'")" ] ||
    fail "the user's target has a schema mighost now"

echo "as JSON"
selftest 0 --plugins "$PLUGINS" --json
[ "$(psql_t postgres -v text="$(cat "$TEST_DIR/out")" <<'SQL'
SELECT (:'text'::json ->> 'success')::bool, count(*), bool_and((r ->> 'passed')::bool),
    bool_and(r ->> 'message' = ''), bool_and((r ->> 'seconds')::float > 0)
    FROM json_array_elements(:'text'::json -> 'results') r;
SQL
)" = "t|7|t|t|t" ] || fail "not the JSON that is expected"

echo "what is broken is said"
mkdir "$TEST_DIR/no-server" "$TEST_DIR/few"
cp "$PLUGINS/migrator-map.so" "$PLUGINS/reporters-standard.so" "$TEST_DIR/few/"
MIGHOST_PG_BIN=$TEST_DIR/no-server selftest 8 --plugins "$PLUGINS"
grep -q '^failed publish: .*apt-get install postgresql' "$TEST_DIR/out" || fail "no reason"
selftest 8 --plugins "$TEST_DIR/few"
grep -q '^failed publish: .*source:json' "$TEST_DIR/out" || fail "no reason"
mkdir "$TEST_DIR/fake"
ln -s "$PGTMP_BIN"/* "$TEST_DIR/fake/"
rm "$TEST_DIR/fake/pg_dump"
# A backup tool that fails leaves the run unpublished.
printf '#!/bin/sh\n[ "$1" != --version ] || exec "%s/pg_dump" --version\nexit 1\n' "$PGTMP_BIN" \
    >"$TEST_DIR/fake/pg_dump"
chmod 755 "$TEST_DIR/fake/pg_dump" "$TEST_DIR/fake"
MIGHOST_PG_BIN=$TEST_DIR/fake selftest 8 --plugins "$PLUGINS" --json
grep -q '"success": false' "$TEST_DIR/out" || fail "a broken pg_dump passes"
grep -q '"message": "the run ended with' "$TEST_DIR/out" || fail "no reason"
echo "ok"

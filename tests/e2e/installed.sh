# installed.sh - what "make install" put in place, run by "make installcheck" (distcheck does): the
# program finds its own plugins, takes others from --plugins, and runs the example. MIGHOST is the
# installed program, INSTALLED_PLUGINS its plugin directory, DESTDIR as it was given to install.
. "$top_srcdir/tests/fixtures/pgtmp.sh"

example=$top_srcdir/share/examples/classroom
unset MIGHOST_PLUGIN_PATH
[ -x "$MIGHOST" ] || { echo "$MIGHOST is not installed"; exit 1; }

run() # DB ARGS...
{
    pg_createdb "$1" "$example/target.sql"
    DATABASE_URL=$(pg_url "$1")
    export DATABASE_URL
    shift
    code=0
    "$MIGHOST" "$@" --project "$example" --work-dir "$TEST_DIR/work" --run >"$TEST_DIR/out" 2>&1 || code=$?
    [ "$code" -eq 20 ] || { cat "$TEST_DIR/out"; echo "ends with $code"; exit 1; }
    sh "$example/compare.sh" "$example/mock.json" "$DATABASE_URL" >"$TEST_DIR/compared" || {
        cat "$TEST_DIR/compared"
        exit 1
    }
}

run given --plugins "$INSTALLED_PLUGINS"
# Below a DESTDIR the program is not where it will be: it would look for its plugins outside of it.
if [ -z "${DESTDIR-}" ]; then
    "$MIGHOST" --new-plugin "$TEST_DIR/transform-mine" >/dev/null
    run own
    report=$(sed -n 's/^run .*; report: //p' "$TEST_DIR/out")/report.json
    jq -e --arg dir "$INSTALLED_PLUGINS/" '.run.plugins | length > 4 and all(.[]; .path | startswith($dir))' \
        "$report" >/dev/null || { echo "plugins from elsewhere"; exit 1; }
fi

# outoftree_run.sh - plugins that --new-plugin writes and that are built outside of this tree, against
# the installed header and pkg-config alone, take part in runs; they stay out of one that does not use
# them.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
command -v pkg-config >/dev/null || exit 77

prefix=$TEST_DIR/prefix
mkdir -p "$prefix/include/mighost" "$prefix/lib/pkgconfig"
cp "$top_srcdir/include/mighost/plugin.h" "$prefix/include/mighost"
cp "$top_builddir/share/mighost.pc" "$prefix/lib/pkgconfig"
"$MIGHOST" --new-plugin "$TEST_DIR/slug" >/dev/null
PKG_CONFIG_PATH=$prefix/lib/pkgconfig
PKG_CONFIG="pkg-config --define-variable=prefix=$prefix --define-variable=libdir=$prefix/lib \
--define-variable=includedir=$prefix/include"
export PKG_CONFIG_PATH PKG_CONFIG
umask 022
(
    unset CFLAGS CPPFLAGS LDFLAGS CPATH C_INCLUDE_PATH MAKEFLAGS MFLAGS MAKELEVEL
    make -s -C "$TEST_DIR/slug" CC="${CC:-cc}" install

    echo "what --new-plugin writes passes its own test, in each kind and language"
    MIGHOST_PLUGIN_PATH=$PLUGINS PATH=$PATH:$HOME/.cargo/bin
    export MIGHOST_PLUGIN_PATH PATH
    own() # NAME ARGUMENTS...: into a database of its own
    {
        own_name=$1
        shift
        "$MIGHOST" --new-plugin "$TEST_DIR/$own_name" "$@" >/dev/null
        pg_createdb "$own_name" "$TEST_DIR/$own_name/target.sql"
        DATABASE_URL=$(pg_url "$own_name") make -s -C "$TEST_DIR/$own_name" CC="${CC:-cc}" CXX="${CXX:-c++}" \
            MIGHOST="$MIGHOST" check >"$TEST_DIR/out" 2>&1 || { cat "$TEST_DIR/out"; exit 1; }
        grep -q "the run is as expected" "$TEST_DIR/out"
    }
    for kind in source migrator validator reporter; do
        own $kind-mine --kind $kind
    done
    own plus --language c++
    ! rustc --version >/dev/null 2>&1 || own rusty --language rust
    echo "and fails it when the plugin does something else"
    sed -i "s/rc = h->column(h, u->table, \"name\", &u->row_name)/rc = h->column(h, u->table, \"id\", \&u->row_name)/" \
        "$TEST_DIR/migrator-mine/plugin.c"
    ! DATABASE_URL=$(pg_url migrator-mine) make -s -C "$TEST_DIR/migrator-mine" CC="${CC:-cc}" MIGHOST="$MIGHOST" \
        check >"$TEST_DIR/out" 2>&1 || { echo "a wrong migrator passes its test"; exit 1; }
)

pg_createdb blog
psql_t blog -c "CREATE TABLE post (id int PRIMARY KEY, slug text NOT NULL)"
DATABASE_URL=$(pg_url blog)
export DATABASE_URL
mkdir "$TEST_DIR/project"
cat >"$TEST_DIR/project/data.json" <<'JSON'
{ "posts": [ { "id": 1, "title": "Hello, World" }, { "id": 2, "title": "Moving House" } ] }
JSON
cat >"$TEST_DIR/project/project.json" <<'JSON'
{ "name": "blog", "target": { "url": "${DATABASE_URL}" },
  "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "posts", "ids": "keep", "options": { "table": "post",
      "fields": { "id": "id", "slug": [ "title", "slug" ] } } } ] }
JSON

run()
{
    "$MIGHOST" "$@" --project "$TEST_DIR/project" --work-dir "$TEST_DIR/work" --run
}

echo "without its directory the feature is missing, by name"
code=0
run --plugins "$PLUGINS" >"$TEST_DIR/out" 2>&1 || code=$?
[ "$code" = 4 ]
grep -q 'transform:slug' "$TEST_DIR/out"

echo "with it the plugin takes part"
run --plugins "$PLUGINS" --plugins "$prefix/lib/mighost/plugins-1" >"$TEST_DIR/out" 2>&1 || {
    cat "$TEST_DIR/out"
    exit 1
}
[ "$(psql_t blog -c 'SELECT slug FROM post ORDER BY id')" = "hello-world
moving-house" ]
echo "so does a reporter"
mkdir "$TEST_DIR/tell"
${CC:-cc} -shared -fPIC $($PKG_CONFIG --cflags mighost) "$top_srcdir/tests/fixtures/tell.c" -o "$TEST_DIR/tell/tell.so"
sed -i 's/"stages"/"reporters": [ { "name": "json" }, { "name": "tell", "options": { "stage": "posts" } } ],\n  &/' \
    "$TEST_DIR/project/project.json"
"$MIGHOST" --check-plugin "$TEST_DIR/tell/tell.so" >/dev/null
pg_createdb blog2
psql_t blog2 -c "CREATE TABLE post (id int PRIMARY KEY, slug text NOT NULL)"
DATABASE_URL=$(pg_url blog2)
run --plugins "$PLUGINS" --plugins "$prefix/lib/mighost/plugins-1" --plugins "$TEST_DIR/tell" >"$TEST_DIR/out" 2>&1 || {
    cat "$TEST_DIR/out"
    exit 1
}
told=$(sed -n 's/^.*report: //p' "$TEST_DIR/out" | tail -1)/told.txt
[ "$(stat -c %a "$told")" = 600 ]
[ "$(grep -A 1 '^map ' "$told")" = "map 1
 to 1
map 2
 to 2" ]
jq -e '[.run.plugins[].id] | index("org.example.slug")' \
    "$(sed -n 's/^.*report: //p' "$TEST_DIR/out" | tail -1)/report.json" >/dev/null

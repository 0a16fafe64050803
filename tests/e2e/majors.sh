# majors.sh - other majors of PostgreSQL, as target of the examples and as rehearsal server. Which:
# MIGHOST_TEST_MAJORS, a list of directories that hold initdb and pg_ctl, divided by ':'. They need
# no pg_dump: where the one that is installed is too old for a server, the examples make no backup.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

[ -n "${MIGHOST_TEST_MAJORS-}" ] || pgtmp_skip "MIGHOST_TEST_MAJORS names no PostgreSQL of another major"

cp -r "$top_srcdir/share/examples/classroom" "$TEST_DIR/class"
chmod -R u+w "$TEST_DIR/class"
sed 's/"name": "classroom",/& "backup": { "scope": "none" },/' "$TEST_DIR/class/project.json" >"$TEST_DIR/none.json"
mv "$TEST_DIR/none.json" "$TEST_DIR/class/project.json"
pg_createdb live "$top_srcdir/share/examples/classroom/target.sql"
mig 20 live class --run
own=$(psql_t live -c "SELECT current_setting('server_version_num')::int / 10000")

# The tree, with examples that make no backup.
tree=$TEST_DIR/tree
mkdir "$tree"
ln -s "$top_srcdir"/* "$tree"
rm "$tree/share"
mkdir "$tree/share"
ln -s "$top_srcdir"/share/* "$tree/share"
rm "$tree/share/examples"
cp -r "$top_srcdir/share/examples" "$tree/share"
chmod -R u+w "$tree/share/examples"
for file in "$tree"/share/examples/*/project*.json; do
    sed -i '0,/"name":/s//"backup": { "scope": "none" }, &/' "$file"
done

number=0
for bin in $(echo "$MIGHOST_TEST_MAJORS" | tr : ' '); do
    number=$((number + 1))
    other=$TEST_DIR/other$number
    mkdir -m 700 "$other"
    [ "$(id -u)" -ne 0 ] || chown postgres "$other"
    pgtmp_as_server "$bin/initdb" --no-sync -A trust -U postgres -E UTF8 --locale=C.UTF-8 -D "$other/data" >/dev/null
    pgtmp_as_server "$bin/pg_ctl" -w -s -D "$other/data" -l "$other/log" -o "-c listen_addresses='' \
        -c unix_socket_directories=$other -c fsync=off" start
    at_exit "pgtmp_as_server $bin/pg_ctl -w -s -m immediate -D $other/data stop"
    url="postgresql://postgres@/postgres?host=$other"
    major=$(psql -XAtq -d "$url" -c "SELECT current_setting('server_version_num')::int / 10000")

    echo "PostgreSQL $major as target"
    from=$top_srcdir
    [ "$major" -le "$own" ] || from=$tree
    for script in classroom_run trainer_run; do
        top_srcdir=$from MIGHOST_TEST_SOCKET=$other sh "$top_srcdir/tests/e2e/$script.sh" >"$OUT" 2>&1 ||
            fail "$script.sh on PostgreSQL $major"
    done

    echo "PostgreSQL $major as rehearsal server"
    psql -Xq -d "$url" -c "CREATE DATABASE copy"
    STAGING_DATABASE_URL="postgresql://postgres@/copy?host=$other"
    export STAGING_DATABASE_URL
    mig 5 live class --rehearse
    says "major version $major, target has $own"
    mig 0 live class --rehearse --accept-differences
    says "database major version: $own | $major"
    if [ "$major" -gt "$own" ]; then
        mig 12 live class --rehearse --accept-differences # what is there now cannot be backed up
        says "the rehearsal database cannot be backed up: pg_dump is too old"
        says "nothing was written"
    fi
    unset STAGING_DATABASE_URL
done

# random.sh - random migrations, whole: random tables, rows, documents and projects (random.awk), most
# of them killed somewhere and begun again, some beside an application that goes on. The ledger closes, no
# row is touched that the document does not name, no text is cut at a NUL, the same run again writes
# nothing, and undo gives what was before: by --rollback, itself killed most of the time, by rollback.sql
# in each way of running psql, and, once the application went on with the rows, in part and by force.
#
# random.sh [COUNT [SEED]]: so many seeds, beginning with this one, else with the time of day; without
# COUNT the same ones each time. A seed that fails is repeated by random.sh 1 SEED. What failed once, and
# why, has a test of its own, since random.awk grows: the circle of touched.sh, keys that are looked at
# late in run_shapes.sh, MATCH FULL in run_references.sh.
PGTMP_OPTIONS="-c autovacuum=off -c full_page_writes=off -c max_wal_size=4GB"
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

count=${1-6}
seed=${2-$([ $# -eq 0 ] && echo 187 || date +%s)}
last=$((seed + count - 1))
"$MIGHOST" --list-faults | grep -v '^rollback\|^rehearsal' >"$TEST_DIR/points" || :
"$MIGHOST" --list-faults | grep '^rollback' >"$TEST_DIR/undo_points" || :

fixtures=$top_srcdir/tests/fixtures
modern=$(psql_t postgres -c "SELECT (current_setting('server_version_num')::int >= 150000)::int")

# The next of the seed's own choices, below LIMIT.
choice() # LIMIT
{
    state=$(((state * 1103515245 + 12345) % 2147483648))
    choice=$((state / 65536 % $1))
}

# One command, killed at a random point first, most of the time.
perhaps_killed() # POINTS ARGS...
{
    points=$1
    shift
    choice 4
    if [ "$choice" -gt 0 ] && [ -s "$points" ]; then
        choice "$(wc -l <"$points")"
        point=$(sed -n "$((choice + 1))p" "$points")
        choice 3
        hit=$((choice / 2 + 1))
        # The shell tells of the kill.
        { MIGHOST_FAULT=$point:$hit:kill mig_any now random "$@"; } 2>/dev/null
        [ "$mig_status" -eq 137 ] || return 0
        how="$how, killed at $point:$hit"
    fi
    mig_any now random "$@"
}

# Rows that the run has no business with, with their places and the transactions that wrote them.
kept()
{
    psql_t now -f "$TEST_DIR/random/kept.sql"
}

undone_by_psql()
{
    bundle=$BUNDLE
    pg_copydb now then
    choice 3
    case $choice in
    0) psql_script then -v ON_ERROR_STOP=1 ;;
    1) psql_script then ;;
    *) psql_script then -1 ;;
    esac || fail "seed $seed: rollback.sql failed"
    unchanged then "seed $seed: run and rollback.sql"
    BUNDLE=$bundle
}

undone()
{
    perhaps_killed "$TEST_DIR/undo_points" --rollback
    # The one that was killed had committed: there is no run to roll back any more.
    case $mig_status in 0 | 13) ;; *) fail "seed $seed: the rollback ends with $mig_status" ;; esac
    unchanged now "seed $seed: run and rollback"
}

# Every row of the project's tables and of the one beside, by its place in a file: table, key, digest of
# all its columns.
rows_to() # DB FILE
{
    psql_t "$1" -c "COPY ($(cat "$TEST_DIR/random/rows.sql")) TO STDOUT (FORMAT csv)" >"$2"
}

# The application goes on with the run's rows, and with others.
application_goes_on() # DB
{
    psql_t "$1" -v seed="$seed" >/dev/null <<'SQL' || fail "seed $seed: the application's own statements"
SELECT set_config('app.seed', :'seed', false);
DO $app$
DECLARE t regclass; sql text;
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    FOR t IN SELECT attrelid FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE attname = 'touched'
        AND relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace ORDER BY 1
    LOOP
        FOREACH sql IN ARRAY ARRAY['UPDATE %1$s SET touched = touched + 5 WHERE hashtext(%2$L || id::text) %% 5 = 0',
            'DELETE FROM %1$s WHERE hashtext(%2$L || id::text) %% 11 = 1']
        LOOP
            BEGIN
                EXECUTE format(sql, t, current_setting('app.seed') || t::oid);
            EXCEPTION WHEN integrity_constraint_violation THEN NULL;
            END;
        END LOOP;
    END LOOP;
END $app$;
SELECT format('INSERT INTO outside SELECT (SELECT coalesce(max(n), 0) + 100 FROM outside) + row_number() OVER (),
    %s, %L FROM (SELECT * FROM %s ORDER BY hashtext(%L || id::text) LIMIT 2) x', (SELECT string_agg(attname, ', '
    ORDER BY attnum) FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey)), 'app',
    confrelid::regclass, :'seed') FROM pg_constraint WHERE conrelid = 'outside'::regclass AND contype = 'f'
    AND conparentid = 0 \gexec
SQL
}

# undone_by MODE: once the application went on, the undo in this mode. What it lists is as the application left
# it (untouched), or as before the run (force); all else that the run wrote is as before it, and what the
# application alone wrote is as it left it; foreign keys hold. The server may refuse the whole, with 13.
undone_by()
{
    pg_copydb now then
    application_goes_on then
    rows_to now "$TEST_DIR/rows.run"
    rows_to then "$TEST_DIR/rows.app"
    fingerprint_db then >"$TEST_DIR/before.then"
    rm -rf "$TEST_DIR/reports/then"
    mig_any then random --rollback --rollback-mode "$1"
    if [ "$mig_status" -eq 13 ]; then
        grep -q 'cannot come back' "$ERR" || fail "seed $seed: $1 is refused"
        unchanged then "seed $seed: a refused undo"
        how="$how, $1 refused"
        return
    fi
    [ "$mig_status" -eq 0 ] || fail "seed $seed: $1 ends with $mig_status"
    rows_to then "$TEST_DIR/rows.undone"
    list=$(sed -n 's/.*hang together with such: //p' "$OUT")
    [ -n "$list" ] || { list=$TEST_DIR/none.csv; echo 'table,key,why' >"$list"; }
    psql_t then -v mode="$1" >"$TEST_DIR/wrong" <<SQL || fail "seed $seed: what the undo left"
CREATE TEMP TABLE listed (name text, key text, why text);
\copy listed FROM '$list' CSV HEADER
CREATE TEMP TABLE start (name text, key text, image text); CREATE TEMP TABLE run (LIKE start);
CREATE TEMP TABLE app (LIKE start); CREATE TEMP TABLE undone (LIKE start);
\copy start FROM '$TEST_DIR/rows.start' CSV
\copy run FROM '$TEST_DIR/rows.run' CSV
\copy app FROM '$TEST_DIR/rows.app' CSV
\copy undone FROM '$TEST_DIR/rows.undone' CSV
UPDATE listed SET name = name::regclass::text;
SELECT name, key, l.why, s.image IS NOT DISTINCT FROM u.image AS as_before, a.image IS NOT DISTINCT FROM u.image
    AS as_left FROM start s FULL JOIN run r USING (name, key) FULL JOIN app a USING (name, key) FULL JOIN undone u
    USING (name, key) LEFT JOIN listed l USING (name, key) WHERE u.image IS DISTINCT FROM CASE
    WHEN l.why IS NOT NULL AND :'mode' = 'untouched' THEN a.image
    WHEN l.why IS NOT NULL THEN s.image
    WHEN a.image IS DISTINCT FROM r.image THEN a.image ELSE s.image END;
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s', conrelid::regclass, conname, conname,
    pg_get_constraintdef(oid)) FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 \gexec
SQL
    [ ! -s "$TEST_DIR/wrong" ] || {
        cat "$TEST_DIR/wrong"
        fail "seed $seed: undo by $1"
    }
}

# A run that stands still behind check, while the application goes on with its rows, and is then published,
# or ends with 9: what it is taken back to is what the application left.
at_work()
{
    (MIGHOST_FAULT=publish.begin:1:stop mig_any now random --run; echo "$mig_status" >"$TEST_DIR/code") &
    work=$!
    how="$how, beside the application"
    while kill -0 $work 2>/dev/null; do
        pid=$(psql_t now -c 'SELECT pid FROM mighost.run ORDER BY id DESC LIMIT 1' 2>/dev/null) || :
        ! grep -qs '^State:.*T' "/proc/${pid:-none}/status" || break
        sleep 0.02
    done
    [ ! -e "/proc/${pid:-none}" ] || application_goes_on now
    fingerprint_db now >"$TEST_DIR/before.now"
    kept >"$TEST_DIR/kept"
    rows_to now "$TEST_DIR/rows.start"
    kill -CONT "${pid:-$$}" 2>/dev/null || :
    wait $work
    mig_status=$(cat "$TEST_DIR/code")
    BUNDLE=$(sed -n 's/^run .*; report: //p' "$OUT")
    [ "$mig_status" -ne 9 ] || { # who rests now lets it through
        how="$how, 9"
        mig_any now random --run
    }
}

# The same run again, and its undo. A record that was refused for a key that another one gave away
# in the same run gets it now: then there is something to do.
second_run() # SEED
{
    cp "$TEST_DIR/before.now" "$TEST_DIR/first"
    fingerprint_db now >"$TEST_DIR/before.now"
    versions now >"$TEST_DIR/versions"
    refused=$(psql_t now -c "SELECT count(*) FROM mighost.reject WHERE code = 'collision'")
    mig_any now random --run
    case $mig_status in 0 | 20) ;; *) fail "seed $1: the second run ends with $mig_status" ;; esac
    [ "$refused" -ne 0 ] || {
        unchanged now "seed $1: the second run"
        versions now | diff "$TEST_DIR/versions" - || fail "seed $1: the second run wrote rows again"
        says "0 changed"
    }
    mig 0 now random --rollback
    unchanged now "seed $1: the second run and rollback"
    cp "$TEST_DIR/first" "$TEST_DIR/before.now"
}

migration() # SEED
{
    state=$(($1 * 7919 % 2147483648)) how=
    choice 2
    mkdir -p "$TEST_DIR/random"
    awk -f "$fixtures/random_values.awk" -f "$fixtures/random_tables.awk" -f "$fixtures/random.awk" -v seed="$1" \
        -v modern="$modern" -v dir="$TEST_DIR/random" </dev/null
    pg_createdb now "$TEST_DIR/random/target.sql"
    fingerprint_db now >"$TEST_DIR/before.now"
    kept >"$TEST_DIR/kept"
    echo "seed $1"
    choice 4
    if [ "$choice" -eq 0 ] && [ -s "$TEST_DIR/points" ]; then
        at_work
    else
        rows_to now "$TEST_DIR/rows.start"
        perhaps_killed "$TEST_DIR/points" --run
    fi
    case $mig_status in
    0 | 20) ;;
    5 | 8)
        unchanged now "seed $1: a run that ended with $mig_status"
        echo "  refused, $mig_status$how"
        return
        ;;
    *) fail "seed $1: the run ends with $mig_status" ;;
    esac
    published=$((published + 1))
    ledger now
    ! psql_t now -f "$TEST_DIR/random/texts.sql" | grep 'before nul' || fail "seed $1: a text is cut off"
    kept | diff "$TEST_DIR/kept" - || fail "seed $1: a row is touched that the run does not name"
    undone_by_psql
    bundle=$BUNDLE
    undone_by untouched
    undone_by force
    BUNDLE=$bundle
    second_run "$1"
    undone
    echo "  run and undone$how"
}

published=0
while [ "$seed" -le "$last" ]; do
    migration "$seed"
    psql_t postgres -c "DROP DATABASE \"$(pgtmp_db now)\" WITH (FORCE)"
    seed=$((seed + 1))
done
[ $((published * 2)) -ge "$count" ] || fail "only $published of $count runs published"
echo "$published of $count published and undone"

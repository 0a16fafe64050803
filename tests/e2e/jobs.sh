# jobs.sh - the load shared by worker processes gives the same rows, rejects and numbers as one
# process, of one state of the source, whatever is written there meanwhile.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/school.sh"

# ---- 1, 2 and 4 processes ----------------------------------------------------------------

# No chunk is there before each worker has a part of its stage, or all parts are taken: one alone
# could do all of a small stage.
shared() # DB JOBS
{
    fingerprint_db "$1" >"$TEST_DIR/before.$1"
    stand 20 "$1" school run.opened:1 --jobs "$2"
    psql_t "$1" <<SQL
CREATE FUNCTION mighost.all_have_parts() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
    FOR i IN 1..600 LOOP
        IF (SELECT count(DISTINCT worker) = least($2, count(*)) FROM mighost.part WHERE stage = NEW.stage) THEN
            RETURN NULL;
        END IF;
        PERFORM pg_sleep(0.05);
    END LOOP;
    RAISE 'a worker has no part of stage %', NEW.stage;
END \$\$;
CREATE TRIGGER shared AFTER INSERT ON mighost.chunk FOR EACH ROW EXECUTE FUNCTION mighost.all_have_parts();
SQL
    go_on
    ledger "$1"
}

for jobs in 1 2 4; do
    echo "--jobs $jobs"
    target "t$jobs"
    if [ $jobs = 1 ]; then
        run 20 t1 school --jobs 1
    else
        shared "t$jobs" $jobs
    fi
    right "t$jobs"
    outcome "t$jobs" >"$TEST_DIR/outcome.$jobs"
    cmp "$TEST_DIR/outcome.1" "$TEST_DIR/outcome.$jobs" || fail "$jobs processes do not give what one gives"
    snapshots 1
    alone "t$jobs"
done
rows t1 "SELECT count(*) FROM mighost.part" 0
# Five processes of one program are not of the same size, but alike.
memory="FROM mighost.run, LATERAL (SELECT (report::json #>> '{run,peak_rss_kb}')::int,
    (report::json #>> '{run,peak_rss_sum_kb}')::int) x (most, sum)"
rows t1 "SELECT sum = most $memory" t
rows t4 "SELECT sum BETWEEN 2 * most AND 5 * most $memory" t
rows t4 "SELECT stage, count(*) > 2, count(DISTINCT worker) = least(4, count(*)), bool_and(done) FROM mighost.part
    GROUP BY 1 ORDER BY 1" \
    "classes|t|t|t
marks|t|t|t
pupils|t|t|t"
rows t4 "SELECT count(*), count(raw), bool_and(raw::json ->> 'id' = key) FROM mighost.reject WHERE stage = 'classes'" \
    "19|19|t"
undo_proof t4 school
mig 0 t4 school --rollback
mig 0 t4 school --purge "$ledger_run"
rows t4 "SELECT DISTINCT bounds FROM mighost.part" ""

echo "what does not fit"
mig 2 t1 school --run --jobs 0
says "--jobs takes a whole number from 1 to 64"
sed 's/"batch_size"/"jobs": 65, "batch_size"/' "$TEST_DIR/school/project.json" >"$TEST_DIR/many.json"
mkdir "$TEST_DIR/many"
mv "$TEST_DIR/many.json" "$TEST_DIR/many/project.json"
mig 3 t1 many --plan

# ---- a source that is written to ---------------------------------------------------------

# Between two stages the source gets a parent with children; its role may not be idle for long.
psql_t postgres -c "ALTER ROLE postgres SET idle_in_transaction_session_timeout = '100ms'"
for jobs in 1 2; do
    echo "a writer in the source, --jobs $jobs"
    target "w$jobs"
    fingerprint_db "w$jobs" >"$TEST_DIR/before.w$jobs"
    expect
    stand 20 "w$jobs" school stage.loaded:1 --jobs $jobs
    psql_t old -c "INSERT INTO class VALUES (20000 + $jobs, 'new $jobs', '')" \
        -c "INSERT INTO pupil SELECT 20000 + $jobs, i, 'new', '' FROM generate_series(1, 9) i" \
        -c "DELETE FROM mark WHERE code = (SELECT max(code) FROM mark)"
    sleep 0.5
    go_on
    ledger "w$jobs"
    right "w$jobs"
    snapshots 1
    rows "w$jobs" "SELECT count(*) FROM mighost.reject WHERE $newest AND code = 'orphan'" 0
    alone "w$jobs"
done

echo "only what is new, by several processes"
psql_t postgres -c "ALTER ROLE postgres RESET idle_in_transaction_session_timeout"
target more
project more <<JSON
{ "name": "more", "backup": { "scope": "none" }, "jobs": 4, "sources": {
    "old": { "use": "postgres", "options": { "url": "$(pg_url old)" } } }, "stages": [
    { "name": "classes", "entity": "class", "ids": "keep", "policy": "update",
      "incremental": { "field": "id", "overlap": 0 },
      "options": { "table": "class", "fields": { "id": "id", "title": "title" } } } ] }
JSON
run 20 more more
psql_t old -c "INSERT INTO class SELECT 30000 + i, 'more ' || i, '' FROM generate_series(1, 3) i"
run 0 more more
rows more "SELECT sum(read) FROM mighost.chunk WHERE $newest" 4
rows more "SELECT count(*) > 1 FROM mighost.part WHERE $newest" t
rows more "SELECT count(*) FROM class WHERE title LIKE 'more %'" 3

echo "rows that lie in no order of the key: few ranges, each is a scan of the whole table"
for order in i 'md5(i::text)'; do
    log=log${#order}
    psql_t old -c "DROP TABLE IF EXISTS log" -c "CREATE TABLE log AS SELECT i AS id, repeat('x', 200) || i AS title
        FROM generate_series(1, 30000) i ORDER BY $order" -c "ALTER TABLE log ADD PRIMARY KEY (id)" -c "ANALYZE log"
    target "$log"
    project log <<JSON
{ "name": "log", "backup": { "scope": "none" }, "jobs": 2, "sources": {
    "old": { "use": "postgres", "options": { "url": "$(pg_url old)" } } }, "stages": [
    { "name": "logs", "entity": "log", "ids": "keep",
      "options": { "table": "class", "fields": { "id": "id", "title": "title" } } } ] }
JSON
    run 0 "$log" log
    rows "$log" "SELECT count(*), sum(id), count(DISTINCT title) FROM class" "30000|450015000|30000"
    case $order in
        i) rows "$log" "SELECT count(*) > 4 FROM mighost.part WHERE $newest" t ;;
        *) rows "$log" "SELECT count(*) FROM mighost.part WHERE $newest" 4 ;;
    esac
done

echo "a query in the ranges of a table's key, with who has none; as a whole where its key is of another type"
target lines
project lines <<JSON
{ "name": "lines", "backup": { "scope": "none" }, "jobs": 2, "sources": { "old": { "use": "postgres", "options": {
    "url": "$(pg_url old)", "ranges": { "lines": "log", "texts": "log" }, "query": {
    "lines": "SELECT id, title FROM public.log UNION ALL SELECT NULL, 'nobody'",
    "texts": "SELECT id::text AS id, title FROM public.log" } } } }, "stages": [
    { "name": "lines", "ids": "keep", "options": { "table": "class", "fields": { "id": "id", "title": "title" } } },
    { "name": "texts", "options": { "table": "mark", "fields": { "id": { "key": "texts" }, "class_id": "id" },
        "ignore": ["title"] } } ] }
JSON
run 20 lines lines
rows lines "SELECT count(*), sum(id), count(DISTINCT title) FROM class" "30000|450015000|30000"
rows lines "SELECT count(*) FROM mark" 30000
rows lines "SELECT stage, sum(read) FROM mighost.chunk WHERE $newest GROUP BY 1 ORDER BY 1" "lines|30001
texts|30000"
rows lines "SELECT stage, number, key FROM mighost.reject WHERE $newest" "lines|30001|"
rows lines "SELECT DISTINCT stage FROM mighost.part WHERE $newest" lines
sed 's/"lines": "log"/"lines": 1/' "$TEST_DIR/lines/project.json" >"$TEST_DIR/many/project.json"
mig 3 lines many --run
says 'option "ranges" is no object of tables'
echo "ok"

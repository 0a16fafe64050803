# waits_told.sh - what a run waits for, told to those who watch from elsewhere: a call into a plugin
# that does not come back, with unit, stage and time; a worker process that waits for a lock or for
# its source. By --status, --status --json, the page, and on the terminal of the run.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/school.sh"
command -v jq >/dev/null || pgtmp_skip "no jq"
command -v python3 >/dev/null || pgtmp_skip "no python3"
[ -n "$("$MIGHOST" --list-faults)" ] || pgtmp_skip "needs --enable-fault-injection"
[ -z "${MIGHOST_TEST_SOCKET-}" ] || pgtmp_skip "backends of a server of others are not to be stopped"

watched() # DB PROJECT ARGS...: a look from elsewhere
{
    watched_db=$1 watched_project=$2
    shift 2
    ${by-} env DATABASE_URL="$(pg_url "$watched_db")" "$MIGHOST" --plugins "$PLUGINS" --plugins "$TEST_DIR/rogue" \
        --project "$TEST_DIR/$watched_project" --work-dir "$TEST_DIR/work/watch" "$@"
}
waits() # DB PROJECT FILTER: the first wait of the document for which it is true, in $TEST_DIR/wait
{
    watched "$1" "$2" --status --json >"$TEST_DIR/doc" 2>"$ERR" || fail "--status --json ends with $?"
    jq -c "[.current.waits[]? | select($3)][0] // empty" "$TEST_DIR/doc" >"$TEST_DIR/wait"
    [ -s "$TEST_DIR/wait" ]
}
waits_no_more()
{
    ! waits "$1" "$2" true
}
says_so() # DB PROJECT PATTERN: --status in words
{
    watched "$1" "$2" --status >"$OUT" 2>"$ERR"
    grep -qE "$3" "$OUT" || fail "--status does not show: $3"
}
paged() # DB PROJECT PATTERN: the page
{
    ! "$MIGHOST" --serve 0 2>&1 | grep -q "built without" || return 0
    command -v curl >/dev/null || return 0
    : >"$TEST_DIR/served"
    by=exec watched "$1" "$2" --serve >"$TEST_DIR/served" 2>"$TEST_DIR/serve.err" &
    server=$!
    at_exit "kill $server 2>/dev/null"
    within "no page" grep -q token "$TEST_DIR/served"
    curl -s -L -c "$TEST_DIR/jar" -b "$TEST_DIR/jar" "$(head -n 1 "$TEST_DIR/served")" >"$TEST_DIR/page"
    kill "$server"
    wait "$server" || :
    grep -qE "$3" "$TEST_DIR/page" || fail "the page does not show: $3"
}
valid()
{
    python3 - "$top_srcdir/share/status.schema.json" "$TEST_DIR/doc" <<'PYTHON' || fail "not as the schema has it"
import json
import sys
try:
    import jsonschema
except ImportError:
    sys.exit(0)
schema, document = (json.load(open(name)) for name in sys.argv[1:])
jsonschema.Draft7Validator(schema).validate(document)
PYTHON
}

# ---- a call that does not come back ---------------------------------------------------------

mkdir "$TEST_DIR/rogue"
${CC:-cc} -std=gnu11 -w -O0 -fPIC -shared -fvisibility=hidden -I"$top_srcdir/include" \
    "$top_srcdir/tests/fixtures/rogue.c" -o "$TEST_DIR/rogue/rogue.so" || fail "rogue.c does not compile"
hanging() # DB KIND CALL: an own database, in which the call hangs until $TEST_DIR/go is there
{
    pg_createdb "$1"
    psql_t "$1" -c 'CREATE TABLE items (id int PRIMARY KEY, name text); CREATE TABLE extra (LIKE items INCLUDING ALL)'
    for kind in source transform migrator validator; do eval "$kind="; done
    eval "$2='\"at\": \"$3\", \"do\": \"until $TEST_DIR/go\"'"
    project "$1" <<JSON
{ "name": "$1", "retries": 0, "backup": { "scope": "none" },
  "sources": { "r": { "use": "rogue", "options": { $source } } },
  "stages": [
    { "name": "first", "entity": "items", "policy": "update", "ids": "keep",
      "migrator": "rogue", "options": { $migrator } },
    { "name": "second", "entity": "items", "policy": "update", "ids": "keep",
      "options": { "table": "public.extra", "fields": { "id": "id",
      "name": ["name", { "use": "rogue" ${transform:+, $transform} }] } } } ],
  "validators": [ { "name": "v", "use": "rogue", "options": { $validator } } ] }
JSON
    rm -f "$TEST_DIR/go"
}
hung() # DB ON: the wait as told, from its begin to its end
{
    mig 0 "$1" "$1" --plugins "$TEST_DIR/rogue" --run &
    run_pid=$!
    within "$2 is not told" waits "$1" "$1" '.for == "plugin"'
    valid
    is "$2" "$(jq -r .on "$TEST_DIR/wait")" "$2"
    jq -e '.seconds >= 1 and .seconds < 30 and .worker == null and .held_by == []' "$TEST_DIR/wait" >/dev/null ||
        fail "$(cat "$TEST_DIR/wait")"
    words=$(echo "$2" | sed 's/[()]/\\&/g')
    says_so "$1" "$1" "^ +waits [0-9.]+ s for a plugin: $words\$"
    paged "$1" "$1" "Waits [0-9]+ s for a plugin: $words"
    : >"$TEST_DIR/go"
    wait "$run_pid" || exit 1
    waits_no_more "$1" "$1" || fail "a run that is over waits: $(cat "$TEST_DIR/wait")"
    is "rows" "$(psql_t "$1" -c 'SELECT count(*) FROM items')" 2
}

echo "a source, a migrator, a transform, a validator"
hanging source_hangs source next
hung source_hangs "next() of source:rogue, source r, stage first"
hanging migrator_hangs migrator record
hung migrator_hangs "record() of migrator:rogue, stage first"
hanging transform_hangs transform apply
hung transform_hangs "apply() of transform:rogue, stage second"
hanging validator_hangs validator check
hung validator_hangs "check() of validator:rogue, validator v"

echo "killed in it: nothing is waited for any more; the next process waits again"
hanging killed source next
mig_any killed killed --plugins "$TEST_DIR/rogue" --run &
run_pid=$!
within "the wait is not told" waits killed killed '.for == "plugin"'
kill -9 "$(psql_t killed -c 'SELECT pid FROM mighost.run')"
wait "$run_pid" || :
within "a dead process waits" waits_no_more killed killed
hung killed "next() of source:rogue, source r, stage first"

refused()
{
    grep -c 'FATAL:  too many connections for role "narrow"' "$TEST_DIR/pg/log" || :
}
narrow() # DB LIMIT: a run by a role with so many connections, in the background
{
    hanging "$1" source next
    psql_t "$1" -c "ALTER ROLE narrow CONNECTION LIMIT $2" \
        -c "GRANT CREATE ON DATABASE \"$(pgtmp_db "$1")\" TO narrow" \
        -c "ALTER TABLE items OWNER TO narrow" -c "ALTER TABLE extra OWNER TO narrow"
    MIG_ROLE=narrow mig 0 "$1" "$1" --plugins "$TEST_DIR/rogue" --run &
    run_pid=$!
}
goes_on() # DB
{
    : >"$TEST_DIR/go"
    wait "$run_pid" || exit 1
    is "rows" "$(psql_t "$1" -c 'SELECT count(*) FROM items')" 2
}

echo "a target that takes no more connections: the run goes on"
psql_t killed -c "CREATE ROLE narrow LOGIN"
narrow full 2
within "nothing is tried" grep -q 'too many connections for role "narrow"' "$TEST_DIR/pg/log"
goes_on full

echo "nor when the wait is over: it is not asked at every look"
narrow later 3
within "the wait is not told" waits later later '.for == "plugin"'
psql_t later -c "ALTER ROLE narrow CONNECTION LIMIT 2"
before=$(refused)
psql_t later -c "BEGIN; LOCK items IN SHARE MODE; SELECT pg_sleep(3)" >/dev/null &
shared() { [ "$(psql_t later -c "SELECT count(*) FROM pg_locks WHERE mode = 'ShareLock' AND granted AND
    relation = 'items'::regclass")" = 1 ]; }
within "no lock" shared
goes_on later
n=$(($(refused) - before))
[ "$n" -ge 1 ] && [ "$n" -le 4 ] || fail "refused $n times in three seconds"

# ---- worker processes -----------------------------------------------------------------------

sed -i 's/"batch_size"/"timeouts": { "lock": 60 }, &/' "$TEST_DIR/school/project.json"
frames=$TEST_DIR/frames
on_terminal() # DB: a run of two workers on a terminal, in the background
{
    fingerprint_db "$1" >"$TEST_DIR/before.$1"
    : >"$frames"
    TERM=xterm DATABASE_URL=$(pg_url "$1") python3 "$top_srcdir/tests/fixtures/terminal.py" 120x30 "$frames" -- \
        "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/school" --work-dir "$TEST_DIR/work/$1" \
        --report-dir "$TEST_DIR/reports/$1" --backup-dir "$TEST_DIR/backups/$1" --run --jobs 2 >"$OUT" 2>"$ERR" &
    run_pid=$!
}
ends() # DB
{
    status=0
    wait "$run_pid" || status=$?
    is "the run ends" "$status" 20
    right "$1"
    alone "$1"
}
seen() # PATTERN
{
    grep -qE "$1" "$frames"
}

echo "a worker waits for a lock that psql holds"
target locked
mig 20 locked school --dry-run
gate locked INSERT chunk "NEW.stage = 'pupils' AND NEW.first_record > 1"
on_terminal locked
at_gate locked 2
PGAPPNAME=holder psql_t locked -c "BEGIN; LOCK mighost.chunk IN EXCLUSIVE MODE; SELECT pg_sleep(100)" >/dev/null 2>&1 &
holder() { psql_t locked -c "SELECT pid FROM pg_stat_activity WHERE application_name = 'holder' AND query LIKE '$1%'"; }
asked() { [ -n "$(holder BEGIN)" ]; }
has_lock() { [ "$(psql_t locked -c "SELECT count(*) FROM pg_locks WHERE mode = 'ExclusiveLock' AND granted AND
    relation = 'mighost.chunk'::regclass")" = 1 ]; }
within "nobody asks for the lock" asked
open_gate locked
within "no lock" has_lock
holder=$(holder BEGIN)
within "the lock is not told" waits locked school '.for == "lock" and .worker != null'
valid
is "the lock" "$(jq -c '[.on, .held_by]' "$TEST_DIR/wait")" \
    "[\"mighost.chunk\",[{\"pid\":$holder,\"user\":\"postgres\",\"application\":\"holder\"}]]"
says_so locked school \
    "^ +worker [12] waits [0-9.]+ s for a lock on mighost.chunk, held by pid $holder \(postgres, holder\)\$"
paged locked school "Worker [12] waits [0-9]+ s for a lock on mighost.chunk, held by process $holder of postgres"
within "the terminal does not show it" seen \
    "^worker [12] waits 0:[0-5][0-9] for a lock: mighost.chunk, held by process $holder\$"
psql_t locked -c "SELECT pg_terminate_backend($holder)" >/dev/null
ends locked

echo "a worker waits for its source: for the next record, and in a call"
psql_t old -c "CREATE TABLE essay (id int PRIMARY KEY, body text); INSERT INTO essay SELECT i, repeat(md5(i::text), 45)
    FROM generate_series(1, 12000) i; ANALYZE essay"
project essays <<JSON
{ "name": "essays", "batch_size": 50, "backup": { "scope": "none" }, "sources": {
    "old": { "use": "postgres", "options": { "url": "$(pg_url old)" } } }, "stages": [
    { "name": "essays", "entity": "essay", "ids": "keep", "options": { "table": "essay", "fields": {
        "id": "id", "body": "body" } } } ] }
JSON
readers() # backends of the source that read for workers
{
    psql_t old -c "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%'"
}
pg_createdb slow
psql_t slow -c 'CREATE TABLE essay (id int PRIMARY KEY, body text)'
export MIGHOST_LOG_EVERY=1
stand 0 slow essays run.opened:1 --jobs 2
unset MIGHOST_LOG_EVERY
gate slow INSERT chunk "NEW.first_record > 1"
kill -CONT "$stand_process"
at_gate slow 2
stopped=$(readers)
for pid in $stopped; do
    kill -STOP "$pid"
    at_exit "kill -CONT $pid 2>/dev/null"
done
open_gate slow
within "the source is not told" waits slow essays '.for == "source" and .worker != null'
valid
is "the source" "$(jq -r .on "$TEST_DIR/wait")" "source old"
says_so slow essays "^ +worker [12] waits [0-9.]+ s for source old\$"
logged() { grep -Eq 'essays: .*, worker [12] waits 0:[0-5][0-9] for the source: old$' "$ERR"; }
within "a log that is no terminal does not say it" logged
for pid in $stopped; do kill -CONT "$pid"; done
within "the wait is not over" waits_no_more slow essays
go_on
is "rows" "$(psql_t slow -c 'SELECT count(*), sum(length(body)) FROM essay')" "12000|17280000"
alone slow

target calls
stand 20 calls school run.opened:1 --jobs 2
gate calls INSERT chunk "NEW.stage = 'pupils' AND NEW.first_record > 1"
kill -CONT "$stand_process"
at_gate calls 2
stopped=$(readers)
for pid in $stopped; do
    kill -STOP "$pid"
    at_exit "kill -CONT $pid 2>/dev/null"
done
open_gate calls
within "the call is not told" waits calls school '.for == "plugin" and .worker != null'
is "the call" "$(jq -r .on "$TEST_DIR/wait")" "open() of source:postgres, source old, stage pupils"
for pid in $stopped; do kill -CONT "$pid"; done
within "the wait is not over" waits_no_more calls school
go_on
right calls
alone calls
echo "ok"

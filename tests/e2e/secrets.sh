# secrets.sh - planted secrets and values of records: in the password, in options, in every column of
# the data, also of rejected and colliding records. They are searched for in all that mighost says,
# writes and is seen to do (arguments of processes, the server's log), over runs that end well and
# badly; they may only be in the 0600 files that are there to hold them.
address=127.$(($$ / 250 % 250 + 1)).$(($$ % 250 + 1)).1
PGTMP_OPTIONS="-c listen_addresses=$address -c log_statement=all -c log_min_messages=debug1"
unset MIGHOST_TEST_SOCKET
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/refusals.sh"

password='c4nary-Pass%@/w&rd 1'
encoded='c4nary-Pass%25%40%2Fw%26rd%201'
# What must not be seen. Values of records begin with c4v or hold 47114711.
secret='c4nary|c4NARY'
value='c4v|47114711|4711-07-11'

hba()
{
    pgtmp_as_server sh -c 'cd "$1" && { echo "$2"; cat pg_hba.conf; } >new && cat new >pg_hba.conf' sh \
        "$TEST_DIR/pg/data" "host all c4role all scram-sha-256"
    psql_t postgres -c 'SELECT pg_reload_conf()' >/dev/null
}
hba

SHOP=$TEST_DIR/shop
mkdir "$SHOP" "$TEST_DIR/rogue"
cat >"$SHOP/items.sql" <<'SQL'
CREATE TABLE public.cities (id int PRIMARY KEY);
INSERT INTO public.cities VALUES (1);
CREATE TABLE public.people (id text PRIMARY KEY, name text NOT NULL, email text UNIQUE, born date,
    salary numeric(12,2) CHECK (salary >= 0), note jsonb, tags text[], city int REFERENCES cities,
    changed int NOT NULL DEFAULT 0);
CREATE TABLE public.accounts (id text PRIMARY KEY, login text UNIQUE, size int);
INSERT INTO public.people (id, name, email, salary) VALUES ('k9', 'c4v-live', 'c4v-taken@x.org', 47114711),
    ('k1', 'c4v-old', 'c4v-old@x.org', 47114711);
SQL
cat >"$SHOP/data.json" <<'JSON'
{ "people": [
    { "id": "k1", "name": "c4v-name", "email": "c4v-mail@x.org", "born": "4711-07-11", "salary": 47114711,
      "note": { "c4v-key": "c4v-value" }, "tags": ["c4v-tag"], "city": 1, "unread": "c4v-unread" },
    { "id": "k2", "name": "c4v-name-2", "salary": "c4v-no-number" },
    { "id": "k3", "name": null, "email": "c4v-null@x.org" },
    { "id": "k4", "name": "c4v-name-4", "born": "4711-07-11x" },
    { "id": "k5", "name": "c4v-name-5", "email": "c4v-mail@x.org" },
    { "id": "k6", "name": "c4v-name-6", "email": "c4v-taken@x.org" },
    { "id": "k7", "name": "c4v-name-7", "city": 47114711 },
    { "id": "k8", "name": "c4v-name-8", "salary": -47114711 },
    { "id": "k10", "name": "c4v-name\u0000" },
    { "id": "k11", "name": "c4v-name-11", "note": "{c4v" } ],
  "accounts": [
    { "id": "a1", "login": "c4v-login", "password": "c4nary-user-password-1", "size": 1 },
    { "id": "a2", "login": "c4v-login", "password": "c4nary-user-password-2", "size": 2 },
    { "id": "a3", "login": "c4v-3", "password": "c4nary-user-password-3", "size": "c4v-big" } ] }
JSON
cat >"$SHOP/project.json" <<'JSON'
{ "name": "people", "target": { "url": "${DATABASE_URL}" }, "retries": 0,
  "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [
    { "name": "people", "ids": "keep", "policy": "update", "options": { "table": "public.people",
      "fields": { "id": "id", "name": "name", "email": "email", "born": "born", "salary": "salary",
        "note": "note", "tags": "tags", "city": "city" } } },
    { "name": "accounts", "ids": "keep", "secret": ["password"], "options": {
      "table": "public.accounts", "fields": { "id": "id", "login": "login", "size": "size" },
      "ignore": ["password"] } } ] }
JSON
shop_db people
psql_t postgres <<SQL
SET log_statement = 'none';
CREATE ROLE c4role LOGIN PASSWORD '$password';
GRANT ALL ON DATABASE people TO c4role;
SQL
psql_t people -c 'ALTER TABLE people OWNER TO c4role; ALTER TABLE cities OWNER TO c4role;
    ALTER TABLE accounts OWNER TO c4role; GRANT CREATE ON SCHEMA public TO c4role'
start=$(stat -c %s "$TEST_DIR/pg/log")

# ---- what is said and seen ---------------------------------------------------------------

heard=$TEST_DIR/heard
mkdir "$heard"
watch() # The arguments of all processes, as any user sees them, until the test ends.
{
    while [ ! -e "$TEST_DIR/stop" ]; do
        cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' '
        echo
        sleep 0.01
    done >"$TEST_DIR/cmdlines"
}
watch &
watcher=$!
at_exit ": >'$TEST_DIR/stop'; wait $watcher"

DATABASE_URL="postgresql://c4role:$encoded@$address:5432/people"
number=0
on="--plugins $PLUGINS --work-dir $TEST_DIR/work"
says_only() # CODE ARGS...: ends so; what it says is kept for the search
{
    ends "$@"
    number=$((number + 1))
    cp "$OUT" "$heard/$number.out"
    cp "$ERR" "$heard/$number.err"
    grep -lE "$secret|$value" "$heard/$number.out" "$heard/$number.err" >"$TEST_DIR/hits" &&
        fail "mighost $* says $(grep -hoE ".{0,60}($secret|$value).{0,20}" "$heard/$number.out" \
            "$heard/$number.err" | head -n 3)"
    return 0
}

files() # No file but those that are meant to hold values does; modes; nothing is a password.
{
    is "files with values ($1)" "$(cd "$TEST_DIR/work" && grep -rlE "$value" . |
        grep -vE '^./reports/run-[^/]*/rejects.jsonl$|^./backups/[^/]*/data.dump$')" ""
    is "files with secrets ($1)" "$(grep -rlE "$secret" "$TEST_DIR/work")" ""
    is "modes ($1)" "$(find "$TEST_DIR/work" -type f ! -perm 0600 -o -type d ! -perm 0700)" ""
    is "log lines ($1)" "$(cat "$TEST_DIR"/work/reports/*/run.log | grep -vc "$stamp")" 0
}

# ---- runs --------------------------------------------------------------------------------

echo "runs that end well"
project="--project $SHOP"
says_only 0 $on $project --show-config
says_only 0 $on $project --show-config --json
says_only 0 $on $project --ping
says_only 0 $on $project --plan
says_only 0 $on $project --preflight --verbose
says_only 20 $on $project --dry-run --verbose
says_only 20 $on $project --run --verbose
bundle=$(sed -n 's/^run .*; report: //p' "$OUT")
is "rejects with their records" "$(grep -c '"raw": {.*c4v' "$bundle/rejects.jsonl")" 9
is "rejects of the stage with secret fields" "$(grep '"stage": "accounts"' "$bundle/rejects.jsonl" |
    grep -c raw)" 0
is "those rejects" "$(psql_t people -c "SELECT key, code, raw FROM mighost.reject WHERE run = 2 AND stage = 'accounts'
    ORDER BY record")" "a2|duplicate|
a3|bad_number|"
is "secrets in the target" "$("$PGTMP_BIN/pg_dump" "$(pg_url people)" | grep -cE "$secret")" 0
says_only 20 $on $project --run --json --verbose
says_only 0 $on $project --status
says_only 0 $on $project --status --json
says_only 0 $on $project --report 2
says_only 0 $on $project --report 2 --json
says_only 0 $on $project --verify 2 --verbose
says_only 0 $on $project --backup --verbose
says_only 0 $on $project --backups
says_only 0 $on $project --rollback --verbose
says_only 0 $on $project --rollback --verbose
says_only 0 $on $project --print-grants
unchanged people
files "runs that end well"

echo "a password by other ways"
(
    bare="postgresql://c4role@$address:5432/people"
    unset DATABASE_URL
    printf '%s:5432:people:c4role:%s\n' "$address" "$password" >"$TEST_DIR/pgpass"
    chmod 600 "$TEST_DIR/pgpass"
    PGPASSFILE=$TEST_DIR/pgpass DATABASE_URL=$bare says_only 20 $on $project --run
    PGPASSFILE=$TEST_DIR/pgpass DATABASE_URL=$bare says_only 0 $on $project --rollback
    chmod 644 "$TEST_DIR/pgpass"
    status=0 # libpq warns by itself, and does not read it
    PGPASSFILE=$TEST_DIR/pgpass DATABASE_URL=$bare "$MIGHOST" $on $project --run >"$OUT" 2>"$ERR" ||
        status=$?
    is "a run with a password file that others may read ends" "$status" 5
    says "wrong or no password"
    silent c4nary
    printf 'DATABASE_URL=%s\n' "postgresql://c4role:$encoded@$address/people" >"$SHOP/.env"
    chmod 600 "$SHOP/.env"
    says_only 20 $on $project --dry-run
    rm "$SHOP/.env"
)

echo "a wrong password"
for url in "postgresql://c4role:c4nary-wrong@$address/people" "postgresql://c4role@$address/people" \
    "postgresql://c4nary-role:c4nary-wrong@$address/people" \
    "host=$address user=c4role password=c4nary-wrong dbname=people"; do
    (
        DATABASE_URL=$url
        before=$(grep -c 'authentication failed\|no password' "$TEST_DIR/pg/log" || :)
        ends 5 $on $project --run --verbose
        ! cat "$OUT" "$ERR" | grep -E 'c4nary-(wrong|Pass)' || fail "a password is told"
        is "logins that were tried" "$(($(grep -c 'authentication failed\|no password' \
            "$TEST_DIR/pg/log" || :) - before <= 1))" 1
    )
done

echo "runs that end badly"
variant() # SED: a project that ends badly
{
    sed "$1" "$SHOP/project.json" >"$SHOP/bad.json"
    ! cmp -s "$SHOP/project.json" "$SHOP/bad.json" || fail "sed $1 changes nothing"
    project="--project $SHOP/bad.json"
}
variant 's/"retries": 0,/&"on_invalid": "fail",/'
says_only 8 $on $project --run --verbose
variant 's/"retries": 0,/&"max_rejects": 2,/'
says_only 7 $on $project --run --verbose
row="{\"rule\": \"expression\", \"table\": \"public.people\", \"name\": \"r\", \"sql\": \"name <> 'c4x'\","
row="$row \"column\": \"name\", \"message\": \"m\"}"
query='{"rule": "sql", "queries": [{"name": "q", "message": "m", "sql": "SELECT name FROM {public.people}"}]}'
rules="{\"name\": \"rules\", \"options\": {\"rules\": [$row, $query]}}"
variant "s/\"retries\": 0,/&\"validators\": [$rules],/"
says_only 8 $on $project --run --verbose
variant 's/"retries": 0,/&"invariants": [{"name": "i", "sql": "SELECT name FROM public.people"}],/'
says_only 8 $on $project --run --verbose
variant 's/"retries": 0,/&"invariants": [{"name": "i", "sql": "SELECT name::int FROM public.people"}],/'
ends_status=0
"$MIGHOST" $on $project --run --verbose >"$OUT" 2>"$ERR" </dev/null || ends_status=$?
well_said "$ends_status"
! cat "$OUT" "$ERR" | grep -E "$secret|$value" || fail "an error of the server is passed on"
unchanged people
# Everything up to here: the server was told no value, but by COPY and in its own error above.
psql_t postgres -c 'SELECT pg_reload_conf()' >/dev/null
is "values that the server was told in statements" "$(tail -c +"$start" "$TEST_DIR/pg/log" |
    grep -E "statement:|execute |parameters: |STATEMENT:|bind |parse " | grep -cE "$secret|$value")" 0

echo "triggers that tell"
# What a trigger of the target raises holds any value; it must end with us.
for error in "RAISE EXCEPTION 'no % here, %', NEW.name, NEW.salary" \
    "RAISE EXCEPTION USING MESSAGE = NEW.name, DETAIL = NEW.email, HINT = NEW.name,
        COLUMN = NEW.name, TABLE = NEW.email" \
    "RAISE EXCEPTION USING ERRCODE = '23505', MESSAGE = NEW.name, CONSTRAINT = NEW.email,
        DETAIL = NEW.name" \
    "RAISE EXCEPTION USING ERRCODE = '42P01', MESSAGE = NEW.name" \
    "RAISE WARNING '%', NEW.name; RAISE NOTICE '%', NEW.name; PERFORM NEW.name::int"; do
    psql_t people -c "CREATE OR REPLACE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
        \$f\$BEGIN $error; RETURN NEW; END\$f\$" -c "CREATE OR REPLACE TRIGGER tell BEFORE INSERT OR
        UPDATE ON people FOR EACH ROW EXECUTE FUNCTION tell()"
    ends_status=0
    "$MIGHOST" $on --project "$SHOP" --run --verbose >"$OUT" 2>"$ERR" </dev/null || ends_status=$?
    case $ends_status in 0 | 20) fail "a run ends well in spite of $error" ;; esac
    well_said "$ends_status"
    ! cat "$OUT" "$ERR" | grep -E "$secret|$value" || fail "what the trigger raised is passed on"
    psql_t people -c 'DROP TRIGGER tell ON people'
    run=$(psql_t people -c 'SELECT max(id) FROM mighost.run')
    "$MIGHOST" $on --project "$SHOP" --abandon "$run" >/dev/null 2>&1 || :
    unchanged people
done

echo "plugins that tell"
${CC:-cc} -std=gnu11 -w -fPIC -shared -fvisibility=hidden -I"$top_srcdir/include" \
    "$top_srcdir/tests/fixtures/rogue.c" -o "$TEST_DIR/rogue/rogue.so"
export ROGUE_KEY=c4nary-plugin-key
for call in ping open next; do
    cat >"$SHOP/rogue.json" <<JSON
{ "name": "rogue", "retries": 0, "target": { "url": "\${DATABASE_URL}" }, "sources": { "r": { "use": "rogue",
    "options": { "at": "$call", "do": "tell", "api_key": "\${ROGUE_KEY}" } } }, "stages": [ { "name":
    "accounts", "entity": "items", "options": { "table": "public.accounts", "fields": { "id": "id" } } } ] }
JSON
    says_only 6 --plugins "$TEST_DIR/rogue" $on --project "$SHOP/rogue.json" --run --verbose
    says "the key is ***"
done
says_only 0 --plugins "$TEST_DIR/rogue" $on --project "$SHOP/rogue.json" --show-config
files "all runs"

# A core dump would hold every password and the records at hand.
if [ -n "$("$MIGHOST" --list-faults)" ] && command -v python3 >/dev/null; then
    echo "core dumps"
    cat >"$TEST_DIR/dumped.py" <<'PYTHON'
"""dumped.py COMMAND...: ends it by SIGQUIT once it stands still; says whether there was a core dump."""
import os
import resource
import signal
import sys

pid = os.fork()
if pid == 0:
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
    os.execvp(sys.argv[1], sys.argv[1:])
if os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT).si_code != os.CLD_STOPPED:
    sys.exit("ended before it stood still")
os.kill(pid, signal.SIGQUIT)
os.kill(pid, signal.SIGCONT)
print("dumped" if os.WCOREDUMP(os.waitpid(pid, 0)[1]) else "none")
PYTHON
    mkdir "$TEST_DIR/cores"
    dumped()
    {
        (cd "$TEST_DIR/cores" && ulimit -c unlimited 2>/dev/null && python3 "$TEST_DIR/dumped.py" "$@" 2>&1)
    }
    # Where this machine writes none for any program, there is nothing to see.
    if [ "$(dumped sh -c 'kill -STOP $$; sleep 1')" = dumped ]; then
        MIGHOST_FAULT=load.done:1:stop dumped "$MIGHOST" $on --project "$SHOP" --run --quiet >"$OUT"
        is "core dumps" "$(tail -n 1 "$OUT")" none
        ends 20 $on --project "$SHOP" --run
        ends 0 $on --project "$SHOP" --rollback
    fi
fi

echo "arguments of processes"
: >"$TEST_DIR/stop"
wait "$watcher"
grep -q "mighost.*--run" "$TEST_DIR/cmdlines" || fail "the arguments were not watched"
grep -q "pg_dump" "$TEST_DIR/cmdlines" || fail "no pg_dump was seen"
is "secrets in arguments" "$(grep -aoE ".{0,80}(c4nary-Pass|c4nary-wrong|c4nary-plugin).{0,20}" \
    "$TEST_DIR/cmdlines" | grep -v 'CREATE ROLE' | head -n 3)" ""
echo "done"

# commit.sh - a COMMIT whose answer does not come: what became of it is found out from the run row,
# told truthfully, and every row is there once. A proxy between mighost and the server cuts the
# connection before or after COMMIT, keeps the answer to itself, or loses the COMMIT.
# commit.sh whole: each of these at each place; else each once.
. "$top_srcdir/tests/fixtures/small.sh"

command -v python3 >/dev/null || pgtmp_skip "no python3"
[ -n "$("$MIGHOST" --list-faults)" ] || pgtmp_skip "built without --enable-fault-injection"

rule=$TEST_DIR/rule
commit='COMMIT\0'
publish='publish_xid ='
chunk='INSERT INTO "mighost".chunk '
rollback="state = 'rolled_back'"

begin_proxy()
{
    python3 "$top_srcdir/tests/fixtures/faultproxy.py" "$PGTMP_SOCKET/.s.PGSQL.5432" "$rule" \
        >"$TEST_DIR/port" 2>"$TEST_DIR/proxy.log" &
    proxy=$!
    at_exit "kill $proxy 2>/dev/null"
    while [ ! -s "$TEST_DIR/port" ]; do sleep 0.05; done
    proxy_url="postgresql://postgres@127.0.0.1:$(cat "$TEST_DIR/port")/$(pgtmp_db db)"
    proxy_url="$proxy_url?sslmode=disable&gssencmode=disable"
}

# Does what the rule says to the next COMMIT behind MARK in the action.
broken() # MARK RULE STATUSES ARGS...
{
    printf '%s\t%s\t%s\n' "$1" "$commit" "$2" >"$rule"
    what="$2 at \"$1\""
    expected=$3
    shift 3
    DATABASE_URL=$proxy_url mh_ends "$expected" "$@"
    [ -f "$rule.done" ] || fail "$what: never came to a COMMIT"
    rm "$rule.done"
    use_target db
}

is_live() # FILE
{
    live >"$TEST_DIR/now"
    diff "$TEST_DIR/$1" "$TEST_DIR/now" || fail "$what: the live tables are not as $1"
}

# Told once, done once.
is_published()
{
    is_live after
    says "published, with rejects"
    [ "$(state_of)" = done ] || fail "$what: the run is $(state_of)"
    [ "$(run_sql "SELECT count(*) FROM mighost.event WHERE what = 'published' AND run =
        (SELECT max(id) FROM mighost.run)")" -eq 1 ] || fail "$what: not published exactly once"
    # A repeated chunk must not stand there twice.
    [ "$(run_sql "SELECT count(*) FROM mighost.run_stage s WHERE run = (SELECT max(id) FROM
        mighost.run) AND (SELECT sum(read) FROM mighost.chunk c WHERE c.run = s.run AND
        c.stage = s.name) <> (SELECT records FROM mighost.expected_records e WHERE e.stage = s.name)")" -eq 0 ] ||
        fail "$what: a stage did not read its records once"
    mh_ends 0 --rollback
    is_live before
}

is_rolled_back()
{
    is_live before
    says "rolled back in"
    [ "$(state_of)" = rolled_back ] || fail "$what: the run is $(state_of)"
}

# ------------------------------------------------------------------------------------------------

mode=${1-sampled}
small_project -e 's/"commit": 5/"commit": 1/' -e 's/"retries": 2/"retries": 5/' \
    -e 's/"on_invalid"/"backup": { "scope": "none" }, &/'
small_target db
live >"$TEST_DIR/before"
mh_ends 20 --run
live >"$TEST_DIR/after"
mh_ends 0 --rollback
run_sql "CREATE TABLE mighost.expected_records AS SELECT stage, sum(read) AS records FROM
    mighost.chunk WHERE run = (SELECT max(id) FROM mighost.run) GROUP BY 1" >/dev/null
begin_proxy

cases() # SAMPLED...; one action a line
{
    if [ "$mode" = whole ]; then
        printf '%s\n' cut-after cut-before swallow lose "cut-after 1.5" "cut-before 1.5"
    else
        printf '%s\n' "$@"
    fi >"$TEST_DIR/cases"
}

cases cut-after swallow lose "cut-before 0.5"
while read -r action; do
    broken "$publish" "$action" 20 --run
    says "asking the target what became of it"
    case $action in
    *after* | swallow) says_not "publishing again" ;;
    *) says "publishing again" ;;
    esac
    is_published
done <"$TEST_DIR/cases"

cases swallow cut-before "cut-after 0.5"
while read -r action; do
    broken "$chunk" "$action" 20 --run
    says "trying again"
    is_published
done <"$TEST_DIR/cases"

cases cut-after cut-before lose
while read -r action; do
    mh_ends 20 --run
    case $action in
    *after* | swallow) broken "$rollback" "$action" 0 --rollback ;;
    *)
        # It did not commit: tried again, or left to the same command.
        broken "$rollback" "$action" "75 0" --rollback
        [ "$mh_status" -eq 0 ] || {
            is_live after
            mh_ends 0 --rollback
        }
        ;;
    esac
    is_rolled_back
done <"$TEST_DIR/cases"

# The target cannot be asked: then nobody knows, and that is what is said. Nothing is repeated.
begun=$(date +%s)
MIGHOST_SETTLE=2 broken "$publish" "swallow 5" 14 --run
[ $(($(date +%s) - begun)) -le 30 ] || fail "the deadline of COMMIT is not kept"
says "is not known"
says "unknown: see above"
# The old connection stands open at the server: only a takeover may go on.
mh_ends 10 --run
says "another run is active"
MIGHOST_LEASE=0 mh_ends 20 --run --takeover
is_published
if [ "$mode" = whole ]; then
    MIGHOST_SETTLE=2 broken "$publish" "cut-before 5" 14 --run
    says "is not known"
    is_live before
    mh_ends 20 --run
    is_published
fi

# It answers, and lets the role in no more: as little is known. The login is tried once.
run_sql "CREATE ROLE teller SUPERUSER LOGIN"
run_sql "CREATE FUNCTION public.lock_out() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN ALTER ROLE teller NOLOGIN; RETURN NULL; END'"
run_sql "CREATE TRIGGER lock_out AFTER UPDATE ON school.tests EXECUTE FUNCTION public.lock_out()"
proxy_url=$(echo "$proxy_url" | sed 's/postgres@/teller@/')
broken "$publish" cut-after 14 --run
says "is not known"
says "refused"
says "unknown: see above"
is_live after
run_sql "DROP FUNCTION public.lock_out CASCADE" 2>/dev/null
mh_ends 20 --run
is_published
# Lost before it: nothing was changed, and who repeats the command needs another login first.
run_sql "ALTER ROLE teller LOGIN"
MIGHOST_FAULT=check.done:1:stop DATABASE_URL=$(pg_url db | sed 's/postgres@/teller@/') "$MIGHOST" \
    --plugins "$PLUGINS" --project "$project" --work-dir "$here/work" --run >"$here/out" 2>&1 &
pid=$!
until grep -q '^State:.*T' "/proc/$pid/status"; do sleep 0.02; done
run_sql "ALTER ROLE teller NOLOGIN"
run_sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'teller'" >/dev/null
kill -CONT "$pid"
mh_status=0
wait "$pid" || mh_status=$?
[ "$mh_status" -eq 5 ] || fail "a role that is let in no more: ends with $mh_status"
says "refused"
says "(exit 5): no live table was changed"
[ "$(grep -c 'error: ' "$here/out")" -le 3 ] || fail "the connection that is gone is used again"
is_live before
mh_ends 20 --run
is_published

# Lost before COMMIT, and nobody there: waited for once, not again for each of the retries.
proxy_url=$(echo "$proxy_url" | sed 's/teller@/postgres@/')
commit='SET CONSTRAINTS ALL IMMEDIATE\0'
MIGHOST_SETTLE=2 broken "LOCK TABLE" "cut-before 20" 75 --run
[ "$(grep -c 'asking the target what became of it' "$TEST_DIR/out")" -eq 1 ] ||
    fail "$what: the target that is not there is waited for again and again"
says "no live table was changed"
is_live before
mh_ends 20 --run
is_published

# pooler.sh - the target behind a real PgBouncer in transaction mode, which gives each transaction
# whatever backend is free: a run, a second one at the same time, one that was killed, a zombie, undo.
. "$top_srcdir/tests/fixtures/small.sh"

pgbouncer=$(command -v pgbouncer || ls /usr/sbin/pgbouncer 2>/dev/null) || pgtmp_skip "no pgbouncer"
[ -n "$("$MIGHOST" --list-faults)" ] || pgtmp_skip "built without --enable-fault-injection"

small_project
small_target school
live >"$TEST_DIR/before"
mh_ends 20 --run
live >"$TEST_DIR/after"
mh_ends 0 --rollback

# One backend for all: who asked for it before does not find it again.
pool=$TEST_DIR/pool
mkdir "$pool"
cat >"$pool/ini" <<INI
[databases]
* = host=$(psql_t school -c 'SHOW unix_socket_directories') user=postgres
[pgbouncer]
unix_socket_dir = $pool
listen_addr =
listen_port = 6432
auth_type = any
pool_mode = transaction
default_pool_size = 6
logfile = $pool/log
pidfile = $pool/pid
INI
chmod 755 "$TEST_DIR"
if [ "$(id -u)" -eq 0 ]; then chown -R postgres "$pool"; fi
pgtmp_as_server "$pgbouncer" -q -d "$pool/ini"
at_exit "kill \$(cat '$pool/pid') 2>/dev/null"
DATABASE_URL="postgresql://postgres@/school?host=$pool&port=6432"
export DATABASE_URL

is_live() # FILE WHAT
{
    live >"$TEST_DIR/now"
    diff "$TEST_DIR/$1" "$TEST_DIR/now" || fail "$2: the live tables are not as $1"
}

mh_ends 20 --run
is_live after "through the pooler"
[ -z "$(run_sql "SELECT backend FROM mighost.run ORDER BY id DESC LIMIT 1")" ] ||
    fail "a backend that is anybody's is taken for the run's own"
mh_ends 0 --verify "$(run_sql "SELECT max(id) FROM mighost.run")"
mh_ends 0 --rollback
is_live before "rolled back through the pooler"

# A second run while one works: refused, and nothing is taken over while the first is alive.
MIGHOST_FAULT=publish.begin:1:stop "$MIGHOST" --plugins "$PLUGINS" --project "$project" \
    --work-dir "$TEST_DIR/first" --run >"$TEST_DIR/first.out" 2>&1 &
pid=$!
until grep -q '^State:.*T' "/proc/$pid/status" 2>/dev/null; do sleep 0.05; done
mh_ends 10 --run
says "another run is active"
mh_ends 10 --run --takeover

# It stands still for longer than its lease: the next one takes over, and it finds that out.
MIGHOST_LEASE=1
export MIGHOST_LEASE
sleep 2
mh_ends "20 75" --run # 75: the one that stands still has the run row locked
kill -CONT "$pid"
status=0
wait "$pid" || status=$?
case $mh_status,$status in
20,10 | 75,20 | 75,75) ;;
*) fail "the run ended with $mh_status, the one that stood still with $status" ;;
esac
[ "$mh_status,$status" != 75,75 ] || mh_ends 20 --run
is_live after "taken over"
mh_ends 0 --rollback
is_live before "taken over, rolled back"

# Killed: the same command goes on once the lease is over.
for point in chunk.before_commit:3 publish.before_commit:1 publish.after_commit:1; do
    MIGHOST_FAULT=$point:kill mh --run
    [ "$mh_status" -eq 137 ] || fail "not killed at $point"
    sleep 2
    mh_ends 20 --run
    is_live after "killed at $point behind the pooler"
    mh_ends 0 --rollback
    is_live before "killed at $point, rolled back"
done

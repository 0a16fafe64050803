# aside.sh - while passwords are hashed the PostgreSQL source is free: no transaction, no snapshot of
# the run is left there, though all stages are of one snapshot. What waits is sealed. Whoever writes
# to the source meanwhile changes nothing of the run, and is told; a kill, a lost connection and
# several processes neither lose a row nor hash twice.
unset MIGHOST_TEST_SOCKET
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

"$MIGHOST" --list-faults | grep -q chunk.after_commit || pgtmp_skip "built without --enable-fault-injection"
plain=c4nary-aside
users=60

pg_createdb master
psql_t master -c 'CREATE EXTENSION pgcrypto' >/dev/null 2>&1 || pgtmp_skip "this PostgreSQL has no pgcrypto"
psql_t master >/dev/null <<SQL
CREATE TABLE users (id int PRIMARY KEY, login text NOT NULL, pass text);
INSERT INTO users SELECT n, 'person-' || n, '$plain-' || n FROM generate_series(1, $users) n;
UPDATE users SET pass = '$plain-' || repeat('x', 80) WHERE id = 50;
CREATE TABLE notes (id int PRIMARY KEY, owner int, body text);
ALTER TABLE notes ALTER body SET STORAGE PLAIN; -- large enough to be cut
INSERT INTO notes SELECT n, n % $users + 1, 'note ' || n || repeat(' long', 800) FROM generate_series(1, 300) n;
INSERT INTO notes VALUES (9001, 777, 'of nobody'), (9002, 778, 'of nobody either');
VACUUM ANALYZE;
SQL

fresh() # NAME: a source of its own, known to the project, and its target
{
    psql_t postgres -c 'DROP DATABASE IF EXISTS old WITH (FORCE)' -c 'CREATE DATABASE old TEMPLATE master' 2>/dev/null
    pg_createdb "$1"
    psql_t "$1" >/dev/null <<'SQL'
CREATE EXTENSION pgcrypto;
CREATE TABLE accounts (id int PRIMARY KEY, login text NOT NULL, hash text);
CREATE TABLE notes (id int PRIMARY KEY, owner int NOT NULL REFERENCES accounts, body text);
SQL
    fingerprint_db "$1" >"$TEST_DIR/before.$1"
}

project shop <<JSON
{ "name": "shop", "target": { "url": "\${DATABASE_URL}" }, "max_rejects": 200, "threads": 2,
  "sources": { "d": { "use": "postgres", "options": { "url": "$(pg_url old)" } } },
  "stages": [
    { "name": "users", "ids": "keep", "login_proof": "100%", "options": { "table": "public.accounts",
      "fields": { "id": "id", "login": "login", "hash": [ "pass",
        { "use": "password.bcrypt", "secret": "\${SALT_SECRET}", "cost": 4, "prefix": "2a" } ] } } },
    { "name": "notes", "ids": "keep", "options": { "table": "public.notes", "fields": {
        "id": "id", "owner": "owner", "body": "body" } } } ] }
JSON
SALT_SECRET=0123456789abcdef-of-this-test
export SALT_SECRET

held() # what of the run is open at the source
{
    psql_t postgres -c "SELECT count(*) FROM pg_stat_activity WHERE datname = 'old' AND
        (xact_start IS NOT NULL OR backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)"
}

expect() # what the source holds now, by plain SQL
{
    psql_t old -c "COPY (SELECT id, login, pass FROM users WHERE octet_length(pass) <= 72) TO STDOUT" \
        >"$TEST_DIR/users"
    psql_t old -c "COPY (SELECT n.* FROM notes n JOIN users u ON u.id = n.owner WHERE
        octet_length(u.pass) <= 72) TO STDOUT" >"$TEST_DIR/notes"
}

right() # DB: holds what was expected, and old passwords open their accounts
{
    psql_t "$1" <<SQL >"$TEST_DIR/wrong"
CREATE TEMP TABLE u (id int, login text, pass text);
CREATE TEMP TABLE n (id int, owner int, body text);
\\copy u FROM '$TEST_DIR/users'
\\copy n FROM '$TEST_DIR/notes'
SELECT 'user', coalesce(u.id, a.id) FROM u FULL JOIN accounts a USING (id)
    WHERE (u.login = a.login AND a.hash = crypt(u.pass, a.hash)) IS NOT TRUE;
SELECT 'note', coalesce(n.id, l.id) FROM n FULL JOIN notes l USING (id) WHERE (n = l) IS NOT TRUE;
SELECT 'nothing' WHERE NOT EXISTS (SELECT FROM accounts) OR NOT EXISTS (SELECT FROM notes);
SQL
    [ ! -s "$TEST_DIR/wrong" ] || { head -n 5 "$TEST_DIR/wrong"; fail "$1 does not hold what the source had"; }
}

hashed() # of the last run
{
    sed -n 's/.* \([0-9]*\) values computed .*/\1/p' "$ERR" | paste -sd+ | bc
}

wait_for_vacuum() # dead rows of users can be removed: nobody else sees them any more
{
    psql_t old -c 'VACUUM (VERBOSE) users' 2>&1 | grep -E 'dead but not yet removable|dead row versions cannot' |
        grep -vE ' 0 (are dead but|dead row versions cannot)' >"$TEST_DIR/dead" || :
    [ ! -s "$TEST_DIR/dead" ] || { cat "$TEST_DIR/dead"; fail "the run holds back the vacuum of its source"; }
}

echo "one snapshot of all stages, and none while it hashes"
fresh one
expect
stand 20 one shop chunk.after_commit:33 --batch-size 10
rows one "SELECT count(*) > 0 FROM mighost.computed_1_0" t
rows one "SELECT (SELECT count(*) FROM mighost.staging_1_2) = 302, (SELECT count(*) FROM
    mighost.staging_1_1) < $users - 1" 't|t'
is "transactions at the source" "$(held)" 0
psql_t old -c "UPDATE users SET pass = '$plain-changed' WHERE id IN (1, 59)" -c "DELETE FROM users WHERE id = 7" \
    -c "INSERT INTO users VALUES (1001, 'late', 'late')" -c "DELETE FROM notes WHERE id IN (5, 9001)" \
    -c "UPDATE notes SET body = 'other' WHERE id IN (6, 9002)"
wait_for_vacuum
sealed=0
for file in /proc/"$stand_process"/fd/*; do
    case $(readlink "$file") in "$TEST_DIR"/work/*'(deleted)')
        cp "$file" "$TEST_DIR/sealed"
        sealed=$((sealed + $(stat -c %s "$TEST_DIR/sealed")))
        ! grep -qaE "$plain|person-" "$TEST_DIR/sealed" || fail "what waits is plain text"
        ;;
    esac
done
[ "$sealed" -gt $((users * 20)) ] || fail "nothing is set aside: $sealed bytes"
psql_t postgres -c CHECKPOINT >/dev/null
base=$(psql_t postgres -c "SELECT string_agg(oid::text, ' ') FROM pg_database WHERE datname = 'one'")
! grep -rqaF "$plain" "$TEST_DIR"/pg/*/base/$base "$TEST_DIR/work" "$TEST_DIR/reports" || fail "plain text on disk"
go_on
ledger one
right one
says "$((users - 1)) old passwords open their accounts, 0 do not"
tail -n +2 "$BUNDLE/source_changes.csv" | cut -d, -f1-3 | tr -d '"\r' | sort >"$TEST_DIR/changes"
printf '%s\n' notes,removed,5 notes,removed,9001 notes,written,6 notes,written,9002 users,removed,7 \
    users,written,1 users,written,1001 users,written,59 | diff - "$TEST_DIR/changes" ||
    fail "what was written meanwhile is not told"
is "hashes" "$(hashed)" $((users - 1))
# What is rejected behind the load is read again: as it is then, or not at all.
rows one "SELECT key, raw::json ->> 'body' FROM mighost.reject WHERE stage = 'notes' AND key LIKE '900_' ORDER BY 1" \
    '9001|
9002|other'

echo "killed while it hashes"
fresh killed
MIGHOST_FAULT=chunk.after_commit:34:kill mig_any killed shop --run --batch-size 10
is "killed" "$mig_status" 137
first=$(psql_t killed -c "SELECT count(*) FROM mighost.computed_1_0")
[ "$first" -gt 0 ] && [ "$first" -lt $((users - 1)) ] || fail "$first hashes were durable"
psql_t old -c "UPDATE users SET pass = '$plain-changed' WHERE id = (SELECT max(id) FROM users)" \
    -c "UPDATE users SET login = 'renamed' WHERE id = 1"
expect
run 20 killed shop --batch-size 10
right killed
is "hashes of both" $((first + $(hashed))) $((users - 1))

echo "no room for what waits: nothing is written, and the same command goes on when there is"
fresh full
psql_t old -c "UPDATE users SET login = login || repeat('x', 5000) WHERE id < 20"
expect
mkdir -p "$TEST_DIR/work/full"
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=64k,mode=700 tmpfs "$TEST_DIR/work/full" 2>/dev/null; then
    at_exit 'umount -l "$TEST_DIR/work/full" 2>/dev/null || :'
    nothing 12 full shop
    says "records that wait to be hashed cannot be written: No space left on device"
    says "choose another --work-dir"
    says "no live table was changed"
    ! grep -qF "$plain" "$OUT" "$ERR" || fail "plain text is told"
    ! grep -rqaF "$plain" "$TEST_DIR/work/full" || fail "plain text on disk"
    umount "$TEST_DIR/work/full"
    run 20 full shop
    right full
else
    echo "  skipped: needs root and a tmpfs"
fi

echo "both connections are lost while it hashes"
fresh lost
expect
stand 20 lost shop chunk.after_commit:33 --batch-size 10
psql_t postgres -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND
    datname IN ('old', 'lost')" >/dev/null
go_on
right lost
is "hashes" "$(hashed)" $((users - 1))

echo "several processes"
fresh jobs
expect
mkdir "$TEST_DIR/longer"
sed 's/"cost": 4/"cost": 10/' "$TEST_DIR/shop/project.json" >"$TEST_DIR/longer/project.json"
run 20 jobs longer --jobs 2 --verbose &
jobs_pid=$!
seen=0
while kill -0 "$jobs_pid" 2>/dev/null; do
    now=$(psql_t jobs -c "SELECT count(*) BETWEEN 1 AND $users - 2 FROM mighost.computed_1_0" 2>/dev/null) || :
    [ "${now:-f}" = t ] || continue
    is "transactions at the source" "$(held)" 0
    seen=1
done
wait "$jobs_pid" || exit 1
[ "$seen" = 1 ] || fail "nobody looked while it hashed"
BUNDLE=$(sed -n 's/^run .*; report: //p' "$OUT")
ledger_run=1
says "parts"
right jobs
undo_proof jobs longer
echo ok

# check_login.sh - one old password against one migrated account: typed or piped, never shown; policies
# for passwords in a real run; and a process that hashes for long is not taken for dead.
unset MIGHOST_TEST_SOCKET
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

plain=c4nary-login
pg_createdb old
psql_t old -c 'CREATE EXTENSION pgcrypto' >/dev/null 2>&1 || pgtmp_skip "this PostgreSQL has no pgcrypto"
long=$plain-$(printf '%080d' 0)
psql_t old >/dev/null <<SQL
CREATE TABLE people (id int PRIMARY KEY, mail text NOT NULL, pass text);
INSERT INTO people SELECT n, 'mail-' || n, '$plain-' || n FROM generate_series(1, 6) n;
UPDATE people SET pass = encode(convert_to('$plain ü "2"', 'UTF8'), 'base64') WHERE id = 2;
UPDATE people SET pass = NULL WHERE id = 3;
UPDATE people SET pass = encode(convert_to(crypt('$plain-4', gen_salt('bf', 4)), 'UTF8'), 'base64') WHERE id = 4;
UPDATE people SET pass = encode(convert_to('$long', 'UTF8'), 'base64') WHERE id = 5;
UPDATE people SET pass = replace(pass, E'\\n', '');
UPDATE people SET pass = encode(convert_to(pass, 'UTF8'), 'base64') WHERE id IN (1, 6);
SQL
target()
{
    pg_createdb "$1"
    psql_t "$1" >/dev/null <<'SQL'
CREATE EXTENSION pgcrypto;
CREATE TABLE users (id uuid PRIMARY KEY, mail text NOT NULL UNIQUE);
CREATE TABLE credentials (user_id uuid PRIMARY KEY REFERENCES users, hash text, must_reset boolean NOT NULL);
SQL
}

# A person becomes a user and a credential; which column is the password's, only a run finds out.
shop() # NAME MORE-OPTIONS-OF-BOTH
{
    project "$1" <<JSON
{ "name": "$1", "target": { "url": "\${DATABASE_URL}" }, "max_rejects": 5, "backup": { "scope": "none" },
  "sources": { "d": { "use": "postgres", "options": { "url": "\${OLD_URL}" } } },
  "stages": [
    { "name": "users", "entity": "people", "options": { "table": "public.users", "ignore": ["pass"],
      "fields": { "id": { "key": "users" }, "mail": "mail" } } },
    { "name": "people", "login_proof": "100%", "options": { "table": "public.credentials", "ignore": ["mail"],
      "fields": { "user_id": { "key": "users" },
        "hash": [ "pass", "base64.decode", { "use": "password.bcrypt", "secret": "\${SALT_SECRET}",
          "cost": 4 $2 ${3-} } ],
        "must_reset": [ "pass", "base64.decode", { "use": "password.must_reset" $2 } ] } } } ] }
JSON
}
OLD_URL=$(pg_url old)
SALT_SECRET=0123456789abcdef-of-this-test
export OLD_URL SALT_SECRET

login() # CODE DB PROJECT KEY PASSWORD
{
    printf '%s\n' "$5" >"$TEST_DIR/typed"
    mig "$1" "$2" "$3" --check-login "people:$4" <"$TEST_DIR/typed"
    ! cat "$OUT" "$ERR" | grep -qaF "$plain" || fail "a password is shown"
}

opens() # DB TYPED
{
    psql_t "$1" -v typed="$2" <<'SQL'
SELECT mail FROM users u JOIN credentials c ON c.user_id = u.id
    WHERE crypt(:'typed', '$2a' || substr(hash, 4)) = '$2a' || substr(hash, 4) ORDER BY 1;
SQL
}

echo "one password, one account"
target one
shop shop ''
run 20 one shop
rows one "SELECT key, code FROM mighost.reject" '5|too_long'
is "opened by somebody else's crypt()" "$(opens one "$plain-1")" mail-1
login 0 one shop 1 "$plain-1"
says "people:1: the password opens the account"
login 8 one shop 1 "$plain-2"
says "people:1: the password does not open the account"
login 0 one shop 2 "$plain ü \"2\""
login 8 one shop 2 "$plain ü \"2"
login 0 one shop 4 "$plain-4"
login 8 one shop 3 "$plain-3"
says "the account has no password"
login 8 one shop 5 "$long"
says "has an account with this key"
login 8 one shop 99 "$plain-1"
login 2 one shop 1 ''
says "no password was typed"
mig 2 one shop --check-login people </dev/null
mig 2 one shop --check-login nobody:1 </dev/null
says "no stage nobody"
# At a terminal nothing is echoed, and echo is on again behind it.
if command -v python3 >/dev/null; then
    DATABASE_URL=$(pg_url one) python3 - "$MIGHOST" "$PLUGINS" "$TEST_DIR" "$plain-1" >"$TEST_DIR/terminal" <<'PY' ||
import os, pty, signal, sys, termios
mighost, plugins, directory, typed = sys.argv[1:]
arguments = [mighost, "--plugins", plugins, "--project", directory + "/shop", "--work-dir",
             directory + "/work/one", "--check-login", "people:1"]
child, fd = pty.fork()
if child == 0:
    os.execv(mighost, arguments)
shown = b""
while b"not shown" not in shown:
    shown += os.read(fd, 1000)
assert not termios.tcgetattr(fd)[3] & termios.ECHO
os.write(fd, typed.encode() + b"\n")
try:
    while True:
        shown += os.read(fd, 1000)
except OSError:
    pass
assert b"opens the account" in shown and typed.encode() not in shown, shown
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
# Who breaks it off has a terminal that echoes again.
child, fd = pty.fork()
if child == 0:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    before = termios.tcgetattr(0)
    code = os.spawnv(os.P_WAIT, mighost, arguments)
    os._exit(code if termios.tcgetattr(0) == before else 99)
shown = b""
while b"not shown" not in shown:
    shown += os.read(fd, 1000)
os.write(fd, b"half" + termios.tcgetattr(fd)[6][termios.VINTR])
try:
    while True:
        shown += os.read(fd, 1000)
except OSError:
    pass
assert b"half" not in shown, shown
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130
PY
        fail "at a terminal"
fi

echo "by what is in the table now, without the source, and when undo has ended"
psql_t postgres -c 'ALTER DATABASE old RENAME TO gone' >/dev/null
psql_t one -c "UPDATE credentials c SET hash = crypt('$plain-new', gen_salt('bf', 4)) FROM users u
    WHERE u.id = c.user_id AND mail = 'mail-6'"
login 8 one shop 6 "$plain-6"
login 0 one shop 6 "$plain-new"
mig 0 one shop --finalize 1
login 0 one shop 1 "$plain-1"
psql_t one -c "DELETE FROM credentials c USING users u WHERE u.id = c.user_id AND mail = 'mail-1'"
login 8 one shop 1 "$plain-1"
says "no longer in public.credentials"
psql_t postgres -c 'ALTER DATABASE gone RENAME TO old' >/dev/null

echo "policies: cut at 72 bytes, kept hashes refused, missing ones marked"
target cut
shop cut ', "long": "truncate", "bcrypt": "reject", "missing": "reset"' ', "reset_mark": "*"'
run 20 cut cut
rows cut "SELECT key, code FROM mighost.reject" '4|bad_password'
rows cut "SELECT mail, hash, must_reset FROM credentials c JOIN users u ON u.id = user_id WHERE must_reset" 'mail-3|*|t'
is "cut" "$(opens cut "$(printf '%.72s' "$long")")" mail-5
login 0 cut cut 5 "$long"
login 8 cut cut 5 "$(printf '%.71s' "$long")"
login 8 cut cut 3 '*'
rows cut "SELECT rule, count FROM mighost.repair WHERE field = 'hash' ORDER BY 1" 'password_reset|1
password_truncated|1'

echo "policies: all get new passwords that nobody learns, or that stand in one file"
target made
shop made ', "plain": "generate", "bcrypt": "generate", "missing": "generate"'
run 0 made made
rows made "SELECT count(DISTINCT hash), bool_and(must_reset), bool_and(hash ~ '^.2b.04.') FROM credentials" '6|t|t'
for n in 1 6; do
    is "old passwords" "$(opens made "$plain-$n")" ""
done
find "$TEST_DIR/made" "$TEST_DIR/work/made" -type f ! -name project.json | grep . && fail "a file was written" || :
target filed
shop filed ', "plain": "generate", "bcrypt": "generate", "missing": "generate"' ', "generated_file": "new.txt"'
run 0 filed filed
is "mode" "$(stat -c %a "$TEST_DIR/filed/new.txt")" 600
while IFS="$(printf '\t')" read -r stage key typed; do
    login 0 filed filed "$key" "$typed"
    ! cat "$OUT" "$ERR" | grep -qaF "$typed" || fail "a generated password is shown"
done <"$TEST_DIR/filed/new.txt"
is "accounts in the file" "$(cut -f1,2 "$TEST_DIR/filed/new.txt" | sort | tr '\t\n' ': ')" \
    'people:1 people:2 people:3 people:4 people:5 people:6 '

"$MIGHOST" --list-faults | grep -q chunk.read || { echo "the rest needs --enable-fault-injection"; exit 0; }
echo "who hashes for long is alive"
target long
shop long ', "long": "truncate"'
sed -i 's/"cost": 4/"cost": 15/; s/"login_proof": "100%",//; s/"max_rejects"/"threads": 1, "max_rejects"/' \
    "$TEST_DIR/long/project.json"
sed 's/"name": "long"/"name": "long"/' "$TEST_DIR/long/project.json" >"$TEST_DIR/other.json"
MIGHOST_BEAT=1 MIGHOST_LEASE=3 mig 0 long long --run &
long_pid=$!
looked=0
beat="SELECT extract(epoch FROM clock_timestamp() - at) < 3, extract(epoch FROM clock_timestamp() - started) > 4
    FROM mighost.heartbeat h JOIN mighost.run r ON r.id = h.run WHERE r.state = 'loading'"
while kill -0 "$long_pid" 2>/dev/null; do
    case $(psql_t long -c "$beat" 2>/dev/null || :) in
    f*) fail "the heartbeat is old" ;;
    't|t')
        [ "$looked" = 0 ] || { sleep 0.2; continue; }
        code=0
        DATABASE_URL=$(pg_url long) MIGHOST_LEASE=3 "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/long" \
            --work-dir "$TEST_DIR/work/other" --report-dir "$TEST_DIR/reports/long" --run --takeover \
            >"$TEST_DIR/other.out" 2>&1 || code=$?
        is "who comes second" "$code" 10
        looked=1
        ;;
    esac
    sleep 0.2
done
wait "$long_pid" || exit 1
is "somebody came second" "$looked" 1
is "opened" "$(opens long "$plain-6")" mail-6
echo ok

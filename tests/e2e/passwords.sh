# passwords.sh - passwords of an old database become bcrypt hashes: plain ones, base64, hashed ones,
# missing and unfit ones. Old passwords let their users in, by somebody else's crypt(); the rows are
# the same for any number of threads and processes and after a kill; done hashes are not computed
# again; no plain text is anywhere on disk; a weak secret, or none, stops before anything.
unset MIGHOST_TEST_SOCKET
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

users=${PASSWORD_USERS-120}
plain=c4nary-plain
cost=${PASSWORD_COST-5}

# Every seventh password is base64, every eleventh hashed, every thirteenth missing; some are unfit.
# 12345 is what `kept` was hashed from, by PostgreSQL's own pgcrypto.
pg_createdb old
psql_t old -c 'CREATE EXTENSION pgcrypto' >/dev/null 2>&1 ||
    pgtmp_skip "this PostgreSQL has no pgcrypto"
psql_t old >/dev/null <<SQL
CREATE TABLE users (id int PRIMARY KEY, login text NOT NULL, form text NOT NULL, pass text);
INSERT INTO users SELECT n, 'user' || n, f.form, CASE f.form
    WHEN 'base64' THEN encode(convert_to('$plain-' || n, 'UTF8'), 'base64')
    WHEN 'bcrypt' THEN crypt('$plain-' || n, gen_salt('bf', 4)) WHEN 'missing' THEN NULL
    ELSE '$plain-' || n END
  FROM generate_series(1, $users) n, LATERAL (SELECT CASE WHEN n % 7 = 0 THEN 'base64' WHEN n % 11 = 0
    THEN 'bcrypt' WHEN n % 13 = 0 THEN 'missing' ELSE 'plain' END) f (form);
UPDATE users SET form = 'long', pass = '$plain-' || repeat('x', 80) WHERE id = 3;
UPDATE users SET form = 'exact', pass = '$plain-' || repeat('y', 72 - length('$plain-')) WHERE id = 4;
UPDATE users SET form = 'base64', pass = '=$plain=' WHERE id = 14;
SQL

target()
{
    pg_createdb "$1"
    psql_t "$1" >/dev/null <<'SQL'
CREATE EXTENSION pgcrypto;
CREATE TABLE accounts (id int PRIMARY KEY, login text NOT NULL UNIQUE, hash text,
    must_reset boolean NOT NULL);
-- crypt() of pgcrypto knows the algorithm by its older name alone.
CREATE FUNCTION opens(typed text, hash text) RETURNS boolean LANGUAGE sql AS $$
    SELECT crypt(typed, '$2a' || substr(hash, 4)) = '$2a' || substr(hash, 4) $$;
SQL
}

# Two stages of one table: which form a password has is known by the old system.
project shop <<JSON
{ "name": "shop", "target": { "url": "\${DATABASE_URL}" }, "max_rejects": 3,
  "sources": { "d": { "use": "postgres", "options": { "url": "\${OLD_URL}", "query": {
    "typed": "SELECT * FROM public.users WHERE form <> 'base64'",
    "encoded": "SELECT * FROM public.users WHERE form = 'base64'" } } } },
  "stages": [
    { "name": "typed", "ids": "keep", "policy": "update", "login_proof": "100%",
      "options": { "table": "public.accounts",
      "fields": { "id": "id", "login": "login",
        "hash": [ "pass", { "use": "password.bcrypt", "secret": "\${SALT_SECRET}", "cost": $cost } ],
        "must_reset": [ "pass", "password.must_reset" ] }, "ignore": ["form"] } },
    { "name": "encoded", "needs": ["after:stage:typed"], "ids": "keep", "policy": "update",
      "login_proof": 5,
      "options": { "table": "public.accounts", "fields": { "id": "id", "login": "login",
        "hash": [ "pass", "base64.decode",
                  { "use": "password.bcrypt", "secret": "\${SALT_SECRET}", "cost": $cost } ],
        "must_reset": { "value": false } }, "ignore": ["form"] } } ] }
JSON
OLD_URL=$(pg_url old)
SALT_SECRET=0123456789abcdef-of-this-test
export OLD_URL SALT_SECRET

accounts()
{
    psql_t "$1" -c 'SELECT id, login, hash, must_reset FROM accounts ORDER BY id'
}

# ---- one run: what becomes of each -----------------------------------------------------------

target one
run 20 one shop
accounts one >"$TEST_DIR/one"
rows one "SELECT record >> 20 > 0, key, field, code, raw IS NULL FROM mighost.reject ORDER BY 2" \
    't|14|hash|bad_base64|t
t|3|hash|too_long|t'
psql_t old -c "COPY (SELECT id, form, CASE form WHEN 'base64' THEN convert_from(decode(pass, 'base64'),
    'UTF8') WHEN 'bcrypt' THEN '$plain-' || id ELSE pass END, pass FROM users WHERE id NOT IN (3, 14))
    TO STDOUT" >"$TEST_DIR/known"
psql_t one -c 'CREATE TABLE known (id int, form text, typed text, pass text)' >/dev/null
psql_t one -c "\\copy known FROM '$TEST_DIR/known'" >/dev/null
rows one "SELECT count(*) FROM known" $((users - 2))
rows one "SELECT form, bool_and(CASE form WHEN 'missing' THEN hash IS NULL ELSE opens(typed, hash) END),
    bool_and(CASE form WHEN 'bcrypt' THEN hash = pass WHEN 'missing' THEN hash IS NULL
        ELSE hash ~ '^\\\$2b\\\$0$cost\\\$' END),
    bool_and(must_reset = (form = 'missing')) FROM known k JOIN accounts a USING (id) GROUP BY 1 ORDER BY 1" \
    'base64|t|t|t
bcrypt|t|t|t
exact|t|t|t
missing|t|t|t
plain|t|t|t'
is "proofs" "$(psql_t one -v file="$BUNDLE/report.json" <<'SQL'
\set content `cat :'file'`
SELECT l ->> 'stage', (l ->> 'proven')::int > 5 OR l ->> 'proven' = '5', l ->> 'failed'
    FROM json_array_elements(:'content'::json -> 'logins') l
SQL
)" 'typed|t|0
encoded|t|0'
computed=$(sed -n 's/.* \([0-9]*\) values computed .*/\1/p' "$ERR" | paste -sd+ | bc)
is "hashes" "$computed" "$(psql_t one -c "SELECT count(*) FROM known WHERE form NOT IN ('bcrypt', 'missing')")"

# ---- whoever computes it, the rows are the same ----------------------------------------------

variant() # NAME FROM TO
{
    mkdir "$TEST_DIR/$1"
    sed "s|$2|$3|g" "$TEST_DIR/shop/project.json" >"$TEST_DIR/$1/project.json"
    ! cmp -s "$TEST_DIR/shop/project.json" "$TEST_DIR/$1/project.json" || fail "variant $1 is none"
}

variant threads1 '"max_rejects": 3' '"max_rejects": 3, "threads": 1'
variant threads5 '"max_rejects": 3' '"max_rejects": 3, "threads": 5'
for n in 1 5; do
    target "t$n"
    mig 20 "t$n" "threads$n" --run
    case $n in 1) says "by 1 thread in" ;; *) says "by $n threads in" ;; esac
    accounts "t$n" | cmp - "$TEST_DIR/one" || fail "$n threads give other rows"
done

# Large enough to be cut for two processes; but it is hashing that takes long: one reads, all threads hash.
psql_t old >/dev/null <<SQL
CREATE TABLE many (id int PRIMARY KEY, login text NOT NULL, form text, pass text, bulk text);
INSERT INTO many SELECT n, 'many' || n, 'plain', CASE WHEN n % 50 = 0 THEN '$plain-' || n END,
    repeat(md5(n::text), 60) FROM generate_series(1, 6000) n;
VACUUM ANALYZE many;
SQL
sed -e 's|"name": "typed"|"name": "many"|; s|"ignore": \["form"\]|"ignore": ["form", "bulk"]|' \
    -e '/"name": "encoded"/,$d' "$TEST_DIR/shop/project.json" >"$TEST_DIR/many.json"
mkdir "$TEST_DIR/many"
sed '$s/},$/} ] }/' "$TEST_DIR/many.json" >"$TEST_DIR/many/project.json"
target jobs1
target jobs2
sed -i 's/"max_rejects": 3/"max_rejects": 3, "threads": 3/' "$TEST_DIR/many/project.json"
mig 0 jobs1 many --run
mig 0 jobs2 many --run --jobs 2
rows jobs2 "SELECT count(*) FROM mighost.part" 0
says "120 values computed by 3 threads"
accounts jobs1 >"$TEST_DIR/many.one"
accounts jobs2 | cmp - "$TEST_DIR/many.one" || fail "two processes give other rows"
rows jobs1 "SELECT count(hash), count(DISTINCT hash) FROM accounts" "120|120"

# ---- the secret ------------------------------------------------------------------------------

target other
SALT_SECRET=another-secret-0123456789 mig 20 other shop --run
rows other "SELECT count(*) FROM accounts WHERE hash ~ '^.2b'" "$computed"
accounts other | cut -d'|' -f3 | sort >"$TEST_DIR/other"
cut -d'|' -f3 "$TEST_DIR/one" | sort | comm -12 - "$TEST_DIR/other" | grep -c '^.2b' >"$TEST_DIR/both" || :
is "hashes under both secrets" "$(cat "$TEST_DIR/both")" 0
for weak in '' short-secret aaaaaaaaaaaaaaaaaaaaaaaaaaaa; do
    target weak
    SALT_SECRET=$weak nothing 3 weak shop
    [ -z "$weak" ] || says 'option "secret": the secret'
    grep -qF "${weak:-nosuchtext}" "$ERR" && fail "the secret is shown"
    rows weak "SELECT count(*) FROM pg_namespace WHERE nspname = 'mighost'" 0
    psql_t postgres -c 'DROP DATABASE weak' >/dev/null
done
variant pepper SALT_SECRET PEPPER
for action in --plan --show-config; do
    PEPPER=hot-0123456789abcdef mig 0 one pepper $action --verbose
    says '***'
    cat "$OUT" "$ERR" | grep -q 'hot-0123456789' && fail "$action shows the secret"
done
(unset SALT_SECRET && target weak && mig 3 weak shop --run && says 'SALT_SECRET') || exit 1

# ---- killed, stopped, gone on with -----------------------------------------------------------

variant slow '"max_rejects": 3' '"max_rejects": 3, "threads": 2'
sed -i "s/\"cost\": $cost/\"cost\": 8/; s/\"login_proof\": [^,]*, *//" "$TEST_DIR/slow/project.json"
target whole
mig 20 whole slow --run
accounts whole >"$TEST_DIR/whole"
if "$MIGHOST" --list-faults | grep -q chunk.after_commit; then
    target killed
    MIGHOST_FAULT=chunk.after_commit:2:kill mig_any killed slow --run
    is "killed" "$mig_status" 137
    done_hashes=$(psql_t killed -c "SELECT count(*) FROM mighost.staging_1_1 WHERE hash ~ '^.2b'")
    [ "$done_hashes" -gt 0 ] || fail "nothing was durable when it was killed"
    rows killed "SELECT count(*), min(length(mark)) FROM mighost.computed_1_0" "$done_hashes|32"
    mig 20 killed slow --run
    rows killed "SELECT count(*), count(DISTINCT mark) FROM mighost.computed_1_0" "$computed|$computed"
    again_hashes=$(sed -n 's/.* \([0-9]*\) values computed .*/\1/p' "$ERR" | paste -sd+ | bc)
    is "hashes of both" $((done_hashes + again_hashes)) "$computed"
    accounts killed | cmp - "$TEST_DIR/whole" || fail "the kill shows in the rows"
fi

sed -i 's/"cost": 8/"cost": 12/' "$TEST_DIR/slow/project.json"
target stopped
DATABASE_URL=$(pg_url stopped) "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/slow" --work-dir \
    "$TEST_DIR/work/s" --report-dir "$TEST_DIR/reports/s" --backup-dir "$TEST_DIR/backups/s" --run >"$OUT" 2>"$ERR" &
pid=$!
sleep 4
kill -TERM "$pid"
begun=$(date +%s%N)
mig_status=0
wait "$pid" || mig_status=$?
took=$((($(date +%s%N) - begun) / 1000000))
is "stopped" "$mig_status" 143
[ "$took" -lt 3000 ] || fail "it took $took ms to stop"
[ "$(psql_t stopped -c 'SELECT count(*) FROM mighost.staging_1_1')" -gt 0 ] ||
    fail "nothing was durable when it was stopped"
rows stopped "SELECT count(*) FROM accounts" 0

# ---- an account that does not open ------------------------------------------------------------

target spoilt
psql_t spoilt >/dev/null <<'SQL'
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.hash := overlay(NEW.hash PLACING 'xx' FROM 40); RETURN NEW; END $$;
CREATE TRIGGER spoil BEFORE INSERT ON accounts FOR EACH ROW WHEN (NEW.id = 5) EXECUTE FUNCTION spoil();
SQL
mig 8 spoilt shop --run
says "1 of 85 old passwords do not open their accounts"
rows spoilt "SELECT count(*) FROM accounts" 0

# ---- no plain text anywhere -------------------------------------------------------------------

# The source is a file here: what is in the server's directory came from mighost.
canary=c4nary-json
{ printf '{ "people": ['
  for n in 1 2 3 4 5 6 7 8; do printf '{ "id": %d, "login": "j%d", "pass": "%s-%d" }, ' $n $n $canary $n; done
  printf '{ "id": 9, "login": "j9", "pass": "%s-%s" }, { "id": 10, "login": "j1", "pass": "%s-10" },' \
      $canary "$(printf '%080d' 0)" $canary
  # Two records of one account: of 1 the first is loaded, of 9 the second.
  printf '{ "id": 1, "login": "j1b", "pass": "%s-1b" }, { "id": 9, "login": "j9b", "pass": "%s-9b" },' \
      $canary $canary
  printf '{ "id": 11, "login": null, "pass": "%s-11" },' $canary
  printf '{ "id": "x", "login": "j12", "pass": "%s-12" } ] }' $canary
} >"$TEST_DIR/people.json"
project people <<JSON
{ "name": "people", "target": { "url": "\${DATABASE_URL}" },
  "sources": { "d": { "use": "json", "options": { "file": "$TEST_DIR/people.json" } } },
  "stages": [ { "name": "people", "ids": "keep", "login_proof": "100%", "options": {
    "table": "public.accounts", "fields": { "id": "id", "login": "login",
        "hash": [ "pass", { "use": "password.bcrypt", "secret": "\${SALT_SECRET}", "cost": 4 } ],
        "must_reset": { "value": false } } } } ] }
JSON
target people
mig 20 people people --run --verbose
rows people "SELECT key, field, code, raw IS NULL FROM mighost.reject ORDER BY 1" '1|id|duplicate|t
10|login|duplicate|t
11|login|required|t
9|hash|too_long|t
x|id|bad_number|t'
rows people "SELECT count(hash), count(*) FILTER (WHERE login IN ('j1', 'j9b')) FROM accounts" '9|2'
says "9 old passwords open their accounts, 0 do not"
psql_t postgres -c CHECKPOINT >/dev/null
grep -raF "$canary" "$TEST_DIR/pg" "$TEST_DIR/reports" "$TEST_DIR/backups" "$TEST_DIR/work" "$OUT" "$ERR" \
    "$HOME" >"$TEST_DIR/found" && fail "plain text: $(cut -c1-200 "$TEST_DIR/found" | head -n 3)"
grep -raF "$SALT_SECRET" "$TEST_DIR/pg" "$TEST_DIR/reports" "$TEST_DIR/backups" "$TEST_DIR/work" "$OUT" "$ERR" \
    >"$TEST_DIR/found" && fail "the secret: $(cut -c1-200 "$TEST_DIR/found" | head -n 3)"

# ---- generated passwords and reset marks --------------------------------------------------------

sed -e 's/"cost": 4/"cost": 4, "missing": "generate", "plain": "reset", "generated_file": "new.txt"/' \
    -e 's/{ "value": false }/["pass", {"use": "password.must_reset", "missing": "generate", "plain": "reset"}]/' \
    -e 's/people.json/few.json/' "$TEST_DIR/people/project.json" >"$TEST_DIR/few.tmp"
mkdir "$TEST_DIR/few"
mv "$TEST_DIR/few.tmp" "$TEST_DIR/few/project.json"
echo '{ "people": [{ "id": 1, "login": "a", "pass": "typed" }, { "id": 2, "login": "b" },
    { "id": 3, "login": "c", "pass": "" }] }' >"$TEST_DIR/few.json"
target few
mig 0 few few --run
says "2 old passwords open their accounts, 0 do not, 1 account has nothing to prove"
rows few "SELECT id, hash = '!', must_reset FROM accounts ORDER BY 1" '1|t|t
2|f|t
3|f|t'
is "mode" "$(stat -c %a "$TEST_DIR/few/new.txt")" 600
psql_t few -c 'CREATE TABLE sheet (stage text, id int, typed text)' >/dev/null
psql_t few -c "\\copy sheet FROM '$TEST_DIR/few/new.txt'" >/dev/null
rows few "SELECT count(DISTINCT typed), bool_and(typed ~ '^[A-HJ-NP-Za-km-z2-9]{20}\$'), bool_and(opens(typed, hash))
    FROM sheet JOIN accounts USING (id)" '2|t|t'
sed -i 's/"ids"/"policy": "update", "ids"/' "$TEST_DIR/few/project.json"
mig 0 few few --run
says "0 changed"
is "lines" "$(wc -l <"$TEST_DIR/few/new.txt")" 2
chmod 644 "$TEST_DIR/few/new.txt"
target few2
mig 3 few2 few --run
says "others may read it"

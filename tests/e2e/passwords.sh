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
SQL
}

# Two stages of one table: which form a password has is known by the old system.
project shop <<JSON
{ "name": "shop", "target": { "url": "\${DATABASE_URL}" }, "max_rejects": 3,
  "sources": { "d": { "use": "postgres", "options": { "url": "\${OLD_URL}", "query": {
    "typed": "SELECT * FROM public.users WHERE form <> 'base64'",
    "encoded": "SELECT * FROM public.users WHERE form = 'base64'" } } } },
  "stages": [
    { "name": "typed", "ids": "keep", "policy": "update", "options": { "table": "public.accounts",
      "fields": { "id": "id", "login": "login",
        "hash": [ "pass", { "use": "password.bcrypt", "secret": "\${SALT_SECRET}", "cost": $cost } ],
        "must_reset": [ "pass", "password.must_reset" ] }, "ignore": ["form"] } },
    { "name": "encoded", "needs": ["after:stage:typed"], "ids": "keep", "policy": "update",
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
# crypt() of pgcrypto knows the algorithm by its older name alone.
psql_t one >/dev/null <<'SQL'
CREATE FUNCTION opens(typed text, hash text) RETURNS boolean LANGUAGE sql AS $$
    SELECT crypt(typed, '$2a' || substr(hash, 4)) = '$2a' || substr(hash, 4) $$
SQL
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

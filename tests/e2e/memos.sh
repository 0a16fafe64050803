# memos.sh - a later run does not hash again what an earlier one has: none where nothing changed, as
# many as passwords changed. What it knows that by is keyed by a secret that is not in the database,
# and goes with the run's staging tables.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

plain=c4nary-memo
pg_createdb old
psql_t old -c 'CREATE EXTENSION pgcrypto' >/dev/null 2>&1 || pgtmp_skip "this PostgreSQL has no pgcrypto"
psql_t old >/dev/null <<SQL
CREATE TABLE users (id int PRIMARY KEY, login text NOT NULL, pass text);
INSERT INTO users SELECT n, 'person-' || n, CASE WHEN n % 10 > 0 THEN '$plain-' || n END FROM generate_series(1, 50) n;
SQL
pg_createdb new
psql_t new >/dev/null <<'SQL'
CREATE EXTENSION pgcrypto;
CREATE TABLE accounts (id int PRIMARY KEY, login text NOT NULL, hash text);
SQL
project shop <<JSON
{ "name": "shop", "target": { "url": "\${DATABASE_URL}" }, "backup": { "scope": "none" }, "batch_size": 20,
  "sources": { "d": { "use": "postgres", "options": { "url": "$(pg_url old)" } } },
  "stages": [ { "name": "users", "ids": "keep", "policy": "update", "login_proof": "100%", "options": {
      "table": "public.accounts", "fields": { "id": "id", "login": "login", "hash": [ "pass",
        { "use": "password.bcrypt", "secret": "\${SALT_SECRET}", "cost": 4, "prefix": "2a" } ] } } } ] }
JSON
SALT_SECRET=0123456789abcdef-of-this-test
export SALT_SECRET

hashed() # N: by the last run
{
    is "hashes" "$(sed -n 's/.* \([0-9]*\) values computed .*/\1/p' "$ERR" |
        awk '{ n += $1 } END { print n + 0 }')" "$1"
}

right() # all old passwords of the source open their accounts
{
    psql_t old -c "COPY users TO STDOUT" >"$TEST_DIR/users"
    psql_t new >"$TEST_DIR/wrong" <<SQL
CREATE TEMP TABLE u (id int, login text, pass text);
\\copy u FROM '$TEST_DIR/users'
SELECT coalesce(u.id, a.id) FROM u FULL JOIN accounts a USING (id) WHERE (u.login = a.login AND
    CASE WHEN pass IS NULL THEN a.hash IS NULL ELSE a.hash = crypt(u.pass, a.hash) END) IS NOT TRUE;
SQL
    [ ! -s "$TEST_DIR/wrong" ] || fail "not as the source says: $(head -n 3 "$TEST_DIR/wrong")"
}

memos() # EXPECTED: run and number of marks, of each table
{
    psql_t new >"$TEST_DIR/memos" <<'SQL'
SELECT format('SELECT %s, count(*), count(DISTINCT mark) FROM mighost.%I', split_part(relname, '_', 2), relname)
    FROM pg_class WHERE relname LIKE 'computed\_%' ORDER BY relname \gexec
SQL
    is "what is kept" "$(cat "$TEST_DIR/memos")" "$1"
}

echo "all once"
run 0 new shop
hashed 45
right
memos '1|45|45'

echo "nothing changed"
again 0 new shop
hashed 0
says "45 values were computed before"
memos '1|45|45
2|45|45'

echo "some passwords changed"
psql_t old -c "UPDATE users SET pass = '$plain-other' WHERE id IN (3, 4)" -c "UPDATE users SET pass = '$plain-first'
    WHERE id = 10" -c "UPDATE users SET login = 'renamed' WHERE id = 5" -c "UPDATE users SET pass = NULL WHERE id = 6" \
    -c "INSERT INTO users VALUES (51, 'late', '$plain-late')" >/dev/null
run 0 new shop
hashed 4
says "6 changed (1 inserted, 5 updated, 0 deleted)"
right

echo "a password that was set back is known yet"
psql_t old -c "UPDATE users SET pass = '$plain-3' WHERE id = 3"
run 0 new shop
hashed 0
right
mig 0 new shop --dry-run
hashed 0

echo "only by the same secret"
SALT_SECRET=another-secret-0123456789 run 0 new shop
hashed 46
right
run 0 new shop
hashed 0
right

echo "the newest run has all"
for n in 1 2 3 4 6; do
    mig 0 new shop --finalize "$n"
done
again 0 new shop
hashed 0
psql_t postgres -c CHECKPOINT
mkdir "$TEST_DIR/dump"
"$PGTMP_BIN/pg_dump" -d "$(pg_url new)" >"$TEST_DIR/dump/sql"
! grep -raqF -e "$plain" -e "$SALT_SECRET" "$TEST_DIR/dump" "$TEST_DIR/work" "$TEST_DIR/reports" ||
    fail "plain text is kept"

echo "they go with the run's staging tables"
mig 0 new shop --rollback
mig 0 new shop --purge 8
mig 0 new shop --finalize 7
mig 0 new shop --purge 7
memos ''
again 0 new shop
hashed 46
echo ok

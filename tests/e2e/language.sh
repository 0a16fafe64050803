# language.sh - a server that speaks German: a login that it refuses is told as what it is, with the same
# exit code, since what counts is the SQLSTATE. Skipped where the server has no such texts.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb people
psql_t people -c "CREATE TABLE people (id int PRIMARY KEY)" -c "CREATE ROLE crowd LOGIN CONNECTION LIMIT 0" \
    -c "CREATE ROLE nobody_in NOLOGIN" -c "CREATE ROLE secret LOGIN PASSWORD 'right-c4nary'" \
    -c "CREATE ROLE stranger LOGIN" -c "CREATE ROLE outside LOGIN" -c "REVOKE CONNECT ON DATABASE people FROM PUBLIC"
hba=$TEST_DIR/pg/data/pg_hba.conf
sed -i '1i local all outside reject\nlocal all secret scram-sha-256' "$hba"
pg_stop
LANGUAGE=de
export LANGUAGE
PGTMP_OPTIONS="-c lc_messages=C.UTF-8"
pg_start
unset LANGUAGE
psql_t postgres -c "SELECT 1/0" 2>&1 | grep -q 'Division durch Null' || pgtmp_skip "the server has no German texts"

project people <<'JSON'
{ "name": "people", "target": { "url": "${DATABASE_URL}" }, "sources": { "d": { "use": "json", "options": {
    "file": "data.json" } } }, "stages": [ { "name": "people", "source": "d", "ids": "keep",
    "options": { "table": "public.people", "fields": { "id": "id" } } } ] }
JSON
echo '{ "people": [ { "id": 1 } ] }' | data people

login() # USER DB EXIT_CODE WORDS
{
    echo "$1 to $2"
    url=$(pg_url people | sed "s|postgres@/people|$1@/$2|")
    code=0
    DATABASE_URL=$url "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/people" --work-dir "$TEST_DIR/work" \
        --run >"$OUT" 2>"$ERR" || code=$?
    is "exit code" "$code" "$3"
    says "$4"
    ! grep -q 'c4nary\|FATAL\|fehlgeschlagen\|verboten' "$OUT" "$ERR" || fail "the server's own words"
}
login secret:wrong-c4nary people 5 "wrong or no password"
login nobody_in people 5 "it may not log in"
login outside people 5 "does not let this login in"
login stranger people 5 "this role may not connect"
login postgres nowhere 5 "no such database or role"
login crowd people 75 "has too many connections"
rows people "SELECT count(*) FROM people" 0
echo "ok"

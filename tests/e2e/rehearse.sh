# rehearse.sh - --rehearse: the rehearsal database becomes a copy of the target, after what was in it
# is backed up; the run is made on it, taken back, and the verdict says go or no-go. The target gets
# no more than the record of it. What is in the databases is always asked of plain SQL.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

cp -r "$top_srcdir/share/examples/classroom" "$TEST_DIR/class"
chmod -R u+w "$TEST_DIR/class"
pg_createdb live "$top_srcdir/share/examples/classroom/target.sql"
pg_createdb copy
psql_t copy -c "CREATE SCHEMA old; CREATE TABLE old.things (id int); INSERT INTO old.things VALUES (7);
    CREATE TABLE public.here (id serial); CREATE EXTENSION pgcrypto"
STAGING_DATABASE_URL=$(pg_url copy | sed 's/postgres@/postgres:geheimnis@/')
export STAGING_DATABASE_URL

# The application has worked since the first run: three names, one student more, one less.
mig 20 live class --run
psql_t live <<'SQL'
UPDATE school.students SET full_name = full_name || ' x' WHERE id IN
    (SELECT id FROM school.students ORDER BY id LIMIT 3);
INSERT INTO school.students (id, full_name, email, birth_date, joined_at, status, created_by)
    SELECT gen_random_uuid(), 'New Pupil', 'new@school.example', birth_date, joined_at, status, created_by
    FROM school.students LIMIT 1;
CREATE TABLE public.log (at timestamptz DEFAULT now(), what text);
SQL

rehearse() # CODE ARGS...
{
    rehearse_code=$1
    shift
    fingerprint_db live >"$TEST_DIR/before.live"
    mig "$rehearse_code" live class --rehearse "$@"
    unchanged live "a rehearsal"
    REHEARSAL=$(sed -n 's/^rehearsal .*; report: //p' "$OUT")
}

as_target()
{
    fingerprint_db copy | diff "$TEST_DIR/before.live" - || fail "the copy does not hold what the target holds"
}

told() # PATH: a member of rehearsal.json
{
    psql_t postgres -v file="$REHEARSAL/rehearsal.json" -v path="$1" <<'SQL'
\set content `cat :'file'`
SELECT :'content'::json #>> :'path';
SQL
}

echo "go"
rehearse 0
says "go; report: $REHEARSAL"
as_target
is "the way" "$(told '{copy,way}')" template
is "the verdict" "$(told '{go}')/$(told '{undo,copy_as_before}')/$(told '{undo,proven}')" true/true/true
is "table" "$(told '{changes,1,table}')" school.students
is "rows" "$(told '{changes,1,inserted}')/$(told '{changes,1,updated}')/$(told '{changes,1,deleted}')" 0/3/1
is "columns" "$(told '{changes,1,columns}')" '{"full_name": 3}'
is "a sample" "$(told '{changes,1,deleted_rows,0,full_name}')" "New Pupil"
is "another" "$(told '{changes,1,updated_rows,0,columns,full_name,0}')" "$(psql_t copy -c "SELECT full_name FROM
    school.students WHERE id = '$(told '{changes,1,updated_rows,0,key,0}')'")"
says "live tables locked for"
grep -q '^schema old: only in what was there' "$REHEARSAL/differences.txt" || fail "what was there is not compared"
rows live "SELECT id, project, go, place, bundle FROM mighost.rehearsal" "1|classroom|t|copy|$REHEARSAL"
is "the copied rows" "$(find "$TEST_DIR/work" -name rehearsal-copy)" ""

echo "what was there is backed up before it goes, apart from the target's backups"
backup=$(told '{copy,backup}')
backup=$TEST_DIR/backups/live/rehearsal/$backup
grep -q "$(sha256sum "$backup/data.dump" | cut -d' ' -f1)" "$backup/manifest.json" || fail "no digest of $backup"
is "what is left beside" "$(psql_t postgres -c "SELECT count(*) FROM pg_database WHERE datname LIKE 'mighost%'")" 0
is "its rows" "$(pg_restore -f - --data-only -n old "$backup/data.dump" | grep -c '^7$')" 1
! grep -rq geheimnis "$TEST_DIR/reports" "$TEST_DIR/backups" "$OUT" "$ERR" || fail "a password is in a file"

echo "again, over the first copy, while the application writes, with what a person may not see"
sed 's/"name": "students",/&"pii": ["email"],/' "$TEST_DIR/class/project.json" >"$TEST_DIR/class/new.json"
mv "$TEST_DIR/class/new.json" "$TEST_DIR/class/project.json"
mig 20 live class --run --hold
(while :; do psql_t live -c "INSERT INTO public.log (what) VALUES ('x')"; sleep 0.02; done) &
writer=$!
at_exit "kill $writer 2>/dev/null || :"
psql_t copy -c "SELECT lo_from_bytea(0, 'mine') FROM generate_series(1, 1001)" >/dev/null
mig 0 live class --rehearse
kill "$writer"
REHEARSAL=$(sed -n 's/^rehearsal .*; report: //p' "$OUT")
is "the way" "$(told '{copy,way}')" dump
is "large objects that were there" "$(psql_t copy -c "SELECT count(*) FROM pg_largeobject_metadata")" 0
backup=$TEST_DIR/backups/live/rehearsal/$(told '{copy,backup}')
is "and in their backup" "$(pg_restore -f - "$backup/data.dump" | grep -c 'lowrite(0, .*6d696e65')" 1001
is "samples of students" "$(told '{changes,1,masked}')/$(told '{changes,1,updated_rows}')" true/
! grep -q "Pupil" "$REHEARSAL/rehearsal.json" "$REHEARSAL/rehearsal.txt" || fail "a masked row is shown"
says "run 3 of project classroom" # the copy's own, not the held one gone on with
is "the held run" "$(psql_t live -c "SELECT state FROM mighost.run ORDER BY id DESC LIMIT 1")" held
mig 0 live class --abandon 2

echo "no-go: an undo that leaves something behind, a rule that does not hold"
cp "$TEST_DIR/class/project.json" "$TEST_DIR/class/good.json"
with() # KEY JSON
{
    sed "s|\"on_invalid\"|\"$1\": $2, &|" "$TEST_DIR/class/good.json" >"$TEST_DIR/class/project.json"
}
with hooks '[{"name": "h", "after": "INSERT INTO public.log (what) VALUES (1)", "undo": ""}]'
rehearse 8
says "no-go: after the undo the copy is not as before: public.log"
is "the record" "$(psql_t live -c "SELECT go FROM mighost.rehearsal ORDER BY id DESC LIMIT 1")" f
with invariants '[{"name": "i", "sql": "SELECT 1"}]'
rehearse 8
says "no-go: the run ended with 8: invariant i does not hold: 1 row"
with scenarios '[{"name": "enrol", "sql": "SELECT 1 WHERE false"}, {"name": "look", "sql": "SELECT 1"}]'
rehearse 8
says "no-go: the run ended with 8: 1 of 2 scenarios failed: look"
is "the reason kept" "$(told '{reasons,0}')" "the run ended with 8: 1 of 2 scenarios failed: look"
own='{"name": "own", "use": "sql", "options": {"queries": [{"name": "none", "sql": "SELECT 1"}]}}'
sed "s|\"validators\": \[|&$own,|" "$TEST_DIR/class/good.json" >"$TEST_DIR/class/project.json"
rehearse 8
says "no-go: the run ended with 8: 1 check found faults in the outcome: none"
as_target
mv "$TEST_DIR/class/good.json" "$TEST_DIR/class/project.json"

echo "--skip-tests makes the copy only; --skip-staging takes the one that is there"
records=$(psql_t live -c "SELECT count(*) FROM mighost.rehearsal")
rehearse 0 --skip-tests
as_target
is "records" "$(psql_t live -c "SELECT count(*) FROM mighost.rehearsal")" "$records"
psql_t copy -c "INSERT INTO public.log (what) VALUES ('mine')"
rehearse 0 --skip-staging
rows copy "SELECT count(*) FROM public.log WHERE what = 'mine'" 1
psql_t copy -c "ALTER TABLE school.students ADD COLUMN mine text"
rehearse 8 --skip-staging
says "column school.students.mine: only in the copy"

echo "another way to the copy where somebody is connected, or writes before the copy is proven"
way() # WAY TEXT: of a copy, which is as the target
{
    rehearse 0 --skip-tests
    as_target
    REHEARSAL=$(sed -n 's/^rehearsal copy: .*; report: //p' "$OUT")
    is "the way" "$(told '{copy,way}')" "$1"
    grep -qF "$2" "$REHEARSAL/rehearsal.txt" || fail "the reason is not told: $2"
}
way template "nobody else was connected"
mkfifo "$TEST_DIR/to"
psql_t live <"$TEST_DIR/to" &
exec 9>"$TEST_DIR/to"
echo "SELECT 1;" >&9
way dump "others are connected to the target"
exec 9>&-
wait $!
psql_t postgres -c "ALTER DATABASE copy SET work_mem = '5MB'"
way dump "settings of its own"
psql_t postgres -c "ALTER DATABASE copy RESET work_mem" -c "GRANT CREATE ON DATABASE copy TO pg_monitor"
way dump "grants of its own"
psql_t postgres -c "REVOKE ALL ON DATABASE copy FROM pg_monitor"
if [ -n "$("$MIGHOST" --list-faults)" ]; then
    scratch="SELECT count(*) FROM pg_database WHERE datname LIKE 'mighost_scratch%'"
    (MIGHOST_FAULT=rehearsal.template:1:sleep=1500 mig 0 live class --rehearse --skip-tests) &
    waiting=$!
    until [ "$(psql_t postgres -c "$scratch")" = 1 ]; do
        kill -0 "$waiting" || fail "no database is made"
        sleep 0.05
    done
    psql_t live -c "INSERT INTO public.log (what) VALUES ('between')"
    wait "$waiting" || exit 1
    fingerprint_db live >"$TEST_DIR/before.live"
    as_target
    says "others wrote to the target meanwhile"
    is "databases left" "$(psql_t postgres -c "$scratch")" 0
    psql_t copy -c "CREATE TABLE public.mine ()"
    MIGHOST_FAULT=rehearsal.template:1:kill mig 137 live class --rehearse --skip-tests
    rows copy "SELECT count(*) FROM public.mine" 0
    is "databases left" "$(psql_t postgres -c "$scratch")" 1
    way template "nobody else was connected"
    is "databases left" "$(psql_t postgres -c "$scratch")" 0
fi

echo "backups of the rehearsal database are pruned as those of the target are"
kept=$TEST_DIR/backups/live/rehearsal
number() { find "$kept" -mindepth 1 -maxdepth 1 -name 'backup-*' | wc -l; }
[ "$(number)" -gt 3 ] || fail "there is nothing to prune"
cp "$TEST_DIR/class/project.json" "$TEST_DIR/class/good.json"
sed 's|"name": "classroom",|& "backup": { "keep_count": 3 },|' "$TEST_DIR/class/good.json" \
    >"$TEST_DIR/class/project.json"
rehearse 0 --skip-tests
is "backups kept" "$(number)" 3
sed -i 's|"keep_count": 3|"keep_count": 1|' "$TEST_DIR/class/project.json"
rehearse 0
is "the only one is of what was there" "$(number) $(ls "$kept" | grep backup-)" "1 $(told '{copy,backup}')"
mv "$TEST_DIR/class/good.json" "$TEST_DIR/class/project.json"
rehearse 0 --skip-tests
rehearse 0 --skip-tests
for backup in $(ls -d "$kept"/backup-* | head -n 2); do
    mv "$backup" "$(echo "$backup" | sed 's/backup-20../backup-2001/')"
done
mig 0 live class --prune 30
is "backups kept" "$(number)" 1

echo "programs that are older than the server: told before anything is written"
mkdir "$TEST_DIR/tools"
for tool in pg_dump pg_restore; do
    printf '#!/bin/sh\necho "%s (PostgreSQL) 9.6.1"\n' $tool >"$TEST_DIR/tools/$tool"
done
chmod 755 "$TEST_DIR"/tools/*
cp -r "$TEST_DIR/class" "$TEST_DIR/none"
sed 's|"name": "classroom",|& "backup": { "scope": "none" },|' "$TEST_DIR/class/project.json" \
    >"$TEST_DIR/none/project.json"
fingerprint_db copy >"$TEST_DIR/before.copy"
MIGHOST_PG_BIN=$TEST_DIR/tools mig 12 live none --rehearse
says "the target cannot be copied: pg_dump is too old"
says "nothing was written"
unchanged copy "a rehearsal without programs"
MIGHOST_PG_BIN=$TEST_DIR/tools mig 12 live class --rehearse --skip-tests
unchanged copy "a rehearsal without programs"

echo "a rehearsal database with no table in it, but with other things: backed up, and gone"
psql_t postgres -c "DROP DATABASE copy" -c "CREATE DATABASE copy TEMPLATE template0"
psql_t copy -c "SET client_min_messages = error; CREATE FUNCTION precious() RETURNS int LANGUAGE sql AS 'SELECT 42';
    CREATE SEQUENCE ticks START 7; CREATE PUBLICATION mine FOR ALL TABLES"
psql_t copy -c "CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'" \
    -c "CREATE EVENT TRIGGER note ON ddl_command_start EXECUTE FUNCTION note()"
psql_t live <"$TEST_DIR/to" &
exec 9>"$TEST_DIR/to"
echo "SELECT 1;" >&9
rehearse 0
exec 9>&-
wait $!
is "the way" "$(told '{copy,way}')" dump
pg_restore -f - "$TEST_DIR/backups/live/rehearsal/$(told '{copy,backup}')/data.dump" >"$TEST_DIR/restored"
grep -q "FUNCTION public.precious" "$TEST_DIR/restored" && grep -q "SEQUENCE public.ticks" "$TEST_DIR/restored" ||
    fail "not backed up"
rows copy "SELECT count(*) FROM pg_publication" 0
rows copy "SELECT count(*) FROM pg_event_trigger" 0

echo "a server of another kind only when that is said"
psql_t postgres -c "DROP DATABASE copy" -c "CREATE DATABASE copy TEMPLATE template0 LC_COLLATE 'C'"
rehearse 5
says "collation C, target has C.UTF-8"
rehearse 0 --accept-differences
is "in the report" "$(told '{differences,0,name}') $(told '{differences_accepted}')" "collation true"

echo "with the target's owners and privileges: a grant that lacks there is found"
pg_createdb small
psql_t small <<'SQL'
CREATE ROLE rehearse_app LOGIN;
CREATE ROLE rehearse_owner;
CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE audit (what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN DELETE FROM public.audit; RETURN NEW; END$$;
CREATE TRIGGER note AFTER INSERT ON items FOR EACH ROW EXECUTE FUNCTION note();
ALTER TABLE items OWNER TO rehearse_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON items TO rehearse_app;
GRANT SELECT ON audit TO rehearse_app;
DO $$BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO rehearse_app', current_database()); END$$;
SQL
project small <<'JSON'
{ "name": "small", "sources": { "old": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "items", "ids": "keep",
    "options": { "table": "items", "fields": { "id": "id", "name": "name" } } } ] }
JSON
echo '{ "items": [ { "id": 1, "name": "one" } ] }' | data small
MIG_ROLE=rehearse_app
mig 8 small small --rehearse --accept-differences
says "the run was made as role rehearse_app, as on the target"
says "no-go: the run ended with"
psql_t small -c "GRANT DELETE ON audit TO rehearse_app"
mig 0 small small --rehearse --accept-differences
rows copy "SELECT relname, relowner::regrole FROM pg_class WHERE relname IN ('audit', 'items')
    ORDER BY 1" "audit|postgres
items|rehearse_owner"

echo "a role that may make databases and owns both: by template, as long as all in it is its own"
psql_t postgres -c "ALTER ROLE rehearse_app CREATEDB" -c "ALTER DATABASE small OWNER TO rehearse_app" \
    -c "DROP DATABASE copy" -c "CREATE DATABASE copy OWNER rehearse_app TEMPLATE template0"
STAGING_DATABASE_URL=$(pg_url copy | sed 's/postgres@/rehearse_app@/')
mig 0 small small --rehearse --skip-tests
says "copied by pg_dump and pg_restore (the role is not that of all owners"
psql_t small -c "ALTER TABLE items OWNER TO rehearse_app" -c "ALTER TABLE audit OWNER TO rehearse_app" \
    -c "ALTER FUNCTION note OWNER TO rehearse_app" -c "REASSIGN OWNED BY rehearse_owner TO rehearse_app"
mig 0 small small --rehearse
says "copied by CREATE DATABASE ... TEMPLATE"
unset MIG_ROLE

echo "never on the target, by whatever name"
STAGING_DATABASE_URL="host=$PGTMP_SOCKET dbname=live user=postgres application_name=other"
rehearse 5
says "the rehearsal database is the target itself"

echo "without a rehearsal server: the embedded one, which gets the roles that the copy needs"
unset STAGING_DATABASE_URL
psql_t live -c "ALTER TABLE public.log OWNER TO rehearse_owner" \
    -c "CREATE POLICY own ON public.log TO rehearse_app USING (true)"
rehearse 0
is "the database" "$(told '{database}')" classroom.rehearsal
grep -q "not on the target's server" "$REHEARSAL/rehearsal.txt" || fail "the way is not told"
mig 0 live class --stop-server

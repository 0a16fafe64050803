# target.sh - a target that cannot be reached, does not fit, changes meanwhile or was made hostile;
# backups and rollbacks that must be refused. Nothing but the outcome that is due, and the live
# tables as they were.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/refusals.sh"

shop
shop_db shop
on="--plugins $PLUGINS --work-dir $TEST_DIR/work"
run="$on --project $SHOP --run"
faults=$("$MIGHOST" --list-faults)
project() # NAME SED: a variant of the shop's project
{
    sed "$2" "$SHOP/project.json" >"$SHOP/$1.json"
    ! cmp -s "$SHOP/project.json" "$SHOP/$1.json" || fail "sed $2 changes nothing"
    variant="$on --project $SHOP/$1.json --run"
}

echo "a target that does not answer"
unreachable() # CODE URL TEXT...
{
    unreachable_code=$1
    shift
    DATABASE_URL=$1 ends "$unreachable_code" $run
    DATABASE_URL=$1 ends "$unreachable_code" $run --verbose
    shift
    says "$@"
    silent c4user c4pass
}
unreachable 75 'postgresql://c4user:c4pass@127.0.0.1:1/shop' "127.0.0.1 port 1"
unreachable 75 'postgresql://c4user:c4pass@nowhere.invalid/shop' "nowhere.invalid"
unreachable 75 "postgresql://c4user:c4pass@/shop?host=$TEST_DIR/none" "$TEST_DIR/none"
unreachable 5 "postgresql://postgres:c4pass@/c4base?host=$PGTMP_SOCKET" "no such database or role"
unreachable 5 "postgresql://c4user:c4pass@/$(pgtmp_db shop)?host=$PGTMP_SOCKET" \
    "no such database or role"
ends 0 $on --project "$SHOP" --ping
(
    DATABASE_URL='postgresql://c4user:c4pass@127.0.0.1:1/shop'
    ends 75 $on --project "$SHOP" --ping
    says "source old: answers" "target: target: no connection to 127.0.0.1 port 1"
)

echo "a target that takes no writes, or no more sessions"
psql_t postgres -c "ALTER DATABASE \"$(pgtmp_db shop)\" SET default_transaction_read_only = on"
ends 5 $run
says "read-only"
psql_t postgres -c "ALTER DATABASE \"$(pgtmp_db shop)\" RESET default_transaction_read_only" \
    -c "CREATE ROLE crowd LOGIN CONNECTION LIMIT 0"
DATABASE_URL=$(pg_url shop | sed 's/postgres@/crowd@/') ends 75 $run
says "too many connections"
if [ -z "${MIGHOST_TEST_SOCKET-}" ]; then
    standby=$TEST_DIR/standby
    mkdir -m 700 "$standby"
    [ "$(id -u)" -ne 0 ] || chown postgres "$standby"
    pgtmp_as_server "$PGTMP_BIN/pg_basebackup" -U postgres -h "$PGTMP_SOCKET" -c fast -N -R -D "$standby/data"
    at_exit 'pgtmp_as_server "$PGTMP_BIN/pg_ctl" -s -m immediate -D "$standby/data" stop'
    pgtmp_as_server "$PGTMP_BIN/pg_ctl" -w -s -D "$standby/data" -l "$standby/log" -o "-c listen_addresses='' \
        -c unix_socket_directories=$standby -c fsync=off" start
    DATABASE_URL="postgresql://postgres@/shop?host=$standby" ends 5 $run
    says "the target is a replica"
fi
unchanged shop

echo "tables, columns and keys that are not there"
project bad 's/public\.items/public.itmes/'
ends 5 $variant
says 'public.itmes' 'public.items'
project bad 's/"price": "price"/"prize": "price"/'
ends 5 $variant
says '"prize"' 'price'
project bad 's/"ids": "keep"/&, "tables": {"public.items": {"match": ["name"]}}/'
ends 5 $variant
says 'public.items' 'unique'
psql_t shop -c 'CREATE TABLE bare (id int, name text, price numeric)'
mark shop
project bad 's/public\.items/public.bare/'
ends 5 $variant
says 'public.bare' 'unique'
project bad 's/"name": "shop",/&"target": {"schema": "publik"},/; s/public\.items/items/'
ends 5 $variant
says 'publik'
unchanged shop

echo "deletions that nobody confirmed"
project all 's/"policy": "update"/"policy": "replace"/'
ends 8 $variant
says 'max_delete' '--yes' 'items'
unchanged shop
ends 0 $variant --yes
ends 0 $on --project "$SHOP" --rollback
unchanged shop

echo "changes in the middle of a run"
if [ -n "$faults" ]; then
    at() # POINT SQL: runs SQL while a run waits there; its status is in $at_status
    {
        # The run stops itself, so that no clock decides what comes first.
        MIGHOST_FAULT=$1:1:stop "$MIGHOST" $run >"$OUT" 2>"$ERR" </dev/null &
        at_pid=$!
        at_tries=0
        until grep -q '^State:.*stopped' "/proc/$at_pid/status" 2>/dev/null; do
            at_tries=$((at_tries + 1))
            [ "$at_tries" -lt 1200 ] || fail "the run does not come to $1"
            sleep 0.05
        done
        psql_t shop -c "SET client_min_messages = warning; $2"
        kill -CONT "$at_pid"
        at_status=0
        wait "$at_pid" || at_status=$?
    }
    for change in 'ALTER TABLE items DROP COLUMN price CASCADE' 'ALTER TABLE items RENAME price TO prize' \
        'ALTER TABLE items RENAME TO things' \
        'ALTER TABLE items ADD CHECK (price < 1000)' 'ALTER TABLE items ADD extra int NOT NULL DEFAULT 1' \
        'CREATE RULE r AS ON INSERT TO items DO INSTEAD NOTHING'; do
        at publish.begin "$change"
        is "a run after $change ends" "$at_status" 9
        well_said 9
        says "the target's tables were altered since the plan was made"
        case $change in *price*CASCADE) says "column price of public.items is gone" ;; esac
        # The same command makes a new plan, or says what does not fit any more.
        ends_status=0
        "$MIGHOST" $run >"$OUT" 2>"$ERR" </dev/null || ends_status=$?
        case $change,$ends_status in *DROP*,5 | *RENAME*,5 | *RULE*,5 | *ADD*,0) ;;
        *) fail "the run after that of $change ends with $ends_status" ;; esac
        psql_t postgres -c "DROP DATABASE \"$(pgtmp_db shop)\" WITH (FORCE)"
        shop_db shop
    done
    # Gone before: named by whichever step comes upon it first.
    for point in state.ready staging.created load.done check.done; do
        for change in 'DROP TABLE items CASCADE' 'ALTER TABLE items DROP COLUMN price CASCADE' \
            'ALTER TABLE items RENAME TO things; CREATE VIEW items AS SELECT * FROM things'; do
            at "$point" "$change"
            case $at_status in 5 | 9) ;; *) fail "a run ends with $at_status after $change at $point" ;; esac
            well_said "$at_status"
            says "public.items"
            mark shop
            ends 5 $run
            unchanged shop
            psql_t postgres -c "DROP DATABASE \"$(pgtmp_db shop)\" WITH (FORCE)"
            shop_db shop
        done
    done
    # Rows that the application changes are checked again, not overwritten unseen.
    at publish.begin "UPDATE items SET name = 'by the app' WHERE id = 1"
    is "a run after a change of a row ends" "$at_status" 0
    is "the row" "$(psql_t shop -c 'SELECT name FROM items WHERE id = 1')" first
    ends 0 $on --project "$SHOP" --rollback
    is "the row" "$(psql_t shop -c 'SELECT name FROM items WHERE id = 1')" "by the app"
    psql_t shop -c "UPDATE items SET name = 'old' WHERE id = 1"
    unchanged shop
fi

echo "a hostile search_path"
# A role that only has what it needs, in a database whose public schema is open to an attacker, who
# has put his own functions and operators in front of PostgreSQL's.
cat >"$SHOP/trap.sql" <<'SQL'
CREATE ROLE c4_mig LOGIN;
CREATE TABLE public.trapped (what text, who text);
GRANT INSERT, SELECT ON public.trapped TO PUBLIC;
GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC;
GRANT ALL ON public.items TO c4_mig;
ALTER TABLE public.items OWNER TO c4_mig;
DO $$
DECLARE f record; body text;
BEGIN
    EXECUTE format('GRANT CREATE ON DATABASE %I TO c4_mig', current_database());
    EXECUTE format('ALTER ROLE c4_mig IN DATABASE %I SET search_path = public, pg_catalog',
        current_database());
    FOR f IN SELECT p.oid, proname, pg_get_function_identity_arguments(p.oid) AS args,
        pg_get_function_result(p.oid) AS result FROM pg_proc p
        WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f' AND NOT proretset
        AND provariadic = 0 AND pronargs BETWEEN 0 AND 4 AND proname IN ('now', 'clock_timestamp', 'to_char',
            'to_regclass',
            'pg_backend_pid', 'current_setting', 'pg_is_in_recovery', 'has_table_privilege',
            'hashtext', 'pg_advisory_xact_lock', 'length', 'lower', 'convert_to', 'sha256', 'encode',
            'date_part', 'pg_relation_size', 'pg_total_relation_size', 'nextval', 'setval',
            'pg_get_expr', 'format_type', 'pg_current_xact_id', 'set_config', 'txid_current',
            'quote_ident', 'quote_literal', 'regexp_replace', 'round', 'abs', 'coalesce',
            'array_length', 'cardinality', 'upper', 'replace', 'strpos', 'substr', 'textcat')
        AND pg_get_function_result(p.oid) NOT IN ('"any"', 'anyelement', 'internal')
    LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS %s LANGUAGE plpgsql AS $f$BEGIN '
                'INSERT INTO public.trapped VALUES (%L, current_user); RETURN NULL; END$f$',
                f.proname, f.args, f.result, f.proname);
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
    END LOOP;
    FOR f IN SELECT oprname AS name, oprleft::regtype AS l, oprright::regtype AS r FROM pg_operator
        WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprkind = 'b' AND (oprleft::regtype::text,
            oprright::regtype::text) IN
        (('text', 'text'), ('integer', 'integer'), ('bigint', 'bigint'), ('oid', 'oid'), ('bigint', 'integer'),
         ('name', 'name'), ('name', 'text'), ('"char"', '"char"'), ('tid', 'tid'), ('boolean', 'boolean'),
         ('record', 'record')) AND oprresult = 'bool'::regtype
    LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION public.trap_op(a %s, b %s) RETURNS bool LANGUAGE plpgsql '
                'AS $f$BEGIN INSERT INTO public.trapped VALUES (''operator'', current_user); '
                'RETURN NULL; END$f$', f.l, f.r);
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
        BEGIN
            EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.trap_op)',
                f.name, f.l, f.r);
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
    END LOOP;
END $$;
CREATE TABLE public.pg_class (oid oid, relname name, relkind "char", relnamespace oid);
CREATE TABLE public.pg_namespace (oid oid, nspname name);
CREATE TABLE public.run (id bigint);
CREATE VIEW public.pg_database AS SELECT 1 AS oid, 'x'::name AS datname;
SQL
pg_createdb trap "$SHOP/items.sql"
psql_t trap -c 'SET check_function_bodies = off' -f "$SHOP/trap.sql"
at_exit "psql_t postgres -c 'DROP DATABASE IF EXISTS \"$(pgtmp_db trap)\" WITH (FORCE)' -c 'DROP ROLE IF EXISTS c4_mig'"
traps=$(psql_t trap -c "SELECT (SELECT count(*) FROM pg_catalog.pg_proc WHERE pronamespace = 'public'::regnamespace),
    (SELECT count(*) FROM pg_catalog.pg_operator WHERE oprnamespace = 'public'::regnamespace)")
case $traps in [0-9]\|* | *\|[0-9]) fail "only $traps functions and operators are laid as traps" ;; esac
trapped()
{
    is "traps that went off in $1" "$(psql_t trap -c 'SELECT DISTINCT what FROM public.trapped')" ""
}
url=$(pg_url trap | sed 's/postgres@/c4_mig@/')
# The traps work: this is what a careless client would do.
"$PGTMP_BIN/psql" -X -q -A -t -d "$url" -c "SELECT length('x')" >/dev/null
is "the trap by hand" "$(psql_t trap -c 'SELECT DISTINCT what FROM public.trapped')" length
psql_t trap -c 'DELETE FROM public.trapped'
hostile()
{
    DATABASE_URL=$url ends "$@"
    trapped "$*"
}
mark trap
hostile 0 $on --project "$SHOP" --preflight
hostile 0 $on --project "$SHOP" --plan
hostile 0 $on --project "$SHOP" --dry-run
hostile 0 $on --project "$SHOP" --run
hostile 0 $on --project "$SHOP" --verify 2
hostile 0 $on --project "$SHOP" --validate
hostile 0 $on --project "$SHOP" --status
hostile 0 $on --project "$SHOP" --report 2
hostile 0 $on --project "$SHOP" --backup
hostile 0 $on --project "$SHOP" --rollback
unchanged trap
hostile 0 $on --project "$SHOP" --restore "$(sed -n 's/^.*"backup": "\(.*\)".*/\1/p' \
    "$TEST_DIR/work/reports/run-2/report.json" | head -n 1)"
hostile 0 $on --project "$SHOP" --run
bundle=$(sed -n 's/^run .*; report: //p' "$OUT")
for script in verify rollback; do
    "$PGTMP_BIN/psql" -X -q -d "$url" -v ON_ERROR_STOP=1 -f "$bundle/$script.sql" >"$OUT" 2>"$ERR" ||
        fail "$script.sql fails"
    trapped "$script.sql"
done
unchanged trap
# As a source.
cat >"$SHOP/from.json" <<'JSON'
{ "name": "from", "sources": { "old": { "use": "postgres", "options": { "url": "${OLD_URL}" } } },
  "stages": [ { "name": "items", "entity": "public.items", "ids": "keep", "policy": "update",
    "options": { "table": "public.items", "fields": { "id": "id", "name": "name" } } } ] }
JSON
OLD_URL=$url ends 0 $on --project "$SHOP/from.json" --run
trapped "a run that reads from there"
OLD_URL=$url ends 0 $on --project "$SHOP/from.json" --rollback

echo "backups"
tools=$TEST_DIR/tools
real=$PGTMP_BIN
mkdir "$tools"
no_backup() # TEXT...: the run ends before anything is changed
{
    MIGHOST_PG_BIN=$tools ends 12 $run --backup-dir "$TEST_DIR/half"
    says "$@"
    unchanged shop
    is "runs that were published" "$(psql_t shop -c "SELECT count(*) FROM mighost.run
        WHERE published IS NOT NULL AND rolled_back IS NULL")" 0
}
fake() # PG_DUMP
{
    printf '#!/bin/sh\n%s\n' "$1" >"$tools/pg_dump"
    ln -sf "$real/pg_restore" "$tools/pg_restore"
    chmod 755 "$tools/pg_dump"
}
no_backup "pg_dump and pg_restore are not installed" "apt-get install"
fake 'case $* in *--version*) echo "pg_dump (PostgreSQL) 9.6.1" ;; esac'
no_backup "too old"
fake "case \$* in *--version*) exec '$real/pg_dump' --version ;; esac; echo 'pg_dump: error: disk on fire' >&2; exit 1"
no_backup "pg_dump ended with 1"
fake "case \$* in *--version*) exec '$real/pg_dump' --version ;; esac; '$real/pg_dump' \"\$@\" | head -c 700; exit 3"
no_backup "pg_dump ended with 3"
fake "case \$* in *--version*) exec '$real/pg_dump' --version ;; esac; kill -9 \$\$"
no_backup "pg_dump"
is "backups that are left" "$(ls -A "$TEST_DIR/half" 2>/dev/null)" ""

ends 0 $on --project "$SHOP" --abandon "$(psql_t shop -c 'SELECT max(id) FROM mighost.run')"
ends 0 $run
id=$(psql_t shop -c 'SELECT backup FROM mighost.run ORDER BY id DESC LIMIT 1')
dir=$TEST_DIR/work/backups/$id
ends 0 $on --project "$SHOP" --backups
says "$id"
silent DAMAGED
cp -a "$dir" "$TEST_DIR/good"
damaged() # TEXT: the backup is told as damaged, and not restored
{
    ends 0 $on --project "$SHOP" --backups
    grep -F "$id" "$OUT" | grep -q DAMAGED || fail "a backup with $1 passes as good"
    mark shop
    ends 12 $on --project "$SHOP" --restore "$id"
    says "$id"
    unchanged shop
    rm -rf "$dir"
    cp -a "$TEST_DIR/good" "$dir"
}
for file in $(ls "$dir"); do
    size=$(stat -c %s "$dir/$file")
    for at in 0 $((size / 2)) $((size - 2)); do
        byte=$(od -An -tu1 -j "$at" -N 1 "$dir/$file" | tr -d ' ')
        printf "\\$(printf %03o $((byte ^ 1)))" |
            dd of="$dir/$file" bs=1 seek="$at" conv=notrunc 2>/dev/null
        damaged "byte $at of $file flipped"
    done
    truncate -s -1 "$dir/$file"
    damaged "$file shortened"
    rm "$dir/$file"
    damaged "$file missing"
done
: >"$dir/extra"
damaged "a file too many"
ends 12 $on --project "$SHOP" --restore backup-2001-01-01T00-00-00-000Z
says "backup-2001-01-01T00-00-00-000Z"
ends 0 $on --project "$SHOP" --restore "$id"

echo "rollbacks"
psql_t postgres -c "DROP DATABASE \"$(pgtmp_db shop)\" WITH (FORCE)"
shop_db shop
ends 13 $on --project "$SHOP" --rollback
says "holds no run"
ends 13 $on --project "$SHOP" --rollback 1
ends 0 $on --project "$SHOP" --dry-run
ends 13 $on --project "$SHOP" --rollback
says "no run for which this can be done"
ends 13 $on --project "$SHOP" --rollback 1
says "run 1 is dry"
ends 13 $on --project "$SHOP" --rollback 99
says "there is no run 99"
ends 0 $run
sed 's/1\.50/2.50/' "$SHOP/data.json" >"$SHOP/new.json" && mv "$SHOP/new.json" "$SHOP/data.json"
ends 0 $run
ends 13 $on --project "$SHOP" --rollback 2
says "a later run changed the same tables (public.items)" "3, 2"
ends 0 $on --project "$SHOP" --rollback
ends 13 $on --project "$SHOP" --rollback 3
says "run 3 is rolled_back"
psql_t shop -c "UPDATE items SET name = 'by the app' WHERE id = 2"
ends 13 $on --project "$SHOP" --rollback 2
says "changed since run 2 was published" '"public"."items"'
psql_t shop -c "UPDATE items SET name = 'second' WHERE id = 2"
pg_createdb elsewhere "$SHOP/items.sql"
DATABASE_URL=$(pg_url elsewhere) ends 0 $on --project "$SHOP" --dry-run
DATABASE_URL=$(pg_url elsewhere) ends 0 $run --report-dir "$TEST_DIR/elsewhere"
info=rollback_info.json
for file in "$TEST_DIR/none" "$SHOP/data.json" "$SHOP/items.sql" "$SHOP"; do
    ends 2 $on --project "$SHOP" --rollback --rollback-file "$file"
    says "$file is no rollback_info.json"
done
ends 13 $on --project "$SHOP" --rollback --rollback-file "$TEST_DIR/elsewhere/run-2/$info"
says "is of a run that began at"
ends 13 $on --project "$SHOP" --rollback --rollback-file "$(ls -d "$TEST_DIR"/work/reports/run-3* | tail -n 1)/$info"
says "run 3 is rolled_back"
# What the run kept of the rows that it overwrote: nothing that was damaged there is put back.
kept=$(psql_t shop -c "SELECT format('mighost.%I', relname) FROM pg_class WHERE relname ~ '^before_2_'")
psql_t shop -c "CREATE TABLE saved AS SELECT * FROM $kept"
mark shop
for damage in "UPDATE $kept SET name = name || 'x'" "DELETE FROM $kept" "INSERT INTO $kept SELECT * FROM $kept"; do
    psql_t shop -c "$damage"
    ends 13 $on --project "$SHOP" --rollback 2
    says "run 2 kept of public.items are no longer as it kept them" "backup"
    unchanged shop
    psql_t shop -c "TRUNCATE $kept; INSERT INTO $kept SELECT * FROM saved"
done
psql_t shop -c "DROP TABLE saved"
mark shop
if [ -n "$faults" ]; then
    MIGHOST_FAULT=load.done:1:fail ends 75 $run
    ends 13 $on --project "$SHOP" --rollback 4
    says "run 4 is loading"
    ends 0 $on --project "$SHOP" --abandon 4
    ends 13 $on --project "$SHOP" --rollback 4
    says "run 4 is abandoned"
fi
echo "done"

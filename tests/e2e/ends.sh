# ends.sh - how runs end: each exit code from a situation of its own, with the same verdict on the
# last line, in report.json and in the run's row; report.json as share/report.schema.json has it;
# every line of the log as a log line.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/refusals.sh"

schema=$top_srcdir/share/report.schema.json
faults=$("$MIGHOST" --list-faults)
pg_createdb checks
# A validator for the part of JSON Schema that the report's schema uses; one line a fault.
psql_t checks <<'SQL'
CREATE FUNCTION kind_of(d jsonb) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN jsonb_typeof(d) <> 'number' THEN jsonb_typeof(d)
        WHEN d::text ~ '^-?[0-9]+$' THEN 'integer' ELSE 'number' END $$;
CREATE FUNCTION faults(root jsonb, s jsonb, d jsonb, path text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE k text; v jsonb; i int := 0; kinds jsonb;
BEGIN
    IF s ? '$ref' THEN
        RETURN QUERY SELECT * FROM faults(root, root #> string_to_array(substr(s ->> '$ref', 3), '/'), d, path);
        RETURN;
    END IF;
    kinds := CASE jsonb_typeof(s -> 'type') WHEN 'array' THEN s -> 'type' ELSE jsonb_build_array(s -> 'type') END;
    IF s ? 'type' AND NOT kinds ? kind_of(d) AND NOT (kinds ? 'number' AND kind_of(d) = 'integer') THEN
        RETURN NEXT format('%s is a %s, due is %s', path, kind_of(d), s -> 'type');
        RETURN;
    END IF;
    IF s ? 'enum' AND NOT (s -> 'enum') @> jsonb_build_array(d) THEN
        RETURN NEXT format('%s is %s, which is not in the list', path, d);
    END IF;
    IF s ? 'minimum' AND jsonb_typeof(d) = 'number' AND d::text::numeric < (s ->> 'minimum')::numeric THEN
        RETURN NEXT format('%s is %s', path, d);
    END IF;
    IF s ? 'maximum' AND jsonb_typeof(d) = 'number' AND d::text::numeric > (s ->> 'maximum')::numeric THEN
        RETURN NEXT format('%s is %s', path, d);
    END IF;
    IF s ? 'pattern' AND jsonb_typeof(d) = 'string' AND (d #>> '{}') !~ (s ->> 'pattern') THEN
        RETURN NEXT format('%s does not have its form: %s', path, d);
    END IF;
    IF s ? 'minLength' AND length(d #>> '{}') < (s ->> 'minLength')::int THEN
        RETURN NEXT format('%s is too short', path);
    END IF;
    IF s ? 'maxItems' AND jsonb_typeof(d) = 'array' AND jsonb_array_length(d) > (s ->> 'maxItems')::int THEN
        RETURN NEXT format('%s has too many items', path);
    END IF;
    IF jsonb_typeof(d) = 'object' THEN
        FOR k IN SELECT jsonb_array_elements_text(coalesce(s -> 'required', '[]')) LOOP
            IF NOT d ? k THEN RETURN NEXT format('%s lacks %s', path, k); END IF;
        END LOOP;
        FOR k, v IN SELECT * FROM jsonb_each(d) LOOP
            IF s -> 'properties' ? k THEN
                RETURN QUERY SELECT * FROM faults(root, s -> 'properties' -> k, v, path || '.' || k);
            ELSIF jsonb_typeof(s -> 'additionalProperties') = 'object' THEN
                RETURN QUERY SELECT * FROM faults(root, s -> 'additionalProperties', v, path || '.' || k);
            END IF;
        END LOOP;
    ELSIF jsonb_typeof(d) = 'array' AND s ? 'items' THEN
        FOR v IN SELECT * FROM jsonb_array_elements(d) LOOP
            RETURN QUERY SELECT * FROM faults(root, s -> 'items', v, path || '[' || i || ']');
            i := i + 1;
        END LOOP;
    END IF;
END $$;
SQL

valid() # FILE: report.json against its schema
{
    is "faults of $1" "$(psql_t checks -v schema="$schema" -v file="$1" <<'SQL'
\set schema `cat :'schema'`
\set file `cat :'file'`
SELECT * FROM faults(:'schema'::jsonb, :'schema'::jsonb, :'file'::jsonb, 'report') LIMIT 10;
SQL
)" ""
}

# The validator finds faults.
echo '{ "success": 1, "message": "", "run": { "id": 5, "exit_code": 300 } }' >"$TEST_DIR/bad.json"
psql_t checks -v schema="$schema" -v file="$TEST_DIR/bad.json" >"$OUT" <<'SQL'
\set schema `cat :'schema'`
\set file `cat :'file'`
SELECT * FROM faults(:'schema'::jsonb, :'schema'::jsonb, :'file'::jsonb, 'report');
SQL
says "report.success is a integer" "report.message is too short" "report lacks stages" \
    "report.run.id is a integer" "report.run.exit_code is 300"

shop
on="--plugins $PLUGINS --work-dir $TEST_DIR/work"
ended() # CODE [ARGS...]: the last run ended so; all that says so agrees
{
    ended_code=$1
    ended_line=$(tail -n 1 "$OUT")
    case $ended_line in
    "run "[0-9]*": "*"; report: $TEST_DIR/work/reports/run-"*) ;;
    *) fail "the last line is no verdict: $ended_line" ;;
    esac
    case $ended_code in
    0 | 20) ;;
    *) echo "$ended_line" | grep -q "(exit $ended_code)" || fail "the verdict lacks $ended_code: $ended_line" ;;
    esac
    ended_bundle=${ended_line##*; report: }
    ended_run=$(echo "$ended_line" | sed 's/^run \([0-9]*\):.*/\1/')
    ! grep -v "$stamp" "$ended_bundle/run.log" || fail "run.log has other lines than log lines"
    ! grep -q 'debug: ' "$ended_bundle/run.log" || fail "run.log has debug lines"
}
reported() # CODE: the bundle's report and the run's row
{
    valid "$ended_bundle/report.json"
    case $1 in 0 | 20) reported_ok=true ;; *) reported_ok=false ;; esac
    json "$ended_bundle/report.json" "j #>> '{run,exit_code}' = '$1' AND j ->> 'success' = '$reported_ok'
        AND strpos('$ended_line', j ->> 'message') > 0 AND (j ? 'failure') = ($1 NOT IN (0, 20))"
    json "$ended_bundle/report.json" "j #>> '{run,host}' <> '' AND j #>> '{run,user}' <> '' AND j #>>
        '{run,version}' <> '' AND jsonb_array_length(j #> '{run,plugins}') >= 3 AND (SELECT sum((s ->> 'seconds')::
        float) FROM jsonb_array_elements(j #> '{run,steps}') s) <= (j #>> '{run,seconds}')::float + 0.01"
    json "$ended_bundle/report.json" "(SELECT count(*) BETWEEN 1 AND 10 AND array_agg(s) = array_agg(s ORDER BY
        s DESC) FROM (SELECT (x ->> 'seconds')::float AS s FROM jsonb_array_elements(j -> 'statements') x) x)"
    is "exit_code of run $ended_run" "$(psql_t "$db" -c "SELECT exit_code FROM mighost.run
        WHERE id = $ended_run")" "$1"
    psql_t "$db" -c "SELECT report FROM mighost.run WHERE id = $ended_run" >"$TEST_DIR/kept.json"
    json "$TEST_DIR/kept.json" "j #>> '{run,exit_code}' = '$1'"
    for ended_file in summary.txt errors.csv report.json manifest.json run.log; do
        [ -s "$ended_bundle/$ended_file" ] || fail "the bundle lacks $ended_file"
    done
}
variant() # SED
{
    sed "$1" "$SHOP/project.json" >"$SHOP/variant.json"
    ! cmp -s "$SHOP/project.json" "$SHOP/variant.json" || fail "sed $1 changes nothing"
    project="--project $SHOP/variant.json"
}
fresh() # DB
{
    db=$1
    shop_db "$db"
    project="--project $SHOP"
}

echo "0: done"
fresh e0
ends 0 $on $project --run
ended 0
reported 0
ends 0 $on $project --run
ended 0
says "0 changed"
reported 0
# Warnings alone are no failure, and stand apart from errors.
json "$ended_bundle/report.json" "j -> 'warnings' ->> 0 ~ '^public.items holds .* rows already$' AND j ->>
    'errors_total' = '0' AND (j ->> 'success')::bool"
grep -q "^Warnings ($(grep -c '^- public.items holds' "$ended_bundle/summary.txt"))$" "$ended_bundle/summary.txt" ||
    fail "warnings are not counted in summary.txt"
"$MIGHOST" $on $project --run --json >"$OUT" 2>"$ERR" </dev/null
valid "$OUT"
tail -n 1 "$ERR" | grep -q "run 3: done: .*; report: " || fail "--json: no verdict on stderr"
ends 0 $on $project --dry-run
ended 0
says "dry run done, nothing was written"
reported 0
ends 0 $on $project --run --quiet --allow-root
is "what --quiet says" "$(cat "$ERR")" ""

echo "20: published, with rejects"
fresh e20
sed 's/"second"/null/' "$SHOP/data.json" >"$SHOP/new.json"
sed 's/data\.json/new.json/' "$SHOP/project.json" >"$SHOP/rejects.json"
project="--project $SHOP/rejects.json"
ends 20 $on $project --run
ended 20
says "published, with rejects: 2 records read, 1 migrated, 0 skipped, 1 rejected"
reported 20

echo "7: too many rejects, 8: invalid"
fresh e7
sed 's/data\.json/new.json/; s/"name": "shop",/&"max_rejects": "40%",/' "$SHOP/project.json" >"$SHOP/r.json"
project="--project $SHOP/r.json"
ends 7 $on $project --run
ended 7
says "1 of 2 records rejected, allowed are 40 %"
says "check the field mappings first"
reported 7
unchanged e7
sed 's/data\.json/new.json/; s/"name": "shop",/&"on_invalid": "fail",/' "$SHOP/project.json" >"$SHOP/r.json"
ends 8 $on $project --run
ended 8
reported 8
unchanged e7
sed 's/data\.json/new.json/; s/"ids": "keep"/&, "critical": true/' "$SHOP/project.json" >"$SHOP/r.json"
ends 8 $on $project --run
ended 8
says "stage items is critical"
reported 8
unchanged e7

echo "a constraint that fails in publish is not tried again"
fresh e7b
project="--project $SHOP"
psql_t e7b <<'SQL'
CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE check_violation USING CONSTRAINT = 'never_so', TABLE = 'items'; END $$;
CREATE CONSTRAINT TRIGGER never AFTER INSERT OR UPDATE ON items DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION no();
SQL
ends 8 $on $project --run
ended 8
says "23514"
silent "trying again"
unchanged e7b

echo "3: a project that cannot be read; the verdict is there all the same"
fresh e3
echo '{ "name": "shop", ' >"$SHOP/half.json"
for action in --run --dry-run "--redrive 1" "--publish 1"; do
    # shellcheck disable=SC2086
    ends 3 $on --project "$SHOP/half.json" $action
    is "the verdict of $action" "$(cat "$OUT")" \
        "no run: configuration error (exit 3): nothing was written; report: none"
done
ends 3 $on --project "$SHOP/half.json" --run --json
is "stdout with --json" "$(cat "$OUT")" ""
unchanged e3

echo "5: not fit, 6: source"
fresh e5
variant 's/"name": "shop",/&"invariants": [{"name": "i", "sql": "SELECT nonsense FROM items"}],/'
ends 5 $on $project --run
ended 5
reported 5
unchanged e5
echo '{ "items": [ { "id": 1, "name": "a" }, ' >"$SHOP/cut.json"
variant 's/data\.json/cut.json/'
ends 6 $on $project --run
is "the verdict" "$(cat "$OUT")" "no run: source failed (exit 6): nothing was written; report: none"
says "the document ends in the middle"
unchanged e5

if [ -n "$faults" ]; then
    echo "75: temporary; 10: busy; 130, 143: stopped; then done by the same command"
    fresh e75
    MIGHOST_FAULT=load.done:1:fail ends 75 $on $project --run
    ended 75
    unchanged e75
    stop_at() # POINT: a run that stands still there, in the background
    {
        MIGHOST_FAULT=$1:1:stop "$MIGHOST" $on $project --run >"$OUT" 2>"$ERR" </dev/null &
        stop_pid=$!
        stop_tries=0
        until grep -q '^State:.*stopped' "/proc/$stop_pid/status" 2>/dev/null; do
            stop_tries=$((stop_tries + 1))
            [ "$stop_tries" -lt 1200 ] || fail "the run does not come to $1"
            sleep 0.05
        done
    }
    stop_at load.done
    cp "$OUT" "$TEST_DIR/out.1"
    "$MIGHOST" $on $project --run >"$TEST_DIR/out.2" 2>"$TEST_DIR/err.2" </dev/null && fail "two runs at once"
    grep -q "another run is active: run 1 of project shop on host .*, pid $stop_pid, started " \
        "$TEST_DIR/err.2" || fail "who is active is not said: $(cat "$TEST_DIR/err.2")"
    ends 10 $on $project --run
    for signal in INT:130 TERM:143 HUP:143; do
        kill -"${signal%:*}" "$stop_pid"
        kill -CONT "$stop_pid"
        status=0
        wait "$stop_pid" || status=$?
        is "a run that gets $signal ends" "$status" "${signal#*:}"
        unchanged e75
        [ "$signal" = HUP:143 ] || stop_at load.done
    done
    ends 0 $on $project --run
    ended 0
    reported 0
    ends 0 $on $project --rollback
    unchanged e75

    echo "6: a source that fails while it is read"
    fresh e6
    cp "$SHOP/data.json" "$SHOP/moved.json"
    variant 's/data\.json/moved.json/'
    stop_at staging.created
    cp "$SHOP/cut.json" "$SHOP/moved.json"
    kill -CONT "$stop_pid"
    status=0
    wait "$stop_pid" || status=$?
    is "a run whose source is cut ends" "$status" 6
    ended 6
    unchanged e6
fi
echo "done"

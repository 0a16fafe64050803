# run_seen.sh - what a person is shown: the mapping before a run, the progress of one that works (on a
# terminal, in a log, from another terminal), how much there is before anything is written, the peak
# memory, the steps of an undo, and whether the audit trail is whole.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

schema()
{
    psql_t "$1" <<'SQL'
CREATE TABLE shops (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE sales (id uuid PRIMARY KEY, shop uuid NOT NULL REFERENCES shops, label text NOT NULL);
SQL
}

project shop <<'JSON'
{ "name": "shop",
  "sources": { "old": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [
    { "name": "shops", "policy": "replace",
      "options": { "table": "shops", "fields": { "id": { "key": "shops" }, "name": ["title", "text.trim"] } } },
    { "name": "sales", "policy": "replace",
      "options": { "table": "sales", "fields": { "id": { "key": "sales" },
        "shop": { "key": "shops", "from": "at" },
        "label": [{ "from": ["kind", "number"] }, { "use": "concat", "separator": "-" }] } } } ] }
JSON
awk 'BEGIN { print "{ \"shops\": [ { \"id\": 1, \"title\": \" first \" }, { \"id\": 2, \"title\": \"second\" } ],"
    print " \"sales\": ["
    for (i = 1; i <= 4000; i++)
        printf "  { \"id\": %d, \"at\": %d, \"kind\": \"sale\", \"number\": %05d }%s\n", i, i % 500 ? 1 + i % 2 : 99,
            i + 10000, i < 4000 ? "," : ""
    print "] }" }' >"$TEST_DIR/shop/data.json"
pg_createdb shop
schema shop

echo "the mapping, column by column, before the run"
mig 0 shop shop --plan
says "        name: title -> text.trim"
says '        shop: {"key": "shops", "from": "at"}'
says '        label: {"from": ["kind", "number"]} -> {"use": "concat", "separator": "-"}'

echo "what a chosen stage needs"
mig 0 shop shop --plan --only sales
says "stage sales uses keys of stage shops, which takes no part"
says "run shops first, or add --with-dependencies"
says "shops: disabled"
pg_createdb lone
schema lone
mkdir "$TEST_DIR/lone"
cp "$TEST_DIR/shop/data.json" "$TEST_DIR/lone"
jq '.max_rejects = "50%"' "$TEST_DIR/shop/project.json" >"$TEST_DIR/lone/project.json"
nothing 7 lone lone --only sales
says "stage shops, whose keys are used, takes no part? Run it first, or add --with-dependencies"
mig 20 shop shop --dry-run --only sales --with-dependencies
says "4002 records read, 3994 to migrate"
mig 0 shop shop --plan --only sales --with-dependencies --skip shops
says "stage sales uses keys of stage shops, which takes no part"

# One value of the run at work, as --status tells it: by its path.
status()
{
    DATABASE_URL=$(pg_url shop) "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/shop" --status --json \
        2>&1 >"$TEST_DIR/status"
    psql_t postgres -v file="$TEST_DIR/status" -v key="$1" <<'SQL'
\set content `cat :'file'`
SELECT :'content'::json -> 'current' #>> string_to_array(:'key', '.');
SQL
}

if [ -n "$("$MIGHOST" --list-faults)" ]; then
    echo "from another terminal, while a run works at an even pace"
    stand 20 shop shop chunk.read:1 --batch-size 100
    is "step" "$(status step)" "load"
    is "time left before anything was read" "$(status stages.0.status) $(status stages.0.seconds_left)" "loading "
    go_on
    mig 0 shop shop --rollback

    (MIGHOST_FAULT="chunk.read:*:sleep=100" mig 20 shop shop --run --batch-size 100)&
    half_pid=$!
    until [ "$(psql_t shop -c "SELECT count(*) FROM mighost.chunk WHERE stage = 'sales' AND run = 3")" -ge 20 ]; do
        kill -0 "$half_pid" || fail "the run ends before it is at half"
        sleep 0.02
    done
    asked=$(psql_t shop -c "SELECT clock_timestamp()")
    left=$(status stages.1.seconds_left)
    share=$(status stages.1.share) rate=$(status stages.1.rate) stage=$(status stages.1.name)
    read=$(status stages.1.read) at_work=$(status stages.1.status)
    wait "$half_pid" || exit 1
    is "stage" "$stage $at_work" "sales loading"
    rows shop "SELECT abs($left - s) <= 0.2 * s, $share BETWEEN 0.45 AND 0.7, $rate BETWEEN 600 AND 1100,
        $read BETWEEN 1900 AND 2800 FROM (SELECT extract(epoch FROM max(at) - '$asked') AS s
        FROM mighost.chunk WHERE run = (SELECT max(id) FROM mighost.run)) x" "t|t|t|t"
    is "step when it is over" "$(status step)" ""

    echo "a screen that is drawn again on a terminal (see screen.sh), lines of their own in a log"
    mig 0 shop shop --rollback
    ! command -v script >/dev/null || {
        (
            export DATABASE_URL="$(pg_url shop)" MIGHOST_FAULT="chunk.read:*:sleep=100" TERM=xterm
            script -qec "'$MIGHOST' --plugins '$PLUGINS' --project '$TEST_DIR/shop' --work-dir \
                '$TEST_DIR/work/shop' --run --batch-size 500" "$TEST_DIR/typescript" >/dev/null 2>&1 || :
        )
        tr '\r' '\n' <"$TEST_DIR/typescript" >"$TEST_DIR/drawn"
        grep -q '> sales  *[0-9,]* .* unknown ' "$TEST_DIR/drawn" ||
            fail "no time left unknown: $(cat "$TEST_DIR/drawn")"
        mig 0 shop shop --rollback
    }
    MIGHOST_FAULT="chunk.read:*:sleep=100" MIGHOST_LOG_EVERY=1 mig 20 shop shop --run --batch-size 100
    [ "$(grep -c 'sales: [0-9]* records, [0-9]* rejected, [0-9]*/s, [0-9]* %, [0-9]* s left' "$ERR")" -ge 2 ] ||
        fail "no progress in the log"
    mig 0 shop shop --rollback

    echo "the peak of memory, as the system sees it"
    stand 20 shop shop report.begin:1
    peak=$(awk '/^VmHWM:/{ print $2 }' "/proc/$stand_process/status")
    go_on
    rows shop "SELECT abs((report::json #>> '{run,peak_rss_kb}')::int - $peak) <= 0.05 * $peak FROM
        mighost.run ORDER BY id DESC LIMIT 1" t
    mig 0 shop shop --rollback
fi

echo "batches: as many as it takes, and the same rows whatever their size"
for size in 1 7 100 5000; do
    run 20 shop shop --batch-size "$size" --only shops,sales
    rows shop "SELECT count(*) FROM mighost.chunk WHERE stage = 'sales' AND run = $ledger_run" \
        "$(((4000 + size - 1) / size))"
    fingerprint_db shop >"$TEST_DIR/size.$size"
    cmp "$TEST_DIR/size.1" "$TEST_DIR/size.$size" || fail "other rows at batch size $size"
    mig 0 shop shop --rollback
    unchanged shop "run and rollback at batch size $size"
done

echo "how much there is, before anything is written"
run 20 shop shop
is "the lines around it" "$(sed -n 's/^\[[^]]*\] //p' "$ERR" | sed -n '/^check$/,/^backup$/p')" "check
4002 records read, exactly: 3994 to migrate, 0 skipped, 8 rejected
backup"

echo "the queries that checked it, again"
bundle=$BUNDLE
again_verify() # EXPECTED: rows, missing, different and changed since, of sales
{
    psql_t shop -f "$bundle/verify.sql" >"$TEST_DIR/verified"
    is "verify.sql" "$(grep '^"public"."sales"' "$TEST_DIR/verified")" "\"public\".\"sales\"|$1"
}
again_verify "3992|0|0|0"
again_verify "3992|0|0|0"
mig 0 shop shop --verify "$ledger_run"

echo "the audit trail: whole, edited, shortened"
psql_t shop -c "CREATE TABLE kept AS SELECT * FROM mighost.event"
for harm in "UPDATE mighost.event SET what = 'checked by hand' WHERE what = 'checked'" \
    "UPDATE mighost.event SET who = 'nobody' WHERE no = 1" "DELETE FROM mighost.event WHERE no = 2" \
    "UPDATE mighost.event SET at = at - interval '1 day' WHERE no = 3"; do
    psql_t shop -c "$harm"
    mig 8 shop shop --verify "$ledger_run"
    grep -Eq '[0-9] lines? of its audit trail (was|were) edited or removed' "$OUT" || fail "it is not told"
    psql_t shop -c "TRUNCATE mighost.event" -c "INSERT INTO mighost.event SELECT * FROM kept"
done
mig 0 shop shop --verify "$ledger_run"
rows shop "SELECT what LIKE 'opened by uid % on %, pid %: %--run%', count(*) OVER () FROM mighost.event
    WHERE run = $ledger_run AND no = 1" "t|1"

echo "what others changed since"
psql_t shop -c "UPDATE sales SET label = 'mine' WHERE label = 'sale-10001'" \
    -c "DELETE FROM sales WHERE label = 'sale-10002'"
again_verify "3992|1|0|1"
mig 8 shop shop --verify "$ledger_run"
psql_t shop -c "DROP TABLE kept"

echo "each step of an undo, with its rows and its time"
pg_createdb undo
schema undo
run 20 undo shop
mig 0 undo shop --rollback
for line in 'public.sales: 3992 inserted rows removed, 0 updated and 0 deleted ones restored, [0-9.]* s' \
    'public.shops: 2 inserted rows removed, 0 updated and 0 deleted ones restored, [0-9.]* s'; do
    grep -q "$line" "$ERR" || fail "the undo does not say: $line"
done
is "the last line" "$(tail -n 1 "$OUT" | sed 's/in [0-9.]* s ([0-9.]* s of them for the proof)/in T/')" \
    "run 1: rolled back in T, all its tables are as before the run (fingerprint equal)"

# batched_live.sh - runs in batches beside a live application: no write of it is lost between two
# batches; what fails or cannot be settled is taken back, or told with where the run stands.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/batched.sh"

command -v python3 >/dev/null || pgtmp_skip "no python3"
[ -n "$("$MIGHOST" --list-faults)" ] || pgtmp_skip "built without --enable-fault-injection"

batched cut200 '"publish": "batched", "publish_rows": 200,'

# ---- stopped ---------------------------------------------------------------------------------

echo "the server is killed"
fresh kill
stand 75 kill cut200 publish.before_commit:8
pg_stop immediate
pg_start
go_on # the batches are finished over a new connection, what reads besides ends there
mig 0 kill cut200 --run
rows kill "$count_items AND id > 100" 2400 # numbers of a sequence may be lost in a crash
rows kill "SELECT count(*), (SELECT count(*) FROM team) FROM item" "2500|30"
ledger kill

echo "the answer to COMMIT of a batch is lost, or the COMMIT"
rule=$TEST_DIR/rule
python3 "$top_srcdir/tests/fixtures/faultproxy.py" "$PGTMP_SOCKET/.s.PGSQL.5432" "$rule" >"$TEST_DIR/port" &
proxy=$!
at_exit "kill $proxy 2>/dev/null"
while [ ! -s "$TEST_DIR/port" ]; do sleep 0.05; done
for action in cut-after cut-before swallow; do
    fresh kill
    printf 'batch 9 of 17\tCOMMIT\\0\t%s\n' "$action" >"$rule"
    DATABASE_URL="postgresql://postgres@127.0.0.1:$(cat "$TEST_DIR/port")/$(pgtmp_db kill)?sslmode=disable" "$MIGHOST" \
        --plugins "$PLUGINS" --project "$TEST_DIR/cut200" --work-dir "$TEST_DIR/work/kill" \
        --report-dir "$TEST_DIR/reports/kill" --run >"$OUT" 2>"$ERR" || fail "$action: ended with $?"
    [ -f "$rule.done" ] || fail "$action: never came to that COMMIT"
    rm "$rule.done"
    BUNDLE=$(sed -n 's/^run .*; report: //p' "$OUT")
    says "asking the target what became of it"
    ledger kill
    rows kill "$count_items AND id > 100" 2400
    rows kill "SELECT count(*), (SELECT count(*) FROM team) FROM item" "2500|30"
    rows kill "SELECT count(*), count(DISTINCT what) FROM mighost.event WHERE what LIKE 'batch %'" "17|17"
done
kill "$proxy" # it holds a connection open
until [ "$(psql_t postgres -c "SELECT count(*) FROM pg_stat_activity WHERE datname = '$(pgtmp_db kill)'")" = 0 ]; do
    sleep 0.05
done
undo_proof kill cut200

echo "half a dry run beside half a run"
fresh kill
(MIGHOST_FAULT=publish.after_commit:7:kill mig 137 kill cut200 --run) || exit 1
(MIGHOST_FAULT=check.done:1:kill mig 137 kill cut200 --dry-run) || exit 1
mig 0 kill cut200 --run
rows kill "SELECT id, state FROM mighost.run ORDER BY 1" "1|done
2|loading"
rows kill "$count_items AND id > 100" 2400

echo "stopped in order"
fresh kill
(MIGHOST_FAULT=publish.after_commit:7:term mig 143 kill cut200 --run) || exit 1
says "batches 1 to 7 of 17 are published"
stands_at kill 3
mig 0 kill cut200 --rollback
unchanged kill "a run that was stopped, and its rollback"

# ---- others write, too -------------------------------------------------------------------

echo "a writer between two batches"
fresh live
stand 0 live cut200 publish.after_commit:7 # items up to 700
psql_t live <<'SQL'
UPDATE item SET size = -1 WHERE id = 300;
UPDATE item SET seen = 77 WHERE id = 301;
INSERT INTO journal VALUES ('app');
INSERT INTO item (id, team_id, name, seen) VALUES (1500, 5, 'app 1500', 5), (7777, 5, 'app 7777', 5);
UPDATE item SET seen = 78, size = -2 WHERE id = 2500;
SQL
go_on
rows live "SELECT id, team_id, name, size, seen FROM item WHERE id IN (300, 301, 1500, 7777, 2500) ORDER BY 1" \
    "300|1|item 300|-1|7
301|2|item 301|301|77
1500|1|item 1500|1500|5
2500|11|item 2500|2500|78
7777|5|app 7777||5"
rows live "$count_items AND id > 100" 2399
rows live "SELECT no > 10000 FROM item WHERE id = 7777" t
mig 13 live cut200 --rollback # its rows were changed
psql_t live -c "UPDATE item SET size = 300 WHERE id = 300"

echo "a writer takes back what is to be written, and what is to go"
fresh live
stand 0 live cut200 publish.after_commit:1 # a part of the items that go
psql_t live <<'SQL'
DELETE FROM item WHERE id = 200;
UPDATE item SET seen = 9 WHERE id IN (9249, 9250);
DELETE FROM item WHERE id = 9248;
SQL
go_on
says "3 rows that the source no longer has"
rows live "SELECT id, team_id, name, seen FROM item WHERE id > 9000 OR id = 200 ORDER BY 1" "200|21|item 200|0
9249|501|gone 249|9
9250|501|gone 250|9"
rows live "SELECT id FROM team WHERE id > 30" 501
rows live "$count_items AND id > 100" 2400
mig 0 live cut200 --run
rows live "SELECT count(*) FROM team WHERE id > 30" 0

echo "a key is taken: what is there is told, and settled by hand"
fresh live
stand 9 live cut200 publish.after_commit:7
psql_t live -c "INSERT INTO item (id, team_id, name, seen) VALUES (8000, 5, 'item 1000', 5)"
go_on
says "live rows changed since check: constraint item_name_key"
says "batches 1 to 8 of 17 are published, nothing of the rest: repeat the same command, or --rollback 1"
stands_at live 4
mig 9 live cut200 --run
stands_at live 4
psql_t live -c "DELETE FROM item WHERE id = 8000"
mig 0 live cut200 --run
rows live "$count_items AND id > 100" 2400

# ---- what fails --------------------------------------------------------------------------

echo "an invariant that does not hold in the last batch takes all back"
batched wrong '"publish": "batched", "publish_rows": 200, "invariants": [
    { "name": "few", "sql": "SELECT FROM item HAVING count(*) > 2499" } ],'
fresh bad
fingerprint_db bad >"$TEST_DIR/before.bad"
mig 8 bad wrong --run
says "invariant few does not hold"
unchanged bad "a run whose invariant fails"
rows bad "SELECT state FROM mighost.run" rolled_back

echo "a table's own check fails in the middle: all is taken back"
fresh bad
psql_t bad <<'SQL'
CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF new.id = 1999 THEN RAISE 'no'; END IF;
    RETURN new; END$$;
CREATE TRIGGER no BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION no();
SQL
fingerprint_db bad >"$TEST_DIR/before.bad"
mig_any bad cut200 --run
[ "$mig_status" -ne 0 ] || fail "a trigger's refusal went unseen"
unchanged bad "a run that a trigger refuses"

echo "what cannot be cut"
batched hooked '"publish": "batched", "hooks": [ { "name": "h", "before": "SELECT 1", "undo": "SELECT 2" } ],'
nothing 3 bad hooked
says "hooks belong to one publish transaction"
batched built '"publish": "batched", "indexes": "rebuild",'
nothing 3 bad built
says "needs one transaction"
echo "ok"

# production.sh - a target that is marked as production takes a run only after a passed rehearsal of
# the very same plan and with a checklist that was gone through, and only as long as the run goes as
# it was rehearsed.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb live
pg_createdb copy
psql_t live -c "CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, price numeric(8,2));
    INSERT INTO items SELECT n, 'old', 1 FROM generate_series(1, 20) n"
STAGING_DATABASE_URL=$(pg_url copy)
export STAGING_DATABASE_URL
project shop <<'JSON'
{ "name": "shop", "target": { "production": true }, "checklist": "list.md",
  "sources": { "old": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "items", "policy": "update", "ids": "keep",
    "options": { "table": "items", "fields": { "id": "id", "name": "name" } } } ] }
JSON
items() # FROM TO
{
    seq "$1" "$2" | awk 'BEGIN { printf "{ \"items\": [" } { printf "%s{ \"id\": %d, \"name\": \"n%d\" }",
        (NR > 1 ? "," : ""), $1, $1 } END { print "] }" }' >"$TEST_DIR/shop/data.json"
}
items 11 30
cat >"$TEST_DIR/shop/list.md" <<'END'
# Before the run
- [x] Backup strategy confirmed (A. Miller, 2026-11-30)
- [ ] Team notified
* [x] Monitoring in place
## Deployment
- [ ] The app switched to the new database
## After the run
- [ ] Login tried
- [ ] Old backups pruned, V1 switched off
END

refused() # TEXT...: a run is, with this, and nothing is changed
{
    nothing 5 live shop --yes
    for text in "$@"; do
        says "$text"
    done
}

echo "never rehearsed, and two items open: a cross without a name is none"
refused "project shop was never rehearsed for this target" \
    "2 items of the checklist are open: Team notified; Monitoring in place" "state: nothing was written"
mig 0 live shop --plan
says "[x] Backup strategy confirmed (A. Miller, 2026-11-30)"
says "[ ] after: Login tried"
mig 0 live shop --preflight
says "[ ] during: The app switched to the new database"
says "checklist, 2 of 6 open before the run"
says "production: a run is refused: project shop was never rehearsed"
nothing 2 live shop
says "nobody confirmed"

echo "rehearsed, and acknowledged in a copy of the list"
mig 0 live shop --rehearse
psql_t live -c "UPDATE mighost.rehearsal SET measured = (jsonb_set(measured::jsonb, '{stages,items,seconds}', '41.5')
    || '{\"lock_seconds\": 2.5}')::json"
mig 0 live shop --plan
says "estimated by rehearsal 1 of this plan"
says "load and publish: 20 records, 44.0 s"
refused "2 items of the checklist are open"
sed -e 's/- \[ \] Team notified/- [X] Team notified (B. Jones, 2026-12-01)/' \
    -e 's/in place$/& (B. Jones, 2026-12-01)/' "$TEST_DIR/shop/list.md" >"$TEST_DIR/done.md"
! grep -q 'Team notified (' "$TEST_DIR/shop/list.md" || fail "the list itself is changed"
echo '["Team notified"]' >"$TEST_DIR/other.json"
nothing 5 live shop --yes --acknowledge "$TEST_DIR/other.json"
run 0 live shop --yes --acknowledge "$TEST_DIR/done.md"
rows live "SELECT count(*), count(*) FILTER (WHERE name LIKE 'n%') FROM items" "30|20"
reported '"id": 1'
reported '"forced": false'
reported "$(sha256sum "$TEST_DIR/done.md" | cut -d' ' -f1)"
mig 0 live shop --rollback --yes
cp "$TEST_DIR/done.md" "$TEST_DIR/shop/list.md"
mig 0 live shop --preflight
says "production: rehearsal 1 of this plan passed"

echo "another project file, another stage, another plugin, another table: what differs is said"
cp "$TEST_DIR/shop/project.json" "$TEST_DIR/shop/good.json"
sed 's/"shop",/&"retries": 3,/' "$TEST_DIR/shop/good.json" >"$TEST_DIR/shop/project.json"
refused "since rehearsal 1 changed: the project file or the choice of validators (the project file)"
printf '\n' | cat "$TEST_DIR/shop/good.json" - >"$TEST_DIR/shop/project.json" # one byte
refused "since rehearsal 1 changed: the project file or the choice of validators (the project file)"
cp "$TEST_DIR/shop/good.json" "$TEST_DIR/shop/project.json"
sed -i 's/"file": "data.json"/"file": "${DOCUMENT:-data.json}"/' "$TEST_DIR/shop/project.json"
mig 0 live shop --rehearse
cp "$TEST_DIR/shop/data.json" "$TEST_DIR/shop/data2.json"
DOCUMENT=data2.json
export DOCUMENT
refused "since rehearsal 2 changed: the chosen stages, their variables or their plugins (stage items)"
unset DOCUMENT
changed_table() # SQL UNDO NAMES
{
    psql_t live -c "$1"
    refused "since rehearsal 2 changed: the target's tables ($3)"
    psql_t live -c "$2"
}
changed_table "ALTER TABLE items ADD COLUMN more int" "ALTER TABLE items DROP COLUMN more" \
    "column public.items.more is new"
changed_table "ALTER TABLE items ALTER price TYPE numeric(9,2), ALTER name DROP NOT NULL" \
    "ALTER TABLE items ALTER price TYPE numeric(8,2), ALTER name SET NOT NULL" \
    "column public.items.name, column public.items.price"
changed_table "CREATE UNIQUE INDEX named ON items (id, name)" "DROP INDEX named" \
    "unique index named of public.items is new"
changed_table "ALTER TABLE items ADD CONSTRAINT apart EXCLUDE (id WITH =)" "ALTER TABLE items DROP CONSTRAINT apart" \
    "exclusion constraint apart of public.items is new"
changed_table "ALTER TABLE items ADD CHECK (price > 0)" "ALTER TABLE items DROP CONSTRAINT items_price_check" \
    "check items_price_check of public.items is new"
cp -rL "$PLUGINS" "$TEST_DIR/plugins"
printf x >>"$TEST_DIR/plugins/source-json.so"
given=$PLUGINS
PLUGINS=$TEST_DIR/plugins
refused "since rehearsal 2 changed: the chosen stages, their variables or their plugins, the plugins (plugin" \
    "(plugin source-json.so, stage items)"
PLUGINS=$given
mig 0 live shop --preflight
says "production: rehearsal 2 of this plan passed"

echo "a no-go is no rehearsal; --force goes on, and that stands in the report"
sed -i 's/"shop",/&"invariants": [{"name": "i", "sql": "SELECT 1 FROM items HAVING count(*) > 25"}],/' \
    "$TEST_DIR/shop/project.json"
mig 8 live shop --rehearse
refused "rehearsal 3 of this plan said no-go"
sed 's/"shop",/&"scenarios": [{"name": "s", "sql": "SELECT id FROM public.items WHERE id = 30"}],/' \
    "$TEST_DIR/shop/good.json" >"$TEST_DIR/shop/project.json"
mig 8 live shop --rehearse # a scenario that fails on the copy
refused "rehearsal 4 of this plan said no-go"
cp "$TEST_DIR/shop/good.json" "$TEST_DIR/shop/project.json"
sed -i 's/"retries": 3,//; s/"shop",/&"threads": 1,/' "$TEST_DIR/shop/project.json"
run 0 live shop --force
reported '"forced": true'
reported 'since rehearsal'
mig 0 live shop --rollback --yes

echo "a run that goes otherwise than its rehearsal stops before publish"
mig 0 live shop --rehearse
id=$(psql_t live -c "SELECT max(id) FROM mighost.rehearsal")
items 11 35
nothing 9 live shop --yes
says "stage items: 25 records read, rehearsal $id had 20"
says "state: no live table was changed"
items 11 33
run 0 live shop --yes # 15 % are within the tolerance
mig 0 live shop --rollback --yes
psql_t live -c "INSERT INTO items SELECT n, 'app', 1 FROM generate_series(21, 30) n"
nothing 9 live shop --yes
says "public.items: 3 rows to insert, rehearsal $id had 10"
sed -i 's/"threads": 1,/"threads": 1, "rehearsal": { "tolerance": "100%" },/' "$TEST_DIR/shop/project.json"
refused "the project file"
mig 0 live shop --rehearse
psql_t live -c "UPDATE mighost.rehearsal SET measured = jsonb_set(measured::jsonb, '{steps,check}', '0')::json"
if [ -n "$("$MIGHOST" --list-faults)" ]; then
    MIGHOST_DEVIATION=0
    export MIGHOST_DEVIATION
    nothing 9 live shop --yes
    says "step check: "
    unset MIGHOST_DEVIATION
fi
run 0 live shop --yes
says "next on the checklist: The app switched to the new database; Login tried; Old backups pruned, V1 switched off"

echo "the way back is given up only when all of the list is done"
last=$(psql_t live -c "SELECT max(id) FROM mighost.run")
fingerprint_db live >"$TEST_DIR/before.live"
mig 5 live shop --finalize "$last"
says "3 items of the checklist are open: The app switched to the new database; Login tried"
says "nothing was changed"
rows live "SELECT state FROM mighost.run WHERE id = $last" "done"
mig 0 live shop --rollback --yes
run 0 live shop --force
last=$(psql_t live -c "SELECT max(id) FROM mighost.run")
sed 's/- \[ \] \(.*\)/- [x] \1 (C. Jones, 2026-12-02)/' "$TEST_DIR/shop/list.md" >"$TEST_DIR/all.md"
mig 0 live shop --finalize "$last" --acknowledge "$TEST_DIR/all.md"
rows live "SELECT state FROM mighost.run WHERE id = $last" finalized

echo "named like production, and the project does not say"
pg_createdb shop-prod
pg_createdb prod_copy
pg_createdb products
for db in shop-prod prod_copy products; do
    psql_t "$db" -c "CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL)"
done
project named <<'JSON'
{ "name": "shop", "sources": { "old": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "items", "ids": "keep",
    "options": { "table": "items", "fields": { "id": "id", "name": "name" } } } ] }
JSON
cp "$TEST_DIR/shop/data.json" "$TEST_DIR/named/data.json"
nothing 2 shop-prod named
says "the target looks like production (database shop-prod) and nobody confirmed"
mig 0 shop-prod named --dry-run
run 0 shop-prod named --yes
mig 2 shop-prod named --rollback
rows shop-prod "SELECT count(*) > 0 FROM items" t
mig 2 shop-prod named --restore backup-x
mig 0 shop-prod named --rollback --yes
for said in true false; do
    sed "s/\"name\": \"shop\",/&\"target\": { \"production\": $said },/" "$TEST_DIR/named/project.json" \
        >"$TEST_DIR/named/said.json"
    cp -r "$TEST_DIR/named" "$TEST_DIR/said_$said"
    mv "$TEST_DIR/said_$said/said.json" "$TEST_DIR/said_$said/project.json"
done
nothing 2 shop-prod said_true
says "marked as production"
run 0 shop-prod said_false
run 0 prod_copy named
run 0 products named

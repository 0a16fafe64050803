# run_backups.sh - backups as runs make them: one before each run that writes, under a name made of the
# time; any of them can be gone back to; old ones go by age and by number, never the newest good one.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

stored=$TEST_DIR/backups/shop
name='^backup-[0-9]\{4\}-[01][0-9]-[0-3][0-9]T[0-2][0-9]-[0-5][0-9]-[0-6][0-9]-[0-9]\{3\}Z\(-[0-9]*\)\{0,1\}$'
project shop <<'JSON'
{ "name": "shop", "sources": { "old": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [ { "name": "items", "policy": "update", "ids": "keep",
    "options": { "table": "items", "fields": { "id": "id", "name": "name" } } } ] }
JSON
pg_createdb shop
psql_t shop -c "CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL)"

names() # newest first, as they are on disk
{
    ls "$stored" | sort -r
}

for n in 1 2 3 4; do
    echo "{ \"items\": [ { \"id\": 1, \"name\": \"run $n\" } ] }" >"$TEST_DIR/shop/data.json"
    run 0 shop shop
    backup=$(psql_t shop -c "SELECT backup FROM mighost.run WHERE id = $n")
    echo "$backup" | grep -q "$name" || fail "a backup is named $backup"
    is "the newest on disk" "$(names | head -n 1)" "$backup"
    eval "backup_$n=\$backup"
done
is "backups" "$(names | wc -l)" 4

echo "a run that has nothing to write makes none"
again 0 shop shop
is "backups" "$(names | wc -l)" 4

echo "they are listed with time, run, scope, size, and whether they are whole"
mig 0 shop shop --backups
is "lines" "$(wc -l <"$OUT")" 4
is "the order" "$(awk '{ print $1, $3, $4, $5 }' "$OUT")" "$backup_4 run 4 tables
$backup_3 run 3 tables
$backup_2 run 2 tables
$backup_1 run 1 tables"
is "whole ones" "$(grep -c ' bytes  good$' "$OUT")" 4

echo "any of them can be gone back to"
for n in 3 2 4; do
    eval "backup=\$backup_$n"
    mig 0 shop shop --restore "$backup"
    rows shop "SELECT id, name FROM items" "1|run $((n - 1))"
done
mig 0 shop shop --restore "$backup_1"
rows shop "SELECT count(*) FROM items" 0

echo "by age: none of these is old"
mig 2 shop shop --prune 0
says "at least 1"
mig 0 shop shop --prune 30
is "backups after --prune 30" "$(names | wc -l)" 4
printf x | dd of="$stored/$backup_4/data.dump" bs=1 seek=100 conv=notrunc 2>/dev/null
mig 0 shop shop --backups
grep "^$backup_4 " "$OUT" | grep -q 'data.dump' || fail "the damaged one is listed as whole"
mig 12 shop shop --restore "$backup_4"

echo "by number, after each backup; a damaged one does not count"
sed 's/"name": "shop",/&"backup": {"keep_count": 2},/' "$TEST_DIR/shop/project.json" >"$TEST_DIR/shop/two.json"
for n in 6 7 8; do
    echo "{ \"items\": [ { \"id\": 1, \"name\": \"run $n\" } ] }" >"$TEST_DIR/shop/data.json"
    mig 0 shop shop/two.json --run
done
mig 0 shop shop --backups
is "whole ones" "$(grep -c ' bytes  good$' "$OUT")" 2
is "of the runs" "$(awk '/ good$/ { print $4 }' "$OUT" | tr '\n' ' ')" "$(psql_t shop -c "SELECT
    string_agg(id::text, ' ' ORDER BY id DESC) || ' ' FROM (SELECT id FROM mighost.run ORDER BY id DESC LIMIT 2) x")"

echo "two at once do not take each other's name"
for n in 1 2 3; do
    mig 0 shop shop --backup &
done
wait
mig 0 shop shop --backups
is "whole ones" "$(grep -c ' bytes  good$' "$OUT")" 5
! names | grep -v "$name" || fail "a name has another form"

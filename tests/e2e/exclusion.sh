# exclusion.sh - tables whose rows an exclusion constraint keeps apart: who is in another's way is
# refused in check, by record, before anything is written; the first in source order stays; a swap goes
# where the constraint is deferred; what is in the way of an undo is listed.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

rejects="SELECT key, code, replace(reason, ' (constraint one guest)', '') FROM mighost.reject
    WHERE run = (SELECT max(id) FROM mighost.run) ORDER BY number"
live="SELECT id, nr, during, note FROM booking ORDER BY id"

fresh() # DEFERRABLE
{
    [ -f "$TEST_DIR/before.shop" ] || pg_createdb shop
    psql_t shop <<SQL
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS mighost CASCADE;
DROP TABLE IF EXISTS booking;
CREATE TABLE booking (id int PRIMARY KEY, nr int, during int4range, note text, CONSTRAINT "one guest"
    EXCLUDE USING gist (int4range(nr, nr, '[]') WITH &&, during WITH &&) WHERE (note <> 'waits') ${1-});
INSERT INTO booking VALUES (1, 1, '[1,5)', 'live'), (2, 1, '[5,9)', 'live'), (3, 2, '[1,5)', 'live');
SQL
}
document() # POLICY
{
    cat <<JSON
{ "name": "shop", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" }, "max_delete": "100%", "stages": [ { "name": "bookings", "policy": "$1",
  "ids": "keep", "options": { "table": "booking", "fields": { "id": "id", "nr": "nr", "during": "during",
  "note": "note" } } } ] }
JSON
}
row() # ID NR DURING [NOTE]
{
    printf '{ "id": %s, "nr": %s, "during": "%s", "note": "%s" }' "$1" "$2" "$3" "${4-mig}"
}
bookings() # ROW...
{
    printf '{ "bookings": [ %s ] }' "$(printf '%s\n' "$@" | paste -sd ,)" | data shop
}

echo "in the way of a live row, of an earlier record, of one that fell itself"
document update | project shop
bookings "$(row 4 1 '[2,3)')" "$(row 5 3 '[1,5)')" "$(row 6 3 '[4,8)')" "$(row 7 3 '[6,9)')" \
    "$(row 8 3 '[1,9)' waits)" '{ "id": 9, "nr": 3, "note": "mig" }' "$(row 3 2 '[1,6)')"
fresh
run 20 shop shop
rows shop "$live" "1|1|[1,5)|live
2|1|[5,9)|live
3|2|[1,6)|mig
5|3|[1,5)|mig
7|3|[6,9)|mig
8|3|[1,9)|waits
9|3||mig"
rows shop "$rejects" '4|collision|a live row that stays, or hands over its place in this run, is in its way
6|duplicate|an earlier record of this run is in its way: the one with the source key 5 stays'
undo_proof shop shop
again 20 shop shop

echo "a swap: row by row it cannot be, at the end it can"
bookings "$(row 1 1 '[5,9)')" "$(row 2 1 '[1,5)')"
fresh
run 20 shop shop
rows shop "SELECT count(*) FROM mighost.reject WHERE code = 'collision'" 2
fresh "DEFERRABLE INITIALLY DEFERRED"
run 0 shop shop
rows shop "$live" "1|1|[5,9)|mig
2|1|[1,5)|mig
3|2|[1,5)|live"
undo_proof shop shop
bookings "$(row 1 1 '[6,9)')" "$(row 4 1 '[5,7)')"
fresh "DEFERRABLE INITIALLY DEFERRED"
run 20 shop shop
rows shop "SELECT key, code FROM mighost.reject ORDER BY number" "1|collision
4|duplicate"

echo "what replace deletes is in nobody's way"
document replace | project shop
bookings "$(row 10 1 '[1,9)')" "$(row 3 2 '[1,5)' live)"
fresh
run 0 shop shop
rows shop "$live" "3|2|[1,5)|live
10|1|[1,9)|mig"
undo_proof shop shop

echo "the application takes the place of a row that went: listed at undo, and left"
fresh
psql_t shop -c "DELETE FROM booking WHERE id = 1; INSERT INTO booking VALUES (1, 4, '[1,5)', 'live')"
bookings "$(row 3 2 '[1,5)' live)"
run 0 shop shop
psql_t shop -c "INSERT INTO booking VALUES (20, 4, '[4,9)', 'app')"
fingerprint_db shop >"$TEST_DIR/before.shop"
mig 13 shop shop --rollback
says "constraint one guest of booking"
unchanged shop "a rollback in whose way a row is"
mig 0 shop shop --rollback --rollback-mode untouched
says "key 1: another row is in its way, by one guest"
rows shop "$live" "2|1|[5,9)|live
3|2|[1,5)|live
20|4|[4,9)|app"

echo "of many rows each is gone through once, whatever the constraint"
psql_t shop <<'SQL'
SET client_min_messages = warning;
DROP SCHEMA mighost CASCADE;
DROP TABLE booking;
CREATE TABLE booking (id int PRIMARY KEY, nr int, during int4range, note text, EXCLUDE USING gist (during WITH &&));
SQL
psql_t shop -c "SELECT json_build_object('bookings', json_agg(json_build_object('id', i, 'nr', 1, 'note', 'mig',
    'during', CASE WHEN i <= 3000 THEN int4range(2 * i, 2 * i + 3) ELSE '[0,2)' END) ORDER BY i))
    FROM generate_series(1, 6000) i" | data shop
run 20 shop shop
rows shop "SELECT count(*), count(*) FILTER (WHERE id % 2 = 1), max(id) FROM booking" "1501|1501|3001"

if [ -n "$("$MIGHOST" --list-faults)" ]; then
    echo "the application takes a place between check and publish"
    document update | project shop
    bookings "$(row 4 1 '[9,12)')" "$(row 5 3 '[1,5)')"
    fresh
    stand 20 shop shop publish.begin:1
    psql_t shop -c "INSERT INTO booking VALUES (30, 1, '[11,13)', 'app')"
    go_on
    says "checking again"
    rows shop "SELECT id, note FROM booking WHERE id > 3 ORDER BY id" "5|mig
30|app"
    rows shop "SELECT key, code FROM mighost.reject ORDER BY number" "4|collision"
fi
echo "ok"

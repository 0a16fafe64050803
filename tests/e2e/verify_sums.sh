# verify_sums.sh - a large table that was empty is verified by its fingerprint, worked out from staging
# while publish writes; where that is not what it should be, or not known, row by row.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

shop_db() # DB [SQL]
{
    pg_createdb "$1"
    psql_t "$1" -c "CREATE TABLE item (id int PRIMARY KEY, label text, price numeric(8,2), extra jsonb)" \
        -c "CREATE TABLE few (id int PRIMARY KEY, label text)" -c "${2-}"
}
verified() # FIELDS: of the last run's report
{
    jq -r ".verify | [$1] | join(\" \")" "$BUNDLE/report.json"
}

awk 'BEGIN { printf "{ \"items\": ["
    for (i = 1; i <= 20001; i++)
        printf "%s{\"id\": %d, \"label\": %s, \"price\": \"%d.5\", \"extra\": {\"n\": %d.0}}",
            (i > 1 ? ",\n" : ""), i, i % 7 ? "\"item " i "\"" : "null", i, i
    print "], \"few\": [{\"id\": 1, \"label\": \"one\"}] }" }' | data shop
project shop <<'JSON'
{ "name": "shop", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" },
  "stages": [
    { "name": "items", "ids": "keep", "options": { "table": "item",
        "fields": { "id": "id", "label": "label", "price": "price", "extra": "extra" } } },
    { "name": "few", "ids": "keep", "options": { "table": "few",
        "fields": { "id": "id", "label": "label" } } } ] }
JSON

shop_db whole
run 0 whole shop
is "rows, by fingerprint, fields, differences" \
    "$(verified ".rows, .by_fingerprint, .fields, .differences")" \
    "20002 20001 80006 0"
mig 0 whole shop --verify 1
says "20002 rows, 80006 fields compared; 0 rows differ"

# One value that publish itself leaves other than it was staged, and one in another image.
hooked() # NAME SET WHERE
{
    project "$1" <<JSON
{ "name": "shop", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" },
  "hooks": [ { "name": "change", "after": "UPDATE item SET $2 WHERE $3", "undo": "" } ],
  "stages": [ { "name": "items", "ids": "keep", "options": { "table": "item",
        "fields": { "id": "id", "label": "label", "price": "price", "extra": "extra" } } } ] }
JSON
    cp "$TEST_DIR/shop/data.json" "$TEST_DIR/$1/data.json"
    shop_db "$1"
    mig 8 "$1" "$1" --run
    says "1 of 20001 rows are not in the live tables as they were staged"
    ! grep -qF '\x0a' "$ERR" "$BUNDLE/run.log" || fail "an error holds a line end"
    rows "$1" "SELECT count(*) FROM item" 0
}
hooked changed "label = 'other', price = 9" "id = 20000"
says "why: public.item column label: 1 row differs; public.item column price: 1 row differs"
hooked image "price = 5.50, extra = jsonb_build_object('n', 5.00)" "id = 5"
says "public.item column extra: 1 row differs"

# Who writes between publish and verify is told apart.
shop_db others
stand 0 others shop publish.after_commit:1
psql_t others -c "UPDATE item SET label = 'mine' WHERE id = 3" -c "DELETE FROM item WHERE id = 4"
go_on
is "changed since, by fingerprint" "$(verified ".changed_since, .by_fingerprint")" "2 0"

# A column that nobody stages, rows that are there before: not all of the table is known.
shop_db column "ALTER TABLE item ADD note text DEFAULT 'new'"
run 0 column shop
is "by fingerprint" "$(verified ".rows, .by_fingerprint")" "20002 0"
shop_db before "INSERT INTO item VALUES (-1, 'mine')"
run 0 before shop
is "by fingerprint" "$(verified ".rows, .by_fingerprint")" "20002 0"

# Who comes back behind publish has no answer to wait for.
shop_db killed
(MIGHOST_FAULT=publish.after_commit:1:kill mig 137 killed shop --run) || exit 1
mig 0 killed shop --run
is "by fingerprint" "$(verified ".rows, .by_fingerprint")" "20002 0"

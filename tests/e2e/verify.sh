# verify.sh - what --verify finds when values were changed behind its back: table, key, column, what was
# to be there and what is; on stdout alone.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb shop
psql_t shop <<'SQL'
CREATE TABLE item (id int PRIMARY KEY, label text, price numeric(8,2), seen timestamptz, extra jsonb);
CREATE TABLE part (item_id int REFERENCES item, no int, "odd ""name""" text, PRIMARY KEY (item_id, no));
SQL
{
    awk 'BEGIN { printf "{ \"items\": ["
        for (i = 1; i <= 3000; i++)
            printf "%s{\"id\": %d, \"label\": \"item %d\", \"price\": \"%d.50\", " \
                "\"extra\": {\"n\": %d}}",
                (i > 1 ? ",\n" : ""), i, i, i, i
        print "],"
    }'
    echo '"parts": [{"item": 1, "no": 1, "text": "left"}, {"item": 1, "no": 2, "text": null}] }'
} | data shop
project shop <<'JSON'
{ "name": "shop", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "backup": { "scope": "none" },
  "stages": [
    { "name": "items", "ids": "keep", "options": { "table": "item",
        "fields": { "id": "id", "label": "label", "price": "price", "extra": "extra" } } },
    { "name": "parts", "ids": "keep", "key": ["item", "no"], "options": { "table": "part",
        "fields": { "item_id": "item", "no": "no", "odd \"name\"": "text" } } } ] }
JSON
run 0 shop shop
mig 0 shop shop --verify 1
says "3002 rows, 12006 fields compared; 0 rows differ, 0 changed by the target's triggers"

psql_t shop -c "UPDATE item SET price = 1700.51 WHERE id = 1700"
mig 8 shop shop --verify 1
is "one field" "$(grep -c expected "$OUT")" 1
grep -qxF '"public"."item" key 1700, column price: expected 1700.50, found 1700.51' "$OUT" ||
    fail "the changed field is not named"
grep -qF 1700.51 "$ERR" && fail "a value stands on stderr"

# A value that is equal and not the same, a NULL, a composite key, a column that nobody wrote.
psql_t shop -c "UPDATE item SET price = 1700.50, seen = now() WHERE id = 1700" \
    -c "UPDATE item SET extra = '{\"n\": 8.0}' WHERE id = 8" \
    -c "UPDATE part SET \"odd \"\"name\"\"\" = CASE no WHEN 1 THEN NULL ELSE 'right' END"
mig 8 shop shop --verify 1
is "the fields" "$(grep expected "$OUT" | sort)" \
    '"public"."item" key 8, column extra: expected {"n": 8}, found {"n": 8.0}
"public"."part" key 1, 1, column odd "name": expected left, found NULL
"public"."part" key 1, 2, column odd "name": expected NULL, found right'
says "4 changed since by others"
is "the row whose fields are as they were" "$(grep 'key 1700' "$OUT")" \
    '"public"."item" key 1700: written by others since, no value of the run changed'

psql_t shop -c "DELETE FROM part WHERE no = 2"
mig 8 shop shop --verify 1
is "the row that is gone" "$(grep 'key 1, 2' "$OUT")" '"public"."part" key 1, 2: missing'
psql_t shop -c "INSERT INTO part VALUES (1, 2, NULL)"
mig 8 shop shop --verify 1
is "the row that is back, every column as it was" "$(grep 'key 1, 2' "$OUT")" ""
says "3 changed since by others"

# Very many are counted, and some named.
psql_t shop -c "UPDATE item SET label = upper(label)"
mig 8 shop shop --verify 1
is "named labels" "$(grep -c 'column label' "$OUT")" 20
says "3001 changed since by others"

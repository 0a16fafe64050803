# csv.sh - CSV files into a database: what PostgreSQL's own COPY takes for right arrives as COPY has
# it; encodings; every kind of bad record is kept aside with its line, and costs no other; a run that
# is stopped in the middle of a file goes on there; broken files, and fields that a file lacks, end
# the run before anything is written.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb shop
psql_t shop -c 'CREATE TABLE item (id int PRIMARY KEY, label text, note text)' \
    -c 'CREATE TABLE wanted (LIKE item)'

# csv NAME [OPTIONS]: a project that copies id, label and note of items.csv, which is on stdin
csv()
{
    project "$1" <<JSON
{ "name": "$1", "batch_size": 500, "backup": { "scope": "none" }, "max_delete": "100%",
  "sources": { "d": { "use": "csv", "options": { "file": "items.csv" ${2-} } } },
  "stages": [ { "name": "items", "policy": "replace", "ids": "keep", "options": { "table": "item",
      "fields": { "id": ["id", "number.int"], "label": "label", "note": "note" } } } ] }
JSON
    cat >"$TEST_DIR/$1/items.csv"
}

same_as_wanted() # WHAT
{
    is "$1" "$(psql_t shop -c '(TABLE item EXCEPT TABLE wanted) UNION ALL (TABLE wanted EXCEPT TABLE item)')" ""
    is "$1: rows" "$(psql_t shop -c 'SELECT count(*) FROM item')" \
        "$(psql_t shop -c 'SELECT count(*) FROM wanted')"
}

# ---- the same as COPY --------------------------------------------------------------------

echo "what COPY writes and reads is read as COPY reads it"
psql_t shop <<'SQL'
INSERT INTO wanted SELECT n, CASE n % 7 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '"' || n || '""'
    WHEN 3 THEN E'line\nof ' || n || E'\r\n\rlast,' WHEN 4 THEN ' Žluťoučký € 😀 '
    WHEN 5 THEN repeat('x,"', n % 4000) ELSE 'plain' END,
    CASE n % 5 WHEN 0 THEN NULL WHEN 1 THEN E'\n' WHEN 2 THEN ',' WHEN 3 THEN '\.' ELSE '' END
    FROM generate_series(1, 5000) n;
SQL
psql_t shop -c 'COPY wanted TO STDOUT WITH (FORMAT csv, HEADER)' | csv copied
run 0 shop copied
same_as_wanted "as COPY writes"
again 0 shop copied
psql_t shop -c "COPY wanted TO STDOUT WITH (FORMAT csv, DELIMITER ';', QUOTE '''', FORCE_QUOTE (label))" |
    csv forced ', "delimiter": ";", "quote": "'"'"'", "header": false,
        "columns": { "items": ["id", "label", "note"] }'
psql_t shop -c 'UPDATE item SET label = note'
run 0 shop forced
same_as_wanted "with other options"
sed 's/$/\r/' "$TEST_DIR/copied/items.csv" | csv crlf
run 0 shop crlf
psql_t shop -c "CREATE TABLE crlf (LIKE wanted)"
psql_t shop -c "COPY crlf FROM STDIN WITH (FORMAT csv, HEADER)" <"$TEST_DIR/crlf/items.csv"
is "with CR LF" "$(psql_t shop -c '(TABLE item EXCEPT TABLE crlf) UNION ALL (TABLE crlf EXCEPT TABLE item)')" ""

# ---- encodings ---------------------------------------------------------------------------

echo "one table in several encodings"
psql_t shop -c "TRUNCATE wanted" -c "INSERT INTO wanted VALUES (1, 'Zoë', '40 €'), (2, 'naïve', NULL)"
printf 'id,label,note\n1,Zoë,40 €\n2,naïve,\n' >"$TEST_DIR/utf8"
for way in utf-8:bom utf-16be:bom windows-1252:; do
    encoding=${way%:*}
    {
        [ "${way#*:}" != bom ] || printf '\357\273\277'
        cat "$TEST_DIR/utf8"
    } | iconv -f utf-8 -t "$encoding" >"$TEST_DIR/bytes"
    option=
    [ "$encoding" != windows-1252 ] || option=', "encoding": "windows-1252"'
    csv encoded "$option" <"$TEST_DIR/bytes"
    run 0 shop encoded
    same_as_wanted "$way"
    psql_t shop -c 'TRUNCATE item'
done

# ---- bad records -------------------------------------------------------------------------

echo "a bad record is kept aside with its line, and costs no other"
{
    printf 'id,label,note\n1,good,\n2,short\n3,a,b,c\n4,a"b,c\n5,"c4nary" x,c\n6,"two\nlines",z\n'
    printf '7,bad \377,\n8,zero\0,\n9,"'
    head -c 3000 /dev/zero | tr '\0' 'y'
    printf '",\n\n10,"last, ""good""",""\n'
} | csv dirty ', "record_limit": 1024'
run 20 shop dirty
rows shop "SELECT id, label, note FROM item ORDER BY 1" "1|good|
6|two
lines|z
10|last, \"good\"|"
quote="a quote stands inside a field that has none around it, or text behind the quote that closes a field"
rows shop "SELECT number, code, reason FROM mighost.reject WHERE run = $ledger_run ORDER BY number" \
    "2|too_few_fields|record 2 at line 3: it has 2 fields and not 3
3|too_many_fields|record 3 at line 4: it has 4 fields and not 3
4|bad_quote|record 4 at line 5: $quote
5|bad_quote|record 5 at line 6: $quote
7|bad_encoding|record 7 at line 9: a byte is not valid in its encoding
8|bad_encoding|record 8 at line 10: a byte is zero
9|too_long|record 9 at line 11: it is longer than the option \"record_limit\" allows"
grep -q 'c4nary' "$BUNDLE/rejects.jsonl" || fail "the record is not kept"
! grep -q 'c4nary' "$BUNDLE/errors.csv" "$BUNDLE/summary.txt" || fail "a value is in a report"

# ---- resume ------------------------------------------------------------------------------

echo "a run that is killed in the middle of a file goes on there"
psql_t shop -c 'TRUNCATE wanted, item' \
    -c "INSERT INTO wanted SELECT n, E'\"é\"\n' || n, NULL FROM generate_series(1, 9000) n"
psql_t shop -c "COPY wanted TO STDOUT WITH (FORMAT csv, HEADER)" | iconv -f utf-8 -t utf-16 | csv halves
(MIGHOST_FAULT=chunk.after_commit:7:kill mig 137 shop halves --run) || exit 1
run 0 shop halves
same_as_wanted "two halves"
says "9000"

# ---- what ends a run ---------------------------------------------------------------------

echo "broken files and missing columns end the run before anything is written"
refused() # SAYS
{
    csv damaged
    nothing 6 shop damaged
    says "$1"
}
printf 'id,label,note\n1,a,b\n2,"never\nclosed\n' | refused 'line 3: a quote that opens here is never closed'
printf 'id,label,note\n' | refused 'has no record'
printf '' | refused 'it has no header'
printf 'id,label,label,note\n1,a,b,c\n' | refused 'more than one column is named "label"'
printf 'id,labels,note\n1,a,b\n' | refused 'has no column "label"; did you mean "labels"?'
mkfifo "$TEST_DIR/pipe"
printf 'id,label,note\n1,a,b\n' | csv damaged
rm "$TEST_DIR/damaged/items.csv"
mv "$TEST_DIR/pipe" "$TEST_DIR/damaged/items.csv"
nothing 6 shop damaged
says 'is a pipe'

# encode.sh - the host's binary encoders against PostgreSQL's own input functions.
#
# For each type: values from encode_values.tsv, and many made by the server from a fixed seed.
# What the encoder accepts goes in by binary COPY and must be the very same value (record image)
# as PostgreSQL makes of the text; what PostgreSQL refuses the encoder must refuse. Marks:
#     +  must be accepted     -  must be refused     ?  either, but then the same value
. "$top_srcdir/tests/fixtures/pgtmp.sh"

encode_copy=$top_builddir/tests/e2e/encode_copy
pg_createdb encode
values=$top_srcdir/tests/e2e/encode_values
psql_t encode <"$values.sql" >/dev/null
psql_t encode -c "COPY value (type, mark, text, spelling) FROM STDIN" <"$values.tsv"
psql_t encode -c "SELECT make_values()" >/dev/null
psql_t encode -c "SELECT make_tables()" >/dev/null

psql_t encode -F ' ' -c "SELECT n, oid, typmod, element, category, labels FROM column_type
    ORDER BY n" >"$TEST_DIR/types"
while read -r n oid typmod element category labels; do
    psql_t encode -c "COPY (SELECT id, kind, text FROM value JOIN type USING (type) WHERE n = $n
        ORDER BY id) TO STDOUT" </dev/null >"$TEST_DIR/values"
    # shellcheck disable=SC2086
    "$encode_copy" "$oid" "$typmod" "$element" "$category" $labels \
        <"$TEST_DIR/values" >"$TEST_DIR/copy" 2>"$TEST_DIR/refused"
    psql_t encode -c "COPY got_$n FROM STDIN (FORMAT binary)" <"$TEST_DIR/copy"
    psql_t encode -c "COPY refused FROM STDIN" <"$TEST_DIR/refused"
done <"$TEST_DIR/types"

psql_t encode -c "SELECT compare()" >/dev/null
psql_t encode -F '  ' -c "SELECT type, count(*) || ' values', count(*) FILTER (WHERE accepted)
    || ' accepted' FROM outcome GROUP BY type ORDER BY type"
psql_t encode -F '  ' -c "SELECT 'both refuse, but with another SQLSTATE: ' || type, code,
    o.sqlstate, pg_sqlstate, count(*), min(text) FROM outcome o
    WHERE NOT accepted AND pg_sqlstate <> o.sqlstate GROUP BY 1, 2, 3, 4 ORDER BY 1, 2" \
    >"$TEST_DIR/sqlstates"
[ -z "${ENCODE_VERBOSE-}" ] || cat "$TEST_DIR/sqlstates"
psql_t encode -F '  ' -c "SELECT fault, type, text, code, pg_sqlstate FROM outcome
    WHERE fault IS NOT NULL ORDER BY type, id" >"$TEST_DIR/faults"
if [ -s "$TEST_DIR/faults" ]; then
    cat "$TEST_DIR/faults"
    echo "FAIL: $(wc -l <"$TEST_DIR/faults") values"
    exit 1
fi

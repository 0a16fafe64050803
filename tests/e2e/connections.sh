# connections.sh - pool_max: the sessions of a run, counted from the server's own log, stay within it.
PGTMP_OPTIONS='-c log_connections=on -c log_disconnections=on -c log_line_prefix=%p='
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/school.sh"

[ -z "${MIGHOST_TEST_SOCKET-}" ] || pgtmp_skip "the log of a server of others is not to be had"

# Most sessions at once that are not psql's, of one mark in the log on.
most_since() # MARK
{
    tail -n "+$1" "$TEST_DIR/pg/log" | awk -F= '
        / connection authorized: / && !/application_name=psql/ { open[$1] = 1; n++; if (n > most) most = n }
        / disconnection: / && ($1 in open) { delete open[$1]; n-- }
        END { print most + 0 }'
}

mark()
{
    echo $(($(wc -l <"$TEST_DIR/pg/log") + 1))
}

sed 's/"scope": "none"/"scope": "tables"/' "$TEST_DIR/school/project.json" >"$TEST_DIR/project.json"
mv "$TEST_DIR/project.json" "$TEST_DIR/school/project.json"

for max in 4 5 7 9; do
    echo "--pool-max $max --jobs 8"
    target "t$max"
    before=$(mark)
    run 20 "t$max" school --pool-max $max --jobs 8
    right "t$max"
    alone "t$max"
    most=$(most_since "$before")
    echo "most sessions: $most"
    [ "$most" -le $max ] || fail "$most sessions at once"
    [ "$most" -ge 3 ] || fail "the log shows $most sessions only"
done
[ "$most" -ge 7 ] || fail "no workers though there was room for three: $most sessions"

echo "fewer than a run needs"
target few
mig 3 few school --run --pool-max 3
says "a run of this project has up to 4 database sessions at once"
rows few "SELECT count(*) FROM pg_namespace WHERE nspname = 'mighost'" 0
mig 2 few school --run --pool-max 0
says "--pool-max takes a whole number from 1 to 1000"
echo "ok"

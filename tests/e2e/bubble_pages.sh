# bubble_pages.sh - all things of a type, once each, whatever the rules of the API are: the ceiling, no
# order among equal dates, pages that shift, short, empty and doubled ones. Beside each a simple client
# reads from the same server and does not get them right: the handling matters.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/bubble.sh"

# naive PATTERN: what the simple client says
naive()
{
    python3 "$top_srcdir/tests/fixtures/bubble_naive.py" post >"$TEST_DIR/naive"
    grep -qE "$1" "$TEST_DIR/naive" || fail "the simple client: $(cat "$TEST_DIR/naive")"
}

echo "no fault"
serve --things post=1234
whole 1234
is "requests: 13 pages, the number of things, what was changed since" "$(requests /obj/post)" 15
naive '^1234 read, 1234 different, 0 remained'

echo "the ceiling"
serve --things post=2500 --fault ceiling:1000
naive '^1000 read, 1000 different, 1500 remained'
whole 2500

echo "many of one moment, in another order each time"
serve --things post=2000/30 --fault ties
naive '^2000 read, 1[0-9]{3} different'
whole 2000
serve --things post=2000/333 --fault ties
naive '^2000 read, 1[0-9]{3} different'
whole 2000
whole 2000 '"page_size": 7, "parallel": 1'

echo "more of one moment than can be reached"
serve --things post=900/600 --fault ceiling:500
things_project moment '"retries": 2, "retry_wait": 1'
things_target moment
nothing 6 moment moment
says "more things were made in one moment than can be reached"

echo "things vanish before those that are read"
serve --things post=2000 --fault delete-each:2
naive '^1[0-9]{3} read, 1[0-9]{3} different, 0 remained'
serve --things post=2000 --fault delete-each:2
whole 2000
says "the source changed while it was read: 2000 things before, 2000 read, "

echo "things are made meanwhile"
serve --things post=1000 --fault create-each:4
things_project made
things_target made
run 0 made made
rows made "SELECT count(*) FILTER (WHERE number < 1000), count(*) - count(DISTINCT number),
    max(number) > 1000 FROM t.post" "1000|0|t"
says "the source changed while it was read: 1000 things before"
says "stage post: the source was written while the run worked: "
grep -q '^"\{0,1\}post"\{0,1\},.*written' "$BUNDLE/source_changes.csv" || fail "what was made is not listed"

echo "short, empty and doubled pages"
serve --things post=2000 --fault short:30
naive '^1[0-9]{3} read'
whole 2000
serve --things post=1500 --fault empty:30
naive 'read, .* different, [1-9][0-9]* remained'
whole 1500 '"retry_wait": 1'
serve --things post=1500 --fault twice:30
naive '^15[0-9]{2} read, 1500 different'
whole 1500
says "things stood twice in a page"

echo "totals that are not told, or never reached"
serve --things post=700 --fault no-remaining
whole 700
says "does not say how many things there are"
serve --things post=300 --fault grows
things_project grows
things_target grows
nothing 6 grows grows
says "300 things were read"

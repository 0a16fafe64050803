# bubble_faults.sh - a Bubble-like server that breaks off, is slow or lies: what can be had is had whole,
# the rest ends the run with a message and changes nothing.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/bubble.sh"

echo "answers that are tried again"
serve --things post=1500 --fault errors:15 --fault reset:5 --fault cut:5 --fault halved:5 \
    --fault html:5 --fault junk:3
whole 1500 '"retry_wait": 1'
[ "$(requests GET)" -gt 16 ] || fail "no request failed"

echo "too many requests"
for kind in none seconds date; do
    serve --things post=600 --fault "rate:3:$kind"
    whole 600 '"retry_wait": 2, "parallel": 8'
    [ "$(requests ' 429 ')" -gt 0 ] || fail "none was too many"
done

serve --things post=300 --fault refuses:429:3600
begun=$(date +%s)
ends 75 "$quick, \"give_up\": 4" 'the server answers 429: Not now'
[ $(($(date +%s) - begun)) -lt 60 ] || fail "an hour was waited for as long as the server asked"

echo "a person is told what is waited for, and why"
serve --things post=600 --fault rate:1:seconds
things_project watched '"retry_wait": 4, "parallel": 8'
things_target watched
DATABASE_URL=$(pg_url watched) TERM=xterm python3 "$top_srcdir/tests/fixtures/terminal.py" 120x24 \
    "$TEST_DIR/frames" -- "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/watched" \
    --work-dir "$TEST_DIR/work/watched" --dry-run >"$OUT" 2>"$ERR" || fail "on a terminal: ends with $?"
grep -q '^waits 0:0[1-9] for the source: b: .*429.* asked for again in' "$TEST_DIR/frames" ||
    fail "the pause is not shown: $(grep '^waits' "$TEST_DIR/frames")"

echo "answers that never get better"
serve --things post=300 --fault errors:100
ends 75 "$quick" 'this request was tried 3 times'
serve --things post=300 --fault cut:100
ends 75 "$quick" 'this request was tried 3 times'
serve --things post=300 --fault html:100
ends 6 "$quick" 'the answer is HTML and no JSON: <html><head><title>Bad gateway'
serve --things post=300 --fault halved:100
ends 6 "$quick" 'the body is cut or is no JSON'
serve --things post=300 --fault junk:100
ends 6 "$quick" 'no list of things'

echo "pages that are too slow or too large"
serve --things post=200 --fault heavy:30:9
whole 200 "$quick"
says "asking for 25 things in a page"
serve --things post=200
whole 200 "$quick, \"page_limit\": 20000, \"record_limit\": 1024"
says 'larger than the option "page_limit" allows, 20000 bytes; asking for 50 things in a page'
serve --things post=20 --fault bomb:20
ends 6 "$quick, \"page_limit\": 100000" 'larger than the option "page_limit" allows'
serve --things post=20 --fault endless
ends 6 "$quick, \"page_limit\": 100000" 'larger than the option "page_limit" allows'

# bench_small.sh - what tests/bench measures, in small: 1,000 records in a few seconds, memory the
# same for 10,000 and 50,000. The limits are wide, because the machine may be busy.
. "$top_srcdir/tests/fixtures/pgtmp.sh"

example=$top_srcdir/share/examples/classroom

fail()
{
    echo "FAIL: $1"
    tail -n 20 "$TEST_DIR/out" "$TEST_DIR/err"
    exit 1
}

# Sets ms and kb, the time and the peak memory of one run of N records.
run() # N
{
    sh "$example/generate.sh" "$1" >"$TEST_DIR/$1.json"
    pg_createdb "n$1" "$example/target.sql"
    begun=$(date +%s%N)
    status=0
    DATABASE_URL=$(pg_url "n$1") CLASSROOM_DOCUMENT=$TEST_DIR/$1.json "$MIGHOST" \
        --plugins "$PLUGINS" --project "$example" --work-dir "$TEST_DIR/work" --report-dir \
        "$TEST_DIR/reports" --backup-dir "$TEST_DIR/backups" --run --quiet \
        >"$TEST_DIR/out" 2>"$TEST_DIR/err" || status=$?
    ms=$((($(date +%s%N) - begun) / 1000000))
    [ "$status" -eq 20 ] || fail "the run of $1 records ended with $status"
    bundle=$(sed -n 's/^run .*; report: //p' "$TEST_DIR/out")
    kb=$(sed -n 's/^ *"peak_rss_kb": \([0-9]*\),*$/\1/p' "$bundle/report.json")
    [ -n "$kb" ] || fail "no peak_rss_kb in the report"
    echo "$1 records: $ms ms, $kb kB"
}

run 1000
[ "$ms" -le 5000 ] || fail "1,000 records took $ms ms, more than 5 s"

# What a sanitizer keeps beside the program's own memory grows with the work done.
if ldd "$MIGHOST" 2>/dev/null | grep -q 'lib[au]san'; then
    echo "memory is not looked at under a sanitizer"
    exit 0
fi
run 10000
small=$kb
run 50000
[ "$kb" -le 65536 ] || fail "50,000 records took $kb kB, more than 64 MB"
[ $((kb * 10)) -le $((small * 11)) ] ||
    fail "memory grows with the source: $small kB for 10,000 records, $kb kB for 50,000"

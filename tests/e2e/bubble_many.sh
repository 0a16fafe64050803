# bubble_many.sh - 120,000 things of one type, far behind the 50,000 that a search reaches: all of them,
# once each, and no more memory than for a few pages.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/bubble.sh"

serve --things post=120000/7
things_project many '"parallel": 8'
things_target many
mig 0 many many --run
same_things many 120000
kb=$(sed -n 's/.*"peak_rss_kb": *\([0-9]*\).*/\1/p' "$BUNDLE/report.json")
# A sanitizer keeps what was freed.
grep -qs -- "--enable-sanitizers" "$top_builddir/config.status" || [ "$kb" -lt 40000 ] || fail "$kb kB of memory"
[ "$(requests /obj/post)" -lt 1500 ] || fail "$(requests /obj/post) requests for 1200 pages"

# bench_merge_small.sh - what tests/bench/bench_merge.sh measures, at a hundredth of the size: the merge
# gives the rows that UPDATE and INSERT by hand give, its rollback those from before, no preserved row
# is written, no write of an application is lost; and every figure of the table is there. How fast it is
# says nothing here.
set -eu
: "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
out=$(mktemp)
trap 'rm -f "$out"' EXIT

status=0
PGTMP_OPTIONS="-c shared_buffers=64MB" timeout 300 sh "$top_srcdir/tests/bench/bench_merge.sh" \
    --scale 0.01 --rounds 1 >"$out" 2>&1 || status=$?
cat "$out"
[ "$status" = 0 ] || exit "$status"
grep -q '^scale 0.01: 5000 users, 4000 there, 2600 of them differ' "$out"
! grep -q 'not measured' "$out"
[ "$(grep -c '^| .* | .* | .* | .* | .* |$' "$out")" = 9 ] || {
    echo "FAIL: a figure is not there"
    exit 1
}

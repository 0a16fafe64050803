# bench_lms_small.sh - what tests/bench/bench_lms.sh measures, at a hundredth of the size: every way
# of moving the grades, by hand or by mighost, gives the rows that expected.sql of the example says,
# and every figure of the table is there. Peers and psycopg2 may be missing, but not silently. How
# fast it is says nothing here; that it ends in ten minutes does.
set -eu
: "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
out=$(mktemp)
trap 'rm -f "$out"' EXIT

status=0
PGTMP_OPTIONS="-c shared_buffers=64MB" timeout 600 sh "$top_srcdir/tests/bench/bench_lms.sh" \
    --scale 0.01 --rounds 1 --grow 2 >"$out" 2>&1 || status=$?
cat "$out"
[ "$status" = 0 ] || exit "$status"

grep -q '^scale 0.01: 32097 records, ' "$out"
[ "$(grep -c '^| .* | .* | .* | .* | .* |$' "$out")" = 25 ] || {
    echo "FAIL: a figure is not there"
    exit 1
}
grep 'not measured' "$out" | while read -r line; do
    case $line in
    *Python*) tool=psycopg2 ;;
    *pgcopydb*) tool=pgcopydb ;;
    *pgloader*) tool=pgloader ;;
    *) echo "FAIL: not measured: $line"; exit 1 ;;
    esac
    grep -qE "^$tool (is not installed, not timed|is not timed|died in round 1)" "$out" ||
        { echo "FAIL: $tool is missing without a word"; exit 1; }
done

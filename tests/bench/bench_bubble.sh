# bench_bubble.sh - things over local HTTP, with a fixed delay a page and 5 % of the answers failing:
# mighost, which must find out what to ask for, beside curl --parallel --retry, which is given the
# addresses of all pages (date windows) beforehand. Prints seconds and ratio of each round; the goal is a
# ratio of 1.3, and a peak of memory that does not grow with THINGS.
#
# usage: bench_bubble.sh [THINGS [PARALLEL [DELAY [ROUNDS]]]]        (100000, 8, 0.2, 3)
: "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
PGTMP_REAL=1
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/bubble.sh"

things=${1-100000} parallel=${2-8} delay=${3-0.2} rounds=${4-3}
things_project bench "\"parallel\": $parallel"

# The addresses of all pages, as a configuration of curl.
windows()
{
    python3 - "$things" "$TEST_DIR/page" <<'PYTHON'
import json, os, sys, urllib.parse
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "share/examples/marketplace"))
from bubble_store import FIRST_CREATED, iso
for i in range(0, int(sys.argv[1]), 100):
    bounds = [{"key": "Created Date", "constraint_type": kind, "value": iso(FIRST_CREATED + at)} for kind, at in
              (("greater than", i * 1000 - 1), ("less than", (i + 100) * 1000))]
    print('url = "%s/api/1.1/obj/post?sort_field=Created%%20Date&limit=100&constraints=%s"\noutput = "%s-%d"' % (
        os.environ["BUBBLE_URL"], urllib.parse.quote(json.dumps(bounds)), sys.argv[2], i))
PYTHON
}

now()
{
    date +%s.%N
}

# From the log, so that only reading is timed: from "load" to the end of the type.
seconds_of_load()
{
    python3 -c 'import datetime, re, sys
lines = re.findall(r"\[(\S+)Z\] (?:load|source:bubble: .*filled)", sys.stdin.read())
at = [datetime.datetime.fromisoformat(m) for m in lines]
print((at[-1] - at[0]).total_seconds())' <"$ERR"
}

printf '| round | mighost s | curl s | ratio | peak RSS kB |\n| --- | --- | --- | --- | --- |\n'
for round in $(seq "$rounds"); do
    serve --things "post=$things" --fault "slow:$delay" --fault errors:5 --seed "$round"
    things_target "bench$round"
    mig 0 "bench$round" bench --run
    same_things "bench$round" "$things"
    own=$(seconds_of_load)
    rss=$(sed -n 's/.*"peak_rss_kb": *\([0-9]*\).*/\1/p' "$BUNDLE/report.json")
    windows >"$TEST_DIR/windows"
    begun=$(now)
    printf 'header = "Authorization: Bearer %s"\n' "$BUBBLE_API_KEY" |
        curl -sS --compressed --parallel --parallel-max "$parallel" --retry 10 -K - -K "$TEST_DIR/windows" 2>/dev/null
    python3 -c 'import sys; begun, end, own, r, rss = sys.argv[1:]
print("| %s | %.1f | %.1f | %.2f | %s |" % (r, float(own), float(end) - float(begun),
    float(own) / (float(end) - float(begun)), rss))' "$begun" "$(now)" "$own" "$round" "$rss"
    is "things that curl got" "$(cat "$TEST_DIR"/page-* | grep -o '"_id"' | wc -l)" "$things"
    rm -f "$TEST_DIR"/page-*
done

# report_html.sh - report.html: well-formed, in one file that asks for no other, with all stages, with
# names that would be markup escaped; of runs that are done, dry, failed, and of very many stages. Where
# there is a Chromium it is opened, at the width of a desk and of a telephone.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/refusals.sh"
command -v python3 >/dev/null || pgtmp_skip "no python3"

on="--plugins $PLUGINS --work-dir $TEST_DIR/work"
bundle_of()
{
    sed -n 's/^run .*; report: //p' "$OUT"
}
page() # the last run's, checked
{
    page=$(bundle_of)/report.html
    python3 "$top_srcdir/tests/fixtures/htmlcheck.py" "$page" >"$TEST_DIR/faults" || fail "$(cat "$TEST_DIR/faults")"
    is "mode" "$(stat -c %a "$page")" 600
    is "requests" "$(grep -oiE '(https?:)?//[a-z0-9]|javascript:|data:' "$page" || :)" ""
}
shows() # TEXT...
{
    for text in "$@"; do
        grep -qF -- "$text" "$page" || fail "report.html does not show: $text"
    done
}

echo "names that would be markup"
mkdir -p "$TEST_DIR/odd"
odd='<b onload=x()>&"'\''"</b>'
cat >"$TEST_DIR/odd/data.json" <<'JSON'
{ "parents": [ { "id": 1, "<i>f&\"": "a" }, { "id": "<script>alert(1)</script>", "<i>f&\"": "b" } ],
  "children": [ { "id": 1, "parent": 1 }, { "id": 2, "parent": 7 } ] }
JSON
cat >"$TEST_DIR/odd/project.json" <<'JSON'
{ "name": "odd", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [
    { "name": "parents", "ids": "keep", "options": { "table": "<b onload=x()>&\"'\"</b>",
      "fields": { "id": "id", "<i>c&\"'": "<i>f&\"" } } },
    { "name": "children", "ids": "keep", "needs": ["parents"], "options": { "table": "children",
      "fields": { "id": "id", "parent": "parent" } } } ],
  "validators": [ { "name": "rules", "options": { "rules": [
    { "rule": "sql", "queries": [ { "name": "</td><h1>", "message": "m", "sql": "SELECT 1 WHERE false" } ] } ] } } ] }
JSON
pg_createdb odd
psql_t odd -v t="$odd" >/dev/null <<'SQL'
CREATE TABLE :"t" (id int PRIMARY KEY, "<i>c&""'" text);
SELECT format('CREATE TABLE children (id int PRIMARY KEY, parent int CONSTRAINT "<u>fk" REFERENCES %I)', :'t') \gexec
SQL
DATABASE_URL=$(pg_url odd)
export DATABASE_URL
ends 20 $on --project "$TEST_DIR/odd" --run
page
shows "Published, with records left out." "parents" "children" "&lt;script&gt;alert(1)&lt;/script&gt;" \
    "public.&lt;b onload=x()&gt;&amp;&quot;&#39;&quot;&lt;/b&gt;" "&lt;/td&gt;&lt;h1&gt;" "mighost --rollback 1"
is "markup from names" "$(grep -cE '<script|<b onload|<u>|<i>[a-z]|</td><h1>' "$page" || :)" 0
is "a line from parents to children" "$(grep -c 'class="edge"' "$page")" 1
browse=$page

echo "runs that are dry, failed, empty"
ends 20 $on --project "$TEST_DIR/odd" --dry-run
page
shows "Dry run. Nothing was written." "nothing to undo" "rows to insert" ">Fit to migrate<" ">To insert<"
is "what was not" "$(grep -cE '>(M|m)igrated<|>Inserted<' "$page" || :)" 0
sed 's/"name": "odd",/& "max_rejects": 0,/' "$TEST_DIR/odd/project.json" >"$TEST_DIR/odd/strict.json"
ends 7 $on --project "$TEST_DIR/odd/strict.json" --run
page
shows "Failed. Nothing was published." "no live table was changed" "Not done: nothing was published"
shop
sed -i 's/"policy": "update"/"policy": "update", "enabled": false/' "$SHOP/project.json"
shop_db none
ends_status=0
"$MIGHOST" $on --project "$SHOP" --run >"$OUT" 2>"$ERR" </dev/null || ends_status=$?
case $ends_status in 0) page ;; *) echo "no run without stages: exit $ends_status" ;; esac

echo "two hundred stages"
mkdir "$TEST_DIR/many"
python3 - "$TEST_DIR/many" <<'PYTHON'
import json
import random
import sys

random.seed(7)
names = [f"stage-{i:03}" + ("-with-a-name-that-is-longer-than-its-box" if i % 40 == 7 else "") for i in range(200)]
stages = [{"name": n, "entity": "items", "ids": "keep",
           "needs": random.sample(names[max(0, i - 30):i], min(i // 12, 3)),
           "options": {"table": f"t{i}", "fields": {"id": "id"}}} for i, n in enumerate(names)]
json.dump({"name": "many", "sources": {"d": {"use": "json", "options": {"file": "data.json"}}},
           "reporters": [{"name": "html"}, {"name": "json"}],
           "backup": {"scope": "none"}, "stages": stages}, open(sys.argv[1] + "/project.json", "w"))
json.dump({"items": [{"id": 1}, {"id": 2}]}, open(sys.argv[1] + "/data.json", "w"))
PYTHON
pg_createdb many
python3 -c 'for i in range(200): print(f"CREATE TABLE t{i} (id int PRIMARY KEY);")' >"$TEST_DIR/many.sql"
psql_t many -f "$TEST_DIR/many.sql"
DATABASE_URL=$(pg_url many) ends 0 $on --project "$TEST_DIR/many" --run
page
is "stages in the picture" "$(grep -c 'class="name"' "$page")" 200
is "stages in the table" "$(grep -cE '<th scope="row">stage-[0-9]{3}' "$page")" 200
many=$page

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || :)
if [ -z "$browser" ]; then
    echo "no Chromium here: report.html is not opened"
    echo "done"
    exit 0
fi
echo "in a browser"
# The page as it is, in a frame of that width: a browser without a window makes none that is as narrow as
# a telephone. The page around it asks what became of it.
ask() # WIDTH PAGE STAGES: does it scroll sideways, does anything but its boxes, does it ask for anything?
{
    python3 - "$1" "$2" "$TEST_DIR/asked.html" <<'PYTHON'
import json
import sys

width, page, out = sys.argv[1:]
text = json.dumps(open(page, encoding="utf-8").read()).replace("</", "<\\/")
open(out, "w", encoding="utf-8").write("""<!DOCTYPE html><meta charset="utf-8"><body>
<iframe id="frame" width="%s" height="900" style="border:0"></iframe><pre id="answer"></pre><script>
const frame = document.getElementById('frame');
frame.onload = () => {
  const win = frame.contentWindow, doc = frame.contentDocument;
  const wide = [...doc.querySelectorAll('main *, header *')].filter(e => !e.closest('.box, pre, svg') &&
    e.getBoundingClientRect().right > win.innerWidth + 1).map(e => e.tagName);
  document.getElementById('answer').textContent = JSON.stringify({width: win.innerWidth,
    stages: doc.querySelectorAll('.graph .name').length, wide: wide.slice(0, 5),
    scrolls: doc.documentElement.scrollWidth - doc.documentElement.clientWidth,
    requests: win.performance.getEntriesByType('resource').length});
};
frame.srcdoc = %s;
</script>""" % (width, text))
PYTHON
    "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$TEST_DIR/browser" --hide-scrollbars \
        --window-size=1400,1000 --virtual-time-budget=5000 --enable-logging=stderr --v=0 \
        --dump-dom "file://$TEST_DIR/asked.html" \
        >"$TEST_DIR/dom" 2>"$TEST_DIR/console" || fail "the browser ends badly"
    sed -n 's/.*<pre id="answer">\(.*\)<\/pre>.*/\1/p' "$TEST_DIR/dom" >"$TEST_DIR/answer"
    is "console" "$(grep -E 'CONSOLE|net::ERR' "$TEST_DIR/console" || :)" ""
    is "at $1 pixels" "$(jq -c '[.width, .stages, .scrolls, .wide, .requests]' "$TEST_DIR/answer")" \
        "[$1,$3,0,[],0]"
}
for width in 1280 390; do
    ask $width "$browse" 2
    ask $width "$many" 200
done
echo "done"

# facts.sh - what the report says of an API: requests and retries as the server counted them, how much
# each field is filled, once, and a digest that is the same for the same records, from the server with other
# pages, from a recording, behind a break; --verify-bundle covers it.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/bubble.sh"

fact() # JQ: of the only source
{
    jq -r ".sources[0] | $1" "$BUNDLE/report.json"
}

noted() # NAME OPTIONS MORE
{
    things_project "$@"
    jq '.stages[0].options.fields.note = "Note" | .stages[0].secret = ["Note"]' "$TEST_DIR/$1/project.json" \
        >"$TEST_DIR/project" && mv "$TEST_DIR/project" "$TEST_DIR/$1/project.json"
}

noted_target() # DB
{
    things_target "$1"
    psql_t "$1" -c 'ALTER TABLE t.post ADD note text'
}

echo "1,050 things: 11 pages, what failed was asked for again"
serve --things post=1050 --fault errors:25
noted live '"retry_wait": 1'
noted_target live
run 0 live live
# But for what looks behind the run for things that changed meanwhile.
asked=$(grep '/obj/post' "$LISTS" | grep -vc 'Modified')
failed=$(grep ' 50[0-9] .*/obj/post' "$LISTS" | grep -vc 'Modified')
[ "$failed" -gt 0 ] || fail "the server did not fail"
is "records, pages, requests, retries" "$(fact '"\(.records) \(.pages) \(.requests) \(.retries)"')" \
    "1050 11 $asked $failed"
filled() # FIELD
{
    jq -r ".stages[0].fields[] | select(.field == \"$1\").values" "$BUNDLE/report.json"
}
rows live "SELECT count(*), count(name), count(note) FROM t.post" "1050|$(filled Name)|$(filled Note)"
[ "$(psql_t live -c 'SELECT count(note) FROM t.post')" -lt 1050 ] || fail "every note is filled"
grep -q "1050 records, $asked requests, $failed of them retries, 11 pages used" "$BUNDLE/summary.txt" ||
    fail "summary.txt does not say it"
grep -q '^ *mapped *Note *700 values, *66.6 %$' "$BUNDLE/summary.txt" || fail "summary.txt says no share"
grep -q 'href="#sources"' "$BUNDLE/report.html" &&
    grep -q '<section id="sources"' "$BUNDLE/report.html" || fail "report.html does not say it"
digest=$(fact .digest)
is "the digest in the manifest" "$(jq -r '.sources[0].digest' "$BUNDLE/manifest.json")" "$digest"

echo "the bundle is as its manifest says, and the manifest as the report"
bundle=$BUNDLE
mig 0 live live --verify-bundle "$bundle"
cp "$bundle/manifest.json" "$TEST_DIR/manifest"
jq '.sources[0].digest |= sub("^."; "x")' "$TEST_DIR/manifest" >"$bundle/manifest.json"
mig 12 live live --verify-bundle "$bundle"
says 'has other digests of the sources than report.json'
cp "$TEST_DIR/manifest" "$bundle/manifest.json"

echo "the same again with other pages, and made again from the target"
noted pages '"page_size": 37, "retry_wait": 1'
mig 0 live pages --run
is "the digest of the same records" "$(fact .digest)" "$digest"
run=$(psql_t live -c 'SELECT max(id) FROM mighost.run')
mig 0 live pages --report "$run"
is "the digest in the bundle that is made again" "$(jq -r '.sources[0].digest' "$BUNDLE/manifest.json")" "$digest"

echo "broken off and gone on with"
serve --things post=1050 --fault dies:6
noted on "$quick" '"batch_size": 150,'
noted_target on
nothing 75 on on
control '{"faults": ["dies:off"]}'
run 0 on on
is "the digest of both parts" "$(fact .digest)" "$digest"
is "what is filled in both parts" "$(filled Note)" \
    "$(psql_t on -c 'SELECT count(note) FROM t.post')"

echo "one record more, one value else: others"
serve --things post=1051
mig 0 on on --run
[ "$(fact .digest)" != "$digest" ] || fail "one more record has the same digest"

# bubble_replay.sh - pages that were read are kept, and give the same rows with the server gone; what is
# damaged or not whole is no recording; secret fields are not in it.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/bubble.sh"

kept=$TEST_DIR/kept
table()
{
    psql_t "$1" -c 'SELECT * FROM t.post ORDER BY id'
}

echo "recorded while pages fail and shift"
serve --things post=1500/40 --fault ties --fault errors:10 --fault short:10 --fault delete-each:6
things_project live "\"retry_wait\": 1, \"record\": \"$kept\", \"secret\": [\"Note\"]"
things_target live
run 0 live live
table live >"$TEST_DIR/live.rows"
[ "$(wc -l <"$TEST_DIR/live.rows")" -ge 1450 ] || fail "too few rows"
is "modes" "$(stat -c %a "$kept" "$kept"/* | sort | uniq -c | sed 's/.* //')" "600
700"
! grep -rqi note "$kept"/post.0* || fail "a secret field is in the recording"
tail -n 1 "$kept/post.manifest" | grep -q '"left_out":\["Note"\]' || fail "what was left out is not listed"
(cd "$kept" && sed -n 's/.*"page":\([0-9]*\),.*"sha256":"\(.*\)".*/\2 \1/p' post.manifest |
    while read -r sum page; do echo "$sum  post.$(printf %06d "$page").json"; done | sha256sum --quiet -c) ||
    fail "a digest is wrong"

echo "read again with the server gone"
kill "$server_pid"; wait "$server_pid" 2>/dev/null || :
server_pid=
replayed() # NAME: its project
{
    things_project "$1" "\"replay\": \"$kept\""
    sed -i 's/"api_key": "[^"]*", //' "$TEST_DIR/$1/project.json"
}
replayed again
things_target again
run 0 again again
table again | cmp - "$TEST_DIR/live.rows" || fail "other rows than those of the server"

echo "a recording that is there is not written over"
serve --things post=100
things_target none
nothing 3 none live
says "holds a whole recording of"

echo "damaged, cut, missing, open to others"
replayed hurt
cp "$kept/post.000003.json" "$TEST_DIR/page"
sed -i 's/Thing/Thong/' "$kept/post.000003.json"
nothing 6 none hurt
says "page 3: its SHA-256 is not that of the manifest"
rm "$kept/post.000003.json"
nothing 6 none hurt
says "page 3: its file is missing"
cp "$TEST_DIR/page" "$kept/post.000003.json"
cp "$kept/post.manifest" "$TEST_DIR/manifest"
sed -i '$d' "$kept/post.manifest"
nothing 6 none hurt
says "it is not whole: reading was broken off"
cp "$TEST_DIR/manifest" "$kept/post.manifest"
chmod 750 "$kept"
nothing 3 none hurt
says "can be read by others"
chmod 700 "$kept"

echo "recorded by a run that was broken off and gone on with"
rm -r "$kept"
serve --things post=2000 --fault dies:12
things_project on "$quick, \"record\": \"$kept\"" '"batch_size": 300,'
things_target on
nothing 75 on on
control '{"faults": ["dies:off"]}'
printf '{"page":' >>"$kept/post.manifest"
run 0 on on
same_things on 2000
kill "$server_pid"; wait "$server_pid" 2>/dev/null || :
server_pid=
replayed whole
things_target whole
run 0 whole whole
same_things whole 2000

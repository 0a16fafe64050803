# marketplace_run.sh - the example of an application built on an API, in a twentieth of its size: a
# run, compared with its own plain-SQL statement of every row; every thing in an account; references
# that lead nowhere counted; the rules of the whole told; no password anywhere; a second run; back to
# before; a bug planted in one mapping.
. "$top_srcdir/tests/fixtures/pgtmp.sh"

command -v python3 >/dev/null || pgtmp_skip "no python3 to make the data"
example=$top_srcdir/share/examples/marketplace
MARKETPLACE_DATA=$TEST_DIR/data
export MARKETPLACE_DATA
pg_createdb marketplace "$example/target.sql"
DATABASE_URL=$(pg_url marketplace)
export DATABASE_URL

fail() # TEXT
{
    echo "FAIL: $1"
    cat "$TEST_DIR/out" "$TEST_DIR/said"
    exit 1
}

mighost() # EXIT_CODE PROJECT ARGS...: output in out, what it says in said
{
    expected=$1 project=$2 code=0
    shift 2
    "$MIGHOST" --plugins "$PLUGINS" --project "$project" --work-dir "$TEST_DIR/work" "$@" \
        >"$TEST_DIR/out" 2>"$TEST_DIR/said" || code=$?
    [ "$code" = "$expected" ] || fail "mighost $*: exit $code, expected $expected"
}

same() # WHAT FILE FILE
{
    cmp -s "$2" "$3" && return
    echo "FAIL: $1: differs"
    diff "$2" "$3" | head -40
    exit 1
}

new() # SQL
{
    psql_t marketplace -c "$1"
}

echo "the same scale and seed give the same bytes, another seed others"
for as in data:1 again:1 other:2; do
    python3 "$example/make_data.py" --scale 0.05 --seed "${as#*:}" --out "$TEST_DIR/${as%:*}" >"$TEST_DIR/out"
done
diff -r "$TEST_DIR/data" "$TEST_DIR/again" || fail "not the same bytes"
! cmp -s "$TEST_DIR/data/user.jsonl" "$TEST_DIR/other/user.jsonl" || fail "the seed changes nothing"

echo "one run moves all types, and every row is as the data says"
fingerprint_db marketplace >"$TEST_DIR/empty"
mighost 20 "$example" --run
sh "$example/compare.sh" >"$TEST_DIR/compared" || {
    cat "$TEST_DIR/compared"
    exit 1
}
fingerprint_db marketplace >"$TEST_DIR/published"
bundle=$(sed -n 's/^.*report: //p' "$TEST_DIR/out")

echo "every thing is live or in an account, once"
for pair in users:user:users clients:clientprofile:client_profiles coaches:coachprofile:coach_profiles \
    bookings:booking:bookings payments:payment:payments posts:communitypost:posts \
    comments:communitycomment:comments resources:communityresource:resources; do
    stage=${pair%%:*} to=${pair##*:} from=${pair#*:}
    jq -r ._id "$MARKETPLACE_DATA/${from%:*}.jsonl" | sort >"$TEST_DIR/source"
    new "SELECT bubble_id FROM marketplace.$to
         UNION ALL SELECT key FROM mighost.reject WHERE stage = '$stage'" | sort >"$TEST_DIR/accounts"
    same "accounts of $stage" "$TEST_DIR/source" "$TEST_DIR/accounts"
done

echo "references that lead nowhere are counted, also in records that fell for another reason"
awk -F, '/^# /{ part = $0 } part ~ /references/ && NF == 4 && $2 + 0 > $3 + 0 { split($1, c, ".")
    n[c[2]] += $2 - $3 } END { for (f in n) print f, n[f] }' "$TEST_DIR/compared" | sort >"$TEST_DIR/source"
[ "$(wc -l <"$TEST_DIR/source")" = 9 ] || fail "not every column has one that leads nowhere"
jq -r '.repairs[] | select(.rule == "missing parent set to NULL") | "\(.field) \(.count)"' \
    "$bundle/report.json" | awk '{ n[$1] += $2 } END { for (f in n) print f, n[f] }' | sort >"$TEST_DIR/accounts"
join "$TEST_DIR/source" "$TEST_DIR/accounts" |
    awk '$3 < $2 || $3 > $2 + 3 { print; bad = 1 } END { exit bad || NR != 9 }' || fail "references: not as counted"

echo "what breaks a rule of the whole is told and published"
unpaid=$(new "SELECT count(*) FROM marketplace.bookings b WHERE status = 'confirmed' AND id NOT IN
    (SELECT booking_id FROM marketplace.payments)")
[ "$unpaid" -gt 0 ]
[ "$(jq -r '.checks[] | select(.name == "confirmed_booking_is_paid") | "\(.status) \(.violations)"' \
    "$bundle/report.json" | sort -u)" = "warning $unpaid" ] || fail "unpaid bookings are not told"

echo "who must set a password is listed, and no password is anywhere"
[ "$(new 'SELECT count(*) FROM marketplace.accounts_to_reset')" = \
    "$(new 'SELECT count(*) FROM marketplace.users')" ]
"$PGTMP_BIN/pg_dump" -d "$DATABASE_URL" >"$TEST_DIR/dump"
grep -q 'mail1.example.org' "$TEST_DIR/dump"
# As the file has them, plain and in base64, hashed, and what is no base64.
for text in Secret- 'long long' U2VjcmV0L bG9uZyBsb25n 'second line of' 'not base64' '$2b$10$'; do
    grep -aqF -e "$text" "$MARKETPLACE_DATA/passwords.csv" || fail "there is no $text to look for"
    ! grep -arlF -e "$text" "$TEST_DIR/dump" "$TEST_DIR/work" "$TEST_DIR/out" "$TEST_DIR/said" ||
        fail "$text is kept"
done

echo "a second run changes nothing, a later one what is new and what differs"
mighost 20 "$example" --run
grep -q '; 0 changed' "$TEST_DIR/out" || fail "a second run changes rows"
changed=$(new "SELECT bubble_id FROM marketplace.bookings WHERE status = 'pending' ORDER BY bubble_id LIMIT 1")
sed -i "/^{\"_id\":\"$changed\"/s/\"Status\":\"Pending\"/\"Status\":\"Cancelled\"/" \
    "$MARKETPLACE_DATA/booking.jsonl"
printf '{"_id":"1700000000000x1","Created Date":"%s","Modified Date":"%s",%s}\n' \
    2023-11-14T22:13:20.000Z 2023-11-14T22:13:20.001Z \
    '"authentication":{"email":{"email":"late@mail1.example.org"}},"Role":"Client"' >>"$MARKETPLACE_DATA/user.jsonl"
mighost 20 "$example" --run
grep -q '2 changed (1 inserted, 1 updated, 0 deleted)' "$TEST_DIR/out" || fail "not these two"
sh "$example/compare.sh" >"$TEST_DIR/compared" || fail "what differs is not as the data says"
mighost 0 "$example" --rollback
mighost 0 "$example" --rollback

echo "rollback gives the state from before"
mighost 0 "$example" --rollback
fingerprint_db marketplace >"$TEST_DIR/now"
same "rollback" "$TEST_DIR/empty" "$TEST_DIR/now"

echo "a bug planted in one mapping is found"
cp -R "$example" "$TEST_DIR/planted"
sed 's/"canceled": "cancelled"/"canceled": "pending"/' "$example/project.json" >"$TEST_DIR/planted/project.json"
! cmp -s "$example/project.json" "$TEST_DIR/planted/project.json"
mighost 20 "$TEST_DIR/planted" --run
! sh "$example/compare.sh" >"$TEST_DIR/compared" || fail "the planted bug was not found"
grep -q '^bookings,.*,status,cancelled,pending' "$TEST_DIR/compared"

# marketplace_run.sh - the example of an application built on an API, in a twentieth of its size: a
# run from a server that fails now and then, compared with its own plain-SQL statement of every row;
# every thing in an account; references that lead nowhere counted; the rules of the whole told; who
# had a known password logs in by it, and it is nowhere; the same rows from the recording, without
# the server; a bug planted in one mapping; a second run, a later one; back to before.
# MARKETPLACE_COST=12 makes hashes as dear as they are meant to be, MARKETPLACE_SCALE (0.05, or more) the
# application larger: 1 is the whole of it.
unset MIGHOST_TEST_SOCKET
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/bubble.sh"

example=$top_srcdir/share/examples/marketplace
MARKETPLACE_DATA=$TEST_DIR/data
MARKETPLACE_SECRET=c4nary-salts-0123456789abcdef
scale=${MARKETPLACE_SCALE:-0.05} cost=${MARKETPLACE_COST:-4}
export MARKETPLACE_DATA MARKETPLACE_SECRET

# The example with some of it changed. All hashes are proven, which is cheap here at cost 4.
variant() # NAME JQ
{
    cp -R "$example" "$TEST_DIR/$1"
    jq "(.. | objects | select(.use == \"password.bcrypt\").cost) = $cost
        | (.stages[] | select(.login_proof).login_proof) = \"100%\" | $2" "$example/project.json" \
        >"$TEST_DIR/$1/project.json"
}

compare() # DB
{
    sh "$example/compare.sh" "$MARKETPLACE_DATA" "$(pg_url "$1")" >"$TEST_DIR/compared"
}

as_the_data_says() # DB
{
    compare "$1" || { tail -n 60 "$TEST_DIR/compared"; fail "rows are not as the data says"; }
}

same() # WHAT FILE FILE
{
    diff "$2" "$3" >"$TEST_DIR/diff" || { head -n 40 "$TEST_DIR/diff"; fail "$1: differs"; }
}

new() # SQL
{
    psql_t new -c "$1"
}

variant example .
variant recorded ".sources.bubble.options.record = \"$TEST_DIR/pages\""
variant replayed ".sources.bubble.options.replay = \"$TEST_DIR/pages\""
for db in new other; do
    pg_createdb "$db" "$example/target.sql"
done

echo "the same scale and seed give the same bytes, another seed others"
for as in data:1 again:1 seed2:2; do
    python3 "$example/make_data.py" --scale "$scale" --seed "${as#*:}" --out "$TEST_DIR/${as%:*}" >"$TEST_DIR/made"
done
diff -r "$TEST_DIR/data" "$TEST_DIR/again" || fail "not the same bytes"
! cmp -s "$TEST_DIR/data/user.jsonl" "$TEST_DIR/seed2/user.jsonl" || fail "the seed changes nothing"

echo "one run moves all types"
serve --data "$MARKETPLACE_DATA" --fault errors:5 --fault short:10 --fault cut:3 --fault ties
run 20 new recorded
cp "$TEST_DIR/before.new" "$TEST_DIR/empty"
bundle=$BUNDLE
cat "$OUT" "$ERR" >"$TEST_DIR/said"
[ "$(requests ' 50[023] ')" -gt 0 ] || fail "the server did not fail"

# Before the comparison, which gives the files to the server.
echo "no password, no key and no secret is anywhere"
psql_t postgres -c CHECKPOINT
"$PGTMP_BIN/pg_dump" -d "$(pg_url new)" >"$TEST_DIR/dump"
kept_in() # TEXT: files; what vanishes meanwhile is no match
{
    grep -rlaF -e "$1" $kept 2>/dev/null || :
}

kept="$TEST_DIR/pg $TEST_DIR/dump $TEST_DIR/work $TEST_DIR/reports $TEST_DIR/backups $TEST_DIR/pages $TEST_DIR/said
    $LISTS $HOME"
for text in mail1.example.org bubble_id; do
    [ -n "$(kept_in "$text")" ] || fail "nothing is found there"
done
# As the files have them, plain and in base64, and what is no base64.
for text in Secret- 'long long' U2VjcmV0L bG9uZyBsb25n c2Vjb25kIGxpbmU 'not base64'; do
    cat "$MARKETPLACE_DATA"/passwords*.csv | grep -aqF -e "$text" || fail "there is no $text to look for"
    is "files with $text" "$(kept_in "$text")" ""
done
for text in "$BUBBLE_API_KEY" "$MARKETPLACE_SECRET"; do
    is "files with $text" "$(kept_in "$text")" ""
done

echo "every row is as the data says"
as_the_data_says new
fingerprint_db new >"$TEST_DIR/published"
cp "$TEST_DIR/compared" "$TEST_DIR/first"

echo "whoever had a known password logs in by it, the others are listed"
python3 - "$example" "$MARKETPLACE_DATA" >"$TEST_DIR/known" <<'PY'
import base64, csv, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
from make_data import BCRYPTED
typed_as = {hashed: typed for typed, hashed in BCRYPTED}
for name in ("passwords", "passwords_base64"):
    with open(sys.argv[2] + "/" + name + ".csv", encoding="windows-1252", newline="") as f:
        for row in list(csv.reader(f, delimiter=";"))[1:]:
            if len(row) != 2 or row[1] == "not base64!":
                continue
            text = base64.b64decode(row[1]).decode() if name != "passwords" else row[1]
            text = typed_as.get(text, text)
            if len(text.encode()) <= 72:
                print(row[0], text.replace("\\", "\\\\"), sep="\t")
PY
sed 's/^ *//' >"$TEST_DIR/logins.sql" <<SQL
    CREATE TEMP TABLE known (uid text, typed text);
    \\copy known FROM '$TEST_DIR/known'
    CREATE TEMP TABLE login AS SELECT DISTINCT id FROM known k JOIN marketplace.users u ON u.bubble_id = k.uid
    JOIN marketplace.credentials c ON c.user_id = u.id AND NOT c.must_reset
    WHERE public.crypt(k.typed, '\$2a\$' || substr(password_hash, 5)) = '\$2a\$' || substr(password_hash, 5);
    SELECT (SELECT count(DISTINCT u.id) FROM known k JOIN marketplace.users u ON u.bubble_id = k.uid)
    - (SELECT count(*) FROM login), (SELECT count(*) FROM login) > 140,
    (SELECT count(*) FROM marketplace.credentials WHERE NOT must_reset) - (SELECT count(*) FROM login),
    (SELECT count(*) FROM (SELECT id FROM marketplace.users EXCEPT SELECT id FROM login) AS rest
    FULL JOIN marketplace.accounts_to_reset r USING (id) WHERE r.email IS NULL OR rest IS NULL);
SQL
pg_copydb new logins
psql_t logins -c 'CREATE EXTENSION pgcrypto'
is "known passwords that do not open, many do, hashes that do not, not listed" \
    "$(psql_t logins -f "$TEST_DIR/logins.sql")" "0|t|0|0"
new 'SELECT DISTINCT left(password_hash, 7), must_reset FROM marketplace.credentials ORDER BY 1' >"$TEST_DIR/kinds"
printf '$2b$%02d$|f\n$2b$10$|f\n|t\n' "$cost" | LC_ALL=C sort | cmp - "$TEST_DIR/kinds" ||
    fail "not hashed, kept and marked"

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
    n[c[2]] += $2 - $3 } END { for (f in n) print f, n[f] }' "$TEST_DIR/first" | sort >"$TEST_DIR/source"
[ "$(wc -l <"$TEST_DIR/source")" = 9 ] || fail "not every column has one that leads nowhere"
jq -r '.repairs[] | select(.rule == "missing parent set to NULL") | "\(.field) \(.count)"' \
    "$bundle/report.json" | awk '{ n[$1] += $2 } END { for (f in n) print f, n[f] }' | sort >"$TEST_DIR/accounts"
join "$TEST_DIR/source" "$TEST_DIR/accounts" |
    awk '$3 < $2 || $3 > $2 + 3 { print; bad = 1 } END { exit bad || NR != 9 }' || fail "references: not as counted"

echo "what breaks a rule of the whole is told and published"
unpaid=$(new "SELECT count(*) FROM marketplace.bookings b WHERE status = 'confirmed' AND id NOT IN
    (SELECT booking_id FROM marketplace.payments)")
[ "$unpaid" -gt 0 ]
is "unpaid bookings" "$(jq -r '.checks[] | select(.name == "confirmed_booking_is_paid") | "\(.status) \(.violations)"' \
    "$bundle/report.json" | sort -u)" "warning $unpaid"

mig 0 new example --validate
unpaid_ids="SELECT bubble_id FROM marketplace.bookings b WHERE status = 'confirmed' AND id NOT IN
    (SELECT booking_id FROM marketplace.payments)"
sed -n '/confirmed_booking_is_paid/,/^[^ ]*  *[^ ]*: /s/^           \([^ ]*\)$/\1/p' "$OUT" | sort >"$TEST_DIR/listed"
is "unpaid bookings by id" "$(wc -l <"$TEST_DIR/listed")" "$([ "$unpaid" -gt 20 ] && echo 20 || echo "$unpaid")"
is "of these unpaid" "$(new "$unpaid_ids" | sort | join - "$TEST_DIR/listed" | wc -l)" "$(wc -l <"$TEST_DIR/listed")"

echo "the accounts of clients and coaches are apart, and add up to those of all profiles"
jq -r 'def sum: [.[]] | add // 0;
    [.stages[] | select(.name == "clients" or .name == "coaches")
        | {read: .records.read, rest: (.records | .read - .loaded - (.skipped | sum) - (.rejected | sum)),
           inserted: ([.tables[].inserted] | add)}]
    | "\(length) \(map(.read) | add) \(map(.rest) | add) \(map(.inserted) | add)"' \
    "$bundle/report.json" >"$TEST_DIR/profiles"
is "stages, read, without an account, inserted" "$(cat "$TEST_DIR/profiles")" \
    "2 $(cat "$MARKETPLACE_DATA/clientprofile.jsonl" "$MARKETPLACE_DATA/coachprofile.jsonl" | wc -l) 0 $(new \
    'SELECT (SELECT count(*) FROM marketplace.client_profiles) + (SELECT count(*) FROM marketplace.coach_profiles)')"

echo "maps of ids, read back from the bundle, are those of the target"
for stage in users bookings; do
    jq -r 'to_entries[] | "\(.key)|\(.value)"' "$bundle/idmap/$stage.json" | LC_ALL=C sort >"$TEST_DIR/mapped"
    new "SELECT source_key || '|' || final_key FROM mighost.id_map WHERE stage = '$stage'" |
        LC_ALL=C sort >"$TEST_DIR/map"
    same "the map of $stage" "$TEST_DIR/map" "$TEST_DIR/mapped"
    is "every row of $stage in it" "$(wc -l <"$TEST_DIR/map")" "$(new "SELECT count(*) FROM marketplace.$stage")"
done

echo "a second run changes nothing"
again 20 new example

echo "the recording gives the same rows, with the server stopped and without a key"
kill "$server_pid"; wait "$server_pid" 2>/dev/null || :
server_pid=
(unset BUBBLE_API_KEY && run 20 other replayed) || exit 1
fingerprint_db other >"$TEST_DIR/now"
same "the rows of the recording" "$TEST_DIR/published" "$TEST_DIR/now"

echo "a bug planted in one mapping is found"
mig 0 other replayed --rollback
variant planted ".sources.bubble.options.replay = \"$TEST_DIR/pages\""
sed -i 's/"canceled": "cancelled"/"canceled": "pending"/' "$TEST_DIR/planted/mappings/booking_statuses.json"
mig 20 other planted --run
! compare other || fail "the planted bug was not found"
grep -q '^bookings,.*,status,cancelled,pending' "$TEST_DIR/compared" || fail "it is not shown"

echo "a later run changes what is new and what differs"
changed=$(new "SELECT bubble_id FROM marketplace.bookings WHERE status = 'pending' ORDER BY bubble_id LIMIT 1")
sed -i "/^{\"_id\":\"$changed\"/s/\"Status\":\"Pending\"/\"Status\":\"Cancelled\"/" \
    "$MARKETPLACE_DATA/booking.jsonl"
printf '{"_id":"1700000000000x1","Created Date":"%s","Modified Date":"%s",%s}\n' \
    2023-11-14T22:13:20.000Z 2023-11-14T22:13:20.001Z \
    '"authentication":{"email":{"email":"late@mail1.example.org"}},"Role":"Client"' >>"$MARKETPLACE_DATA/user.jsonl"
serve --data "$MARKETPLACE_DATA"
mig 20 new example --run
says '2 changed (1 inserted, 1 updated, 0 deleted)'
as_the_data_says new

echo "rollback gives the state from before"
for run in later again first; do
    mig 0 new example --rollback
done
fingerprint_db new >"$TEST_DIR/now"
same "rollback" "$TEST_DIR/empty" "$TEST_DIR/now"

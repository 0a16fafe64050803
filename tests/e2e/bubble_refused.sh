# bubble_refused.sh - what a Bubble-like server refuses, names that it does not have, a run that is broken
# off, certificates. The key is told to nobody.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/bubble.sh"

echo "refused"
serve --things post=300 --things person=3
key=$BUBBLE_API_KEY
BUBBLE_API_KEY=c4nary-of-another
ends 6 "$quick" "the server refuses the key (401)" 'behind the option "api_key"'
is "requests with a key that is refused" "$(requests GET)" 1
BUBBLE_API_KEY=
ends 3 "$quick" 'option "api_key" is empty'
BUBBLE_API_KEY=$key
is "requests without a key" "$(requests GET)" 1
control '{"faults": ["refuses:403"]}'
ends 6 "$quick" "(403)" 'behind the option "api_key"'
is "requests that are forbidden" "$(requests ' 403 ')" 1
control '{"faults": ["refuses:off"]}'
url=$BUBBLE_URL
BUBBLE_URL=http://192.0.2.1
ends 3 "$quick" 'would send the key unencrypted'
BUBBLE_URL=$url/version-test/api/1.1
ends 3 "$quick" 'it holds a path other than /api/1.1'
BUBBLE_URL=$url
things_project unknown "$quick"
sed -i 's/"name": "post",/& "entity": "Posts",/' "$TEST_DIR/unknown/project.json"
nothing 6 none unknown --verbose
says "Type not found posts"
says 'did you mean "post"?'

echo "a redirect"
serve --things post=300
other=$server_pid other_url=$BUBBLE_URL
at_exit 'kill "$other" 2>/dev/null'
server_pid=
serve --things post=300 --fault "redirect:$other_url/api/1.1/obj/post"
ends 6 "$quick" "the server redirects to 127.0.0.1; this is not followed"
is "requests behind the redirect" "$(requests ' 200 ')" 0

echo "names and values"
serve --things post=100 --fault 'rename:Number=Numbers'
ends 6 "$quick" 'type "post": none of 100 things has a value in field "Number"; did you mean "Numbers"?'
control '{"faults": ["rename:off", "names:ids"]}'
ends 6 "$quick" 'none of 100 things has a value in field "Name"; others that it has: "' '"name_text"'
control '{"faults": ["names:off", "rename:Name=Title"]}'
whole_renamed=$(things_project renamed '"may_be_unseen": ["Name"]' && things_target renamed &&
    run 0 renamed renamed && psql_t renamed -c 'SELECT count(*), count(name) FROM t.post')
is "a field that may be unseen" "$whole_renamed" "100|0"
serve --things post=0
ends 6 "$quick" 'has no things, or the key may see none'
serve --things post=100
whole 100 '"version": "version-test"'
says 'reads version "version-test" of http://127.0.0.1'
says 'this is not the live database'
[ "$(requests '/version-test/api/1.1/obj/post')" -gt 0 ] || fail "another database was read"

echo "broken off and gone on with"
serve --things post=2500 --fault dies:15
things_project on "$quick" '"batch_size": 500,'
things_target on
nothing 75 on on
before=$(requests ' 200 ')
control '{"faults": ["dies:off"]}'
run 0 on on
same_things on 2500
[ "$(($(requests ' 200 ') - before))" -lt 22 ] || fail "it began anew"

if command -v openssl >/dev/null; then
    echo "certificates"
    # certificate NAME SUBJECT DAYS: by an authority of its own
    certificate()
    {
        openssl req -x509 -newkey rsa:2048 -nodes -subj "/CN=$2" -addext "subjectAltName=$2" \
            -keyout "$TEST_DIR/$1.key" -out "$TEST_DIR/$1.pem" $3 2>/dev/null
    }
    certificate good IP:127.0.0.1 "-days 2"
    certificate wrong DNS:app.example.com "-days 2"
    serve --things post=50 --tls "$TEST_DIR/good.pem" "$TEST_DIR/good.key"
    whole 50 "$quick, \"ca_file\": \"$TEST_DIR/good.pem\""
    before=$(requests GET)
    ends 6 "$quick" "certificate" "it is always checked"
    is "requests to a server that nobody knows" "$(requests GET)" "$before"
    serve --things post=50 --tls "$TEST_DIR/wrong.pem" "$TEST_DIR/wrong.key"
    ends 6 "$quick, \"ca_file\": \"$TEST_DIR/wrong.pem\"" "it is always checked"
    mkdir "$TEST_DIR/ca"
    : >"$TEST_DIR/ca/index"
    printf '[ca]\ndefault_ca = own\n[own]\ndatabase = %s/ca/index\nnew_certs_dir = %s/ca\nrand_serial = yes
default_md = sha256\npolicy = any\ncopy_extensions = copy\n[any]\ncommonName = supplied\n' \
        "$TEST_DIR" "$TEST_DIR" >"$TEST_DIR/ca/config"
    openssl req -new -key "$TEST_DIR/good.key" -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
        -out "$TEST_DIR/old.csr" 2>/dev/null
    openssl ca -batch -notext -selfsign -config "$TEST_DIR/ca/config" -keyfile "$TEST_DIR/good.key" \
        -startdate 20200101000000Z -enddate 20200201000000Z -in "$TEST_DIR/old.csr" -out "$TEST_DIR/old.pem" 2>/dev/null
    serve --things post=50 --tls "$TEST_DIR/old.pem" "$TEST_DIR/good.key"
    ends 6 "$quick, \"ca_file\": \"$TEST_DIR/old.pem\"" "certificate has expired" "it is always checked"
fi

echo "the key is told to nobody"
! grep -q c4nary "$shown" "$LISTS" || fail "the key was shown"
! grep -rqs c4nary "$TEST_DIR/work" "$TEST_DIR/reports" || fail "the key is in a file"

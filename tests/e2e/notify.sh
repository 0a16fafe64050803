# notify.sh - who is told that a run has ended, over real HTTP and by real programs: of every end, with
# the summary; what goes wrong on their side is told and changes nothing; addresses are secrets.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/refusals.sh"
command -v python3 >/dev/null || pgtmp_skip "no python3"

mkdir "$TEST_DIR/hooks"
python3 "$top_srcdir/tests/fixtures/hookserver.py" "$TEST_DIR/hooks" 2>"$TEST_DIR/server" &
server=$!
at_exit "kill $server 2>/dev/null"
tries=0
until [ -f "$TEST_DIR/hooks/port" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 200 ] || fail "the webhook's server does not begin"
    sleep 0.05
done
HOOK_URL=http://127.0.0.1:$(cat "$TEST_DIR/hooks/port")
export HOOK_URL
on="--plugins $PLUGINS --work-dir $TEST_DIR/work"

shop
shop_db shop
told() # NOTIFY [SED]: the project tells these
{
    sed "s|\"name\": \"shop\",|&\n  \"notify\": [ $1 ],|; ${2-}" "$SHOP/project.json" >"$SHOP/told.json"
    project="--project $SHOP/told.json"
}
hook() # PATH OPTIONS
{
    printf '{ "name": "%s", "use": "webhook", "options": { "url": "${HOOK_URL}/%s/c4nary-path"%s } }' \
        "$1" "$1" "${2-}"
}
body() # N: what the Nth request brought
{
    sed '1,/^.\{0,1\}$/d' "$TEST_DIR/hooks/$1" >"$TEST_DIR/body"
}
requests()
{
    find "$TEST_DIR/hooks" -name '[0-9]*' ! -name '*.new' | wc -l
}
seconds() # MOST: the last run took no longer
{
    taken=$(($(date +%s) - began))
    [ "$taken" -le "$1" ] || fail "it took $taken s, not $1"
}

echo "a run that is done"
told "$(hook ok ', "token": "c4nary-token"')"
ends 0 $on $project --run --verbose
silent c4nary "webhook"
is "requests" "$(requests)" 1
head -n 1 "$TEST_DIR/hooks/1" | grep -q '^/ok/c4nary-path' || fail "not to its address"
grep -q '^Authorization: Bearer c4nary-token' "$TEST_DIR/hooks/1" || fail "without its token"
grep -q '^Content-Type: application/json' "$TEST_DIR/hooks/1" || fail "not as JSON"
body 1
bundle=$(sed -n 's/^run .*; report: //p' "$OUT")
json "$TEST_DIR/body" "j ->> 'success' = 'true' AND j ->> 'message' LIKE 'done: 2 records read%' AND j #>>
    '{run,id}' = '1' AND j #>> '{run,project}' = 'shop' AND j #>> '{run,action}' = 'run' AND j #>>
    '{run,exit_code}' = '0' AND j #>> '{run,bundle}' = '$bundle' AND j #>> '{summary,read}' = '2'"
is "what the message sums up" "$(jq -c .summary "$TEST_DIR/body")" "$(jq -c .summary "$bundle/report.json")"

echo "runs that end otherwise"
ends 0 $on $project --dry-run
body 2
json "$TEST_DIR/body" "j #>> '{run,action}' = 'dry-run' AND j ->> 'success' = 'true'"
told "$(hook ok ', "form": "text"')" 's/"price": "price"/"price": "name"/; s/"retries"/&/'
ends 20 $on $project --run
body 3
json "$TEST_DIR/body" "j = jsonb_build_object('text', j ->> 'text') AND j ->> 'text' ~
    '^shop, run 3: published, with rejects: 2 records read'"
told "$(hook ok)" 's/data.json/none.json/'
ends 6 $on $project --run
body 4
json "$TEST_DIR/body" "j ->> 'success' = 'false' AND j #> '{run,id}' = 'null' AND j #>> '{run,exit_code}' =
    '6' AND j #> '{run,bundle}' = 'null' AND j ->> 'message' ~ 'nothing was written'"
told "$(hook ok ', "when": "trouble"')"
ends 0 $on $project --run
is "requests" "$(requests)" 4
DATABASE_URL=$(pg_url nowhere) ends 5 $on $project --run
is "requests" "$(requests)" 5
if [ -n "$("$MIGHOST" --list-faults)" ]; then
    MIGHOST_FAULT=load.done:1:stop "$MIGHOST" $on $project --run >"$OUT" 2>"$ERR" </dev/null &
    stopped=$!
    until grep -q '^State:.*stopped' "/proc/$stopped/status" 2>/dev/null; do sleep 0.05; done
    kill -INT "$stopped"
    kill -CONT "$stopped"
    status=0
    wait "$stopped" || status=$?
    is "a run that is stopped ends" "$status" 130
    body 6
    json "$TEST_DIR/body" "j #>> '{run,exit_code}' = '130'"
    ends 0 $on $project --run
fi

echo "a side that does not listen"
for side in no:500 moved:302 hang:reached slow:reached; do
    told "$(hook "${side%:*}" ', "timeout": 1')"
    began=$(date +%s)
    ends 0 $on $project --run
    seconds 15
    says "webhook" "${side#*:}" "the run is as it is said above"
    silent c4nary
done
told "$(hook no ', "timeout": 1'), $(hook ok)"
before=$(requests)
ends 0 $on $project --run
is "requests" "$(requests)" $((before + 2))
HOOK_URL=http://127.0.0.1:1 ends 0 $on $project --run
says "the webhook cannot be told"
kill "$server"
ends 0 $on $project --run
says "the webhook cannot be told"
silent c4nary

echo "addresses that are not taken"
for url in http://example.org/x ftp://127.0.0.1/x nonsense file:///etc/passwd; do
    HOOK_URL=$url ends 3 $on $project --run
    says '"url" is no https address'
    silent "$url"
done
told "$(hook ok)"
ends 0 $on $project --show-config
silent c4nary "127.0.0.1"
says '"url":"***"'

echo "a command"
cat >"$TEST_DIR/hook" <<'SH'
#!/bin/sh
printf '%s|' "$@" >"$HOOK_OUT.args"
cat >"$HOOK_OUT"
echo "what it says"
exit "$HOOK_CODE"
SH
chmod 755 "$TEST_DIR/hook"
command='{ "name": "mail", "use": "command", "options": { "command": ["HOOK", "a b", "$(id)", ";x", ""] } }'
told "$(echo "$command" | sed "s|HOOK|$TEST_DIR/hook|")"
HOOK_OUT=$TEST_DIR/said HOOK_CODE=0
export HOOK_OUT HOOK_CODE
ends 0 $on $project --run
silent "what it says" "mail"
is "its arguments" "$(cat "$TEST_DIR/said.args")" 'a b|$(id)|;x||'
json "$TEST_DIR/said" "j ->> 'success' = 'true' AND j #>> '{run,exit_code}' = '0'"
HOOK_CODE=3 ends 0 $on $project --run
says "mail" "the command ended with 3"
cat >"$TEST_DIR/hook" <<'SH'
#!/bin/sh
sleep 61.5 &
wait
SH
told "$(echo "$command" | sed "s|HOOK|$TEST_DIR/hook|; s|\"options\": {|& \"timeout\": 1,|")"
began=$(date +%s)
ends 0 $on $project --run
seconds 15
says "did not end within 1 second"
is "what is left of it" "$(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' | grep -c 'sleep 61\.5')" 0
told '{ "name": "mail", "use": "command", "options": { "command": ["/no/such/program"] } }'
ends 0 $on $project --run
says "the command cannot be run: No such file"
for words in '"ls -l"' '[]' '[1]' '[""]'; do
    told "{ \"name\": \"mail\", \"use\": \"command\", \"options\": { \"command\": $words } }"
    ends 3 $on $project --plan
    says '"command" is no list of texts'
done
is "secrets on disk" "$(grep -rl c4nary "$TEST_DIR/work")" ""
echo "done"

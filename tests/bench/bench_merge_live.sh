# bench_merge_live.sh - plays the application of bench_merge.sh: one write after the other until
# SIGTERM, and for each that was acknowledged a line in the journal: number, kind, key, value, SQLSTATE,
# milliseconds. Needs bash.
#
# usage: bench_merge_live.sh URL JOURNAL COPIED ANDROID
#
#   new, android   a user of the target's own: comes, changes
#   visit          a user of the source: a column that no stage writes
#   consent        ... a column of which the target's value is kept
#   level          ... a column that the run overwrites: what it was must be in the before-image
url=$1 journal=$2 copied=$3 android=$4 n=0
coproc server { exec psql -X -q -A -t -v ON_ERROR_STOP=0 -d "$url" 2>/dev/null; }
trap 'exec {server[1]}>&-; exit 0' TERM
key() { printf "md5('%s %s')::uuid" "$1" "$2"; }
while :; do
    n=$((n + 1)) u=$((1 + (RANDOM * 32768 + RANDOM) % copied))
    name=user
    [ $((u % 100)) -ne 11 ] || name=anew
    of=$(key $name $u)
    case $((n % 5)) in
    0) kind=new of=$(key live $n)
        sql="INSERT INTO app.users (id, email, first_name, last_name, password_hash, skill_level, visits)
            VALUES ($of, 'live$n@mail.example.org', 'Live', 'User', '-', 1, $n)" ;;
    1) kind=android of=$(key android $((1 + (RANDOM * 32768 + RANDOM) % android)))
        sql="UPDATE app.users SET visits = $n, updated_at = now() WHERE id = $of" ;;
    2) kind=visit
        sql="UPDATE app.users SET visits = $n, last_seen_at = now() WHERE id = $of" ;;
    3) kind=consent
        sql="UPDATE app.users SET marketing_opt_in = NOT marketing_opt_in, visits = $n WHERE id = $of" ;;
    4) kind=level
        sql="UPDATE app.users SET skill_level = 1000 + $n, visits = $n WHERE id = $of" ;;
    esac
    begun=${EPOCHREALTIME/./}
    echo "$sql RETURNING 'is', id, marketing_opt_in; \\echo ended :SQLSTATE" >&"${server[1]}"
    row=
    while read -r line <&"${server[0]}"; do
        case $line in
        is*) row=${line#is|} ;;
        ended*) break ;;
        esac
    done
    echo "$n|$kind|${row:-|}|${line#ended }|$(((${EPOCHREALTIME/./} - begun) / 1000))" >>"$journal"
    read -rt 0.01 <> <(:) || :
done

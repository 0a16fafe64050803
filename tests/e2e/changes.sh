# changes.sh - again: a second run changes nothing; what changed, came and vanished in the source since
# the first is told exactly, by number and key, and done.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

# Source and target hold the same, each asked by its own SQL.
same() # DB SQL-OF-SOURCE SQL-OF-TARGET
{
    same_old=$(psql_t "old_$1" -c "$2") && same_new=$(psql_t "$1" -c "$3") || fail "nothing to compare"
    [ -n "$same_old" ] && [ "$same_old" = "$same_new" ] || fail "the target is not as the source"
}

exact_project() # POLICY
{
    project "$db" <<JSON
{ "name": "$db", "sources": { "old": { "use": "postgres", "options": { "url": "$(pg_url "old_$db")" } } },
  "backup": { "scope": "none" }, "stages": [ { "name": "people", "policy": "$1",
    "options": { "table": "person", "fields": { "id": { "key": "people" }, "nr": "id", "name": "name",
      "size": "size" } } } ] }
JSON
}
of_source="SELECT id, name FROM people ORDER BY id"
of_target="SELECT nr, name FROM person ORDER BY nr"

for policy in replace update; do
    echo "policy $policy: 1,000 changed, 100 added, 10 deleted"
    db=exact_$policy
    pg_createdb "$db"
    pg_createdb "old_$db"
    psql_t "$db" -c "CREATE TABLE person (id uuid PRIMARY KEY, nr int NOT NULL, name text NOT NULL, size int)"
    psql_t "old_$db" -c "CREATE TABLE people (id int PRIMARY KEY, name text, size text)" \
        -c "INSERT INTO people SELECT i, 'name ' || i FROM generate_series(1, 5000) i"
    exact_project $policy
    run 0 "$db" "$db"
    same "$db" "$of_source" "$of_target"
    again 0 "$db" "$db"
    [ ! -e "$BUNDLE/source_changes.csv" ] || fail "changes where there are none"
    psql_t "old_$db" -c "UPDATE people SET name = 'changed ' || id WHERE id % 5 = 0" \
        -c "DELETE FROM people WHERE id % 500 = 1" \
        -c "INSERT INTO people SELECT i, 'new ' || i FROM generate_series(5001, 5100) i"
    run 0 "$db" "$db"
    deleted=0 of=vanished
    [ $policy = update ] || deleted=10 of=deleted
    says "(100 inserted, 1000 updated, $deleted deleted), 3990 unchanged, 10 vanished from the source"
    same "$db" "$of_source" "SELECT nr, name FROM person WHERE nr % 500 <> 1 OR nr > 5000 ORDER BY nr"
    rows "$db" "SELECT count(*) FROM person" $((5100 - deleted))
    reported '"vanished": 10'
    is "its mode" "$(stat -c %a "$BUNDLE/source_changes.csv")" 600
    is "keys told" "$(sed -n 's/^"people","'$of'","\([0-9]*\)","[-0-9a-f]\{36\}"\r$/\1/p' \
        "$BUNDLE/source_changes.csv" | sort -n | tr '\n' ' ')" "1 501 1001 1501 2001 2501 3001 3501 4001 4501 "
    [ $policy = replace ] || is "their keys in the target" \
        "$(sed 's/.*,"\(.*\)"\r$/\1/; 1d' "$BUNDLE/source_changes.csv" | sort)" \
        "$(psql_t "$db" -c "SELECT id FROM person WHERE nr % 500 = 1 AND nr <= 5000 ORDER BY 1")"
    undo_proof "$db" "$db"
    again 0 "$db" "$db"
    # read are also those that are rejected: by load, and by check
    psql_t "old_$db" -c "UPDATE people SET size = 'many' WHERE id = 2" -c "UPDATE people SET name = NULL WHERE id = 3"
    run 20 "$db" "$db"
    rows "$db" "SELECT key, code FROM mighost.reject ORDER BY 1" "2|bad_number
3|required"
    is "vanished" "$(grep -c . "$BUNDLE/source_changes.csv" 2>/dev/null)" "$([ $policy = replace ] || echo 11)"
    psql_t "old_$db" -c "UPDATE people SET size = NULL, name = 'name ' || id WHERE id IN (2, 3)"
    again 0 "$db" "$db"
    if [ $policy = replace ]; then
        [ ! -e "$BUNDLE/source_changes.csv" ] || fail "what is deleted is told again"
        # the map goes back with the run that deleted: told, and deleted, anew
        for n in 6 5 4 3; do
            mig 0 "$db" "$db" --rollback $n
        done
        run 0 "$db" "$db"
        says "(100 inserted, 1000 updated, 10 deleted)"
    else
        says "10 vanished from the source"
        mig 0 "$db" "$db" --finalize 1
        psql_t "$db" -c "DELETE FROM person WHERE nr = 501"
        run 0 "$db" "$db"
        says "9 vanished from the source"
        is "told to a dry run" "$(mig 0 "$db" "$db" --dry-run; grep -c 'vanished' "$BUNDLE/source_changes.csv")" 9
    fi
done

# run-completion.sh - what bash offers after a part of a mighost command line.
set -eu
[ -x "$MIGHOST" ] || { echo "$MIGHOST is not built"; exit 1; }
command -v bash >/dev/null || { echo "skipped: no bash"; exit 77; }
failed=0

offers() # WANTED WORDS...: the offers for the last word, sorted, on one line
{
    wanted=$1
    shift
    got=$(cd "$top_srcdir/share" && bash -c '
        . "$1"/share/completions/mighost
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _mighost
        printf "%s\n" "${COMPREPLY[@]}"' bash "$top_srcdir" "$MIGHOST" "$@" | LC_ALL=C sort | xargs)
    [ "$got" = "$wanted" ] && return
    echo "FAILED: mighost $*: offers \"$got\", wanted \"$wanted\""
    failed=1
}

offers "$("$MIGHOST" --help | sed -n 's/^ *\(--[a-z-]*\).*/\1/p' | LC_ALL=C sort | xargs)" ""
offers "--restore" --res
offers "--rollback --rollback-file --rollback-mode" --rol
offers "--plan --plugins" --pl
offers "--backup --backup-dir --backups" --backup
offers "dot json text" --plan --format ""
offers "debug" --log-level d
offers "examples" --plugins ex
offers "completions" --project com
offers "" --finalize ""
offers "--yes" --rollback --y
exit "$failed"

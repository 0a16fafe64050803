# run-completion.sh - what bash, and fish and zsh where they are, offer after a part of a mighost
# command line.
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
offers "force refuse untouched" --rollback-mode ""

all=$("$MIGHOST" --help | sed -n 's/^ *\(--[a-z-]*\).*/\1/p' | LC_ALL=C sort | xargs)
PATH=$(dirname "$MIGHOST"):$PATH
export PATH

fish_offers() # WANTED LINE
{
    got=$(cd "$top_srcdir/share" && HOME=${TMPDIR-/tmp}/no-home fish --no-config -c "
        source $top_srcdir/share/completions/mighost.fish
        complete -C '$2'" | cut -f 1 | LC_ALL=C sort | xargs)
    [ "$got" = "$1" ] && return
    echo "FAILED: fish: $2: offers \"$got\", wanted \"$1\""
    failed=1
}

# The widgets of zsh need a terminal; the function alone does not: what it would offer is printed.
zsh_offers() # WANTED WORDS...
{
    wanted=$1
    shift
    got=$(cd "$top_srcdir/share" && zsh -f -c '
        compadd() { print -rl -- "$@" }
        _describe() { print -rl -- ${options%%:*} }
        _path_files() { print directories }
        _files() { print files }
        page=$1
        shift
        complete_it() { words=("$@") CURRENT=$# ; source $page }
        complete_it "$@"' zsh "$top_srcdir/share/completions/_mighost" "$MIGHOST" "$@" |
        LC_ALL=C sort | xargs)
    [ "$got" = "$wanted" ] && return
    echo "FAILED: zsh: $*: offers \"$got\", wanted \"$wanted\""
    failed=1
}

if command -v fish >/dev/null; then
    fish_offers "$all" "mighost --"
    fish_offers "--backup --backup-dir --backups" "mighost --backup"
    fish_offers "dot json text" "mighost --plan --format "
    fish_offers "examples/" "mighost --plugins ex"
fi
if command -v zsh >/dev/null; then
    zsh_offers "$all" ""
    zsh_offers "dot json text" --plan --format ""
    zsh_offers "directories" --plugins ""
    zsh_offers "files" --project ""
    zsh_offers "" --finalize ""
fi
exit "$failed"

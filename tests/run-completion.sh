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
offers "json text" --log-format ""
offers "migrator reporter source transform validator" --new-plugin x --kind ""
offers "c c++ rust" --language ""
offers "debug" --log-level d
offers "examples" --plugins ex
offers "completions" --project com
offers "" --finalize ""
offers "--yes" --rollback --y
offers "force refuse untouched" --rollback-mode ""

# What is offered behind an option is taken by it, and nothing else is.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
taken() # OPTION WORD ACTION...: by the words of the program; the action itself may fail
{
    taken_option=$1 taken_word=$2
    shift 2
    ! "$MIGHOST" --project "$scratch/none" "$@" "$taken_option" "$taken_word" 2>&1 | grep -q -- "$taken_option takes "
}
for line in "--log-format --list-faults" "--kind --new-plugin" "--language --new-plugin"; do
    option=${line% *}
    words=$(bash -c '. "$1"/share/completions/mighost; COMP_WORDS=("$2" "$3" "") COMP_CWORD=2
        _mighost; echo "${COMPREPLY[@]}"' bash "$top_srcdir" "$MIGHOST" "$option")
    [ -n "$words" ] || { echo "FAILED: nothing is offered behind $option"; failed=1; }
    for word in $words nonsense; do
        set -- "${line#* }"
        [ "$1" != --new-plugin ] || set -- "$1" "$scratch/$word"
        if taken "$option" "$word" "$@"; then is_taken=yes; else is_taken=no; fi
        case $word,$is_taken in
        nonsense,no | [!n]*,yes) ;;
        *) echo "FAILED: $option $word: taken: $is_taken"; failed=1 ;;
        esac
    done
done

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
    fish_offers "json text" "mighost --log-format "
    fish_offers "c c++ rust" "mighost --language "
    fish_offers "examples/" "mighost --plugins ex"
fi
if command -v zsh >/dev/null; then
    zsh_offers "$all" ""
    zsh_offers "dot json text" --plan --format ""
    zsh_offers "json text" --log-format ""
    zsh_offers "c c++ rust" --language ""
    zsh_offers "directories" --plugins ""
    zsh_offers "files" --project ""
    zsh_offers "" --finalize ""
fi
exit "$failed"

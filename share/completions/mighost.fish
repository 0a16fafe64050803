# fish completion for mighost. All options come from "mighost --help", as for bash: there is nothing
# to keep in step.

function __mighost_options
    mighost --help 2>/dev/null |
        sed -n 's/^ *\(--[a-z-]*\)\( \[\{0,1\}[A-Z][A-Z:]*\]\{0,1\}\)\{0,1\} \{1,\}\([A-Za-z].*\)/\1\t\3/p'
end

# What the option before the cursor takes: DIR, FILE, ... ; fails where it takes nothing.
function __mighost_takes
    set -l before (commandline -opc)[-1]
    string match -qr '^--[a-z-]+$' -- $before; or return 1
    set -l takes (mighost --help 2>/dev/null | sed -n "s/^ *$before \[\{0,1\}\([A-Z]\{1,\}\).*/\1/p")
    test -n "$takes" -a "$before" != --rollback; or return 1
    contains -- $takes $argv; or test -z "$argv"
end

function __mighost_behind
    test (commandline -opc)[-1] = $argv[1]
end

complete -c mighost -f
complete -c mighost -n 'not __mighost_takes' -a '(__mighost_options)'
complete -c mighost -n '__mighost_takes DIR' -a '(__fish_complete_directories)'
complete -c mighost -n '__mighost_takes FILE PATH' -F
complete -c mighost -n '__mighost_takes FORMAT; and not __mighost_behind --log-format' -a 'text json dot'
complete -c mighost -n '__mighost_behind --log-format' -a 'text json'
complete -c mighost -n '__mighost_takes KIND' -a 'transform source migrator validator reporter'
complete -c mighost -n '__mighost_behind --language' -a 'c c++ rust'
complete -c mighost -n '__mighost_takes LEVEL' -a 'debug info warning error'
complete -c mighost -n '__mighost_takes MODE' -a 'refuse untouched force'

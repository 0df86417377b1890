#compdef kata-agent-ctl
# zsh completion for kata-agent-ctl. What may be typed is asked of the program.

_kata-agent-ctl() {
    local program=${(Q)words[1]} line
    program=${program/#\~\//$HOME/}
    whence -- $program >/dev/null || program=kata-agent-ctl
    # The words as they are typed, up to the cursor. The buffer itself is no help:
    # it lacks an open quote while completion runs. The prefix lacks one that is
    # not at its beginning, but where nothing follows the word is the prefix.
    local typed="$QIPREFIX$IPREFIX$PREFIX"
    [[ -n $SUFFIX$ISUFFIX$QISUFFIX ]] || typed=$words[CURRENT]
    typed="${(j: :)words[1,CURRENT-1]} $typed"
    local -a texts shown
    while IFS= read -r line; do
        texts+=("${${line%%$'\t'*}#$QIPREFIX}")
        shown+=("${line#*$'\t'}")
    done < <($program complete zsh -- "$typed" 2>/dev/null)
    (( $#texts )) || return 1
    # The texts are quoted, and end with what they need.
    # Before a quote that is closed already, so that the word can go on.
    compstate[to_end]=
    compadd -U -Q -S '' -l -d shown -a texts
}

if [[ $funcstack[1] == _kata-agent-ctl ]]; then
    _kata-agent-ctl "$@"
else
    compdef _kata-agent-ctl kata-agent-ctl
fi

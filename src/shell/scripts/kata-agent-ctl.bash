# bash completion for kata-agent-ctl. What may be typed is asked of the program.

_kata_agent_ctl() {
    local program=${1/#\~\//"$HOME"/} line=${COMP_LINE:0:COMP_POINT}
    # Bash does not expand an alias before it completes.
    if [[ -n ${BASH_ALIASES[$1]-} ]]; then
        line=${line/"$1"/"${BASH_ALIASES[$1]}"}
        program=kata-agent-ctl
    fi
    type -P -- "$program" >/dev/null 2>&1 || program=kata-agent-ctl
    local options=(--word-breaks="$COMP_WORDBREAKS")
    # Where a list is shown it may say what each candidate is.
    [[ $COMP_TYPE == 63 ]] && options+=(--listing)
    mapfile -t COMPREPLY < <(
        "$program" complete bash "${options[@]}" -- "$line" 2>/dev/null
    )
    # The candidates have the space after them that they need.
    compopt -o nospace -o nosort 2>/dev/null
}

complete -F _kata_agent_ctl kata-agent-ctl
# And the aliases that are there already.
for REPLY in "${!BASH_ALIASES[@]}"; do
    if [[ ${BASH_ALIASES[$REPLY]} =~ (^|[[:space:]/])kata-agent-ctl($|[[:space:]]) ]]; then
        complete -F _kata_agent_ctl -- "$REPLY"
    fi
done

# fish completion for kata-agent-ctl. What may be typed is asked of the program.

function __kata_agent_ctl_complete
    set -l program (commandline -opc)[1]
    type -q -- $program; or set program kata-agent-ctl
    $program complete fish -- (commandline -cp | string collect) 2>/dev/null
end

complete -c kata-agent-ctl -f -a '(__kata_agent_ctl_complete)'

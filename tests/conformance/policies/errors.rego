# Errors of built-ins, which make an expression undefined, and those that end an evaluation.
package agent_policy

default SetPolicyRequest := true

default GetMetricsRequest := false

GetMetricsRequest if to_number("x") == 1

default ListRoutesRequest := false

ListRoutesRequest if 1 / 0 == 1

default ListInterfacesRequest := false

ListInterfacesRequest if regex.match("(", "x")

default GuestDetailsRequest := false

GuestDetailsRequest if base64.decode("%%%") == "x"

default StatsContainerRequest := false

StatsContainerRequest if json.unmarshal("{") == {}

default PauseContainerRequest := false

PauseContainerRequest if no_such_function(1)

default ResumeContainerRequest := false

ResumeContainerRequest if count(7) == 1

default CloseStdinRequest := false

CloseStdinRequest if split(1, 2) == []

default SignalProcessRequest := false

SignalProcessRequest if not to_number("x")

# Two definitions that do not agree.
StartContainerRequest := true if input.container_id

StartContainerRequest := false if input.container_id

# Rules that ask each other.
RemoveContainerRequest if round

round if about

about if round

TtyWinResizeRequest := input.row + "1"

default UpdateContainerRequest := false

UpdateContainerRequest if substring("abc", -1, 2) == "x"

default WriteStreamRequest := false

WriteStreamRequest if sprintf("%d", ["x"]) == "x"

default ExecProcessRequest := false

ExecProcessRequest if {
    x := input.process.Args[7]
    x == "ls"
}

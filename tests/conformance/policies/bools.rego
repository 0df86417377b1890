# Rules that are true or false, in each form that there is, and some that are missing.
package agent_policy

default SetPolicyRequest := true

default GetMetricsRequest := true
default ListInterfacesRequest := false
default ListRoutesRequest = true

GuestDetailsRequest := input.mem_block_size

GuestDetailsRequest := false if not input.mem_block_size

StatsContainerRequest if input.container_id == "abc"

PauseContainerRequest if {
    input.container_id == "abc"
}

PauseContainerRequest if input.container_id == "def"

default ResumeContainerRequest := false

ResumeContainerRequest if {
    some id in ["abc", "def"]
    id == input.container_id
} else := true if {
    startswith(input.container_id, "x")
} else := false

SignalProcessRequest := input.signal < 10

CloseStdinRequest if true

TtyWinResizeRequest = true if {
    input.row > input.column
}

StartContainerRequest := allowed if {
    allowed := input.container_id in {"abc"}
}

UpdateContainerRequest if not input.resources

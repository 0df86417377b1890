# Results that are neither a bool nor an object.
package agent_policy

default SetPolicyRequest := true

GetMetricsRequest := "yes"

GuestDetailsRequest := 1

ListInterfacesRequest := null

ListRoutesRequest := [true]

StatsContainerRequest contains "a" if input.container_id == "abc"

PauseContainerRequest[id] := true if id := input.container_id

ResumeContainerRequest(x) if x == 1

SignalProcessRequest.allowed := true if input.signal == 9

default CloseStdinRequest := "no"

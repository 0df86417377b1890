# A policy that lets every request through that it fails to decide, and those that it denies.
package agent_policy

AllowRequestsFailingPolicy := true

default SetPolicyRequest := true

default GetMetricsRequest := false

GuestDetailsRequest := "text"

ListRoutesRequest := {"allowed": 1}

ListInterfacesRequest := {"allowed": false}

StatsContainerRequest := true if input.container_id == "abc"

# A policy that is replaced on the way, by others that are none, deny, or allow.
package agent_policy

default SetPolicyRequest := false

SetPolicyRequest if {
    print("at", count(input.policy))
    contains(input.policy, "agent_policy")
}

GetMetricsRequest := {"allowed": true, "ops": [{"op": "add", "path": "/pstate/seen", "value": true}]}

ListRoutesRequest if data.pstate.seen

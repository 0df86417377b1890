# A text that is no policy after one that is.
package agent_policy

default SetPolicyRequest := true

default GetMetricsRequest := true

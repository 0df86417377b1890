# Rules outside of the agent's package decide nothing.
package another

default GetMetricsRequest := true

default SetPolicyRequest := true

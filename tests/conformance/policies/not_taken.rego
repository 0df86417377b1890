# Texts that are no policies: each leaves the agent without one.
package agent_policy

default SetPolicyRequest := true

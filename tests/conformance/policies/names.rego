# Each rule by the name of its request's message, which is not always that of its RPC.
package agent_policy

default AddSwapPathRequest := false
default CreateContainerRequest := false
default GetMetricsRequest := false
default GetOOMEventRequest := false
default GuestDetailsRequest := false
default MemAgentCompactConfig := false
default MemAgentMemcgConfig := false
default MemHotplugByProbeRequest := false
default ReadStreamRequest := false
default RemoveStaleVirtiofsShareMountsRequest := false
default SetPolicyRequest := false
default VolumeStatsRequest := false
default WriteStreamRequest := false
default CheckRequest := false

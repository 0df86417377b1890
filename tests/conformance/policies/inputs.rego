# What a policy sees of requests: each prints its input, and none is allowed.
package agent_policy

default SetPolicyRequest := true

seen if {
    print(input)
    false
}

default CopyFileRequest := false

CopyFileRequest if seen

default UpdateInterfaceRequest := false

UpdateInterfaceRequest if seen

default UpdateRoutesRequest := false

UpdateRoutesRequest if seen

default ExecProcessRequest := false

ExecProcessRequest if seen

default CreateContainerRequest := false

CreateContainerRequest if seen

default CreateSandboxRequest := false

CreateSandboxRequest if seen

default UpdateContainerRequest := false

UpdateContainerRequest if seen

default WriteStreamRequest := false

WriteStreamRequest if seen

default ReadStreamRequest := false

ReadStreamRequest if seen

default SetGuestDateTimeRequest := false

SetGuestDateTimeRequest if seen

default AddARPNeighborsRequest := false

AddARPNeighborsRequest if seen

default MemAgentMemcgConfig := false

MemAgentMemcgConfig if seen

default MemAgentCompactConfig := false

MemAgentCompactConfig if seen

default ReseedRandomDevRequest := false

ReseedRandomDevRequest if seen

default AddSwapRequest := false

AddSwapRequest if seen

default VolumeStatsRequest := false

VolumeStatsRequest if seen

default ResizeVolumeRequest := false

ResizeVolumeRequest if seen

default SetIPTablesRequest := false

SetIPTablesRequest if seen

default GetIPTablesRequest := false

GetIPTablesRequest if seen

default UpdateEphemeralMountsRequest := false

UpdateEphemeralMountsRequest if seen

default SignalProcessRequest := false

SignalProcessRequest if seen

default OnlineCPUMemRequest := false

OnlineCPUMemRequest if seen

default GetDiagnosticDataRequest := false

GetDiagnosticDataRequest if seen

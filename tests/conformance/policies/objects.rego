# Rules whose result is an object, which may have a patch of the policy's state.
package agent_policy

default SetPolicyRequest := true

count_of(name) := data.pstate[name] if data.pstate[name]

count_of(name) := 0 if not data.pstate[name]

GetMetricsRequest := {"allowed": true, "ops": [{
    "op": "add",
    "path": "/pstate/metrics",
    "value": count_of("metrics") + 1,
}]} if {
    print("metrics so far:", count_of("metrics"))
    count_of("metrics") < 3
}

default GetMetricsRequest := false

ListInterfacesRequest := {"allowed": count_of("metrics") > 2}

ListRoutesRequest := {"allowed": false, "ops": [{"op": "add", "path": "/pstate/metrics", "value": 0}]}

# The first container alone is created, and only it is started.
StartContainerRequest := {"allowed": true, "ops": [{"op": "add", "path": "/pstate/id", "value": input.container_id}]} if {
    not data.pstate.id
}

StartContainerRequest := {"allowed": true, "ops": []} if {
    data.pstate.id == input.container_id
}

StartContainerRequest := {"allowed": false} if {
    data.pstate.id
    data.pstate.id != input.container_id
}

RemoveContainerRequest := {"allowed": true, "ops": [{"op": "remove", "path": "/pstate/id"}]}

PauseContainerRequest := {"ops": []}

ResumeContainerRequest := {"allowed": "yes"}

StatsContainerRequest := {"allowed": true, "ops": [{"op": "twist", "path": "/pstate/id"}]}

SignalProcessRequest := {"allowed": true, "ops": [{"op": "test", "path": "/pstate/metrics", "value": 7}]}

CloseStdinRequest := {"allowed": true, "ops": null, "more": 1}

UpdateContainerRequest := {"allowed": true, "ops": [
    {"op": "add", "path": "/pstate/list", "value": []},
    {"op": "add", "path": "/pstate/list/-", "value": input.container_id},
    {"op": "copy", "from": "/pstate/list", "path": "/pstate/copy"},
    {"op": "move", "from": "/pstate/list/0", "path": "/pstate/moved"},
    {"op": "replace", "path": "/pstate/moved", "value": {"a": 1.5}},
]}

TtyWinResizeRequest if {
    print(data.pstate)
    data.pstate.moved.a == 1.5
    data.pstate.copy == ["abc"]
    input.row == 7
}

default TtyWinResizeRequest := false

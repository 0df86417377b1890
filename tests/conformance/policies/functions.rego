# Functions, quantifiers, comprehensions and negation, as generated policies use them.
package agent_policy

import future.keywords.every
import future.keywords.if
import future.keywords.in

default SetPolicyRequest := true

default ExecProcessRequest := false

ExecProcessRequest if {
    input.string_user == null
    some container in policy_data.containers
    container.id == input.container_id
    allow_process(container, input.process)
}

allow_process(container, process) if {
    allow_args(container, process.Args)
    allow_env(container, process.Env)
    process.User.UID == container.uid
    not process.Terminal
}

allow_args(container, args) if args in container.commands

allow_args(container, args) if {
    print("no such command:", args)
    command := concat(" ", args)
    some pattern in container.patterns
    regex.match(pattern, command)
}

allow_env(container, env) if {
    every variable in env {
        allow_variable(container, variable)
    }
}

allow_variable(container, variable) if {
    name_value := split(variable, "=")
    count(name_value) == 2
    some name, value in container.env
    name == name_value[0]
    value == name_value[1]
}

allow_variable(_, variable) if startswith(variable, "KUBERNETES_")

default SignalProcessRequest := false

SignalProcessRequest if {
    allowed := {signal | some signal in [1, 2, 15]}
    input.signal in allowed
    numbers := [n | some n in allowed; n > 1]
    count(numbers) == 2
    by_name := {name: number | some number, name in ["a", "b"]}
    by_name.b == 1
}

default UpdateRoutesRequest := false

UpdateRoutesRequest if {
    count(input.routes.Routes) > 0
    every route in input.routes.Routes {
        not route.device in ["lo"]
        every prefix in ["127.", "169.254."] {
            not startswith(route.dest, prefix)
        }
    }
}

default StatsContainerRequest := false

StatsContainerRequest if {
    parts := split(input.container_id, "-")
    [first, second] := parts
    first == second
}

policy_data := {"containers": [
    {
        "id": "web",
        "uid": 0,
        "commands": [["ls"], ["cat", "/etc/hosts"]],
        "patterns": ["^echo [a-z]+$"],
        "env": {"A": "1", "PATH": "/bin"},
    },
    {
        "id": "db",
        "uid": 5,
        "commands": [],
        "patterns": [],
        "env": {},
    },
]}

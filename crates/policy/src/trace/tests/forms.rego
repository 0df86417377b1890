package agent_policy
import rego.v1

default ExecProcessRequest := false

ExecProcessRequest := decision if {
    verdict := judged(input.process)
    verdict.allowed
    kind(input.container_id) == "web"
    "none" != terminal(input.process)
    is_root == true
    known := known_id(input.exec_id)
    known
    not forbidden(input.process.Cwd)
    not suspicious
    [input.process.Cwd, second] = [first, input.exec_id]
    startswith(first, "/")
    [shown, first] = [second, place]
    place == input.process.Cwd
    split(shown, "-", parts)
    count(parts) == 2
    [prefix, number] := parts
    limits[prefix][_] == to_number(number)
    slot := slots[input.process.User.UID]
    slot.name == "root"
    some index
    input.process.Env[index] == "A=1"
    variable := input.process.Env[index + 1]
    named(variable)
    data.pstate.web[input.exec_id] == "new"
    all_known(input.process.Args)
    result := ready
    result
    decision := {"allowed": fits, "ops": []}
}

judged(process) := {"allowed": true, "why": "it is a list"} if {
    process.Args[0] == "ls"
    count(process.Args) == 2
} else := {"allowed": false, "why": "it is none"}

kind(id) := "web" if {
    startswith(id, "w")
    endswith(id, "b")
} else := "db" if {
    startswith(id, "d")
} else := "none"

terminal(process) := "some" if {
    process.Terminal
}

terminal(process) := "none" if {
    not process.Terminal
}

default is_root := false

is_root if {
    user := input.process.User
    user.UID == 0
    user.GID == 0
}

known_id(id) := result if {
    result := count(id) == 3
}

forbidden(path) if {
    contains(path, "..")
}

forbidden(path) if {
    path == "/debug"
}

suspicious if {
    input.process.NoNewPrivileges == false
}

limits := {"x": [1, 2], "y": [3]}

slots := {0: {"name": "root"}, 1: {"name": "one"}}

named(variable) if {
    [name, value] := split(variable, "=")
    name == "B"
    to_number(value) > 1
}

all_known(args) if {
    every arg in args {
        arg in {"ls", "-l"}
        word(arg) == "plain"
    }
}

word(arg) := "plain" if {
    not contains(arg, ";")
} else := "odd"

ready := checked if {
    checked := size == 2
}

size := count(input.process.Env)

fits if {
    input.process.OOMScoreAdj == 0
}

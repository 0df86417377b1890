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
    checks.user
    checks.limits.score
    [is_listed, _] := listed(input.process.Args)
    is_listed
    every passed in [has_path(input.process), is_short(input.process)] {
        passed
    }
    [is_short(input.process), is_plain(input.process)] == [true, true]
    level(input.process) >= 3
    level(input.process) in [3, 5]
    count(reasons) == 0
    all_hold([
        input.process.Cwd == "/srv",
        input.exec_id == "x-1",
    ])
    details := object.union({"ops": []}, {
        "why": "",
        "allowed": input.process.Terminal == true,
    })
    details.allowed
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

checks := {
    "user": input.process.User.UID == 0,
    "limits": {
        "score": input.process.OOMScoreAdj == 0,
    },
}

listed(args) := [true, args[0]] if {
    args[0] == "ls"
} else := [false, ""]

has_path(process) := startswith(process.Cwd, "/")

is_short(process) := result if {
    result := count(process.Args) == 2
}

is_plain(process) if {
    process.Args[1] == "-l"
}

level(process) := 5 if {
    process.Args[0] == "ls"
    process.Cwd == "/srv"
} else := 2 if {
    process.Args[0] == "df"
} else := 0

reasons contains "debug" if {
    input.process.Cwd != "/srv"
}

reasons contains "root" if {
    input.process.User.UID != 0
}

all_hold(checks) if {
    every check in checks {
        check
    }
}

# Other forms of Rego that policies use: imports, `with`, sets, numbers, texts, patterns.
package agent_policy

import rego.v1
import input.container_id as id
import data.agent_policy.limits as bounds

default SetPolicyRequest := true

limits := {"low": 3, "high": 7}

default SignalProcessRequest := false

SignalProcessRequest if {
    input.signal >= bounds.low
    input.signal <= bounds.high
    input.signal % 2 == 1
}

default StatsContainerRequest := false

StatsContainerRequest if {
    regex.match(`^[a-z]{3}-\d+$`, id)
    [prefix, number] := split(id, "-")
    upper(prefix) == "WEB"
    to_number(number) * 2 > 10
}

default PauseContainerRequest := false

PauseContainerRequest if is_short with input.container_id as trim_suffix(id, "-long")

is_short if count(input.container_id) < 4

default ResumeContainerRequest := false

ResumeContainerRequest if {
    letters := {letter | some letter in split(id, "")}
    letters & {"a", "b"} == {"a"}
    letters | {"z"} == {"a", "c", "z"}
    count(letters - {"c"}) == 1
}

default CloseStdinRequest := false

CloseStdinRequest if {
    sprintf("%s/%d", [id, count(id)]) in {"abc/3", "abcd/4"}
}

default StartContainerRequest := false

StartContainerRequest if {
    violations := {message |
        some letter in split(id, "")
        not letter in {"a", "b", "c"}
        message := sprintf("%q is not a letter of an ID", [letter])
    }
    print(violations)
    count(violations) == 0
}

default RemoveContainerRequest := false

RemoveContainerRequest if {
    every index, letter in split(id, "") {
        letter == ["a", "b", "c"][index]
    }
}

deny contains "too short" if count(id) < 3

deny contains message if {
    startswith(id, "x")
    message := concat(" ", ["begins with", substring(id, 0, 1)])
}

default UpdateContainerRequest := false

UpdateContainerRequest if {
    print(deny)
    count(deny) == 0
}

default TtyWinResizeRequest := false

TtyWinResizeRequest if {
    area := input.row * input.column
    area == 6
    not bits.and(input.row, 1) == 1
}

TtyWinResizeRequest if object.get(input, ["nothing", "here"], 5) == input.row

default WriteStreamRequest := false

WriteStreamRequest if {
    sum(input.data) == 10
    max(input.data) == 7
    array.slice(input.data, 0, 1) == [1]
    sort(input.data) == [1, 2, 7]
}

default ReseedRandomDevRequest := false

ReseedRandomDevRequest if {
    walk(input, [path, value])
    value == 120
    path == ["data", 1]
}

default GetMetricsRequest := false

GetMetricsRequest if {
    x = 5
    [y, 2] = [1, 2]
    x == y + 4
    some key
    limits[key] == 7
    key == "low"
}

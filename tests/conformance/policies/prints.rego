# What is printed, and in which order: an agent puts all of it on one line.
package agent_policy

default SetPolicyRequest := true

default GetMetricsRequest := false

GetMetricsRequest if {
    print("first")
    print("second", 2, 1.5, true, null, ["a", {"b": "c d"}], {"x", "y"})
    print(input)
    print("undefined:", input.nothing)
    print("quotes \"here\", a tab\t, a line\nand one more \\ é ☃")
    print()
    print("")
    input.nothing
    print("never")
}

default StatsContainerRequest := false

StatsContainerRequest if {
    some id in ["a", "b", "c"]
    print("trying", id)
    id == input.container_id
    print("found", id)
    helper(id)
}

helper(id) if {
    print("one:", id)
    id == "zz"
}

helper(id) if {
    print("two:", id)
    id == "c"
}

default PauseContainerRequest := false

PauseContainerRequest if {
    print("a rule is asked once:", once)
    once == 1
    other
}

once := 1 if print("once")

other if {
    print("other:", once)
    not print("denied by print")
}

default WriteStreamRequest := false

WriteStreamRequest if {
    print(input.data)
    count(input.data) == 3
    input.data == [0, 255, 10]
}

default SignalProcessRequest := false

SignalProcessRequest if {
    print(numbers.range(1, 300))
    print(sprintf("%d %s %v %.2f %x", [input.signal, input.container_id, input.exec_id, 1.239, 255]))
    false
}

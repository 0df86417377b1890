# A policy as tools generate one for a pod of two containers.
package agent_policy

import rego.v1

default CreateContainerRequest := false

CreateContainerRequest := {"allowed": true, "ops": ops} if {
    allow_input
    input_oci := input.OCI
    sandbox_name := input_oci.Annotations["sandbox-name"]
    first := remember("sandbox", sandbox_name)
    some index, container in policy_data.containers
    print("trying container", index)
    container.pidns == input.sandbox_pidns
    container.OCI.Version == input_oci.Version
    container.OCI.Root.Readonly == input_oci.Root.Readonly
    allow_annotations(container, input_oci)
    allow_process(container.OCI.Process, input_oci.Process)
    allow_mounts(container, input_oci.Mounts)
    allow_storages(container.storages, input.storages)
    allow_linux(container.OCI.Linux, input_oci.Linux)
    second := remember(input.container_id, index)
    ops := array.concat(first, second)
}

allow_input if {
    print("input:", input)
    count(input.devices) == 0
    is_null(input.string_user)
    is_null(input.OCI.Hooks)
    linux := input.OCI.Linux
    count(linux.UIDMappings) == 0
    is_null(linux.Seccomp)
}

remember(key, value) := ops if {
    not data.pstate[key]
    ops := [{"op": "add", "path": concat("/", ["/pstate", key]), "value": value}]
}

remember(key, value) := [] if {
    data.pstate[key] == value
}

allow_annotations(container, oci) if {
    every key, value in oci.Annotations {
        allow_annotation(container, key, value)
    }
}

allow_annotation(container, key, value) if {
    expected := container.OCI.Annotations[key]
    expected == value
}

allow_annotation(container, key, value) if {
    some pattern, values in container.patterns
    regex.match(pattern, key)
    regex.match(values, value)
}

allow_process(p, i) if {
    p.Terminal == i.Terminal
    p.Cwd == i.Cwd
    allow_args(p, i)
    allow_environment(p, i)
    allow_user(p.User, i.User)
    not i.SelinuxLabel
    p.NoNewPrivileges == i.NoNewPrivileges
    allow_capabilities(p.Capabilities, i.Capabilities)
}

allow_args(p, i) if {
    count(p.Args) == count(i.Args)
    every index, arg in i.Args {
        allow_arg(index, arg, p)
    }
}

allow_arg(index, arg, p) if {
    plain := replace(p.Args[index], "$$", "$")
    plain == arg
}

allow_environment(p, i) if {
    every variable in i.Env {
        allow_variable(p, variable)
    }
}

allow_variable(p, variable) if {
    some allowed in p.Env
    allowed == variable
}

allow_variable(_, variable) if {
    parts := split(variable, "=")
    count(parts) == 2
    parts[0] == "HOSTNAME"
    regex.match("^[a-z0-9-]+$", parts[1])
}

allow_user(p, i) if {
    p.UID == i.UID
    p.GID == i.GID
    groups := {group | some group in i.AdditionalGids}
    groups == {group | some group in p.AdditionalGids}
}

allow_capabilities(p, i) if {
    p.Bounding == i.Bounding
    p.Effective == i.Effective
}

allow_mounts(container, mounts) if {
    count(mounts) <= count(container.mounts)
    every mount in mounts {
        allow_mount(container, mount)
    }
}

allow_mount(container, mount) if {
    some p in container.mounts
    p.destination == mount.destination
    p.options == mount.options
    allow_source(p, mount)
}

allow_source(p, mount) if p.source == mount.source

allow_source(p, mount) if {
    startswith(mount.source, p.prefix)
    not contains(mount.source, "..")
}

allow_storages(p_storages, i_storages) if {
    count(p_storages) == count(i_storages)
    every storage in i_storages {
        some p in p_storages
        p.driver == storage.driver
        p.mount_point == storage.mount_point
    }
}

allow_linux(p, i) if {
    p_namespaces := {namespace.Type | some namespace in p.Namespaces}
    i_namespaces := {namespace.Type | some namespace in i.Namespaces}
    p_namespaces == i_namespaces
    allow_paths(p.MaskedPaths, i.MaskedPaths)
}

allow_paths(p, i) if {
    every path in p {
        path in i
    }
}

policy_data := {"containers": [
    {
        "pidns": true,
        "OCI": {"Version": "1.1.0", "Root": {"Readonly": true}},
        "storages": [],
        "mounts": [],
        "patterns": {},
    },
    {
        "pidns": false,
        "patterns": {"^io\\.example\\.": "^[0-9]+$"},
        "OCI": {
            "Version": "1.1.0",
            "Root": {"Readonly": false},
            "Annotations": {"sandbox-name": "web", "type": "container"},
            "Process": {
                "Terminal": false,
                "Cwd": "/",
                "Args": ["sh", "-c", "echo $$HOME"],
                "Env": ["PATH=/bin", "A=1"],
                "User": {"UID": 0, "GID": 0, "AdditionalGids": [1, 2]},
                "NoNewPrivileges": true,
                "Capabilities": {"Bounding": ["CAP_CHOWN"], "Effective": []},
            },
            "Linux": {
                "Namespaces": [{"Type": "ipc"}, {"Type": "mount"}],
                "MaskedPaths": ["/proc/kcore", "/sys/firmware"],
            },
        },
        "storages": [{"driver": "blk", "mount_point": "/run/image"}],
        "mounts": [
            {"destination": "/proc", "source": "proc", "options": ["nosuid"], "prefix": "-"},
            {"destination": "/etc/hosts", "source": "", "options": ["ro"], "prefix": "/run/shared/"},
        ],
    },
]}

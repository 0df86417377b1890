//! Sandbox and containers: their states, and what is refused in each.

use serde_json::{Value, json};

use super::script::{Script, create};

#[test]
fn a_sandbox_is_created_once_and_destroyed_at_any_time() {
    let mut script = Script::new();
    script.run(&[
        ("DestroySandbox", "{}"),
        (
            r#"CreateSandbox {"kernel_modules":[{}]}"#,
            "13 Kernel module name is empty",
        ),
        (r#"CreateSandbox {"sandbox_id":"sb"}"#, "{}"),
        ("CreateSandbox", "13 setup persistent IPC namespace"),
        (&create("c1", &json!({})), "{}"),
        ("DestroySandbox", "{}"),
        (
            r#"StatsContainer {"container_id":"c1"}"#,
            "3 \"invalid container id\"",
        ),
        (
            r#"CreateSandbox {"storages":[{"driver":"zz"}]}"#,
            "13 Failed to find the storage handler zz",
        ),
    ]);
}

#[test]
fn a_container_is_not_made_of_a_wrong_request() {
    let mut script = Script::new();
    let with = |name: &str, value: Value| {
        let call = create("c1", &json!({}));
        let (name_of_rpc, document) = call.split_once(' ').unwrap();
        let mut request: Value = serde_json::from_str(document).unwrap();
        request[name] = value;
        format!("{name_of_rpc} {request}")
    };
    let device = |fields: Value| with("devices", json!([fields]));
    let cases = [
        (create("", &json!({})), "invalid container ID "),
        (create("a", &json!({})), "invalid container ID a"),
        (create("a/b", &json!({})), "invalid container ID a/b"),
        (create("-ab", &json!({})), "invalid container ID -ab"),
        (
            r#"CreateContainer {"container_id":"c1"}"#.to_owned(),
            "EINVAL: Invalid argument",
        ),
        (
            create("c1", &json!({"Linux": null, "Root": null})),
            "failed to mount rootfs to /run/kata-containers/c1/rootfs, with error: \
             ENOENT: No such file or directory",
        ),
        (
            create("c1", &json!({"Root": {"Path": "a/b"}})),
            "failed to mount a/b to /run/kata-containers/c1/rootfs, with error: \
             ENOENT: No such file or directory",
        ),
        (
            create("c1", &json!({"Linux": null})),
            "Spec does not contain linux field",
        ),
        (
            create("c1", &json!({"Root": {"Path": ""}})),
            "need mount source",
        ),
        (
            create("c1", &json!({"Process": null})),
            "EINVAL: Invalid argument",
        ),
        (
            create("c1", &json!({"Process": {"Capabilities": null}})),
            "missing process capabilities",
        ),
        (
            create("c1", &json!({"Linux": {"Namespaces": []}})),
            "cannot find the pid ns",
        ),
        (
            create("c1", &json!({"Hostname": "h"})),
            "hostname\n\nCaused by:\n    Linux namespace does not contain uts",
        ),
        (
            create(
                "c1",
                &json!({"Linux": {"Namespaces": [{"Type": "ipc"}], "MaskedPaths": ["/x"]}}),
            ),
            "security\n\nCaused by:\n    Linux namespace does not contain mount",
        ),
        (
            create(
                "c1",
                &json!({"Linux": {"Resources": {"Memory": {"Swappiness": 101}}}}),
            ),
            "invalid value:101. valid memory swappiness range is 0-100",
        ),
        (
            with("storages", json!([{"driver": "local"}, {"driver": "zz"}])),
            "Failed to find the storage handler zz",
        ),
        (device(json!({"id": "d"})), "invalid type for device \"d\""),
        (
            device(json!({"type": "blk"})),
            "invalid ID and VM path for device \"\"",
        ),
        (
            device(json!({"id": "d", "type": "blk"})),
            "invalid container path for device \"d\"",
        ),
        (
            device(json!({"id": "d", "type": "zz", "container_path": "/d"})),
            "Failed to find the device handler zz",
        ),
    ];
    for (call, message) in cases {
        assert_eq!(script.call(&call), format!("13 {message}"), "{call}");
        let stats = script.call(r#"StatsContainer {"container_id":"c1"}"#);
        assert_eq!(stats, "3 \"invalid container id\"", "{call}");
    }
    let accepted = json!({
        "Hostname": "h",
        "Linux": {
            "Namespaces": [{"Type": "uts"}, {"Type": "mount"}, {"Type": "pid"}],
            "ReadonlyPaths": ["/x"],
        },
    });
    script.run(&[(&create("a_b.c-d", &accepted), "{}")]);
}

#[test]
fn what_is_not_there_is_refused_as_each_call_does_it() {
    let mut script = Script::new();
    script.run(&[(&create("c1", &json!({})), "{}")]);
    // The container that is not there, and the process that is not in one.
    let container = [
        ("StartContainer", "13 Invalid container id"),
        ("RemoveContainer", "13 Invalid container id"),
        (
            "ExecProcess",
            "13 Unable to parse process from ExecProcessRequest",
        ),
        ("StatsContainer", "3 \"invalid container id\""),
        ("PauseContainer", "3 \"invalid container id\""),
        ("ResumeContainer", "3 \"invalid container id\""),
        ("UpdateContainer", "3 \"invalid container id\""),
    ];
    for (name, answer) in container {
        let call = format!(r#"{name} {{"container_id":"nope"}}"#);
        assert_eq!(script.call(&call), answer, "{call}");
    }
    let process = [
        ("SignalProcess", "3 InvalidContainerId", "5 InvalidExecId"),
        ("WaitProcess", "3 InvalidContainerId", "5 InvalidExecId"),
        ("ReadStdout", "3 InvalidContainerId", "5 InvalidExecId"),
        ("ReadStderr", "3 InvalidContainerId", "5 InvalidExecId"),
        ("CloseStdin", "3 InvalidContainerId", "5 InvalidExecId"),
        ("TtyWinResize", "3 InvalidContainerId", "5 InvalidExecId"),
        (
            "WriteStdin",
            "13 Invalid container id",
            "13 Process not found: invalid exec id",
        ),
    ];
    for (name, no_container, no_process) in process {
        let call = format!(r#"{name} {{"container_id":"nope","exec_id":"x"}}"#);
        assert_eq!(script.call(&call), no_container, "{call}");
        let call = format!(r#"{name} {{"container_id":"c1","exec_id":"x"}}"#);
        assert_eq!(script.call(&call), no_process, "{call}");
    }
    script.run(&[
        (
            r#"ExecProcess {"container_id":"nope","process":{}}"#,
            "13 Invalid container id",
        ),
        (
            r#"SignalProcess {"container_id":"nope","signal":9}"#,
            "13 Invalid container id nope",
        ),
    ]);
}

#[test]
fn pausing_and_resuming_depend_on_the_state() {
    let mut script = Script::new();
    let pause = r#"PauseContainer {"container_id":"c1"}"#;
    let resume = r#"ResumeContainer {"container_id":"c1"}"#;
    script.run(&[
        (&create("c1", &json!({})), "{}"),
        (resume, "13 container status is: Created, not paused"),
        (pause, "{}"),
        (
            pause,
            "13 failed to pause container: current status is: Paused",
        ),
        (resume, "{}"),
        (resume, "13 container status is: Running, not paused"),
        (pause, "{}"),
        (r#"StartContainer {"container_id":"c1"}"#, "{}"),
        // It counts as running from now on, though it gets no time.
        (resume, "13 container status is: Running, not paused"),
        (pause, "{}"),
        (resume, "{}"),
        (r#"WaitProcess {"container_id":"c1"}"#, r#"{"status":1}"#),
        (pause, "{}"),
    ]);
}

#[test]
fn a_second_start_is_not_answered_while_the_container_is_there() {
    let mut script = Script::new();
    let start = r#"StartContainer {"container_id":"c1"}"#;
    script.run(&[(&create("c1", &json!({})), "{}"), (start, "{}")]);
    let second = script.begin(start);
    script.waits(second);
    script.run(&[
        (r#"WaitProcess {"container_id":"c1"}"#, r#"{"status":1}"#),
        (r#"RemoveContainer {"container_id":"c1","timeout":5}"#, "{}"),
    ]);
    assert_eq!(script.end(second), "13 Invalid container id");
}

#[test]
fn making_a_container_of_an_id_in_use_removes_it() {
    let mut script = Script::new();
    let wait = r#"WaitProcess {"container_id":"c1"}"#;
    script.run(&[(&create("c1", &json!({})), "{}")]);
    let waiting = script.begin(wait);
    script.run(&[
        // Mistakes that are found first leave it.
        (
            &create("c1", &json!({"Process": null})),
            "13 EINVAL: Invalid argument",
        ),
        (&create("c1", &json!({})), "13 exec fifo exists"),
        (wait, "3 InvalidContainerId"),
        (&create("c1", &json!({})), "{}"),
    ]);
    script.end(waiting);
}

#[test]
fn stats_tell_processes_and_limits() {
    let mut script = Script::new();
    let limits = json!({"Linux": {"Resources": {
        "Memory": {"Limit": 50_000_000}, "Pids": {"Limit": 7},
    }}});
    script.run(&[(&create("c1", &limits), "{}")]);
    let stats = |script: &mut Script| -> Value {
        let answer = script.call(r#"StatsContainer {"container_id":"c1"}"#);
        serde_json::from_str::<Value>(&answer).unwrap()["cgroup_stats"].take()
    };
    let unlimited = "9223372036854771712";
    assert_eq!(
        stats(&mut script),
        json!({
            "cpu_stats": {"cpu_usage": {}, "throttling_data": {}},
            "memory_stats": {
                "usage": {"usage": "4096", "max_usage": "4096", "limit": "49999872"},
                "swap_usage": {"usage": "4096", "max_usage": "4096", "limit": unlimited},
                "kernel_usage": {"limit": unlimited},
                "use_hierarchy": true,
                "stats": {
                    "cache": "0",
                    "hierarchical_memory_limit": "49999872",
                    "hierarchical_memsw_limit": unlimited,
                    "rss": "4096",
                },
            },
            "pids_stats": {"current": "1"},
            "blkio_stats": {},
        })
    );
    script.run(&[
        (
            r#"UpdateContainer {"container_id":"c1","resources":{"Memory":{"Limit":"8192","Swap":"16384"}}}"#,
            "{}",
        ),
        (
            r#"UpdateContainer {"container_id":"c1","resources":{"Memory":{"Limit":"-1"},"Pids":{}}}"#,
            "{}",
        ),
        (r#"UpdateContainer {"container_id":"c1"}"#, "{}"),
        (r#"StartContainer {"container_id":"c1"}"#, "{}"),
        (r#"WaitProcess {"container_id":"c1"}"#, r#"{"status":1}"#),
    ]);
    let after = stats(&mut script);
    assert_eq!(after["pids_stats"], json!({}));
    assert_eq!(
        after["memory_stats"]["usage"],
        json!({"max_usage": "4096", "limit": "8192"})
    );
    assert_eq!(after["memory_stats"]["swap_usage"]["limit"], "16384");
    // It ran, and does not any more.
    assert_ne!(after["cpu_stats"]["cpu_usage"], json!({}));
    assert_eq!(after, stats(&mut script));
}

#[test]
fn a_caller_waits_for_memory_events_until_the_agent_ends() {
    let mut script = Script::new();
    let waiting = script.begin("GetOOMEvent");
    script.waits(waiting);
    script.run(&[("DestroySandbox", "{}")]);
    assert_eq!(script.end(waiting), "13 \"\"");
}

#[test]
fn metrics_count_how_often_they_were_asked_for() {
    let mut script = Script::new();
    for count in 1..=2 {
        let answer: Value = serde_json::from_str(&script.call("GetMetrics")).unwrap();
        let metrics = answer["metrics"].as_str().unwrap();
        let line = format!("kata_agent_scrape_count {count}");
        assert!(metrics.lines().any(|each| each == line), "{metrics}");
    }
}

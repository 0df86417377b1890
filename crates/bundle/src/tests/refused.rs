//! What is not a configuration, or does not fit the agent's messages, and how that
//! is told.

use super::{config, put};

#[test]
fn what_the_specification_does_not_allow_is_refused_with_its_place() {
    for (text, message) in [
        ("", "line 1, column 0: EOF while parsing a value"),
        ("{\n \"root\": }", "line 2, column 10: expected value"),
        (
            "[]",
            "line 1, column 2: invalid length 0, expected struct Spec with 9 elements",
        ),
        (
            "{\"process\": {\"user\": {},\n \"cwd\": 5}}",
            "line 2, column 9: process.cwd: invalid type: integer `5`, expected path string",
        ),
        (
            r#"{"process": {"user": {}}}"#,
            "line 1, column 24: process: missing field `cwd`",
        ),
        (
            r#"{"mounts": [{"destination": "/a"}, {"type": "bind"}]}"#,
            "line 1, column 51: mounts[1]: missing field `destination`",
        ),
        (
            r#"{"annotations": {"a.b": 1}}"#,
            "line 1, column 25: annotations[\"a.b\"]: invalid type: integer `1`, expected a string",
        ),
        (
            r#"{"process": {"user": {"uid": -1}, "cwd": "/"}}"#,
            "line 1, column 31: process.user.uid: invalid value: integer `-1`, expected u32",
        ),
        (
            r#"{"process": {"user": {}, "cwd": "/", "capabilities": {"bounding": ["CAP_KILL", 5]}}}"#,
            "line 1, column 80: process.capabilities.bounding[1]: invalid type: integer `5`, expected a string",
        ),
        (
            r#"{"process": {"user": {}, "cwd": "/", "capabilities": ["CAP_KILL", 5]}}"#,
            "line 1, column 67: process.capabilities[1]: invalid type: integer `5`, expected a string",
        ),
        (
            r#"{"process": {"user": {}, "cwd": "/", "capabilities": true}}"#,
            "line 1, column 57: process.capabilities: invalid type: boolean `true`, expected sets of capabilities",
        ),
        (
            r#"{"linux": {"resources": {"hugepageLimits": [{"pageSize": "2MB", "limit": 18446744073709551616}]}}}"#,
            "line 1, column 93: linux.resources.hugepageLimits[0].limit: invalid type: floating point `1.8446744073709552e+19`, expected u64",
        ),
        (
            r#"{"hostname": "a", "hostname": "b"}"#,
            "line 1, column 28: duplicate field `hostname`",
        ),
    ] {
        let error = config(text).map(drop);
        assert_eq!(error, Err(format!("\"config.json\": {message}")), "{text}");
    }
}

#[test]
fn what_does_not_fit_the_agents_field_is_refused_with_its_path() {
    for (text, message) in [
        (
            r#"{"process": {"user": {}, "cwd": "/", "consoleSize": {"height": 4294967296, "width": 1}}}"#,
            "process.consoleSize.height: 4294967296 is not an unsigned 32-bit number (0 to 4294967295)",
        ),
        (
            r#"{"process": {"user": {}, "cwd": "/", "rlimits": [["RLIMIT_CPU", 1, 2]]}}"#,
            "process.rlimits[0]: a list is not an object",
        ),
        (
            r#"{"hostname": "a", "hostName": "b"}"#,
            "hostname: given twice, in another case",
        ),
    ] {
        assert_eq!(put(text), Err(message.to_owned()), "{text}");
    }
}

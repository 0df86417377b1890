//! The examples that `describe` shows, run as a user would run them.

use std::process::Command;

use serde_json::Value;

type Result = std::result::Result<(), Box<dyn std::error::Error>>;

/// What the program prints for these arguments; an error if it does not succeed.
fn output(arguments: &[&str]) -> std::result::Result<String, String> {
    let run = Command::new(env!("CARGO_BIN_EXE_kata-agent-ctl"))
        .env_remove("KATA_AGENT_SERVER_ADDRESS")
        .args(arguments)
        .output()
        .map_err(|error| error.to_string())?;
    if run.status.success() {
        Ok(String::from_utf8_lossy(&run.stdout).into_owned())
    } else {
        let message = String::from_utf8_lossy(&run.stderr);
        Err(format!("{arguments:?}: {}: {message}", run.status))
    }
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[test]
fn every_example_is_a_request_that_can_be_sent() -> Result {
    let folder = tempfile::tempdir()?;
    let list: Value = serde_json::from_str(&output(&["list", "--json"])?)?;
    let mut count = 0;
    for rpc in array(&list).flat_map(|service| array(&service["rpcs"])) {
        let path = rpc["path"].as_str().unwrap_or_default();
        let page: Value = serde_json::from_str(&output(&["describe", path, "--json"])?)?;
        let mut arguments = [
            "connect",
            "--server-address",
            "sim://",
            "--dry-run",
            "-o",
            "hex",
        ]
        .map(str::to_owned)
        .to_vec();
        for example in array(&page["examples"]) {
            let mut command = example["command"].as_str().unwrap_or_default().to_owned();
            if let Some((name, _)) = command.split_once(" file://") {
                let file = folder.path().join("request.json");
                std::fs::write(&file, output(&["template", path])?)?;
                command = format!("{name} file://{}", file.display());
            }
            arguments.extend(["-c".to_owned(), command]);
            count += 1;
        }
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        output(&arguments)?;
    }
    // Each RPC has at least its plain form, a document and a file.
    assert!(count >= 3 * array(&list).flat_map(|it| array(&it["rpcs"])).count() && count > 0);
    Ok(())
}

#[test]
fn the_same_request_by_setters_and_by_document() -> Result {
    let list: Value = serde_json::from_str(&output(&["list", "--json"])?)?;
    for rpc in array(&list).flat_map(|service| array(&service["rpcs"])) {
        let path = rpc["path"].as_str().unwrap_or_default();
        let page: Value = serde_json::from_str(&output(&["describe", path, "--json"])?)?;
        let sent = |form: &str| -> std::result::Result<Option<String>, String> {
            let example = array(&page["examples"]).find(|it| it["form"] == form);
            let Some(command) = example.and_then(|it| it["command"].as_str()) else {
                return Ok(None);
            };
            let start = [
                "connect",
                "--server-address",
                "sim://",
                "-n",
                "--dry-run",
                "-o",
                "hex",
            ];
            Some(output(&[&start[..], &["-c", command]].concat())).transpose()
        };
        if let Some(by_setters) = sent("setters")? {
            assert!(!by_setters.trim().is_empty(), "{path}");
            assert_eq!(Some(by_setters), sent("document")?, "{path}");
        }
    }
    Ok(())
}

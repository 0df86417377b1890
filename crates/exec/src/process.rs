//! The process to run: what the user asked for, over what the container's own configuration
//! says, as the agent lets a process inherit little of its container.

use std::time::Duration;

use agent_bundle::{Config, Part};
use agent_node::User;
use serde_json::{Map, Value, json};

use super::detach::DetachKeys;
use agent_report::error::Error;
use agent_schema::{Reflect, Schema};

/// Where programs are looked for if nothing says otherwise.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What of the container's own process holds for others too. Capabilities are the container's
/// if nothing is said of them.
const INHERITED: [&str; 5] = ["cwd", "env", "noNewPrivileges", "rlimits", "user"];

/// What is to be run, and how.
#[derive(Debug)]
pub struct Exec<'a> {
    /// The container's ID.
    pub container_id: &'a str,
    /// The new process's ID within the container.
    pub exec_id: &'a str,
    /// The process.
    pub process: Process<'a>,
    /// The container's `config.json`, and its name.
    pub config: Option<(&'a str, &'a Value)>,
    /// Whether it reads this process's standard input; otherwise it has none.
    pub input: bool,
    /// What is typed to leave it alone.
    pub detach_keys: &'a DetachKeys,
    /// How long it may run.
    pub timeout: Option<Duration>,
}

/// A process as a user asks for it.
#[derive(Debug)]
pub struct Process<'a> {
    /// The program and its arguments.
    pub command: &'a [String],
    /// Whether it gets a terminal.
    pub terminal: bool,
    /// Whom it runs as, if not as the container.
    pub user: Option<User>,
    /// Its folder, if not the container's.
    pub folder: Option<&'a str>,
    /// Variables that it gets beside the container's, as `NAME=VALUE`.
    pub environment: &'a [String],
}

impl Process<'_> {
    /// Puts it into the message that the agent takes. `config` is the container's `config.json`
    /// and its name, where they are known.
    pub(super) fn put(
        &self,
        config: Option<(&str, &Value)>,
        message: &mut dyn Reflect,
        schema: &'static Schema,
    ) -> Result<(), Error> {
        let name = config.map_or("config.json", |(name, _)| name);
        let process = self.over(config.and_then(|(_, config)| config.get("process")));
        let text = json!({"process": process}).to_string();
        let config = Config::parse(name, &text)?;
        config.put(Part::Process, message, schema)?;
        Ok(())
    }

    /// The process over that of the container.
    fn over(&self, own: Option<&Value>) -> Value {
        let mut process = Map::new();
        for name in INHERITED {
            if let Some(value) = own.and_then(|own| own.get(name)) {
                process.insert(name.to_owned(), value.clone());
            }
        }
        process.insert("args".to_owned(), json!(self.command));
        process.insert("terminal".to_owned(), json!(self.terminal));
        let folder = process.get("cwd").and_then(Value::as_str).unwrap_or("/");
        let folder = self.folder.unwrap_or(folder).to_owned();
        process.insert("cwd".to_owned(), json!(folder));
        if let Some(user) = &self.user {
            let user = json!({
                "uid": user.uid,
                "gid": user.gid,
                "additionalGids": user.additional_gids,
            });
            process.insert("user".to_owned(), user);
        }
        process
            .entry("user")
            .or_insert_with(|| json!({"uid": 0, "gid": 0}));
        let own: Vec<String> = match process.get("env") {
            Some(Value::Array(list)) => {
                let texts = list.iter().filter_map(Value::as_str);
                texts.map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        process.insert("env".to_owned(), json!(self.variables(own)));
        Value::Object(process)
    }

    fn variables(&self, mut variables: Vec<String>) -> Vec<String> {
        let name = |entry: &str| entry.split('=').next().unwrap_or_default().to_owned();
        for entry in self.environment {
            variables.retain(|other| name(other) != name(entry));
            variables.push(entry.clone());
        }
        let has = |variables: &[String], wanted: &str| {
            variables.iter().any(|entry| name(entry) == wanted)
        };
        if !has(&variables, "PATH") {
            variables.push(PATH.to_owned());
        }
        if self.terminal && !has(&variables, "TERM") {
            let term = std::env::var("TERM").unwrap_or_default();
            let term = if term.is_empty() { "xterm" } else { &term };
            variables.push(format!("TERM={term}"));
        }
        variables
    }
}

/// A variable that was given: `NAME=VALUE`, or `NAME` for the one that the tool itself has.
/// `None` if it has none of that name.
///
/// # Errors
/// When there is no name, or its value is not text.
pub fn environment(given: &str) -> Result<Option<String>, Error> {
    match given.split_once('=') {
        Some(("", _)) => Err(Error::usage(format_args!(
            "--env: {given:?} has no name; write NAME=VALUE"
        ))),
        Some(_) => Ok(Some(given.to_owned())),
        None if given.is_empty() => Err(Error::usage("--env: \"\" has no name; write NAME=VALUE")),
        None => match std::env::var_os(given).map(std::ffi::OsString::into_string) {
            None => Ok(None),
            Some(Ok(value)) => Ok(Some(format!("{given}={value}"))),
            Some(Err(_)) => Err(Error::usage(format_args!(
                "--env: {given:?} is not UTF-8 here"
            ))),
        },
    }
}

//! The worked examples: how they are shown, and that each one does what it says.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use test_support::is_installed;

use crate::builds::{one, streams};
use crate::console::{matches, run_in};
use crate::tool::{difference, program, tool};

/// The examples that a build lists, with the name of their topic.
fn listed(json: &Value) -> Vec<(&str, &Value)> {
    let topics = json.as_array().unwrap().iter();
    topics
        .flat_map(|topic| {
            let name = topic["name"].as_str().unwrap();
            let examples = topic["examples"].as_array().unwrap().iter();
            examples.map(move |example| (name, example))
        })
        .collect()
}

/// Runs every example, and gives what is wrong in what they say.
fn mistakes(shell: &str, binary: &Path, json: &Value) -> String {
    let examples = listed(json);
    let sessions = examples
        .iter()
        .map(|(topic, example)| (*topic, steps(example).collect()));
    sessions
        .map(|(topic, steps)| mistakes_in(shell, binary, topic, steps))
        .collect()
}

fn steps(example: &Value) -> impl Iterator<Item = &Value> {
    example["commands"].as_array().unwrap().iter()
}

/// Runs some steps of a topic in one shell.
fn mistakes_in(shell: &str, binary: &Path, topic: &str, steps: Vec<&Value>) -> String {
    let mut mistakes = String::new();
    let commands: Vec<_> = steps
        .iter()
        .map(|step| step["command"].as_str().unwrap())
        .collect();
    let Some(outputs) = run_in(shell, binary, &commands) else {
        return mistakes;
    };
    let (outputs, files) = outputs;
    assert_eq!(outputs.len(), commands.len(), "{topic}: {outputs:?}");
    assert_eq!(files, [""; 0], "{topic} made files");
    for (step, found) in steps.iter().zip(&outputs) {
        let expected = step["prints"].as_str().unwrap();
        if !matches(expected, found) {
            let what = format!("examples {topic}: {}", step["command"]);
            mistakes.push_str(&difference(&what, expected, found));
        }
    }
    mistakes
}

/// Some listen on a name of this machine.
static ALONE: Mutex<()> = Mutex::new(());

#[cfg(feature = "sim")]
#[test]
fn every_example_does_what_it_says_in_every_shell() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let json = tool(["examples", "--json"]).run().succeeded().json();
    assert!(listed(&json).len() > 30);
    for shell in ["bash", "zsh", "fish"] {
        if is_installed(shell) {
            let mistakes = mistakes(shell, Path::new(program()), &json);
            assert!(mistakes.is_empty(), "{shell}: {mistakes}");
        }
    }
}

#[test]
fn topics_are_listed_and_shown() {
    let list = tool(["examples"]).run().succeeded().text();
    let json = tool(["examples", "--json"]).run().succeeded().json();
    for topic in json.as_array().unwrap() {
        let (name, title) = (topic["name"].as_str().unwrap(), &topic["title"]);
        let title = title.as_str().unwrap();
        let command = topic["examples"][0]["commands"][0]["command"]
            .as_str()
            .unwrap();
        let entry = format!(
            "{name}: {title}\n    {}\n\n",
            command.replace('\n', "\n    ")
        );
        assert!(list.contains(&entry), "{entry:?} is not in {list}");
        let shown = tool(["examples", name]).run().succeeded().text();
        assert!(shown.starts_with(&format!("{title}\n")), "{shown}");
        assert!(shown.lines().all(|line| line.trim_end() == line), "{shown}");
        let alone = tool(["examples", name, "--json"]).run().succeeded().json();
        assert_eq!(alone, *topic);
    }
    let shown = tool(["examples", "health"]).run().succeeded().text();
    let block = "\n    kata-agent-ctl connect --server-address sim:// -c Check\n    # {\n    \
                 #   \"status\": \"SERVING\"\n    # }\n";
    assert!(shown.contains(block), "{shown}");
}

#[test]
fn an_unknown_topic() {
    for (name, meant) in [("helth", "health"), ("streams", "stress")] {
        let message = format!("there are no examples of {name:?}; did you mean {meant:?}?");
        tool(["examples", name])
            .status(2)
            .stderr(format!("error: {message}\n"))
            .test();
    }
    tool(["examples", "nosuch"])
        .status(2)
        .stderr("error: there are no examples of \"nosuch\"; \"examples\" alone lists its topics\n")
        .test();
}

#[test]
fn examples_of_calls_that_a_build_does_not_know_are_left_out() {
    one(&["examples"])
        .stdout("\"kata-agent-ctl examples TOPIC\" shows the examples of one of them.\n")
        .test();
    one(&["examples", "--json"]).stdout("[]\n").test();
}

#[test]
fn streams_have_examples_where_something_streams() {
    let run = streams(&["examples", "streams", "--json"]);
    let json = Value::Array(vec![run.run().succeeded().json()]);
    let (_, example) = listed(&json)[0];
    let command = example["commands"][0]["command"].as_str().unwrap();
    assert!(command.ends_with("-c Collect"), "{command}");
    let binary = streams(&[]).path().to_owned();
    assert_eq!(mistakes("bash", &binary, &json), "");
}

//! A client of agents that has nothing of this tool: a process of its own, whose
//! stubs ttrpc-codegen generates. It is this test program, started once more.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use serde_json::{Value, json};
use tempfile::TempDir;
use typed_peer::Ended;

/// Names the socket in the client's own process.
const SOCKET: &str = "FOREIGN_SOCKET";
/// Names the file there that the answers go to.
const ANSWERS: &str = "FOREIGN_ANSWERS";

/// How long a script may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Makes the calls of a script, one a line, on one connection that begins with a
/// greeting as to a hypervisor's socket.
pub(crate) fn play(socket: &Path, greeting: &str, script: &str) -> Vec<Ended> {
    let folder = TempDir::with_prefix("foreign").unwrap();
    let answers = folder.path().join("answers");
    let mut client = Command::new(env::current_exe().unwrap())
        .args(["--exact", "foreign::the_clients_own_process"])
        .env(SOCKET, socket)
        .env(ANSWERS, &answers)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let input = client.stdin.take().unwrap();
    std::io::Write::write_all(&mut &input, format!("{greeting}{script}").as_bytes()).unwrap();
    drop(input);
    assert!(client.wait().unwrap().success());
    let answers = fs::read_to_string(answers).unwrap();
    answers.lines().map(ended).collect()
}

fn ended(line: &str) -> Ended {
    let told: Value = serde_json::from_str(line).unwrap();
    Ended {
        rpc: told["rpc"].as_str().unwrap().to_owned(),
        request: told["request"].clone(),
        answer: match told["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(told["answer"].clone()),
        },
    }
}

/// Does nothing but in the client's own process.
#[test]
fn the_clients_own_process() {
    let Some(socket) = env::var_os(SOCKET) else {
        return;
    };
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).unwrap();
    let (greeting, script) = input.split_once('\n').unwrap();
    let greeting = format!("{greeting}\n");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let calls = runtime.block_on(async {
        let calls = typed_peer::play(Path::new(&socket), &greeting, script);
        tokio::time::timeout(LIMIT, calls).await.unwrap().unwrap()
    });
    let line = |call: Ended| {
        let (answer, error) = match call.answer {
            Ok(answer) => (answer, Value::Null),
            Err(error) => (Value::Null, error.into()),
        };
        json!({"rpc": call.rpc, "request": call.request, "answer": answer, "error": error})
    };
    let lines: Vec<_> = calls
        .into_iter()
        .map(|call| line(call).to_string())
        .collect();
    fs::write(env::var_os(ANSWERS).unwrap(), lines.join("\n")).unwrap();
}

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use super::*;
use agent_schema::{Dialect, Plain};

/// Reads no file.
pub(crate) struct NoFiles;

impl Reader for NoFiles {
    fn text(&mut self, name: &str) -> Result<String, ReaderError> {
        Err(format!("{name:?} is not read here").into())
    }

    fn dialect(&self) -> &dyn Dialect {
        &Plain
    }
}

/// An agent with a container `web`.
struct Web;

impl Orders for Web {
    fn oom(&self, container_id: &str) -> Result<(), String> {
        self.exit(container_id, "", 137)
    }

    fn exit(&self, container_id: &str, exec_id: &str, status: i32) -> Result<(), String> {
        match (container_id, exec_id, status) {
            ("web", "", 137) | ("web", "one", 7) => Ok(()),
            _ => Err("it is not there".to_owned()),
        }
    }
}

fn faults(seed: u64, lines: &[&str]) -> Faults {
    let faults = Faults::new(agent_api::schema(), seed);
    for line in lines {
        faults.add_line(line, &mut NoFiles).unwrap();
    }
    faults
}

fn rpc(name: &str) -> &'static Rpc {
    agent_schema::lookup::rpc(agent_api::schema(), name).unwrap()
}

/// The kinds of fault that so many calls get, and how long each is delayed.
fn calls(faults: &Faults, name: &str, count: usize) -> Vec<(u64, &'static str)> {
    let call = |_| {
        let decision = faults.decide(Some(rpc(name)), b"");
        let delay = decision.delay.map_or(0, |delay| delay.as_secs());
        let fault = decision.fault.map_or("", |fault| fault.kind().name());
        (delay, fault)
    };
    (0..count).map(call).collect()
}

fn control(faults: &Faults, line: &str) -> Result<Option<String>, String> {
    let shown = faults.control(line, &mut NoFiles, &Web);
    shown.map_err(|error| error.to_string())
}

#[test]
fn the_first_rule_for_a_call_decides_and_the_first_delay() {
    let faults = faults(
        1,
        &[
            "# rules",
            "",
            "fail Check[2] 5",
            "delay Check[2..3] 2s",
            "delay * 1s",
            "close Check[2..3]",
            "drop *",
        ],
    );
    assert_eq!(
        calls(&faults, "Check", 4),
        [(1, "drop"), (2, "fail"), (2, "close"), (1, "drop")]
    );
    assert_eq!(calls(&faults, "Version", 1), [(1, "drop")]);
    assert_eq!(calls(&self::faults(1, &[]), "Version", 1), [(0, "")]);
}

#[test]
fn chance_depends_on_the_seed_and_the_calls_of_the_rule_only() {
    let lines = ["fail Check[30%] 5", "close Version[30%]"];
    let alone = calls(&faults(9, &lines), "Check", 50);
    let hit = alone.iter().filter(|(_, fault)| *fault == "fail").count();
    assert!((5..30).contains(&hit), "{hit}");

    let among = faults(9, &lines);
    let one_by_one: Vec<_> = (0..50)
        .flat_map(|_| {
            calls(&among, "Version", 3);
            calls(&among, "Check", 1)
        })
        .collect();
    assert_eq!(one_by_one, alone);
    assert_ne!(calls(&faults(10, &lines), "Check", 50), alone);
}

#[test]
fn random_garbage_is_never_a_frame() {
    let faults = faults(3, &["garbage Check"]);
    for _ in 0..100 {
        let Some(Fault::Garbage(bytes)) = faults.decide(Some(rpc("Check")), b"").fault else {
            unreachable!("it is the only rule");
        };
        assert_eq!(bytes.len(), 16);
        assert!(bytes[0] >= 0x80);
    }
}

#[test]
fn the_seed_matters_only_to_some_rules() {
    assert_eq!(
        faults(4, &["drop Check[3]", "garbage Check hex:00"]).seed_in_use(),
        None
    );
    assert_eq!(faults(4, &["drop Check[3%]"]).seed_in_use(), Some(4));
    assert_eq!(faults(4, &["garbage Check"]).seed_in_use(), Some(4));
}

#[test]
fn rules_change_by_lines() {
    let faults = faults(1, &["fail Check 5 'a\u{9b}b'", "drop *", "close Version"]);
    calls(&faults, "Check", 2);
    assert_eq!(control(&faults, "  "), Ok(None));
    assert_eq!(control(&faults, "# clear"), Ok(None));
    let list = |faults: &Faults| control(faults, "list").unwrap().unwrap();
    assert_eq!(
        list(&faults),
        "fail Check 5 'a\\u{9b}b'  # 2 of 2 calls\n\
         drop *  # 0 of 2 calls\n\
         close Version  # 0 of 0 calls"
    );
    assert_eq!(control(&faults, "clear check # it"), Ok(None));
    assert_eq!(control(&faults, "oom 'web' # one"), Ok(None));
    assert_eq!(control(&faults, "exit web 137"), Ok(None));
    assert_eq!(control(&faults, "exit web one 7 # it"), Ok(None));
    assert_eq!(control(&faults, "delay Check 1s"), Ok(None));
    assert_eq!(calls(&faults, "Check", 1), [(1, "drop")]);
    assert_eq!(control(&faults, "clear *"), Ok(None));
    assert_eq!(calls(&faults, "Version", 1), [(0, "close")]);
    assert_eq!(control(&faults, "clear"), Ok(None));
    assert_eq!(list(&faults), "no rules");
    assert!(
        control(&faults, "help")
            .unwrap()
            .unwrap()
            .contains("clear [RPC]")
    );
}

#[test]
fn a_wrong_line_changes_nothing() {
    let faults = faults(1, &["drop Check"]);
    for (line, message) in [
        (
            "clera",
            "there is no command \"clera\"; did you mean \"clear\"?",
        ),
        (
            "trunc Check",
            "there is no command \"trunc\"; did you mean \"truncate\"?",
        ),
        ("xyzzy", "there is no command \"xyzzy\"; help lists them"),
        ("list all", "\"all\" is too much; write only list"),
        (
            "clear a b",
            "\"b\" is too much; write clear RPC, or only clear",
        ),
        (
            "clear Chek",
            "there is no RPC \"Chek\"; did you mean \"Check\"?",
        ),
        (
            "oom",
            "the ID of a container is missing; write oom CONTAINER_ID",
        ),
        ("oom web db", "\"db\" is too much; write oom CONTAINER_ID"),
        ("oom full", "it is not there"),
        ("exit web two 7", "it is not there"),
        (
            "exit web",
            "a container's ID or a status is missing; write exit CONTAINER_ID [EXEC_ID] STATUS",
        ),
        (
            "exit web one 256",
            "\"256\" is not an exit status, 0 to 255",
        ),
        (
            "exit web one 7 8",
            "\"8\" is too much; write exit CONTAINER_ID [EXEC_ID] STATUS",
        ),
        ("drop Check[0]", "[0]: calls are counted from 1"),
    ] {
        assert_eq!(control(&faults, line), Err(message.to_owned()));
    }
    assert_eq!(calls(&faults, "Check", 1), [(0, "drop")]);
}

#[test]
fn calls_are_chosen_by_a_field_of_their_request() {
    let lines = [
        "fail SignalProcess[signal=9][2] 5",
        "drop *[container_id=web]",
        "close CreateContainer[OCI.Process.Args[0]=sh]",
    ];
    let faults = faults(1, &lines);
    let decide = |name: &str, document: &str| {
        let rpc = rpc(name);
        let mut request = (rpc.request.new)();
        let explicit = &mut agent_schema::Explicit::default();
        let schema = agent_api::schema();
        agent_schema::json::merge(request.as_mut(), explicit, &Plain, schema, document).unwrap();
        let mut payload = Vec::new();
        request.encode_into(&mut payload).unwrap();
        let fault = faults.decide(Some(rpc), &payload).fault;
        fault.map_or("", |fault| fault.kind().name())
    };
    let kill = r#"{"container_id": "x", "signal": 9}"#;
    assert_eq!(decide("SignalProcess", kill), "");
    assert_eq!(decide("SignalProcess", r#"{"signal": 15}"#), "");
    assert_eq!(decide("SignalProcess", kill), "fail");
    assert_eq!(decide("SignalProcess", kill), "");
    assert_eq!(
        decide("StartContainer", r#"{"container_id": "web"}"#),
        "drop"
    );
    assert_eq!(decide("StartContainer", r#"{"container_id": "web2"}"#), "");
    assert_eq!(decide("Check", "{}"), "");
    let shell = r#"{"OCI": {"Process": {"Args": ["sh", "-c"]}}}"#;
    assert_eq!(decide("CreateContainer", shell), "close");
    assert_eq!(decide("CreateContainer", "{}"), "");
    // Bytes that are not a request have no field.
    let fault = faults.decide(Some(rpc("StartContainer")), b"\xff").fault;
    assert!(fault.is_none());
}

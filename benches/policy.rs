//! Evaluations of a policy in the process that the tool starts for it, beside the bare engine
//! in this process. Run with `cargo bench --profile dist --bench policy [-- ROUNDS]`.

mod support;

use std::cell::RefCell;
use std::hint::black_box;
use std::io;
use std::process::Command;
use std::time::Duration;

use agent_policy::{Judge, JudgeError, Rego, Verdict};
use serde_json::value::RawValue;
use support::turns::{Variant, compare, rounds};

const POLICY: &str = include_str!("../crates/policy/src/trace/tests/pod.rego");
const REQUEST: &str = include_str!("../crates/policy/src/trace/tests/request.json");
const RULE: &str = "CreateContainerRequest";
const REPEATS: u32 = 200;
const USUAL_ROUNDS: usize = 20;

fn main() -> io::Result<()> {
    let input: serde_json::Value = serde_json::from_str(REQUEST)?;
    let input = RawValue::from_string(input.to_string())?;
    let program = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kata-agent-ctl"));
        command.arg("policy-engine");
        Ok(command)
    };
    let judge = RefCell::new(Judge::new(program, Duration::from_secs(5)));
    judge
        .borrow_mut()
        .set_policy(POLICY, Rego::V1)
        .map_err(io::Error::other)?;
    let mut engine = regorus::Engine::new();
    engine.set_strict_builtin_errors(false);
    engine.set_gather_prints(true);
    engine
        .add_data_json(r#"{"pstate": {}}"#)
        .map_err(io::Error::other)?;
    let added = engine.add_policy("agent_policy".to_owned(), POLICY.to_owned());
    added.map_err(io::Error::other)?;
    let mut bare = || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        engine.set_input_json(input.get())?;
        let results = engine.eval_query(format!("data.agent_policy.{RULE}"), false)?;
        black_box((results, engine.take_prints()?));
        Ok(())
    };
    let variants = vec![
        Variant::new("regorus, in this process", || {
            for _ in 0..REPEATS {
                bare().map_err(io::Error::other)?;
            }
            Ok(())
        }),
        Variant::new("in a process of its own", || {
            for _ in 0..REPEATS {
                is_allowed(judge.borrow_mut().would_allow(RULE, &input))?;
            }
            Ok(())
        }),
        Variant::new("the same, several on the way", || {
            let inputs = (0..REPEATS).map(|_| input.clone());
            judge
                .borrow_mut()
                .would_allow_each(RULE, inputs, is_allowed)
        }),
    ];
    let amount = (f64::from(REPEATS), "evaluations/s");
    let title = format!(
        "{} bytes of request, a policy of {} bytes",
        input.get().len(),
        POLICY.len()
    );
    compare(&title, amount, rounds(USUAL_ROUNDS), variants)
}

fn is_allowed(verdict: Result<Verdict, JudgeError>) -> io::Result<()> {
    match verdict.map_err(io::Error::other)? {
        Verdict::Allowed => Ok(()),
        other => Err(io::Error::other(format!("{other:?}"))),
    }
}
